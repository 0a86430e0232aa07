-- Modify "api_keys" table
ALTER TABLE "api_keys" ADD COLUMN "scopes" jsonb NULL, ADD COLUMN "origins" jsonb NULL, ADD COLUMN "networks" jsonb NULL, ADD COLUMN "rate_limit" bigint NULL, ADD COLUMN "replaces" bigint NULL;
-- Create "audit_entries" table
CREATE TABLE "audit_entries" ("sequence" bigint NOT NULL, "at" timestamptz NOT NULL, "action" character varying NOT NULL, "actor" character varying NOT NULL, "actor_id" bigint NULL, "subject" character varying NULL, "documents" jsonb NULL, "detail" character varying NULL, "network" character varying NULL, "request_id" character varying NULL, "times" bigint NOT NULL, PRIMARY KEY ("sequence"));
-- Create index "auditentry_action" to table: "audit_entries"
CREATE INDEX "auditentry_action" ON "audit_entries" ("action");
-- Create index "auditentry_actor_id" to table: "audit_entries"
CREATE INDEX "auditentry_actor_id" ON "audit_entries" ("actor_id");
-- Create index "auditentry_at" to table: "audit_entries"
CREATE INDEX "auditentry_at" ON "audit_entries" ("at");
-- Create "key_networks" table
CREATE TABLE "key_networks" ("id" bigint NOT NULL, "key_id" bigint NOT NULL, "network" character varying NOT NULL, "first_seen_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- Create index "keynetwork_key_id_network" to table: "key_networks"
CREATE UNIQUE INDEX "keynetwork_key_id_network" ON "key_networks" ("key_id", "network");
-- Create "people" table
CREATE TABLE "people" ("id" bigint NOT NULL, "issuer" character varying NOT NULL, "subject" character varying NOT NULL, "name" character varying NOT NULL, "email" character varying NULL, "role" bigint NOT NULL, "clearance" bigint NOT NULL, "assigned_role" bigint NULL, "assigned_clearance" bigint NULL, "created_at" timestamptz NOT NULL, "last_seen_at" timestamptz NOT NULL, "disabled_at" timestamptz NULL, PRIMARY KEY ("id"));
-- Create index "person_issuer_subject" to table: "people"
CREATE UNIQUE INDEX "person_issuer_subject" ON "people" ("issuer", "subject");
-- Create "registered_documents" table
CREATE TABLE "registered_documents" ("id" bigint NOT NULL, "document_id" character varying NOT NULL, "name" character varying NULL, "text" text NOT NULL, "registered_by" character varying NOT NULL, "registered_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- Create index "registered_documents_document_id_key" to table: "registered_documents"
CREATE UNIQUE INDEX "registered_documents_document_id_key" ON "registered_documents" ("document_id");
