package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// evidenceContent publishes documents that all rest on the source ledger, and some on the source gazette.
func (a *api) evidenceContent() {
	a.t.Helper()
	a.query(editor, `mutation {
		ledger: createSource(input: {slug: "ledger", title: "Ledger", url: "https://ledger.example"}) { created }
		gazette: createSource(input: {slug: "gazette", title: "Gazette", url: "https://gazette.example"}) { created }
		quay: createEntity(input: {slug: "quay", name: "Quay Holdings", kind: COMPANY, names: [{text: "碼頭控股有限公司", kind: TRANSLATION, language: "zh"}, {text: "QH", kind: ABBREVIATION}]
			listings: [{authority: "Concordat", programme: "P", citations: [{source: "ledger", locator: "p. 4"}]}, {authority: "Bench", citations: [{source: "ledger"}, {source: "gazette"}]}]}) { created }
		mole: createEntity(input: {slug: "mole", name: "Mole & Sons", kind: COMPANY}) { created }
		hidden: createEntity(input: {slug: "hidden", name: "Hidden", kind: COMPANY, marking: RED}) { created }
		forum: createEntity(input: {slug: "forum", name: "Forum", kind: PLATFORM}) { created }
		owns: createRelationship(input: {slug: "quay-owns-mole", from: "quay", to: "mole", kind: OWNS, share: 60, confidence: CONFIRMED,
			citations: [{source: "ledger", locator: "p. 9", quote: "sixty of a hundred"}]}) { created }
		funds: createRelationship(input: {slug: "mole-funds-quay", from: "mole", to: "quay", kind: FUNDS, confidence: POSSIBLE, citations: [{source: "gazette"}, {source: "ledger", locator: "p. 2"}, {source: "ledger", locator: "p. 1"}]}) { created }
		secret: createRelationship(input: {slug: "secret", from: "quay", to: "hidden", kind: OWNS, confidence: CONFIRMED, marking: RED, citations: [{source: "ledger"}]}) { created }
		top: createNarrative(input: {slug: "top", title: "Top", claim: "The quay saves us.", status: ACTIVE, targets: ["mole"], amplifiers: ["quay"], description: "Spread by [[quay|its owners]] first.",
			observations: [{observedOn: "2024-05-02", platform: "forum", description: "A post.", citations: [{source: "gazette"}]}, {observedOn: "2024-05", description: "Another.", citations: [{source: "ledger"}, {source: "gazette"}]}]}) { created }
		below: createNarrative(input: {slug: "below", title: "Below", claim: "C", status: ACTIVE, parent: "top", targets: ["mole", "quay"], observations: [{observedOn: "2024-05-03", description: "D."}]}) { created }
		alpha: createNarrative(input: {slug: "alpha", title: "alpha", claim: "C", status: DORMANT, parent: "top", targets: ["hidden"]}) { created }
		deep: createNarrative(input: {slug: "deep", title: "Deep", claim: "C", status: ACTIVE, parent: "below"}) { created }
		red: createNarrative(input: {slug: "red", title: "Red", claim: "C", status: ACTIVE, parent: "below", marking: RED, targets: ["mole"]}) { created }
		series: createSeries(input: {slug: "review", title: "Review", cadence: WEEKLY, language: "en"}) { created }
		tag: createTag(input: {slug: "ports", label: "Ports", vocabulary: TOPIC}) { created }
		one: createEdition(input: {slug: "one", series: "review", number: 1, title: "One", language: "en", items: [
			{headline: "A lease", summary: "S.", analysis: "After the talks `+strings.Repeat("and more talks ", 30)+`Quay Holdings signed the lease of the pier.", entities: ["quay"], tags: ["ports"], citations: [{source: "ledger"}]},
			{headline: "A strike", summary: "The crews of [[quay]] struck.", entities: ["quay", "mole"], citations: [{source: "gazette"}]}]}) { created }
		two: createEdition(input: {slug: "two", series: "review", number: 2, title: "Two", language: "zh", items: [
			{headline: "租约", summary: "`+strings.Repeat("经过长时间的谈判，", 40)+`碼頭控股有限公司签署了租约。", entities: ["quay"], tags: ["ports"]}]}) { created }
		report: createReport(input: {slug: "study", title: "Study", kind: BRIEF, language: "en", summary: "Who stands behind [[mole]].", entities: ["mole"],
			body: "Nothing at first.\n\n`+strings.Repeat("Filler of a long text. ", 60)+`Then *[[quay|the owners]]* &lt;sold&gt; the **[[mole]]**.[^1] `+strings.Repeat("More filler. ", 60)+`And [[quay]] again.[^2]\n\n[^1]: See [@ledger, p. 3].\n[^2]: See [@gazette]."}) { created }
		publish(input: {references: INCLUDE, documents: ["report:study", "edition:one", "edition:two", "relationship:quay-owns-mole", "relationship:mole-funds-quay", "relationship:secret",
			"narrative:deep", "narrative:alpha", "narrative:red"]}) { state }
	}`).ok()
}

// What rests on a source, by kind, with the document, and with the citation.
func TestCitedBy(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.evidenceContent()
		cited := func(args string) string {
			r := a.query(public, `{ source(slug: "ledger") { citedBy`+args+` { totalCount counts { kind count } pageInfo { hasPreviousPage hasNextPage }
				nodes { kind displayName locator quote document { slug displayName } relationship { share } listing { authority citations { source { slug } } } observation { observedOn source { slug } } item { headline edition { slug } } footnote { text(format: TEXT) source { slug } } } } } }`).ok()
			var lines []string
			for _, n := range nodesIn(r.at("source.citedBy")) {
				lines = append(lines, fmt.Sprintf("%v: %v (%v)", n["kind"], n["displayName"], n["locator"]))
			}
			return strings.Join(lines, "\n")
		}
		const all = `RELATIONSHIP: Mole & Sons funds Quay Holdings (p. 1)
RELATIONSHIP: Mole & Sons funds Quay Holdings (p. 2)
RELATIONSHIP: Quay Holdings owns Mole & Sons (p. 9)
LISTING: Quay Holdings: Concordat, P (p. 4)
LISTING: Quay Holdings: Bench (<nil>)
OBSERVATION: Top: 2024-05 (<nil>)
EDITION_ITEM: Review 1: One: A lease (<nil>)
FOOTNOTE: Study: note 1 (p. 3)`
		if got := cited(""); got != all {
			t.Errorf("got\n%s", got)
		}
		lines := strings.Split(all, "\n")
		if got, want := cited("(kinds: [OBSERVATION, LISTING], first: 2)"), strings.Join(lines[3:5], "\n"); got != want {
			t.Errorf("of two kinds: got\n%s", got)
		}
		if got := cited("(kinds: [])"); got != "" {
			t.Errorf("of no kind: got\n%s", got)
		}
		if got := cited("(first: 0)"); got != "" {
			t.Errorf("none: got\n%s", got)
		}
		r := a.query(public, `{ source(slug: "ledger") { citedBy(kinds: [FOOTNOTE, RELATIONSHIP]) { totalCount counts { kind count } } } }`).ok()
		if got := fmt.Sprint(r.at("source.citedBy.counts"), r.at("source.citedBy.totalCount")); got != "[map[count:3 kind:RELATIONSHIP] map[count:1 kind:FOOTNOTE]] 4" {
			t.Errorf("got the counts %s", got)
		}
		if got := a.query(everything, `{ source(slug: "ledger") { citedBy { totalCount } } }`).ok().at("source.citedBy.totalCount"); got != 9.0 {
			t.Errorf("with what is hidden there are %v", got)
		}
		r = a.query(public, `{ source(slug: "ledger") { citedBy(kinds: [RELATIONSHIP, FOOTNOTE], first: 9) { nodes { quote relationship { slug } footnote { text(format: TEXT) } } } } }`).ok()
		if got := fmt.Sprint(r.at("source.citedBy.nodes.2"), r.at("source.citedBy.nodes.3")); !strings.Contains(got, "quote:sixty of a hundred") || !strings.Contains(got, "text:See Ledger, p. 3.") {
			t.Errorf("got %s", got)
		}
		// The desk has the drafts, and several sources in one list have pages of their own.
		a.query(author, `mutation { createRelationship(input: {slug: "draft", from: "quay", to: "mole", kind: CONTROLS, confidence: POSSIBLE, citations: [{source: "gazette"}]}) { created } }`).ok()
		r = a.query(editor, `query @inContext(stage: DESK) { sources(orderBy: {field: SLUG, direction: ASC}) { nodes { slug citedBy(first: 1) { totalCount nodes { document { slug } } } } } }`).ok()
		if got := fmt.Sprint(r.at("sources.nodes")); got != "[map[citedBy:map[nodes:[map[document:map[slug:draft]]] totalCount:7] slug:gazette] map[citedBy:map[nodes:[map[document:map[slug:mole-funds-quay]]] totalCount:9] slug:ledger]]" {
			t.Errorf("on the desk: %s", got)
		}
		cursor := a.query(public, `{ source(slug: "ledger") { citedBy(first: 1) { pageInfo { endCursor } } } }`).ok().at("source.citedBy.pageInfo.endCursor")
		for args, want := range map[string]string{
			`first: 101`:            "first",
			`first: -1, after: "x"`: "first after",
			`after: "bm9uZQ"`:       "after",
			fmt.Sprintf(`kinds: [LISTING], after: "%v"`, cursor): "after",
		} {
			r := a.as(public, `{ source(slug: "ledger") { citedBy(`+args+`) { totalCount } } }`, nil)
			if got := r.paths(); r.code() != "BAD_USER_INPUT" || got != want {
				t.Errorf("%s: problems of %q, want %q: %s", args, got, want, r.body)
			}
		}
	})
}

// Where an entity is spoken of, with the passages: at links, or else at its names, in scripts with and without spaces.
func TestMentions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.evidenceContent()
		mentions := func(slug string, first int) map[string][]string {
			r := a.query(public, fmt.Sprintf(`{ entity(slug: %q) { mentions { totalCount nodes { displayName linked document { slug } item { headline } passages(first: %d) { field link html text spans { start end } } } } } }`, slug, first)).ok()
			out := map[string][]string{}
			for _, n := range nodesIn(r.at("entity.mentions")) {
				name := fmt.Sprint(n["displayName"], " ", n["linked"])
				out[name] = []string{}
				for _, p := range nodesIn(n["passages"]) {
					out[name] = append(out[name], fmt.Sprint(p["field"], " ", p["link"], ": ", p["html"]))
					for _, span := range nodesIn(p["spans"]) {
						text := []rune(p["text"].(string))
						if mark := string(text[int(span["start"].(float64)):int(span["end"].(float64))]); !strings.Contains(strings.ReplaceAll(p["html"].(string), "&amp;", "&"), "<mark>"+mark+"</mark>") {
							t.Errorf("%q is not marked in %v", mark, p["html"])
						}
					}
				}
			}
			return out
		}
		got := mentions("quay", 5)
		for name, want := range map[string][]string{
			"Study false":                  {"body true: …Filler of a long text. Filler of a long text. Then <mark>the owners</mark> &lt;sold&gt; the Mole &amp; Sons.[1] More filler.", "body true: …More filler. More filler. More filler. More filler. And <mark>Quay Holdings</mark> again.[2]"},
			"Top true":                     {"description true: Spread by <mark>its owners</mark> first."},
			"Below true":                   {},
			"Review 1: One: A lease true":  {"analysis false: …more talks and more talks and more talks and more talks <mark>Quay Holdings</mark> signed the lease of the pier."},
			"Review 1: One: A strike true": {"summary true: The crews of <mark>Quay Holdings</mark> struck."},
			"Review 2: Two: 租约 true":       {"summary false: …谈判，经过长时间的谈判，经过长时间的谈判，<mark>碼頭控股有限公司</mark>签署了租约。"},
		} {
			if len(got[name]) != len(want) || got[name] == nil {
				t.Errorf("%s: got %q, want %q", name, got[name], want)
				continue
			}
			for i, p := range got[name] {
				prefix := want[i][:strings.Index(want[i], ":")]
				if !strings.HasPrefix(p, prefix) || !strings.Contains(p, strings.TrimLeft(strings.TrimPrefix(want[i], prefix+": "), "…")) && !strings.Contains(want[i], "谈判") {
					t.Errorf("%s: got %q, want %q", name, p, want[i])
				}
				if strings.Contains(want[i], "谈判") && (!strings.HasPrefix(p, "summary false: …") || !strings.HasSuffix(p, "，<mark>碼頭控股有限公司</mark>签署了租约。")) {
					t.Errorf("%s: got %q", name, p)
				}
			}
		}
		if len(got) != 6 {
			t.Errorf("got %q", got)
		}
		if got := mentions("mole", 1); strings.Join(got["Study true"], "") != "summary true: Who stands behind <mark>Mole &amp; Sons</mark>." || len(got) != 4 {
			t.Errorf("got %q", got)
		}
		// After a merge the old links still lead to it.
		a.query(editor, `mutation { createEntity(input: {slug: "pier", name: "Pier Ltd", kind: COMPANY}) { created } publish(input: {documents: ["entity:pier"]}) { state } mergeEntities(input: {from: ["quay"], into: "pier"}) { changed } }`).ok()
		if got := mentions("pier", 1); strings.Join(got["Top true"], "") != "description true: Spread by <mark>its owners</mark> first." || len(got) != 6 {
			t.Errorf("after a merge: %q", got)
		}
		r := a.as(public, `{ entity(slug: "mole") { mentions(first: 200, after: "x") { nodes { passages(first: 1000) { text } } } } }`, nil)
		if got := r.paths(); got != "first after" {
			t.Errorf("got problems of %q: %s", got, r.body)
		}
		r = a.as(public, `{ entity(slug: "mole") { mentions { nodes { passages(first: 1000) { text } } } } }`, nil)
		if r.code() != "BAD_USER_INPUT" {
			t.Errorf("got %s", r.body)
		}
	})
}

// Editions by their items, newest first, in a filter and an order of their own.
func TestEditionsOfEntitiesAndTags(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.evidenceContent()
		r := a.query(public, `{ entities(filter: {kind: {eq: COMPANY}}, orderBy: {field: SLUG, direction: ASC}) { nodes { slug editions(orderBy: {field: NUMBER, direction: DESC}) { totalCount nodes { slug } } } }
			tag(slug: "ports") { editions(first: 1, orderBy: {field: NUMBER, direction: ASC}, filter: {title: {startsWith: "T"}}) { totalCount nodes { slug } pageInfo { hasNextPage } } } }`).ok()
		if got := fmt.Sprint(r.at("entities.nodes")); got != "[map[editions:map[nodes:[map[slug:one]] totalCount:1] slug:mole] map[editions:map[nodes:[map[slug:two] map[slug:one]] totalCount:2] slug:quay]]" {
			t.Errorf("got %s", got)
		}
		if got := fmt.Sprint(r.at("tag.editions")); got != "map[nodes:[map[slug:two]] pageInfo:map[hasNextPage:false] totalCount:1]" {
			t.Errorf("got %s", got)
		}
	})
}

// The tree below a narrative and the way down to it, cut by depth and by room, and those with a part in it.
func TestNarrativeTree(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.evidenceContent()
		tree := func(slug, args string) string {
			r := a.query(public, fmt.Sprintf(`{ narrative(slug: %q) { tree%s { complete path { slug } nodes { depth childCount hidden observationCount targetCount amplifierCount narrative { slug } } } } }`, slug, args)).ok()
			out := []string{r.list("narrative.tree.path", "slug") + ">"}
			for _, n := range nodesIn(r.at("narrative.tree.nodes")) {
				out = append(out, fmt.Sprintf("%v@%v %v-%v %v/%v/%v", n["narrative"].(object)["slug"], n["depth"], n["childCount"], n["hidden"], n["observationCount"], n["targetCount"], n["amplifierCount"]))
			}
			return strings.Join(append(out, fmt.Sprint(r.at("narrative.tree.complete"))), " ")
		}
		for _, test := range []struct{ slug, args, want string }{
			{"top", "", "> top@0 2-0 2/1/1 alpha@1 0-0 0/0/0 below@1 1-0 1/2/0 deep@2 0-0 0/0/0 true"},
			{"top", "(depth: 1)", "> top@0 2-0 2/1/1 alpha@1 0-0 0/0/0 below@1 1-1 1/2/0 false"},
			{"top", "(limit: 2)", "> top@0 2-1 2/1/1 alpha@1 0-0 0/0/0 false"},
			{"top", "(limit: 1)", "> top@0 2-2 2/1/1 false"},
			{"deep", "", "top below> deep@0 0-0 0/0/0 true"},
		} {
			if got := tree(test.slug, test.args); got != test.want {
				t.Errorf("%s%s:\ngot  %s\nwant %s", test.slug, test.args, got, test.want)
			}
		}
		r := a.as(public, `{ narrative(slug: "top") { tree(depth: 7, limit: 151) { complete } } }`, nil)
		if got := r.paths(); got != "depth limit" {
			t.Errorf("got problems of %q: %s", got, r.body)
		}
		actors := func(args string) string {
			r := a.query(public, `{ narrativeActors(`+args+`) { totalCount narrativeCount actors { narrativeCount observationCount entity { slug } } } }`).ok()
			var out []string
			for _, n := range nodesIn(r.at("narrativeActors.actors")) {
				out = append(out, fmt.Sprintf("%v %v/%v", n["entity"].(object)["slug"], n["narrativeCount"], n["observationCount"]))
			}
			return fmt.Sprintf("%v in %v: %s", r.at("narrativeActors.totalCount"), r.at("narrativeActors.narrativeCount"), strings.Join(out, ", "))
		}
		for args, want := range map[string]string{
			`role: TARGET`:                                        "2 in 4: mole 2/3, quay 1/1",
			`role: TARGET, first: 1, offset: 1`:                   "2 in 4: quay 1/1",
			`role: TARGET, filter: {within: "below"}`:             "2 in 2: mole 1/1, quay 1/1",
			`role: TARGET, filter: {status: {eq: DORMANT}}`:       "0 in 1: ",
			`role: AMPLIFIER`:                                     "1 in 4: quay 1/2",
			`role: AMPLIFIER, filter: {within: "none"}, first: 0`: "0 in 0: ",
		} {
			if got := actors(args); got != want {
				t.Errorf("%s: got %s, want %s", args, got, want)
			}
		}
		r = a.as(public, `{ narrativeActors(role: TARGET, first: 101, offset: -1) { totalCount } }`, nil)
		if got := r.paths(); got != "first offset" {
			t.Errorf("got problems of %q: %s", got, r.body)
		}
	})
}
