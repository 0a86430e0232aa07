package markdown_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/markdown"
)

// fillUp repeats unit up to hostileBytes.
func fillUp(before, unit, after string) string {
	n := (hostileBytes - len(before) - len(after)) / len(unit)
	return before + strings.Repeat(unit, n) + after
}

func half(unit, closer string) string {
	n := hostileBytes / (len(unit) + len(closer))
	return strings.Repeat(unit, n) + strings.Repeat(closer, n)
}

var nested = strings.Repeat("- ", 100) + "a\n"

// hostile returns texts of hostileBytes, each made to send a part of a parser to the
// end of the text, or up and down a deep tree, again and again.
func hostile() map[string]string {
	return map[string]string{
		"OpenBrackets":             fillUp("", "[", ""),
		"OpenImages":               fillUp("", "![", ""),
		"BracketPairs":             half("[", "]"),
		"Shortcuts":                fillUp("", "[a]", ""),
		"ShortcutLines":            fillUp("", "[a]\n", ""),
		"ShortcutsWithDefinition":  fillUp("[a]: /b\n\n", "[a]", ""),
		"OpenNotes":                fillUp("", "[^", ""),
		"OpenNoteLabels":           fillUp("", "[^a", ""),
		"References":               fillUp("", "[^a]", ""),
		"ReferencesToOneNote":      fillUp("[^a]: b\n\n", "[^a]", ""),
		"Definitions":              fillUp("", "[^a]: b\n", ""),
		"DefinitionsInDefinitions": fillUp("", "[^a]: [^a]\n", ""),
		"OpenEntities":             fillUp("", "[[a", ""),
		"OpenEntityLines":          fillUp("", "[[a\n", ""),
		"Entities":                 fillUp("", "[[a]]", ""),
		"OpenCitations":            fillUp("", "[@a", ""),
		"OpenTargets":              fillUp("", "[a](b", ""),
		"OpenAngleTargets":         fillUp("", "[a](<b", ""),
		"OpenTitles":               fillUp("", `[a](b "`, ""),
		"OpenTargetsNested":        fillUp("", "[a](b(", ""),
		"LinksWithMarks":           fillUp("", "[*a*](b) ", ""),
		"ImagesInBrackets":         strings.Repeat("[", 400) + fillUp("![", "*a*", "](b)")[:hostileBytes-1000] + "](b)" + strings.Repeat("]", 400),
		"MarksOpen":                fillUp("", "*a ", ""),
		"MarksClose":               fillUp("", "a* ", ""),
		"MarksMixed":               fillUp("", "*a_ ", ""),
		"MarksNested":              half("*a ", " a*"),
		"MarksRun":                 fillUp("", "*", "a"+strings.Repeat("*", 1000)),
		"MarksRuns":                half("**a *a ", "b* b** "),
		"Strikes":                  fillUp("", "~a ", ""),
		"Backticks":                backticks(),
		"BackticksOpen":            fillUp("", "`` a ` ", ""),
		"AngleOpen":                fillUp("", "<", ""),
		"TagsOpen":                 fillUp("", "<a ", ""),
		"TagsAttributes":           fillUp("<sup ", "a ", ""),
		"TagsQuotes":               fillUp("", `<sup a="`, ""),
		"TagsNested":               fillUp("x ", "<sup>", ""),
		"TagsNestedClosed":         "x " + half("<sup>", "</sup>")[:hostileBytes-10],
		"TagsBlocks":               fillUp("", "<details>\n\n", ""),
		"TagsHidden":               fillUp("<div>\n", "<svg>", ""),
		"Comments":                 fillUp("x ", "<!--", ""),
		"Instructions":             fillUp("x ", "<?", ""),
		"Declarations":             fillUp("x ", "<!A", ""),
		"AutoLinks":                fillUp("", "<a:b", ""),
		"EmailRuns":                fillUp("", "a_", ""),
		"EmailSpaces":              fillUp("", "a@b.c_", ""),
		"Addresses":                fillUp("", "http://a.bc ", ""),
		"AddressesStuck":           fillUp("", "(http://a.b", ""),
		"AddressSchemes":           fillUp("", "https://", ""),
		"AddressHosts":             fillUp("", "https://a.b", ""),
		"AddressHostsOpen":         fillUp("", "https://"+strings.Repeat("a", 250)+" ", ""),
		"AddressHostsOfIdeographs": fillUp("", "https://"+strings.Repeat("国", 60)+"."+strings.Repeat("国", 20)+" ", ""),
		"AddressHostsThatAreNone":  fillUp("", "https://a.\u200d国 ", ""),
		"AddressParentheses":       fillUp("https://a.bc/", "()", strings.Repeat(")", 1000)),
		"AddressReferences":        fillUp("https://a.bc/", "&a;", ""),
		"AddressReferencesOpen":    fillUp("https://a.bc/&a", ";", ""),
		"AddressEnds":              fillUp("https://a.bc/", "。", ""),
		"AddressEndsOfDots":        fillUp("https://a.bc/", "・", ""),
		"AddressesEastAsian":       fillUp("", "见https://例.jp/国。", ""),
		"HostsThatAreNone":         fillUp("", "(http://-ä.com/", ""),
		"HostsWithHyphens":         fillUp("", "(http://ä--.ä/", ""),
		"WwwHostsThatAreNone":      fillUp("", "(www.-ä.com/", ""),
		"WwwHostsAfterIdeographs":  fillUp("", "参www.-ä.com/", ""),
		"Www":                      fillUp("", "www.", ""),
		"WwwHosts":                 fillUp("", "参www.a.bc/国、", ""),
		"Colons":                   fillUp("", ":", ""),
		"Dots":                     fillUp("", ".", ""),
		"MarksEastAsian":           fillUp("", "**「甲」**乙", ""),
		"MarksEastAsianOpen":       fillUp("", "甲**「", ""),
		"MarksEastAsianClose":      fillUp("", "」**甲", ""),
		"MarksEastAsianNested":     half("甲**「", "」**甲"),
		"MarksVariations":          fillUp("", "。\uFE01*", ""),
		"MarksSelectors":           fillUp("*", "\U000E0100", "*"),
		"StrikesEastAsian":         fillUp("", "~~。~~后", ""),
		"StrikesEastAsianOpen":     fillUp("", "后~~。", ""),
		"Tasks":                    fillUp("", "- [ ] a\n", ""),
		"TasksNested":              fillUp("", "- - - - [x] a\n", ""),
		"ImagesNested":             strings.Repeat("![", 90) + fillUp("", "[[a]] *b* ", "")[:hostileBytes-1000] + strings.Repeat("](c)", 90),
		"ImagesOfEntities":         fillUp("", "![[[a]]](b)", ""),
		"Citations":                fillUp("a[^a]\n\n[^a]: ", "[@a] ", ""),
		"NotesThatCite":            cites(),
		"Ampersands":               fillUp("", "&", ""),
		"Backslashes":              fillUp("", `\`, ""),
		"Quotes":                   fillUp("", ">", ""),
		"QuoteLines":               fillUp("", strings.Repeat(">", 200)+"a\n", ""),
		"QuoteStairs":              stairs(">"),
		"ListStairs":               stairs("  "),
		"Lists":                    fillUp("", "- ", ""),
		"ListLines":                fillUp("", "- a\n", ""),
		"ListBlank":                fillUp(nested, "\n", ""),
		"ListLoose":                fillUp(nested, "\n\n- a\n", ""),
		"ListDeepLines":            fillUp(nested, strings.Repeat(" ", 200)+"a\n", ""),
		"ListTabs":                 fillUp(nested, "\t\ta\n", ""),
		"NoteBlank":                fillUp("[^a]: b\n", "\n", ""),
		"Blank":                    fillUp("a\n", "\n", "b"),
		"Spaces":                   fillUp("a", " ", "b"),
		"Lines":                    fillUp("", "a\n", ""),
		"HeadingsAlike":            fillUp("", "# a\n", ""),
		"HeadingsCounted":          fillUp("", "# a\n# a-2\n", ""),
		"SetextLines":              fillUp("", "a\n-\n", ""),
		"Fences":                   fillUp("", "```\n", ""),
		"FencesOpen":               fillUp("", "~~~a\n\n", ""),
		"TableWide":                "|" + strings.Repeat("a|", 100_000) + "\n|" + strings.Repeat("-|", 100_000) + "\n" + strings.Repeat("a\n", 100_000),
		"TableLong":                fillUp("|a|b|\n|-|-|\n", "|a|b|\n", ""),
		"TableShortRows":           "|" + strings.Repeat("a|", 900) + "\n|" + strings.Repeat("-|", 900) + "\n" + strings.Repeat("a\n", 400_000),
		"TablePipes":               fillUp("|a|b|\n|-|-|\n", "|`\\|`|\n", ""),
		"TableDelimiters":          fillUp("", "|-|\n", ""),
		"LinkDefinitions":          fillUp("", "[a]: b\n", ""),
		"LinkDefinitionTitles":     fillUp("", "[a]: b '\n", ""),
		"Control":                  fillUp("", "\x01\n", ""),
		"Invalid":                  fillUp("", "\xff", ""),
		"ManyProblems":             fillUp("", "[[A]]\n\n", ""),
		"Han":                      fillUp("", "漢\n", ""),
		"ReferencesChain":          chain(),
	}
}

func backticks() string {
	var b strings.Builder
	for n := 1; b.Len() < hostileBytes-3000; n++ {
		b.WriteString(strings.Repeat("`", n) + " ")
	}
	return b.String()
}

func stairs(step string) string {
	var b strings.Builder
	for n := 0; ; n = (n + 1) % 150 {
		line := strings.Repeat(step, n) + "- a\n"
		if b.Len()+len(line) > hostileBytes {
			return b.String()
		}
		b.WriteString(line)
	}
}

func chain() string {
	var b strings.Builder
	b.WriteString("[^0]\n\n")
	for n := 0; b.Len() < hostileBytes-100; n++ {
		b.WriteString("[^" + itoa(n) + "]: [^" + itoa(n+1) + "]\n")
	}
	return b.String()
}

func cites() string {
	var b strings.Builder
	for n := 0; b.Len() < hostileBytes-100; n++ {
		b.WriteString("x[^" + itoa(n) + "]\n\n[^" + itoa(n) + "]: a [@a-" + itoa(n) + ", p. 1], b\n\n")
	}
	return b.String()
}

// A hostile text takes a second or two at most; without the limits many of
// these take minutes, or all memory. The bound allows for a slow machine.
func TestHostileTextsAreReadInBoundedTime(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads a hundred long texts")
	}
	const bound = 15 * time.Second
	for name, src := range hostile() {
		// One after another: each may take half a gigabyte.
		t.Run(name, func(t *testing.T) {
			if len(src) > markdown.MaxBytes {
				t.Fatalf("the text has %d bytes and would not be read", len(src))
			}
			start := time.Now()
			d := markdown.Parse(src)
			parsed := time.Since(start)
			r := d.For(everything)
			out := r.HTML(markdown.Whole)
			r.Text(markdown.Whole)
			r.Outline()
			d.WithoutNotes()
			if took := time.Since(start); took > bound {
				t.Errorf("took %v, want less than %v", took, bound)
			}
			t.Logf("parse %v, in all %v, %d bytes of HTML, problems %v", parsed.Round(time.Millisecond), time.Since(start).Round(time.Millisecond), len(out), first(d))
			if len(d.Problems()) > markdown.MaxProblems+1 {
				t.Errorf("got %d problems, want at most %d", len(d.Problems()), markdown.MaxProblems+1)
			}
			if len(out) > 40*markdown.MaxBytes {
				t.Errorf("got %d bytes of HTML from %d", len(out), len(src))
			}
		})
	}
}

func first(d *markdown.Document) string {
	if p := d.Problems(); len(p) > 0 {
		return p[0].Message
	}
	return "none"
}
