-- Create "series" table
CREATE TABLE `series` (`id` integer NOT NULL, `slug` text NOT NULL, `marking` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (1), `effective_marking` integer NOT NULL DEFAULT (99), `created_at` datetime NOT NULL, `created_by` text NULL, `updated_at` datetime NOT NULL, `updated_by` text NULL, `published_at` datetime NULL, `published_by` text NULL, `live_version` integer NULL, `deleted_at` datetime NULL, `deleted_by` text NULL, `title` text NOT NULL, `description` text NULL, `cadence` text NOT NULL, `language` text NOT NULL, `title_key` blob NULL, PRIMARY KEY (`id`));
-- Create index "series_slug" to table: "series"
CREATE INDEX `series_slug` ON `series` (`slug`);
-- Create index "series_published_at_id_effective_marking" to table: "series"
CREATE INDEX `series_published_at_id_effective_marking` ON `series` (`published_at` DESC, `id` DESC, `effective_marking`);
-- Create index "series_updated_at_id" to table: "series"
CREATE INDEX `series_updated_at_id` ON `series` (`updated_at`, `id`);
-- Create index "series_created_at_id" to table: "series"
CREATE INDEX `series_created_at_id` ON `series` (`created_at`, `id`);
-- Create index "series_title_key_id" to table: "series"
CREATE INDEX `series_title_key_id` ON `series` (`title_key`, `id`);
-- Drop index "edition_series_number" from table: "editions"
DROP INDEX `edition_series_number`;
-- Drop column "series" from table: "editions"; revisions have what it had
ALTER TABLE `editions` DROP COLUMN `series`;
-- Add column "series_id" to table: "editions"
ALTER TABLE `editions` ADD COLUMN `series_id` integer NULL;
-- Create index "edition_series_id_number" to table: "editions"
CREATE INDEX `edition_series_id_number` ON `editions` (`series_id`, `number`);
