package markdown

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxProblems is the greatest number of problems that are listed. Further ones are
// only counted.
const MaxProblems = 50

// A Problem is an error in a text that the author must correct.
type Problem struct {
	Line    int    // in the text, from 1
	Message string // says what is wrong, and how to correct it
}

const (
	msgTooLong = "the text is longer than %s bytes: split it into several documents"
	msgComplex = "the text is too intricate to read from here on: use shorter paragraphs and tables, and fewer brackets and marks in each"
	msgNesting = "lists and quotes are nested more than 100 levels deep: use fewer levels"

	msgUTF8    = "the text is not valid UTF-8: save it as UTF-8"
	msgNUL     = "the text has a NUL character: remove it"
	msgControl = "the text has a control character: remove it"

	msgNoteUndefined  = "footnote [^%s] has no definition: add a line that starts with [^%[1]s]: and holds the note"
	msgNoteUnused     = "footnote [^%s] is never referred to: put [^%[1]s] where it belongs, or remove it"
	msgNoteTwice      = "footnote [^%s]: give this one another label"
	msgNoteEmpty      = "footnote [^%s] has no text: write the note after the colon"
	msgNoteLabel      = "a footnote label has no white space and at most 100 bytes: write it like [^name]"
	msgNoteMisplaced  = "the definition of footnote [^%s] must start a line and stand outside other notes"
	msgNoteInLink     = "footnote [^%s] is referred to inside a link: put the reference after the link"
	msgNoteInImage    = "footnote [^%s] is referred to in the description of an image: put the reference after the image"
	msgEntityForm     = "entity link [[%s]] is not of the form [[slug]] or [[slug|text]], the slug in lower case with hyphens, like acme-holdings"
	msgEntityOpen     = "entity link [[%s is not closed: write [[slug]] or [[slug|text]] without other square brackets in it, or \\[[ to show brackets"
	msgEntityCell     = "entity link [[%s is cut by the table: write [[slug\\|text]] in a table"
	msgEntityText     = "entity link [[%s|]] has no text: write [[%[1]s]] to show the entity's name"
	msgEntityInLink   = "entity link [[%s]] is inside another link: put it outside"
	msgCiteForm       = "citation [@%s] is not of the form [@slug] or [@slug, p. 12], the slug in lower case with hyphens"
	msgCiteBody       = "citation [@%s] is outside a footnote: a citation belongs in a footnote"
	msgCiteTwice      = "citation [@%s] is the second in this footnote: a footnote names one source, so give it a footnote of its own"
	msgHTMLDanger     = "HTML element <%s> is not permitted: remove it"
	msgHTMLMarkdown   = "HTML element <%s> is not permitted: write it in Markdown"
	msgHTMLHandler    = "HTML attribute %s is not permitted: remove it"
	msgHTMLOpen       = "an HTML tag is not closed: end it with >"
	msgHTMLOther      = "HTML declarations are not permitted: remove %s"
	msgHTMLBrackets   = "text directly below an HTML tag is not read as Markdown: leave a blank line before it"
	msgURLDanger      = "an address that starts with %s: is not permitted: link to an http, https or mailto address"
	msgURLScheme      = "an address that starts with %s: cannot be linked: link to an http, https or mailto address"
	msgURLForm        = "%s is not an address: write it like https://example.org/page"
	msgMore           = "and %s more problems"
	msgMoreOne        = "and one more problem"
	maxQuotedInDetail = 60
)

// A finding is a problem at an offset, with its message not yet formatted: a text
// may have more of them than are listed.
type finding struct {
	off    int
	format string
	arg    string
	suffix string
}

func (f finding) message() string {
	arg := f.arg
	if len(arg) > maxQuotedInDetail {
		cut := maxQuotedInDetail
		for cut > 0 && !utf8.RuneStart(arg[cut]) {
			cut--
		}
		arg = arg[:cut] + "…"
	}
	if !strings.Contains(f.format, "%") {
		return f.format + f.suffix
	}
	return fmt.Sprintf(f.format, arg) + f.suffix
}

// listProblems returns the problems of the findings, by line, without repeats.
func listProblems(found []finding, lines lineIndex) []Problem {
	slices.SortStableFunc(found, func(a, b finding) int { return cmp.Compare(a.off, b.off) })
	var (
		listed []Problem
		more   int
		last   finding
	)
	for i, f := range found {
		line := lines.line(f.off)
		if i > 0 && f.format == last.format && f.arg == last.arg && line == lines.line(last.off) {
			continue
		}
		last = f
		switch {
		case len(listed) < MaxProblems:
			listed = append(listed, Problem{Line: line, Message: f.message()})
		case more == 0:
			listed = append(listed, Problem{Line: line})
			fallthrough
		default:
			more++
		}
	}
	switch {
	case more == 1:
		listed[MaxProblems].Message = msgMoreOne
	case more > 1:
		listed[MaxProblems].Message = fmt.Sprintf(msgMore, fmt.Sprint(more))
	}
	return listed
}
