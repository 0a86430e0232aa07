package graph_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// walk reads a whole list page by page and returns its slugs, joined, and how
// many pages there were.
func walk(a *api, document string, forward bool) (string, int) {
	a.t.Helper()
	var slugs []string
	var cursor any
	for pages := 1; ; pages++ {
		r := a.as(author, document, vars{"cursor": cursor}).ok()
		page := strings.Fields(r.list("list.nodes", "slug"))
		if edges := r.list("list.edges", "cursor"); len(strings.Fields(edges)) != len(page) {
			a.t.Fatalf("edges and nodes differ: %s", r.body)
		}
		if forward {
			slugs = append(slugs, page...)
		} else {
			slugs = append(page, slugs...)
		}
		more, next := r.at("list.pageInfo.hasNextPage"), r.at("list.pageInfo.endCursor")
		back := r.at("list.pageInfo.hasPreviousPage")
		if !forward {
			more, back = back, more
			next = r.at("list.pageInfo.startCursor")
		}
		if back != (pages > 1) {
			a.t.Errorf("page %d says %v of what lies behind it", pages, back)
		}
		if more != true {
			return strings.Join(slugs, " "), pages
		}
		cursor = next
		if pages > 50 {
			a.t.Fatal("the list does not end")
		}
	}
}

const pageFields = `nodes { slug } edges { cursor node { slug } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`

func TestPagesOfOrders(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		for _, tt := range []struct{ list, order, want string }{
			// Drafts have no date of publication: nulls are lowest.
			{"reports", "PUBLISHED_AT", "echo bravo charlie delta alpha"},
			// As people expect it: capitals do not matter.
			{"reports", "TITLE", "alpha bravo charlie delta echo"},
			{"reports", "SLUG", "alpha bravo charlie delta echo"},
			{"reports", "CREATED_AT", "alpha bravo charlie delta echo"},
			{"relationships", "SHARE", "port-supplies-cw cw-owns-port hidden-owns-cw"},
			{"relationships", "SINCE", "port-supplies-cw hidden-owns-cw cw-owns-port"},
			{"entities", "START_DATE", "hidden-fund crane-works ana-lyst port-ltd"},
			{"assets", "TITLE", "crane-photo"},
		} {
			for _, direction := range []string{"ASC", "DESC"} {
				want := tt.want
				if direction == "DESC" {
					words := strings.Fields(want)
					for i := range len(words) / 2 {
						words[i], words[len(words)-1-i] = words[len(words)-1-i], words[i]
					}
					want = strings.Join(words, " ")
				}
				for _, size := range []int{1, 2, 3, 100} {
					order := fmt.Sprintf("orderBy: {field: %s, direction: %s}", tt.order, direction)
					got, _ := walk(a, fmt.Sprintf(`query($cursor: String) @inContext(stage: DESK) { list: %s(first: %d, after: $cursor, %s) { %s } }`,
						tt.list, size, order, pageFields), true)
					if !same(tt.order, got, want) {
						t.Errorf("%s by %s %s, %d a page: got %q, want %q", tt.list, tt.order, direction, size, got, want)
					}
					back, _ := walk(a, fmt.Sprintf(`query($cursor: String) @inContext(stage: DESK) { list: %s(last: %d, before: $cursor, %s) { %s } }`,
						tt.list, size, order, pageFields), false)
					if back != got {
						t.Errorf("%s by %s %s, %d a page: got %q forward and %q backward", tt.list, tt.order, direction, size, got, back)
					}
				}
			}
		}
	})
}

// same compares lists. Rows without the value, which have the same place, come
// in the order of their ids.
func same(order, got, want string) bool {
	if order == "SINCE" || order == "START_DATE" {
		return len(got) == len(want)
	}
	return got == want
}

func TestNestedPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		// Two owners at once, each with pages of its own.
		const document = `{ reports(orderBy: {field: SLUG}) { nodes { slug entities(first: 1) { totalCount nodes { slug } pageInfo { hasNextPage endCursor } } } } }`
		r := a.query(author, `query @inContext(stage: DESK) `+document)
		for i, want := range []string{"crane-works 2 true", "port-ltd 1 false", "hidden-fund 2 true", "crane-works 1 false", "<nil> 0 false"} {
			at := fmt.Sprintf("reports.nodes.%d.entities.", i)
			first := any(nil)
			if len(r.at(at+"nodes").([]any)) > 0 {
				first = r.at(at + "nodes.0.slug")
			}
			got := fmt.Sprint(first, " ", r.at(at+"totalCount"), " ", r.at(at+"pageInfo.hasNextPage"))
			if got != want {
				t.Errorf("report %d: got %q, want %q", i, got, want)
			}
		}
		// A cursor leads on in the list of its owner.
		cursor := r.at("reports.nodes.0.entities.pageInfo.endCursor")
		r = a.as(author, `query($c: String) @inContext(stage: DESK) { reports(orderBy: {field: SLUG}) { nodes { entities(first: 5, after: $c) { nodes { slug } pageInfo { hasPreviousPage } } } } }`,
			vars{"c": cursor}).ok()
		if got := r.list("reports.nodes.0.entities.nodes", "slug"); got != "port-ltd" {
			t.Errorf("after the first: got %q", got)
		}
		// Backward, with an order of its own, and filtered.
		r = a.query(author, `query @inContext(stage: DESK) { entities(orderBy: {field: SLUG}) { nodes { slug
			last: reports(last: 2, orderBy: {field: SLUG}) { nodes { slug } pageInfo { hasPreviousPage hasNextPage } }
			briefs: reports(filter: {kind: {eq: BRIEF}}) { totalCount nodes { slug } } } } }`)
		if got := r.list("entities.nodes.1.last.nodes", "slug"); got != "charlie delta" {
			t.Errorf("last two: got %q", got)
		}
		if r.at("entities.nodes.1.last.pageInfo.hasPreviousPage") != true || r.at("entities.nodes.1.last.pageInfo.hasNextPage") != false {
			t.Errorf("page info of the last two: %s", r.body)
		}
		if got := r.list("entities.nodes.1.briefs.nodes", "slug"); got != "charlie" || r.at("entities.nodes.1.briefs.totalCount") != 1.0 {
			t.Errorf("briefs: got %q", got)
		}
	})
}

// A list that editors put in order has cursors that tell nothing of the rows
// that the viewer may not see: not by what is in them, nor by where they lead.
func TestCursorsTellNoPositions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		// A hidden entity comes first in one report; in the other there is none.
		r := a.query(partner, `{ behind: report(slug: "charlie") { entities { edges { cursor node { slug } } } } alone: report(slug: "delta") { entities { edges { cursor } } } }`)
		if behind, alone := r.at("behind.entities.edges.0.cursor"), r.at("alone.entities.edges.0.cursor"); behind != alone {
			t.Errorf("the cursor of one entity is %v behind a hidden one and %v alone", behind, alone)
		}
		const page = `query($c: String) { report(slug: "charlie") { after: entities(after: $c) { nodes { slug } } before: entities(before: $c) { nodes { slug } } } }`
		hidden := a.query(author, `{ report(slug: "charlie") { entities { edges { cursor node { slug } } } } }`)
		for i, want := range []string{"crane-works/crane-works", "/"} {
			cursor := vars{"c": hidden.at(fmt.Sprintf("report.entities.edges.%d.cursor", i))}
			r := a.as(partner, page, cursor).ok()
			if got := r.list("report.after.nodes", "slug") + "/" + r.list("report.before.nodes", "slug"); got != want {
				t.Errorf("after and before the cursor of %v: got %q, want %q", hidden.at(fmt.Sprintf("report.entities.edges.%d.node.slug", i)), got, want)
			}
		}
		// Who sees all goes on from where the cursor is, either way.
		for i, want := range []string{"crane-works/", "/hidden-fund"} {
			r := a.as(author, page, vars{"c": hidden.at(fmt.Sprintf("report.entities.edges.%d.cursor", i))}).ok()
			if got := r.list("report.after.nodes", "slug") + "/" + r.list("report.before.nodes", "slug"); got != want {
				t.Errorf("row %d: got %q, want %q", i, got, want)
			}
		}
		old := base64.RawURLEncoding.EncodeToString([]byte(`{"l":"Report.entities","v":0,"i":"` + a.query(public, `{ entity(slug: "crane-works") { id } }`).at("entity.id").(string) + `"}`))
		a.as(public, page, vars{"c": old}).refused("BAD_USER_INPUT", "after: this is no cursor")
	})
}

func TestRelationshipsOfEntity(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		r := a.query(author, `query @inContext(stage: DESK) { entities(orderBy: {field: SLUG}) { nodes { slug
			both: relationships(orderBy: {field: SLUG}) { totalCount nodes { slug } }
			out: relationships(direction: OUTGOING) { totalCount nodes { slug } }
			in: relationships(direction: INCOMING, kinds: [OWNS]) { totalCount nodes { slug } }
			none: relationships(kinds: []) { totalCount nodes { slug } } } } }`)
		for i, want := range []string{
			"/0 /0 /0 /0", // ana-lyst
			"cw-owns-port hidden-owns-cw port-supplies-cw/3 cw-owns-port/1 hidden-owns-cw/1 /0",
			"hidden-owns-cw/1 hidden-owns-cw/1 /0 /0",
			"cw-owns-port port-supplies-cw/2 port-supplies-cw/1 cw-owns-port/1 /0",
		} {
			var got []string
			for _, alias := range []string{"both", "out", "in", "none"} {
				at := fmt.Sprintf("entities.nodes.%d.%s", i, alias)
				got = append(got, fmt.Sprintf("%s/%v", r.list(at+".nodes", "slug"), r.at(at+".totalCount")))
			}
			if got := strings.Join(got, " "); got != want {
				t.Errorf("entity %d: got %q, want %q", i, got, want)
			}
		}
	})
}

// A person with two roles in a report, and a source in two of its notes, lead
// to it once.
func TestRepeatedLinks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		r := a.query(author, `query @inContext(stage: DESK) { entity(slug: "ana-lyst") {
			all: contributedTo(orderBy: {field: SLUG}) { totalCount nodes { slug } }
			edited: contributedTo(roles: [EDITOR]) { totalCount nodes { slug } } } 
			source(slug: "harbour-gazette") { reports { totalCount nodes { slug } } } }`)
		if got := r.list("entity.all.nodes", "slug"); got != "alpha bravo" || r.at("entity.all.totalCount") != 2.0 {
			t.Errorf("all: %s", r.body)
		}
		if got := r.list("entity.edited.nodes", "slug"); got != "alpha" || r.at("entity.edited.totalCount") != 1.0 {
			t.Errorf("edited: %s", r.body)
		}
		if got := r.list("source.reports.nodes", "slug"); got != "alpha" || r.at("source.reports.totalCount") != 1.0 {
			t.Errorf("source: %s", r.body)
		}
	})
}

func TestPageArguments(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		cursor := a.query(public, `{ reports(first: 1) { pageInfo { endCursor } } }`).at("reports.pageInfo.endCursor").(string)
		broken := base64.RawURLEncoding.EncodeToString([]byte(`{"l":"reports PUBLISHED_AT DESC","v":"yesterday","i":"rpt_0000000000000"}`))
		for _, tt := range []struct{ args, problem string }{
			{`first: -1`, "first: -1 is negative"},
			{`first: 101`, "first: 101 is too many; want 0 to 100"},
			{`last: 1000`, "last: 1000 is too many"},
			{`first: 1, last: 1`, "last: give first or last, not both"},
			{`after: "x"`, "after: this is no cursor"},
			{`before: "e30"`, "before: this is no cursor"},
			{`after: "` + broken + `"`, "after: this is no cursor"},
			{`after: "` + cursor + `=="`, "after: this is no cursor"},
			{`after: "` + cursor + `", orderBy: {field: SLUG}`, "after: this cursor is of another list"},
			{`after: "` + cursor + `", orderBy: {field: PUBLISHED_AT, direction: ASC}`, "after: this cursor is of another list"},
			{`first: 200, after: "x"`, "after: this is no cursor"}, // both are reported
		} {
			a.as(public, `{ reports(`+tt.args+`) { nodes { slug } } }`, nil).refused("BAD_USER_INPUT", tt.problem)
			a.as(public, `{ reports { nodes { entities(`+tt.args+`) { nodes { slug } } } } }`, nil).refused("BAD_USER_INPUT", tt.problem[:strings.Index(tt.problem, ":")])
		}
		a.as(public, `{ tags(after: "`+cursor+`") { nodes { slug } } }`, nil).refused("BAD_USER_INPUT", "of another list")

		none := a.query(public, `{ reports(first: 0) { totalCount nodes { slug } pageInfo { hasNextPage startCursor } } }`)
		if none.at("reports.totalCount") != 2.0 || none.at("reports.pageInfo.hasNextPage") != true || none.at("reports.pageInfo.startCursor") != nil {
			t.Errorf("first: 0 gives %s", none.body)
		}
		both := a.query(public, `{ reports(after: "`+cursor+`", before: "`+cursor+`") { nodes { slug } } }`)
		if got := both.list("reports.nodes", "slug"); got != "" {
			t.Errorf("between a place and itself lies %q", got)
		}
	})
}
