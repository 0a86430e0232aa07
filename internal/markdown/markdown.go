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

// MaxBytes is the length of the longest text that is read.
const MaxBytes = 1 << 20

// A Document is a text that has been read. It never changes, and its methods
// may be called by many goroutines at once. Slices are the caller's own.
type Document struct {
	problems  []Problem
	footnotes []Footnote
	mentions  []Mention
	outline   []heading
	images    []Image
	words     int
	cjk       int
	empty     bool
	plain     blocks
	notes     []phrase
	source    string
	defs      [][2]int // where in source the definitions of notes are
	pages     func() *pages
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

// A Mention is an entity that is named in the body or in a note.
type Mention struct {
	Slug string
	Line int // of the first link to it
}

// An Image is a picture in the body or in a note.
type Image struct {
	Line int
	Alt  string // what it shows, without names; "" where the author does not say
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
		return refused([]finding{{format: msgTooLong, arg: strconv.Itoa(MaxBytes)}}, nil, src)
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
		return refused(effort.found, lines, cleaned)
	}
	a := analyse(root, source, lines, effort)
	if effort.gaveUp {
		return refused(effort.found, lines, cleaned)
	}

	d := &Document{
		problems: tell(effort.found, lines),
		mentions: a.mentioned(),
		outline:  a.outline,
		plain:    a.plain(root, false),
		source:   cleaned,
		defs:     a.definitions(),
		pages:    sync.OnceValue(func() *pages { return render(root, a) }),
	}
	for _, n := range a.images {
		d.images = append(d.images, Image{lines.line(offset(n)), a.phrase(n).static()})
	}
	plain := d.plain.fill(&Reading{})
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

func refused(found []finding, lines lineIndex, src string) *Document {
	return &Document{
		problems: tell(found, lines),
		source:   src,
		empty:    true,
		pages:    func() *pages { return &pages{body: &page{}} },
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

// NamesInOutline reports whether readers can see the headings differently.
func (d *Document) NamesInOutline() bool {
	return slices.ContainsFunc(d.outline, func(h heading) bool { return h.text.named() })
}

// Images returns the pictures in the order of the text.
func (d *Document) Images() []Image { return slices.Clone(d.images) }

// WithoutNotes returns the text as it was written, but for the definitions of
// notes. The references stay.
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
// "well-known" is two; of Chinese characters, kana and Bopomofo each counts as
// a word, as word processors count them. Scripts that put no space between
// words, like Thai, count by the spaces that there are.
func (d *Document) WordCount() int { return d.words + d.cjk }

// ReadingMinutes returns how long the text takes to read, rounded up: 238 words
// a minute (Brysbaert 2019, silent reading of non-fiction), 500 characters a
// minute for Chinese and Japanese. Any text at all takes a minute.
func (d *Document) ReadingMinutes() int {
	if d.empty {
		return 0
	}
	const wordsPerMinute, charactersPerMinute = 238, 500
	work := d.words*charactersPerMinute + d.cjk*wordsPerMinute
	minute := wordsPerMinute * charactersPerMinute
	return max(1, (work+minute-1)/minute)
}

// An ast.Node's position is -1 where goldmark knows none.
func offset(n ast.Node) int { return max(0, n.Pos()) }
