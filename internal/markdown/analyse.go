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

// analysis is the result of one walk over the tree. It does not change after
// [analyse] has returned.
type analysis struct {
	src      []byte
	lines    lineIndex
	state    *parseState
	defs     map[string]*noteDef
	all      []*noteDef // in the order of the text
	notes    []*noteDef // by number
	bodyRefs []*noteRef
	entities []*entityLink
	headings []headingNode
	outline  []heading
	images   []*ast.Image
	tasks    bool
	anchors  map[*ast.Heading]string
	taken    map[string]int
	raw      map[ast.Node][]*rawToken
}

// scope describes what a node is nested in.
type scope struct {
	note    *noteDef
	quoted  bool
	link    bool
	image   bool
	inlines int
	raws    int
}

func analyse(root ast.Node, src []byte, lines lineIndex, s *parseState) *analysis {
	a := &analysis{
		src:     src,
		lines:   lines,
		state:   s,
		defs:    map[string]*noteDef{},
		anchors: map[*ast.Heading]string{},
		taken:   map[string]int{},
		raw:     map[ast.Node][]*rawToken{},
	}
	a.children(root, scope{})
	a.numberNotes()
	a.buildOutline()
	return a
}

func (a *analysis) children(n ast.Node, p scope) {
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

func (a *analysis) node(n ast.Node, p scope) {
	if a.state.aborted {
		return
	}
	if n.Type() == ast.TypeInline {
		if p.inlines++; p.inlines > maxInlineDepth {
			a.state.abort(offset(n))
			return
		}
	}
	switch n := n.(type) {
	case *noteDef:
		a.addDefinition(n)
		p = scope{note: n}
	case *ast.Heading:
		a.headings = append(a.headings, headingNode{n, p.note == nil && !p.quoted})
	case *ast.Blockquote:
		p.quoted = true
	case *ast.Link:
		dest := decode(n.Destination)
		if n.Reference == nil {
			a.checkURL(offset(n), dest)
		}
		a.addNoteURL(p, dest)
		p.link = true
	case *ast.Image:
		if n.Reference == nil {
			a.checkURL(offset(n), decode(n.Destination))
		}
		if !p.image { // an image in the description of another is part of that one
			a.images = append(a.images, n)
		}
		p.image = true
	case *extast.TaskCheckBox:
		a.tasks = true
	case *ast.LinkReferenceDefinition:
		if label, ok := strings.CutPrefix(string(n.Label), "^"); ok {
			// A definition of a footnote inside another note, where it is none.
			a.state.report(offset(n), msgNoteMisplaced, label)
			break
		}
		a.checkURL(offset(n), decode(n.Destination))
	case *ast.AutoLink:
		if n.AutoLinkType == ast.AutoLinkURL {
			dest := string(n.URL(a.src))
			a.checkURL(offset(n), dest)
			a.addNoteURL(p, dest)
		}
	case *entityLink:
		a.entities = append(a.entities, n)
		if n.inLink = p.link; p.link {
			a.state.report(n.Pos(), msgEntityInLink, n.slug)
		}
	case *citation:
		a.addCitation(n, p)
	case *noteRef:
		a.addReference(n, p)
	}
	a.children(n, p)
}

func (a *analysis) addDefinition(d *noteDef) {
	a.all = append(a.all, d)
	if _, ok := a.defs[d.label]; ok {
		d.duplicate = true
	} else {
		a.defs[d.label] = d
	}
}

func (a *analysis) addNoteURL(p scope, dest string) {
	if p.note == nil {
		return
	}
	if scheme, _ := schemeOf(dest); scheme == "http" || scheme == "https" {
		p.note.urls = append(p.note.urls, dest)
	}
}

func (a *analysis) checkURL(off int, dest string) {
	if format, arg := urlProblem(dest); format != "" {
		a.state.report(off, format, arg)
	}
}

func (a *analysis) addCitation(c *citation, p scope) {
	switch {
	case p.note == nil:
		a.state.report(c.Pos(), msgCiteBody, c.slug)
	case len(p.note.cites) > 0:
		a.state.report(c.Pos(), msgCiteTwice, c.slug)
	default:
		c.counts, c.inLink = !p.image, p.link
		p.note.cites = append(p.note.cites, c)
	}
}

func (a *analysis) addReference(r *noteRef, p scope) {
	r.inLink = p.link
	switch {
	case p.image:
		a.state.report(r.Pos(), msgNoteInImage, r.label)
		return
	case p.link:
		a.state.report(r.Pos(), msgNoteInLink, r.label)
	}
	if p.note != nil {
		p.note.refs = append(p.note.refs, r)
		return
	}
	a.bodyRefs = append(a.bodyRefs, r)
}

// numberNotes numbers the notes by the first reference to each: first the references
// in the body, then those in the notes, in the order of their numbers.
func (a *analysis) numberNotes() {
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
			a.state.found = append(a.state.found, finding{
				off: offset(d), format: msgNoteTwice, arg: d.label,
				suffix: ", line " + strconv.Itoa(line) + " has the first definition",
			})
		case d.number == 0:
			a.resolve(d.refs, false)
			a.state.report(offset(d), msgNoteUnused, d.label)
		}
		if d.FirstChild() == nil {
			a.state.report(offset(d), msgNoteEmpty, d.label)
		}
	}
}

func (a *analysis) resolve(refs []*noteRef, read bool) {
	for _, r := range refs {
		def := a.defs[r.label]
		switch {
		case r.colon && (def == nil || a.startsLine(r)):
			a.state.report(r.Pos(), msgNoteMisplaced, r.label)
		case def == nil:
			a.state.report(r.Pos(), msgNoteUndefined, r.label)
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
	text   lineTemplate
	anchor string
}

type headingNode struct {
	node *ast.Heading
	own  bool // in the body, not in a quote or a note
}

// buildOutline sets the anchors of the headings and the outline. It runs last, since
// which brackets are references is known only when all definitions are.
func (a *analysis) buildOutline() {
	for _, h := range a.headings {
		text := a.phrase(h.node)
		anchor := a.anchor(text.withoutNames())
		a.anchors[h.node] = anchor
		if h.own {
			a.outline = append(a.outline, heading{h.node.Level, text, anchor})
		}
	}
}

// maxAnchor is the greatest number of characters of a heading that its id has.
const maxAnchor = 100

// anchor returns an id for a heading that no other heading and no note has. text is
// the heading without names.
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
		// "fn" too, since the second such heading would be "fn-2".
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

func (a *analysis) mentions() []Mention {
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

func (a *analysis) footnote(d *noteDef, text lineTemplate) Footnote {
	note := Footnote{
		Number:   d.number,
		Label:    d.label,
		Anchor:   noteID(d.number),
		Markdown: a.noteMarkdown(d),
		Text:     text.withoutNames(),
		URLs:     d.urls,
		Line:     a.lines.line(offset(d)),
	}
	if len(d.cites) > 0 {
		note.Source, note.Locator = d.cites[0].slug, d.cites[0].locator
	}
	return note
}

// noteMarkdown returns the Markdown of a note. noteParser does not see the lines that
// continue a paragraph without an indent, so the end is taken from the tree.
func (a *analysis) noteMarkdown(d *noteDef) string {
	stop := max(d.stop, endOf(d))
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

// endOf returns the offset at which the last line of a block ends.
func endOf(n ast.Node) int {
	stop := 0
	if n.Type() == ast.TypeBlock {
		if l := n.Lines(); l.Len() > 0 {
			stop = l.At(l.Len() - 1).Stop
		}
		if h, ok := n.(*ast.HTMLBlock); ok && h.HasClosure() {
			stop = max(stop, h.ClosureLine.Stop)
		}
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			stop = max(stop, endOf(c))
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

// definitions returns the ranges of the definitions of notes in the text, in order.
func (a *analysis) definitions() [][2]int {
	var all [][2]int
	rest := 0
	for _, d := range a.all {
		start, stop := offset(d), max(d.stop, endOf(d))
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
