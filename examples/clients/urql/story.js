// Reads a Redthread server with urql and Graphcache, and checks what it gets.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Client, fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { AMBIGUOUS, CREATE, DELETE, NODE, REPORT, REPORTS } from "./operations.js";

const [url] = process.argv.slice(2);
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version;
const schema = JSON.parse(readFileSync("schema.json"));

// The types that are embedded in others and have no id. Graphcache keeps them with their parents,
// and warns of each that is not named here.
const embedded = schema.__schema.types
  .filter((type) => type.kind === "OBJECT" && !type.fields.some((field) => field.name === "id"))
  .map((type) => type.name);

const warnings = [];
const statuses = [];

// A client has one stage: the cache does not know the stage of what is in it.
function client(headers = {}) {
  return new Client({
    url: `${url}/graphql`,
    fetchOptions: { headers },
    fetch: async (...request) => {
      const response = await fetch(...request);
      statuses.push(response.status);
      return response;
    },
    exchanges: [
      cacheExchange({
        schema,
        keys: Object.fromEntries(embedded.map((name) => [name, () => null])),
        resolvers: { Query: { reports: relayPagination() } },
        updates: {
          Mutation: {
            deleteReport: (result, args, cache) => cache.invalidate({ __typename: "Report", id: result.deleteReport.deletedId }),
          },
        },
        logger: (kind, message) => kind === "debug" || warnings.push(message),
      }),
      fetchExchange,
    ],
  });
}

const live = client();

// 1. Two pages, newest first. The second answer of the cache has both pages.
const page = await live.query(REPORTS, { first: 3 }).toPromise();
assert.ifError(page.error);
const { endCursor } = page.data.reports.pageInfo;
const { data: both } = await live.query(REPORTS, { first: 3, after: endCursor }).toPromise();
const dates = both.reports.edges.map((edge) => edge.node.publishedAt);
assert.equal(dates.length, 6);
assert.deepEqual(dates, dates.toSorted().reverse());
assert.ok(both.reports.edges[0].node.tags.length > 0);
assert.equal(both.reports.nodes.length, 6); // relayPagination merges nodes as well

// 2. One report, and again as a Node.
const { data: one } = await live.query(REPORT, { slug: "reading-a-chain-of-owners" }).toPromise();
assert.match(one.report.body, /<p>/);
assert.ok(one.report.footnotes.length > 0 && one.report.entities.nodes.length > 0);
const { data: node } = await live.query(NODE, { id: one.report.id }).toPromise();
assert.equal(node.node.displayName, one.report.title);

// 3. A filter. undefined is left out of the request; null is as if it were.
const filter = { title: null, language: undefined, tags: { slug: { eq: "ownership", in: null } } };
const { data: some } = await live.query(REPORTS, { first: 10, filter }).toPromise();
assert.equal(some.reports.edges.length, 2);

// 4. What is not there, and what is not right.
const none = await live.query(REPORT, { slug: "no-such-report" }).toPromise();
assert.ifError(none.error);
assert.equal(none.data.report, null);
const bad = await live.query(REPORTS, { first: 500 }).toPromise();
assert.equal(bad.error.graphQLErrors[0].extensions.code, "BAD_USER_INPUT");

// 5. A response with data and errors: the result has both.
const ambiguous = { id: "rpt_0000000000000", slug: "reading-a-chain-of-owners" };
const part = await live.query(AMBIGUOUS, ambiguous).toPromise();
const partial = statuses.at(-1);
assert.equal(part.error.networkError, undefined);
assert.equal(part.error.graphQLErrors[0].extensions.code, "BAD_USER_INPUT");
assert.equal(part.data.report, null);
assert.equal(part.data.tags.nodes.length, 1);

// 6. The desk.
const desk = client({ authorization: `Bearer ${process.env.REDTHREAD_KEY}`, "redthread-stage": "DESK" });
const draft = { slug: "the-quarry-town-ledger" };
assert.equal((await live.query(REPORT, draft).toPromise()).data.report, null);
assert.ok((await desk.query(REPORT, draft).toPromise()).data.report.title);
const input = { slug: `made-by-urql-${Date.now()}`, kind: "BRIEF", title: "Made by urql", language: "en", body: "One claim." };
const made = await desk.mutation(CREATE, { input }).toPromise();
assert.ifError(made.error);
const { id, version: saved } = made.data.createReport.report;
const gone = await desk.mutation(DELETE, { input: { id, version: saved } }).toPromise();
assert.equal(gone.data.deleteReport.deletedId, id);

assert.deepEqual(warnings, []);
console.log(
  `urql ${version("@urql/core")}, Graphcache ${version("@urql/exchange-graphcache")}: ` +
    `list, pages, report, filter, node, errors, desk, mutation: as expected; ${partial} is taken as data with errors`,
);
