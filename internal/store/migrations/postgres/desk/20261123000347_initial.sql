-- Create "api_keys" table
CREATE TABLE "api_keys" ("id" bigint NOT NULL, "name" character varying NOT NULL, "hint" character varying NOT NULL, "hash" character varying NOT NULL, "role" bigint NOT NULL, "clearance" bigint NOT NULL, "created_by" character varying NOT NULL, "created_at" timestamptz NOT NULL, "last_used_at" timestamptz NULL, "expires_at" timestamptz NULL, "revoked_at" timestamptz NULL, PRIMARY KEY ("id"));
-- Create index "apikey_hash" to table: "api_keys"
CREATE UNIQUE INDEX "apikey_hash" ON "api_keys" ("hash");
-- Create "schedules" table
CREATE TABLE "schedules" ("id" bigint NOT NULL, "action" character varying NOT NULL, "at" timestamptz NOT NULL, "documents" jsonb NOT NULL, "references" character varying NOT NULL, "message" character varying NULL, "status" character varying NOT NULL, "error" character varying NULL, "sequence" bigint NULL, "created_by" character varying NOT NULL, "created_at" timestamptz NOT NULL, "done_at" timestamptz NULL, PRIMARY KEY ("id"));
-- Create index "schedule_status_at" to table: "schedules"
CREATE INDEX "schedule_status_at" ON "schedules" ("status", "at");
-- Create "publication_entries" table
CREATE TABLE "publication_entries" ("sequence" bigint NOT NULL, "release" bigint NOT NULL, "action" character varying NOT NULL, "document_id" bigint NOT NULL, "revision" bigint NOT NULL, "at" timestamptz NOT NULL, "published_at" timestamptz NOT NULL, "actor" character varying NOT NULL, "message" character varying NULL, PRIMARY KEY ("sequence"));
-- Create index "publicationentry_document_id" to table: "publication_entries"
CREATE INDEX "publicationentry_document_id" ON "publication_entries" ("document_id");
-- Create index "publicationentry_release" to table: "publication_entries"
CREATE INDEX "publicationentry_release" ON "publication_entries" ("release");
-- Create "editions" table
CREATE TABLE "editions" ("id" bigint NOT NULL, "slug" character varying NOT NULL, "marking" bigint NOT NULL DEFAULT 0, "version" bigint NOT NULL DEFAULT 1, "effective_marking" bigint NOT NULL DEFAULT 99, "created_at" timestamptz NOT NULL, "created_by" character varying NULL, "updated_at" timestamptz NOT NULL, "updated_by" character varying NULL, "published_at" timestamptz NULL, "published_by" character varying NULL, "live_version" bigint NULL, "deleted_at" timestamptz NULL, "deleted_by" character varying NULL, "series" character varying NOT NULL, "number" bigint NOT NULL, "title" character varying NOT NULL, "introduction" character varying NULL, "language" character varying NOT NULL, "period_start" character varying NULL, "period_end" character varying NULL, PRIMARY KEY ("id"));
-- Create index "edition_created_at_id" to table: "editions"
CREATE INDEX "edition_created_at_id" ON "editions" ("created_at", "id");
-- Create index "edition_published_at_id_effective_marking" to table: "editions"
CREATE INDEX "edition_published_at_id_effective_marking" ON "editions" ("published_at" DESC, "id" DESC, "effective_marking");
-- Create index "edition_series_number" to table: "editions"
CREATE UNIQUE INDEX "edition_series_number" ON "editions" ("series", "number");
-- Create index "edition_slug" to table: "editions"
CREATE UNIQUE INDEX "edition_slug" ON "editions" ("slug");
-- Create index "edition_updated_at_id" to table: "editions"
CREATE INDEX "edition_updated_at_id" ON "editions" ("updated_at", "id");
-- Create "revisions" table
CREATE TABLE "revisions" ("id" bigint NOT NULL, "document_id" bigint NOT NULL, "number" bigint NOT NULL, "snapshot" text NOT NULL, "hash" character varying NOT NULL, "author" character varying NOT NULL, "message" character varying NULL, "created_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- Create index "revision_document_id_number" to table: "revisions"
CREATE UNIQUE INDEX "revision_document_id_number" ON "revisions" ("document_id", "number");
-- Create "aliases" table
CREATE TABLE "aliases" ("id" bigint NOT NULL, "document_id" bigint NOT NULL, "type" smallint NOT NULL, "slug" character varying NULL, "former_id" bigint NULL, PRIMARY KEY ("id"));
-- Create index "alias_document_id" to table: "aliases"
CREATE INDEX "alias_document_id" ON "aliases" ("document_id");
-- Create index "alias_former_id" to table: "aliases"
CREATE UNIQUE INDEX "alias_former_id" ON "aliases" ("former_id");
-- Create index "alias_type_slug" to table: "aliases"
CREATE UNIQUE INDEX "alias_type_slug" ON "aliases" ("type", "slug");
-- Create "edition_items" table
CREATE TABLE "edition_items" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "headline" character varying NOT NULL, "occurred_on" character varying NULL, "summary" text NOT NULL, "analysis" character varying NULL, "edition_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "edition_items_editions_edition" FOREIGN KEY ("edition_id") REFERENCES "editions" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "editionitem_edition_id_position" to table: "edition_items"
CREATE INDEX "editionitem_edition_id_position" ON "edition_items" ("edition_id", "position");
-- Create "entities" table
CREATE TABLE "entities" ("id" bigint NOT NULL, "slug" character varying NOT NULL, "marking" bigint NOT NULL DEFAULT 0, "version" bigint NOT NULL DEFAULT 1, "effective_marking" bigint NOT NULL DEFAULT 99, "created_at" timestamptz NOT NULL, "created_by" character varying NULL, "updated_at" timestamptz NOT NULL, "updated_by" character varying NULL, "published_at" timestamptz NULL, "published_by" character varying NULL, "live_version" bigint NULL, "deleted_at" timestamptz NULL, "deleted_by" character varying NULL, "kind" character varying NOT NULL, "name" character varying NOT NULL, "language" character varying NULL, "country" character varying NULL, "description" character varying NULL, "start_date" character varying NULL, "end_date" character varying NULL, "homepage" character varying NULL, PRIMARY KEY ("id"));
-- Create index "entity_created_at_id" to table: "entities"
CREATE INDEX "entity_created_at_id" ON "entities" ("created_at", "id");
-- Create index "entity_name_id" to table: "entities"
CREATE INDEX "entity_name_id" ON "entities" ("name", "id");
-- Create index "entity_published_at_id_effective_marking" to table: "entities"
CREATE INDEX "entity_published_at_id_effective_marking" ON "entities" ("published_at" DESC, "id" DESC, "effective_marking");
-- Create index "entity_slug" to table: "entities"
CREATE UNIQUE INDEX "entity_slug" ON "entities" ("slug");
-- Create index "entity_updated_at_id" to table: "entities"
CREATE INDEX "entity_updated_at_id" ON "entities" ("updated_at", "id");
-- Create "listings" table
CREATE TABLE "listings" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "authority" character varying NOT NULL, "programme" character varying NULL, "list_id" character varying NULL, "since" character varying NULL, "until" character varying NULL, "entity_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "listings_entities_entity" FOREIGN KEY ("entity_id") REFERENCES "entities" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "listing_authority_programme" to table: "listings"
CREATE INDEX "listing_authority_programme" ON "listings" ("authority", "programme");
-- Create index "listing_entity_id_position" to table: "listings"
CREATE INDEX "listing_entity_id_position" ON "listings" ("entity_id", "position");
-- Create "narratives" table
CREATE TABLE "narratives" ("id" bigint NOT NULL, "slug" character varying NOT NULL, "marking" bigint NOT NULL DEFAULT 0, "version" bigint NOT NULL DEFAULT 1, "effective_marking" bigint NOT NULL DEFAULT 99, "created_at" timestamptz NOT NULL, "created_by" character varying NULL, "updated_at" timestamptz NOT NULL, "updated_by" character varying NULL, "published_at" timestamptz NULL, "published_by" character varying NULL, "live_version" bigint NULL, "deleted_at" timestamptz NULL, "deleted_by" character varying NULL, "title" character varying NOT NULL, "claim" character varying NOT NULL, "description" character varying NULL, "assessment" character varying NULL, "status" character varying NOT NULL, "first_observed" character varying NULL, "last_observed" character varying NULL, "parent_id" bigint NULL, PRIMARY KEY ("id"), CONSTRAINT "narratives_narratives_children" FOREIGN KEY ("parent_id") REFERENCES "narratives" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "narrative_created_at_id" to table: "narratives"
CREATE INDEX "narrative_created_at_id" ON "narratives" ("created_at", "id");
-- Create index "narrative_parent_id" to table: "narratives"
CREATE INDEX "narrative_parent_id" ON "narratives" ("parent_id");
-- Create index "narrative_published_at_id_effective_marking" to table: "narratives"
CREATE INDEX "narrative_published_at_id_effective_marking" ON "narratives" ("published_at" DESC, "id" DESC, "effective_marking");
-- Create index "narrative_slug" to table: "narratives"
CREATE UNIQUE INDEX "narrative_slug" ON "narratives" ("slug");
-- Create index "narrative_title_id" to table: "narratives"
CREATE INDEX "narrative_title_id" ON "narratives" ("title", "id");
-- Create index "narrative_updated_at_id" to table: "narratives"
CREATE INDEX "narrative_updated_at_id" ON "narratives" ("updated_at", "id");
-- Create "observations" table
CREATE TABLE "observations" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "observed_on" character varying NULL, "platform" character varying NULL, "url" character varying NULL, "language" character varying NULL, "description" text NOT NULL, "reach" bigint NULL, "narrative_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "observations_narratives_narrative" FOREIGN KEY ("narrative_id") REFERENCES "narratives" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "observation_narrative_id_position" to table: "observations"
CREATE INDEX "observation_narrative_id_position" ON "observations" ("narrative_id", "position");
-- Create "relationships" table
CREATE TABLE "relationships" ("id" bigint NOT NULL, "slug" character varying NOT NULL, "marking" bigint NOT NULL DEFAULT 0, "version" bigint NOT NULL DEFAULT 1, "effective_marking" bigint NOT NULL DEFAULT 99, "created_at" timestamptz NOT NULL, "created_by" character varying NULL, "updated_at" timestamptz NOT NULL, "updated_by" character varying NULL, "published_at" timestamptz NULL, "published_by" character varying NULL, "live_version" bigint NULL, "deleted_at" timestamptz NULL, "deleted_by" character varying NULL, "kind" character varying NOT NULL, "share" bigint NULL, "role" character varying NULL, "since" character varying NULL, "until" character varying NULL, "confidence" character varying NOT NULL, "description" character varying NULL, "from_id" bigint NOT NULL, "to_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "relationships_entities_from" FOREIGN KEY ("from_id") REFERENCES "entities" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "relationships_entities_to" FOREIGN KEY ("to_id") REFERENCES "entities" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "relationship_created_at_id" to table: "relationships"
CREATE INDEX "relationship_created_at_id" ON "relationships" ("created_at", "id");
-- Create index "relationship_from_id_to_id" to table: "relationships"
CREATE INDEX "relationship_from_id_to_id" ON "relationships" ("from_id", "to_id");
-- Create index "relationship_published_at_id_effective_marking" to table: "relationships"
CREATE INDEX "relationship_published_at_id_effective_marking" ON "relationships" ("published_at" DESC, "id" DESC, "effective_marking");
-- Create index "relationship_slug" to table: "relationships"
CREATE UNIQUE INDEX "relationship_slug" ON "relationships" ("slug");
-- Create index "relationship_to_id_from_id" to table: "relationships"
CREATE INDEX "relationship_to_id_from_id" ON "relationships" ("to_id", "from_id");
-- Create index "relationship_updated_at_id" to table: "relationships"
CREATE INDEX "relationship_updated_at_id" ON "relationships" ("updated_at", "id");
-- Create "sources" table
CREATE TABLE "sources" ("id" bigint NOT NULL, "slug" character varying NOT NULL, "marking" bigint NOT NULL DEFAULT 0, "version" bigint NOT NULL DEFAULT 1, "effective_marking" bigint NOT NULL DEFAULT 99, "created_at" timestamptz NOT NULL, "created_by" character varying NULL, "updated_at" timestamptz NOT NULL, "updated_by" character varying NULL, "published_at" timestamptz NULL, "published_by" character varying NULL, "live_version" bigint NULL, "deleted_at" timestamptz NULL, "deleted_by" character varying NULL, "title" character varying NOT NULL, "url" character varying NULL, "publisher" character varying NULL, "date" character varying NULL, "accessed" character varying NULL, "archive_url" character varying NULL, "language" character varying NULL, "reliability" character varying NULL, "credibility" bigint NULL, PRIMARY KEY ("id"));
-- Create index "source_created_at_id" to table: "sources"
CREATE INDEX "source_created_at_id" ON "sources" ("created_at", "id");
-- Create index "source_published_at_id_effective_marking" to table: "sources"
CREATE INDEX "source_published_at_id_effective_marking" ON "sources" ("published_at" DESC, "id" DESC, "effective_marking");
-- Create index "source_slug" to table: "sources"
CREATE UNIQUE INDEX "source_slug" ON "sources" ("slug");
-- Create index "source_title_id" to table: "sources"
CREATE INDEX "source_title_id" ON "sources" ("title", "id");
-- Create index "source_updated_at_id" to table: "sources"
CREATE INDEX "source_updated_at_id" ON "sources" ("updated_at", "id");
-- Create index "source_url" to table: "sources"
CREATE INDEX "source_url" ON "sources" ("url");
-- Create "citations" table
CREATE TABLE "citations" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "locator" character varying NULL, "quote" character varying NULL, "relationship_id" bigint NULL, "listing_id" bigint NULL, "observation_id" bigint NULL, "item_id" bigint NULL, "source_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "citations_edition_items_item" FOREIGN KEY ("item_id") REFERENCES "edition_items" ("id") ON UPDATE NO ACTION ON DELETE CASCADE, CONSTRAINT "citations_listings_listing" FOREIGN KEY ("listing_id") REFERENCES "listings" ("id") ON UPDATE NO ACTION ON DELETE CASCADE, CONSTRAINT "citations_observations_observation" FOREIGN KEY ("observation_id") REFERENCES "observations" ("id") ON UPDATE NO ACTION ON DELETE CASCADE, CONSTRAINT "citations_relationships_relationship" FOREIGN KEY ("relationship_id") REFERENCES "relationships" ("id") ON UPDATE NO ACTION ON DELETE CASCADE, CONSTRAINT "citations_sources_source" FOREIGN KEY ("source_id") REFERENCES "sources" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "citation_item_id_position" to table: "citations"
CREATE INDEX "citation_item_id_position" ON "citations" ("item_id", "position");
-- Create index "citation_listing_id_position" to table: "citations"
CREATE INDEX "citation_listing_id_position" ON "citations" ("listing_id", "position");
-- Create index "citation_observation_id_position" to table: "citations"
CREATE INDEX "citation_observation_id_position" ON "citations" ("observation_id", "position");
-- Create index "citation_relationship_id_position" to table: "citations"
CREATE INDEX "citation_relationship_id_position" ON "citations" ("relationship_id", "position");
-- Create index "citation_source_id" to table: "citations"
CREATE INDEX "citation_source_id" ON "citations" ("source_id");
-- Create "assets" table
CREATE TABLE "assets" ("id" bigint NOT NULL, "slug" character varying NOT NULL, "marking" bigint NOT NULL DEFAULT 0, "version" bigint NOT NULL DEFAULT 1, "effective_marking" bigint NOT NULL DEFAULT 99, "created_at" timestamptz NOT NULL, "created_by" character varying NULL, "updated_at" timestamptz NOT NULL, "updated_by" character varying NULL, "published_at" timestamptz NULL, "published_by" character varying NULL, "live_version" bigint NULL, "deleted_at" timestamptz NULL, "deleted_by" character varying NULL, "url" character varying NOT NULL, "media_type" character varying NOT NULL, "size" bigint NULL, "alt_text" character varying NULL, "title" character varying NULL, PRIMARY KEY ("id"));
-- Create index "asset_created_at_id" to table: "assets"
CREATE INDEX "asset_created_at_id" ON "assets" ("created_at", "id");
-- Create index "asset_published_at_id_effective_marking" to table: "assets"
CREATE INDEX "asset_published_at_id_effective_marking" ON "assets" ("published_at" DESC, "id" DESC, "effective_marking");
-- Create index "asset_slug" to table: "assets"
CREATE UNIQUE INDEX "asset_slug" ON "assets" ("slug");
-- Create index "asset_updated_at_id" to table: "assets"
CREATE INDEX "asset_updated_at_id" ON "assets" ("updated_at", "id");
-- Create "reports" table
CREATE TABLE "reports" ("id" bigint NOT NULL, "slug" character varying NOT NULL, "marking" bigint NOT NULL DEFAULT 0, "version" bigint NOT NULL DEFAULT 1, "effective_marking" bigint NOT NULL DEFAULT 99, "created_at" timestamptz NOT NULL, "created_by" character varying NULL, "updated_at" timestamptz NOT NULL, "updated_by" character varying NULL, "published_at" timestamptz NULL, "published_by" character varying NULL, "live_version" bigint NULL, "deleted_at" timestamptz NULL, "deleted_by" character varying NULL, "kind" character varying NOT NULL, "title" character varying NOT NULL, "subtitle" character varying NULL, "summary" character varying NULL, "question" character varying NULL, "key_findings" jsonb NULL, "methods" jsonb NULL, "language" character varying NOT NULL, "body" text NOT NULL DEFAULT '', "word_count" bigint NOT NULL DEFAULT 0, "reading_minutes" bigint NOT NULL DEFAULT 0, "hero_id" bigint NULL, PRIMARY KEY ("id"), CONSTRAINT "reports_assets_hero" FOREIGN KEY ("hero_id") REFERENCES "assets" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "report_created_at_id" to table: "reports"
CREATE INDEX "report_created_at_id" ON "reports" ("created_at", "id");
-- Create index "report_published_at_id_effective_marking" to table: "reports"
CREATE INDEX "report_published_at_id_effective_marking" ON "reports" ("published_at" DESC, "id" DESC, "effective_marking");
-- Create index "report_slug" to table: "reports"
CREATE UNIQUE INDEX "report_slug" ON "reports" ("slug");
-- Create index "report_title_id" to table: "reports"
CREATE INDEX "report_title_id" ON "reports" ("title", "id");
-- Create index "report_updated_at_id" to table: "reports"
CREATE INDEX "report_updated_at_id" ON "reports" ("updated_at", "id");
-- Create "contributions" table
CREATE TABLE "contributions" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "role" character varying NOT NULL, "report_id" bigint NOT NULL, "entity_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "contributions_entities_entity" FOREIGN KEY ("entity_id") REFERENCES "entities" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "contributions_reports_report" FOREIGN KEY ("report_id") REFERENCES "reports" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "contribution_entity_id_report_id" to table: "contributions"
CREATE INDEX "contribution_entity_id_report_id" ON "contributions" ("entity_id", "report_id");
-- Create index "contribution_report_id_position_entity_id" to table: "contributions"
CREATE INDEX "contribution_report_id_position_entity_id" ON "contributions" ("report_id", "position", "entity_id");
-- Create "entity_identifiers" table
CREATE TABLE "entity_identifiers" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "scheme" character varying NOT NULL, "value" character varying NOT NULL, "entity_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "entity_identifiers_entities_entity" FOREIGN KEY ("entity_id") REFERENCES "entities" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "entityidentifier_entity_id_position" to table: "entity_identifiers"
CREATE INDEX "entityidentifier_entity_id_position" ON "entity_identifiers" ("entity_id", "position");
-- Create index "entityidentifier_scheme_value" to table: "entity_identifiers"
CREATE INDEX "entityidentifier_scheme_value" ON "entity_identifiers" ("scheme", "value");
-- Create "entity_names" table
CREATE TABLE "entity_names" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "text" character varying NOT NULL, "language" character varying NULL, "kind" character varying NOT NULL, "entity_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "entity_names_entities_entity" FOREIGN KEY ("entity_id") REFERENCES "entities" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "entityname_entity_id_position" to table: "entity_names"
CREATE INDEX "entityname_entity_id_position" ON "entity_names" ("entity_id", "position");
-- Create index "entityname_text" to table: "entity_names"
CREATE INDEX "entityname_text" ON "entity_names" ("text");
-- Create "tags" table
CREATE TABLE "tags" ("id" bigint NOT NULL, "slug" character varying NOT NULL, "marking" bigint NOT NULL DEFAULT 0, "version" bigint NOT NULL DEFAULT 1, "effective_marking" bigint NOT NULL DEFAULT 99, "created_at" timestamptz NOT NULL, "created_by" character varying NULL, "updated_at" timestamptz NOT NULL, "updated_by" character varying NULL, "published_at" timestamptz NULL, "published_by" character varying NULL, "live_version" bigint NULL, "deleted_at" timestamptz NULL, "deleted_by" character varying NULL, "label" character varying NOT NULL, "description" character varying NULL, "vocabulary" character varying NOT NULL, "parent_id" bigint NULL, PRIMARY KEY ("id"), CONSTRAINT "tags_tags_children" FOREIGN KEY ("parent_id") REFERENCES "tags" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "tag_created_at_id" to table: "tags"
CREATE INDEX "tag_created_at_id" ON "tags" ("created_at", "id");
-- Create index "tag_label_id" to table: "tags"
CREATE INDEX "tag_label_id" ON "tags" ("label", "id");
-- Create index "tag_parent_id" to table: "tags"
CREATE INDEX "tag_parent_id" ON "tags" ("parent_id");
-- Create index "tag_published_at_id_effective_marking" to table: "tags"
CREATE INDEX "tag_published_at_id_effective_marking" ON "tags" ("published_at" DESC, "id" DESC, "effective_marking");
-- Create index "tag_slug" to table: "tags"
CREATE UNIQUE INDEX "tag_slug" ON "tags" ("slug");
-- Create index "tag_updated_at_id" to table: "tags"
CREATE INDEX "tag_updated_at_id" ON "tags" ("updated_at", "id");
-- Create "entity_tags" table
CREATE TABLE "entity_tags" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "entity_id" bigint NOT NULL, "tag_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "entity_tags_entities_entity" FOREIGN KEY ("entity_id") REFERENCES "entities" ("id") ON UPDATE NO ACTION ON DELETE CASCADE, CONSTRAINT "entity_tags_tags_tag" FOREIGN KEY ("tag_id") REFERENCES "tags" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "entitytag_entity_id_position_tag_id" to table: "entity_tags"
CREATE INDEX "entitytag_entity_id_position_tag_id" ON "entity_tags" ("entity_id", "position", "tag_id");
-- Create index "entitytag_tag_id_entity_id" to table: "entity_tags"
CREATE INDEX "entitytag_tag_id_entity_id" ON "entity_tags" ("tag_id", "entity_id");
-- Create "footnotes" table
CREATE TABLE "footnotes" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "number" bigint NOT NULL, "label" character varying NOT NULL, "anchor" character varying NOT NULL, "text" text NOT NULL, "locator" character varying NULL, "report_id" bigint NOT NULL, "source_id" bigint NULL, PRIMARY KEY ("id"), CONSTRAINT "footnotes_reports_report" FOREIGN KEY ("report_id") REFERENCES "reports" ("id") ON UPDATE NO ACTION ON DELETE CASCADE, CONSTRAINT "footnotes_sources_source" FOREIGN KEY ("source_id") REFERENCES "sources" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "footnote_report_id_position" to table: "footnotes"
CREATE INDEX "footnote_report_id_position" ON "footnotes" ("report_id", "position");
-- Create index "footnote_source_id_report_id" to table: "footnotes"
CREATE INDEX "footnote_source_id_report_id" ON "footnotes" ("source_id", "report_id");
-- Create "item_entities" table
CREATE TABLE "item_entities" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "item_id" bigint NOT NULL, "entity_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "item_entities_edition_items_item" FOREIGN KEY ("item_id") REFERENCES "edition_items" ("id") ON UPDATE NO ACTION ON DELETE CASCADE, CONSTRAINT "item_entities_entities_entity" FOREIGN KEY ("entity_id") REFERENCES "entities" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "itementity_entity_id_item_id" to table: "item_entities"
CREATE INDEX "itementity_entity_id_item_id" ON "item_entities" ("entity_id", "item_id");
-- Create index "itementity_item_id_position_entity_id" to table: "item_entities"
CREATE INDEX "itementity_item_id_position_entity_id" ON "item_entities" ("item_id", "position", "entity_id");
-- Create "item_tags" table
CREATE TABLE "item_tags" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "item_id" bigint NOT NULL, "tag_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "item_tags_edition_items_item" FOREIGN KEY ("item_id") REFERENCES "edition_items" ("id") ON UPDATE NO ACTION ON DELETE CASCADE, CONSTRAINT "item_tags_tags_tag" FOREIGN KEY ("tag_id") REFERENCES "tags" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "itemtag_item_id_position_tag_id" to table: "item_tags"
CREATE INDEX "itemtag_item_id_position_tag_id" ON "item_tags" ("item_id", "position", "tag_id");
-- Create index "itemtag_tag_id_item_id" to table: "item_tags"
CREATE INDEX "itemtag_tag_id_item_id" ON "item_tags" ("tag_id", "item_id");
-- Create "narrative_amplifiers" table
CREATE TABLE "narrative_amplifiers" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "narrative_id" bigint NOT NULL, "entity_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "narrative_amplifiers_entities_entity" FOREIGN KEY ("entity_id") REFERENCES "entities" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "narrative_amplifiers_narratives_narrative" FOREIGN KEY ("narrative_id") REFERENCES "narratives" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "narrativeamplifier_entity_id_narrative_id" to table: "narrative_amplifiers"
CREATE INDEX "narrativeamplifier_entity_id_narrative_id" ON "narrative_amplifiers" ("entity_id", "narrative_id");
-- Create index "narrativeamplifier_narrative_id_position_entity_id" to table: "narrative_amplifiers"
CREATE INDEX "narrativeamplifier_narrative_id_position_entity_id" ON "narrative_amplifiers" ("narrative_id", "position", "entity_id");
-- Create "narrative_tags" table
CREATE TABLE "narrative_tags" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "narrative_id" bigint NOT NULL, "tag_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "narrative_tags_narratives_narrative" FOREIGN KEY ("narrative_id") REFERENCES "narratives" ("id") ON UPDATE NO ACTION ON DELETE CASCADE, CONSTRAINT "narrative_tags_tags_tag" FOREIGN KEY ("tag_id") REFERENCES "tags" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "narrativetag_narrative_id_position_tag_id" to table: "narrative_tags"
CREATE INDEX "narrativetag_narrative_id_position_tag_id" ON "narrative_tags" ("narrative_id", "position", "tag_id");
-- Create index "narrativetag_tag_id_narrative_id" to table: "narrative_tags"
CREATE INDEX "narrativetag_tag_id_narrative_id" ON "narrative_tags" ("tag_id", "narrative_id");
-- Create "narrative_targets" table
CREATE TABLE "narrative_targets" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "narrative_id" bigint NOT NULL, "entity_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "narrative_targets_entities_entity" FOREIGN KEY ("entity_id") REFERENCES "entities" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "narrative_targets_narratives_narrative" FOREIGN KEY ("narrative_id") REFERENCES "narratives" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "narrativetarget_entity_id_narrative_id" to table: "narrative_targets"
CREATE INDEX "narrativetarget_entity_id_narrative_id" ON "narrative_targets" ("entity_id", "narrative_id");
-- Create index "narrativetarget_narrative_id_position_entity_id" to table: "narrative_targets"
CREATE INDEX "narrativetarget_narrative_id_position_entity_id" ON "narrative_targets" ("narrative_id", "position", "entity_id");
-- Create "report_attachments" table
CREATE TABLE "report_attachments" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "report_id" bigint NOT NULL, "asset_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "report_attachments_assets_asset" FOREIGN KEY ("asset_id") REFERENCES "assets" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "report_attachments_reports_report" FOREIGN KEY ("report_id") REFERENCES "reports" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "reportattachment_asset_id_report_id" to table: "report_attachments"
CREATE INDEX "reportattachment_asset_id_report_id" ON "report_attachments" ("asset_id", "report_id");
-- Create index "reportattachment_report_id_position_asset_id" to table: "report_attachments"
CREATE INDEX "reportattachment_report_id_position_asset_id" ON "report_attachments" ("report_id", "position", "asset_id");
-- Create "report_entities" table
CREATE TABLE "report_entities" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "report_id" bigint NOT NULL, "entity_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "report_entities_entities_entity" FOREIGN KEY ("entity_id") REFERENCES "entities" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "report_entities_reports_report" FOREIGN KEY ("report_id") REFERENCES "reports" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "reportentity_entity_id_report_id" to table: "report_entities"
CREATE INDEX "reportentity_entity_id_report_id" ON "report_entities" ("entity_id", "report_id");
-- Create index "reportentity_report_id_position_entity_id" to table: "report_entities"
CREATE INDEX "reportentity_report_id_position_entity_id" ON "report_entities" ("report_id", "position", "entity_id");
-- Create "report_mentions" table
CREATE TABLE "report_mentions" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "report_id" bigint NOT NULL, "entity_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "report_mentions_entities_entity" FOREIGN KEY ("entity_id") REFERENCES "entities" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "report_mentions_reports_report" FOREIGN KEY ("report_id") REFERENCES "reports" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "reportmention_entity_id_report_id" to table: "report_mentions"
CREATE INDEX "reportmention_entity_id_report_id" ON "report_mentions" ("entity_id", "report_id");
-- Create index "reportmention_report_id_position_entity_id" to table: "report_mentions"
CREATE INDEX "reportmention_report_id_position_entity_id" ON "report_mentions" ("report_id", "position", "entity_id");
-- Create "report_narratives" table
CREATE TABLE "report_narratives" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "report_id" bigint NOT NULL, "narrative_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "report_narratives_narratives_narrative" FOREIGN KEY ("narrative_id") REFERENCES "narratives" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "report_narratives_reports_report" FOREIGN KEY ("report_id") REFERENCES "reports" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "reportnarrative_narrative_id_report_id" to table: "report_narratives"
CREATE INDEX "reportnarrative_narrative_id_report_id" ON "report_narratives" ("narrative_id", "report_id");
-- Create index "reportnarrative_report_id_position_narrative_id" to table: "report_narratives"
CREATE INDEX "reportnarrative_report_id_position_narrative_id" ON "report_narratives" ("report_id", "position", "narrative_id");
-- Create "report_tags" table
CREATE TABLE "report_tags" ("id" bigint NOT NULL, "position" bigint NOT NULL DEFAULT 0, "report_id" bigint NOT NULL, "tag_id" bigint NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "report_tags_reports_report" FOREIGN KEY ("report_id") REFERENCES "reports" ("id") ON UPDATE NO ACTION ON DELETE CASCADE, CONSTRAINT "report_tags_tags_tag" FOREIGN KEY ("tag_id") REFERENCES "tags" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "reporttag_report_id_position_tag_id" to table: "report_tags"
CREATE INDEX "reporttag_report_id_position_tag_id" ON "report_tags" ("report_id", "position", "tag_id");
-- Create index "reporttag_tag_id_report_id" to table: "report_tags"
CREATE INDEX "reporttag_tag_id_report_id" ON "report_tags" ("tag_id", "report_id");
