-- Create index "asset_size_id" to table: "assets"
CREATE INDEX `asset_size_id` ON `assets` (`size`, `id`);
-- Create index "edition_number_id" to table: "editions"
CREATE INDEX `edition_number_id` ON `editions` (`number`, `id`);
-- Create index "edition_period_end_id" to table: "editions"
CREATE INDEX `edition_period_end_id` ON `editions` (`period_end`, `id`);
-- Create index "entity_start_date_id" to table: "entities"
CREATE INDEX `entity_start_date_id` ON `entities` (`start_date`, `id`);
-- Create index "entity_end_date_id" to table: "entities"
CREATE INDEX `entity_end_date_id` ON `entities` (`end_date`, `id`);
-- Add column "owner_published" to table: "entity_tags"
ALTER TABLE `entity_tags` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "entity_tags"
ALTER TABLE `entity_tags` ADD COLUMN `owner_marking` integer NULL;
-- Create index "narrative_first_observed_id" to table: "narratives"
CREATE INDEX `narrative_first_observed_id` ON `narratives` (`first_observed`, `id`);
-- Create index "narrative_last_observed_id" to table: "narratives"
CREATE INDEX `narrative_last_observed_id` ON `narratives` (`last_observed`, `id`);
-- Add column "owner_published" to table: "narrative_amplifiers"
ALTER TABLE `narrative_amplifiers` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "narrative_amplifiers"
ALTER TABLE `narrative_amplifiers` ADD COLUMN `owner_marking` integer NULL;
-- Add column "owner_published" to table: "narrative_tags"
ALTER TABLE `narrative_tags` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "narrative_tags"
ALTER TABLE `narrative_tags` ADD COLUMN `owner_marking` integer NULL;
-- Add column "owner_published" to table: "narrative_targets"
ALTER TABLE `narrative_targets` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "narrative_targets"
ALTER TABLE `narrative_targets` ADD COLUMN `owner_marking` integer NULL;
-- Create index "relationship_share_id" to table: "relationships"
CREATE INDEX `relationship_share_id` ON `relationships` (`share`, `id`);
-- Create index "relationship_since_id" to table: "relationships"
CREATE INDEX `relationship_since_id` ON `relationships` (`since`, `id`);
-- Create index "relationship_until_id" to table: "relationships"
CREATE INDEX `relationship_until_id` ON `relationships` (`until`, `id`);
-- Create index "report_word_count_id" to table: "reports"
CREATE INDEX `report_word_count_id` ON `reports` (`word_count`, `id`);
-- Add column "owner_published" to table: "report_entities"
ALTER TABLE `report_entities` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "report_entities"
ALTER TABLE `report_entities` ADD COLUMN `owner_marking` integer NULL;
-- Add column "owner_published" to table: "report_mentions"
ALTER TABLE `report_mentions` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "report_mentions"
ALTER TABLE `report_mentions` ADD COLUMN `owner_marking` integer NULL;
-- Add column "owner_published" to table: "report_narratives"
ALTER TABLE `report_narratives` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "report_narratives"
ALTER TABLE `report_narratives` ADD COLUMN `owner_marking` integer NULL;
-- Add column "owner_published" to table: "report_tags"
ALTER TABLE `report_tags` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "report_tags"
ALTER TABLE `report_tags` ADD COLUMN `owner_marking` integer NULL;
-- Create index "source_date_id" to table: "sources"
CREATE INDEX `source_date_id` ON `sources` (`date`, `id`);
