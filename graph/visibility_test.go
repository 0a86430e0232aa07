package graph_test

import (
	"strings"
	"testing"
)

// No way of asking gives the public anything of what is marked above CLEAR,
// or is not published.
func TestHiddenStaysHidden(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		hidden := a.query(author, `query @inContext(stage: DESK) { report(slug: "alpha") { id } entity(slug: "hidden-fund") { id } draft: report(slug: "echo") { id } }`)
		ids := vars{"r": hidden.at("report.id"), "e": hidden.at("entity.id"), "d": hidden.at("draft.id")}
		secrets := []string{"alpha", "hidden", "secret", "echo", "delta", "Harbour Gazette, p", "First.", "60",
			ids["r"].(string), ids["e"].(string), ids["d"].(string)}

		for name, document := range map[string]string{
			"lists": `{ reports { totalCount nodes { slug summary tags { slug label } entities { totalCount nodes { slug } } mentions { nodes { slug } }
				contributions { role entity { name } } narratives { totalCount nodes { slug } } footnotes { text } } }
				entities { totalCount nodes { slug reports { totalCount nodes { slug } } mentionedIn { nodes { slug } }
				relationships { totalCount nodes { slug share from { slug } to { slug } } } } }
				tags { totalCount nodes { slug children { totalCount nodes { slug } } reports { totalCount nodes { slug } } } }
				narratives { nodes { amplifiers { totalCount nodes { slug } } reports { totalCount nodes { slug } } } }
				editions { nodes { items { entities { slug } analysis(format: HTML) } } }
				sources { nodes { reports { totalCount nodes { slug } } } } assets { nodes { slug } } relationships { nodes { slug } } }`,
			"one by one": `query($r: ID!, $e: ID!, $d: ID!) { a: report(slug: "alpha") { slug } b: report(id: $r) { slug } c: entity(slug: "hidden-fund") { slug }
				d: node(id: $r) { __typename } e: nodes(ids: [$r, $e, $d]) { __typename } f: tag(slug: "secret-term") { slug } g: relationship(slug: "hidden-owns-cw") { slug } h: report(slug: "echo") { slug } }`,
		} {
			r := a.as(public, document, ids).ok()
			for _, secret := range secrets {
				if strings.Contains(r.body, secret) {
					t.Errorf("%s: the answer has %q: %s", name, secret, r.body)
				}
			}
		}

		// Conditions on hidden things hold as if they were not there.
		for filter, want := range map[string]string{
			`tags: {slug: {eq: "secret-term"}}`:                                   "",
			`tags: {marking: {eq: RED}}`:                                          "",
			`not: {tags: {slug: {eq: "secret-term"}}}`:                            "charlie bravo",
			`not: {not: {tags: {slug: {eq: "secret-term"}}}}`:                     "",
			`entities: {slug: {eq: "hidden-fund"}}`:                               "",
			`entities: {incoming: {}}`:                                            "charlie bravo",
			`entities: {incoming: {from: {slug: {eq: "hidden-fund"}}}}`:           "",
			`entities: {incoming: {share: {gt: 50}}}`:                             "",
			`contributors: {name: {startsWith: "Hidden"}}`:                        "",
			`or: [{contributors: {marking: {ne: CLEAR}}}, {slug: {eq: "bravo"}}]`: "bravo",
			`entities: {reports: {slug: {eq: "alpha"}}}`:                          "",
			`entities: {not: {mentionedIn: {slug: {eq: "alpha"}}}}`:               "charlie bravo",
			`tags: {entities: {outgoing: {marking: {in: [GREEN, AMBER, RED]}}}}`:  "",
			`narratives: {}`: "",
			`entities: {amplifies: {amplifiers: {not: {marking: {eq: CLEAR}}}}}`: "",

			// Alternatives stay beside the fence, however they are nested.
			`or: [{or: [{kind: {eq: BRIEF}}, {kind: {ne: BRIEF}}]}]`:                                 "charlie bravo",
			`or: [{or: [{or: [{}, {slug: {eq: "x"}}]}]}]`:                                            "charlie bravo",
			`and: [{or: [{kind: {eq: BRIEF}}, {kind: {ne: BRIEF}}]}]`:                                "charlie bravo",
			`or: [{publishedAt: {ne: "2020-01-01"}}]`:                                                "charlie bravo",
			`not: {and: [{or: [{slug: {eq: "x"}}, {slug: {eq: "y"}}]}]}`:                             "charlie bravo",
			`tags: {or: [{or: [{slug: {eq: "secret-term"}}, {slug: {eq: "x"}}]}]}`:                   "",
			`contributors: {and: [{or: [{slug: {eq: "hidden-fund"}}, {country: {isNull: false}}]}]}`: "",
		} {
			r := a.query(public, `{ reports(filter: {`+filter+`}) { totalCount nodes { slug } } }`)
			if got := r.list("reports.nodes", "slug"); got != want {
				t.Errorf("%s: got %q, want %q", filter, got, want)
			}
		}

		// What only the desk knows is null in live, for staff too.
		r := a.query(author, `{ report(slug: "bravo") { createdBy updatedBy liveVersion formerSlugs revisions { totalCount } liveDiff { path } } }`)
		if want := `{"report":{"createdBy":null,"updatedBy":null,"liveVersion":null,"formerSlugs":null,"revisions":null,"liveDiff":null}}`; r.data() != want {
			t.Errorf("live shows %s", r.body)
		}
		for _, document := range []string{
			`{ pendingChanges { nodes { state } } }`, `{ possibleDuplicates { nodes { score } } }`, `{ checkEvidence { counts { count } } }`, `{ schedules { nodes { id } } }`, `{ publicationLog { totalCount } }`, `{ trash { nodes { id } } }`,
			`query @inContext(stage: DESK) { reports { totalCount } }`, `query @inContext(stage: DESK) { viewer { role } }`,
			`query($s: Stage!) @inContext(stage: $s) { reports { totalCount } }`,
		} {
			a.as(public, document, vars{"s": "DESK"}).refused("UNAUTHENTICATED", "credential")
			a.as(partner, document, vars{"s": "DESK"}).refused("FORBIDDEN", "AUTHOR")
		}
	})
}

func TestViewer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		if got := a.query(public, `{ viewer { id name role clearance rights } }`).data(); got != `{"viewer":{"id":null,"name":null,"role":"PUBLIC","clearance":"CLEAR","rights":["READ_LIVE"]}}` {
			t.Errorf("public: %s", got)
		}
		if got := a.query(partner, `{ viewer { name role clearance } }`).data(); got != `{"viewer":{"name":"partner","role":"PARTNER","clearance":"GREEN"}}` {
			t.Errorf("partner: %s", got)
		}
	})
}

// A partner sees up to its clearance, and counts are exact for it.
func TestClearance(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		const document = `{ tag(slug: "ports") { reports { totalCount nodes { slug } } } entity(slug: "crane-works") { reports { totalCount nodes { slug } } } }`
		r := a.query(partner, document)
		if got := r.list("tag.reports.nodes", "slug"); got != "delta" || r.at("tag.reports.totalCount") != 1.0 {
			t.Errorf("partner: %s", r.body)
		}
		if got := r.list("entity.reports.nodes", "slug"); got != "delta charlie" || r.at("entity.reports.totalCount") != 2.0 {
			t.Errorf("partner: %s", r.body)
		}
		r = a.query(author, document) // in live, with the highest clearance
		if got := r.list("entity.reports.nodes", "slug"); got != "alpha delta charlie" {
			t.Errorf("author: %s", r.body)
		}
	})
}
