package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// cost is what an answer says that its operation cost, and the most that it
// may.
func (r reply) cost() (requested, maximum int) {
	r.t.Helper()
	var parts struct {
		Extensions struct {
			Cost *struct{ Requested, Maximum int }
		}
	}
	if err := json.Unmarshal([]byte(r.body), &parts); err != nil || parts.Extensions.Cost == nil {
		r.t.Fatalf("no cost in %s", r.body)
	}
	return parts.Extensions.Cost.Requested, parts.Extensions.Cost.Maximum
}

// What operations cost does not depend on what there is.
func TestCost(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		admin := holder(domain.Admin)
		for _, row := range []struct {
			name, document string
			variables      vars
			want           int
		}{
			{"TypeName", `{ __typename }`, nil, 0},
			{"Fields", `{ viewer { role clearance } }`, nil, 3},
			{"SameFieldTwice", `{ viewer { role role } }`, nil, 3},
			{"Skipped", `{ viewer { role @skip(if: true) clearance } }`, nil, 3},
			{"Count", `{ reports { totalCount } }`, nil, 12},
			{"Page", `{ reports(first: 5) { nodes { slug } } }`, nil, 7},
			{"LastPage", `{ reports(last: 5) { nodes { slug } } }`, nil, 7},
			{"StandardPage", `{ reports { nodes { slug } } }`, nil, 22},
			{"PageOfNull", `{ reports(first: null) { nodes { slug } } }`, nil, 22},
			{"PageOfVariable", `query($n: Int) { reports(first: $n) { nodes { slug } } }`, vars{"n": 5}, 7},
			{"PageOfDefault", `query($n: Int = 5) { reports(first: $n) { nodes { slug } } }`, nil, 7},
			{"PageOfMissing", `query($n: Int) { reports(first: $n) { nodes { slug } } }`, nil, 22},
			{"NoPage", `{ reports(first: 0) { nodes { slug } } }`, nil, 3},
			{"Edges", `{ reports(first: 5) { edges { cursor node { slug } } } }`, nil, 17},
			{"PageInfo", `{ reports(first: 100) { pageInfo { endCursor } } }`, nil, 3},
			{"PagesInPages", `{ reports(first: 5) { nodes { entities(first: 10) { nodes { slug } } } } }`, nil, 62},
			{"List", `{ report(slug: "x") { tags { slug } } }`, nil, 12},
			{"ListOfTexts", `{ report(slug: "x") { keyFindings } }`, nil, 2},
			{"Nodes", `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, vars{"ids": []string{"rpt_0000000000000", "rpt_0000000000000"}}, 3},
			{"Markdown", `{ report(slug: "x") { body } }`, nil, 12},
			{"HTML", `{ report(slug: "x") { body(format: HTML) } }`, nil, 17},
			{"TextOfVariable", `query($f: TextFormat!) { report(slug: "x") { body(format: $f) } }`, vars{"f": "TEXT"}, 17},
			{"FormerSlugs", `query @inContext(stage: DESK) { report(slug: "x") { formerSlugs } }`, nil, 7},
			{"LiveDiff", `query @inContext(stage: DESK) { report(slug: "x") { liveDiff { path } } }`, nil, 212},
			{"Diffs", `query @inContext(stage: DESK) { report(slug: "x") { revisions(first: 3) { nodes { diff { path } } } } }`, nil, 636},
			{"Snapshots", `query @inContext(stage: DESK) { report(slug: "x") { revisions(first: 3) { nodes { snapshot } } } }`, nil, 156},
			{"Facets", `{ reports { facets { tags(first: 5) { count tag { slug } } kinds { value } } } }`, nil, 2 + 51 + 5*3 + 51 + 20},
			{"Within", `{ reports(filter: {tags: {within: "x"}}) { totalCount } }`, nil, 12 + 300 + 1200},
			{"Fragment", `{ reports(first: 5) { ...F } } fragment F on ReportConnection { nodes { slug } }`, nil, 7},
			{"FragmentInOtherPages", `{ a: reports(first: 5) { ...F } b: reports(first: 10) { ...F ...F } } fragment F on ReportConnection { nodes { slug } }`, nil, 7 + 23},
			{"InlineFragment", `{ reports(first: 5) { ... { nodes { ... on Report { slug } } } } }`, nil, 7},
			{"Types", `{ __schema { types { name } } }`, nil, 21},
			{"Type", `{ __type(name: "Report") { fields { name type { name } } } }`, nil, 3},
			{"Mutation", `mutation { createTag(input: {slug: "x", label: "X", vocabulary: TOPIC}) { created } }`, nil, 102},
			{"Mutations", `mutation { a: deleteTag(input: {id: "x"}) { deletedId } b: deleteTag(input: {id: "x"}) { deletedId } }`, nil, 204},
			{"MutationsInFragments", `mutation { ...F ...F ... { c: deleteTag(input: {id: "x"}) { deletedId } } } fragment F on Mutation { a: deleteTag(input: {id: "x"}) { deletedId } b: deleteTag(input: {id: "x"}) { deletedId } }`, nil, 310},
		} {
			var asked []int
			for range 2 {
				r := g.send(admin, http.MethodPost, vars{"query": row.document, "variables": row.variables})
				got, maximum := r.cost()
				asked = append(asked, got)
				if maximum != 500_000 {
					t.Errorf("%s: the most is said to be %d", row.name, maximum)
				}
			}
			if asked[0] != row.want || asked[1] != row.want {
				t.Errorf("%s: costs %v, want %d", row.name, asked, row.want)
			}
		}
		// A page that is too large counts as the largest.
		if r := g.send(admin, http.MethodPost, vars{"query": `{ reports(first: 1000000) { nodes { slug } } }`}); r.code() != "BAD_USER_INPUT" {
			t.Errorf("got %s", r.body)
		} else if got, _ := r.cost(); got != 102 {
			t.Errorf("costs %d", got)
		}
	})
}

// Fragments that double each other, 2⁴⁰ times, are measured once each.
func TestCostOfFragmentsThatDouble(t *testing.T) {
	t.Parallel()
	g := newAccessAPI(t, storetest.SQLite(t), nil)
	var b strings.Builder
	b.WriteString("{ viewer { ...F0 } } ")
	for i := range 40 {
		fmt.Fprintf(&b, "fragment F%d on Viewer { ...F%d ...F%d } ", i, i+1, i+1)
	}
	b.WriteString("fragment F40 on Viewer { role }")
	g.send(public, http.MethodPost, vars{"query": b.String()}).refused("COST_LIMIT", "")
	g.send(editor, http.MethodPost, vars{"query": b.String()}).refused("COST_LIMIT", "the operation costs")
}

// sized are documents that have exactly n of something.
var sized = []struct {
	what  string // in the refusal
	limit func(limits.Limit) int
	of    func(n int) string
}{
	{"tokens", func(l limits.Limit) int { return l.Tokens }, func(n int) string {
		const rest = 20 // the others
		return `{ reports(filter: {slug: {in: [` + strings.Repeat(`"a" `, n-rest) + `]}}) { totalCount } }`
	}},
	{"levels", func(l limits.Limit) int { return l.Depth }, func(n int) string {
		return `{ tag(slug: "x") { ` + strings.Repeat("parent { ", n-2) + "slug" + strings.Repeat(" }", n)
	}},
	{"fields at the top", func(l limits.Limit) int { return l.Roots }, func(n int) string {
		return "{ " + strings.Repeat("__typename ", n-1) + "...F } fragment F on Query { __typename }"
	}},
	{"aliases", func(l limits.Limit) int { return l.Aliases }, func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "a%d: role ", i)
		}
		return "{ viewer { " + b.String() + "} }"
	}},
	{"directives", func(l limits.Limit) int { return l.Directives }, func(n int) string {
		return `query @inContext(stage: LIVE) { viewer { ` + strings.Repeat("role @skip(if: false) ", n-1) + "} }"
	}},
	{"fragments", func(l limits.Limit) int { return l.Fragments }, func(n int) string {
		return "{ viewer { ...F " + strings.Repeat("... { ", n-2) + "role" + strings.Repeat(" }", n-2) + " } } fragment F on Viewer { role }"
	}},
	{"the operation costs", func(l limits.Limit) int { return l.Cost }, func(n int) string {
		// 202 and 10000 for each slug inside; 2 and 100 for each slug of a
		// tag; 1 and 1 for each role.
		k := (n - 10_000) / 10_000
		left := n - 202 - k*10_000
		tags := (left - 3) / 100
		left -= 2 + tags*100
		return `{ reports(first: 100) { nodes { entities(first: 100) { nodes { ` + strings.Repeat("slug ", k) + `} } } }
			tags(first: 100) { nodes { ` + strings.Repeat("slug ", tags) + `} } viewer { ` + strings.Repeat("role ", left-1) + `} }`
	}},
}

// Each limit of each role holds to the letter: what is at it passes, and what
// is one beyond does not, also where a viewer with higher limits has just sent the
// same.
func TestLimitsHold(t *testing.T) {
	t.Parallel()
	for _, v := range []*domain.Viewer{public, holder(domain.Public), holder(domain.Partner), holder(domain.Author), holder(domain.Editor), holder(domain.Admin)} {
		for _, kind := range sized {
			t.Run(fmt.Sprint(v.Role, v.KeyID != 0, " ", kind.what), func(t *testing.T) {
				t.Parallel()
				g := newAccessAPI(t, storetest.SQLite(t), nil)
				limit := kind.limit(limits.Standard(v.Role))
				within, beyond := kind.of(limit), kind.of(limit+1)
				if !v.Role.Staff() {
					if r := g.send(holder(domain.Admin), http.MethodPost, vars{"query": beyond}); r.code() == "COST_LIMIT" {
						t.Errorf("staff are refused %d: %.300s", limit+1, r.body)
					}
				}
				for range 2 {
					g.send(v, http.MethodPost, vars{"query": beyond}).refused("COST_LIMIT", kind.what)
				}
				r := g.send(v, http.MethodPost, vars{"query": within})
				if code := r.code(); code != "" && (code != "BAD_USER_INPUT" || kind.what != "tokens") {
					t.Errorf("%d is refused: %.300s", limit, r.body)
				}
			})
		}
	}
}

// A small budget leaves room for the request itself: what has to wait can
// be had after that.
func TestWaitingIsEnough(t *testing.T) {
	t.Parallel()
	g := newAccessAPI(t, storetest.SQLite(t), nil)
	v := holder(domain.Partner)
	v.RateLimit = 60
	ask := func(n int) reply {
		request := vars{"query": fmt.Sprintf("{ viewer { %s} }", strings.Repeat("role ", n-1))}
		g.send(holder(domain.Admin), http.MethodPost, request) // the first request with a document is charged for parsing it
		return g.send(v, http.MethodPost, request)
	}
	ask(41).refused("COST_LIMIT", "costs 41; at most 40")
	g.clock.Advance(60e9)
	r := ask(40)
	r.ok()
	if _, maximum := r.cost(); maximum != 40 || r.header.Get("RateLimit") != `"cost";r=0;t=60` || r.header.Get("RateLimit-Policy") != `"cost";q=60;w=60` {
		t.Errorf("got %s %v", r.body, r.header)
	}
	for range 3 {
		r = ask(40)
		r.refused("RATE_LIMITED", "try again in")
		var seconds int
		if _, err := fmt.Sscan(r.header.Get("Retry-After"), &seconds); err != nil || r.status != http.StatusTooManyRequests {
			t.Fatalf("got %d %v", r.status, r.header)
		}
		g.clock.Advance(59e9 + 1e9)
		ask(40).ok()
	}
}

// Explorers and generators of clients open with this question.
func TestIntrospectionIsWithinThePublicLimits(t *testing.T) {
	t.Parallel()
	g := newAccessAPI(t, storetest.SQLite(t), nil)
	document := `query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind } subscriptionType { name kind }
		types { ...FullType } directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
		fragment FullType on __Type { kind name description specifiedByURL isOneOf
			fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
			inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
			enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
		fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
		fragment TypeRef on __Type { kind name` + strings.Repeat(" ofType { kind name", 9) + strings.Repeat(" }", 10)
	r := g.send(public, http.MethodPost, vars{"query": document})
	r.ok()
	if requested, maximum := r.cost(); requested < 1000 || requested > maximum {
		t.Errorf("it costs %d of %d", requested, maximum)
	} else {
		t.Logf("it costs %d of %d", requested, maximum)
	}
	// Lists of the description in each other are what makes it large.
	g.send(editor, http.MethodPost, vars{"query": `{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }`}).refused("COST_LIMIT", "lists of the schema")
}
