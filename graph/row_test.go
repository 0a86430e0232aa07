package graph_test

import (
	"fmt"
	"regexp"
	"testing"
)

// Items, observations and listings have ids and anchors, the same on the desk and in live,
// and whatever of them changes.
func TestRowsHaveAnchors(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		id := a.query(public, `{ edition(slug: "weekly-7") { items { id } } }`).at("edition.items.0.id").(string)
		r := a.query(editor, fmt.Sprintf(`mutation { updateEditionItem(input: {id: %q, headline: "A crane leant"}) {
			changed item { id anchor headline } edition { version items { id } } warnings { code path } } publish(input: {documents: ["edition:weekly-7"]}) { state } }`, id))
		if got := r.at("updateEditionItem.item.id"); got != id || r.at("updateEditionItem.edition.items.0.id") != id {
			t.Errorf("changed, the item has the id %v, want %v: %s", got, id, r.body)
		}
		live := a.query(public, `{ edition(slug: "weekly-7") { items { id anchor headline } } narrative(slug: "ports-are-safe") { observations { nodes { id anchor } } }
			entity(slug: "crane-works") { listings { id anchor } } }`)
		if got, want := live.at("edition.items.0.anchor"), r.at("updateEditionItem.item.anchor"); got != want || live.at("edition.items.0.headline") != "A crane leant" {
			t.Errorf("got the anchor %v in live, want %v: %s", got, want, live.body)
		}
		for path, want := range map[string]string{"edition.items.0.anchor": "item", "narrative.observations.nodes.0.anchor": "observation", "entity.listings.0.anchor": "listing"} {
			if got := live.at(path).(string); !regexp.MustCompile("^" + want + "-[0-9a-z]{13}$").MatchString(got) {
				t.Errorf("%s: got %q, want %s and the id", path, got, want)
			}
		}
		removed := a.query(editor, fmt.Sprintf(`mutation { removeEditionItem(input: {id: %q}) { changed item { id } edition { items { headline } } } }`, id))
		if removed.at("removeEditionItem.item") != nil || removed.list("removeEditionItem.edition.items", "headline") != "Nothing else" {
			t.Errorf("got %s, want no item and the other one", removed.body)
		}
		refused := a.as(editor, fmt.Sprintf(`mutation { updateEditionItem(input: {id: %q, headline: "X"}) { changed } }`, id), nil)
		refused.refused("NOT_FOUND", "there is no item")
	})
}
