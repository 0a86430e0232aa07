package markdown_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redthread-api/redthread/internal/markdown"
)

func TestProblems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		src  string
		want []string
	}{
		{"Empty", "", nil},
		{"Clean", "# A\n\nText [[a-b]] and [[a-b|c]].[^1]\n\n[^1]: Note [@src, p. 1].\n", nil},
		{"EveryPermittedElement", "<sup>a</sup> <sub>a</sub> a<br>b<br/> <em>a</em> <abbr title=\"b\">a</abbr> <mark>a</mark> <kbd>a</kbd> <!-- c -->\n\n<details open>\n<summary>a</summary>\n\nb\n\n</details>", nil},

		{"ReferenceWithoutDefinition", "a\n\nb [^x] c", []string{"3: footnote [^x] has no definition: add a line that starts with [^x]: and holds the note"}},
		{"ReferenceInCode", "`[^x]`\n\n    [^x]\n\n```\n[^x]\n```\n", nil},
		{"ReferenceEscaped", `\[^x]`, nil},
		{"ReferenceTwiceOnALine", "[^x] [^x]\n[^x]", []string{
			"1: footnote [^x] has no definition: add a line that starts with [^x]: and holds the note",
			"2: footnote [^x] has no definition: add a line that starts with [^x]: and holds the note",
		}},
		{"LabelsAreExact", "[^A]\n\n[^a]: b", []string{
			"1: footnote [^A] has no definition: add a line that starts with [^A]: and holds the note",
			"3: footnote [^a] is never referred to: put [^a] where it belongs, or remove it",
		}},
		{"DefinitionWithoutReference", "a\n\n[^x]: b", []string{"3: footnote [^x] is never referred to: put [^x] where it belongs, or remove it"}},
		{"DefinitionOnlyReferredToByItself", "a\n\n[^x]: b [^x]", []string{"3: footnote [^x] is never referred to: put [^x] where it belongs, or remove it"}},
		{"DefinitionTwice", "a [^x]\n\n[^x]: b\n[^x]: c", []string{"4: footnote [^x]: give this one another label, line 3 has the first definition"}},
		{"DefinitionEmpty", "a [^x]\n\n[^x]:\n", []string{"3: footnote [^x] has no text: write the note after the colon"}},
		{"DefinitionInsideANote", "a [^x] [^y]\n\n[^x]: b\n\n    [^y]: c", []string{
			"1: footnote [^y] has no definition: add a line that starts with [^y]: and holds the note",
			"5: the definition of footnote [^y] must start a line and stand outside other notes",
		}},
		{"LabelWithSpace", "a [^see this] b", []string{"1: a footnote label has no white space and at most 100 bytes: write it like [^name]"}},
		{"LabelTooLong", "[^" + strings.Repeat("a", 101) + "]", []string{"1: a footnote label has no white space and at most 100 bytes: write it like [^name]"}},
		{"ReferenceInALink", "[a[^x]](https://example.org)\n\n[^x]: b", []string{"1: footnote [^x] is referred to inside a link: put the reference after the link"}},
		{"ReferenceInAnImage", "![a[^x]](/a.png) [^x]\n\n[^x]: b", []string{"1: footnote [^x] is referred to in the description of an image: put the reference after the image"}},

		{"EntityForm", "a\n[[Not A Slug]]", []string{"2: entity link [[Not A Slug]] is not of the form [[slug]] or [[slug|text]], the slug in lower case with hyphens, like acme-holdings"}},
		{"EntityForms", "[[-a]] [[a-]] [[a--b]] [[a_b]] [[ä]] [[ a ]]", []string{
			"1: entity link [[-a]] is not of the form [[slug]] or [[slug|text]], the slug in lower case with hyphens, like acme-holdings",
			"1: entity link [[a-]] is not of the form [[slug]] or [[slug|text]], the slug in lower case with hyphens, like acme-holdings",
			"1: entity link [[a--b]] is not of the form [[slug]] or [[slug|text]], the slug in lower case with hyphens, like acme-holdings",
			"1: entity link [[a_b]] is not of the form [[slug]] or [[slug|text]], the slug in lower case with hyphens, like acme-holdings",
			"1: entity link [[ä]] is not of the form [[slug]] or [[slug|text]], the slug in lower case with hyphens, like acme-holdings",
			"1: entity link [[a]] is not of the form [[slug]] or [[slug|text]], the slug in lower case with hyphens, like acme-holdings",
		}},
		{"EntityOpen", "a [[acme] b", []string{`1: entity link [[acme is not closed: write [[slug]] or [[slug|text]] without other square brackets in it, or \[[ to show brackets`}},
		{"EntityCutByATable", "| a |\n|---|\n| [[acme|A]] |", []string{`3: entity link [[acme is cut by the table: write [[slug\|text]] in a table`}},
		{"EntityWithoutText", "[[acme|]]", []string{"1: entity link [[acme|]] has no text: write [[acme]] to show the entity's name"}},
		{"EntityInALink", "[a [[acme]]](https://example.org)", []string{"1: entity link [[acme]] is inside another link: put it outside"}},
		{"EntityInCode", "`[[Not A Slug]]`\n\n    [[Not A Slug]]\n", nil},
		{"LinkInBrackets", "[[1]](https://example.org) [[a](https://example.org) b] \\[[A]]", nil},

		{"CitationInTheBody", "a [@src] b", []string{"1: citation [@src] is outside a footnote: a citation belongs in a footnote"}},
		{"CitationTwice", "a[^1]\n\n[^1]: b [@one]\n    [@two]", []string{"4: citation [@two] is the second in this footnote: a footnote names one source, so give it a footnote of its own"}},
		{"CitationForm", "a[^1]\n\n[^1]: b [@One Two]", []string{"3: citation [@One Two] is not of the form [@slug] or [@slug, p. 12], the slug in lower case with hyphens"}},
		{"CitationWithoutLocator", "a[^1]\n\n[^1]: b [@one, ]", []string{"3: citation [@one,] is not of the form [@slug] or [@slug, p. 12], the slug in lower case with hyphens"}},
		{"LinkThatLooksLikeACitation", "[@desk](https://example.org)", nil},

		{"Script", "a\n\n<script>\nalert(1)\n</script>", []string{"3: HTML element <script> is not permitted: remove it"}},
		{"ScriptInline", "a <ScRipt>alert(1)</sCript>", []string{"1: HTML element <script> is not permitted: remove it"}},
		{"Dangerous", "<iframe src=x></iframe> <object> <embed> <form> <input> <button> <svg> <math> <style>", []string{
			"1: HTML element <iframe> is not permitted: remove it",
			"1: HTML element <object> is not permitted: remove it",
			"1: HTML element <embed> is not permitted: remove it",
			"1: HTML element <form> is not permitted: remove it",
			"1: HTML element <input> is not permitted: remove it",
			"1: HTML element <button> is not permitted: remove it",
			"1: HTML element <svg> is not permitted: remove it",
			"1: HTML element <math> is not permitted: remove it",
			"1: HTML element <style> is not permitted: remove it",
		}},
		{"Handler", "a\n<sup\nonclick=\"x\">b</sup>", []string{"2: HTML attribute onclick is not permitted: remove it"}},
		{"HandlerInABlock", "<details>\n<summary>a</summary>\n<p OnLoad=x>", []string{
			"3: HTML element <p> is not permitted: write it in Markdown",
			"3: HTML attribute onload is not permitted: remove it",
		}},
		{"MarkdownHasAForm", `a <a href="https://example.org">b</a> <img src="/a.png">`, []string{
			"1: HTML element <a> is not permitted: write it in Markdown",
			"1: HTML element <img> is not permitted: write it in Markdown",
		}},
		{"AddressInHTML", `a <q cite="java&#10;script:x">b</q>`, []string{"1: an address that starts with javascript: is not permitted: link to an http, https or mailto address"}},
		{"TagOpen", "<details>\n<div title=\"", []string{"2: an HTML tag is not closed: end it with >"}},
		{"Declaration", "a <?php ?>", []string{"1: HTML declarations are not permitted: remove <?"}},
		{"MarkdownInHTML", "<details>\nSee [[acme]]", []string{"1: text directly below an HTML tag is not read as Markdown: leave a blank line before it"}},

		{"Addresses", "[a](javascript:x)\n![a](data:image/png;base64,x)\n<vbscript:x>\n[a](  JaVa&#x09;Script:x )\n[a](&#106;avascript:x)\n[a](ftp://example.org)\n[a](http://)\n[b]\n\n[b]: javascript:x", []string{
			"1: an address that starts with javascript: is not permitted: link to an http, https or mailto address",
			"2: an address that starts with data: is not permitted: link to an http, https or mailto address",
			"3: an address that starts with vbscript: is not permitted: link to an http, https or mailto address",
			"4: an address that starts with javascript: is not permitted: link to an http, https or mailto address",
			"5: an address that starts with javascript: is not permitted: link to an http, https or mailto address",
			"6: an address that starts with ftp: cannot be linked: link to an http, https or mailto address",
			"7: http:// is not an address: write it like https://example.org/page",
			"10: an address that starts with javascript: is not permitted: link to an http, https or mailto address",
		}},
		{"AddressesThatAreFine", "[a](/b) [a](#b) [a](../b?c=d) [a](mailto:a@example.org) <https://example.org/ä> [a](<https://example.org/a b>)", nil},

		{"NUL", "a\nb\x00\x00c\n", []string{"2: the text has a NUL character: remove it"}},
		{"InvalidUTF8", "a\r\nb\r\xff", []string{"3: the text is not valid UTF-8: save it as UTF-8"}},
		{"Control", "a\tb\n\x07 \x7f\n\u0085", []string{"2: the text has a control character: remove it", "3: the text has a control character: remove it"}},
		{"DeepQuotes", "a\n\n" + strings.Repeat(">", 101) + " b", []string{"3: lists and quotes are nested more than 100 levels deep: use fewer levels"}},
		{"DeepLists", strings.Repeat("- ", 101) + "b", []string{"1: lists and quotes are nested more than 100 levels deep: use fewer levels"}},
		{"DeepEnough", strings.Repeat(">", 50) + strings.Repeat("- ", 50) + "b", nil},
		{"TooLong", strings.Repeat("a", markdown.MaxBytes+1), []string{"1: the text is longer than 1048576 bytes: split it into several documents"}},
		{"TooIntricate", "a\n\n" + strings.Repeat("*a_ ", 100_000), []string{"3: the text is too intricate to read from here on: use shorter paragraphs and tables, and fewer brackets and marks in each"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := markdown.Parse(tt.src)
			if diff := cmp.Diff(tt.want, messages(d.Problems())); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			checkSafe(t, d.For(everything).HTML(markdown.Whole))
		})
	}
}

func TestProblemsAreCountedBeyondTheLimit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		problems int
		last     string
	}{
		{50, "entity link [[A]] is not of the form"},
		{51, "and one more problem"},
		{60, "and 10 more problems"},
	} {
		got := markdown.Parse(strings.Repeat("[[A]]\n\n", tt.problems)).Problems()
		if want := min(tt.problems, markdown.MaxProblems+1); len(got) != want {
			t.Fatalf("%d problems: got %d listed, want %d", tt.problems, len(got), want)
		}
		if last := got[len(got)-1]; !strings.HasPrefix(last.Message, tt.last) || last.Line != 2*len(got)-1 {
			t.Errorf("%d problems: got last %v, want %q", tt.problems, last, tt.last)
		}
	}
}
