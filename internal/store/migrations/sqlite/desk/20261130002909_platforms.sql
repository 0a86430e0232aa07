-- Create index "editionitem_occurred_on_id" to table: "edition_items"
CREATE INDEX `editionitem_occurred_on_id` ON `edition_items` (`occurred_on`, `id`);
-- Create index "listing_since_id" to table: "listings"
CREATE INDEX `listing_since_id` ON `listings` (`since`, `id`);
-- Create index "listing_until_id" to table: "listings"
CREATE INDEX `listing_until_id` ON `listings` (`until`, `id`);
-- What the column "platform" of the table "observations" had comes before the description: it is no entity.
UPDATE `observations` SET `description` = `platform` || ': ' || `description` WHERE `platform` IS NOT NULL;
-- Drop column "platform" from table: "observations"
ALTER TABLE `observations` DROP COLUMN `platform`;
-- Add column "platform_id" to table: "observations"
ALTER TABLE `observations` ADD COLUMN `platform_id` integer NULL CONSTRAINT `observations_entities_platform` REFERENCES `entities` (`id`) ON DELETE NO ACTION;
-- Create index "observation_platform_id" to table: "observations"
CREATE INDEX `observation_platform_id` ON `observations` (`platform_id`);
-- Create index "observation_observed_on_id" to table: "observations"
CREATE INDEX `observation_observed_on_id` ON `observations` (`observed_on`, `id`);
-- Create index "observation_reach_id" to table: "observations"
CREATE INDEX `observation_reach_id` ON `observations` (`reach`, `id`);
