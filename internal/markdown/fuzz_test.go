package markdown_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/redthread-api/redthread/internal/markdown"
	"pgregory.net/rapid"
)

func FuzzParse(f *testing.F) {
	f.Add(bodyFile(f))
	for _, src := range []string{
		"[[a]] [[a|b]] [[A]] [[a", "a[^b]\n\n[^b]: c [@d, e]\n\n    f", "![^a] [a[^b]](c) ![[[a]]](b)",
		"<details open>\n<summary>a</summary>\n\nb\n\n</details>", "<sup>a<sub>b</sup>c</sub>", "a <img src=x onerror=alert(1)>",
		"<script>alert(1)</script>", "<svg><style><img src=x onerror=alert(1)></style></svg>", "<details title=\"\n\n\" onclick=x>",
		"[a](javascript:x) <javascript:x> [b]\n\n[b]: data:x 'y'", "&#xFDD0;0&#xFDD1; \uFDD00\uFDD1", "# fn-1\n# fnref-1\n# fn\n# fn",
		"|a|b|\n|-|:-:|\n|[[a\\|b]]|`\\|`|", "> - 1. a\n>   - b", "\x00\xff\u0085", "a\r\nb\rc", "<!-- a --!> b -->", "<?a?> <![CDATA[b]]> <!C>",
		"*a **b _c_** d* ~~e~~ `f` <g@h.i> https://j.k/l", "[^a]: [^b]\n[^b]: [^a]\n\n[^a]", "    code\n\n\t- a\n\n  [^b]: c", "<a\nhref='x'>", "[a]( <b> \"c\" )",
		"**「a」**b 甲~~(b)~~乙 葛\U000E0100**(a)**", "参见https://例.jp/国家。 www.a.bc/国) https://a.b@c", "- [ ] a\n- [x] ![[[b]]](c)",
		"a[^b]\n\n[^b]: [@c, p. 12], d\n\n    [@e]\n\n# [[f]]\n", "> [^a]: b\n> c\n\n- [^a]\n  [^d]: e\n",
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		d := markdown.Parse(src)
		for _, link := range []markdown.Names{everything, nothing} {
			out := d.For(link).HTML(markdown.Whole)
			checkSafe(t, out)
			lower := strings.ToLower(out)
			for _, bad := range []string{"<script", "<iframe", "<style", "<svg"} {
				if strings.Contains(lower, bad) {
					t.Errorf("%s is in the HTML", bad)
				}
			}
			r := d.For(link)
			var slugs []string
			for _, m := range d.Mentions() {
				slugs = append(slugs, m.Slug)
			}
			if text, spans := r.TextLinks(markdown.Whole, slugs); text != r.Text(markdown.Whole) || slices.ContainsFunc(spans, func(s markdown.Span) bool { return s.Start >= s.End || s.End > len(text) }) {
				t.Errorf("the text with links is %q, with %v", text, spans)
			}
			if out != r.HTML(markdown.Whole) {
				t.Error("the HTML differs between calls")
			}
			if !strings.HasPrefix(out, r.HTML(markdown.Body)) || !strings.HasPrefix(r.Text(markdown.Whole), r.Text(markdown.Body)) {
				t.Error("the body is not the start of the whole")
			}
			texts := []string{out, r.Text(markdown.Whole)}
			for i := range d.Footnotes() {
				checkSafe(t, r.NoteHTML(i+1))
				texts = append(texts, r.NoteHTML(i+1), r.NoteText(i+1))
			}
			for _, h := range r.Outline() {
				texts = append(texts, h.Text)
			}
			for _, text := range texts {
				if !utf8.ValidString(text) || strings.Contains(text, "Hidden") && !strings.Contains(src, "Hidden") || strings.ContainsAny(text, "\uFDD0\uFDD1") {
					t.Errorf("got %q", text)
				}
			}
		}
		lines := 1 + strings.Count(strings.ReplaceAll(src, "\r\n", "\n"), "\n") + strings.Count(strings.ReplaceAll(src, "\r\n", "\n"), "\r")
		last := 1
		for _, p := range d.Problems() {
			if p.Line < last || p.Line > lines || p.Message == "" || !utf8.ValidString(p.Message) {
				t.Errorf("got problem %+v after line %d of %d", p, last, lines)
			}
			last = p.Line
		}
		for i, n := range d.Footnotes() {
			if n.Number != i+1 || n.Anchor != "fn-"+itoa(i+1) || n.Label == "" || n.Line < 1 || n.Line > lines {
				t.Errorf("got footnote %+v at %d", n, i)
			}
			if n.Text != strings.Join(strings.Fields(n.Text), " ") {
				t.Errorf("white space in the text of %+v", n)
			}
		}
		for _, m := range d.Mentions() {
			if m.Line < 1 || m.Line > lines {
				t.Errorf("got mention %+v of %d lines", m, lines)
			}
		}
		if again := markdown.Parse(src); again.For(markdown.Names{}).Text(markdown.Whole) != d.For(markdown.Names{}).Text(markdown.Whole) || !cmp.Equal(again.Footnotes(), d.Footnotes()) {
			t.Error("reading the text again gives another result")
		}
		if (d.For(markdown.Names{}).Text(markdown.Whole) == "") != (d.ReadingMinutes() == 0) || d.ReadingMinutes() == 0 && d.WordCount() > 0 {
			t.Errorf("got %d minutes, %d words for %q", d.ReadingMinutes(), d.WordCount(), d.For(markdown.Names{}).Text(markdown.Whole))
		}
		if bare := d.WithoutNotes(); len(d.Footnotes()) > 0 && len(markdown.Parse(bare).Footnotes()) >= len(d.Footnotes()) {
			t.Errorf("without notes it is %q", bare)
		}
		if !utf8.ValidString(d.For(markdown.Names{}).Text(markdown.Whole)) {
			t.Errorf("the text is not valid UTF-8")
		}
	})
}

// Any order of references and definitions gives the notes numbers by the order
// of their first references, and each reference finds its note.
func TestNumbersFollowReferences(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		labels := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,4}`), 1, 8, rapid.ID).Draw(t, "labels")
		refs := rapid.SliceOfN(rapid.SampledFrom(labels), 1, 20).Draw(t, "refs")
		order := rapid.Permutation(labels).Draw(t, "definitions")

		var src strings.Builder
		for _, label := range refs {
			src.WriteString("word [^" + label + "]\n\n")
		}
		for _, label := range order {
			src.WriteString("[^" + label + "]: note " + label + "\n")
		}
		var want []string
		for _, label := range refs {
			if !strings.Contains(" "+strings.Join(want, " ")+" ", " "+label+" ") {
				want = append(want, label)
			}
		}
		d := markdown.Parse(src.String())
		var got []string
		for _, n := range d.Footnotes() {
			got = append(got, n.Label)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("labels (-want +got):\n%s", diff)
		}
		if len(d.Problems()) != len(labels)-len(want) {
			t.Fatalf("got problems %v, want %d definitions without references", d.Problems(), len(labels)-len(want))
		}
		if got := strings.Count(d.For(markdown.Names{}).HTML(markdown.Whole), `class="footnote-ref"`); got != len(refs) {
			t.Fatalf("got %d references in the HTML, want %d", got, len(refs))
		}
	})
}

// Where a hidden entity is named with a text of its own, the HTML is the same
// as if the author had written just that text.
func TestHiddenEntityLeavesNoTrace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.StringMatching(`[a-z*_ \n]{0,20}`).Draw(t, "before")
		text := rapid.StringMatching(`[a-z]{1,5}( [a-z]{1,5})?`).Draw(t, "text")
		after := rapid.StringMatching(`[a-z*_ \n]{0,20}`).Draw(t, "after")
		linked := markdown.Parse("x " + before + " [[some-entity|" + text + "]] " + after + " x")
		plain := markdown.Parse("x " + before + " " + text + " " + after + " x")
		if diff := cmp.Diff(plain.For(markdown.Names{}).HTML(markdown.Whole), linked.For(nothing).HTML(markdown.Whole)); diff != "" {
			t.Fatalf("(-plain +hidden):\n%s", diff)
		}
		if diff := cmp.Diff(plain.For(markdown.Names{}).Text(markdown.Whole), linked.For(markdown.Names{}).Text(markdown.Whole)); diff != "" {
			t.Fatalf("(-plain +linked):\n%s", diff)
		}
	})
}
