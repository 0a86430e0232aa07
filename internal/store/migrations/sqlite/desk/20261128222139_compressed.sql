-- Add column "compressed" to table: "revisions"
ALTER TABLE `revisions` ADD COLUMN `compressed` blob NULL;
