// Reads a Redthread server with documents that graphql-codegen typed, and checks what it gets.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";
import {
  AmbiguousDocument,
  CreateDocument,
  DeleteDocument,
  NodeDocument,
  ReportDocument,
  ReportsDocument,
  type ReportFilter,
} from "./operations.js";
import type { ErrorCode } from "./schema.js";

const [url] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync("node_modules/@graphql-codegen/cli/package.json", "utf8"));

interface Result<Data> {
  status: number;
  data?: Data | null;
  errors?: { message: string; extensions: { code: ErrorCode } }[];
}

// client returns a function that sends a document; both its variables and its result are typed.
function client(headers: Record<string, string> = {}) {
  return async function send<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Result<Data>> {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/graphql-response+json", ...headers },
      body: JSON.stringify({ query: print(document), variables }),
    });
    return { status: response.status, ...(await response.json()) };
  };
}

const badUserInput: ErrorCode = "BAD_USER_INPUT";
const live = client();

// 1. Two pages, newest first.
const first = await live(ReportsDocument, { first: 3 });
const { nodes, pageInfo } = first.data!.reports;
const second = await live(ReportsDocument, { first: 3, after: pageInfo.endCursor });
nodes.push(...second.data!.reports.nodes);
const dates = nodes.map((node) => node.publishedAt);
assert.equal(new Set(nodes.map((node) => node.slug)).size, 6);
assert.deepEqual(dates, dates.toSorted().reverse());
assert.ok(nodes[0].tags.length > 0);

// 2. One report, and again as a Node.
const { report } = (await live(ReportDocument, { slug: "reading-a-chain-of-owners" })).data!;
assert.match(report!.body, /<p>/);
assert.ok(report!.footnotes.length > 0 && report!.entities.nodes.length > 0);
const { node } = (await live(NodeDocument, { id: report!.id })).data!;
assert.ok(node?.__typename === "Report" && node.wordCount > 0);
assert.equal(node.displayName, report!.title);

// 3. A filter. undefined is left out of the request; null is as if it were.
const filter: ReportFilter = { title: null, language: undefined, tags: { slug: { eq: "ownership", in: null } } };
const some = await live(ReportsDocument, { first: 10, filter });
assert.equal(some.data!.reports.nodes.length, 2);

// 4. What is not there, and what is not right. extensions is no part of the schema: that its code
// is an ErrorCode is said in the type Result.
assert.equal((await live(ReportDocument, { slug: "no-such-report" })).data!.report, null);
const bad = await live(ReportsDocument, { first: 500 });
assert.equal(bad.errors![0].extensions.code, badUserInput);

// 5. A response with data and errors.
const part = await live(AmbiguousDocument, { id: "rpt_0000000000000", slug: "reading-a-chain-of-owners" });
assert.equal(part.status, 294);
assert.equal(part.errors![0].extensions.code, badUserInput);
assert.equal(part.data!.report, null);
assert.equal(part.data!.tags.nodes.length, 1);

// 6. The desk.
const desk = client({ authorization: `Bearer ${process.env.REDTHREAD_KEY}`, "redthread-stage": "DESK" });
const draft = { slug: "the-quarry-town-ledger" };
assert.equal((await live(ReportDocument, draft)).data!.report, null);
assert.ok((await desk(ReportDocument, draft)).data!.report!.title);
const made = await desk(CreateDocument, {
  input: {
    slug: `made-by-graphql-codegen-${Date.now()}`,
    kind: "BRIEF",
    title: "Made by graphql-codegen",
    language: "en",
    body: "One claim.",
  },
});
const { id, version: saved } = made.data!.createReport!.report!;
const gone = await desk(DeleteDocument, { input: { id, version: saved } });
assert.equal(gone.data!.deleteReport!.deletedId, id);

console.log(`graphql-codegen ${version}: list, pages, report, filter, node, errors, desk, mutation: as expected`);
