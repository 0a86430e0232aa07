-- Modify "publication_log" table
ALTER TABLE "publication_log" ADD COLUMN "names_indexed" boolean NOT NULL DEFAULT false;
