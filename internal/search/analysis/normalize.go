package analysis

import (
	"sort"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// A change is a piece of the original text that has another form in NFKC.
type change struct {
	start, end            int // in the normal form
	original, originalEnd int
}

// An offsetMap maps bytes of a normal form to bytes of the original. It is empty
// where the text was in normal form.
type offsetMap []change

// normalize returns the NFKC form of a text.
func normalize(text string) (string, offsetMap) {
	n := norm.NFKC.QuickSpanString(text)
	if n == len(text) {
		return text, nil
	}
	var (
		b       strings.Builder
		changes offsetMap
		buffer  [64]byte
	)
	b.Grow(len(text) + len(text)/8)
	for i := 0; ; {
		b.WriteString(text[i : i+n])
		i += n
		if i == len(text) {
			break
		}
		// One segment that QuickSpan could not decide on.
		end := i + max(norm.NFKC.NextBoundaryInString(text[i:], true), 1)
		form := norm.NFKC.AppendString(buffer[:0], text[i:end])
		if string(form) != text[i:end] {
			changes = append(changes, change{start: b.Len(), end: b.Len() + len(form), original: i, originalEnd: end})
		}
		b.Write(form)
		i = end
		n = norm.NFKC.QuickSpanString(text[i:])
	}
	return b.String(), changes
}

// span maps the bytes from start to end, which stay ordered. A piece that changed
// is mapped as a whole.
func (m offsetMap) span(start, end int) (int, int) {
	if len(m) == 0 {
		return start, end
	}
	// The last change that begins at or before the first byte.
	i := sort.Search(len(m), func(i int) bool { return m[i].start > start }) - 1
	from := start
	if i >= 0 {
		if start < m[i].end {
			from = m[i].original
		} else {
			from = m[i].originalEnd + start - m[i].end
		}
	}
	// The last change that begins before the end.
	for i+1 < len(m) && m[i+1].start < end {
		i++
	}
	to := end
	if i >= 0 {
		if end <= m[i].end {
			to = m[i].originalEnd
		} else {
			to = m[i].originalEnd + end - m[i].end
		}
	}
	return from, to
}
