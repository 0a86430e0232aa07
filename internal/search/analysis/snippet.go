package analysis

import (
	"html"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// A Snippet is a fragment of a text, with what was found in it.
type Snippet struct {
	// Text is the fragment, with an ellipsis where the original goes on.
	Text string
	// Spans are the places of the words and phrases in Text.
	Spans []Span
}

// Snippets returns at most limit fragments of a text, in its order, each about size
// columns wide; an ideograph has two columns. The fragments with most of the words
// and phrases come first in the choice, then the earliest. They are cut between
// words, or between characters where a script has no spaces. A text in which
// nothing is found has one fragment, its beginning.
func (m *Matcher) Snippets(text, language string, size, limit int) []Snippet {
	if limit <= 0 || size <= 0 || strings.TrimSpace(text) == "" {
		return nil
	}
	tokens := Analyze(nil, text, language)
	c := cutter{text: text, tokens: tokens, size: size}
	finds := m.find(text, tokens)
	if len(finds) == 0 {
		return []Snippet{c.snippet(Span{0, c.end(0)}, nil)}
	}
	candidates := make([]Span, min(len(finds), maxCandidates))
	for i := range candidates {
		candidates[i] = c.window(finds[i].Span)
	}
	var windows []Span
	seen := make(map[int]bool)
	for len(windows) < limit {
		best, bestNew, bestAll := Span{}, 0, 0
		for i, window := range candidates {
			if overlaps(windows, window) {
				continue
			}
			fresh, all := count(finds[i:], window.End, seen)
			if fresh > bestNew || fresh == bestNew && all > bestAll {
				best, bestNew, bestAll = window, fresh, all
			}
		}
		if bestAll == 0 {
			break
		}
		windows = append(windows, best)
		for _, f := range finds {
			if best.Start <= f.Start && f.Start < best.End {
				seen[f.group] = true
			}
		}
	}
	slices.SortFunc(windows, func(a, b Span) int { return a.Start - b.Start })
	snippets := make([]Snippet, 0, len(windows))
	spans := merge(finds)
	for _, w := range windows {
		snippets = append(snippets, c.snippet(w, spans))
	}
	return snippets
}

// Around returns fragments of a text around places in it, at most limit, each about size columns wide, cut as [Matcher.Snippets]
// cuts. The places are in order. One that is in the fragment around an earlier one has no fragment of its own.
func Around(text, language string, places []Span, size, limit int) []Snippet {
	if len(places) == 0 || limit <= 0 {
		return nil
	}
	c := cutter{text: text, tokens: Analyze(nil, text, language), size: size}
	var snippets []Snippet
	end := 0
	for _, place := range places {
		if place.Start < end {
			continue
		}
		w := c.window(place)
		w.Start = max(w.Start, min(end, place.Start))
		end = w.End
		if snippets = append(snippets, c.snippet(w, places)); len(snippets) == limit {
			break
		}
	}
	return snippets
}

// maxCandidates is how many of the places where something was found are looked at as
// the beginning of a fragment.
const maxCandidates = 200

// count returns how many groups are found before the end, those not seen yet and
// all. The finds are in order; the first of them counts though it may be too long.
func count(finds []find, end int, seen map[int]bool) (fresh, all int) {
	var groups [16]int
	distinct := groups[:0]
	for i, f := range finds {
		if f.Start >= end {
			break
		}
		if (i == 0 || f.End <= end) && !slices.Contains(distinct, f.group) {
			distinct = append(distinct, f.group)
			if !seen[f.group] {
				fresh++
			}
		}
	}
	return fresh, len(distinct)
}

func overlaps(windows []Span, w Span) bool {
	return slices.ContainsFunc(windows, func(v Span) bool { return w.Start < v.End && v.Start < w.End })
}

// A cutter cuts fragments out of a text.
type cutter struct {
	text   string
	tokens []Token
	size   int // columns
}

// window returns the fragment around something found, of which a quarter comes
// before it.
func (c *cutter) window(found Span) Span {
	start, used := found.Start, 0
	i, _ := slices.BinarySearchFunc(c.tokens, found.Start, func(t Token, at int) int { return t.Start - at })
	for i > 0 {
		before := c.tokens[i-1].Start
		if before < start {
			used += columns(c.text[before:start])
			if used > c.size/4 {
				break
			}
			start = before
		}
		i--
	}
	if i == 0 && columns(c.text[:start]) <= c.size/4-used {
		start = 0
	}
	if r, n := utf8.DecodeLastRuneInString(c.text[:start]); r == '"' || unicode.In(r, unicode.Ps, unicode.Pi) {
		start -= n // what opens a bracket or quotation belongs to the word
	}
	end := c.end(start)
	if end < found.End {
		end = max(end, min(found.End, c.cut(start, c.size)))
	}
	return Span{start, end}
}

// end returns where a fragment that begins at the byte ends: after the last word
// that fits, and the signs that follow it.
func (c *cutter) end(start int) int {
	limit := c.cut(start, c.size)
	if limit == len(c.text) {
		return limit
	}
	end := start
	i, _ := slices.BinarySearchFunc(c.tokens, start, func(t Token, at int) int { return t.Start - at })
	for ; i < len(c.tokens) && c.tokens[i].Start < limit; i++ {
		if c.tokens[i].End <= limit {
			end = max(end, c.tokens[i].End)
		}
	}
	if end == start {
		return limit // one word that does not fit, or none
	}
	for end < limit {
		r, n := utf8.DecodeRuneInString(c.text[end:])
		if unicode.IsSpace(r) || end+n > limit || computeClass(r) == letter || computeClass(r) == digit || computeClass(r) == gram {
			break
		}
		end += n
	}
	return clusterEnd(c.text, end)
}

// cut returns the byte after as many columns, never inside a combining sequence. It
// does not look for them among more characters than a text has that is meant to be
// read.
func (c *cutter) cut(start, room int) int {
	i := start
	for range 16 * room {
		if i == len(c.text) {
			break
		}
		r, n := utf8.DecodeRuneInString(c.text[i:])
		if w := runeColumns(r); w > room {
			return clusterEnd(c.text, i)
		} else {
			room -= w
		}
		i += n
	}
	return i
}

// ellipsis stands where a snippet was cut.
const ellipsis = "…"

// snippet returns the fragment with the spans that are in it.
func (c *cutter) snippet(w Span, spans []Span) Snippet {
	for w.Start < w.End {
		r, n := utf8.DecodeRuneInString(c.text[w.Start:w.End])
		if !unicode.IsSpace(r) {
			break
		}
		w.Start += n
	}
	for w.Start < w.End {
		r, n := utf8.DecodeLastRuneInString(c.text[w.Start:w.End])
		if !unicode.IsSpace(r) {
			break
		}
		w.End -= n
	}
	var b strings.Builder
	if strings.TrimSpace(c.text[:w.Start]) != "" {
		b.WriteString(ellipsis)
	}
	shift := b.Len() - w.Start
	b.WriteString(c.text[w.Start:w.End])
	if strings.TrimSpace(c.text[w.End:]) != "" {
		b.WriteString(ellipsis)
	}
	s := Snippet{Text: b.String()}
	for _, span := range spans {
		if span.Start < w.End && w.Start < span.End {
			s.Spans = append(s.Spans, Span{max(span.Start, w.Start) + shift, min(span.End, w.End) + shift})
		}
	}
	return s
}

// columns returns the width of a text in columns: two for an ideograph, a kana or a
// Hangul syllable, none for a mark, one for other characters.
func columns(text string) int {
	n := 0
	for _, r := range text {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if r < 0x300 {
		return 1
	}
	if isExtension(r) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// HTML returns a snippet as safe HTML: its text escaped, what was found in mark
// elements.
func HTML(s Snippet) string {
	var b strings.Builder
	at := 0
	for _, span := range s.Spans {
		b.WriteString(html.EscapeString(s.Text[at:span.Start]))
		b.WriteString("<mark>")
		b.WriteString(html.EscapeString(s.Text[span.Start:span.End]))
		b.WriteString("</mark>")
		at = span.End
	}
	b.WriteString(html.EscapeString(s.Text[at:]))
	return b.String()
}
