package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A source is taken back when no claim of live is left without one: what stands in the way is listed, relationships are unpublished,
// and other documents lose the citation, on the desk and in live.
func TestWithdrawSource(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.evidenceContent()
		a.query(author, `mutation { createRelationship(input: {slug: "draft", from: "quay", to: "mole", kind: CONTROLS, confidence: POSSIBLE, citations: [{source: "ledger"}]}) { created }
			updateRelationship(input: {id: "mole-funds-quay", description: "A draft."}) { changed } }`).ok()
		const fields = `withdrawn claimCount citationCount source { slug } claims { kind displayName locator quote live citations remaining outcome document { slug } } edited { slug } unpublished { slug }`
		withdraw := func(preview bool) *response {
			return a.as(editor, fmt.Sprintf(`mutation { withdrawSource(input: {id: "ledger", preview: %v}) { %s } }`, preview, fields), nil)
		}
		describe := func(r *response) string {
			var lines []string
			for _, c := range nodesIn(r.at("withdrawSource.claims")) {
				lines = append(lines, fmt.Sprintf("%v %v %v live %v: %v", c["outcome"], c["displayName"], c["locator"], c["live"], c["remaining"]))
			}
			return strings.Join(append(lines, "edited "+r.list("withdrawSource.edited", "slug"), "unpublished "+r.list("withdrawSource.unpublished", "slug")), "\n")
		}
		r := withdraw(true).ok()
		const want = `NEEDS_SOURCE Quay Holdings: Concordat, P p. 4 live true: 0
NEEDS_SOURCE Review 1: One: A lease <nil> live true: 0
NEEDS_EDIT Study: note 1 p. 3 live true: 0
UNPUBLISHED Quay Holdings owns Mole & Sons p. 9 live true: 0
UNPUBLISHED Quay Holdings owns Hidden <nil> live true: 0
LOSES_CITATION Quay Holdings: Bench <nil> live true: 1
LOSES_CITATION Top: 2024-05 <nil> live true: 1
LOSES_CITATION Quay Holdings controls Mole & Sons <nil> live false: 0
LOSES_CITATION Mole & Sons funds Quay Holdings p. 2 live true: 1`
		if got := describe(r); !sameLines(got[:strings.Index(got, "\nedited")], want) || r.at("withdrawSource.withdrawn") != false || r.at("withdrawSource.claimCount") != 9.0 || r.at("withdrawSource.citationCount") != 10.0 || r.at("withdrawSource.source.slug") != "ledger" {
			t.Errorf("the preview says\n%s\n%s", got, r.body)
		}
		before := a.query(public, `{ source(slug: "ledger") { citedBy { totalCount } } }`).ok().body
		if r := withdraw(false); r.code() != "CONFLICT" || strings.Count(r.body, `"path":"id"`) != 3 {
			t.Errorf("three claims stand in the way: %s", r.body)
		}
		if after := a.query(public, `{ source(slug: "ledger") { citedBy { totalCount } } }`).ok().body; after != before {
			t.Errorf("a refusal changed something: %s, then %s", before, after)
		}
		// The listing and the item get another source, and the text another footnote.
		items := nodesIn(a.query(editor, `query @inContext(stage: DESK) { edition(slug: "one") { items { id headline } } entity(slug: "quay") { listings { id authority } } }`).at("edition.items"))
		a.query(editor, fmt.Sprintf(`mutation { updateEditionItem(input: {id: %q, citations: [{source: "gazette"}]}) { changed }
			updateEntity(input: {id: "quay", listings: [{authority: "Concordat", programme: "P", citations: [{source: "gazette"}]}, {authority: "Bench", citations: [{source: "ledger"}, {source: "gazette"}]}]}) { changed }
			updateReport(input: {id: "study", body: "Of [[quay]].[^1]\n\n[^1]: See [@gazette]."}) { changed } }`, items[0]["id"])).ok()
		if r := withdraw(false); r.code() != "CONFLICT" || strings.Count(r.body, `"path":"id"`) != 3 {
			t.Errorf("live still rests on it: %s", r.body)
		}
		a.query(editor, `mutation { publish(input: {documents: ["edition:one", "entity:quay", "report:study"]}) { state } }`).ok()
		// A draft of a text that cites it stands in the way as well.
		a.query(author, `mutation { updateReport(input: {id: "study", body: "Of [[quay]].[^1]\n\n[^1]: See [@ledger]."}) { changed } }`).ok()
		if r := withdraw(false); r.code() != "CONFLICT" || !strings.Contains(r.body, "report:study: note 1 cites it in the text of a draft: change the text\"") {
			t.Errorf("a draft cites it: %s", r.body)
		}
		a.query(author, `mutation { updateReport(input: {id: "study", body: "Of [[quay]].[^1]\n\n[^1]: See [@gazette]."}) { changed } }`).ok()

		preview := describe(withdraw(true).ok())
		r = withdraw(false).ok()
		if got := describe(r); got != preview || r.at("withdrawSource.withdrawn") != true {
			t.Errorf("the preview said\n%s\nand the withdrawal\n%s", preview, got)
		}
		if got := r.list("withdrawSource.unpublished", "slug"); !sameLines(strings.ReplaceAll(got, " ", "\n"), "quay-owns-mole\nsecret") {
			t.Errorf("unpublished are %s", got)
		}
		r = a.query(everything, `{ source(slug: "ledger") { slug } relationships(orderBy: {field: SLUG, direction: ASC}) { nodes { slug description citations { source { slug } } } } narrative(slug: "top") { observations { nodes { citations { source { slug } } } } }
			entity(slug: "quay") { listings { citations { source { slug } } } } }`).ok()
		if got := fmt.Sprint(r.at("source"), r.at("relationships.nodes"), r.at("narrative.observations.nodes"), r.at("entity.listings")); got !=
			"<nil> [map[citations:[map[source:map[slug:gazette]]] description:<nil> slug:mole-funds-quay]]"+
				" [map[citations:[map[source:map[slug:gazette]]]] map[citations:[map[source:map[slug:gazette]]]]]"+
				" [map[citations:[map[source:map[slug:gazette]]]] map[citations:[map[source:map[slug:gazette]]]]]" {
			t.Errorf("live has %s", got)
		}
		r = a.query(editor, `query @inContext(stage: DESK) { source(slug: "ledger") { slug } trash { nodes { type slug } } relationships(orderBy: {field: SLUG, direction: ASC}) { nodes { slug description liveVersion citations { source { slug } } } } }`).ok()
		if got := r.body; r.at("source") != nil || !strings.Contains(got, `{"type":"SOURCE","slug":"ledger"}`) || strings.Contains(got, `"ledger"}}]`) ||
			!strings.Contains(got, `"slug":"mole-funds-quay","description":"A draft."`) || !strings.Contains(got, `"slug":"quay-owns-mole","description":null,"liveVersion":null,"citations":[]`) {
			t.Errorf("the desk has %s", got)
		}
		// It can come back, and the relationship can be published with it again.
		a.query(editor, `mutation { undelete(input: {document: "source:ledger"}) { changed } updateRelationship(input: {id: "quay-owns-mole", citations: [{source: "ledger"}]}) { changed } publish(input: {documents: ["relationship:quay-owns-mole"]}) { state } }`).ok()
		if got := a.query(public, `{ source(slug: "ledger") { citedBy { totalCount } } }`).ok().at("source.citedBy.totalCount"); got != 1.0 {
			t.Errorf("after it came back %v claims rest on it", got)
		}
		entity := a.query(public, `{ entity(slug: "quay") { id } }`).at("entity.id").(string)
		for id, code := range map[string]string{"none": "NOT_FOUND", entity: "BAD_USER_INPUT"} {
			if r := a.as(editor, fmt.Sprintf(`mutation { withdrawSource(input: {id: %q}) { withdrawn } }`, id), nil); r.code() != code {
				t.Errorf("%s: got %s", id, r.body)
			}
		}
		a.as(author, `mutation { withdrawSource(input: {id: "gazette", preview: true}) { withdrawn } }`, nil).refused("FORBIDDEN", "")
	})
}

// sameLines reports whether two texts have the same lines, in any order.
func sameLines(a, b string) bool {
	count := map[string]int{}
	for _, line := range strings.Split(a, "\n") {
		count[line]++
	}
	for _, line := range strings.Split(b, "\n") {
		count[line]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}
