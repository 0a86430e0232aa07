-- Modify "assets" table
ALTER TABLE "assets" ADD COLUMN "title_key" bytea NULL;
-- Modify "editions" table
ALTER TABLE "editions" ADD COLUMN "title_key" bytea NULL;
-- Modify "entities" table
ALTER TABLE "entities" ADD COLUMN "name_key" bytea NULL;
-- Modify "narratives" table
ALTER TABLE "narratives" ADD COLUMN "title_key" bytea NULL;
-- Modify "reports" table
ALTER TABLE "reports" ADD COLUMN "title_key" bytea NULL;
-- Modify "sources" table
ALTER TABLE "sources" ADD COLUMN "title_key" bytea NULL;
-- Modify "tags" table
ALTER TABLE "tags" ADD COLUMN "label_key" bytea NULL;
