// Reads a Redthread server with Apollo Client, and checks what it gets.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache } from "@apollo/client";
import { filter, firstValueFrom } from "rxjs";
import { relayStylePagination } from "@apollo/client/utilities";
import { AMBIGUOUS, CREATE, DELETE, NODE, REPORT, REPORTS } from "./operations.js";

const [url] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync("node_modules/@apollo/client/package.json"));
const { possibleTypes } = JSON.parse(readFileSync("possible-types.json"));

// A client has one stage: the cache does not know the stage of what is in it.
function client(headers = {}) {
  return new ApolloClient({
    link: new HttpLink({
      uri: `${url}/graphql`,
      headers,
      fetch: async (...request) => {
        const response = await fetch(...request);
        statuses.push(response.status);
        return response;
      },
    }),
    cache: new InMemoryCache({
      possibleTypes,
      typePolicies: {
        Query: {
          fields: {
            // Lists with another filter or order are other lists.
            reports: relayStylePagination(["filter", "orderBy"]),
          },
        },
      },
    }),
  });
}

const statuses = [];
const live = client();

// 1. Two pages, newest first.
const list = live.watchQuery({ query: REPORTS, variables: { first: 3 } });
const subscription = list.subscribe({});
const { data: page } = await firstValueFrom(list.pipe(filter((result) => !result.loading)));
await list.fetchMore({ variables: { after: page.reports.pageInfo.endCursor } });
const { reports } = live.readQuery({ query: REPORTS, variables: { first: 3 } });
const dates = reports.edges.map((edge) => edge.node.publishedAt);
assert.equal(reports.edges.length, 6);
assert.deepEqual(dates, dates.toSorted().reverse());
assert.ok(reports.edges[0].node.tags.length > 0);
// relayStylePagination merges the edges; nodes are those of the page that came last.
assert.deepEqual(reports.nodes.map((n) => n.slug), reports.edges.slice(3).map((e) => e.node.slug));
subscription.unsubscribe();

// 2. One report, and again as a Node: the cache has it under its id.
const { data: one } = await live.query({ query: REPORT, variables: { slug: "reading-a-chain-of-owners" } });
assert.match(one.report.body, /<p>/);
assert.ok(one.report.footnotes.length > 0 && one.report.entities.nodes.length > 0);
const { data: node } = await live.query({ query: NODE, variables: { id: one.report.id } });
assert.equal(node.node.__typename, "Report");
assert.equal(node.node.displayName, one.report.title);

// 3. A filter. undefined is left out of the request; null is as if it were.
const { data: some } = await live.query({
  query: REPORTS,
  variables: { first: 10, filter: { title: null, language: undefined, tags: { slug: { eq: "ownership", in: null } } } },
});
assert.equal(some.reports.edges.length, 2);

// 4. What is not there, and what is not right.
const { data: none } = await live.query({ query: REPORT, variables: { slug: "no-such-report" } });
assert.equal(none.report, null);
// network-only, as relayStylePagination has one list for every first: the cache would answer.
const bad = live.query({ query: REPORTS, variables: { first: 500 }, fetchPolicy: "network-only" });
await assert.rejects(bad, (error) => {
  assert.ok(CombinedGraphQLErrors.is(error));
  assert.equal(error.errors[0].extensions.code, "BAD_USER_INPUT");
  return true;
});

// 5. A response with data and errors. With errorPolicy none, the default, the data is dropped.
const ambiguous = { query: AMBIGUOUS, variables: { id: "rpt_0000000000000", slug: "reading-a-chain-of-owners" } };
await assert.rejects(live.query(ambiguous), CombinedGraphQLErrors.is);
const partial = statuses.at(-1);
const both = await live.query({ ...ambiguous, errorPolicy: "all" });
assert.equal(both.data.report, null);
assert.equal(both.data.tags.nodes.length, 1);
assert.equal(both.error.errors[0].extensions.code, "BAD_USER_INPUT");

// 6. The desk.
const desk = client({ authorization: `Bearer ${process.env.REDTHREAD_KEY}`, "redthread-stage": "DESK" });
const draft = { query: REPORT, variables: { slug: "the-quarry-town-ledger" } };
assert.equal((await live.query(draft)).data.report, null);
assert.ok((await desk.query(draft)).data.report.title);
const input = { slug: `made-by-apollo-${Date.now()}`, kind: "BRIEF", title: "Made by Apollo", language: "en", body: "One claim." };
const { data: made } = await desk.mutate({ mutation: CREATE, variables: { input } });
const { id, version: saved } = made.createReport.report;
const { data: gone } = await desk.mutate({ mutation: DELETE, variables: { input: { id, version: saved } } });
assert.equal(gone.deleteReport.deletedId, id);

console.log(`apollo ${version}: list, pages, report, filter, node, errors, desk, mutation: as expected; ${partial} is taken as data with errors`);
