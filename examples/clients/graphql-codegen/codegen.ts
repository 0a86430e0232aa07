import type { CodegenConfig } from "@graphql-codegen/cli";

const scalars = {
  DateTime: "string",
  Date: "string", // it may be a year, or a month
  URL: "string",
  Markdown: "string",
  LanguageTag: "string",
  CountryCode: "string",
  Long: "number",
  JSON: "unknown",
};

const config: CodegenConfig = {
  // On Node.js 20 the loader asks for zstd, and cannot read it.
  schema: { [`${process.env.REDTHREAD_URL}/schema.graphql`]: { headers: { "accept-encoding": "gzip" } } },
  documents: "operations.graphql",
  generates: {
    // Since version 6 of typescript-operations the types of inputs are in its output as well: the
    // two plugins in one file would declare them twice. schema.ts is for enum ErrorCode.
    "schema.ts": {
      plugins: ["typescript"],
      config: { scalars, strictScalars: true, enumsAsTypes: true },
    },
    "operations.ts": {
      plugins: ["typescript-operations", "typed-document-node"],
      config: { scalars, strictScalars: true, enumsAsTypes: true, useTypeImports: true },
    },
  },
};

export default config;
