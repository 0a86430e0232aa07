-- Modify "projection" table
ALTER TABLE "projection" ADD COLUMN "log" character varying NOT NULL DEFAULT '', ADD COLUMN "entry_hash" character varying NOT NULL DEFAULT '';
