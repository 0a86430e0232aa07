-- Create index "asset_size_id" to table: "assets"
CREATE INDEX "asset_size_id" ON "assets" ("size" NULLS FIRST, "id");
-- Create index "edition_number_id" to table: "editions"
CREATE INDEX "edition_number_id" ON "editions" ("number", "id");
-- Create index "edition_period_end_id" to table: "editions"
CREATE INDEX "edition_period_end_id" ON "editions" ("period_end" NULLS FIRST, "id");
-- Create index "entity_end_date_id" to table: "entities"
CREATE INDEX "entity_end_date_id" ON "entities" ("end_date" NULLS FIRST, "id");
-- Create index "entity_start_date_id" to table: "entities"
CREATE INDEX "entity_start_date_id" ON "entities" ("start_date" NULLS FIRST, "id");
-- Modify "entity_tags" table
ALTER TABLE "entity_tags" ADD COLUMN "owner_published" bigint NULL, ADD COLUMN "owner_marking" bigint NULL;
-- Modify "narrative_amplifiers" table
ALTER TABLE "narrative_amplifiers" ADD COLUMN "owner_published" bigint NULL, ADD COLUMN "owner_marking" bigint NULL;
-- Modify "narrative_tags" table
ALTER TABLE "narrative_tags" ADD COLUMN "owner_published" bigint NULL, ADD COLUMN "owner_marking" bigint NULL;
-- Modify "narrative_targets" table
ALTER TABLE "narrative_targets" ADD COLUMN "owner_published" bigint NULL, ADD COLUMN "owner_marking" bigint NULL;
-- Create index "narrative_first_observed_id" to table: "narratives"
CREATE INDEX "narrative_first_observed_id" ON "narratives" ("first_observed" NULLS FIRST, "id");
-- Create index "narrative_last_observed_id" to table: "narratives"
CREATE INDEX "narrative_last_observed_id" ON "narratives" ("last_observed" NULLS FIRST, "id");
-- Create index "relationship_share_id" to table: "relationships"
CREATE INDEX "relationship_share_id" ON "relationships" ("share" NULLS FIRST, "id");
-- Create index "relationship_since_id" to table: "relationships"
CREATE INDEX "relationship_since_id" ON "relationships" ("since" NULLS FIRST, "id");
-- Create index "relationship_until_id" to table: "relationships"
CREATE INDEX "relationship_until_id" ON "relationships" ("until" NULLS FIRST, "id");
-- Modify "report_entities" table
ALTER TABLE "report_entities" ADD COLUMN "owner_published" bigint NULL, ADD COLUMN "owner_marking" bigint NULL;
-- Modify "report_mentions" table
ALTER TABLE "report_mentions" ADD COLUMN "owner_published" bigint NULL, ADD COLUMN "owner_marking" bigint NULL;
-- Modify "report_narratives" table
ALTER TABLE "report_narratives" ADD COLUMN "owner_published" bigint NULL, ADD COLUMN "owner_marking" bigint NULL;
-- Modify "report_tags" table
ALTER TABLE "report_tags" ADD COLUMN "owner_published" bigint NULL, ADD COLUMN "owner_marking" bigint NULL;
-- Create index "report_word_count_id" to table: "reports"
CREATE INDEX "report_word_count_id" ON "reports" ("word_count", "id");
-- Create index "source_date_id" to table: "sources"
CREATE INDEX "source_date_id" ON "sources" ("date" NULLS FIRST, "id");
