-- Create "idempotency_keys" table
CREATE TABLE `idempotency_keys` (`id` integer NOT NULL, `credential_id` integer NOT NULL, `key` text NOT NULL, `request` blob NOT NULL, `role` integer NOT NULL, `clearance` integer NOT NULL, `created_at` datetime NOT NULL, `finished_at` datetime NULL, `status` integer NOT NULL DEFAULT (0), `media_type` text NULL, `marking` text NULL, `size` integer NOT NULL DEFAULT (0), `body` blob NULL, PRIMARY KEY (`id`));
-- Create index "idempotencykey_credential_id_key" to table: "idempotency_keys"
CREATE UNIQUE INDEX `idempotencykey_credential_id_key` ON `idempotency_keys` (`credential_id`, `key`);
-- Create index "idempotencykey_created_at" to table: "idempotency_keys"
CREATE INDEX `idempotencykey_created_at` ON `idempotency_keys` (`created_at`);
