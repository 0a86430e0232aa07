// Writes possible-types.json: the types of each interface and union, by introspection.
import { writeFileSync } from "node:fs";

const query = "{ __schema { types { kind name possibleTypes { name } } } }";
const response = await fetch(`${process.argv[2]}/graphql`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ query }),
});
const { data } = await response.json();
const possibleTypes = Object.fromEntries(
  data.__schema.types
    .filter((type) => type.kind === "INTERFACE" || type.kind === "UNION")
    .map((type) => [type.name, type.possibleTypes.map((possible) => possible.name)]),
);
writeFileSync("possible-types.json", JSON.stringify({ possibleTypes }, null, 2));
