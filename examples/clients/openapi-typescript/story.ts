// Reads a Redthread server's JSON with openapi-fetch, typed by openapi-typescript, and checks
// what it gets.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const [url] = process.argv.slice(2);
const version = (name: string): string => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;

const client = createClient<paths>({ baseUrl: url });

// 1. Two pages, newest first.
const slugs: string[] = [];
const dates: string[] = [];
let after: string | undefined;
for (let page = 0; page < 2; page++) {
  const { data, error } = await client.GET("/v1/reports", {
    params: { query: { first: 3, after, orderBy: "PUBLISHED_AT", order: "DESC" } },
  });
  assert.equal(error, undefined);
  for (const report of data!.data) {
    slugs.push(report.slug);
    dates.push(report.publishedAt!);
    assert.ok(report.tags.length > 0, report.slug);
  }
  after = data!.page.next ?? undefined;
}
assert.equal(new Set(slugs).size, 6);
assert.deepEqual(dates, dates.toSorted().reverse());

// 2. One report by slug.
const { data: report } = await client.GET("/v1/reports/{slug}", {
  params: { path: { slug: "reading-a-chain-of-owners" }, query: { body: "HTML" } },
});
assert.match(report!.body, /<p>/);
assert.ok(report!.footnotes.length > 0 && report!.entities.data.length > 0);

// 3. A filter. undefined and null are left out of the address.
const { data: some } = await client.GET("/v1/reports", {
  params: { query: { tag: ["ownership"], kind: undefined } },
});
assert.equal(some!.data.length, 2);

// 4. What is not there, and what is not right.
const none = await client.GET("/v1/reports/{slug}", { params: { path: { slug: "no-such-report" } } });
assert.equal(none.response.status, 404);
assert.equal(none.error!.code, "NOT_FOUND");
const bad = await client.GET("/v1/reports", { params: { query: { first: 500 } } });
assert.equal(bad.data, undefined);
assert.equal(bad.error!.code, "BAD_USER_INPUT");
assert.equal(bad.error!.errors![0].parameter, "first");

// 5. A key that is not valid. /v1 reads live, and writes nothing: there is no desk here.
const refused = createClient<paths>({ baseUrl: url, headers: { authorization: "Bearer rt_no" } });
const { error } = await refused.GET("/v1/reports");
assert.equal(error!.code, "UNAUTHENTICATED");
const staff = createClient<paths>({ baseUrl: url, headers: { authorization: `Bearer ${process.env.REDTHREAD_KEY}` } });
const { response } = await staff.GET("/v1/reports", { params: { query: { first: 1 } } });
assert.equal(response.status, 200);

console.log(
  `openapi-typescript ${version("openapi-typescript")}, openapi-fetch ${version("openapi-fetch")}: ` +
    "list, pages, report, filter, errors, keys: as expected",
);
