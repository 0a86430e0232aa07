package graph_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
)

// A selection set may be empty: the edition of September 2026, section 2.5.
func TestEmptySelectionSets(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		for document, want := range map[string]string{
			`{}`:                                                  `{}`,
			`query Q {}`:                                          `{}`,
			`query Q @inContext(stage: LIVE) {}`:                  `{}`,
			`{ ... {} ...F } fragment F on Query {}`:              `{}`,
			`{ report(slug: "bravo") {} }`:                        `{"report":{}}`,
			`{ report(slug: "nothing") {} }`:                      `{"report":null}`,
			`{ report(slug: "alpha") {} }`:                        `{"report":null}`, // AMBER
			`{ report(slug: "bravo") { ... {} ... on Node {} } }`: `{"report":{}}`,
			`{ report(slug: "bravo") {} report(slug: "bravo") { slug } }`: `{"report":{"slug":"bravo"}}`,
			`{ report(slug: "bravo") { title @skip(if: true) } }`:         `{"report":{}}`,
			`{ report(slug: "bravo") { tags {} entities { nodes {} } } }`: `{"report":{"tags":[{}],"entities":{"nodes":[{}]}}}`,
			`{ reports {} }`: `{"reports":{}}`,
			`{ reports(first: 1) { edges {} nodes {} pageInfo {} } }`: `{"reports":{"edges":[{}],"nodes":[{}],"pageInfo":{}}}`,
			`{ reports(first: 1) { edges { node {} } totalCount } }`:  `{"reports":{"edges":[{"node":{}}],"totalCount":2}}`,
		} {
			got := a.in(t).as(public, document, nil)
			if got.ok().data() != want {
				t.Errorf("%s: got %s, want %s", document, got.body, want)
			}
		}
		a.query(author, `query @inContext(stage: DESK) { report(slug: "echo") {} }`)
		a.query(public, `{ __schema {} __type(name: "Report") { fields {} interfaces {} } }`)
		a.in(t).as(public, `{ report(slug: "bravo") }`, nil).refused("GRAPHQL_VALIDATION_FAILED", "must have a selection of subfields")
		a.in(t).as(public, `{ report(slug: "bravo") { title {} } }`, nil).refused("GRAPHQL_VALIDATION_FAILED", "must not have a selection of subfields")
	})
}

// Block strings have the value of the specification: the indentation of the first line
// does not count.
func TestBlockStringsAreStoredWithoutIndentation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(editor, "mutation { createReport(input: {slug: \"block\", title: \"Block\", kind: BRIEF, language: \"en\", summary: \"s\", body: \"\"\"# Start\n\n      Text.\n      - item\n    \"\"\"}) { report { slug } } }")
		got := a.query(editor, `query @inContext(stage: DESK) { report(slug: "block") { body } }`)
		if want := `{"report":{"body":"# Start\n\nText.\n- item"}}`; got.data() != want {
			t.Errorf("got %s, want %s", got.data(), want)
		}
	})
}

// Errors of syntax and of validation are errors of the request, with the place.
func TestErrorsInDocuments(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		for document, want := range map[string]string{
			`{ report(slug: "\uD800") {} }`:                              `{"errors":[{"message":"\"\\uD800\" is half of a surrogate pair: want the leading half and then the trailing one","locations":[{"line":1,"column":17}],"extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}`,
			"{\n  reports(first: \"20\") {}\n}":                          `{"errors":[{"message":"Int cannot represent \"20\"; want a whole number of 32 bits.","locations":[{"line":2,"column":18}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
			`subscription { a: contentChanged {} b: contentChanged {} }`: `{"errors":[{"message":"A subscription must select one field: it selects \"b\" besides \"a\".","locations":[{"line":1,"column":37}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
			`subscription { contentChanged @include(if: true) {} }`:      `{"errors":[{"message":"\"@include\" cannot be used at the root of a subscription.","locations":[{"line":1,"column":31}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
			`subscription {}`: `{"errors":[{"message":"A subscription must select one field.","locations":[{"line":1,"column":1}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
		} {
			if got := a.in(t).as(public, document, nil).body; got != want {
				t.Errorf("%s:\ngot  %s\nwant %s", document, got, want)
			}
		}
	})
}

// Numbers of any length are literals (section 2.10.1): an ID may be one.
func TestLargeNumbers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		const large = "123456789012345678901234567890"
		const notAnID = `\"` + large + `\" is not an id`
		for document, want := range map[string]string{
			`{ node(id: ` + large + `) {} }`:                             notAnID,
			`query($id: ID = ` + large + `) { node(id: $id) {} }`:        notAnID,
			`{ reports(first: ` + large + `) {} }`:                       `Int cannot represent ` + large,
			`{ assets(filter: {size: {gt: ` + large + `}}) {} }`:         `"path":"filter.size.gt","message":"Long cannot represent ` + large + `; want a whole number`,
			`{ assets(filter: {size: {gt: 1e999}}) {} }`:                 `"path":"filter.size.gt","message":"Long cannot represent 1e999; want a whole number`,
			`{ relationships(filter: {share: {gt: ` + large + `}}) {} }`: `"path":"filter.share.gt"`,
		} {
			if got := a.in(t).as(public, document, nil).body; !strings.Contains(got, want) {
				t.Errorf("%s: got %s, want %s", document, got, want)
			}
		}
	})
}

// A fragment that several operations use takes the variables of the one that runs, not
// the defaults of another.
func TestVariablesOfSharedFragments(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		const document = `query A($s: String) { ...F } query B($s: String = "bravo") { ...F }
			fragment F on Query { reports(filter: {slug: {eq: $s, ne: "none"}}) { totalCount } }`
		run := func(name string) string {
			body, err := json.Marshal(vars{"query": document, "operationName": name})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequestWithContext(domain.WithViewer(t.Context(), public), http.MethodPost, "/graphql", bytes.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			a.handler.ServeHTTP(w, r)
			return w.Body.String()
		}
		for name, want := range map[string]string{"A": `"totalCount":2`, "B": `"totalCount":1`} {
			if got := run(name); !strings.Contains(got, want) {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}
	})
}
