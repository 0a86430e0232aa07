-- Modify "relationships" table
ALTER TABLE "relationships" ADD COLUMN "share_min" bigint NULL, ADD COLUMN "share_max" bigint NULL;
