-- Create "subscription_requests" table
CREATE TABLE `subscription_requests` (`id` integer NOT NULL, `email` text NOT NULL, `email_hash` text NOT NULL, `series_id` integer NOT NULL, `language` text NOT NULL, `network` text NULL, `text_version` text NOT NULL, `token_hash` text NULL, `state` text NOT NULL, `created_at` datetime NOT NULL, `expires_at` datetime NOT NULL, `ended_at` datetime NULL, PRIMARY KEY (`id`));
-- Create index "subscriptionrequest_token_hash" to table: "subscription_requests"
CREATE UNIQUE INDEX `subscriptionrequest_token_hash` ON `subscription_requests` (`token_hash`);
-- Create index "subscriptionrequest_email_hash_created_at" to table: "subscription_requests"
CREATE INDEX `subscriptionrequest_email_hash_created_at` ON `subscription_requests` (`email_hash`, `created_at`);
-- Create index "subscriptionrequest_network_created_at" to table: "subscription_requests"
CREATE INDEX `subscriptionrequest_network_created_at` ON `subscription_requests` (`network`, `created_at`);
-- Create index "subscriptionrequest_created_at" to table: "subscription_requests"
CREATE INDEX `subscriptionrequest_created_at` ON `subscription_requests` (`created_at`);
-- Create index "subscriptionrequest_expires_at" to table: "subscription_requests"
CREATE INDEX `subscriptionrequest_expires_at` ON `subscription_requests` (`expires_at`);
