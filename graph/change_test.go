package graph_test

import (
	"testing"
)

func TestChangesOfAnEntityThatWasMerged(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		from := a.query(public, `{ entity(slug: "crane-works") { id } }`).at("entity.id")
		into := a.query(public, `{ entity(slug: "port-ltd") { id } }`).at("entity.id")
		a.query(editor, `mutation { mergeEntities(input: {from: ["crane-works"], into: "port-ltd"}) { changed } publish(input: {documents: ["entity:port-ltd"], references: INCLUDE}) { state } }`)
		nodes := a.query(public, `{ changes(first: 100) { nodes { kind documentId document { id } } } }`).at("changes.nodes").([]any)
		last := map[any]any{}
		for _, n := range nodes {
			n := n.(map[string]any)
			last[n["documentId"]] = n["kind"]
			if d, ok := n["document"].(map[string]any); ok && d["id"] != n["documentId"] {
				t.Errorf("the change of %v has the document %v", n["documentId"], d["id"])
			}
		}
		if last[from] != "UNPUBLISH" || last[into] != "UPDATE" {
			t.Errorf("got %v of the entity that was merged, and %v of the other", last[from], last[into])
		}
	})
}

func TestPagesOfChanges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		all := a.query(public, `{ changes(first: 100) { nodes { cursor } pageInfo { hasNextPage hasPreviousPage } head } }`)
		want := all.list("changes.nodes", "cursor")
		if all.at("changes.pageInfo.hasNextPage") != false || all.at("changes.pageInfo.hasPreviousPage") != false {
			t.Errorf("got %s", all.body)
		}
		got, after := "", any(nil)
		for more := any(true); more == true; {
			r := a.as(public, `query($after: String) { changes(first: 3, after: $after) { edges { cursor } pageInfo { hasNextPage endCursor } } }`, vars{"after": after}).ok()
			if page := r.list("changes.edges", "cursor"); got == "" {
				got = page
			} else {
				got += " " + page
			}
			more, after = r.at("changes.pageInfo.hasNextPage"), r.at("changes.pageInfo.endCursor")
		}
		if got != want || after != all.at("changes.head") {
			t.Errorf("page by page: got\n%s, want\n%s", got, want)
		}
		if start := a.query(public, `{ changes(first: 100, after: "start") { nodes { cursor } pageInfo { hasNextPage hasPreviousPage } head } }`); start.body != all.body {
			t.Errorf("from the start: got %s, want %s", start.body, all.body)
		}
		a.as(public, `{ changes(after: "x") { head } }`, nil).refused("BAD_USER_INPUT", "cursor")
		a.as(public, `{ changes(after: "cAAAAAQAAAAAAAAAAAAAAAAAAAAA") { head } }`, nil).refused("CURSOR_EXPIRED", "anew")
		a.as(editor, `query @inContext(stage: DESK) { changes { head } }`, nil).refused("BAD_USER_INPUT", "live")
		if none := a.query(public, `{ changes(types: []) { nodes { kind } } }`); none.list("changes.nodes", "kind") != "" {
			t.Errorf("of no types: got %s", none.body)
		}
	})
}
