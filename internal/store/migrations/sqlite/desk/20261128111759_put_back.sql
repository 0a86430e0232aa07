-- Add column "put_back_at" to table: "publication_log"
ALTER TABLE `publication_log` ADD COLUMN `put_back_at` datetime NULL;
