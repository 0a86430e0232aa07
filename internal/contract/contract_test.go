package contract_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/contract"
)

var now = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)

const schema = `
directive @cached(seconds: Int) repeatable on QUERY | FIELD
interface Node { id: ID! }
type Query { report(slug: String!, draft: Boolean = false, old: Int @deprecated(reason: "Use slug until 2027-01-31.")): Report, reports(first: Int): [Report!]!, found: Found
  legacy: Legacy @deprecated(reason: "Use reports. It stays until 2027-01-31."), soon: Int @deprecated(reason: "Use reports. It stays until 2027-12-31.") }
type Mutation { save(input: Save!): Report! }
type Report implements Node { id: ID!, title: String!, subtitle: String, tags: [String!]!, kind: Kind }
type Legacy { id: ID! }
type Tag { id: ID! }
union Found = Report | Tag
enum Kind { BRIEF LONG OTHER @deprecated(reason: "Use LONG until 2027-01-31.") }
input Save { title: String, kind: Kind = BRIEF, tags: [String!] }
`

func TestGraphQL(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, from, to string
		want           []string
	}{
		{"the same", "", "", nil},
		{"additions", "type Tag { id: ID! }", "type Tag { id: ID!, label(form: String, size: Int! = 1): String }\ntype New { a: Int }", nil},
		{"a value of an enum", "BRIEF LONG", "BRIEF LONG SHORT", nil},
		{"a stricter result", "subtitle: String,", "subtitle: String!,", nil},
		{"a looser input", "slug: String!", "slug: String", nil},
		{"a new optional field of an input", "tags: [String!] }", "tags: [String!], note: String, n: Int! = 1 }", nil},
		{"what was deprecated goes after its day", `legacy: Legacy @deprecated(reason: "Use reports. It stays until 2027-01-31."), `, "", nil},
		{"and its type with it", `legacy: Legacy @deprecated(reason: "Use reports. It stays until 2027-01-31."), `, "~type Legacy { id: ID! }", nil},
		{"a deprecated argument", `, old: Int @deprecated(reason: "Use slug until 2027-01-31.")`, "", nil},
		{"a deprecated value", `OTHER @deprecated(reason: "Use LONG until 2027-01-31.")`, "", nil},
		{"before its day", `soon: Int @deprecated(reason: "Use reports. It stays until 2027-12-31.")`, "", []string{"Query.soon was removed before its day: Use reports. It stays until 2027-12-31."}},
		{"a field", "subtitle: String,", "", []string{"Report.subtitle was removed"}},
		{"a field that can be null", "title: String!, subtitle", "title: String, subtitle", []string{"Report.title was String! and is String"}},
		{"another type", "subtitle: String,", "subtitle: Int,", []string{"Report.subtitle was String and is Int"}},
		{"no list", "tags: [String!]!,", "tags: String!,", []string{"Report.tags was [String!]! and is String!"}},
		{"elements that can be null", "tags: [String!]!,", "tags: [String]!,", []string{"Report.tags was [String!]! and is [String]!"}},
		{"an argument", "(first: Int)", "", []string{"argument first of Query.reports was removed"}},
		{"a required argument", "(first: Int)", "(first: Int, after: ID!)", []string{"argument after of Query.reports is new and required"}},
		{"an argument that becomes required", "first: Int", "first: Int!", []string{"argument first of Query.reports was Int and is Int!"}},
		{"a default", "draft: Boolean = false", "draft: Boolean = true", []string{"argument draft of Query.report: the default was false and is true"}},
		{"required, with the default that it had", "draft: Boolean = false", "draft: Boolean! = false", nil},
		{"a value", "BRIEF LONG", "BRIEF", []string{"Kind.LONG was removed"}},
		{"a required field of an input", "input Save { ", "input Save { slug: String!, ", []string{"Save.slug is new and required"}},
		{"a field of an input", "kind: Kind = BRIEF, ", "", []string{"Save.kind was removed"}},
		{"a stricter input", "input Save { title: String,", "input Save { title: String!,", []string{"Save.title was String and is String!"}},
		{"elements of an input", "tags: [String!] }", "tags: [String] }", nil},
		{"a member of a union", "Report | Tag", "Report", []string{"Tag is no longer in union Found"}},
		{"an interface", "type Report implements Node", "type Report", []string{"type Report no longer implements Node"}},
		{"a type", "found: Found", "~", []string{"Query.found was removed"}},
		{"another kind", "enum Kind { BRIEF LONG OTHER @deprecated(reason: \"Use LONG until 2027-01-31.\") }", "scalar Kind", []string{"Save.kind: the default was BRIEF and is none", "type Kind was ENUM and is SCALAR"}},
		{"one of", "input Save {", "input Save @oneOf {", []string{"input Save takes one field only"}},
		{"a directive", "directive @cached(seconds: Int) repeatable on QUERY | FIELD", "", []string{"directive @cached was removed"}},
		{"a place of a directive", "QUERY | FIELD", "QUERY", []string{"directive @cached may no longer be on FIELD"}},
		{"a directive once", "repeatable on", "on", []string{"directive @cached can no longer be repeated"}},
		{"a root", "type Mutation", "type Changes", []string{"the root type of each mutation is no longer Mutation", "type Mutation was removed"}},
	} {
		to, more, _ := strings.Cut(row.to, "~")
		present := strings.Replace(schema, row.from, to, 1)
		if more != "" {
			present = strings.Replace(present, more, "", 1)
		}
		if row.from == "kind: Kind = BRIEF, " || strings.HasPrefix(row.name, "another kind") {
			present = strings.Replace(present, "kind: Kind = BRIEF", "kind: Kind", 1)
		}
		if row.from != "" && present == schema {
			t.Errorf("%s: nothing is replaced", row.name)
		}
		got, err := contract.GraphQL(schema, present, now)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
	got, err := contract.Undated(`type Query { a: Int @deprecated(reason: "Use b."), b(c: Int @deprecated(reason: "until 2027-01-31")): Int }`)
	if want := []string{`Query.a: want "until" and a day, such as 2027-06-30, in "Use b."`}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("undated: got %q, %v", got, err)
	}
}

const description = `{"openapi": "3.1.0", "paths": {"/v1/reports": {"get": {"operationId": "listReports",
  "parameters": [
    {"name": "first", "in": "query", "schema": {"type": "integer", "maximum": 100, "default": 20}},
    {"name": "kind", "in": "query", "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Kind"}}},
    {"name": "old", "in": "query", "deprecated": true, "description": "Use kind. It stays until 2027-01-31.", "schema": {"type": "string"}}],
  "responses": {"200": {"description": "x", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Report"}}}}, "404": {"$ref": "#/components/responses/Problem"}}}}},
  "components": {"responses": {"Problem": {"description": "x", "content": {"application/problem+json": {"schema": {"type": "object"}}}}}, "schemas": {
    "Kind": {"type": "string", "enum": ["BRIEF", "LONG"]},
    "Report": {"type": "object", "required": ["title", "parent"], "properties": {"title": {"type": "string"}, "note": {"type": ["string", "null"]}, "published": {"type": "string", "format": "date-time"},
      "parent": {"anyOf": [{"$ref": "#/components/schemas/Report"}, {"type": "null"}]}, "tags": {"type": "array", "items": {"type": "string"}}}}}}}`

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, from, to string
		want           []string
	}{
		{"the same", "", "", nil},
		{"additions", `"title": {"type": "string"},`, `"title": {"type": "string"}, "new": {"type": "string"},`, nil},
		{"a value more", `"BRIEF", "LONG"`, `"BRIEF", "LONG", "NEW"`, nil},
		{"no null any more", `["string", "null"]`, `"string"`, nil},
		{"a deprecated parameter", `{"name": "old"`, `{"name": "other"`, nil},
		{"a route", `"/v1/reports"`, `"/v1/all"`, []string{"GET /v1/reports was removed"}},
		{"a name of an operation", "listReports", "reports", []string{"GET /v1/reports: the operation was called listReports and is called reports"}},
		{"a parameter", `"name": "first"`, `"name": "limit"`, []string{"GET /v1/reports query first was removed"}},
		{"a required parameter", `"name": "first",`, `"name": "first", "required": true,`, []string{"GET /v1/reports query first is required"}},
		{"a lower limit", `"maximum": 100`, `"maximum": 50`, []string{"GET /v1/reports query first: maximum was 100 and is 50"}},
		{"another default", `"default": 20`, `"default": 10`, []string{"GET /v1/reports query first: default was 20 and is 10"}},
		{"a value that can be sent", `"BRIEF", "LONG"`, `"BRIEF"`, []string{"GET /v1/reports query kind may no longer be LONG"}},
		{"another type of parameter", `{"type": "integer", "maximum"`, `{"type": "string", "maximum"`, []string{"GET /v1/reports query first may no longer be integer"}},
		{"a property", `"title": {"type": "string"},`, ``, []string{"Report.title was removed"}},
		{"a property that may be missing", `["title", "parent"]`, `["parent"]`, []string{"Report.title may be missing"}},
		{"a property that may be null", `"title": {"type": "string"}`, `"title": {"type": ["string", "null"]}`, []string{"Report.title may be null"}},
		{"a reference that may not be null is fine", `{"anyOf": [{"$ref": "#/components/schemas/Report"}, {"type": "null"}]}`, `{"$ref": "#/components/schemas/Report"}`, nil},
		{"another format", `"date-time"`, `"date"`, []string{"Report.published: format was date-time and is date"}},
		{"elements", `"items": {"type": "string"}`, `"items": {"type": "integer"}`, []string{"Report.tags[] may be integer"}},
		{"a status", `, "404": {"$ref": "#/components/responses/Problem"}`, ``, []string{"GET /v1/reports: the response 404 was removed"}},
	} {
		present := strings.Replace(description, row.from, row.to, 1)
		if !json.Valid([]byte(present)) || row.from != "" && present == description {
			t.Errorf("%s: the change is not right", row.name)
		}
		got, err := contract.OpenAPI([]byte(description), []byte(present), now)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	commands := func(change func(serve *cobra.Command)) []string {
		root, serve := &cobra.Command{Use: "redthread"}, &cobra.Command{Use: "serve", Run: func(*cobra.Command, []string) {}}
		root.AddCommand(serve)
		serve.Flags().String("addr", "127.0.0.1:8080", "where [$REDTHREAD_ADDR]")
		serve.Flags().Bool("old", false, "old")
		if err := serve.Flags().MarkDeprecated("old", "it does nothing; it stays until 2027-01-31"); err != nil {
			t.Fatal(err)
		}
		if change != nil {
			change(serve)
		}
		return contract.Settings(root)
	}
	released := commands(nil)
	if want := []string{"redthread", "redthread serve", "redthread serve --addr <string> =127.0.0.1:8080 $REDTHREAD_ADDR"}; !cmp.Equal(released[:3], want) {
		t.Errorf("got %q", released)
	}
	for name, row := range map[string]struct {
		present []string
		want    []string
	}{
		"the same":         {released, nil},
		"additions":        {commands(func(c *cobra.Command) { c.Flags().Int("more", 1, "more") }), nil},
		"a flag":           {append(released[:2:2], released[3:]...), []string{"redthread serve --addr was removed"}},
		"a command":        {released[:1], []string{"redthread serve --addr was removed", "redthread serve was removed"}},
		"a default":        {strings.Split(strings.ReplaceAll(strings.Join(released, "\n"), "8080", "80"), "\n"), []string{`redthread serve --addr: the default was "127.0.0.1:8080" and is "127.0.0.1:80"`}},
		"a type, variable": {strings.Split(strings.NewReplacer("<string>", "<int>", " $REDTHREAD_ADDR", "").Replace(strings.Join(released, "\n")), "\n"), []string{`redthread serve --addr: the type was "string" and is "int"`, `redthread serve --addr: the variable was "REDTHREAD_ADDR" and is ""`}},
	} {
		got := contract.CompareSettings(released, row.present, now)
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	released := contract.Metrics("# TYPE redthread_a_total counter\nredthread_a_total{route=\"/v1/{x}\",status=\"200\"} 3\nredthread_b 1\ngo_goroutines 5\n")
	if want := []string{"redthread_a_total route status", "redthread_b"}; !cmp.Equal(released, want) {
		t.Fatalf("got %q", released)
	}
	if got := contract.CompareMetrics(released, []string{"redthread_a_total method route status", "redthread_b", "redthread_c"}); len(got) > 0 {
		t.Errorf("got %q", got)
	}
	want := []string{"the metric redthread_a_total has no label status any more", "the metric redthread_b was removed"}
	if got := contract.CompareMetrics(released, []string{"redthread_a_total route"}); !cmp.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// The schema as it is can be compared, with itself.
func TestPresentSchema(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := contract.GraphQL(string(text), string(text), now); err != nil || len(got) > 0 {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := contract.Undated(string(text)); err != nil || len(got) > 0 {
		t.Errorf("deprecated without a day: %q, %v", got, err)
	}
}
