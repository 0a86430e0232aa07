-- Drop index "relationship_from_id_to_id" from table: "relationships"
DROP INDEX "relationship_from_id_to_id";
-- Drop index "relationship_to_id_from_id" from table: "relationships"
DROP INDEX "relationship_to_id_from_id";
