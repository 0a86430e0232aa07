-- Add column "names_indexed" to table: "publication_log"
ALTER TABLE `publication_log` ADD COLUMN `names_indexed` bool NULL;
