package syntax

import "strconv"

// kind is the kind of a token. For punctuators other than "..." it is their character.
type kind byte

const (
	endOfDocument kind = 0
	spread        kind = '.'
	name          kind = 'a'
	intNumber     kind = '0'
	floatNumber   kind = '1'
	stringText    kind = '"'
	blockText     kind = 'b'
)

// token is a lexical token. The zero token is the end of an empty document.
type token struct {
	kind       kind
	start, end int // offsets in bytes
	place
	length int    // in code points
	value  string // of a string: without quotes, escape sequences and indentation
}

// place is a place in a document.
type place struct {
	offset    int // in code points, from 0
	line      int // from 1
	lineStart int // the offset of the line's first code point
}

func (p place) column() int { return p.offset - p.lineStart + 1 }

// maxQuoted is how many bytes of a token are quoted in a message.
const maxQuoted = 40

// describe returns what a message calls a token of a text.
func (t token) describe(text string) string {
	switch t.kind {
	case endOfDocument:
		return "the end of the document"
	case stringText, blockText:
		return "a string"
	}
	s := text[t.start:t.end]
	if len(s) > maxQuoted { // names and numbers are ASCII
		s = s[:maxQuoted] + "…"
	}
	return strconv.Quote(s)
}
