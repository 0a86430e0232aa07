package read

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/visibility"
)

// Selection is the columns that are read of rows. The reader remembers the texts of the
// statements that have read them, and keeps the selection for as long: it should not be part
// of something larger. The zero value has no columns. It is safe for concurrent use, but for
// Add.
type Selection struct {
	columns []string
	// with has the selection with one more column, by its name.
	with atomic.Pointer[map[string]*Selection]
}

// Add adds a column, unless the selection has it, and returns where [Rows] have it. It must
// not be called after rows were read.
func (sel *Selection) Add(column string) int {
	i := slices.Index(sel.columns, column)
	if i < 0 {
		i = len(sel.columns)
		sel.columns = append(sel.columns, column)
	}
	return i + 1 // after the number of the row
}

// including returns the selection with a column, and where rows have it.
func (sel *Selection) including(column string) (with *Selection, at int) {
	if i := slices.Index(sel.columns, column); i >= 0 {
		return sel, i + 1
	}
	at = len(sel.columns) + 1
	known := sel.with.Load()
	if known != nil && (*known)[column] != nil {
		return (*known)[column], at
	}
	with = &Selection{columns: append(slices.Clip(sel.columns), column)}
	all := map[string]*Selection{column: with} // a request at the same time may lose its own
	if known != nil {
		for name, s := range *known {
			all[name] = s
		}
	}
	sel.with.Store(&all)
	return with, at
}

// maxTexts bounds the texts of a reader. One takes about 2 KB. The least recently used are
// dropped first.
const maxTexts = 4096

// text is the text of a statement over a selection. It is built by package sql from
// placeholders, whose places in the arguments are then known.
type text struct {
	query       string
	args        []any
	ids, slugs  []int // where args have the ids and the slug of a subject
	width       int
	ownerColumn int
}

// textKey is what the text of a statement and its constant arguments depend on.
type textKey struct {
	selection *Selection
	kind      textKind
	rel       *Relation // without its filter; nil where rows are read by themselves
	scope     visibility.Scope
	tracked   bool // markings are read
	several   bool // ids
	// filter, list, limit and backward are of a page.
	filter   string
	list     string
	limit    int
	backward bool
}

// maxFilterKey bounds the filters with which texts are remembered, in bytes of JSON.
const maxFilterKey = 512

// writtenFilter returns what the text of a page depends on by its filter: the values, which are
// constants in the text, and the way that each condition through a relation is written. It
// returns false where the filter is too long, or has what could be a placeholder.
func (p *plan) writtenFilter() (key string, ok bool) {
	if p.arguments == nil {
		return "", true
	}
	text, err := json.Marshal(p.arguments)
	if err != nil || Searches(p.arguments) || len(text) > maxFilterKey || bytes.Contains(text, noIDText) {
		return "", false
	}
	text = append(text, byte(p.seeks))
	for _, a := range p.accesses {
		text = append(text, byte(a.way))
		if a == p.walked {
			text = append(text, '*')
		}
	}
	return string(text), true
}

type textKind int

const (
	uncached   textKind = iota // the arguments are in the text, or too many texts are possible
	textBySlug                 // the row with a slug
	textByIDs                  // the rows with ids
	textList                   // what a relation leads to from owners
	textPage                   // a page of all rows, or pages of owners
	textWhole                  // the whole lists of owners, in no order
)

// subject is what a statement reads rows for, which differs from request to request.
type subject struct {
	ids  []int64 // of the rows, or of the owners
	slug string
}

// The placeholders of subjects. No row has the number, and no slug has the character.
const (
	noID   = math.MinInt64
	noSlug = "\x00"
)

// noIDText is noID as it is in an argument for several ids on SQLite.
var noIDText = []byte("-9223372036854775808")

// statement is a statement over the rows of a table that the viewer may see.
type statement struct {
	table   *Table
	key     textKey
	subject subject
	added   int  // columns that shape adds, of which the last is the owner
	last    bool // of its snapshot
	shape   func(subject) func(*sql.Selector)
}

// text returns the text of a statement, and its arguments.
func (r *Reader) text(ctx context.Context, st *statement) (*text, []any, error) {
	var err error
	st.key.scope = visibility.Scope{Stage: domain.StageFrom(ctx)}
	if st.table.Document.IsDocument() {
		if st.key.scope, err = visibility.ScopeOf(ctx); err != nil {
			return nil, nil, err
		}
	}
	if st.key.kind == uncached || st.key.rel != nil && st.key.rel.once {
		built, err := r.build(ctx, st, st.subject)
		if err != nil {
			return nil, nil, err
		}
		return built, built.args, nil
	}
	st.key.tracked, st.key.several = isTracked(ctx, st.table), len(st.subject.ids) != 1
	known, ok := r.texts.Get(st.key)
	if !ok {
		if known, err = r.build(ctx, st, st.subject.placeholder()); err != nil {
			return nil, nil, err
		}
		known.locate(r, st.key.kind)
		r.texts.Add(st.key, known)
	}
	args := slices.Clone(known.args)
	for _, at := range known.slugs {
		args[at] = st.subject.slug
	}
	for _, at := range known.ids {
		args[at] = r.idArgument(st.subject.ids)
	}
	return known, args, nil
}

// build builds the text of a statement.
func (r *Reader) build(ctx context.Context, st *statement, about subject) (*text, error) {
	s, err := r.statement(ctx, st.table)
	if err != nil {
		return nil, err
	}
	columns := st.key.selection.columns
	names := make([]string, 0, len(columns)+2)
	names = append(names, s.C(st.table.key()))
	for _, c := range columns {
		names = append(names, s.C(c))
	}
	if isTracked(ctx, st.table) {
		names = append(names, s.C(visibility.MarkingColumn(domain.StageFrom(ctx))))
	}
	s.Select(names...)
	st.shape(about)(s)
	built := &text{width: len(names) + st.added}
	built.query, built.args = s.Query()
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", st.table.Name, err)
	}
	if st.added > 0 {
		built.ownerColumn = built.width - 1
	}
	return built, nil
}

// placeholder returns the subject from which the text for a subject is built.
func (s subject) placeholder() subject {
	p := subject{slug: noSlug, ids: []int64{noID}}
	if len(s.ids) != 1 {
		p.ids = append(p.ids, noID)
	}
	return p
}

// locate finds the placeholders among the arguments of a text.
func (t *text) locate(r *Reader, kind textKind) {
	two := []int64{noID, noID}
	several, _ := r.engine.values(two).(string)
	for i, arg := range t.args {
		switch a := arg.(type) {
		case int64:
			if a == noID {
				t.ids = append(t.ids, i)
			}
		case []int64:
			if slices.Equal(a, two) {
				t.ids = append(t.ids, i)
			}
		case string:
			switch {
			case kind == textBySlug && a == noSlug:
				t.slugs = append(t.slugs, i)
			case a == several && several != "":
				t.ids = append(t.ids, i)
			}
		}
	}
}

// idArgument returns the argument for ids that [Reader.among] compares a column with.
func (r *Reader) idArgument(ids []int64) any {
	if len(ids) == 1 {
		return ids[0]
	}
	return r.engine.values(ids)
}
