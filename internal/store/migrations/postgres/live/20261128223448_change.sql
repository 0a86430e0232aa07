-- Create "live_steps" table
CREATE TABLE "live_steps" ("id" bigint NOT NULL, "at" bigint NOT NULL, "previous" bigint NOT NULL, "previous_at" bigint NOT NULL, "keys" bytea NOT NULL, PRIMARY KEY ("id"));
