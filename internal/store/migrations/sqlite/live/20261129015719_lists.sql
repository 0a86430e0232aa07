-- Add column "owner_published" to table: "entity_tags"
ALTER TABLE `entity_tags` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "entity_tags"
ALTER TABLE `entity_tags` ADD COLUMN `owner_marking` integer NULL;
-- Copy the date and the effective marking of the documents to table: "entity_tags"
UPDATE `entity_tags` SET (`owner_published`, `owner_marking`) = (SELECT CAST(strftime('%s', substr(d.`published_at`, 1, 19)) AS integer) * 1000000 + CAST(round(CAST('0' || substr(d.`published_at`, 20) AS real) * 1000000) AS integer), d.`effective_marking` FROM `entities` AS d WHERE d.`id` = `entity_tags`.`entity_id`);
-- Add column "owner_published" to table: "narrative_amplifiers"
ALTER TABLE `narrative_amplifiers` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "narrative_amplifiers"
ALTER TABLE `narrative_amplifiers` ADD COLUMN `owner_marking` integer NULL;
-- Copy the date and the effective marking of the documents to table: "narrative_amplifiers"
UPDATE `narrative_amplifiers` SET (`owner_published`, `owner_marking`) = (SELECT CAST(strftime('%s', substr(d.`published_at`, 1, 19)) AS integer) * 1000000 + CAST(round(CAST('0' || substr(d.`published_at`, 20) AS real) * 1000000) AS integer), d.`effective_marking` FROM `narratives` AS d WHERE d.`id` = `narrative_amplifiers`.`narrative_id`);
-- Add column "owner_published" to table: "narrative_tags"
ALTER TABLE `narrative_tags` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "narrative_tags"
ALTER TABLE `narrative_tags` ADD COLUMN `owner_marking` integer NULL;
-- Copy the date and the effective marking of the documents to table: "narrative_tags"
UPDATE `narrative_tags` SET (`owner_published`, `owner_marking`) = (SELECT CAST(strftime('%s', substr(d.`published_at`, 1, 19)) AS integer) * 1000000 + CAST(round(CAST('0' || substr(d.`published_at`, 20) AS real) * 1000000) AS integer), d.`effective_marking` FROM `narratives` AS d WHERE d.`id` = `narrative_tags`.`narrative_id`);
-- Add column "owner_published" to table: "narrative_targets"
ALTER TABLE `narrative_targets` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "narrative_targets"
ALTER TABLE `narrative_targets` ADD COLUMN `owner_marking` integer NULL;
-- Copy the date and the effective marking of the documents to table: "narrative_targets"
UPDATE `narrative_targets` SET (`owner_published`, `owner_marking`) = (SELECT CAST(strftime('%s', substr(d.`published_at`, 1, 19)) AS integer) * 1000000 + CAST(round(CAST('0' || substr(d.`published_at`, 20) AS real) * 1000000) AS integer), d.`effective_marking` FROM `narratives` AS d WHERE d.`id` = `narrative_targets`.`narrative_id`);
-- Add column "owner_published" to table: "report_entities"
ALTER TABLE `report_entities` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "report_entities"
ALTER TABLE `report_entities` ADD COLUMN `owner_marking` integer NULL;
-- Copy the date and the effective marking of the documents to table: "report_entities"
UPDATE `report_entities` SET (`owner_published`, `owner_marking`) = (SELECT CAST(strftime('%s', substr(d.`published_at`, 1, 19)) AS integer) * 1000000 + CAST(round(CAST('0' || substr(d.`published_at`, 20) AS real) * 1000000) AS integer), d.`effective_marking` FROM `reports` AS d WHERE d.`id` = `report_entities`.`report_id`);
-- Add column "owner_published" to table: "report_mentions"
ALTER TABLE `report_mentions` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "report_mentions"
ALTER TABLE `report_mentions` ADD COLUMN `owner_marking` integer NULL;
-- Copy the date and the effective marking of the documents to table: "report_mentions"
UPDATE `report_mentions` SET (`owner_published`, `owner_marking`) = (SELECT CAST(strftime('%s', substr(d.`published_at`, 1, 19)) AS integer) * 1000000 + CAST(round(CAST('0' || substr(d.`published_at`, 20) AS real) * 1000000) AS integer), d.`effective_marking` FROM `reports` AS d WHERE d.`id` = `report_mentions`.`report_id`);
-- Add column "owner_published" to table: "report_narratives"
ALTER TABLE `report_narratives` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "report_narratives"
ALTER TABLE `report_narratives` ADD COLUMN `owner_marking` integer NULL;
-- Copy the date and the effective marking of the documents to table: "report_narratives"
UPDATE `report_narratives` SET (`owner_published`, `owner_marking`) = (SELECT CAST(strftime('%s', substr(d.`published_at`, 1, 19)) AS integer) * 1000000 + CAST(round(CAST('0' || substr(d.`published_at`, 20) AS real) * 1000000) AS integer), d.`effective_marking` FROM `reports` AS d WHERE d.`id` = `report_narratives`.`report_id`);
-- Add column "owner_published" to table: "report_tags"
ALTER TABLE `report_tags` ADD COLUMN `owner_published` integer NULL;
-- Add column "owner_marking" to table: "report_tags"
ALTER TABLE `report_tags` ADD COLUMN `owner_marking` integer NULL;
-- Copy the date and the effective marking of the documents to table: "report_tags"
UPDATE `report_tags` SET (`owner_published`, `owner_marking`) = (SELECT CAST(strftime('%s', substr(d.`published_at`, 1, 19)) AS integer) * 1000000 + CAST(round(CAST('0' || substr(d.`published_at`, 20) AS real) * 1000000) AS integer), d.`effective_marking` FROM `reports` AS d WHERE d.`id` = `report_tags`.`report_id`);
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
-- Create index "entity_kind_published_at_id_effective_marking" to table: "entities"
CREATE INDEX `entity_kind_published_at_id_effective_marking` ON `entities` (`kind`, `published_at` DESC, `id` DESC, `effective_marking`);
-- Create index "entity_country_published_at_id_effective_marking" to table: "entities"
CREATE INDEX `entity_country_published_at_id_effective_marking` ON `entities` (`country`, `published_at` DESC, `id` DESC, `effective_marking`);
-- Create index "entitytag_tag_id_owner_published_entity_id_owner_marking" to table: "entity_tags"
CREATE INDEX `entitytag_tag_id_owner_published_entity_id_owner_marking` ON `entity_tags` (`tag_id`, `owner_published` DESC, `entity_id` DESC, `owner_marking`);
-- Create index "narrative_first_observed_id" to table: "narratives"
CREATE INDEX `narrative_first_observed_id` ON `narratives` (`first_observed`, `id`);
-- Create index "narrative_last_observed_id" to table: "narratives"
CREATE INDEX `narrative_last_observed_id` ON `narratives` (`last_observed`, `id`);
-- Create index "narrative_status_published_at_id_effective_marking" to table: "narratives"
CREATE INDEX `narrative_status_published_at_id_effective_marking` ON `narratives` (`status`, `published_at` DESC, `id` DESC, `effective_marking`);
-- Create index "narrativeamplifier_entity_id_ow_df087afc06ca1a5306012aad8969243f" to table: "narrative_amplifiers"
CREATE INDEX `narrativeamplifier_entity_id_ow_df087afc06ca1a5306012aad8969243f` ON `narrative_amplifiers` (`entity_id`, `owner_published` DESC, `narrative_id` DESC, `owner_marking`);
-- Create index "narrativetag_tag_id_owner_published_narrative_id_owner_marking" to table: "narrative_tags"
CREATE INDEX `narrativetag_tag_id_owner_published_narrative_id_owner_marking` ON `narrative_tags` (`tag_id`, `owner_published` DESC, `narrative_id` DESC, `owner_marking`);
-- Create index "narrativetarget_entity_id_owner_80e79cca651e7db8c8cb5035077ef3be" to table: "narrative_targets"
CREATE INDEX `narrativetarget_entity_id_owner_80e79cca651e7db8c8cb5035077ef3be` ON `narrative_targets` (`entity_id`, `owner_published` DESC, `narrative_id` DESC, `owner_marking`);
-- Create index "relationship_share_id" to table: "relationships"
CREATE INDEX `relationship_share_id` ON `relationships` (`share`, `id`);
-- Create index "relationship_since_id" to table: "relationships"
CREATE INDEX `relationship_since_id` ON `relationships` (`since`, `id`);
-- Create index "relationship_until_id" to table: "relationships"
CREATE INDEX `relationship_until_id` ON `relationships` (`until`, `id`);
-- Create index "relationship_kind_published_at_id_effective_marking" to table: "relationships"
CREATE INDEX `relationship_kind_published_at_id_effective_marking` ON `relationships` (`kind`, `published_at` DESC, `id` DESC, `effective_marking`);
-- Create index "report_word_count_id" to table: "reports"
CREATE INDEX `report_word_count_id` ON `reports` (`word_count`, `id`);
-- Create index "report_kind_published_at_id_effective_marking" to table: "reports"
CREATE INDEX `report_kind_published_at_id_effective_marking` ON `reports` (`kind`, `published_at` DESC, `id` DESC, `effective_marking`);
-- Create index "report_language_published_at_id_effective_marking" to table: "reports"
CREATE INDEX `report_language_published_at_id_effective_marking` ON `reports` (`language`, `published_at` DESC, `id` DESC, `effective_marking`);
-- Create index "reportentity_entity_id_owner_published_report_id_owner_marking" to table: "report_entities"
CREATE INDEX `reportentity_entity_id_owner_published_report_id_owner_marking` ON `report_entities` (`entity_id`, `owner_published` DESC, `report_id` DESC, `owner_marking`);
-- Create index "reportmention_entity_id_owner_published_report_id_owner_marking" to table: "report_mentions"
CREATE INDEX `reportmention_entity_id_owner_published_report_id_owner_marking` ON `report_mentions` (`entity_id`, `owner_published` DESC, `report_id` DESC, `owner_marking`);
-- Create index "reportnarrative_narrative_id_ow_4f7c0f249c99ac206fb68d27b293c284" to table: "report_narratives"
CREATE INDEX `reportnarrative_narrative_id_ow_4f7c0f249c99ac206fb68d27b293c284` ON `report_narratives` (`narrative_id`, `owner_published` DESC, `report_id` DESC, `owner_marking`);
-- Create index "reporttag_tag_id_owner_published_report_id_owner_marking" to table: "report_tags"
CREATE INDEX `reporttag_tag_id_owner_published_report_id_owner_marking` ON `report_tags` (`tag_id`, `owner_published` DESC, `report_id` DESC, `owner_marking`);
-- Create index "source_date_id" to table: "sources"
CREATE INDEX `source_date_id` ON `sources` (`date`, `id`);
