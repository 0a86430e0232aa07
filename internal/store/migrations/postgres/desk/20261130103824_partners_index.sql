-- Create index "apikey_line" to table: "api_keys"
CREATE INDEX "apikey_line" ON "api_keys" ("line");
-- Create index "webhook_owner" to table: "webhooks"
CREATE INDEX "webhook_owner" ON "webhooks" ("owner");
