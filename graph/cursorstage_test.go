package graph_test

import (
	"strings"
	"testing"
)

// TestCursorsHaveAStage: a cursor of one stage is refused at the other, in every list.
func TestCursorsHaveAStage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		for _, row := range []struct{ list, before string }{
			{`LIST(first: 1 AFTER)`, ""}, {`LIST(last: 1 BEFORE)`, "before"},
		} {
			for _, list := range []string{"reports", "narratives", "entities", "relationships", "tags", "sources", "editions", "assets", "edge"} {
				ask := func(stage, argument string) *response {
					field := strings.ReplaceAll(strings.NewReplacer("LIST", list, "AFTER", argument, "BEFORE", argument).Replace(row.list), "edge", "reports")
					document := `{ list: ` + field + ` { pageInfo { startCursor endCursor } } }`
					at := "list."
					if list == "edge" {
						document, at = `{ entity(slug: "crane-works") { list: `+field+` { pageInfo { startCursor endCursor } } } }`, "entity.list."
					}
					got := a.as(author, `query @inContext(stage: `+stage+`) `+document, nil)
					if len(got.Errors) == 0 {
						if cursor, ok := got.at(at + "pageInfo.endCursor").(string); ok {
							got.body = cursor
						} else {
							got.body = ""
						}
					}
					return got
				}
				argument := "after"
				if row.before != "" {
					argument = row.before
				}
				ofDesk, ofLive := ask("DESK", "").body, ask("LIVE", "").body
				if ofDesk == "" && ofLive == "" {
					t.Errorf("%s: there is nothing to test", list)
				}
				if ofDesk != "" {
					ask("DESK", `, `+argument+`: "`+ofDesk+`"`).ok()
					ask("LIVE", `, `+argument+`: "`+ofDesk+`"`).refused("BAD_USER_INPUT", "this cursor is of the desk (stage DESK), and this list is read in live (stage LIVE)")
				}
				if ofLive != "" {
					ask("LIVE", `, `+argument+`: "`+ofLive+`"`).ok()
					ask("DESK", `, `+argument+`: "`+ofLive+`"`).refused("BAD_USER_INPUT", "this cursor is of live (stage LIVE), and this list is read on the desk (stage DESK)")
				}
			}
		}
		// Fields that only the desk has read it at any stage.
		cursor, _ := a.query(author, `{ pendingChanges(first: 1) { pageInfo { endCursor } } }`).at("pendingChanges.pageInfo.endCursor").(string)
		if cursor == "" {
			t.Fatal("there is no pending change")
		}
		a.query(author, `query @inContext(stage: DESK) { pendingChanges(first: 1, after: "`+cursor+`") { nodes { state } } }`)
		a.query(author, `{ pendingChanges(first: 1, after: "`+cursor+`") { nodes { state } } }`)
		// The change feed has positions of its own.
		changes, _ := a.query(author, `{ changes(first: 1) { pageInfo { endCursor } } }`).at("changes.pageInfo.endCursor").(string)
		a.as(author, `query @inContext(stage: DESK) { reports(after: "`+changes+`") { totalCount } }`, nil).refused("BAD_USER_INPUT", "this is no cursor")
		a.as(author, `{ changes(after: "`+cursor+`") { head } }`, nil).refused("BAD_USER_INPUT", "want a cursor of the change feed")
	})
}
