-- Create "live_documents" table
CREATE TABLE `live_documents` (`id` integer NOT NULL, `version` integer NOT NULL, `marking` integer NOT NULL, PRIMARY KEY (`id`));
-- Create "live_references" table
CREATE TABLE `live_references` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `document_id` integer NOT NULL, `target_id` integer NOT NULL, `mention` bool NOT NULL);
-- Create index "livereference_document_id" to table: "live_references"
CREATE INDEX `livereference_document_id` ON `live_references` (`document_id`);
-- Create index "livereference_target_id_mention" to table: "live_references"
CREATE INDEX `livereference_target_id_mention` ON `live_references` (`target_id`, `mention`);
-- Create "mentions" table
CREATE TABLE `mentions` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `document_id` integer NOT NULL, `target_id` integer NOT NULL);
-- Create index "mention_document_id" to table: "mentions"
CREATE INDEX `mention_document_id` ON `mentions` (`document_id`);
-- Create index "mention_target_id" to table: "mentions"
CREATE INDEX `mention_target_id` ON `mentions` (`target_id`);
-- Create "publication_log" table
CREATE TABLE `publication_log` (`id` integer NOT NULL, `identity` text NOT NULL, `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
