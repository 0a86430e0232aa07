-- Modify "projection" table
ALTER TABLE "projection" ADD COLUMN "rebuild_sequence" bigint NOT NULL DEFAULT 0, ADD COLUMN "rebuild_hash" character varying NOT NULL DEFAULT '' COLLATE "C";
