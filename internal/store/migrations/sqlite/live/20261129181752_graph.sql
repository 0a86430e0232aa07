-- Drop index "relationship_from_id_to_id" from table: "relationships"
DROP INDEX `relationship_from_id_to_id`;
-- Drop index "relationship_to_id_from_id" from table: "relationships"
DROP INDEX `relationship_to_id_from_id`;
-- Create index "relationship_from_id_to_id_effective_marking_kind_confidence" to table: "relationships"
CREATE INDEX `relationship_from_id_to_id_effective_marking_kind_confidence` ON `relationships` (`from_id`, `to_id`, `effective_marking`, `kind`, `confidence`);
-- Create index "relationship_to_id_from_id_effective_marking_kind_confidence" to table: "relationships"
CREATE INDEX `relationship_to_id_from_id_effective_marking_kind_confidence` ON `relationships` (`to_id`, `from_id`, `effective_marking`, `kind`, `confidence`);
