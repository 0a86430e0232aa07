package graph_test

import (
	"strings"
	"testing"

	"github.com/redthread-api/redthread/examples"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Any text that is sent as a document gets a response with data or with an error
// that has a code, and never an internal error.
func FuzzDocument(f *testing.F) {
	all, err := examples.All()
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range all {
		f.Add(e.Query)
	}
	for _, seed := range []string{
		"", "{", "{ a: __typename @skip(if: true) b: __typename @include(if: false) }", "{ ...F } fragment F on Query { ...F }",
		"query($a: [ReportFilter!] = [{or: []}]) { reports(filter: {or: $a}) { totalCount } }", "{ __schema { types { fields { type { fields { name } } } } } }",
		`{ reports(first: 1, after: "eyJ") { edges { cursor node { body(format: HTML) } } } }`, "subscription { x }", "{ r: reports { ... on ReportConnection { nodes { __typename } } } }",
		"\ufeff{ viewer { role } }", "{ viewer { role } # \x00", `{ node(id: """block""") { id } }`, "query A { viewer { role } } query B { viewer { role } }",
		"query @inContext(stage: DESK) @inContext(stage: LIVE) { viewer { role } }", "{ reports(filter: {not: {not: {not: {slug: {eq: null}}}}}) { totalCount } }",
	} {
		f.Add(seed)
	}
	a := newAPI(f, storetest.SQLite(f))
	a.createContent()
	f.Fuzz(func(t *testing.T, document string) {
		if !strings.Contains(document, "mutation") { // all share the content
			for _, v := range []*domain.Viewer{public, partner, author} {
				r := a.in(t).as(v, document, nil)
				for _, e := range r.Errors {
					if e.Extensions.Code == "" || e.Extensions.Code == "INTERNAL" {
						t.Errorf("%s: %q is answered by %s", v.Role, document, r.body)
					}
				}
			}
		}
	})
}
