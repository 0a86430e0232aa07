package markdown_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redthread-api/redthread/internal/markdown"
)

func TestHTML(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		src  string
		want string
	}{
		{"EntityByName", "[[acme]]", `<p><a href="/entities/acme" class="entity">The acme</a></p>`},
		{"EntityByText", "[[acme|A &amp; *B*\nC]]", `<p><a href="/entities/acme" class="entity">A &amp; *B* C</a></p>`},
		{"EntityInEmphasis", "**[[acme]]**", `<p><strong><a href="/entities/acme" class="entity">The acme</a></strong></p>`},
		{"EntityInALink", "[[[acme]]](/b)", `<p><a href="/b">The acme</a></p>`},
		{"EntityAmongBrackets", "[see [[acme]]]", `<p>[see <a href="/entities/acme" class="entity">The acme</a>]</p>`},
		{"EntityInTheTextOfALink", "[a [[acme]]](/b)", `<p><a href="/b">a The acme</a></p>`},
		{"EntityInAnImage", "![a [[acme]], [[b|c]]](/b.png)", `<p><img src="/b.png" alt="a The acme, c"></p>`},
		{"EntityMalformed", "[[No]] [[acme", `<p>[[No]] [[acme</p>`},
		{"EntityBeforeParenthesis", "[[acme]](/b)", `<p><a href="/b">[acme]</a></p>`},
		{"Escaped", `\[[acme]] \[^a]`, `<p>[[acme]] [^a]</p>`},
		{"Code", "`[[acme]] [^a] [@b]`", `<p><code>[[acme]] [^a] [@b]</code></p>`},
		{"NoteUndefined", "a[^b]", `<p>a[^b]</p>`},
		{"Note", "a[^b]\n\n[^b]: c", `<p>a<sup id="fnref-1"><a href="#fn-1" class="footnote-ref" role="doc-noteref">1</a></sup></p>
<section class="footnotes" role="doc-endnotes">
<ol>
<li id="fn-1">c <a href="#fnref-1" class="footnote-backref" role="doc-backlink">↩</a></li>
</ol>
</section>`},
		{"NoteAfterAnExclamationMark", "a![^b]\n\n[^b]: c", `<p>a!<sup id="fnref-1"><a href="#fn-1" class="footnote-ref" role="doc-noteref">1</a></sup></p>
<section class="footnotes" role="doc-endnotes">
<ol>
<li id="fn-1">c <a href="#fnref-1" class="footnote-backref" role="doc-backlink">↩</a></li>
</ol>
</section>`},
		{"NoteInALink", "[a[^b]](/c)\n\n[^b]: d", `<p><a href="/c">a<sup id="fnref-1">1</sup></a></p>
<section class="footnotes" role="doc-endnotes">
<ol>
<li id="fn-1">d <a href="#fnref-1" class="footnote-backref" role="doc-backlink">↩</a></li>
</ol>
</section>`},
		{"Citation", "a[^b]\n\n[^b]: Annual report [@src, p. 3]. Read\n    [@other]", `<p>a<sup id="fnref-1"><a href="#fn-1" class="footnote-ref" role="doc-noteref">1</a></sup></p>
<section class="footnotes" role="doc-endnotes">
<ol>
<li id="fn-1">Annual report <cite><a href="https://example.org/sources/src" class="source" rel="nofollow noopener">Source src</a></cite>, p. 3. Read <a href="#fnref-1" class="footnote-backref" role="doc-backlink">↩</a></li>
</ol>
</section>`},
		{"LinkOutside", "[a](https://example.org/?q=a&b \"c\")", `<p><a href="https://example.org/?q=a&amp;b" title="c" rel="nofollow noopener">a</a></p>`},
		{"LinkToAHost", "[a](//example.org/b)", `<p><a href="//example.org/b" rel="nofollow noopener">a</a></p>`},
		{"LinkInside", "[a](/b#c)", `<p><a href="/b#c">a</a></p>`},
		{"LinkRefused", "[a](javascript:alert(1)) <data:x> ![b](data:x)", `<p>a data:x b</p>`},
		{"AddressBare", "see https://example.org/a_(b).", `<p>see <a href="https://example.org/a_(b)" rel="nofollow noopener">https://example.org/a_(b)</a>.</p>`},
		{"RawUnpaired", "a </p></section> <sup>b <em>c</sup> d", `<p>a  <sup>b c</sup> d</p>`},
		{"RawAcrossEmphasis", "*a <sup>b* c</sup>", `<p><em>a b</em> c</p>`},
		{"RawAttributes", `<span lang="ja" class="x" id="y" style="z" onclick="w">a</span> <sup id="fn-1">b</sup>`, `<p><span lang="ja">a</span> <sup>b</sup></p>`},
		{"RawHidden", "<div>\na <script>b</script> <svg><g>c</g></svg> d", "\na   d"},
		{"RawTagLeftOpen", "<details title=\"\n\n[[acme]] \" onclick=\"x\">\n", "\n<p><a href=\"/entities/acme\" class=\"entity\">The acme</a> &#34; onclick=&#34;x&#34;&gt;</p>"},
		{"RawCommentLeftOpen", "<details> <!-- a\n\n[[acme]]", " \n<p><a href=\"/entities/acme\" class=\"entity\">The acme</a></p>"},
		{"Comment", "a <!-- b --> c", "<p>a  c</p>"},
		{"MarkOfTheRenderer", "\uFDD00\uFDD1 &#xFDD0;0&#xFDD1; [[acme]] <abbr title=\"&#xFDD0;0&#xFDD1;\">x</abbr>", `<p>` + "\uFFFD0\uFFFD" + ` 0 <a href="/entities/acme" class="entity">The acme</a> <abbr title="0">x</abbr></p>`},
		{"CJKLineEnd", "漢字\n。文 a\nb", "<p>漢字。文 a\nb</p>"},
		{"Refused", strings.Repeat("*a_ ", 100_000), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := markdown.Parse(tt.src).For(everything).HTML(markdown.Whole)
			if diff := cmp.Diff(tt.want, strings.TrimSuffix(got, "\n")); diff != "" {
				t.Errorf("HTML (-want +got):\n%s", diff)
			}
			checkSafe(t, got)
		})
	}
}

func TestHiddenEntities(t *testing.T) {
	t.Parallel()
	d := markdown.Parse("[[acme-holdings]] and [[acme-holdings|its parent]][^a]\n\n[^a]: [[acme-holdings]]")
	want := `<p>acme holdings and its parent<sup id="fnref-1"><a href="#fn-1" class="footnote-ref" role="doc-noteref">1</a></sup></p>
<section class="footnotes" role="doc-endnotes">
<ol>
<li id="fn-1">acme holdings <a href="#fnref-1" class="footnote-backref" role="doc-backlink">↩</a></li>
</ol>
</section>
`
	secret := func(string) (href, name string, ok bool) { return "/entities/secret", "Secret", false }
	for name, link := range map[string]markdown.Names{"nil": {}, "nothing": nothing, "secret": entities(secret)} {
		if diff := cmp.Diff(want, d.For(link).HTML(markdown.Whole)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestLinkAnswersAreNotTrusted(t *testing.T) {
	t.Parallel()
	d := markdown.Parse("[[acme]]")
	for _, tt := range []struct{ name, href, shown, want string }{
		{"Plain", "https://example.org/a?b=c&d", "A", `<p><a href="https://example.org/a?b=c&amp;d" class="entity">A</a></p>`},
		{"Script", "javascript:alert(1)", "A", `<p>A</p>`},
		{"NoAddress", "", "A", `<p>A</p>`},
		{"NoName", "/a", " ", `<p><a href="/a" class="entity">acme</a></p>`},
		{"Quotes", `/a" onclick="x`, `<b>"&`, `<p><a href="/a%22%20onclick=%22x" class="entity">&lt;b&gt;&#34;&amp;</a></p>`},
		{"Marks", "/a", "\uFDD00\uFDD1\x00b\xff", `<p><a href="/a" class="entity">0b` + "\uFFFD" + `</a></p>`},
	} {
		got := d.For(entities(func(string) (string, string, bool) { return tt.href, tt.shown, true })).HTML(markdown.Whole)
		if diff := cmp.Diff(tt.want+"\n", got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		checkSafe(t, got)
	}
}

func TestLinkIsAskedOncePerEntity(t *testing.T) {
	t.Parallel()
	asked := map[string]int{}
	markdown.Parse("[[a]] [[a|b]] [[c]]\n\n# [[a]]").For(entities(func(slug string) (string, string, bool) {
		asked[slug]++
		return "/" + slug, slug, true
	})).HTML(markdown.Whole)
	if diff := cmp.Diff(map[string]int{"a": 1, "c": 1}, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestFootnotes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		src  string
		want []markdown.Footnote
	}{
		{"None", "a", nil},
		{"InTheOrderOfTheText", "[^b] [^a] [^b]\n\n[^a]: A\n[^b]: B\n", []markdown.Footnote{
			{Number: 1, Label: "b", Anchor: "fn-1", Markdown: "B", Text: "B", Line: 4},
			{Number: 2, Label: "a", Anchor: "fn-2", Markdown: "A", Text: "A", Line: 3},
		}},
		{"DefinitionFirst", "[^a]: A [^c]\n\n[^b]: B\n\n[^c]: C\n\nx [^b] [^a]", []markdown.Footnote{
			{Number: 1, Label: "b", Anchor: "fn-1", Markdown: "B", Text: "B", Line: 3},
			{Number: 2, Label: "a", Anchor: "fn-2", Markdown: "A [^c]", Text: "A", Line: 1},
			{Number: 3, Label: "c", Anchor: "fn-3", Markdown: "C", Text: "C", Line: 5},
		}},
		{"ReadingOrderAcrossBlocks", "> - x [^b]\n\n| [^c] |\n|---|\n| [^a] |\n\n[^a]: A\n\n[^b]: B\n\n[^c]: C", []markdown.Footnote{
			{Number: 1, Label: "b", Anchor: "fn-1", Markdown: "B", Text: "B", Line: 9},
			{Number: 2, Label: "c", Anchor: "fn-2", Markdown: "C", Text: "C", Line: 11},
			{Number: 3, Label: "a", Anchor: "fn-3", Markdown: "A", Text: "A", Line: 7},
		}},
		{"CitationAtAnEnd", "x[^1]\n\n[^1]: Report,  2020. [@the-source, pp. 1–2]\n", []markdown.Footnote{
			{Number: 1, Label: "1", Anchor: "fn-1", Markdown: "Report,  2020. [@the-source, pp. 1–2]", Text: "Report, 2020.", Source: "the-source", Locator: "pp. 1–2", Line: 3},
		}},
		{"CitationAtTheStart", "x[^1]\n\n[^1]: [@the-source]: see there", []markdown.Footnote{
			{Number: 1, Label: "1", Anchor: "fn-1", Markdown: "[@the-source]: see there", Text: ": see there", Source: "the-source", Line: 3},
		}},
		{"CitationInside", "x[^1]\n\n[^1]: See [@src,\n    note 3], and more", []markdown.Footnote{
			{Number: 1, Label: "1", Anchor: "fn-1", Markdown: "See [@src,\nnote 3], and more", Text: "See, and more", Source: "src", Locator: "note 3", Line: 3},
		}},
		{"CitationOnly", "x[^1]\n\n[^1]: [@src]", []markdown.Footnote{
			{Number: 1, Label: "1", Anchor: "fn-1", Markdown: "[@src]", Source: "src", Line: 3},
		}},
		{"TheFirstCitationCounts", "x[^1]\n\n[^1]: [@one, 1] [@two, 2]", []markdown.Footnote{
			{Number: 1, Label: "1", Anchor: "fn-1", Markdown: "[@one, 1] [@two, 2]", Source: "one", Locator: "1", Line: 3},
		}},
		{"Blocks", "x[^1]\n\n[^1]: First\nlazy [[acme-co]]\n\n    - *Second*\n    - `third`\n\n        code\n\n    [[acme-co|Acme]]<br>end\n\nafter", []markdown.Footnote{
			{Number: 1, Label: "1", Anchor: "fn-1", Markdown: "First\nlazy [[acme-co]]\n\n- *Second*\n- `third`\n\n    code\n\n[[acme-co|Acme]]<br>end", Text: "First lazy acme co Second third code Acme end", Line: 3},
		}},
		{"URLs", "x[^1]\n\n[^1]: https://example.org/a, [b](http://example.org/b?c&amp;d), <https://example.org/e>, [f](/f), <g@example.org>, www.example.org ![h](https://example.org/h.png)", []markdown.Footnote{
			{
				Number: 1, Label: "1", Anchor: "fn-1", Line: 3,
				Markdown: "https://example.org/a, [b](http://example.org/b?c&amp;d), <https://example.org/e>, [f](/f), <g@example.org>, www.example.org ![h](https://example.org/h.png)",
				Text:     "https://example.org/a, b, https://example.org/e, f, g@example.org, www.example.org h",
				URLs:     []string{"https://example.org/a", "http://example.org/b?c&d", "https://example.org/e", "http://www.example.org"},
			},
		}},
		{"LabelsOfAnyScript", "x[^注1]\n\n[^注1]: あ\nい", []markdown.Footnote{
			{Number: 1, Label: "注1", Anchor: "fn-1", Markdown: "あ\nい", Text: "あい", Line: 3},
		}},
		{"CRLF", "x[^1]\r\n\r\n[^1]: a\r\n    b\r\n", []markdown.Footnote{
			{Number: 1, Label: "1", Anchor: "fn-1", Markdown: "a\nb", Text: "a b", Line: 3},
		}},
		{"InAList", "- x[^1]\n\n  [^1]: a\n\n- y", []markdown.Footnote{
			{Number: 1, Label: "1", Anchor: "fn-1", Markdown: "a", Text: "a", Line: 3},
		}},
		{"TheFirstDefinitionCounts", "x[^1]\n\n[^1]: a\n[^1]: b", []markdown.Footnote{
			{Number: 1, Label: "1", Anchor: "fn-1", Markdown: "a", Text: "a", Line: 3},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := markdown.Parse(tt.src)
			if diff := cmp.Diff(tt.want, d.Footnotes()); diff != "" {
				t.Errorf("footnotes (-want +got):\n%s", diff)
			}
			checkSafe(t, d.For(everything).HTML(markdown.Whole))
		})
	}
}

func TestMentions(t *testing.T) {
	t.Parallel()
	d := markdown.Parse("[^n]: [[in-a-note]] [[b]]\n\n[[a]] [[b|x]]\n\n- [[c]] `[[no]]` [x [[in-a-link]]](/y)[^n] [[a]]\n\n[^unused]: [[d]]\n[^n]: [[e]]")
	want := []markdown.Mention{{"in-a-note", 1}, {"b", 1}, {"a", 3}, {"c", 5}, {"in-a-link", 5}, {"d", 7}, {"e", 8}}
	if diff := cmp.Diff(want, d.Mentions()); diff != "" {
		t.Errorf("mentions (-want +got):\n%s", diff)
	}
}

func TestOutline(t *testing.T) {
	t.Parallel()
	d := markdown.Parse(`# One *two* [[acme-co]][^n] &amp; [[x|Y]]
## One
## One
### one-2
Über_uns
===
#
# 中国 の 企業
# fn-1
# fnref-2-3
# fn
# fn
# ` + strings.Repeat("long ", 60) + `
> # Quoted
[^n]: # In a note
`)
	want := []markdown.Heading{
		{1, "One two acme co & Y", "one-two-acme-co-y"},
		{2, "One", "one"},
		{2, "One", "one-2"},
		{3, "one-2", "one-2-2"},
		{1, "Über_uns", "über-uns"},
		{1, "", "section"},
		{1, "中国 の 企業", "中国-の-企業"},
		{1, "fn-1", "section-fn-1"},
		{1, "fnref-2-3", "section-fnref-2-3"},
		{1, "fn", "section-fn"},
		{1, "fn", "section-fn-2"},
		{1, strings.TrimSpace(strings.Repeat("long ", 60)), strings.TrimSuffix(strings.Repeat("long-", 20), "-")},
	}
	if diff := cmp.Diff(want, d.For(markdown.Names{}).Outline()); diff != "" {
		t.Errorf("outline (-want +got):\n%s", diff)
	}
	out := d.For(markdown.Names{}).HTML(markdown.Whole)
	checkSafe(t, out)
	for _, h := range want {
		if !strings.Contains(out, ` id="`+h.Anchor+`"`) {
			t.Errorf("id %q is not in the HTML", h.Anchor)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, src, want string }{
		{"Empty", " \n", ""},
		{"Paragraphs", "# A\n\nb\nc  \nd\n\n> e\n\n---\n\nf<br>g", "A\n\nb c d\n\ne\n\nf g"},
		{"TightList", "a\n\n- b\n- c\n  1. d\n- e\n\nf", "a\n\nb\nc\nd\ne\n\nf"},
		{"LooseList", "- b\n\n- c", "b\n\nc"},
		{"Table", "|a|b|\n|-|-|\n|c|[[d-e\\|f]]|\n", "a | b\nc | f"},
		{"Code", "`a  b`\n\n```\nc\n  d\n```\n", "a b\n\nc\n  d"},
		{"Notes", "a[^x][^y] b[^x].\n\n[^y]: c [@src]\n[^x]: d\n\n    e[^y]", "a[1][2] b[1].\n\n[1] d e\n\n[2] c"},
		{"NoteUndefined", "a[^x]", "a[^x]"},
		{"Characters", `&lt;b&gt; \*c\* &copy; &copy &#x41; &#0; \&amp;`, "<b> *c* © &copy A \uFFFD &amp;"},
		{"CJK", "漢字\nかな\nword\nカナ。\n次", "漢字かな word カナ。次"},
		{"HTML", "<details>\n<summary>a</summary>\n\nb\n\n</details>", "a\n\nb"},
		{"Comment", "a <!-- b -->", "a"},
		{"Links", "[a](/b) ![c](/d) <https://example.org> ~~e~~", "a c https://example.org e"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, markdown.Parse(tt.src).For(markdown.Names{}).Text(markdown.Whole)); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWordCount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		src     string
		words   int
		minutes int
	}{
		{"", 0, 0},
		{"\n\n<!-- a -->", 0, 0},
		{"---", 0, 0},
		{"…", 0, 1},
		{"one two", 2, 1},
		{"don't won’t O'Neil", 3, 1},
		{"3.14 1,000 2024-05-01", 5, 1},
		{"well-known and/or e.g. U.S.", 6, 1},
		{"*bold*ly **a**b", 2, 1},
		{"中国 の企業", 5, 1},
		{"日本語word日本", 6, 1},
		{"データ、コピー。", 6, 1},
		{"한국어 단어", 2, 1},
		{"a[^x] b\n\n[^x]: c d [@src, p. 12]", 4, 1},
		{"[[acme-holdings]] [[a|b c]]", 4, 1},
		{strings.Repeat("word ", 238), 238, 1},
		{strings.Repeat("word ", 239), 239, 2},
		{strings.Repeat("字", 500), 500, 1},
		{strings.Repeat("字", 501), 501, 2},
		{strings.Repeat("字", 250) + strings.Repeat(" word", 119), 369, 1},
		{strings.Repeat("字", 250) + strings.Repeat(" word", 120), 370, 2},
	} {
		d := markdown.Parse(tt.src)
		if d.WordCount() != tt.words || d.ReadingMinutes() != tt.minutes {
			t.Errorf("%.40q: got %d words, %d minutes, want %d, %d", tt.src, d.WordCount(), d.ReadingMinutes(), tt.words, tt.minutes)
		}
	}
}

// What a person writes is far from the limits that stop hostile texts.
func TestLongestReportIsRead(t *testing.T) {
	t.Parallel()
	section := "## Section\n\n" + strings.Repeat("A sentence with *emphasis*, `code`, a [link](https://example.org/a_b), [[an-entity|an entity]] and H<sub>2</sub>O. ", 40) +
		"\n\n" + strings.Repeat("- an item with **bold** text and [[an-entity]]\n", 20) + "\n"
	table := "|a|b|c|d|e|f|\n|-|-|-|-|-|-|\n" + strings.Repeat("|1|[[an-entity]]|*x*|`y`|[z](/z)|long text here|\n", 2000) + "\n"
	src := table + strings.Repeat(section, (markdown.MaxBytes-len(table))/len(section))
	d := markdown.Parse(src)
	if p := d.Problems(); len(p) > 0 {
		t.Errorf("got problems %v", p)
	}
	if d.WordCount() < 50_000 {
		t.Errorf("got %d words", d.WordCount())
	}
}

func TestDocumentIsSharedByGoroutines(t *testing.T) {
	t.Parallel()
	src := bodyFile(t)
	d := markdown.Parse(src)
	want := markdown.Parse(src).For(everything).HTML(markdown.Whole)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if got := d.For(everything).HTML(markdown.Whole); got != want {
					t.Error("the HTML differs between calls")
				}
				d.For(nothing).HTML(markdown.Whole)
				notes := d.Footnotes()
				notes[0].URLs[0] = "changed by the caller"
				d.Mentions()[0].Slug = "changed by the caller"
				_, _, _, _ = d.For(markdown.Names{}).Text(markdown.Whole), d.For(markdown.Names{}).Outline(), d.Problems(), d.WordCount()
				markdown.Parse(src)
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff(markdown.Parse(src).Footnotes(), d.Footnotes()); diff != "" {
		t.Errorf("a caller changed the document:\n%s", diff)
	}
}

func BenchmarkParseAndHTML(b *testing.B) {
	src := benchmarkBody(b)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		markdown.Parse(src).For(everything).HTML(markdown.Whole)
	}
}

func BenchmarkParse(b *testing.B) {
	src := benchmarkBody(b)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		markdown.Parse(src)
	}
}

func BenchmarkHTML(b *testing.B) {
	d := markdown.Parse(benchmarkBody(b))
	d.For(everything).HTML(markdown.Whole)
	b.ReportAllocs()
	for b.Loop() {
		d.For(everything).HTML(markdown.Whole)
	}
}

// benchmarkBody is a body of 20 KB. The notes keep their labels apart.
func benchmarkBody(tb testing.TB) string {
	report := bodyFile(tb)
	var b strings.Builder
	for i := 0; b.Len() < 20_000; i++ {
		part := strings.ReplaceAll(report, "[^", "[^n"+itoa(i)+"-")
		b.WriteString(part[:min(len(part), 20_000-b.Len())] + "\n")
	}
	return b.String()
}
