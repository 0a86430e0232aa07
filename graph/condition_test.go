package graph_test

import (
	"fmt"
	"strings"
	"testing"
)

// A condition that is null is an error at each field under it, and other fields answer.
func TestNullConditions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		for _, tt := range []struct{ document, data, paths string }{
			{`{ report(slug: "bravo") { slug summary @skip(if: $c) } }`, `{"report":{"slug":"bravo","summary":null}}`, `report.summary`},
			{`{ report(slug: "bravo") { slug summary @include(if: $c) } }`, `{"report":{"slug":"bravo","summary":null}}`, `report.summary`},
			{`{ a: report(slug: "bravo") @skip(if: $c) { slug } tags { totalCount } }`, `{"a":null,"tags":{"totalCount":3}}`, `a`},
			{`{ reports @skip(if: $c) { totalCount } tags { totalCount } }`, `null`, `reports`},
			{`{ report(slug: "bravo") { slug title @skip(if: $c) } tags { totalCount } }`, `{"report":null,"tags":{"totalCount":3}}`, `report.title`},
			{`{ tags(first: 2) { nodes { slug parent @include(if: $c) { slug } } } }`,
				`{"tags":{"nodes":[{"slug":"asia","parent":null},{"slug":"cranes","parent":null}]}}`, `tags.nodes.0.parent tags.nodes.1.parent`},
			// The merged field has the error of one of its parts, before and after.
			{`{ report(slug: "bravo") { summary summary @skip(if: $c) slug } }`, `{"report":{"summary":null,"slug":"bravo"}}`, `report.summary`},
			{`{ report(slug: "bravo") { summary @skip(if: $c) summary slug } }`, `{"report":{"summary":null,"slug":"bravo"}}`, `report.summary`},
			{`{ report(slug: "bravo") { slug } ... { report(slug: "bravo") @skip(if: $c) { kind } } }`, `{"report":null}`, `report`},
			// Fragments.
			{`{ report(slug: "bravo") { slug ... @skip(if: $c) { summary question } kind } }`,
				`{"report":{"slug":"bravo","summary":null,"question":null,"kind":"BRIEF"}}`, `report.summary report.question`},
			{`{ report(slug: "bravo") { slug ...F @skip(if: $c) } } fragment F on Report { summary ...G ... { keyFindings @skip(if: true) } } fragment G on Report { question }`,
				`{"report":{"slug":"bravo","summary":null,"question":null}}`, `report.summary report.question`},
			{`{ a: report(slug: "bravo") { ...F @include(if: $c) } b: report(slug: "bravo") { ...F } } fragment F on Report { summary }`,
				`{"a":{"summary":null},"b":{"summary":"Second."}}`, `a.summary`},
			{`{ report(slug: "bravo") { ...F } } fragment F on Report { slug summary @skip(if: $c) }`, `{"report":{"slug":"bravo","summary":null}}`, `report.summary`},
			{`{ report(slug: "bravo") { slug ... on Document @skip(if: $c) { ... on Tag { label } ... on Report { summary } } } }`,
				`{"report":{"slug":"bravo","summary":null}}`, `report.summary`},
			{`{ report(slug: "bravo") { slug ... @skip(if: $c) {} } }`, `{"report":{"slug":"bravo"}}`, ``},
			// __typename and introspection.
			{`{ report(slug: "bravo") { __typename @skip(if: $c) slug } tags { totalCount } }`, `{"report":null,"tags":{"totalCount":3}}`, `report.__typename`},
			{`{ report(slug: "bravo") { t: __typename t: __typename @skip(if: $c) slug } }`, `{"report":null}`, `report.t`},
			{`{ __typename @include(if: $c) tags { totalCount } }`, `null`, `__typename`},
			{`{ __type(name: "Int") { name description @skip(if: $c) } }`, `{"__type":{"name":"Int","description":null}}`, `__type.description`},
			{`{ __schema @skip(if: $c) { description } tags { totalCount } }`, `null`, `__schema`},
			// What is left out has no other condition, nor has what is in it.
			{`{ report(slug: "bravo") { slug summary @skip(if: true) @include(if: $c) } }`, `{"report":{"slug":"bravo"}}`, ``},
			{`{ report(slug: "bravo") { slug summary @include(if: $c) @skip(if: true) } }`, `{"report":{"slug":"bravo"}}`, ``},
			{`{ report(slug: "bravo") { slug summary @include(if: false) @skip(if: $c) } }`, `{"report":{"slug":"bravo","summary":null}}`, `report.summary`},
			{`{ tags { totalCount } report(slug: "bravo") @skip(if: true) { summary @skip(if: $c) } }`, `{"tags":{"totalCount":3}}`, ``},
			{`{ report(slug: "nothing") { summary @skip(if: $c) } }`, `{"report":null}`, ``},
			// Another variable that is null does not matter.
			{`{ report(slug: "bravo") { slug summary @skip(if: $d) } }`, `{"report":{"slug":"bravo","summary":"Second."}}`, ``},
		} {
			document := declared(tt.document) + tt.document
			for range 2 { // the second time from the cache of documents, which is not changed
				r := a.as(public, document, vars{"c": nil})
				paths := make([]string, len(r.Errors))
				for i, err := range r.Errors {
					paths[i] = strings.ReplaceAll(strings.Trim(fmt.Sprint(err.Path), "[]"), " ", ".")
					if err.Extensions.Code != "BAD_USER_INPUT" || !strings.Contains(err.Message, " are not right: if: the variable $c is null; want Boolean!") {
						t.Errorf("%s: got %s", document, r.body)
					}
				}
				if got := strings.Join(paths, " "); r.data() != tt.data || got != tt.paths {
					t.Errorf("%s:\ngot  %s at %s\nwant %s at %s", document, r.data(), got, tt.data, tt.paths)
				}
			}
			if r := a.as(public, document, vars{"c": false}); len(r.Errors) > 0 {
				t.Errorf("%s: got %s", document, r.body)
			}
		}
		if strings.Contains(a.log.String(), "level=ERROR") {
			t.Errorf("the log has errors: %s", a.log)
		}
	})
}

// declared returns the start of a query with the variables that a document has.
func declared(document string) string {
	if strings.Contains(document, "$d") {
		return "query($d: Boolean = false) "
	}
	return "query($c: Boolean = true) "
}

func TestNullConditionsOfMutations(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		const create = `(input: {slug: "%s", label: "T", vocabulary: TOPIC})`
		for name, selection := range map[string]string{
			"field":    `b: createTag` + create + ` @skip(if: $c) { created }`,
			"fragment": `... @include(if: $c) { b: createTag` + create + ` { created } }`,
		} {
			r := a.as(author, `mutation($c: Boolean = false) { a: createTag`+fmt.Sprintf(create, "a-"+name)+` { tag { slug } } `+
				fmt.Sprintf(selection, "b-"+name)+` }`, vars{"c": nil})
			r.refused("BAD_USER_INPUT", "the variable $c is null; want Boolean!")
			if want := `{"a":{"tag":{"slug":"a-` + name + `"}},"b":null}`; r.data() != want || len(r.Errors) != 1 {
				t.Errorf("%s: got %s, want %s", name, r.body, want)
			}
			desk := a.query(author, `query @inContext(stage: DESK) { a: tag(slug: "a-`+name+`") { label } b: tag(slug: "b-`+name+`") { label } }`)
			if want := `{"a":{"label":"T"},"b":null}`; desk.data() != want {
				t.Errorf("%s: then got %s, want %s", name, desk.data(), want)
			}
		}
		r := a.as(author, `mutation($c: Boolean = false) @atomic { a: createTag`+fmt.Sprintf(create, "c")+` { created } b: createTag`+
			fmt.Sprintf(create, "d")+` @skip(if: $c) { created } }`, vars{"c": nil})
		r.refused("BAD_USER_INPUT", "the variable $c is null; want Boolean!")
		if desk := a.query(author, `query @inContext(stage: DESK) { tag(slug: "c") { label } }`); r.data() != `null` || desk.data() != `{"tag":null}` {
			t.Errorf("@atomic: got %s, then %s", r.body, desk.data())
		}
	})
}

// A condition that is no Boolean is refused by validation, and never runs.
func TestConditionsOfOtherKinds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		for _, condition := range []string{`{}`, `{if: true}`, `[]`, `[true]`, `null`, `"true"`, `1`, `TRUE`, `1.5`} {
			for _, directive := range []string{"skip", "include"} {
				a.as(public, `{ reports { totalCount @`+directive+`(if: `+condition+`) } }`, nil).refused("GRAPHQL_VALIDATION_FAILED", "")
				a.as(public, `{ ... @`+directive+`(if: `+condition+`) { __typename } }`, nil).refused("GRAPHQL_VALIDATION_FAILED", "")
			}
		}
		a.as(public, `query($c: Boolean) { reports { totalCount @skip(if: $c) } }`, nil).refused("GRAPHQL_VALIDATION_FAILED", "")
		a.as(public, `query($c: Boolean!) { reports { totalCount @skip(if: $c) } }`, vars{"c": nil}).refused("GRAPHQL_VALIDATION_FAILED", "$c: is null")
	})
}

func TestNullConditionsOfSubscriptions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.in(t).subscribe(t, public, `subscription($c: Boolean = true) { contentChanged(after: "start") { kind document @skip(if: $c) { id } } }`, vars{"c": nil}, nil).
			wants(`"path":["contentChanged","document"]`, `"document":null`)
	})
}

func TestNullConditionsAreNotCached(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		g.createContent()
		for value, want := range map[string]bool{"null": false, "false": true} {
			body := `{"query": "query($c: Boolean = true) { tags { nodes { parent @skip(if: $c) { slug } } } }", "variables": {"c": ` + value + `}}`
			if _, got := g.decision(public, body); got != want {
				t.Errorf("%s: got %v, want %v", value, got, want)
			}
		}
	})
}
