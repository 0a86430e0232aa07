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
