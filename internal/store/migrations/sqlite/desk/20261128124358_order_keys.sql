-- Add column "title_key" to table: "assets"
ALTER TABLE `assets` ADD COLUMN `title_key` blob NULL;
-- Add column "title_key" to table: "editions"
ALTER TABLE `editions` ADD COLUMN `title_key` blob NULL;
-- Add column "name_key" to table: "entities"
ALTER TABLE `entities` ADD COLUMN `name_key` blob NULL;
-- Add column "title_key" to table: "narratives"
ALTER TABLE `narratives` ADD COLUMN `title_key` blob NULL;
-- Add column "title_key" to table: "reports"
ALTER TABLE `reports` ADD COLUMN `title_key` blob NULL;
-- Add column "title_key" to table: "sources"
ALTER TABLE `sources` ADD COLUMN `title_key` blob NULL;
-- Add column "label_key" to table: "tags"
ALTER TABLE `tags` ADD COLUMN `label_key` blob NULL;
