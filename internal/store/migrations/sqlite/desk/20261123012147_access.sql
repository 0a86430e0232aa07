-- Add column "scopes" to table: "api_keys"
ALTER TABLE `api_keys` ADD COLUMN `scopes` json NULL;
-- Add column "origins" to table: "api_keys"
ALTER TABLE `api_keys` ADD COLUMN `origins` json NULL;
-- Add column "networks" to table: "api_keys"
ALTER TABLE `api_keys` ADD COLUMN `networks` json NULL;
-- Add column "rate_limit" to table: "api_keys"
ALTER TABLE `api_keys` ADD COLUMN `rate_limit` integer NULL;
-- Add column "replaces" to table: "api_keys"
ALTER TABLE `api_keys` ADD COLUMN `replaces` integer NULL;
-- Create "audit_entries" table
CREATE TABLE `audit_entries` (`sequence` integer NOT NULL, `at` datetime NOT NULL, `action` text NOT NULL, `actor` text NOT NULL, `actor_id` integer NULL, `subject` text NULL, `documents` json NULL, `detail` text NULL, `network` text NULL, `request_id` text NULL, `times` integer NOT NULL, PRIMARY KEY (`sequence`));
-- Create index "auditentry_at" to table: "audit_entries"
CREATE INDEX `auditentry_at` ON `audit_entries` (`at`);
-- Create index "auditentry_actor_id" to table: "audit_entries"
CREATE INDEX `auditentry_actor_id` ON `audit_entries` (`actor_id`);
-- Create index "auditentry_action" to table: "audit_entries"
CREATE INDEX `auditentry_action` ON `audit_entries` (`action`);
-- Create "key_networks" table
CREATE TABLE `key_networks` (`id` integer NOT NULL, `key_id` integer NOT NULL, `network` text NOT NULL, `first_seen_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "keynetwork_key_id_network" to table: "key_networks"
CREATE UNIQUE INDEX `keynetwork_key_id_network` ON `key_networks` (`key_id`, `network`);
-- Create "people" table
CREATE TABLE `people` (`id` integer NOT NULL, `issuer` text NOT NULL, `subject` text NOT NULL, `name` text NOT NULL, `email` text NULL, `role` integer NOT NULL, `clearance` integer NOT NULL, `assigned_role` integer NULL, `assigned_clearance` integer NULL, `created_at` datetime NOT NULL, `last_seen_at` datetime NOT NULL, `disabled_at` datetime NULL, PRIMARY KEY (`id`));
-- Create index "person_issuer_subject" to table: "people"
CREATE UNIQUE INDEX `person_issuer_subject` ON `people` (`issuer`, `subject`);
-- Create "registered_documents" table
CREATE TABLE `registered_documents` (`id` integer NOT NULL, `document_id` text NOT NULL, `name` text NULL, `text` text NOT NULL, `registered_by` text NOT NULL, `registered_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "registered_documents_document_id_key" to table: "registered_documents"
CREATE UNIQUE INDEX `registered_documents_document_id_key` ON `registered_documents` (`document_id`);
