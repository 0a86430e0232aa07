package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
)

func TestFilters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		for _, tt := range []struct{ list, filter, want string }{
			{"reports", `{}`, "alpha bravo charlie delta echo"},
			{"reports", `slug: {eq: "bravo"}`, "bravo"},
			{"reports", `slug: {ne: "bravo"}`, "alpha charlie delta echo"},
			{"reports", `slug: {in: ["bravo", "echo", "bravo"]}`, "bravo echo"},
			{"reports", `slug: {in: "bravo"}`, "bravo"},
			{"reports", `slug: {in: []}`, ""},
			{"reports", `slug: {notIn: ["bravo", "echo"]}`, "alpha charlie delta"},
			{"reports", `title: {startsWith: "B"}`, ""},
			{"reports", `title: {startsWith: "b"}`, "bravo"},
			{"reports", `title: {startsWith: ""}`, "alpha bravo charlie delta echo"},
			{"reports", `title: {startsWith: "%"}`, ""},
			{"reports", `kind: {eq: BRIEF}, language: {eq: "en"}`, "bravo echo"},
			{"reports", `kind: {in: [TYPOLOGY, RESEARCH]}`, "alpha delta"},
			{"reports", `kind: {notIn: [TYPOLOGY, RESEARCH], ne: BRIEF}`, ""},
			{"reports", `marking: {eq: AMBER}`, "alpha"},
			{"reports", `marking: {notIn: [AMBER, GREEN]}`, "bravo charlie echo"},
			{"reports", `wordCount: {gte: 4}`, "alpha bravo"},
			{"reports", `wordCount: {gt: 1, lt: 5}`, ""},
			{"reports", `publishedAt: {gte: "2024-03-08T00:00:00Z"}`, "alpha delta"},
			{"reports", `publishedAt: {gt: "2024-03-08", lte: "2024-03-09T01:00:00+01:00"}`, "alpha"},
			{"reports", `publishedAt: {eq: "2024-03-08T00:00:00.000Z"}`, "delta"},
			{"reports", `publishedAt: {ne: "2024-03-08T00:00:00Z"}`, "alpha bravo charlie echo"},
			{"reports", `publishedAt: {isNull: true}`, "echo"},
			{"reports", `not: {publishedAt: {isNull: true}}`, "alpha bravo charlie delta"},
			{"reports", `not: {publishedAt: {lt: "2024-03-08"}}`, "alpha delta echo"},
			{"reports", `not: {not: {publishedAt: {lt: "2024-03-08"}}}`, "bravo charlie"},
			{"reports", `not: {or: [{publishedAt: {lt: "2024-03-08"}}, {slug: {eq: "alpha"}}]}`, "delta echo"},
			{"reports", `liveVersion: {isNull: true}`, "echo"},
			{"reports", `or: [{slug: {eq: "alpha"}}, {title: {eq: "bravo"}}]`, "alpha bravo"},
			{"reports", `or: {slug: {eq: "alpha"}}`, "alpha"},
			{"reports", `and: [{kind: {eq: BRIEF}}, {language: {eq: "ja"}}]`, "charlie"},
			{"reports", `or: []`, ""},
			{"reports", `and: []`, ""},
			{"reports", `or: [{}]`, "alpha bravo charlie delta echo"},
			{"reports", `not: {}`, ""},
			{"reports", `not: {or: []}`, "alpha bravo charlie delta echo"},
			{"reports", `not: {slug: {in: []}}`, "alpha bravo charlie delta echo"},

			{"reports", `tags: {slug: {eq: "ports"}}`, "alpha delta echo"},
			{"reports", `tags: {slug: {in: ["asia", "cranes"]}}`, "alpha bravo charlie"},
			{"reports", `and: [{tags: {slug: {eq: "ports"}}}, {tags: {slug: {eq: "cranes"}}}]`, "alpha"},
			{"reports", `not: {tags: {slug: {eq: "ports"}}}`, "bravo charlie"},
			{"reports", `tags: {parent: {slug: {eq: "ports"}}}`, "alpha bravo charlie"},
			{"reports", `tags: {not: {parent: {}}}`, "alpha charlie delta echo"},
			{"reports", `tags: {}`, "alpha bravo charlie delta echo"},
			{"reports", `not: {entities: {}}`, "echo"},
			{"reports", `entities: {country: {eq: "CN"}}, tags: {slug: {eq: "ports"}}`, "alpha delta"},
			{"reports", `mentions: {slug: {eq: "port-ltd"}}`, "bravo"},
			{"reports", `contributors: {slug: {eq: "ana-lyst"}}`, "alpha bravo"},
			{"reports", `sources: {publisher: {isNull: true}, reliability: {eq: B}}`, "alpha"},
			{"reports", `narratives: {children: {status: {eq: EMERGING}}}`, "alpha"},
			{"reports", `entities: {outgoing: {to: {incoming: {kind: {eq: OWNS}, share: {lt: 33.5}}}}}`, "alpha charlie delta"},

			{"entities", `country: {isNull: true}`, "ana-lyst hidden-fund"},
			{"entities", `country: {ne: "CN"}`, "ana-lyst hidden-fund port-ltd"},
			{"entities", `not: {country: {eq: "CN"}}`, "ana-lyst hidden-fund port-ltd"},
			{"entities", `not: {country: {in: ["CN", "ZM"]}}`, "ana-lyst hidden-fund"},
			{"entities", `country: {notIn: ["CN"]}`, "ana-lyst hidden-fund port-ltd"},
			{"entities", `names: {language: {startsWith: "zh"}}`, "crane-works"},
			{"entities", `names: {language: {startsWith: "zh"}, kind: {eq: ABBREVIATION}}`, ""},
			{"entities", `identifiers: {scheme: {eq: "LEI"}, value: {eq: "CRANE123"}}`, "crane-works"},
			{"entities", `listings: {until: {isNull: true}}`, "crane-works"},
			{"entities", `listings: {until: {isNull: true}, programme: {eq: "P1"}}`, ""},
			{"entities", `listings: {sources: {slug: {eq: "harbour-gazette"}}, programme: {eq: "P1"}}`, "crane-works"},
			{"entities", `incoming: {from: {slug: {eq: "hidden-fund"}}}`, "crane-works"},
			{"entities", `not: {outgoing: {}}`, "ana-lyst"},
			{"entities", `contributedTo: {slug: {eq: "bravo"}}`, "ana-lyst hidden-fund"},
			{"entities", `mentionedIn: {}`, "crane-works hidden-fund port-ltd"},
			{"entities", `amplifies: {targets: {slug: {eq: "port-ltd"}}}`, "crane-works hidden-fund"},
			{"entities", `targetedBy: {parent: {}}`, "crane-works port-ltd"},

			{"relationships", `share: {gte: 33.4}`, "cw-owns-port hidden-owns-cw"},
			{"relationships", `share: {eq: 60}`, "hidden-owns-cw"},
			{"relationships", `not: {share: {gt: 50}}`, "cw-owns-port port-supplies-cw"},
			{"relationships", `since: {eq: "2018"}`, "cw-owns-port"},
			{"relationships", `since: {lte: "2018-01"}`, ""},
			{"relationships", `since: {lte: "2018"}`, "cw-owns-port"},
			{"relationships", `since: {gt: "2018"}`, ""},
			{"relationships", `since: {gte: "2018-02-01"}`, ""}, // known to the month, counts as its start
			{"relationships", `since: {ne: "2018"}`, "hidden-owns-cw port-supplies-cw"},
			{"relationships", `sources: {slug: {eq: "company-register"}}, from: {marking: {eq: CLEAR}}`, "cw-owns-port"},

			{"narratives", `firstObserved: {lt: "2020-05"}`, "ports-are-safe"},
			{"narratives", `observations: {reach: {gt: 2999999999}}`, "ports-are-safe"},
			{"narratives", `observations: {reach: {in: [3000000000]}}`, "ports-are-safe"},
			{"narratives", `parent: {slug: {eq: "ports-are-safe"}}`, "cranes-are-safe"},
			{"narratives", `not: {parent: {}}`, "ports-are-safe"},
			{"tags", `vocabulary: {eq: TOPIC}, not: {parent: {}}`, "ports"},
			{"tags", `children: {label: {eq: "Cranes"}}`, "ports"},
			{"tags", `entities: {reports: {slug: {eq: "delta"}}}`, "asia cranes"},
			{"sources", `date: {eq: "2021"}`, "harbour-gazette"},
			{"sources", `credibility: {lte: 2}`, "harbour-gazette"},
			{"sources", `reliability: {isNull: true}`, "company-register"},
			{"editions", `items: {entities: {slug: {eq: "crane-works"}}, sources: {slug: {eq: "company-register"}}, occurredOn: {eq: "2024"}}`, "weekly-7"},
			{"editions", `items: {headline: {eq: "Nothing else"}, tags: {}}`, ""},
			{"assets", `size: {gt: 4000000000}, mediaType: {startsWith: "image/"}`, "crane-photo"},
		} {
			filter := tt.filter
			if filter != "{}" {
				filter = "{" + filter + "}"
			}
			r := a.query(author, fmt.Sprintf(`query @inContext(stage: DESK) { list: %s(filter: %s, orderBy: {field: SLUG}) { totalCount nodes { slug } } }`, tt.list, filter))
			if got := r.list("list.nodes", "slug"); got != tt.want {
				t.Errorf("%s %s: got %q, want %q", tt.list, tt.filter, got, tt.want)
			}
			if got, want := r.at("list.totalCount"), float64(len(strings.Fields(tt.want))); got != want {
				t.Errorf("%s %s: got %v in total, want %v", tt.list, tt.filter, got, want)
			}
		}
	})
}

func TestFilterByID(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		id := a.query(public, `{ report(slug: "bravo") { id } }`).at("report.id").(string)
		r := a.as(public, `query($id: ID!) { eq: reports(filter: {id: {in: [$id]}}) { nodes { slug } } ne: reports(filter: {id: {ne: $id}}) { nodes { slug } } }`, vars{"id": id}).ok()
		if got := r.list("eq.nodes", "slug") + "/" + r.list("ne.nodes", "slug"); got != "bravo/charlie" {
			t.Errorf("got %q", got)
		}
	})
}

// As variables, filters come from a JSON decoder rather than the parser.
func TestFiltersAsVariables(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		const document = `query($f: ReportFilter) @inContext(stage: DESK) { reports(filter: $f, orderBy: {field: SLUG}) { nodes { slug } } }`
		for _, tt := range []struct {
			filter any
			want   string
		}{
			{nil, "alpha bravo charlie delta echo"},
			{vars{"wordCount": vars{"gte": 4}}, "alpha bravo"},
			{vars{"kind": vars{"in": []string{"BRIEF"}}}, "bravo charlie echo"},
			{vars{"kind": vars{"in": "BRIEF"}}, "bravo charlie echo"},
			{vars{"or": vars{"kind": vars{"in": "BRIEF"}}}, "bravo charlie echo"},
			{vars{"or": []any{vars{"slug": vars{"eq": "alpha"}}}}, "alpha"},
			{vars{"entities": vars{"outgoing": vars{"share": vars{"eq": 33.4}}}}, "alpha charlie delta"},
		} {
			r := a.as(author, document, vars{"f": tt.filter}).ok()
			if got := r.list("reports.nodes", "slug"); got != tt.want {
				t.Errorf("%v: got %q, want %q", tt.filter, got, tt.want)
			}
		}
		// A variable that is not given must not widen the list.
		a.as(public, `query($s: String) { reports(filter: {slug: {eq: $s}}) { nodes { slug } } }`, nil).
			refused("BAD_USER_INPUT", "filter.slug: want at least one of eq, ne")
		a.as(public, `query($k: ReportKind) { reports(filter: {kind: {eq: $k}}) { nodes { slug } } }`, vars{"k": "brief"}).
			refused("GRAPHQL_VALIDATION_FAILED", "letter case counts")
		a.as(public, `query($k: [ReportKind!]) { reports(filter: {kind: {in: $k}}) { nodes { slug } } }`, vars{"k": "brief"}).
			refused("GRAPHQL_VALIDATION_FAILED", "letter case counts")
	})
}

// Typed clients write every field of an input, so null counts as absent, at every level.
// It never widens a condition beyond what the viewer may see.
func TestNullInFilters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		document := `query($f: ReportFilter) { reports(filter: $f) { totalCount nodes { slug } } }`
		for _, viewer := range []*domain.Viewer{public, author} {
			all := a.query(viewer, document).data()
			none := `{"reports":{"totalCount":0,"nodes":[]}}`
			bravo := a.as(viewer, document, vars{"f": vars{"slug": vars{"eq": "bravo"}}}).ok().data()
			tagged := a.as(viewer, document, vars{"f": vars{"tags": vars{}}}).ok().data()
			for _, tt := range []struct {
				filter any
				want   string
			}{
				{nil, all},
				{vars{"slug": nil, "title": vars{"eq": nil}}, all},
				{vars{"and": nil, "or": nil, "not": nil, "tags": nil}, all},
				{vars{"slug": vars{"eq": "bravo", "in": nil, "isNull": nil, "startsWith": nil}, "title": nil}, bravo},
				{vars{"and": []any{vars{"slug": vars{"eq": "bravo"}, "or": nil}}}, bravo},
				{vars{"tags": vars{"slug": nil, "label": vars{"eq": nil}}}, tagged},
				{vars{"not": vars{"slug": nil}}, none},
				{vars{"or": []any{}}, none},
				{vars{"slug": vars{"in": []any{}, "eq": nil}}, none},
			} {
				if got := a.as(viewer, document, vars{"f": tt.filter}).ok().data(); got != tt.want {
					t.Errorf("%v: got %s, want %s", tt.filter, got, tt.want)
				}
			}
		}
		a.as(public, document, vars{"f": vars{"slug": vars{"in": []any{"bravo", nil}}}}).
			refused("GRAPHQL_VALIDATION_FAILED", "$f.slug.in[1]: is null; want String!")
		a.as(public, document, vars{"f": vars{"and": []any{nil}}}).
			refused("GRAPHQL_VALIDATION_FAILED", "$f.and[0]: is null; want ReportFilter!")
	})
}

func TestFiltersThatAreRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		deep := strings.Repeat(`not: {`, 9) + strings.Repeat("}", 9)
		wide := `or: [` + strings.Repeat(`{slug: {eq: "x"}} `, 150) + `]`
		many := `slug: {in: [` + strings.Repeat(`"x" `, 1001) + `]}`
		for _, tt := range []struct{ filter, problem string }{
			{`slug: {}`, "filter.slug: want at least one of eq, ne, in, notIn, startsWith or isNull"},
			{`slug: {notIn: []}`, "filter.slug.notIn: an empty list excludes nothing"},
			{`publishedAt: {lt: "soon"}`, `filter.publishedAt.lt: want a time such as`},
			{`publishedAt: {lt: 5}`, `filter.publishedAt.lt: DateTime cannot represent 5; want a time such as "2024-05-31T09:30:00Z"`},
			{`publishedAt: {lt: "12024-01-01T00:00:00Z"}`, `filter.publishedAt.lt`},
			{`id: {eq: "bravo"}`, `filter.id.eq: "bravo" is not an id`},
			{`id: {in: ["rpt_0000000000000"]}`, `filter.id.in[0]`},
			{`narratives: {firstObserved: {eq: "2020-13"}}`, `filter.narratives.firstObserved.eq: "2020-13" is not a date`},
			{`entities: {outgoing: {share: {gt: 200}}}`, "filter.entities.outgoing.share.gt: "},
			{`slug: {eq: "a\u0000b"}`, "filter.slug.eq: the text has characters"},
			{`and: [{slug: {eq: "x"}}, {wordCount: {in: [1]}, title: {in: []}, slug: {}}]`, "filter.and[1].slug: want at least one"},
			{deep, "nested too deeply; at most 8 levels"},
			{wide, "conditions are too many; at most 100"},
			{many, "1001 values are too many"},
			{`slug: {eq: "` + strings.Repeat("x", 3000) + `"}`, "3000 bytes is too long"},
		} {
			a.as(public, `{ reports(filter: {`+tt.filter+`}) { nodes { slug } } }`, nil).refused("BAD_USER_INPUT", tt.problem)
		}
		// All errors are reported at once.
		r := a.as(public, `{ reports(first: -1, filter: {slug: {}, publishedAt: {lt: "x"}}) { nodes { slug } } }`, nil)
		r.refused("BAD_USER_INPUT", "")
		if got := len(r.Errors[0].Extensions.Fields); got != 3 {
			t.Errorf("got %d problems, want 3: %s", got, r.body)
		}
		if strings.Contains(a.log.String(), "level=ERROR") {
			t.Errorf("the log has errors: %s", a.log)
		}
	})
}
