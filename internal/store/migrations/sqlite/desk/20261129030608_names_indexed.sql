-- Add column "names_indexed_at" to table: "publication_log"
ALTER TABLE `publication_log` ADD COLUMN `names_indexed_at` datetime NULL;
