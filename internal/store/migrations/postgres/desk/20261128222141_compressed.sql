-- Modify "revisions" table
ALTER TABLE "revisions" ADD COLUMN "compressed" bytea NULL;
