package graph_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
)

const documentSearch = `query($q: String!, $types: [SearchType!], $filter: SearchFilter, $first: Int, $after: String, $by: SearchOrder! = RELEVANCE) {
	search(query: $q, types: $types, filter: $filter, first: $first, after: $after, orderBy: $by) {
		totalCount approximate truncated didYouMean pageInfo { hasNextPage hasPreviousPage endCursor }
		edges { score field cursor snippets { field text html spans { start end } } node { __typename } }
		nodes { __typename ... on Document { slug } ... on EditionItem { headline edition { slug } } }
		facets { types { value label count filter } tags { value count filter } entities { value count filter } kinds { value count } years { value count filter } languages { value count } }
	}
}`

// found are the results of a search: slugs of documents, headlines of items.
func (r *response) found(path string) string {
	r.t.Helper()
	var out []string
	for _, n := range r.at(path).([]any) {
		n := n.(map[string]any)
		if n["slug"] != nil {
			out = append(out, n["slug"].(string))
		} else {
			out = append(out, fmt.Sprint(n["headline"]))
		}
	}
	return strings.Join(out, " ")
}

func TestSearch(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		for _, tt := range []struct {
			viewer *domain.Viewer
			with   vars
			want   string
		}{
			{public, vars{"q": "word", "types": []string{"REPORT"}}, "bravo"},
			{public, vars{"q": "WORDS about"}, "bravo"},
			{public, vars{"q": "起重机"}, "crane-works"},
			{public, vars{"q": "hidden fund"}, ""},
			{author, vars{"q": `"hidden fund"`, "types": []string{"ENTITY"}}, ""}, // AMBER and RED do: the clearance is RED
			{public, vars{"q": "fell", "types": []string{"EDITION_ITEM"}}, "A crane fell"},
			{public, vars{"q": "crane", "types": []string{"TAG", "ENTITY"}}, "crane-works cranes"},
			{public, vars{"q": "", "types": []string{"REPORT"}, "by": "NEWEST"}, "charlie bravo"},
			{partner, vars{"q": "", "types": []string{"REPORT"}, "by": "NEWEST"}, "delta charlie bravo"},
			{partner, vars{"q": "", "types": []string{"REPORT"}, "by": "NEWEST", "filter": vars{"tags": []string{"ports"}}}, "delta"},
			{partner, vars{"q": "", "types": []string{"REPORT"}, "by": "NEWEST", "filter": vars{"withinTags": []string{"ports"}}}, "delta bravo"},
			{partner, vars{"q": "tag:ports", "types": []string{"REPORT"}}, "delta"},
			{partner, vars{"q": "tag:Ports -entity:port-ltd", "types": []string{"REPORT"}}, "delta"},
			{public, vars{"q": "tag:secret-term"}, ""},
			{public, vars{"q": "", "filter": vars{"tags": []string{"secret-term"}}}, ""},
			{partner, vars{"q": "lang:ja"}, "charlie"},
			{partner, vars{"q": "", "by": "NEWEST", "filter": vars{"kinds": []string{"brief", "Typology"}, "from": "2024-03-07", "to": "2024-03"}}, "delta charlie"},
			{public, vars{"q": "type:source gazette"}, "harbour-gazette"},
			{public, vars{"q": `"(' OR 1=1 --`}, ""},
		} {
			r := a.as(tt.viewer, documentSearch, tt.with).ok()
			got := r.found("search.nodes")
			if tt.viewer == author {
				if got != "hidden-fund" {
					t.Errorf("%v: got %q, want what the clearance has", tt.with, got)
				}
				continue
			}
			if got != tt.want || int(r.at("search.totalCount").(float64)) != len(r.at("search.nodes").([]any)) {
				t.Errorf("%v for TLP:%v: got %q, want %q", tt.with, tt.viewer.Clearance, got, tt.want)
			}
		}
	})
}

// TestQueriesAreNoErrors checks that texts which are malformed or too long are cut or find nothing.
func TestQueriesAreNoErrors(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		const lists = `query($q: String!) { reports(filter: {search: $q}) { nodes { slug } } suggest(prefix: $q, types: [REPORT]) { text } }`
		long := "words" + strings.Repeat(" ", 4_000)
		for _, text := range []string{"words", "words\u0000", "\u0000words\u0001", long, long + "absent"} {
			if got := a.as(public, lists, vars{"q": text}).ok().list("reports.nodes", "slug"); got != "bravo" {
				t.Errorf("%.20q of %d bytes: got %q, want bravo", text, len(text), got)
			}
		}
		for name, wrong := range map[string]string{"tags": "\u0000", "withinTags": "ports\u0000", "entities": strings.Repeat("x", 3_000), "kinds": "\u0000"} {
			got := a.as(public, documentSearch, vars{"q": "words", "filter": vars{name: []string{wrong}}}).ok()
			if got.at("search.totalCount") != 0.0 {
				t.Errorf("%s: got %v, want nothing", name, got.at("search.totalCount"))
			}
		}
		a.as(public, documentSearch, vars{"q": "", "filter": vars{"types": []string{"NOTE"}}}).refused("GRAPHQL_VALIDATION_FAILED", "NOTE")
	})
}

// TestSearchWithoutAnIndex checks what searches are answered while the first index of a store is built.
func TestSearchWithoutAnIndex(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		if err := search.NewMaintenance(a.stores, time.Now).Wipe(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, query := range []string{`{ search(query: "word") { totalCount } }`, `{ reports(filter: {search: "word"}) { totalCount } }`, `{ suggest(prefix: "w") { text } }`} {
			ctx := domain.WithViewer(t.Context(), public)
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(fmt.Sprintf(`{"query": %q}`, query)))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			a.handler.ServeHTTP(w, r)
			if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "the search index is being made") {
				t.Errorf("%s: got %d %s, want 503", query, w.Code, w.Body)
			}
		}
		if got := a.as(public, `{ reports { totalCount } }`, nil).ok().at("reports.totalCount"); got != 2.0 {
			t.Errorf("a list without a search: got %v, want 2", got)
		}
	})
}

func TestSearchSnippetsFacetsAndPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		r := a.as(public, documentSearch, vars{"q": "word"}).ok()
		if got := fmt.Sprint(r.at("search.edges.0.field"), r.at("search.edges.0.snippets.0.html"), r.at("search.edges.0.snippets.0.spans.0")); !strings.HasPrefix(got, "BODYTwo <mark>words</mark> about Port Ltd") {
			t.Errorf("got %s", got)
		}
		r = a.as(partner, documentSearch, vars{"q": "", "types": []string{"REPORT"}}).ok()
		for facet, want := range map[string]string{
			"types": "REPORT:3", "tags": "asia:1 cranes:1 ports:1", "entities": "crane-works:2 ana-lyst:1 port-ltd:1", "kinds": "BRIEF:2 TYPOLOGY:1", "years": "2024:3", "languages": "en:2 ja:1",
		} {
			if got := r.facet("search.facets." + facet); got != want {
				t.Errorf("%s: got %q, want %q", facet, got, want)
			}
		}
		// The filter of each value finds as many as it says.
		for _, facet := range []string{"tags", "entities", "years"} {
			for _, v := range r.at("search.facets." + facet).([]any) {
				v := v.(map[string]any)
				if got := a.as(partner, documentSearch, vars{"q": "", "types": []string{"REPORT"}, "filter": v["filter"]}).ok().at("search.totalCount"); got != v["count"] {
					t.Errorf("%v: the filter finds %v", v, got)
				}
			}
		}
		// Page by page, as at once.
		for _, by := range []string{"RELEVANCE", "NEWEST"} {
			whole := a.as(partner, documentSearch, vars{"q": "crane OR port OR ports", "by": by}).ok()
			var pages []string
			var after any
			for range 20 {
				page := a.as(partner, documentSearch, vars{"q": "crane OR port OR ports", "by": by, "first": 2, "after": after}).ok()
				pages = append(pages, page.found("search.nodes"))
				if page.at("search.pageInfo.hasNextPage") != true {
					break
				}
				after = page.at("search.pageInfo.endCursor")
			}
			if got, want := strings.Join(pages, " "), whole.found("search.nodes"); got != want || len(pages) < 3 {
				t.Errorf("by %s: page by page %q, at once %q", by, got, want)
			}
			a.as(public, documentSearch, vars{"q": "another", "by": by, "after": after}).refused("BAD_USER_INPUT", "after: this is no cursor of this search")
		}
		if got := a.as(public, documentSearch, vars{"q": "gazete"}).ok().at("search.didYouMean"); got != "gazette" {
			t.Errorf("did you mean %v", got)
		}
		if got := a.as(public, documentSearch, vars{"q": "hiden"}).ok().at("search.didYouMean"); got != nil {
			t.Errorf("a hidden word is proposed: %v", got)
		}
		a.as(public, documentSearch, vars{"q": "", "first": 101}).refused("BAD_USER_INPUT", "first: 101; want 0 to 100")
		a.as(public, documentSearch, vars{"q": "", "filter": vars{"from": "soon"}}).refused("BAD_USER_INPUT", `filter.from: "soon" is not a date`)
	})
}

func TestSearchOfTheDesk(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		const ask = `query @inContext(stage: DESK) { search(query: "draft") { nodes { ... on Report { slug summary } } } reports(filter: {search: "draft"}) { nodes { slug } } }`
		r := a.query(author, ask)
		if got := r.found("search.nodes") + "/" + r.list("reports.nodes", "slug"); got != "echo/echo" {
			t.Errorf("got %q", got)
		}
		a.as(partner, ask, nil).refused("FORBIDDEN", "AUTHOR")
	})
}

func TestSearchInFilters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		for _, tt := range []struct{ list, filter, want string }{
			{"reports", `search: "port"`, "bravo"},
			{"reports", `search: "word -port"`, ""},
			{"reports", `not: {search: "port"}`, "charlie"},
			{"reports", `entities: {search: "起重机厂"}`, "charlie"},
			{"reports", `tags: {search: "crane"}`, "bravo"},
			{"entities", `search: "crane"`, "crane-works"},
			{"entities", `search: "hidden"`, ""},
			{"narratives", `search: "thread"`, "ports-are-safe"},
			{"sources", `search: "gazette"`, "harbour-gazette"},
			{"editions", `search: "fell"`, "weekly-7"},
			{"editions", `search: "seven"`, "weekly-7"},
			{"tags", `search: "secret"`, ""},
		} {
			for range 2 { // the texts of statements are remembered, what is found is not
				r := a.query(public, fmt.Sprintf(`{ list: %s(filter: {%s}, orderBy: {field: SLUG}) { totalCount nodes { slug } } }`, tt.list, tt.filter))
				if got := r.list("list.nodes", "slug"); got != tt.want || r.at("list.totalCount") != float64(len(strings.Fields(tt.want))) {
					t.Errorf("%s %s: got %s, want %q", tt.list, tt.filter, r.body, tt.want)
				}
			}
		}
		const ask = `{ reports(filter: {search: "rewritten"}) { totalCount nodes { slug } facets { kinds { count } } } }`
		if got := a.query(public, ask).at("reports.totalCount"); got != 0.0 {
			t.Errorf("got %v ahead of the change", got)
		}
		a.query(editor, `mutation { updateReport(input: {id: "charlie" summary: "It was rewritten."}) { changed } publish(input: {documents: ["report:charlie"]}) { state } }`)
		if got := a.query(public, ask); got.list("reports.nodes", "slug") != "charlie" || got.at("reports.facets.kinds.0.count") != 1.0 {
			t.Errorf("after the change: got %s", got.body)
		}
	})
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		const ask = `query($p: String!) { suggest(prefix: $p) { text nameKind node { __typename ... on Document { slug } } } }`
		for prefix, want := range map[string]string{
			"cra": "Crane Works|Cranes|Cranes are safe|A crane fell", "起": "起重机厂", "cw": "CW", "hid": "", "secret": "", "": "", "port l": "Port Ltd",
		} {
			r := a.as(public, ask, vars{"p": prefix}).ok()
			var got []string
			for _, s := range r.at("suggest").([]any) {
				got = append(got, s.(map[string]any)["text"].(string))
			}
			if got := strings.Join(got, "|"); got != want {
				t.Errorf("%q: got %q, want %q", prefix, got, want)
			}
		}
		if got := a.as(public, ask, vars{"p": "cw"}).ok(); got.at("suggest.0.nameKind") != "ABBREVIATION" || got.at("suggest.0.node.slug") != "crane-works" {
			t.Errorf("got %s", got.body)
		}
		a.as(public, `{ suggest(prefix: "a", first: 101) { text } }`, nil).refused("BAD_USER_INPUT", "first: 101; want 0 to 100")
	})
}

func TestMatchEntities(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		const ask = `query($names: [MatchName!]!) { matchEntities(names: $names) { name candidates { entity { slug } name nameKind score reason sameCountry sameIdentifier } } }`
		r := a.as(public, ask, vars{"names": []any{
			vars{"name": "crane works"}, vars{"name": "Crane Worcs", "country": "CN"}, vars{"name": "Hidden Fund"},
			vars{"name": "CW", "identifiers": []any{vars{"scheme": "LEI", "value": "CRANE123"}}},
		}}).ok()
		for i, want := range []string{"crane-works EXACT <nil> <nil>", "crane-works SPELLING true <nil>", "", "crane-works ALIAS <nil> true"} {
			got := ""
			if list := r.at(fmt.Sprintf("matchEntities.%d.candidates", i)).([]any); len(list) > 0 {
				at := fmt.Sprintf("matchEntities.%d.candidates.0.", i)
				got = fmt.Sprint(r.at(at+"entity.slug"), " ", r.at(at+"reason"), " ", r.at(at+"sameCountry"), " ", r.at(at+"sameIdentifier"))
			}
			if got != want {
				t.Errorf("%d: got %q, want %q", i, got, want)
			}
		}
		blank := a.as(public, ask, vars{"names": []any{vars{"name": " \u3000"}, vars{"name": "crane works"}, vars{"name": "\u0000"}}}).ok()
		if none, one := blank.at("matchEntities.0.candidates").([]any), blank.at("matchEntities.1.candidates").([]any); len(none) != 0 || len(one) != 1 {
			t.Errorf("a blank name: got %s", blank.body)
		}
		a.as(public, ask, vars{"names": []any{vars{"name": "x", "country": "CHN"}}}).refused("BAD_USER_INPUT", "names[0].country")
		many := make([]any, 201)
		for i := range many {
			many[i] = vars{"name": "x"}
		}
		a.as(public, ask, vars{"names": many}).refused("BAD_USER_INPUT", "names: 201 are too many; at most 200")
	})
}

func TestRelated(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		r := a.query(public, `{ report(slug: "bravo") { related { score node { ... on Document { slug } } reasons { kind word document { slug } } } } entity(slug: "crane-works") { related(types: [REPORT]) { node { ... on Document { slug } } reasons { kind document { slug } } } } }`)
		if len(r.at("report.related").([]any)) == 0 || strings.Contains(r.body, "hidden") || strings.Contains(r.body, "secret") || strings.Contains(r.body, "alpha") {
			t.Errorf("got %s", r.body)
		}
		if got := r.at("entity.related.0.node.slug"); got != "charlie" {
			t.Errorf("got %v: %s", got, r.body)
		}
	})
}

// TestSearchInFiltersByPublication reads pages for which a list looks among the newest documents that a search finds, and
// pages that are not there.
func TestSearchInFiltersByPublication(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		var slugs, names []string
		for i := range 30 {
			slug, kind := fmt.Sprintf("lantern-%d", i), "RESEARCH"
			if i == 2 || i == 3 || i == 29 {
				kind = "BRIEF"
			}
			a.query(editor, fmt.Sprintf(`mutation { createReport(input: {slug: %q, title: "A lantern", kind: %s, language: "en", summary: "S.", body: "B.", tags: ["ports"]}) { created } }`, slug, kind))
			slugs, names = append(slugs, slug), append(names, "report:"+slug)
			if i%7 == 0 { // several have the same time
				a.as(editor, `mutation($d: [String!]!) { publish(input: {documents: $d}) { state } }`, vars{"d": names}).ok()
				names = nil
			}
		}
		a.as(editor, `mutation($d: [String!]!) { publish(input: {documents: $d}) { state } }`, vars{"d": names}).ok()
		const ask = `query($f: ReportFilter, $first: Int, $after: String, $last: Int, $by: OrderDirection! = DESC) {
			reports(filter: $f, first: $first, after: $after, last: $last, orderBy: {field: PUBLISHED_AT, direction: $by}) { totalCount nodes { slug } pageInfo { endCursor hasNextPage } } }`
		for _, tt := range []struct {
			name string
			also vars
		}{
			{"alone", vars{}},
			{"few", vars{"kind": vars{"eq": "BRIEF"}}},
			{"through a relation", vars{"kind": vars{"eq": "BRIEF"}, "tags": vars{"slug": vars{"eq": "ports"}}}},
			{"none", vars{"tags": vars{"slug": vars{"eq": "cranes"}}}},
		} {
			plain, searched := vars{"slug": vars{"in": slugs}}, vars{"search": "lantern"}
			for name, condition := range tt.also {
				plain[name], searched[name] = condition, condition
			}
			want := a.as(public, ask, vars{"f": plain, "first": 100}).ok()
			if got := a.as(public, ask, vars{"f": searched, "first": 100}).ok(); fmt.Sprint(got.at("reports")) != fmt.Sprint(want.at("reports")) {
				t.Errorf("%s: one page: got %s, want %s", tt.name, got.body, want.body)
			}
			for _, with := range []vars{{"last": 2}, {"by": "ASC", "first": 2}} {
				with["f"] = plain
				want := a.as(public, ask, with).ok()
				with["f"] = searched
				if got := a.as(public, ask, with).ok(); got.list("reports.nodes", "slug") != want.list("reports.nodes", "slug") {
					t.Errorf("%s: %v: got %s, want %s", tt.name, with, got.body, want.body)
				}
			}
			for _, size := range []int{1, 2, 7} {
				var got []string
				after := vars{"f": searched, "first": size}
				for range 40 {
					r := a.as(public, ask, after).ok()
					if list := r.list("reports.nodes", "slug"); list != "" {
						got = append(got, list)
					}
					if r.at("reports.totalCount") != want.at("reports.totalCount") {
						t.Errorf("%s: got %s, want a total of %v", tt.name, r.body, want.at("reports.totalCount"))
					}
					if r.at("reports.pageInfo.hasNextPage") != true {
						break
					}
					after["after"] = r.at("reports.pageInfo.endCursor")
				}
				if all := strings.Join(got, " "); all != want.list("reports.nodes", "slug") {
					t.Errorf("%s, %d a page: got %s, want %s", tt.name, size, all, want.list("reports.nodes", "slug"))
				}
			}
		}
	})
}
