package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestErrorCodes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		for _, tt := range []struct {
			as         *domain.Viewer
			document   string
			code, text string
		}{
			{public, `{ reports {`, "GRAPHQL_PARSE_FAILED", "want a field"},
			{public, ``, "BAD_USER_INPUT", "query is missing"},
			{public, `# nothing`, "GRAPHQL_PARSE_FAILED", "want an operation"},
			{public, `fragment F on Query { __typename }`, "GRAPHQL_VALIDATION_FAILED", "no operation"},
			{public, `type T { a: Int }`, "GRAPHQL_VALIDATION_FAILED", "operations and fragments only"},
			{public, `{ repots { totalCount } }`, "GRAPHQL_VALIDATION_FAILED", `Did you mean`},
			{public, `{ reports(first: "x") { totalCount } }`, "GRAPHQL_VALIDATION_FAILED", "Int"},
			{public, `{ reports(first: 99999999999999999999) { totalCount } }`, "", ""},
			{public, `{ reports(first: 9999999999) { totalCount } }`, "", ""},
			{public, `{ report { title } }`, "BAD_USER_INPUT", "id: give one of id, slug and by"},
			{public, `{ report(id: "x", slug: "y") { title } }`, "BAD_USER_INPUT", "id: give only one of id and slug"},
			{public, `{ report(id: "x", by: {slug: "y"}) { title } }`, "BAD_USER_INPUT", "id: give only one of id, slug and by"},
			{public, `{ report(slug: "x", by: {slug: "y"}) { title } }`, "BAD_USER_INPUT", "give only one of id, slug and by"},
			{public, `{ report(by: {}) { title } }`, "GRAPHQL_VALIDATION_FAILED", "ReportBy"},
			{public, `{ report(by: {id: "bravo"}) { title } }`, "BAD_USER_INPUT", `the arguments are not right: by.id: "bravo" is a slug`},
			{public, `{ report(id: "bravo") { title } }`, "BAD_USER_INPUT", `id: "bravo" is a slug, not an id: give it as slug`},
			{public, `{ report(id: "rpt_x") { title } }`, "BAD_USER_INPUT", `is not an id`},
			{public, `{ node(id: "x") { id } }`, "BAD_USER_INPUT", `id: "x" is not an id`},
			{public, `{ nodes(ids: ["x", "y"]) { id } }`, "BAD_USER_INPUT", `ids: "y" is not an id`},
			{public, `{ nodes(ids: [` + strings.Repeat(`"x" `, 101) + `]) { id } }`, "BAD_USER_INPUT", "101 are too many"},
			{public, `mutation { createReport(input: {title: "x", kind: BRIEF, language: "en"}) { created } }`, "UNAUTHENTICATED", "Bearer"},
			{author, `mutation { updateReport(input: {id: "none", title: "x"}) { changed } }`, "NOT_FOUND", "none"},
			{author, `mutation { createReport(input: {slug: "bravo", title: "x", kind: BRIEF, language: "en"}) { created } }`, "", ""},
		} {
			r := a.as(tt.as, tt.document, nil)
			if len(r.Errors) == 0 {
				t.Errorf("%.60s: got no error", tt.document)
				continue
			}
			if code := r.Errors[0].Extensions.Code; tt.code == "" {
				if code == "INTERNAL" || code == "" {
					t.Errorf("%.60s: got %s", tt.document, r.body)
				}
				continue
			}
			r.refused(tt.code, tt.text)
		}
		other := a.query(public, `{ entity(slug: "port-ltd") { id } }`).at("entity.id")
		a.as(public, `query($id: ID) { report(id: $id) { title } }`, vars{"id": other}).refused("BAD_USER_INPUT", `is the id of a document of type entity: want one that begins with "rpt_"`)
		a.as(public, `query($by: ReportBy) { report(by: $by) { title } }`, vars{"by": vars{"id": "x", "slug": "y"}}).
			refused("GRAPHQL_VALIDATION_FAILED", "$by: want exactly one field of ReportBy, not id, slug")
		a.as(public, `query($by: ReportBy) { report(by: $by) { title } }`, vars{"by": vars{"id": nil}}).refused("GRAPHQL_VALIDATION_FAILED", "$by.id: is null")
		if got := a.as(public, `query($by: ReportBy) { report(by: $by) { slug } }`, vars{"by": vars{"slug": "bravo"}}).ok().at("report.slug"); got != "bravo" {
			t.Errorf("by slug: got %v", got)
		}
		a.as(public, `query($s: Stage = LIVE) @inContext(stage: $s) { reports { totalCount } }`, vars{"s": nil}).
			refused("BAD_USER_INPUT", "stage: the variable $s is null; want Stage!")
		r := a.as(public, `query($f: TextFormat = HTML) { report(slug: "bravo") { slug summary(format: $f) } }`, vars{"f": nil})
		r.refused("BAD_USER_INPUT", "the arguments are not right: format: the variable $f is null; want TextFormat!")
		if got := r.data(); got != `{"report":{"slug":"bravo","summary":null}}` {
			t.Errorf("a null format: got %s", got)
		}
		unknown := domain.NewID(domain.Report, time.Now()).String()
		r = a.as(public, `query($id: ID!) { report(id: $id) { title } node(id: $id) { id } nodes(ids: [$id]) { id } }`, vars{"id": unknown}).ok()
		if r.data() != `{"report":null,"node":null,"nodes":[null]}` {
			t.Errorf("got %s", r.body)
		}
		if strings.Contains(a.log.String(), "level=ERROR") {
			t.Errorf("the log has errors: %s", a.log)
		}
	})
}

func TestInternalErrorsAreNotShown(t *testing.T) {
	t.Parallel()
	a := newAPI(t, storetest.SQLite(t))
	a.query(author, `mutation { createTag(input: {slug: "t", label: "T", vocabulary: TOPIC}) { created } }`)

	// A context without a viewer is not taken for an anonymous one.
	r := a.as(nil, `{ reports { totalCount } }`, nil)
	r.refused("INTERNAL", "internal error")
	if strings.Contains(r.body, "viewer") || !strings.Contains(a.log.String(), "no viewer in context") {
		t.Errorf("got %s and logged %s", r.body, a.log)
	}

	// A request that ran out of time.
	ctx, cancel := context.WithCancel(domain.WithViewer(t.Context(), public))
	cancel()
	w := httptest.NewRecorder()
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(`{"query":"{ reports { totalCount } }"}`))
	req.Header.Set("Content-Type", "application/json")
	a.handler.ServeHTTP(w, req)
	if strings.Contains(w.Body.String(), "INTERNAL") {
		t.Errorf("got %s", w.Body)
	}

	// A panic: the desk has no stores.
	var log strings.Builder
	a.handler = graph.Handler(graph.Config{
		Stores: a.stores, Desk: new(editorial.Desk), Log: slog.New(slog.NewTextHandler(&log, nil)),
		RequestID: func(context.Context) string { return "request-7" },
	})
	r = a.as(author, `query @inContext(stage: DESK) { tag(slug: "t") { slug liveDiff { path } } }`, nil)
	if r.at("tag.slug") != "t" || len(r.Errors) != 1 || r.Errors[0].Message != "internal error" || r.Errors[0].Extensions.RequestID != "request-7" {
		t.Errorf("got %s", r.body)
	}
	if !strings.Contains(log.String(), "nil pointer") || !strings.Contains(log.String(), "request_id=request-7") {
		t.Errorf("logged %s", &log)
	}
}

func TestErrorListIsBounded(t *testing.T) {
	t.Parallel()
	a := newAPI(t, storetest.SQLite(t))
	for i := range 30 {
		a.query(author, fmt.Sprintf(`mutation { createTag(input: {label: "T %d", vocabulary: TOPIC}) { created } }`, i))
	}
	r := a.as(author, `query @inContext(stage: DESK) { tags(first: 30) { nodes { reports(after: "x") { totalCount } } } }`, nil)
	if len(r.Errors) != 21 || r.Errors[20].Message != "and 10 more errors" {
		t.Errorf("got %d errors: %s", len(r.Errors), r.body)
	}
	r = a.as(author, `mutation { `+aliases(30, `deleteTag(input: {id: "nothing"}) { deletedId }`)+` }`, nil)
	if len(r.Errors) != 21 || r.Errors[20].Extensions.Code != "NOT_FOUND" {
		t.Errorf("got %d errors: %s", len(r.Errors), r.body)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	a := newAPI(t, storetest.SQLite(t))
	deep := "{ tags { nodes " + strings.Repeat("{ parent ", 30) + "{ slug }" + strings.Repeat("}", 30) + " } }"
	nested := "{ reports(first: 100) { nodes { entities(first: 100) { nodes { reports(first: 100) { nodes { slug } } } } } } }"
	var doubling strings.Builder
	for i := range 25 {
		fmt.Fprintf(&doubling, "fragment F%d on Tag { a: parent { ...F%d } b: parent { ...F%d } } ", i, i+1, i+1)
	}
	doubling.WriteString("fragment F25 on Tag { slug } { tag(slug: \"x\") { ...F0 } }")
	for name, document := range map[string]string{"deep": deep, "nested": nested, "doubling": doubling.String()} {
		began := time.Now()
		a.as(public, document, nil).refused("COST_LIMIT", "at most")
		if took := time.Since(began); took > storetest.Patience {
			t.Errorf("%s: refused after %v", name, took)
		}
	}
	a.as(public, `query($n: Int) { reports(first: $n) { nodes { entities(first: $n) { nodes { reports(first: $n) { nodes { slug } } } } } } }`, vars{"n": 100}).
		refused("COST_LIMIT", "the operation costs")
	a.as(public, `{ `+strings.Repeat("viewer { role } ", 5000)+`}`, nil).refused("COST_LIMIT", "token")
	a.query(public, `query { __schema { types { name fields { name type { name ofType { name ofType { name ofType { name } } } } } } } }`)
}

// Documents that are small but made to keep a parser, a validator or an
// executor busy (the first one did for half a minute) are answered at once,
// whatever the answer.
func TestHostileDocuments(t *testing.T) {
	t.Parallel()
	a := newAPI(t, storetest.SQLite(t))
	each := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i, i+1)
		}
		return b.String()
	}
	for name, document := range map[string]string{
		"one name":         `{ viewer { ` + strings.Repeat("name ", 14_000) + `} }`,
		"one object":       `{ ` + strings.Repeat("viewer { name } ", 3_600) + `}`,
		"aliases":          `{ ` + each(2_000, "a%d: viewer { b%d: name } ") + `}`,
		"directives":       `{ viewer { name ` + strings.Repeat("@skip(if: false) ", 2_000) + `} }`,
		"nesting":          `{ tag(slug: "x") ` + strings.Repeat("{ parent ", 7_000) + "{ slug }" + strings.Repeat("}", 7_000) + " }",
		"chain":            `{ tag(slug: "x") { ...F0 } } ` + each(1_200, "fragment F%d on Tag { slug ...F%d } ") + `fragment F1200 on Tag { slug }`,
		"star":             `{ tag(slug: "x") { ` + each(900, "...F%d #%d\n ") + `} } ` + each(900, "fragment F%d on Tag { a%d: slug } "),
		"circle":           `{ tag(slug: "x") { ...A } } fragment A on Tag { parent { ...B } } fragment B on Tag { parent { ...A } }`,
		"filter":           `{ reports(filter: {or: [` + strings.Repeat(`{tags: {not: {parent: {}}}} `, 90) + `]}) { totalCount } }`,
		"unused fragments": each(2_000, "fragment F%d on Tag { a%d: slug } ") + `{ viewer { name } }`,
	} {
		began := time.Now()
		a.as(public, document, nil)
		if took := time.Since(began); took > storetest.Patience {
			t.Errorf("%s: took %v", name, took)
		}
	}
	a.as(public, `{ tag(slug: "x") { ...A } } fragment A on Tag { parent { ...A } }`, nil).refused("GRAPHQL_VALIDATION_FAILED", `"A" contains itself`)
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	a := newAPI(t, storetest.SQLite(t))
	get := func(document string) (int, string) {
		r := httptest.NewRequestWithContext(domain.WithViewer(t.Context(), editor), http.MethodGet, "/graphql?query="+url.QueryEscape(document), nil)
		w := httptest.NewRecorder()
		a.handler.ServeHTTP(w, r)
		body, _ := io.ReadAll(w.Body)
		return w.Code, string(body)
	}
	if code, body := get(`{ viewer { name } }`); code != http.StatusOK || !json.Valid([]byte(body)) || !strings.Contains(body, "edo") {
		t.Errorf("query: got %d %s", code, body)
	}
	if code, body := get(`mutation { createTag(input: {label: "T", vocabulary: TOPIC}) { created } }`); code < 400 {
		t.Errorf("mutation over GET: got %d %s", code, body)
	}
	if got := a.query(author, `query @inContext(stage: DESK) { tags { totalCount } }`).at("tags.totalCount"); got != 0.0 {
		t.Errorf("the mutation over GET ran")
	}
}

// The question that explorers and client generators open with.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	a := newAPI(t, storetest.SQLite(t))
	r := a.query(public, `query IntrospectionQuery {
		__schema { description queryType { name kind } mutationType { name kind } subscriptionType { name kind } types { ...FullType }
			directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
		fragment FullType on __Type { kind name description specifiedByURL isOneOf
			fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
			inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
			enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
		fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
		fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
			ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }`)
	if types := r.at("__schema.types").([]any); len(types) < 100 {
		t.Errorf("got %d types", len(types))
	}
}
