-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_projection" table
CREATE TABLE `new_projection` (`id` integer NOT NULL, `applied_sequence` integer NOT NULL, `applied_at` datetime NOT NULL, `history` integer NOT NULL DEFAULT (0), `log` text NOT NULL DEFAULT (''), `entry_hash` text NOT NULL DEFAULT (''), `rebuild_sequence` integer NOT NULL DEFAULT (0), `rebuild_hash` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- Copy rows from old table "projection" to new temporary table "new_projection"
INSERT INTO `new_projection` (`id`, `applied_sequence`, `applied_at`, `history`, `log`, `entry_hash`) SELECT `id`, `applied_sequence`, `applied_at`, `history`, `log`, `entry_hash` FROM `projection`;
-- Drop "projection" table after copying rows
DROP TABLE `projection`;
-- Rename temporary table "new_projection" to "projection"
ALTER TABLE `new_projection` RENAME TO `projection`;
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
