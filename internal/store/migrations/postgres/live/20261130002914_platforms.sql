-- Create index "editionitem_occurred_on_id" to table: "edition_items"
CREATE INDEX "editionitem_occurred_on_id" ON "edition_items" ("occurred_on" NULLS FIRST, "id");
-- Create index "listing_since_id" to table: "listings"
CREATE INDEX "listing_since_id" ON "listings" ("since" NULLS FIRST, "id");
-- Create index "listing_until_id" to table: "listings"
CREATE INDEX "listing_until_id" ON "listings" ("until" NULLS FIRST, "id");
-- What the column "platform" of the table "observations" had comes before the description: it is no entity.
UPDATE "observations" SET "description" = "platform" || ': ' || "description" WHERE "platform" IS NOT NULL;
-- Modify "observations" table
ALTER TABLE "observations" DROP COLUMN "platform", ADD COLUMN "platform_id" bigint NULL;
-- Create index "observation_observed_on_id" to table: "observations"
CREATE INDEX "observation_observed_on_id" ON "observations" ("observed_on" NULLS FIRST, "id");
-- Create index "observation_platform_id" to table: "observations"
CREATE INDEX "observation_platform_id" ON "observations" ("platform_id");
-- Create index "observation_reach_id" to table: "observations"
CREATE INDEX "observation_reach_id" ON "observations" ("reach" NULLS FIRST, "id");
