package picture

import (
	"strings"
	"unicode"
)

// Characters at which a line of Chinese or Japanese does not start, and does not end
// (kinsoku shori, JIS X 4051).
const (
	neverFirst = "。、，．・：；！？」』）］｝〕〉》】〗’”…ー々ゝゞヽヾぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ,.:;!?)]}%％"
	neverLast  = "「『（［｛〔〈《【〖‘“([{＄￥"
)

// breakable reports whether a line may end between two clusters that no space parts:
// after a hyphen or stroke within a word, and beside an ideograph or kana. Korean words
// stay whole, as in print.
func breakable(a, b cluster) bool {
	if strings.ContainsRune(neverFirst, b.first) || strings.ContainsRune(neverLast, a.first) {
		return false
	}
	if a.first == '-' || a.first == '/' || a.first == '–' || a.first == '—' {
		return unicode.IsLetter(b.first)
	}
	return ideographic(a.first) || ideographic(b.first)
}

func ideographic(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r <= 0x303f || r >= 0xff01 && r <= 0xff60
}

// A word is a run of clusters that a line should not end within.
type word struct {
	clusters []cluster
	space    bool // there is a space before it
	width    float64
}

func words(s string) []word {
	var out []word
	space := false
	var before *cluster
	for _, c := range clusters(s) {
		if c.text == " " {
			space, before = true, nil
			continue
		}
		if before == nil || breakable(*before, c) {
			out = append(out, word{space: space && len(out) > 0})
		}
		w := &out[len(out)-1]
		w.clusters = append(w.clusters, c)
		w.width += c.width
		space, before = false, &w.clusters[len(w.clusters)-1]
	}
	return out
}

func (w word) text() string {
	var b strings.Builder
	for _, c := range w.clusters {
		b.WriteString(c.text)
	}
	return b.String()
}

// A line of a label.
type line struct {
	text  string
	space bool // there is a space between the line before and this one
}

// wrap breaks a clean label into at most maxLines lines of at most limit em. What does
// not fit ends in an ellipsis; lines are of about the same length.
func wrap(s string, limit float64, maxLines int) []string {
	if textWidth(s) <= limit {
		return []string{s}
	}
	ws := words(s)
	lines := fill(ws, limit)
	if len(lines) > maxLines {
		last := lines[maxLines-1].text
		for _, l := range lines[maxLines:] {
			if l.space {
				last += " "
			}
			last += l.text
		}
		lines = append(lines[:maxLines-1], line{text: ellipsis(last, limit)})
		return texts(lines)
	}
	// The narrowest limit with as many lines, so that no line holds a lonely word.
	low, high := limit/2, limit
	for range 8 {
		middle := (low + high) / 2
		if next := fill(ws, middle); len(next) <= len(lines) && !torn(ws, middle) {
			high, lines = middle, next
		} else {
			low = middle
		}
	}
	return texts(lines)
}

// paragraph breaks a clean text into lines of at most limit em that are as full as they
// get, at most maxLines of them.
func paragraph(s string, limit float64, maxLines int) []string {
	lines := texts(fill(words(s), limit))
	if len(lines) > maxLines {
		lines = lines[:maxLines]
		lines[maxLines-1] = ellipsis(lines[maxLines-1]+" …", limit)
	}
	return lines
}

func texts(lines []line) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = l.text
	}
	return out
}

// torn reports whether a word is wider than a line.
func torn(ws []word, limit float64) bool {
	for _, w := range ws {
		if w.width > limit {
			return true
		}
	}
	return false
}

// fill sets words into lines, each as full as it gets. A word that is wider than a
// line is broken between clusters.
func fill(ws []word, limit float64) []line {
	var lines []line
	used := limit + 1 // there is no line yet
	begin := func(space bool) {
		lines = append(lines, line{space: space})
		used = 0
	}
	add := func(text string, width float64) {
		lines[len(lines)-1].text += text
		used += width
	}
	for _, w := range ws {
		gap := 0.0
		if w.space {
			gap = advance(' ')
		}
		if used+gap+w.width <= limit {
			if w.space {
				add(" ", gap)
			}
			add(w.text(), w.width)
			continue
		}
		begin(w.space)
		for _, c := range w.clusters {
			if used > 0 && used+c.width > limit {
				begin(false)
			}
			add(c.text, c.width)
		}
	}
	return lines
}

// ellipsis returns s if it is at most limit em wide, and else its beginning with an
// ellipsis.
func ellipsis(s string, limit float64) string {
	if textWidth(s) <= limit {
		return s
	}
	limit -= advance('…')
	var b strings.Builder
	used := 0.0
	for _, c := range clusters(s) {
		if used += c.width; used > limit {
			break
		}
		b.WriteString(c.text)
	}
	return strings.TrimRight(b.String(), " 　、，,;:-–(（「『[") + "…"
}
