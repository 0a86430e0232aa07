-- Create "search_blocks" table
CREATE TABLE "search_blocks" ("id" bigint NOT NULL, "segment" bigint NOT NULL, "postings" bytea NOT NULL, "positions" bytea NOT NULL, PRIMARY KEY ("id"));
-- Create index "searchblock_segment" to table: "search_blocks"
CREATE INDEX "searchblock_segment" ON "search_blocks" ("segment");
-- Create "search_pending" table
CREATE TABLE "search_pending" ("id" bigint NOT NULL, "data" bytea NOT NULL, PRIMARY KEY ("id"));
-- Create "search_segments" table
CREATE TABLE "search_segments" ("id" bigint NOT NULL, "dictionary" bytea NOT NULL, PRIMARY KEY ("id"));
-- Create "search_state" table
CREATE TABLE "search_state" ("id" bigint NOT NULL, "version" bigint NOT NULL, "manifest" bytea NOT NULL, PRIMARY KEY ("id"));
-- Create "search_units" table
CREATE TABLE "search_units" ("id" bigint NOT NULL, "owner_id" bigint NOT NULL, "number" bigint NOT NULL, "hash" bigint NOT NULL, PRIMARY KEY ("id"));
-- Create index "searchunit_owner_id" to table: "search_units"
CREATE INDEX "searchunit_owner_id" ON "search_units" ("owner_id");
-- Create "search_unit_blocks" table
CREATE TABLE "search_unit_blocks" ("id" bigint NOT NULL, "data" bytea NOT NULL, "links" bytea NOT NULL, PRIMARY KEY ("id"));
