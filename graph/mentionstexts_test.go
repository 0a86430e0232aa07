package graph_test

import (
	"fmt"
	"strings"
	"testing"
)

// A link in any text that the index has is a mention with its passage, for those who see the document: also by a slug that the entity had
// before, and once only where a list links to the entity as well.
func TestMentionsInAllTexts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(editor, `mutation { createEntity(input: {slug: "pier", kind: COMPANY, name: "Pier & Sons"}) { created }
			o: createEntity(input: {slug: "other", kind: COMPANY, name: "Other"}) { created }
			p: updateEntity(input: {id: "other", description: "Bought from [[pier|the firm]] in May. It is [[other]] itself."}) { changed }
			h: createEntity(input: {slug: "hidden-other", kind: COMPANY, name: "Hidden", description: "Of [[pier]].", marking: RED}) { created }
			d: createEntity(input: {slug: "draft-other", kind: COMPANY, name: "Draft", description: "Of [[pier]]."}) { created }
			c: createEntity(input: {slug: "coded", kind: COMPANY, name: "Coded", description: "Nothing of piers."}) { created }
			t: createTag(input: {slug: "trade", label: "Trade", vocabulary: TOPIC, description: "As by [[pier]]."}) { created }
			n: createNarrative(input: {slug: "story", title: "Story", claim: "C", status: ACTIVE, description: "About [[pier]].", assessment: "[[pier]] again."}) { created }
			m: createNarrative(input: {slug: "aimed", title: "Aimed", claim: "C", status: ACTIVE, targets: ["pier"], description: "At [[pier]].", tags: ["trade"]}) { created }
			s: createSeries(input: {slug: "letters", title: "Letters", cadence: MONTHLY, language: "en"}) { created }
			e: createEdition(input: {slug: "letter-1", series: "letters", number: 1, title: "Letter", language: "en", introduction: "This time [[pier]].",
				items: [{headline: "One", summary: "Of [[pier]]."}, {headline: "Two", summary: "Of nothing."}]}) { created } }`).ok()
		a.query(editor, `mutation { publish(input: {documents: ["entity:pier", "entity:other", "entity:hidden-other", "entity:coded", "narrative:story", "narrative:aimed", "edition:letter-1"]}) { state } }`).ok()
		mentions := func(query string) string {
			r := a.query(public, query).ok()
			var lines []string
			for _, n := range nodesIn(r.at("entity.mentions.nodes")) {
				line := fmt.Sprint(n["displayName"], " ", n["linked"])
				for _, p := range n["passages"].([]any) {
					passage := p.(map[string]any)
					line += fmt.Sprintf(" | %v %v: %v", passage["field"], passage["link"], passage["html"])
				}
				lines = append(lines, line)
			}
			if total := r.at("entity.mentions.totalCount"); total != float64(len(lines)) {
				t.Errorf("totalCount is %v of %d", total, len(lines))
			}
			return strings.Join(lines, "\n")
		}
		const all = `{ entity(slug: "pier") { mentions(first: 20) { totalCount nodes { displayName linked passages(first: 3) { field link html } } } } }`
		const want = `Aimed true | description true: At <mark>Pier &amp; Sons</mark>.
Story false | description true: About <mark>Pier &amp; Sons</mark>. | assessment true: <mark>Pier &amp; Sons</mark> again.
Letters 1: Letter false | introduction true: This time <mark>Pier &amp; Sons</mark>.
Letters 1: Letter: One false | summary true: Of <mark>Pier &amp; Sons</mark>.
Other false | description true: Bought from <mark>the firm</mark> in May. It is Other itself.
Trade false | description true: As by <mark>Pier &amp; Sons</mark>.`
		got := mentions(all)
		if !sameLines(got, want) {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if r := a.query(everything, all).ok(); !strings.Contains(r.body, `"Hidden"`) || strings.Contains(r.body, `"Draft"`) || r.at("entity.mentions.totalCount") != 7.0 {
			t.Errorf("a viewer of everything: %s", r.body)
		}
		// Pages make the whole.
		after, paged := "null", ""
		for range 10 {
			page := a.query(public, `{ entity(slug: "pier") { mentions(first: 1, after: `+after+`) { nodes { displayName } pageInfo { hasNextPage endCursor } } } }`).ok()
			for _, n := range nodesIn(page.at("entity.mentions.nodes")) {
				paged += fmt.Sprint(n["displayName"], "\n")
			}
			if page.at("entity.mentions.pageInfo.hasNextPage") != true {
				break
			}
			after = fmt.Sprintf("%q", page.at("entity.mentions.pageInfo.endCursor"))
		}
		if n := strings.Count(paged, "\n"); n != 6 {
			t.Errorf("page by page: got %d of 6:\n%s", n, paged)
		}
		// The slug that texts name it by is a former one now, and then that of another entity.
		a.query(editor, `mutation { updateEntity(input: {id: "pier", slug: "pier-and-sons"}) { changed } publish(input: {documents: ["entity:pier-and-sons"]}) { state } }`).ok()
		if renamed := mentions(strings.Replace(all, `"pier"`, `"pier-and-sons"`, 1)); !sameLines(renamed, want) {
			t.Errorf("after another slug: got\n%s\nwant\n%s", renamed, want)
		}
	})
}
