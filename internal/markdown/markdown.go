package markdown

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// MaxBytes is the greatest length of a text that is parsed, in bytes.
const MaxBytes = 1 << 20

// A Document is a parsed text. It is immutable and safe for concurrent use. Slices
// that its methods return belong to the caller.
type Document struct {
	problems  []Problem
	footnotes []Footnote
	mentions  []Mention
	outline   []heading
	images    []Image
	words     int
	cjk       int
	empty     bool
	plain     textTemplate
	notes     []lineTemplate
	source    string
	defs      [][2]int // the ranges in source of the definitions of notes
	html      func() *documentHTML
}

// A Footnote is a note that the text refers to.
type Footnote struct {
	Number   int      // from 1, in the order of the first reference
	Label    string   // as written in [^label]
	Anchor   string   // the id of the note in the HTML: fn-1
	Markdown string   // the note as written, without its label and indent
	Text     string   // the note as one line of plain text, without its citation and without names
	Source   string   // the slug of the Source that it cites, or ""
	Locator  string   // where in the Source: p. 12
	URLs     []string // its http and https links, in order
	Line     int      // where the definition starts
}

// A Mention is a link to an entity in the body or in a note.
type Mention struct {
	Slug string
	Line int // of the first link to it
}

// An Image is a picture in the body or in a note.
type Image struct {
	Line int
	Alt  string // its description, without names; "" if there is none
}

// A Heading is a heading of the body. Headings in quotes and notes are left out.
type Heading struct {
	Level  int
	Text   string
	Anchor string // the id in the HTML
}

// Parse parses src. It never fails: errors in the text are the Problems of the
// document.
func Parse(src string) *Document {
	if len(src) > MaxBytes {
		return unreadDocument([]finding{{format: msgTooLong, arg: strconv.Itoa(MaxBytes)}}, nil, src)
	}
	cleaned, found := clean(src)
	// Without spare capacity, because goldmark appends to parts of the text.
	source := slices.Clip([]byte(cleaned))
	lines := indexLines(cleaned)

	state := &parseState{inlineBudget: maxInlineCost, containerBudget: maxContainerSteps, found: found}
	pc := parser.NewContext()
	pc.Set(parseStateKey, state)
	root := bodyParser.Parse(text.NewReader(source), parser.WithContext(pc))
	if state.aborted {
		return unreadDocument(state.found, lines, cleaned)
	}
	a := analyse(root, source, lines, state)
	if state.aborted {
		return unreadDocument(state.found, lines, cleaned)
	}

	d := &Document{
		problems: listProblems(state.found, lines),
		mentions: a.mentions(),
		outline:  a.outline,
		plain:    a.plain(root, false),
		source:   cleaned,
		defs:     a.definitions(),
		html:     sync.OnceValue(func() *documentHTML { return render(root, a) }),
	}
	for _, n := range a.images {
		d.images = append(d.images, Image{lines.line(offset(n)), a.phrase(n).withoutNames()})
	}
	plain := d.plain.fill(&Rendering{})
	d.empty = plain == "" && len(a.notes) == 0
	d.words, d.cjk = count(plain)
	for _, def := range a.notes {
		text := a.phrase(def)
		d.notes = append(d.notes, text)
		note := a.footnote(def, text)
		d.footnotes = append(d.footnotes, note)
		words, cjk := count(note.Text)
		d.words, d.cjk = d.words+words, d.cjk+cjk
	}
	if len(a.notes) > 0 || a.tasks {
		d.plain = a.plain(root, true)
	}
	return d
}

// unreadDocument returns the document of a text that was not parsed.
func unreadDocument(found []finding, lines lineIndex, src string) *Document {
	return &Document{
		problems: listProblems(found, lines),
		source:   src,
		empty:    true,
		html:     func() *documentHTML { return &documentHTML{body: &htmlTemplate{}} },
	}
}

// Problems returns what the author must correct, in the order of the lines: at most
// MaxProblems of them and, if there are more, a last one with their number.
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

// Mentions returns each entity that the text links to, in the order of the first
// link to it. Links in a note without a reference count too.
func (d *Document) Mentions() []Mention { return slices.Clone(d.mentions) }

// Sources returns the slug of each source that the notes cite, sorted.
func (d *Document) Sources() []string {
	var slugs []string
	for _, n := range d.footnotes {
		if n.Source != "" {
			slugs = append(slugs, n.Source)
		}
	}
	slices.Sort(slugs)
	return slices.Compact(slugs)
}

// NamesInOutline reports whether a heading has the name of an entity, so that
// readers may see the headings differently.
func (d *Document) NamesInOutline() bool {
	return slices.ContainsFunc(d.outline, func(h heading) bool { return h.text.hasNames() })
}

// Images returns the pictures in the order of the text.
func (d *Document) Images() []Image { return slices.Clone(d.images) }

// WithoutNotes returns the Markdown without the definitions of notes. The references
// stay.
func (d *Document) WithoutNotes() string {
	if len(d.defs) == 0 {
		return d.source
	}
	var b strings.Builder
	rest := 0
	for _, def := range d.defs {
		b.WriteString(d.source[rest:def[0]])
		rest = def[1]
	}
	b.WriteString(d.source[rest:])
	return strings.TrimRight(b.String(), " \n") + "\n"
}

// WordCount returns the number of words in the body and its notes. A word is a
// run of letters and digits as in UAX #29, so "don't" and "3.14" are one and
// "well-known" is two. Each Chinese character, kana and Bopomofo letter counts as a
// word, as in word processors. Scripts without spaces between words, like Thai, are
// counted by the spaces that there are.
func (d *Document) WordCount() int { return d.words + d.cjk }

// ReadingMinutes returns how long the text takes to read, rounded up: 238 words
// a minute (Brysbaert 2019, silent reading of non-fiction), 500 characters a
// minute for Chinese and Japanese. A text that is not empty takes a minute at least.
func (d *Document) ReadingMinutes() int {
	if d.empty {
		return 0
	}
	const wordsPerMinute, charactersPerMinute = 238, 500
	work := d.words*charactersPerMinute + d.cjk*wordsPerMinute
	minute := wordsPerMinute * charactersPerMinute
	return max(1, (work+minute-1)/minute)
}

// offset returns the position of a node in the text; 0 if goldmark does not know it.
func offset(n ast.Node) int { return max(0, n.Pos()) }
