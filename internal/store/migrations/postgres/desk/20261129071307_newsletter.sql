-- Create "consents" table
CREATE TABLE "consents" ("id" bigint NOT NULL, "email_hash" character varying NOT NULL COLLATE "C", "series_id" bigint NULL, "act" character varying NOT NULL COLLATE "C", "at" timestamptz NOT NULL, "network" character varying NULL COLLATE "C", "text_version" character varying NULL COLLATE "C", "language" character varying NULL COLLATE "C", "source" character varying NULL COLLATE "C", PRIMARY KEY ("id"));
-- Create index "consent_email_hash_at" to table: "consents"
CREATE INDEX "consent_email_hash_at" ON "consents" ("email_hash", "at");
-- Create "newsletter_keys" table
CREATE TABLE "newsletter_keys" ("id" bigint NOT NULL, "purpose" character varying NOT NULL COLLATE "C", "secret" bytea NOT NULL, "created_at" timestamptz NOT NULL, "retired_at" timestamptz NULL, PRIMARY KEY ("id"));
-- Create index "newsletterkey_purpose_created_at" to table: "newsletter_keys"
CREATE INDEX "newsletterkey_purpose_created_at" ON "newsletter_keys" ("purpose", "created_at");
-- Create "sendings" table
CREATE TABLE "sendings" ("id" bigint NOT NULL, "edition_id" bigint NOT NULL, "series_id" bigint NOT NULL, "marking" bigint NOT NULL, "state" character varying NOT NULL COLLATE "C", "reason" character varying NULL COLLATE "C", "at" timestamptz NOT NULL, "frozen_at" timestamptz NULL, "done_at" timestamptz NULL, "worker" character varying NOT NULL DEFAULT '' COLLATE "C", "worker_until" timestamptz NULL, "failures" bigint NOT NULL DEFAULT 0, "rate" double precision NOT NULL DEFAULT 0, "created_by" character varying NOT NULL COLLATE "C", "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- Create index "sending_created_at_id" to table: "sendings"
CREATE INDEX "sending_created_at_id" ON "sendings" ("created_at", "id");
-- Create index "sending_edition_id" to table: "sendings"
CREATE UNIQUE INDEX "sending_edition_id" ON "sendings" ("edition_id");
-- Create index "sending_state_at" to table: "sendings"
CREATE INDEX "sending_state_at" ON "sendings" ("state", "at");
-- Create "sending_recipients" table
CREATE TABLE "sending_recipients" ("id" bigint NOT NULL, "sending_id" bigint NOT NULL, "subscriber_id" bigint NULL, "email_hash" character varying NOT NULL COLLATE "C", "state" character varying NOT NULL COLLATE "C", "worker" character varying NOT NULL DEFAULT '' COLLATE "C", "attempts" bigint NOT NULL DEFAULT 0, "next_attempt_at" timestamptz NULL, "first_attempt_at" timestamptz NULL, "ended_at" timestamptz NULL, "code" character varying NULL COLLATE "C", PRIMARY KEY ("id"));
-- Create index "sendingrecipient_sending_id_email_hash" to table: "sending_recipients"
CREATE UNIQUE INDEX "sendingrecipient_sending_id_email_hash" ON "sending_recipients" ("sending_id", "email_hash");
-- Create index "sendingrecipient_sending_id_state_next_attempt_at_id" to table: "sending_recipients"
CREATE INDEX "sendingrecipient_sending_id_state_next_attempt_at_id" ON "sending_recipients" ("sending_id", "state", "next_attempt_at", "id");
-- Create index "sendingrecipient_subscriber_id" to table: "sending_recipients"
CREATE INDEX "sendingrecipient_subscriber_id" ON "sending_recipients" ("subscriber_id");
-- Create "subscribers" table
CREATE TABLE "subscribers" ("id" bigint NOT NULL, "email" character varying NOT NULL COLLATE "C", "email_hash" character varying NOT NULL COLLATE "C", "language" character varying NOT NULL COLLATE "C", "soft_bounces" bigint NOT NULL DEFAULT 0, "soft_bounces_since" timestamptz NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- Create index "subscriber_created_at_id" to table: "subscribers"
CREATE INDEX "subscriber_created_at_id" ON "subscribers" ("created_at", "id");
-- Create index "subscriber_email_hash" to table: "subscribers"
CREATE UNIQUE INDEX "subscriber_email_hash" ON "subscribers" ("email_hash");
-- Create "subscriptions" table
CREATE TABLE "subscriptions" ("id" bigint NOT NULL, "subscriber_id" bigint NOT NULL, "series_id" bigint NOT NULL, "clearance" bigint NOT NULL, "state" character varying NOT NULL COLLATE "C", "created_at" timestamptz NOT NULL, "confirmed_at" timestamptz NULL, "ended_at" timestamptz NULL, PRIMARY KEY ("id"));
-- Create index "subscription_series_id_state_id" to table: "subscriptions"
CREATE INDEX "subscription_series_id_state_id" ON "subscriptions" ("series_id", "state", "id");
-- Create index "subscription_subscriber_id_series_id" to table: "subscriptions"
CREATE UNIQUE INDEX "subscription_subscriber_id_series_id" ON "subscriptions" ("subscriber_id", "series_id");
-- Create "subscription_requests" table
CREATE TABLE "subscription_requests" ("id" bigint NOT NULL, "email" character varying NOT NULL COLLATE "C", "email_hash" character varying NOT NULL COLLATE "C", "series_id" bigint NOT NULL, "language" character varying NOT NULL COLLATE "C", "network" character varying NULL COLLATE "C", "text_version" character varying NOT NULL COLLATE "C", "token_hash" character varying NULL COLLATE "C", "state" character varying NOT NULL COLLATE "C", "created_at" timestamptz NOT NULL, "expires_at" timestamptz NOT NULL, "ended_at" timestamptz NULL, PRIMARY KEY ("id"));
-- Create index "subscriptionrequest_created_at" to table: "subscription_requests"
CREATE INDEX "subscriptionrequest_created_at" ON "subscription_requests" ("created_at");
-- Create index "subscriptionrequest_email_hash_created_at" to table: "subscription_requests"
CREATE INDEX "subscriptionrequest_email_hash_created_at" ON "subscription_requests" ("email_hash", "created_at");
-- Create index "subscriptionrequest_expires_at" to table: "subscription_requests"
CREATE INDEX "subscriptionrequest_expires_at" ON "subscription_requests" ("expires_at");
-- Create index "subscriptionrequest_network_created_at" to table: "subscription_requests"
CREATE INDEX "subscriptionrequest_network_created_at" ON "subscription_requests" ("network", "created_at");
-- Create index "subscriptionrequest_token_hash" to table: "subscription_requests"
CREATE UNIQUE INDEX "subscriptionrequest_token_hash" ON "subscription_requests" ("token_hash");
-- Create "suppressions" table
CREATE TABLE "suppressions" ("id" bigint NOT NULL, "email_hash" character varying NOT NULL COLLATE "C", "reason" character varying NOT NULL COLLATE "C", "code" character varying NULL COLLATE "C", "at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- Create index "suppression_at_id" to table: "suppressions"
CREATE INDEX "suppression_at_id" ON "suppressions" ("at", "id");
-- Create index "suppression_email_hash" to table: "suppressions"
CREATE UNIQUE INDEX "suppression_email_hash" ON "suppressions" ("email_hash");
