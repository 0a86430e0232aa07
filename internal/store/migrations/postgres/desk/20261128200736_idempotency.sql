-- Create "idempotency_keys" table
CREATE TABLE "idempotency_keys" ("id" bigint NOT NULL, "credential_id" bigint NOT NULL, "key" character varying NOT NULL COLLATE "C", "request" bytea NOT NULL, "role" bigint NOT NULL, "clearance" bigint NOT NULL, "created_at" timestamptz NOT NULL, "finished_at" timestamptz NULL, "status" bigint NOT NULL DEFAULT 0, "media_type" character varying NULL COLLATE "C", "marking" character varying NULL COLLATE "C", "size" bigint NOT NULL DEFAULT 0, "body" bytea NULL, PRIMARY KEY ("id"));
-- Create index "idempotencykey_created_at" to table: "idempotency_keys"
CREATE INDEX "idempotencykey_created_at" ON "idempotency_keys" ("created_at");
-- Create index "idempotencykey_credential_id_key" to table: "idempotency_keys"
CREATE UNIQUE INDEX "idempotencykey_credential_id_key" ON "idempotency_keys" ("credential_id", "key");
