-- Modify "editions" table
ALTER TABLE "editions" DROP COLUMN "series", ADD COLUMN "series_id" bigint NULL;
-- Create index "edition_series_id_number" to table: "editions"
CREATE INDEX "edition_series_id_number" ON "editions" ("series_id", "number");
-- Create "series" table
CREATE TABLE "series" ("id" bigint NOT NULL, "slug" character varying NOT NULL COLLATE "C", "marking" bigint NOT NULL DEFAULT 0, "version" bigint NOT NULL DEFAULT 1, "effective_marking" bigint NOT NULL DEFAULT 99, "created_at" timestamptz NOT NULL, "created_by" character varying NULL COLLATE "C", "updated_at" timestamptz NOT NULL, "updated_by" character varying NULL COLLATE "C", "published_at" timestamptz NULL, "published_by" character varying NULL COLLATE "C", "live_version" bigint NULL, "deleted_at" timestamptz NULL, "deleted_by" character varying NULL COLLATE "C", "title" character varying NOT NULL COLLATE "C", "description" character varying NULL COLLATE "C", "cadence" character varying NOT NULL COLLATE "C", "language" character varying NOT NULL COLLATE "C", "title_key" bytea NULL, PRIMARY KEY ("id"));
-- Create index "series_created_at_id" to table: "series"
CREATE INDEX "series_created_at_id" ON "series" ("created_at", "id");
-- Create index "series_published_at_id_effective_marking" to table: "series"
CREATE INDEX "series_published_at_id_effective_marking" ON "series" ("published_at" DESC, "id" DESC, "effective_marking");
-- Create index "series_slug" to table: "series"
CREATE INDEX "series_slug" ON "series" ("slug");
-- Create index "series_title_key_id" to table: "series"
CREATE INDEX "series_title_key_id" ON "series" ("title_key", "id");
-- Create index "series_updated_at_id" to table: "series"
CREATE INDEX "series_updated_at_id" ON "series" ("updated_at", "id");
