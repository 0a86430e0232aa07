-- Create "consents" table
CREATE TABLE `consents` (`id` integer NOT NULL, `email_hash` text NOT NULL, `series_id` integer NULL, `act` text NOT NULL, `at` datetime NOT NULL, `network` text NULL, `text_version` text NULL, `language` text NULL, `source` text NULL, PRIMARY KEY (`id`));
-- Create index "consent_email_hash_at" to table: "consents"
CREATE INDEX `consent_email_hash_at` ON `consents` (`email_hash`, `at`);
-- Create "newsletter_keys" table
CREATE TABLE `newsletter_keys` (`id` integer NOT NULL, `purpose` text NOT NULL, `secret` blob NOT NULL, `created_at` datetime NOT NULL, `retired_at` datetime NULL, PRIMARY KEY (`id`));
-- Create index "newsletterkey_purpose_created_at" to table: "newsletter_keys"
CREATE INDEX `newsletterkey_purpose_created_at` ON `newsletter_keys` (`purpose`, `created_at`);
-- Create "sendings" table
CREATE TABLE `sendings` (`id` integer NOT NULL, `edition_id` integer NOT NULL, `series_id` integer NOT NULL, `marking` integer NOT NULL, `state` text NOT NULL, `reason` text NULL, `at` datetime NOT NULL, `frozen_at` datetime NULL, `done_at` datetime NULL, `worker` text NOT NULL DEFAULT (''), `worker_until` datetime NULL, `failures` integer NOT NULL DEFAULT (0), `rate` real NOT NULL DEFAULT (0), `created_by` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "sending_edition_id" to table: "sendings"
CREATE UNIQUE INDEX `sending_edition_id` ON `sendings` (`edition_id`);
-- Create index "sending_state_at" to table: "sendings"
CREATE INDEX `sending_state_at` ON `sendings` (`state`, `at`);
-- Create index "sending_created_at_id" to table: "sendings"
CREATE INDEX `sending_created_at_id` ON `sendings` (`created_at`, `id`);
-- Create "sending_recipients" table
CREATE TABLE `sending_recipients` (`id` integer NOT NULL, `sending_id` integer NOT NULL, `subscriber_id` integer NULL, `email_hash` text NOT NULL, `state` text NOT NULL, `worker` text NOT NULL DEFAULT (''), `attempts` integer NOT NULL DEFAULT (0), `next_attempt_at` datetime NULL, `first_attempt_at` datetime NULL, `ended_at` datetime NULL, `code` text NULL, PRIMARY KEY (`id`));
-- Create index "sendingrecipient_sending_id_email_hash" to table: "sending_recipients"
CREATE UNIQUE INDEX `sendingrecipient_sending_id_email_hash` ON `sending_recipients` (`sending_id`, `email_hash`);
-- Create index "sendingrecipient_sending_id_state_next_attempt_at_id" to table: "sending_recipients"
CREATE INDEX `sendingrecipient_sending_id_state_next_attempt_at_id` ON `sending_recipients` (`sending_id`, `state`, `next_attempt_at`, `id`);
-- Create index "sendingrecipient_subscriber_id" to table: "sending_recipients"
CREATE INDEX `sendingrecipient_subscriber_id` ON `sending_recipients` (`subscriber_id`);
-- Create "subscribers" table
CREATE TABLE `subscribers` (`id` integer NOT NULL, `email` text NOT NULL, `email_hash` text NOT NULL, `language` text NOT NULL, `soft_bounces` integer NOT NULL DEFAULT (0), `soft_bounces_since` datetime NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "subscriber_email_hash" to table: "subscribers"
CREATE UNIQUE INDEX `subscriber_email_hash` ON `subscribers` (`email_hash`);
-- Create index "subscriber_created_at_id" to table: "subscribers"
CREATE INDEX `subscriber_created_at_id` ON `subscribers` (`created_at`, `id`);
-- Create "subscriptions" table
CREATE TABLE `subscriptions` (`id` integer NOT NULL, `subscriber_id` integer NOT NULL, `series_id` integer NOT NULL, `clearance` integer NOT NULL, `state` text NOT NULL, `created_at` datetime NOT NULL, `confirmed_at` datetime NULL, `ended_at` datetime NULL, PRIMARY KEY (`id`));
-- Create index "subscription_subscriber_id_series_id" to table: "subscriptions"
CREATE UNIQUE INDEX `subscription_subscriber_id_series_id` ON `subscriptions` (`subscriber_id`, `series_id`);
-- Create index "subscription_series_id_state_id" to table: "subscriptions"
CREATE INDEX `subscription_series_id_state_id` ON `subscriptions` (`series_id`, `state`, `id`);
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
-- Create "suppressions" table
CREATE TABLE `suppressions` (`id` integer NOT NULL, `email_hash` text NOT NULL, `reason` text NOT NULL, `code` text NULL, `at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "suppression_email_hash" to table: "suppressions"
CREATE UNIQUE INDEX `suppression_email_hash` ON `suppressions` (`email_hash`);
-- Create index "suppression_at_id" to table: "suppressions"
CREATE INDEX `suppression_at_id` ON `suppressions` (`at`, `id`);
