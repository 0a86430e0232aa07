-- Create "aliases" table
CREATE TABLE `aliases` (`id` integer NOT NULL, `document_id` integer NOT NULL, `type` integer NOT NULL, `slug` text NULL, `former_id` integer NULL, PRIMARY KEY (`id`));
-- Create index "alias_document_id" to table: "aliases"
CREATE INDEX `alias_document_id` ON `aliases` (`document_id`);
-- Create index "alias_type_slug" to table: "aliases"
CREATE INDEX `alias_type_slug` ON `aliases` (`type`, `slug`);
-- Create index "alias_former_id" to table: "aliases"
CREATE INDEX `alias_former_id` ON `aliases` (`former_id`);
-- Create "assets" table
CREATE TABLE `assets` (`id` integer NOT NULL, `slug` text NOT NULL, `marking` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (1), `effective_marking` integer NOT NULL DEFAULT (99), `created_at` datetime NOT NULL, `created_by` text NULL, `updated_at` datetime NOT NULL, `updated_by` text NULL, `published_at` datetime NULL, `published_by` text NULL, `live_version` integer NULL, `deleted_at` datetime NULL, `deleted_by` text NULL, `url` text NOT NULL, `media_type` text NOT NULL, `size` integer NULL, `alt_text` text NULL, `title` text NULL, PRIMARY KEY (`id`));
-- Create index "asset_slug" to table: "assets"
CREATE INDEX `asset_slug` ON `assets` (`slug`);
-- Create index "asset_published_at_id_effective_marking" to table: "assets"
CREATE INDEX `asset_published_at_id_effective_marking` ON `assets` (`published_at` DESC, `id` DESC, `effective_marking`);
-- Create index "asset_updated_at_id" to table: "assets"
CREATE INDEX `asset_updated_at_id` ON `assets` (`updated_at`, `id`);
-- Create index "asset_created_at_id" to table: "assets"
CREATE INDEX `asset_created_at_id` ON `assets` (`created_at`, `id`);
-- Create "citations" table
CREATE TABLE `citations` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `locator` text NULL, `quote` text NULL, `relationship_id` integer NULL, `listing_id` integer NULL, `observation_id` integer NULL, `item_id` integer NULL, `source_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "citation_relationship_id_position" to table: "citations"
CREATE INDEX `citation_relationship_id_position` ON `citations` (`relationship_id`, `position`);
-- Create index "citation_listing_id_position" to table: "citations"
CREATE INDEX `citation_listing_id_position` ON `citations` (`listing_id`, `position`);
-- Create index "citation_observation_id_position" to table: "citations"
CREATE INDEX `citation_observation_id_position` ON `citations` (`observation_id`, `position`);
-- Create index "citation_item_id_position" to table: "citations"
CREATE INDEX `citation_item_id_position` ON `citations` (`item_id`, `position`);
-- Create index "citation_source_id" to table: "citations"
CREATE INDEX `citation_source_id` ON `citations` (`source_id`);
-- Create "contributions" table
CREATE TABLE `contributions` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `role` text NOT NULL, `report_id` integer NOT NULL, `entity_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "contribution_report_id_position_entity_id" to table: "contributions"
CREATE INDEX `contribution_report_id_position_entity_id` ON `contributions` (`report_id`, `position`, `entity_id`);
-- Create index "contribution_entity_id_report_id" to table: "contributions"
CREATE INDEX `contribution_entity_id_report_id` ON `contributions` (`entity_id`, `report_id`);
-- Create "editions" table
CREATE TABLE `editions` (`id` integer NOT NULL, `slug` text NOT NULL, `marking` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (1), `effective_marking` integer NOT NULL DEFAULT (99), `created_at` datetime NOT NULL, `created_by` text NULL, `updated_at` datetime NOT NULL, `updated_by` text NULL, `published_at` datetime NULL, `published_by` text NULL, `live_version` integer NULL, `deleted_at` datetime NULL, `deleted_by` text NULL, `series` text NOT NULL, `number` integer NOT NULL, `title` text NOT NULL, `introduction` text NULL, `language` text NOT NULL, `period_start` text NULL, `period_end` text NULL, PRIMARY KEY (`id`));
-- Create index "edition_slug" to table: "editions"
CREATE INDEX `edition_slug` ON `editions` (`slug`);
-- Create index "edition_published_at_id_effective_marking" to table: "editions"
CREATE INDEX `edition_published_at_id_effective_marking` ON `editions` (`published_at` DESC, `id` DESC, `effective_marking`);
-- Create index "edition_updated_at_id" to table: "editions"
CREATE INDEX `edition_updated_at_id` ON `editions` (`updated_at`, `id`);
-- Create index "edition_created_at_id" to table: "editions"
CREATE INDEX `edition_created_at_id` ON `editions` (`created_at`, `id`);
-- Create index "edition_series_number" to table: "editions"
CREATE INDEX `edition_series_number` ON `editions` (`series`, `number`);
-- Create "edition_items" table
CREATE TABLE `edition_items` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `headline` text NOT NULL, `occurred_on` text NULL, `summary` text NOT NULL, `analysis` text NULL, `edition_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "editionitem_edition_id_position" to table: "edition_items"
CREATE INDEX `editionitem_edition_id_position` ON `edition_items` (`edition_id`, `position`);
-- Create "entities" table
CREATE TABLE `entities` (`id` integer NOT NULL, `slug` text NOT NULL, `marking` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (1), `effective_marking` integer NOT NULL DEFAULT (99), `created_at` datetime NOT NULL, `created_by` text NULL, `updated_at` datetime NOT NULL, `updated_by` text NULL, `published_at` datetime NULL, `published_by` text NULL, `live_version` integer NULL, `deleted_at` datetime NULL, `deleted_by` text NULL, `kind` text NOT NULL, `name` text NOT NULL, `language` text NULL, `country` text NULL, `description` text NULL, `start_date` text NULL, `end_date` text NULL, `homepage` text NULL, PRIMARY KEY (`id`));
-- Create index "entity_slug" to table: "entities"
CREATE INDEX `entity_slug` ON `entities` (`slug`);
-- Create index "entity_published_at_id_effective_marking" to table: "entities"
CREATE INDEX `entity_published_at_id_effective_marking` ON `entities` (`published_at` DESC, `id` DESC, `effective_marking`);
-- Create index "entity_updated_at_id" to table: "entities"
CREATE INDEX `entity_updated_at_id` ON `entities` (`updated_at`, `id`);
-- Create index "entity_created_at_id" to table: "entities"
CREATE INDEX `entity_created_at_id` ON `entities` (`created_at`, `id`);
-- Create index "entity_name_id" to table: "entities"
CREATE INDEX `entity_name_id` ON `entities` (`name`, `id`);
-- Create "entity_identifiers" table
CREATE TABLE `entity_identifiers` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `scheme` text NOT NULL, `value` text NOT NULL, `entity_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "entityidentifier_entity_id_position" to table: "entity_identifiers"
CREATE INDEX `entityidentifier_entity_id_position` ON `entity_identifiers` (`entity_id`, `position`);
-- Create index "entityidentifier_scheme_value" to table: "entity_identifiers"
CREATE INDEX `entityidentifier_scheme_value` ON `entity_identifiers` (`scheme`, `value`);
-- Create "entity_names" table
CREATE TABLE `entity_names` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `text` text NOT NULL, `language` text NULL, `kind` text NOT NULL, `entity_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "entityname_entity_id_position" to table: "entity_names"
CREATE INDEX `entityname_entity_id_position` ON `entity_names` (`entity_id`, `position`);
-- Create index "entityname_text" to table: "entity_names"
CREATE INDEX `entityname_text` ON `entity_names` (`text`);
-- Create "entity_tags" table
CREATE TABLE `entity_tags` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `entity_id` integer NOT NULL, `tag_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "entitytag_entity_id_position_tag_id" to table: "entity_tags"
CREATE INDEX `entitytag_entity_id_position_tag_id` ON `entity_tags` (`entity_id`, `position`, `tag_id`);
-- Create index "entitytag_tag_id_entity_id" to table: "entity_tags"
CREATE INDEX `entitytag_tag_id_entity_id` ON `entity_tags` (`tag_id`, `entity_id`);
-- Create "footnotes" table
CREATE TABLE `footnotes` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `number` integer NOT NULL, `label` text NOT NULL, `anchor` text NOT NULL, `text` text NOT NULL, `locator` text NULL, `report_id` integer NOT NULL, `source_id` integer NULL, PRIMARY KEY (`id`));
-- Create index "footnote_report_id_position" to table: "footnotes"
CREATE INDEX `footnote_report_id_position` ON `footnotes` (`report_id`, `position`);
-- Create index "footnote_source_id_report_id" to table: "footnotes"
CREATE INDEX `footnote_source_id_report_id` ON `footnotes` (`source_id`, `report_id`);
-- Create "item_entities" table
CREATE TABLE `item_entities` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `item_id` integer NOT NULL, `entity_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "itementity_item_id_position_entity_id" to table: "item_entities"
CREATE INDEX `itementity_item_id_position_entity_id` ON `item_entities` (`item_id`, `position`, `entity_id`);
-- Create index "itementity_entity_id_item_id" to table: "item_entities"
CREATE INDEX `itementity_entity_id_item_id` ON `item_entities` (`entity_id`, `item_id`);
-- Create "item_tags" table
CREATE TABLE `item_tags` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `item_id` integer NOT NULL, `tag_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "itemtag_item_id_position_tag_id" to table: "item_tags"
CREATE INDEX `itemtag_item_id_position_tag_id` ON `item_tags` (`item_id`, `position`, `tag_id`);
-- Create index "itemtag_tag_id_item_id" to table: "item_tags"
CREATE INDEX `itemtag_tag_id_item_id` ON `item_tags` (`tag_id`, `item_id`);
-- Create "listings" table
CREATE TABLE `listings` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `authority` text NOT NULL, `programme` text NULL, `list_id` text NULL, `since` text NULL, `until` text NULL, `entity_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "listing_entity_id_position" to table: "listings"
CREATE INDEX `listing_entity_id_position` ON `listings` (`entity_id`, `position`);
-- Create index "listing_authority_programme" to table: "listings"
CREATE INDEX `listing_authority_programme` ON `listings` (`authority`, `programme`);
-- Create "narratives" table
CREATE TABLE `narratives` (`id` integer NOT NULL, `slug` text NOT NULL, `marking` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (1), `effective_marking` integer NOT NULL DEFAULT (99), `created_at` datetime NOT NULL, `created_by` text NULL, `updated_at` datetime NOT NULL, `updated_by` text NULL, `published_at` datetime NULL, `published_by` text NULL, `live_version` integer NULL, `deleted_at` datetime NULL, `deleted_by` text NULL, `title` text NOT NULL, `claim` text NOT NULL, `description` text NULL, `assessment` text NULL, `status` text NOT NULL, `first_observed` text NULL, `last_observed` text NULL, `parent_id` integer NULL, PRIMARY KEY (`id`));
-- Create index "narrative_slug" to table: "narratives"
CREATE INDEX `narrative_slug` ON `narratives` (`slug`);
-- Create index "narrative_published_at_id_effective_marking" to table: "narratives"
CREATE INDEX `narrative_published_at_id_effective_marking` ON `narratives` (`published_at` DESC, `id` DESC, `effective_marking`);
-- Create index "narrative_updated_at_id" to table: "narratives"
CREATE INDEX `narrative_updated_at_id` ON `narratives` (`updated_at`, `id`);
-- Create index "narrative_created_at_id" to table: "narratives"
CREATE INDEX `narrative_created_at_id` ON `narratives` (`created_at`, `id`);
-- Create index "narrative_parent_id" to table: "narratives"
CREATE INDEX `narrative_parent_id` ON `narratives` (`parent_id`);
-- Create index "narrative_title_id" to table: "narratives"
CREATE INDEX `narrative_title_id` ON `narratives` (`title`, `id`);
-- Create "narrative_amplifiers" table
CREATE TABLE `narrative_amplifiers` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `narrative_id` integer NOT NULL, `entity_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "narrativeamplifier_narrative_id_position_entity_id" to table: "narrative_amplifiers"
CREATE INDEX `narrativeamplifier_narrative_id_position_entity_id` ON `narrative_amplifiers` (`narrative_id`, `position`, `entity_id`);
-- Create index "narrativeamplifier_entity_id_narrative_id" to table: "narrative_amplifiers"
CREATE INDEX `narrativeamplifier_entity_id_narrative_id` ON `narrative_amplifiers` (`entity_id`, `narrative_id`);
-- Create "narrative_tags" table
CREATE TABLE `narrative_tags` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `narrative_id` integer NOT NULL, `tag_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "narrativetag_narrative_id_position_tag_id" to table: "narrative_tags"
CREATE INDEX `narrativetag_narrative_id_position_tag_id` ON `narrative_tags` (`narrative_id`, `position`, `tag_id`);
-- Create index "narrativetag_tag_id_narrative_id" to table: "narrative_tags"
CREATE INDEX `narrativetag_tag_id_narrative_id` ON `narrative_tags` (`tag_id`, `narrative_id`);
-- Create "narrative_targets" table
CREATE TABLE `narrative_targets` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `narrative_id` integer NOT NULL, `entity_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "narrativetarget_narrative_id_position_entity_id" to table: "narrative_targets"
CREATE INDEX `narrativetarget_narrative_id_position_entity_id` ON `narrative_targets` (`narrative_id`, `position`, `entity_id`);
-- Create index "narrativetarget_entity_id_narrative_id" to table: "narrative_targets"
CREATE INDEX `narrativetarget_entity_id_narrative_id` ON `narrative_targets` (`entity_id`, `narrative_id`);
-- Create "observations" table
CREATE TABLE `observations` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `observed_on` text NULL, `platform` text NULL, `url` text NULL, `language` text NULL, `description` text NOT NULL, `reach` integer NULL, `narrative_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "observation_narrative_id_position" to table: "observations"
CREATE INDEX `observation_narrative_id_position` ON `observations` (`narrative_id`, `position`);
-- Create "projection" table
CREATE TABLE `projection` (`id` integer NOT NULL, `applied_sequence` integer NOT NULL, `applied_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create "relationships" table
CREATE TABLE `relationships` (`id` integer NOT NULL, `slug` text NOT NULL, `marking` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (1), `effective_marking` integer NOT NULL DEFAULT (99), `created_at` datetime NOT NULL, `created_by` text NULL, `updated_at` datetime NOT NULL, `updated_by` text NULL, `published_at` datetime NULL, `published_by` text NULL, `live_version` integer NULL, `deleted_at` datetime NULL, `deleted_by` text NULL, `kind` text NOT NULL, `share` integer NULL, `role` text NULL, `since` text NULL, `until` text NULL, `confidence` text NOT NULL, `description` text NULL, `from_id` integer NOT NULL, `to_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "relationship_slug" to table: "relationships"
CREATE INDEX `relationship_slug` ON `relationships` (`slug`);
-- Create index "relationship_published_at_id_effective_marking" to table: "relationships"
CREATE INDEX `relationship_published_at_id_effective_marking` ON `relationships` (`published_at` DESC, `id` DESC, `effective_marking`);
-- Create index "relationship_updated_at_id" to table: "relationships"
CREATE INDEX `relationship_updated_at_id` ON `relationships` (`updated_at`, `id`);
-- Create index "relationship_created_at_id" to table: "relationships"
CREATE INDEX `relationship_created_at_id` ON `relationships` (`created_at`, `id`);
-- Create index "relationship_from_id_to_id" to table: "relationships"
CREATE INDEX `relationship_from_id_to_id` ON `relationships` (`from_id`, `to_id`);
-- Create index "relationship_to_id_from_id" to table: "relationships"
CREATE INDEX `relationship_to_id_from_id` ON `relationships` (`to_id`, `from_id`);
-- Create "reports" table
CREATE TABLE `reports` (`id` integer NOT NULL, `slug` text NOT NULL, `marking` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (1), `effective_marking` integer NOT NULL DEFAULT (99), `created_at` datetime NOT NULL, `created_by` text NULL, `updated_at` datetime NOT NULL, `updated_by` text NULL, `published_at` datetime NULL, `published_by` text NULL, `live_version` integer NULL, `deleted_at` datetime NULL, `deleted_by` text NULL, `kind` text NOT NULL, `title` text NOT NULL, `subtitle` text NULL, `summary` text NULL, `question` text NULL, `key_findings` json NULL, `methods` json NULL, `language` text NOT NULL, `body` text NOT NULL DEFAULT (''), `word_count` integer NOT NULL DEFAULT (0), `reading_minutes` integer NOT NULL DEFAULT (0), `hero_id` integer NULL, PRIMARY KEY (`id`));
-- Create index "report_slug" to table: "reports"
CREATE INDEX `report_slug` ON `reports` (`slug`);
-- Create index "report_published_at_id_effective_marking" to table: "reports"
CREATE INDEX `report_published_at_id_effective_marking` ON `reports` (`published_at` DESC, `id` DESC, `effective_marking`);
-- Create index "report_updated_at_id" to table: "reports"
CREATE INDEX `report_updated_at_id` ON `reports` (`updated_at`, `id`);
-- Create index "report_created_at_id" to table: "reports"
CREATE INDEX `report_created_at_id` ON `reports` (`created_at`, `id`);
-- Create index "report_title_id" to table: "reports"
CREATE INDEX `report_title_id` ON `reports` (`title`, `id`);
-- Create "report_attachments" table
CREATE TABLE `report_attachments` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `report_id` integer NOT NULL, `asset_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "reportattachment_report_id_position_asset_id" to table: "report_attachments"
CREATE INDEX `reportattachment_report_id_position_asset_id` ON `report_attachments` (`report_id`, `position`, `asset_id`);
-- Create index "reportattachment_asset_id_report_id" to table: "report_attachments"
CREATE INDEX `reportattachment_asset_id_report_id` ON `report_attachments` (`asset_id`, `report_id`);
-- Create "report_entities" table
CREATE TABLE `report_entities` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `report_id` integer NOT NULL, `entity_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "reportentity_report_id_position_entity_id" to table: "report_entities"
CREATE INDEX `reportentity_report_id_position_entity_id` ON `report_entities` (`report_id`, `position`, `entity_id`);
-- Create index "reportentity_entity_id_report_id" to table: "report_entities"
CREATE INDEX `reportentity_entity_id_report_id` ON `report_entities` (`entity_id`, `report_id`);
-- Create "report_mentions" table
CREATE TABLE `report_mentions` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `report_id` integer NOT NULL, `entity_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "reportmention_report_id_position_entity_id" to table: "report_mentions"
CREATE INDEX `reportmention_report_id_position_entity_id` ON `report_mentions` (`report_id`, `position`, `entity_id`);
-- Create index "reportmention_entity_id_report_id" to table: "report_mentions"
CREATE INDEX `reportmention_entity_id_report_id` ON `report_mentions` (`entity_id`, `report_id`);
-- Create "report_narratives" table
CREATE TABLE `report_narratives` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `report_id` integer NOT NULL, `narrative_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "reportnarrative_report_id_position_narrative_id" to table: "report_narratives"
CREATE INDEX `reportnarrative_report_id_position_narrative_id` ON `report_narratives` (`report_id`, `position`, `narrative_id`);
-- Create index "reportnarrative_narrative_id_report_id" to table: "report_narratives"
CREATE INDEX `reportnarrative_narrative_id_report_id` ON `report_narratives` (`narrative_id`, `report_id`);
-- Create "report_tags" table
CREATE TABLE `report_tags` (`id` integer NOT NULL, `position` integer NOT NULL DEFAULT (0), `report_id` integer NOT NULL, `tag_id` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "reporttag_report_id_position_tag_id" to table: "report_tags"
CREATE INDEX `reporttag_report_id_position_tag_id` ON `report_tags` (`report_id`, `position`, `tag_id`);
-- Create index "reporttag_tag_id_report_id" to table: "report_tags"
CREATE INDEX `reporttag_tag_id_report_id` ON `report_tags` (`tag_id`, `report_id`);
-- Create "sources" table
CREATE TABLE `sources` (`id` integer NOT NULL, `slug` text NOT NULL, `marking` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (1), `effective_marking` integer NOT NULL DEFAULT (99), `created_at` datetime NOT NULL, `created_by` text NULL, `updated_at` datetime NOT NULL, `updated_by` text NULL, `published_at` datetime NULL, `published_by` text NULL, `live_version` integer NULL, `deleted_at` datetime NULL, `deleted_by` text NULL, `title` text NOT NULL, `url` text NULL, `publisher` text NULL, `date` text NULL, `accessed` text NULL, `archive_url` text NULL, `language` text NULL, `reliability` text NULL, `credibility` integer NULL, PRIMARY KEY (`id`));
-- Create index "source_slug" to table: "sources"
CREATE INDEX `source_slug` ON `sources` (`slug`);
-- Create index "source_published_at_id_effective_marking" to table: "sources"
CREATE INDEX `source_published_at_id_effective_marking` ON `sources` (`published_at` DESC, `id` DESC, `effective_marking`);
-- Create index "source_updated_at_id" to table: "sources"
CREATE INDEX `source_updated_at_id` ON `sources` (`updated_at`, `id`);
-- Create index "source_created_at_id" to table: "sources"
CREATE INDEX `source_created_at_id` ON `sources` (`created_at`, `id`);
-- Create index "source_url" to table: "sources"
CREATE INDEX `source_url` ON `sources` (`url`);
-- Create index "source_title_id" to table: "sources"
CREATE INDEX `source_title_id` ON `sources` (`title`, `id`);
-- Create "tags" table
CREATE TABLE `tags` (`id` integer NOT NULL, `slug` text NOT NULL, `marking` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (1), `effective_marking` integer NOT NULL DEFAULT (99), `created_at` datetime NOT NULL, `created_by` text NULL, `updated_at` datetime NOT NULL, `updated_by` text NULL, `published_at` datetime NULL, `published_by` text NULL, `live_version` integer NULL, `deleted_at` datetime NULL, `deleted_by` text NULL, `label` text NOT NULL, `description` text NULL, `vocabulary` text NOT NULL, `parent_id` integer NULL, PRIMARY KEY (`id`));
-- Create index "tag_slug" to table: "tags"
CREATE INDEX `tag_slug` ON `tags` (`slug`);
-- Create index "tag_published_at_id_effective_marking" to table: "tags"
CREATE INDEX `tag_published_at_id_effective_marking` ON `tags` (`published_at` DESC, `id` DESC, `effective_marking`);
-- Create index "tag_updated_at_id" to table: "tags"
CREATE INDEX `tag_updated_at_id` ON `tags` (`updated_at`, `id`);
-- Create index "tag_created_at_id" to table: "tags"
CREATE INDEX `tag_created_at_id` ON `tags` (`created_at`, `id`);
-- Create index "tag_parent_id" to table: "tags"
CREATE INDEX `tag_parent_id` ON `tags` (`parent_id`);
-- Create index "tag_label_id" to table: "tags"
CREATE INDEX `tag_label_id` ON `tags` (`label`, `id`);
