-- Create "name_keys" table
CREATE TABLE `name_keys` (`id` integer NOT NULL, `document_id` integer NOT NULL, `type` integer NOT NULL, `name` text NOT NULL, PRIMARY KEY (`id`));
-- Create index "namekey_type_name_document_id" to table: "name_keys"
CREATE INDEX `namekey_type_name_document_id` ON `name_keys` (`type`, `name`, `document_id`);
-- Create index "namekey_document_id" to table: "name_keys"
CREATE INDEX `namekey_document_id` ON `name_keys` (`document_id`);
