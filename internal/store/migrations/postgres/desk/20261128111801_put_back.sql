-- Modify "publication_log" table
ALTER TABLE "publication_log" ADD COLUMN "put_back_at" timestamptz NULL;
