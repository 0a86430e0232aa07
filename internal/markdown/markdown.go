package markdown

import (
	"slices"
	"strconv"
	"sync"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// MaxBytes is the length of the longest text that is read.
const MaxBytes = 1 << 20

// A Document is a text that has been read. It never changes, and its methods
// may be called by many goroutines at once. Slices are the caller's own.
type Document struct {
	problems  []Problem
	footnotes []Footnote
	mentions  []Mention
	outline   []Heading
	words     int
	cjk       int
	text      string
	page      func() *page
}

// A Footnote is a note that the text refers to.
type Footnote struct {
	Number   int      // from 1, in the order of the first reference
	Label    string   // as written in [^label]
	Anchor   string   // the id of the note in the HTML: fn-1
	Markdown string   // the note as written, without its label and indent
	Text     string   // the note as one line of plain text, without its citation
	Source   string   // the slug of the Source that it cites, or ""
	Locator  string   // where in the Source: p. 12
	URLs     []string // its http and https links, in order
	Line     int      // where the definition starts
}

// A Mention is an entity that is named in the body or in a note.
type Mention struct {
	Slug string
	Line int // of the first link to it
}

// A Heading is one of the body's own; those in quotes and notes are not told.
type Heading struct {
	Level  int
	Text   string
	Anchor string // the id in the HTML
}

// Parse reads src. It never fails: what is wrong with the text is told by
// Problems.
func Parse(src string) *Document {
	if len(src) > MaxBytes {
		return refused([]finding{{format: msgTooLong, arg: strconv.Itoa(MaxBytes)}}, nil)
	}
	cleaned, found := clean(src)
	// The capacity ends with the text: goldmark appends to parts of it.
	source := slices.Clip([]byte(cleaned))
	lines := indexLines(cleaned)

	effort := &effort{inline: inlineBudget, containers: containerBudget, found: found}
	pc := parser.NewContext()
	pc.Set(effortKey, effort)
	root := bodyParser.Parse(text.NewReader(source), parser.WithContext(pc))
	if effort.gaveUp {
		return refused(effort.found, lines)
	}
	a := analyse(root, source, lines, effort)
	if effort.gaveUp {
		return refused(effort.found, lines)
	}

	d := &Document{
		problems: tell(effort.found, lines),
		mentions: a.mentioned(),
		outline:  a.outline,
		page:     sync.OnceValue(func() *page { return render(root, a) }),
	}
	plain := a.plain(root, false)
	d.words, d.cjk = count(plain)
	for _, def := range a.notes {
		note := a.footnote(def)
		d.footnotes = append(d.footnotes, note)
		words, cjk := count(note.Text)
		d.words, d.cjk = d.words+words, d.cjk+cjk
	}
	d.text = plain
	if len(d.footnotes) > 0 {
		d.text = a.plain(root, true) + plainNotes(d.footnotes)
	}
	return d
}

func refused(found []finding, lines lineIndex) *Document {
	return &Document{
		problems: tell(found, lines),
		page:     func() *page { return &page{} },
	}
}

// Problems returns what the author must put right, by line: at most MaxProblems
// of them, and if there are more a last one that says how many.
func (d *Document) Problems() []Problem { return slices.Clone(d.problems) }

// Footnotes returns the notes in the order of the first reference to each. A
// note without a reference is a problem and is not among them.
func (d *Document) Footnotes() []Footnote {
	notes := slices.Clone(d.footnotes)
	for i := range notes {
		notes[i].URLs = slices.Clone(notes[i].URLs)
	}
	return notes
}

// Mentions returns each entity that is named anywhere in the text, also in a
// note that nothing refers to, in the order of the first link to it.
func (d *Document) Mentions() []Mention { return slices.Clone(d.mentions) }

// Outline returns the headings of the body.
func (d *Document) Outline() []Heading { return slices.Clone(d.outline) }

// WordCount returns the number of words in the body and its notes. A word is a
// run of letters and digits as in UAX #29, so "don't" and "3.14" are one and
// "well-known" is two; of Chinese characters, kana and Bopomofo each counts as
// a word, as word processors count them. Scripts that put no space between
// words, like Thai, count by the spaces that there are.
func (d *Document) WordCount() int { return d.words + d.cjk }

// ReadingMinutes returns how long the text takes to read, rounded up: 238 words
// a minute (Brysbaert 2019, silent reading of non-fiction), 500 characters a
// minute for Chinese and Japanese. Any text at all takes a minute.
func (d *Document) ReadingMinutes() int {
	if d.text == "" {
		return 0
	}
	const wordsPerMinute, charactersPerMinute = 238, 500
	work := d.words*charactersPerMinute + d.cjk*wordsPerMinute
	minute := wordsPerMinute * charactersPerMinute
	return max(1, (work+minute-1)/minute)
}

// Text returns the plain text: blocks with a blank line between them, the items
// of a tight list and the rows of a table on lines of their own, references as
// [1], and the notes at the end as "[1] The note."
func (d *Document) Text() string { return d.text }

// HTML returns safe HTML, whatever the text is.
//
// For each entity that is named it asks link, once per call, for the address of
// its page and its name. When link says false, or is nil, what remains is the
// author's own text, or the words of the slug where there is none, and nothing
// in the HTML tells that a link was there. An address that is not http, https,
// mailto or relative is not linked.
func (d *Document) HTML(link func(slug string) (href, name string, ok bool)) string {
	return d.page().fill(link)
}

// An ast.Node's position is -1 where goldmark knows none.
func offset(n ast.Node) int { return max(0, n.Pos()) }
