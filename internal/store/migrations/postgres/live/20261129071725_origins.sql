-- Modify "edition_items" table
ALTER TABLE "edition_items" ADD COLUMN "origin" character varying NULL COLLATE "C", ADD COLUMN "origin_row" character varying NULL COLLATE "C";
