-- Modify "projection" table
ALTER TABLE "projection" ADD COLUMN "history" bigint NOT NULL DEFAULT 0;
-- Create "changes" table
CREATE TABLE "changes" ("id" bigint NOT NULL, "at" bigint NOT NULL, "document_id" bigint NOT NULL, "type" bigint NOT NULL, "clear" bigint NOT NULL DEFAULT 0, "green" bigint NOT NULL DEFAULT 0, "amber" bigint NOT NULL DEFAULT 0, "amber_strict" bigint NOT NULL DEFAULT 0, "red" bigint NOT NULL DEFAULT 0, PRIMARY KEY ("id"));
-- Create index "change_amber" to table: "changes"
CREATE INDEX "change_amber" ON "changes" ("at", "document_id") WHERE (amber > 0);
-- Create index "change_amber_strict" to table: "changes"
CREATE INDEX "change_amber_strict" ON "changes" ("at", "document_id") WHERE (amber_strict > 0);
-- Create index "change_clear" to table: "changes"
CREATE INDEX "change_clear" ON "changes" ("at", "document_id") WHERE (clear > 0);
-- Create index "change_green" to table: "changes"
CREATE INDEX "change_green" ON "changes" ("at", "document_id") WHERE (green > 0);
-- Create index "change_red" to table: "changes"
CREATE INDEX "change_red" ON "changes" ("at", "document_id") WHERE (red > 0);
