-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_projection" table
CREATE TABLE `new_projection` (`id` integer NOT NULL, `applied_sequence` integer NOT NULL, `applied_at` datetime NOT NULL, `history` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "projection" to new temporary table "new_projection"
INSERT INTO `new_projection` (`id`, `applied_sequence`, `applied_at`) SELECT `id`, `applied_sequence`, `applied_at` FROM `projection`;
-- Drop "projection" table after copying rows
DROP TABLE `projection`;
-- Rename temporary table "new_projection" to "projection"
ALTER TABLE `new_projection` RENAME TO `projection`;
-- Create "changes" table
CREATE TABLE `changes` (`id` integer NOT NULL, `at` integer NOT NULL, `document_id` integer NOT NULL, `type` integer NOT NULL, `clear` integer NOT NULL DEFAULT (0), `green` integer NOT NULL DEFAULT (0), `amber` integer NOT NULL DEFAULT (0), `amber_strict` integer NOT NULL DEFAULT (0), `red` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "change_clear" to table: "changes"
CREATE INDEX `change_clear` ON `changes` (`at`, `document_id`) WHERE clear > 0;
-- Create index "change_green" to table: "changes"
CREATE INDEX `change_green` ON `changes` (`at`, `document_id`) WHERE green > 0;
-- Create index "change_amber" to table: "changes"
CREATE INDEX `change_amber` ON `changes` (`at`, `document_id`) WHERE amber > 0;
-- Create index "change_amber_strict" to table: "changes"
CREATE INDEX `change_amber_strict` ON `changes` (`at`, `document_id`) WHERE amber_strict > 0;
-- Create index "change_red" to table: "changes"
CREATE INDEX `change_red` ON `changes` (`at`, `document_id`) WHERE red > 0;
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
