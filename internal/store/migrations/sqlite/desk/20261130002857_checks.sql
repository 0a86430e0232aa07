-- Add column "share_min" to table: "relationships"
ALTER TABLE `relationships` ADD COLUMN `share_min` integer NULL;
-- Add column "share_max" to table: "relationships"
ALTER TABLE `relationships` ADD COLUMN `share_max` integer NULL;
