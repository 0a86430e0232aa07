package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// createTree publishes a report under each tag of a tree: a over b over c and over hidden over d.
func createTree(a *api) {
	a.t.Helper()
	for _, tag := range []string{
		`slug: "a"`, `slug: "b" parent: "a"`, `slug: "was-c" parent: "b"`, `slug: "hidden" parent: "a" marking: RED`, `slug: "d" parent: "hidden"`, `slug: "e"`,
	} {
		a.query(editor, `mutation { createTag(input: {`+tag+` label: "L" vocabulary: TECHNIQUE}) { created } }`)
	}
	a.query(editor, `mutation { updateTag(input: {id: "was-c" slug: "c"}) { changed } }`)
	for _, tag := range []string{"a", "b", "c", "d", "e"} {
		a.query(editor, fmt.Sprintf(`mutation { createReport(input: {slug: "on-%[1]s" title: "T" kind: BRIEF language: "en" summary: "S." body: "B." tags: [%[1]q]}) { created }
			publish(input: {documents: ["report:on-%[1]s"], references: INCLUDE}) { state } }`, tag))
	}
}

func TestWithinATag(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		createTree(a)
		id := a.query(public, `{ tag(slug: "b") { id } }`).at("tag.id").(string)
		for _, tt := range []struct{ filter, public, everything string }{
			{`tags: {within: "a"}`, "on-a on-b on-c", "on-a on-b on-c on-d"}, // d is below what only few see
			{`tags: {within: "b"}`, "on-b on-c", "on-b on-c"},
			{`tags: {within: "` + id + `"}`, "on-b on-c", "on-b on-c"},
			{`tags: {within: "was-c"}`, "on-c", "on-c"},
			{`tags: {within: "d"}`, "on-d", "on-d"},
			{`tags: {within: "hidden"}`, "", "on-d"},
			{`tags: {within: "none"}`, "", ""},
			{`tags: {within: "a", slug: {ne: "a"}}`, "on-b on-c", "on-b on-c on-d"},
			{`tags: {or: [{within: "b"}, {within: "e"}]}`, "on-b on-c on-e", "on-b on-c on-e"},
			{`tags: {not: {within: "a"}, vocabulary: {eq: TECHNIQUE}}`, "on-d on-e", "on-e"},
			{`not: {tags: {within: "a"}}, tags: {vocabulary: {eq: TECHNIQUE}}`, "on-d on-e", "on-e"},
			{`tags: {children: {within: "b"}}`, "on-a on-b", "on-a on-b"},
			{`tags: {within: null, slug: {eq: "e"}}`, "on-e", "on-e"},
		} {
			for _, want := range []struct {
				viewer *domain.Viewer
				slugs  string
			}{{public, tt.public}, {everything, tt.everything}} {
				for _, order := range []string{"SLUG", "PUBLISHED_AT"} {
					r := a.query(want.viewer, fmt.Sprintf(`{ reports(first: 100, filter: {%s}, orderBy: {field: %s, direction: ASC}) { totalCount nodes { slug } }
						page: reports(first: 1, filter: {%[1]s}, orderBy: {field: %[2]s, direction: ASC}) { nodes { slug } } }`, tt.filter, order))
					slugs := strings.Fields(r.list("reports.nodes", "slug"))
					slices.Sort(slugs)
					if got := strings.Join(slugs, " "); got != want.slugs || r.at("reports.totalCount") != float64(len(slugs)) {
						t.Errorf("%s by %s for TLP:%v: got %q, %v in total, want %q", tt.filter, order, want.viewer.Clearance, got, r.at("reports.totalCount"), want.slugs)
					}
					if got := r.list("page.nodes", "slug"); len(slugs) > 0 && got != strings.Fields(r.list("reports.nodes", "slug"))[0] {
						t.Errorf("%s by %s for TLP:%v: the first page has %q", tt.filter, order, want.viewer.Clearance, got)
					}
				}
			}
		}
		r := a.query(public, `{ tags(filter: {within: "a"}, orderBy: {field: SLUG}) { totalCount nodes { slug } } tag(slug: "a") { children(filter: {within: "b"}) { totalCount nodes { slug } } } }`)
		if got := r.list("tags.nodes", "slug"); got != "a b c" || r.at("tags.totalCount") != 3.0 {
			t.Errorf("tags: got %s", r.body)
		}
		if got := r.list("tag.children.nodes", "slug"); got != "b" || r.at("tag.children.totalCount") != 1.0 {
			t.Errorf("children: got %s", r.body)
		}
		a.as(public, `{ reports(filter: {tags: {within: "`+strings.Repeat("x", 3000)+`"}}) { totalCount } }`, nil).refused("BAD_USER_INPUT", "filter.tags.within: a text of 3000 bytes is too long")
	})
}

// A cached response ends when the branch changes: also by a tag that no report of it bears.
func TestCachedResponsesWithinATag(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		k := newCachedAPI(t, s)
		createTree(k.api)
		const ask = `{ reports(filter: {tags: {within: "a"}}) { totalCount } }`
		for _, step := range []struct {
			change string
			want   float64
		}{
			{`{ __typename }`, 3},
			{`mutation { updateTag(input: {id: "d" parent: "b"}) { changed } }`, 4},
			{`mutation { updateTag(input: {id: "b" marking: RED}) { changed } }`, 1},
			{`mutation { updateTag(input: {id: "b" marking: CLEAR parent: null}) { changed } }`, 1},
			{`mutation { updateTag(input: {id: "hidden" marking: CLEAR}) { changed } }`, 1},
			{`mutation { updateTag(input: {id: "d" parent: "hidden"}) { changed } }`, 2},
		} {
			k.query(editor, step.change)
			for range 2 {
				if got := k.query(public, ask).at("reports.totalCount"); got != step.want {
					t.Errorf("after %s: got %v, want %v", step.change, got, step.want)
				}
			}
		}
	})
}
