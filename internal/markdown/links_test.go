package markdown_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/markdown"
)

// Where the links to an entity stand in plain text: with its name or a text of their own, in all kinds of blocks.
func TestTextLinks(t *testing.T) {
	t.Parallel()
	names := markdown.Names{Entity: func(slug string) (string, string, bool) {
		return "/" + slug, "The " + strings.ToUpper(slug), slug != "hidden"
	}}
	const src = "# Of [[a]]\n\nA *[[a|first  one]]*, [[b]] and [[hidden]].[^n]\n\n- [x] [[a|码头]]\n  码头 [[a]]\n\n| [[a]] | [[b|B]] |\n| --- | --- |\n| ![[[a]]](/x.png) | `[[a]]` |\n\n[^n]: By [[a-b]] & [[a]]."
	doc := markdown.Parse(src)
	for slug, want := range map[string][]string{
		"a":      {"The A", "first one", "码头", "The A", "The A", "The A", "The A"},
		"b":      {"The B", "B"},
		"hidden": {"hidden"},
		"none":   nil,
	} {
		text, spans := doc.For(names).TextLinks(markdown.Whole, []string{slug, "x"})
		if plain := doc.For(names).Text(markdown.Whole); text != plain {
			t.Errorf("%s: the text is %q, and without links %q", slug, text, plain)
		}
		var got []string
		for _, s := range spans {
			got = append(got, text[s.Start:s.End])
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s in %q (-want +got):\n%s", slug, text, d)
		}
	}

	const plain = "Of [[a]] and [[a|them]] <b> [[b]], 码头[[a]]。"
	text, spans := markdown.PlainTextLinks(plain, names, []string{"a"})
	var got []string
	for _, s := range spans {
		got = append(got, text[s.Start:s.End])
	}
	if d := cmp.Diff([]string{"The A", "them", "The A"}, got); d != "" || text != markdown.PlainText(plain, names) {
		t.Errorf("of the plain text %q: %s", text, d)
	}
	if text, spans := markdown.PlainTextLinks("none", names, []string{"a"}); text != "none" || spans != nil {
		t.Errorf("without links: %q, %v", text, spans)
	}
}
