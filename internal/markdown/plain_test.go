package markdown_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/markdown"
)

func TestPlainTexts(t *testing.T) {
	t.Parallel()
	names := markdown.Names{Entity: func(slug string) (href, name string, ok bool) {
		return "/entities/" + slug, "Crane & Works", slug == "crane-works"
	}}
	for _, row := range []struct{ in, text, html string }{
		{"", "", ""},
		{"a < b & *c*", "a < b & *c*", "a &lt; b &amp; *c*"},
		{"By [[crane-works]].", "By Crane & Works.", `By <a href="/entities/crane-works" class="entity">Crane &amp; Works</a>.`},
		{"By [[crane-works|the <maker>]]", "By the <maker>", `By <a href="/entities/crane-works" class="entity">the &lt;maker&gt;</a>`},
		{"By [[hidden-firm]] and [[hidden-firm|them]]", "By hidden firm and them", "By hidden firm and them"},
		{"[[Not a slug]] [[]] [[a|]] [[crane-works", "[[Not a slug]] [[]] [[a|]] [[crane-works", "[[Not a slug]] [[]] [[a|]] [[crane-works"},
		{"一\n[[crane-works]]二", "一\nCrane & Works二", "一\n" + `<a href="/entities/crane-works" class="entity">Crane &amp; Works</a>二`},
	} {
		if got := markdown.PlainText(row.in, names); got != row.text {
			t.Errorf("%q as text: got %q, want %q", row.in, got, row.text)
		}
		if got := markdown.PlainHTML(row.in, names); got != row.html {
			t.Errorf("%q as HTML: got %q, want %q", row.in, got, row.html)
		}
	}
	got := markdown.PlainMentions("[[a]]\n\nx [[b|c]] [[a]]")
	if d := cmp.Diff([]markdown.Mention{{Slug: "a", Line: 1}, {Slug: "b", Line: 3}, {Slug: "a", Line: 3}}, got); d != "" {
		t.Error(d)
	}
}
