-- Modify "publication_log" table
ALTER TABLE "publication_log" ADD COLUMN "names_indexed_at" timestamptz NULL;
