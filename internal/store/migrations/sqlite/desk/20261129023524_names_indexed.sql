-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_publication_log" table
CREATE TABLE `new_publication_log` (`id` integer NOT NULL, `identity` text NOT NULL, `created_at` datetime NOT NULL, `put_back_at` datetime NULL, `names_indexed` bool NOT NULL DEFAULT (false), PRIMARY KEY (`id`));
-- Copy rows from old table "publication_log" to new temporary table "new_publication_log"
INSERT INTO `new_publication_log` (`id`, `identity`, `created_at`, `put_back_at`) SELECT `id`, `identity`, `created_at`, `put_back_at` FROM `publication_log`;
-- Drop "publication_log" table after copying rows
DROP TABLE `publication_log`;
-- Rename temporary table "new_publication_log" to "publication_log"
ALTER TABLE `new_publication_log` RENAME TO `publication_log`;
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
