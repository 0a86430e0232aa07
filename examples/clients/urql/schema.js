// Writes schema.json: the schema for Graphcache, by introspection.
import { writeFileSync } from "node:fs";
import { getIntrospectionQuery } from "graphql";

const response = await fetch(`${process.argv[2]}/graphql`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ query: getIntrospectionQuery({ descriptions: false }) }),
});
const { data } = await response.json();
writeFileSync("schema.json", JSON.stringify(data));
