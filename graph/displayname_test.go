package graph_test

import (
	"fmt"
	"testing"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A list of documents of any types can be shown without asking each type for a
// field of its own.
func TestDisplayNames(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.query(editor, `mutation {
			a: createTag(input: {slug: "ports", label: "Ports", vocabulary: TOPIC}) { created }
			b: createSource(input: {slug: "gazette", title: "The Gazette", url: "https://gazette.example/1"}) { created }
			c: createAsset(input: {slug: "titled", url: "https://files.example/a.png", mediaType: "image/png", title: "A crane", altText: "A crane"}) { created }
			d: createAsset(input: {slug: "untitled", url: "https://files.example/x/harbour.png?v=1", mediaType: "image/png", altText: "A harbour"}) { created }
			e: createEntity(input: {slug: "owner", name: "Owner Ltd", kind: COMPANY}) { created }
			f: createEntity(input: {slug: "works", name: "Crane Works", kind: COMPANY}) { created }
			g: createRelationship(input: {slug: "tie", from: "owner", to: "works", kind: OWNS, confidence: CONFIRMED, citations: [{source: "gazette"}]}) { created }
			h: createRelationship(input: {slug: "venture", from: "works", to: "owner", kind: JOINT_VENTURE_WITH, role: "builder", until: "2021-04", confidence: CONFIRMED, citations: [{source: "gazette"}]}) { created }
			i: createReport(input: {slug: "cranes", title: "Cranes", kind: BRIEF, language: "en", summary: "…", body: "…", tags: ["ports"], hero: "titled", attachments: ["untitled"]}) { created }
			j: createNarrative(input: {slug: "safe", title: "Ports are safe", claim: "They are.", status: ACTIVE}) { created }
			j2: createSeries(input: {slug: "weekly", title: "Weekly", cadence: WEEKLY, language: "en"}) { created }
			k: createEdition(input: {slug: "seven", series: "weekly", number: 7, title: "More", language: "en", items: [{headline: "H", summary: "S", citations: [{source: "gazette"}]}]}) { created }
		}`)
		a.query(editor, `mutation { publish(input: {documents: ["relationship:tie", "relationship:venture", "report:cranes", "narrative:safe", "edition:seven"], references: INCLUDE}) { state } }`)
		const shown = ` changes(first: 100) { nodes { document { __typename slug displayName url } } } `
		want := map[string][2]string{
			"ports": {"Ports", "/tags/ports"}, "gazette": {"The Gazette", "https://gazette.example/1"},
			"titled": {"A crane", "https://files.example/a.png"}, "untitled": {"harbour.png", "https://files.example/x/harbour.png?v=1"},
			"owner": {"Owner Ltd", "/entities/owner"}, "works": {"Crane Works", "/entities/works"},
			"tie": {"Owner Ltd owns Crane Works", "<nil>"}, "venture": {"Crane Works has a joint venture with Owner Ltd (builder, until 2021-04)", "<nil>"},
			"cranes": {"Cranes", "/reports/cranes"}, "safe": {"Ports are safe", "/narratives/safe"}, "seven": {"Weekly 7: More", "/editions/seven"},
			"weekly": {"Weekly", "<nil>"},
		}
		got := a.query(public, `{`+shown+`}`)
		seen := 0
		for _, node := range got.at("changes.nodes").([]any) {
			d := node.(map[string]any)["document"].(map[string]any)
			slug := d["slug"].(string)
			if now := [2]string{fmt.Sprint(d["displayName"]), fmt.Sprint(d["url"])}; now != want[slug] {
				t.Errorf("%s: got %q, want %q", slug, now, want[slug])
			}
			seen++
		}
		if seen != len(want) {
			t.Errorf("got %d documents, want %d: %s", seen, len(want), got.body)
		}
		// The ends of all relationships come in one statement each.
		list := a.query(public, `{ relationships { nodes { displayName } } }`)
		if list.list("relationships.nodes", "displayName") == "" || list.statements > 3 {
			t.Errorf("got %d statements: %s", list.statements, list.body)
		}

		// What a viewer may not see has no name for them, and neither has what it ties.
		a.query(editor, `mutation { updateEntity(input: {id: "owner", marking: RED}) { changed } publish(input: {documents: ["entity:owner"]}) { state } }`)
		hidden := a.query(public, `{ relationships { nodes { displayName } } entities { nodes { displayName } } }`)
		if hidden.list("relationships.nodes", "displayName") != "" || hidden.list("entities.nodes", "displayName") != "Crane Works" {
			t.Errorf("got %s", hidden.body)
		}
		// The desk has all of them.
		trashed := a.query(author, `query @inContext(stage: DESK) { relationships { nodes { displayName url } } }`)
		if got := trashed.list("relationships.nodes", "displayName"); got != "Owner Ltd owns Crane Works Crane Works has a joint venture with Owner Ltd (builder, until 2021-04)" &&
			got != "Crane Works has a joint venture with Owner Ltd (builder, until 2021-04) Owner Ltd owns Crane Works" {
			t.Errorf("on the desk: got %s", trashed.body)
		}
	})
}
