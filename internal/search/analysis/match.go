package analysis

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Span is a piece of a text, in bytes.
type Span struct{ Start, End int }

// A Matcher finds in texts where the words and phrases of a query stand. It can be
// used by several goroutines at once.
type Matcher struct {
	groups [][]Position
	// Which terms may begin a group: most words of a text begin none.
	first    map[string]bool
	prefixes []string
}

// NewMatcher returns a matcher for groups of positions, each of them a word or a
// phrase as [Query] returns it. A phrase is found only where it stands as one.
func NewMatcher(groups [][]Position) *Matcher {
	m := &Matcher{groups: slices.DeleteFunc(slices.Clone(groups), func(g []Position) bool { return len(g) == 0 }), first: map[string]bool{}}
	for _, g := range m.groups {
		for _, a := range g[0] {
			if a.Prefix {
				m.prefixes = append(m.prefixes, a.Term)
			} else {
				m.first[a.Term] = true
			}
		}
	}
	return m
}

// begins reports whether a group may begin with a term.
func (m *Matcher) begins(term string) bool {
	return m.first[term] || slices.ContainsFunc(m.prefixes, func(p string) bool { return strings.HasPrefix(term, p) })
}

// Spans returns where the words and phrases stand in a text, in order. Those that
// overlap or touch are one span.
func (m *Matcher) Spans(text, language string) []Span {
	return merge(m.find(text, Analyze(nil, text, language)))
}

// A find is one place where a group stands.
type find struct {
	Span
	group int
}

// find returns the places of all groups, by their start.
func (m *Matcher) find(text string, tokens []Token) []find {
	var finds []find
	for i := range tokens {
		if !m.begins(tokens[i].Term) {
			continue
		}
		for g, group := range m.groups {
			if end, ok := matchGroup(text, tokens, i, group); ok {
				finds = append(finds, find{Span: widen(text, Span{tokens[i].Start, end}), group: g})
			}
		}
	}
	slices.SortStableFunc(finds, func(a, b find) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return a.End - b.End
	})
	return finds
}

// matchGroup reports whether a group stands at a token, and where it ends.
func matchGroup(text string, tokens []Token, i int, group []Position) (int, bool) {
	end, ok := matchToken(text, tokens[i], group[0])
	if !ok {
		return 0, false
	}
	position := tokens[i].Position
	for _, want := range group[1:] {
		for i < len(tokens) && tokens[i].Position == position {
			i++
		}
		position++
		found := false
		for j := i; j < len(tokens) && tokens[j].Position == position && !found; j++ {
			if e, ok := matchToken(text, tokens[j], want); ok {
				end, found = max(end, e), true
			}
		}
		if !found {
			return 0, false
		}
	}
	return end, true
}

// matchToken reports whether a token is one of the alternatives, and where what was
// found ends: of a pair of characters that begins with the one that was sought,
// after that one.
func matchToken(text string, token Token, position Position) (int, bool) {
	for _, a := range position {
		switch {
		case token.Term == a.Term:
			return token.End, true
		case a.Prefix && strings.HasPrefix(token.Term, a.Term):
			r, n := utf8.DecodeRuneInString(token.Term)
			if n == len(a.Term) && computeClass(r) == gram {
				_, n := utf8.DecodeRuneInString(text[token.Start:])
				return token.Start + n, true
			}
			return token.End, true
		}
	}
	return 0, false
}

// widen moves the ends of a span that are inside a combining sequence out of it.
func widen(text string, s Span) Span {
	for s.Start > 0 {
		if r, _ := utf8.DecodeRuneInString(text[s.Start:]); !isExtension(r) {
			break
		}
		_, n := utf8.DecodeLastRuneInString(text[:s.Start])
		s.Start -= n
	}
	s.End = clusterEnd(text, s.End)
	return s
}

// clusterEnd returns the first byte from i on that does not continue a combining
// sequence.
func clusterEnd(text string, i int) int {
	for i < len(text) {
		r, n := utf8.DecodeRuneInString(text[i:])
		if !isExtension(r) {
			break
		}
		i += n
	}
	return i
}

// isExtension reports whether a character continues the one before it.
func isExtension(r rune) bool {
	return r >= 0x300 && (unicode.Is(unicode.M, r) || r == 0x200D || r == 'ﾞ' || r == 'ﾟ' || 0x1160 <= r && r <= 0x11FF)
}

// merge returns the spans of finds, those that overlap or touch as one.
func merge(finds []find) []Span {
	var spans []Span
	for _, f := range finds {
		if n := len(spans); n > 0 && f.Start <= spans[n-1].End {
			spans[n-1].End = max(spans[n-1].End, f.End)
			continue
		}
		spans = append(spans, f.Span)
	}
	return spans
}
