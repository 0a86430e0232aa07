// Reads a Redthread server with Relay, and checks what it gets.
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const React = require("react");
const { act, create } = require("react-test-renderer");
const { RelayEnvironmentProvider, useLazyLoadQuery, usePaginationFragment } = require("react-relay");
const { Environment, Network, RecordSource, Store, commitMutation, fetchQuery } = require("relay-runtime");
const operations = require("./operations");

const [url] = process.argv.slice(2);
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version;
globalThis.IS_REACT_ACT_ENVIRONMENT = true;
console.error = (message) => assert.match(String(message), /react-test-renderer is deprecated/);
console.warn = assert.fail;

const requests = [];

// An environment has one stage: the store does not know the stage of what is in it. The stage is a
// header, as the queries for further pages have no directives of ours.
function environment(headers = {}) {
  async function send(request, variables) {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/graphql-response+json, application/json;q=0.9",
        ...headers,
      },
      body: JSON.stringify({ query: request.text, operationName: request.name, variables }),
    });
    requests.push({ name: request.name, status: response.status });
    // Not response.ok alone: a request that is refused has its errors in the body.
    if (!response.headers.get("content-type").includes("json")) {
      throw new Error(`${request.name}: ${response.status}`);
    }
    return response.json();
  }
  return new Environment({
    network: Network.create(send),
    store: new Store(new RecordSource()),
  });
}

const read = (env, query, variables) => fetchQuery(env, query, variables).toPromise();

const write = (env, mutation, variables) =>
  new Promise((resolve, reject) => {
    commitMutation(env, {
      mutation,
      variables,
      onError: reject,
      onCompleted: (data, errors) => (errors ? reject(errors[0]) : resolve(data)),
    });
  });

// pages renders the list, loads one more page, and returns the nodes of both.
async function pages(env, variables) {
  let list;
  function List() {
    list = usePaginationFragment(operations.REPORTS_LIST, useLazyLoadQuery(operations.REPORTS, variables));
    return null;
  }
  const app = React.createElement(
    RelayEnvironmentProvider,
    { environment: env },
    React.createElement(React.Suspense, { fallback: null }, React.createElement(List)),
  );
  let root;
  await act(async () => {
    root = create(app);
  });
  await read(env, operations.REPORTS, variables);
  await act(async () => {});
  assert.equal(list.data.reports.edges.length, variables.count);
  assert.ok(list.hasNext);
  await act(() => new Promise((resolve) => list.loadNext(variables.count, { onComplete: resolve })));
  const nodes = list.data.reports.edges.map((edge) => edge.node);
  await act(async () => root.unmount());
  return nodes;
}

async function story() {
  const live = environment();

  // 1. Two pages, newest first.
  const nodes = await pages(live, { count: 3 });
  const dates = nodes.map((node) => node.publishedAt);
  assert.equal(nodes.length, 6);
  assert.deepEqual(dates, dates.toSorted().reverse());
  assert.ok(nodes[0].tags.length > 0);
  assert.equal(requests.at(-1).name, "operationsReportsPageQuery");

  // 2. One report, and again as a Node.
  const { report } = await read(live, operations.REPORT, { slug: "reading-a-chain-of-owners" });
  assert.match(report.body, /<p>/);
  assert.ok(report.footnotes.length > 0 && report.entities.nodes.length > 0);
  const { node } = await read(live, operations.NODE, { id: report.id });
  assert.equal(node.__typename, "Report");
  assert.equal(node.displayName, report.title);

  // 3. A filter. undefined is left out of the request; null is as if it were.
  const filter = { title: null, language: undefined, tags: { slug: { eq: "ownership", in: null } } };
  const some = await pages(live, { count: 1, filter });
  assert.equal(some.length, 2);

  // 4. What is not there, and what is not right. Where data is null, Relay throws, and the errors
  // are in error.source.
  assert.equal((await read(live, operations.REPORT, { slug: "no-such-report" })).report, null);
  await assert.rejects(read(live, operations.REPORTS, { count: 500 }), (error) => {
    assert.equal(error.source.errors[0].extensions.code, "BAD_USER_INPUT");
    return true;
  });

  // 5. A response with data and errors. Relay takes the data; a field that failed is null, unless
  // the query has @catch.
  const ambiguous = { id: "rpt_0000000000000", slug: "reading-a-chain-of-owners" };
  const both = await read(live, operations.AMBIGUOUS, ambiguous);
  const partial = requests.at(-1).status;
  assert.equal(both.report, null);
  assert.equal(both.tags.nodes.length, 1);
  const caught = await read(live, operations.AMBIGUOUS_CAUGHT, ambiguous);
  assert.equal(caught.report.ok, false);
  assert.equal(caught.report.errors[0].extensions?.code, "BAD_USER_INPUT");

  // 6. The desk; the second page of it is of the desk, too.
  const desk = environment({
    authorization: `Bearer ${process.env.REDTHREAD_KEY}`,
    "redthread-stage": "DESK",
  });
  const draft = { slug: "the-quarry-town-ledger" };
  assert.equal((await read(live, operations.REPORT, draft)).report, null);
  assert.ok((await read(desk, operations.REPORT, draft)).report.title);
  assert.ok((await pages(desk, { count: 20 })).some((node) => node.slug === draft.slug));
  const input = { slug: `made-by-relay-${Date.now()}`, kind: "BRIEF", title: "Made by Relay", language: "en", body: "One claim." };
  const { createReport } = await write(desk, operations.CREATE, { input });
  const { id, version: saved } = createReport.report;
  const { deleteReport } = await write(desk, operations.DELETE, { input: { id, version: saved } });
  assert.equal(deleteReport.deletedId, id);

  console.log(
    `relay ${version("relay-runtime")}: list, pages, report, filter, node, errors, desk, mutation: ` +
      `as expected; ${partial} is taken as data with errors`,
  );
}

// react-relay has timers of five minutes, for queries of components that are not mounted.
story().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  },
);
