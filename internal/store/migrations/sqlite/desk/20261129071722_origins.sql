-- Add column "origin" to table: "edition_items"
ALTER TABLE `edition_items` ADD COLUMN `origin` text NULL;
-- Add column "origin_row" to table: "edition_items"
ALTER TABLE `edition_items` ADD COLUMN `origin_row` text NULL;
