-- Create "webhooks" table
CREATE TABLE `webhooks` (`id` integer NOT NULL, `url` text NOT NULL, `description` text NULL, `events` json NULL, `types` json NULL, `tags` json NULL, `ceiling` integer NOT NULL, `secret` text NOT NULL, `previous_secret` text NULL, `previous_until` datetime NULL, `state` text NOT NULL, `reason` text NULL, `disabled_at` datetime NULL, `failing_since` datetime NULL, `cursor` text NOT NULL, `last_number` integer NOT NULL, `created_by` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create "webhook_deliveries" table
CREATE TABLE `webhook_deliveries` (`id` integer NOT NULL, `webhook_id` integer NOT NULL, `number` integer NOT NULL, `event` text NOT NULL, `document_id` integer NOT NULL, `body` text NOT NULL, `state` text NOT NULL, `turn` integer NOT NULL, `tries` integer NOT NULL, `tried_since` datetime NULL, `next_attempt_at` datetime NULL, `attempts` json NULL, `error` text NULL, `created_at` datetime NOT NULL, `done_at` datetime NULL, PRIMARY KEY (`id`));
-- Create index "webhookdelivery_webhook_id_number" to table: "webhook_deliveries"
CREATE UNIQUE INDEX `webhookdelivery_webhook_id_number` ON `webhook_deliveries` (`webhook_id`, `number`);
-- Create index "webhookdelivery_webhook_id_document_id_number" to table: "webhook_deliveries"
CREATE INDEX `webhookdelivery_webhook_id_document_id_number` ON `webhook_deliveries` (`webhook_id`, `document_id`, `number`);
-- Create index "webhookdelivery_webhook_id_state_number" to table: "webhook_deliveries"
CREATE INDEX `webhookdelivery_webhook_id_state_number` ON `webhook_deliveries` (`webhook_id`, `state`, `number`);
-- Create index "webhookdelivery_state_done_at" to table: "webhook_deliveries"
CREATE INDEX `webhookdelivery_state_done_at` ON `webhook_deliveries` (`state`, `done_at`);
-- Create index "webhookdelivery_created_at_id" to table: "webhook_deliveries"
CREATE INDEX `webhookdelivery_created_at_id` ON `webhook_deliveries` (`created_at`, `id`);
