-- Create "webhooks" table
CREATE TABLE "webhooks" ("id" bigint NOT NULL, "url" character varying NOT NULL, "description" character varying NULL, "events" jsonb NULL, "types" jsonb NULL, "tags" jsonb NULL, "ceiling" bigint NOT NULL, "secret" character varying NOT NULL, "previous_secret" character varying NULL, "previous_until" timestamptz NULL, "state" character varying NOT NULL, "reason" character varying NULL, "disabled_at" timestamptz NULL, "failing_since" timestamptz NULL, "cursor" character varying NOT NULL, "last_number" bigint NOT NULL, "created_by" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- Create "webhook_deliveries" table
CREATE TABLE "webhook_deliveries" ("id" bigint NOT NULL, "webhook_id" bigint NOT NULL, "number" bigint NOT NULL, "event" character varying NOT NULL, "document_id" bigint NOT NULL, "body" text NOT NULL, "state" character varying NOT NULL, "turn" bigint NOT NULL, "tries" bigint NOT NULL, "tried_since" timestamptz NULL, "next_attempt_at" timestamptz NULL, "attempts" jsonb NULL, "error" character varying NULL, "created_at" timestamptz NOT NULL, "done_at" timestamptz NULL, PRIMARY KEY ("id"));
-- Create index "webhookdelivery_created_at_id" to table: "webhook_deliveries"
CREATE INDEX "webhookdelivery_created_at_id" ON "webhook_deliveries" ("created_at", "id");
-- Create index "webhookdelivery_state_done_at" to table: "webhook_deliveries"
CREATE INDEX "webhookdelivery_state_done_at" ON "webhook_deliveries" ("state", "done_at");
-- Create index "webhookdelivery_webhook_id_document_id_number" to table: "webhook_deliveries"
CREATE INDEX "webhookdelivery_webhook_id_document_id_number" ON "webhook_deliveries" ("webhook_id", "document_id", "number");
-- Create index "webhookdelivery_webhook_id_number" to table: "webhook_deliveries"
CREATE UNIQUE INDEX "webhookdelivery_webhook_id_number" ON "webhook_deliveries" ("webhook_id", "number");
-- Create index "webhookdelivery_webhook_id_state_number" to table: "webhook_deliveries"
CREATE INDEX "webhookdelivery_webhook_id_state_number" ON "webhook_deliveries" ("webhook_id", "state", "number");
