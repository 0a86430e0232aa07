-- Modify "aliases" table
ALTER TABLE "aliases" ALTER COLUMN "slug" TYPE character varying COLLATE "C";
-- Modify "api_keys" table
ALTER TABLE "api_keys" ALTER COLUMN "name" TYPE character varying COLLATE "C", ALTER COLUMN "hint" TYPE character varying COLLATE "C", ALTER COLUMN "hash" TYPE character varying COLLATE "C", ALTER COLUMN "created_by" TYPE character varying COLLATE "C";
-- Modify "assets" table
ALTER TABLE "assets" ALTER COLUMN "slug" TYPE character varying COLLATE "C", ALTER COLUMN "created_by" TYPE character varying COLLATE "C", ALTER COLUMN "updated_by" TYPE character varying COLLATE "C", ALTER COLUMN "published_by" TYPE character varying COLLATE "C", ALTER COLUMN "deleted_by" TYPE character varying COLLATE "C", ALTER COLUMN "url" TYPE character varying COLLATE "C", ALTER COLUMN "media_type" TYPE character varying COLLATE "C", ALTER COLUMN "alt_text" TYPE character varying COLLATE "C", ALTER COLUMN "title" TYPE character varying COLLATE "C";
-- Modify "audit_entries" table
ALTER TABLE "audit_entries" ALTER COLUMN "action" TYPE character varying COLLATE "C", ALTER COLUMN "actor" TYPE character varying COLLATE "C", ALTER COLUMN "subject" TYPE character varying COLLATE "C", ALTER COLUMN "detail" TYPE character varying COLLATE "C", ALTER COLUMN "network" TYPE character varying COLLATE "C", ALTER COLUMN "request_id" TYPE character varying COLLATE "C";
-- Modify "citations" table
ALTER TABLE "citations" ALTER COLUMN "locator" TYPE character varying COLLATE "C", ALTER COLUMN "quote" TYPE character varying COLLATE "C";
-- Modify "contributions" table
ALTER TABLE "contributions" ALTER COLUMN "role" TYPE character varying COLLATE "C";
-- Modify "editions" table
ALTER TABLE "editions" ALTER COLUMN "slug" TYPE character varying COLLATE "C", ALTER COLUMN "created_by" TYPE character varying COLLATE "C", ALTER COLUMN "updated_by" TYPE character varying COLLATE "C", ALTER COLUMN "published_by" TYPE character varying COLLATE "C", ALTER COLUMN "deleted_by" TYPE character varying COLLATE "C", ALTER COLUMN "series" TYPE character varying COLLATE "C", ALTER COLUMN "title" TYPE character varying COLLATE "C", ALTER COLUMN "introduction" TYPE character varying COLLATE "C", ALTER COLUMN "language" TYPE character varying COLLATE "C", ALTER COLUMN "period_start" TYPE character varying COLLATE "C", ALTER COLUMN "period_end" TYPE character varying COLLATE "C";
-- Modify "edition_items" table
ALTER TABLE "edition_items" ALTER COLUMN "headline" TYPE character varying COLLATE "C", ALTER COLUMN "occurred_on" TYPE character varying COLLATE "C", ALTER COLUMN "summary" TYPE text COLLATE "C", ALTER COLUMN "analysis" TYPE character varying COLLATE "C";
-- Modify "entities" table
ALTER TABLE "entities" ALTER COLUMN "slug" TYPE character varying COLLATE "C", ALTER COLUMN "created_by" TYPE character varying COLLATE "C", ALTER COLUMN "updated_by" TYPE character varying COLLATE "C", ALTER COLUMN "published_by" TYPE character varying COLLATE "C", ALTER COLUMN "deleted_by" TYPE character varying COLLATE "C", ALTER COLUMN "kind" TYPE character varying COLLATE "C", ALTER COLUMN "name" TYPE character varying COLLATE "C", ALTER COLUMN "language" TYPE character varying COLLATE "C", ALTER COLUMN "country" TYPE character varying COLLATE "C", ALTER COLUMN "description" TYPE character varying COLLATE "C", ALTER COLUMN "start_date" TYPE character varying COLLATE "C", ALTER COLUMN "end_date" TYPE character varying COLLATE "C", ALTER COLUMN "homepage" TYPE character varying COLLATE "C";
-- Modify "entity_identifiers" table
ALTER TABLE "entity_identifiers" ALTER COLUMN "scheme" TYPE character varying COLLATE "C", ALTER COLUMN "value" TYPE character varying COLLATE "C";
-- Modify "entity_names" table
ALTER TABLE "entity_names" ALTER COLUMN "text" TYPE character varying COLLATE "C", ALTER COLUMN "language" TYPE character varying COLLATE "C", ALTER COLUMN "kind" TYPE character varying COLLATE "C";
-- Modify "footnotes" table
ALTER TABLE "footnotes" ALTER COLUMN "label" TYPE character varying COLLATE "C", ALTER COLUMN "anchor" TYPE character varying COLLATE "C", ALTER COLUMN "text" TYPE text COLLATE "C", ALTER COLUMN "locator" TYPE character varying COLLATE "C";
-- Modify "key_networks" table
ALTER TABLE "key_networks" ALTER COLUMN "network" TYPE character varying COLLATE "C";
-- Modify "listings" table
ALTER TABLE "listings" ALTER COLUMN "authority" TYPE character varying COLLATE "C", ALTER COLUMN "programme" TYPE character varying COLLATE "C", ALTER COLUMN "list_id" TYPE character varying COLLATE "C", ALTER COLUMN "since" TYPE character varying COLLATE "C", ALTER COLUMN "until" TYPE character varying COLLATE "C";
-- Modify "name_keys" table
ALTER TABLE "name_keys" ALTER COLUMN "name" TYPE character varying COLLATE "C";
-- Modify "narratives" table
ALTER TABLE "narratives" ALTER COLUMN "slug" TYPE character varying COLLATE "C", ALTER COLUMN "created_by" TYPE character varying COLLATE "C", ALTER COLUMN "updated_by" TYPE character varying COLLATE "C", ALTER COLUMN "published_by" TYPE character varying COLLATE "C", ALTER COLUMN "deleted_by" TYPE character varying COLLATE "C", ALTER COLUMN "title" TYPE character varying COLLATE "C", ALTER COLUMN "claim" TYPE character varying COLLATE "C", ALTER COLUMN "description" TYPE character varying COLLATE "C", ALTER COLUMN "assessment" TYPE character varying COLLATE "C", ALTER COLUMN "status" TYPE character varying COLLATE "C", ALTER COLUMN "first_observed" TYPE character varying COLLATE "C", ALTER COLUMN "last_observed" TYPE character varying COLLATE "C";
-- Modify "observations" table
ALTER TABLE "observations" ALTER COLUMN "observed_on" TYPE character varying COLLATE "C", ALTER COLUMN "platform" TYPE character varying COLLATE "C", ALTER COLUMN "url" TYPE character varying COLLATE "C", ALTER COLUMN "language" TYPE character varying COLLATE "C", ALTER COLUMN "description" TYPE text COLLATE "C";
-- Modify "people" table
ALTER TABLE "people" ALTER COLUMN "issuer" TYPE character varying COLLATE "C", ALTER COLUMN "subject" TYPE character varying COLLATE "C", ALTER COLUMN "name" TYPE character varying COLLATE "C", ALTER COLUMN "email" TYPE character varying COLLATE "C";
-- Modify "publication_entries" table
ALTER TABLE "publication_entries" ALTER COLUMN "action" TYPE character varying COLLATE "C", ALTER COLUMN "actor" TYPE character varying COLLATE "C", ALTER COLUMN "message" TYPE character varying COLLATE "C";
-- Modify "publication_log" table
ALTER TABLE "publication_log" ALTER COLUMN "identity" TYPE character varying COLLATE "C";
-- Modify "registered_documents" table
ALTER TABLE "registered_documents" ALTER COLUMN "document_id" TYPE character varying COLLATE "C", ALTER COLUMN "name" TYPE character varying COLLATE "C", ALTER COLUMN "text" TYPE text COLLATE "C", ALTER COLUMN "registered_by" TYPE character varying COLLATE "C";
-- Modify "relationships" table
ALTER TABLE "relationships" ALTER COLUMN "slug" TYPE character varying COLLATE "C", ALTER COLUMN "created_by" TYPE character varying COLLATE "C", ALTER COLUMN "updated_by" TYPE character varying COLLATE "C", ALTER COLUMN "published_by" TYPE character varying COLLATE "C", ALTER COLUMN "deleted_by" TYPE character varying COLLATE "C", ALTER COLUMN "kind" TYPE character varying COLLATE "C", ALTER COLUMN "role" TYPE character varying COLLATE "C", ALTER COLUMN "since" TYPE character varying COLLATE "C", ALTER COLUMN "until" TYPE character varying COLLATE "C", ALTER COLUMN "confidence" TYPE character varying COLLATE "C", ALTER COLUMN "description" TYPE character varying COLLATE "C";
-- Modify "reports" table
ALTER TABLE "reports" ALTER COLUMN "slug" TYPE character varying COLLATE "C", ALTER COLUMN "created_by" TYPE character varying COLLATE "C", ALTER COLUMN "updated_by" TYPE character varying COLLATE "C", ALTER COLUMN "published_by" TYPE character varying COLLATE "C", ALTER COLUMN "deleted_by" TYPE character varying COLLATE "C", ALTER COLUMN "kind" TYPE character varying COLLATE "C", ALTER COLUMN "title" TYPE character varying COLLATE "C", ALTER COLUMN "subtitle" TYPE character varying COLLATE "C", ALTER COLUMN "summary" TYPE character varying COLLATE "C", ALTER COLUMN "question" TYPE character varying COLLATE "C", ALTER COLUMN "language" TYPE character varying COLLATE "C", ALTER COLUMN "body" TYPE text COLLATE "C";
-- Modify "revisions" table
ALTER TABLE "revisions" ALTER COLUMN "snapshot" TYPE text COLLATE "C", ALTER COLUMN "hash" TYPE character varying COLLATE "C", ALTER COLUMN "author" TYPE character varying COLLATE "C", ALTER COLUMN "message" TYPE character varying COLLATE "C";
-- Modify "schedules" table
ALTER TABLE "schedules" ALTER COLUMN "action" TYPE character varying COLLATE "C", ALTER COLUMN "references" TYPE character varying COLLATE "C", ALTER COLUMN "message" TYPE character varying COLLATE "C", ALTER COLUMN "status" TYPE character varying COLLATE "C", ALTER COLUMN "error" TYPE character varying COLLATE "C", ALTER COLUMN "created_by" TYPE character varying COLLATE "C";
-- Modify "sources" table
ALTER TABLE "sources" ALTER COLUMN "slug" TYPE character varying COLLATE "C", ALTER COLUMN "created_by" TYPE character varying COLLATE "C", ALTER COLUMN "updated_by" TYPE character varying COLLATE "C", ALTER COLUMN "published_by" TYPE character varying COLLATE "C", ALTER COLUMN "deleted_by" TYPE character varying COLLATE "C", ALTER COLUMN "title" TYPE character varying COLLATE "C", ALTER COLUMN "url" TYPE character varying COLLATE "C", ALTER COLUMN "publisher" TYPE character varying COLLATE "C", ALTER COLUMN "date" TYPE character varying COLLATE "C", ALTER COLUMN "accessed" TYPE character varying COLLATE "C", ALTER COLUMN "archive_url" TYPE character varying COLLATE "C", ALTER COLUMN "language" TYPE character varying COLLATE "C", ALTER COLUMN "reliability" TYPE character varying COLLATE "C";
-- Modify "tags" table
ALTER TABLE "tags" ALTER COLUMN "slug" TYPE character varying COLLATE "C", ALTER COLUMN "created_by" TYPE character varying COLLATE "C", ALTER COLUMN "updated_by" TYPE character varying COLLATE "C", ALTER COLUMN "published_by" TYPE character varying COLLATE "C", ALTER COLUMN "deleted_by" TYPE character varying COLLATE "C", ALTER COLUMN "label" TYPE character varying COLLATE "C", ALTER COLUMN "description" TYPE character varying COLLATE "C", ALTER COLUMN "vocabulary" TYPE character varying COLLATE "C";
-- Modify "webhooks" table
ALTER TABLE "webhooks" ALTER COLUMN "url" TYPE character varying COLLATE "C", ALTER COLUMN "description" TYPE character varying COLLATE "C", ALTER COLUMN "secret" TYPE character varying COLLATE "C", ALTER COLUMN "previous_secret" TYPE character varying COLLATE "C", ALTER COLUMN "state" TYPE character varying COLLATE "C", ALTER COLUMN "reason" TYPE character varying COLLATE "C", ALTER COLUMN "cursor" TYPE character varying COLLATE "C", ALTER COLUMN "created_by" TYPE character varying COLLATE "C";
-- Modify "webhook_deliveries" table
ALTER TABLE "webhook_deliveries" ALTER COLUMN "event" TYPE character varying COLLATE "C", ALTER COLUMN "body" TYPE text COLLATE "C", ALTER COLUMN "state" TYPE character varying COLLATE "C", ALTER COLUMN "error" TYPE character varying COLLATE "C";
