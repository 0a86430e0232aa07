-- Create "search_blocks" table
CREATE TABLE `search_blocks` (`id` integer NOT NULL, `segment` integer NOT NULL, `postings` blob NOT NULL, `positions` blob NOT NULL, PRIMARY KEY (`id`));
-- Create index "searchblock_segment" to table: "search_blocks"
CREATE INDEX `searchblock_segment` ON `search_blocks` (`segment`);
-- Create "search_pending" table
CREATE TABLE `search_pending` (`id` integer NOT NULL, `data` blob NOT NULL, PRIMARY KEY (`id`));
-- Create "search_segments" table
CREATE TABLE `search_segments` (`id` integer NOT NULL, `dictionary` blob NOT NULL, PRIMARY KEY (`id`));
-- Create "search_state" table
CREATE TABLE `search_state` (`id` integer NOT NULL, `version` integer NOT NULL, `manifest` blob NOT NULL, PRIMARY KEY (`id`));
-- Create "search_units" table
CREATE TABLE `search_units` (`id` integer NOT NULL, `owner_id` integer NOT NULL, `number` integer NOT NULL, `hash` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "searchunit_owner_id" to table: "search_units"
CREATE INDEX `searchunit_owner_id` ON `search_units` (`owner_id`);
-- Create "search_unit_blocks" table
CREATE TABLE `search_unit_blocks` (`id` integer NOT NULL, `data` blob NOT NULL, `links` blob NOT NULL, PRIMARY KEY (`id`));
