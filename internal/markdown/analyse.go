package markdown

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"golang.org/x/text/unicode/norm"
)

// analysis is what one walk over the tree finds. After analyse it is only read.
type analysis struct {
	src      []byte
	lines    lineIndex
	effort   *effort
	defs     map[string]*noteDef
	all      []*noteDef // as written
	notes    []*noteDef // by number
	bodyRefs []*noteRef
	entities []*entityLink
	headings []headingPlace
	outline  []heading
	images   []*ast.Image
	tasks    bool
	anchors  map[*ast.Heading]string
	taken    map[string]int
	raw      map[ast.Node][]*rawToken
}

// place is where in the tree the walk is.
type place struct {
	note    *noteDef
	quoted  bool
	link    bool
	image   bool
	inlines int
	raws    int
}

func analyse(root ast.Node, src []byte, lines lineIndex, e *effort) *analysis {
	a := &analysis{
		src:     src,
		lines:   lines,
		effort:  e,
		defs:    map[string]*noteDef{},
		anchors: map[*ast.Heading]string{},
		taken:   map[string]int{},
		raw:     map[ast.Node][]*rawToken{},
	}
	a.children(root, place{})
	a.number()
	a.outlined()
	return a
}

func (a *analysis) children(n ast.Node, p place) {
	var open []*rawToken
	hasRaw := false
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c.(type) {
		case *ast.HTMLBlock, *ast.RawHTML:
			hasRaw = true
			open = a.rawNode(c, open, p)
			continue
		}
		inside := p
		inside.raws += len(open)
		a.node(c, inside)
	}
	if hasRaw {
		for _, t := range open {
			t.kind = rawDropped
		}
	}
}

func (a *analysis) node(n ast.Node, p place) {
	if a.effort.gaveUp {
		return
	}
	if n.Type() == ast.TypeInline {
		if p.inlines++; p.inlines > maxInlineDepth {
			a.effort.giveUp(offset(n))
			return
		}
	}
	switch n := n.(type) {
	case *noteDef:
		a.define(n)
		p = place{note: n}
	case *ast.Heading:
		a.headings = append(a.headings, headingPlace{n, p.note == nil && !p.quoted})
	case *ast.Blockquote:
		p.quoted = true
	case *ast.Link:
		dest := decode(n.Destination)
		if n.Reference == nil {
			a.checkURL(offset(n), dest)
		}
		a.noteURL(p, dest)
		p.link = true
	case *ast.Image:
		if n.Reference == nil {
			a.checkURL(offset(n), decode(n.Destination))
		}
		if !p.image { // one in the description of another is part of that
			a.images = append(a.images, n)
		}
		p.image = true
	case *extast.TaskCheckBox:
		a.tasks = true
	case *ast.LinkReferenceDefinition:
		if label, ok := strings.CutPrefix(string(n.Label), "^"); ok {
			// A footnote's definition where none is read: in another note.
			a.effort.report(offset(n), msgNoteMisplaced, label)
			break
		}
		a.checkURL(offset(n), decode(n.Destination))
	case *ast.AutoLink:
		if n.AutoLinkType == ast.AutoLinkURL {
			dest := string(n.URL(a.src))
			a.checkURL(offset(n), dest)
			a.noteURL(p, dest)
		}
	case *entityLink:
		a.entities = append(a.entities, n)
		if n.inLink = p.link; p.link {
			a.effort.report(n.Pos(), msgEntityInLink, n.slug)
		}
	case *citation:
		a.cite(n, p)
	case *noteRef:
		a.refer(n, p)
	}
	a.children(n, p)
}

func (a *analysis) define(d *noteDef) {
	a.all = append(a.all, d)
	if _, ok := a.defs[d.label]; ok {
		d.duplicate = true
	} else {
		a.defs[d.label] = d
	}
}

func (a *analysis) noteURL(p place, dest string) {
	if p.note == nil {
		return
	}
	if scheme, _ := schemeOf(dest); scheme == "http" || scheme == "https" {
		p.note.urls = append(p.note.urls, dest)
	}
}

func (a *analysis) checkURL(off int, dest string) {
	if format, arg := urlProblem(dest); format != "" {
		a.effort.report(off, format, arg)
	}
}

func (a *analysis) cite(c *citation, p place) {
	switch {
	case p.note == nil:
		a.effort.report(c.Pos(), msgCiteBody, c.slug)
	case len(p.note.cites) > 0:
		a.effort.report(c.Pos(), msgCiteTwice, c.slug)
	default:
		c.counts, c.inLink = !p.image, p.link
		p.note.cites = append(p.note.cites, c)
	}
}

func (a *analysis) refer(r *noteRef, p place) {
	r.inLink = p.link
	switch {
	case p.image:
		a.effort.report(r.Pos(), msgNoteInImage, r.label)
		return
	case p.link:
		a.effort.report(r.Pos(), msgNoteInLink, r.label)
	}
	if p.note != nil {
		p.note.refs = append(p.note.refs, r)
		return
	}
	a.bodyRefs = append(a.bodyRefs, r)
}

// number gives the notes their numbers in reading order: the body comes first,
// then the notes, each of which may refer to further ones.
func (a *analysis) number() {
	a.resolve(a.bodyRefs, true)
	for i := 0; i < len(a.notes); i++ {
		a.resolve(a.notes[i].refs, true)
	}
	for _, d := range a.all {
		switch {
		case d.duplicate:
			a.resolve(d.refs, false)
			first := a.defs[d.label]
			line := a.lines.line(offset(first))
			a.effort.found = append(a.effort.found, finding{
				off: offset(d), format: msgNoteTwice, arg: d.label,
				suffix: ", line " + strconv.Itoa(line) + " has the first definition",
			})
		case d.number == 0:
			a.resolve(d.refs, false)
			a.effort.report(offset(d), msgNoteUnused, d.label)
		}
		if d.FirstChild() == nil {
			a.effort.report(offset(d), msgNoteEmpty, d.label)
		}
	}
}

func (a *analysis) resolve(refs []*noteRef, read bool) {
	for _, r := range refs {
		def := a.defs[r.label]
		switch {
		case r.colon && (def == nil || a.startsLine(r)):
			a.effort.report(r.Pos(), msgNoteMisplaced, r.label)
		case def == nil:
			a.effort.report(r.Pos(), msgNoteUndefined, r.label)
		}
		if def == nil || !read {
			continue
		}
		if def.number == 0 {
			a.notes = append(a.notes, def)
			def.number = len(a.notes)
		}
		def.count++
		r.def, r.nth = def, def.count
	}
}

func (a *analysis) startsLine(r *noteRef) bool {
	for i := r.Pos() - 1; i >= 0; i-- {
		switch a.src[i] {
		case '\n':
			return true
		case ' ', '\t', '>':
		default:
			return false
		}
	}
	return true
}

// heading is a heading of the body.
type heading struct {
	level  int
	text   phrase
	anchor string
}

type headingPlace struct {
	node *ast.Heading
	own  bool // the body's own
}

// outlined names the headings. It comes last: which brackets are references is
// known only when all definitions are.
func (a *analysis) outlined() {
	for _, h := range a.headings {
		text := a.phrase(h.node)
		anchor := a.anchor(text.static())
		a.anchors[h.node] = anchor
		if h.own {
			a.outline = append(a.outline, heading{h.node.Level, text, anchor})
		}
	}
}

const maxAnchor = 100

// anchor makes an id of a heading's text that no other heading and no note has.
// The text is the one without names.
func (a *analysis) anchor(text string) string {
	var b strings.Builder
	length, hyphen := 0, false
	for _, r := range norm.NFC.String(text) {
		switch {
		case unicode.In(r, unicode.L, unicode.M, unicode.N):
			if hyphen && b.Len() > 0 {
				b.WriteByte('-')
			}
			hyphen = false
			b.WriteRune(unicode.ToLower(r))
		case unicode.IsSpace(r), r == '-', r == '_':
			hyphen = true
		}
		if length++; length == maxAnchor {
			break
		}
	}
	id := b.String()
	switch {
	case id == "":
		id = "section"
	case strings.HasPrefix(id+"-", "fn-"), strings.HasPrefix(id+"-", "fnref-"):
		// Also plain "fn": the second such heading would be "fn-2".
		id = "section-" + id
	}
	n, ok := a.taken[id]
	if !ok {
		a.taken[id] = 1
		return id
	}
	for {
		n++
		next := id + "-" + strconv.Itoa(n)
		if _, ok := a.taken[next]; !ok {
			a.taken[id], a.taken[next] = n, 1
			return next
		}
	}
}

func (a *analysis) mentioned() []Mention {
	slices.SortStableFunc(a.entities, func(x, y *entityLink) int { return cmp.Compare(x.Pos(), y.Pos()) })
	var mentions []Mention
	seen := map[string]bool{}
	for _, e := range a.entities {
		if !seen[e.slug] {
			seen[e.slug] = true
			mentions = append(mentions, Mention{Slug: e.slug, Line: a.lines.line(e.Pos())})
		}
	}
	return mentions
}

func (a *analysis) footnote(d *noteDef, text phrase) Footnote {
	note := Footnote{
		Number:   d.number,
		Label:    d.label,
		Anchor:   noteID(d.number),
		Markdown: a.written(d),
		Text:     text.static(),
		URLs:     d.urls,
		Line:     a.lines.line(offset(d)),
	}
	if len(d.cites) > 0 {
		note.Source, note.Locator = d.cites[0].slug, d.cites[0].locator
	}
	return note
}

// written returns the note's Markdown. Its parser does not see the lines that
// continue a paragraph without an indent, so the end is looked for in the tree.
func (a *analysis) written(d *noteDef) string {
	stop := max(d.stop, lastStop(d))
	lines := strings.SplitAfter(string(a.src[min(d.content, stop):stop]), "\n")
	for i, line := range lines {
		if i == 0 {
			continue
		}
		rest := line
		for n := 0; n < 4 && rest != ""; n++ {
			if rest[0] == '\t' {
				rest = rest[1:]
				break
			}
			if rest[0] != ' ' {
				break
			}
			rest = rest[1:]
		}
		lines[i] = rest
	}
	return strings.TrimSpace(strings.Join(lines, ""))
}

func lastStop(n ast.Node) int {
	stop := 0
	if n.Type() == ast.TypeBlock {
		if l := n.Lines(); l.Len() > 0 {
			stop = l.At(l.Len() - 1).Stop
		}
		if h, ok := n.(*ast.HTMLBlock); ok && h.HasClosure() {
			stop = max(stop, h.ClosureLine.Stop)
		}
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			stop = max(stop, lastStop(c))
		}
	}
	return stop
}

func noteID(number int) string { return "fn-" + strconv.Itoa(number) }

func refID(number, nth int) string {
	id := "fnref-" + strconv.Itoa(number)
	if nth > 1 {
		id += "-" + strconv.Itoa(nth)
	}
	return id
}

// definitions returns where in the text the definitions of notes are, in order.
func (a *analysis) definitions() [][2]int {
	var all [][2]int
	rest := 0
	for _, d := range a.all {
		start, stop := offset(d), max(d.stop, lastStop(d))
		if start < rest || stop <= start {
			continue
		}
		if line := a.lines[a.lines.line(start)-1]; line >= rest && strings.TrimLeft(string(a.src[line:start]), " ") == "" {
			start = line
		}
		all = append(all, [2]int{start, stop})
		rest = stop
	}
	return all
}
