-- Add column "grants" to table: "api_keys"
ALTER TABLE `api_keys` ADD COLUMN `grants` json NULL;
-- Add column "line" to table: "api_keys"
ALTER TABLE `api_keys` ADD COLUMN `line` integer NULL;
-- Add column "creator_id" to table: "api_keys"
ALTER TABLE `api_keys` ADD COLUMN `creator_id` integer NULL;
-- Add column "owner" to table: "webhooks"
ALTER TABLE `webhooks` ADD COLUMN `owner` integer NULL;
