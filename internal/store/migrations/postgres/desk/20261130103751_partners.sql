-- Modify "api_keys" table
ALTER TABLE "api_keys" ADD COLUMN "grants" jsonb NULL, ADD COLUMN "line" bigint NULL, ADD COLUMN "creator_id" bigint NULL;
-- Modify "webhooks" table
ALTER TABLE "webhooks" ADD COLUMN "owner" bigint NULL;
