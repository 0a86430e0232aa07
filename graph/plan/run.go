package plan

import (
	"context"
	"errors"

	"github.com/redthread-api/redthread/graph/bounded"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Runner runs plans.
type Runner struct {
	Reader   *read.Reader
	Renderer Renderer
	// EndsSnapshots says that the snapshot of a query may end with the last read of its plan.
	EndsSnapshots bool
}

// Run returns the data of the response, appended to dst. The context must be at the stage
// of the plan, and have the viewer. After an error the query has to be run by the executor.
func (p *Plan) Run(ctx context.Context, r Runner, variables map[string]any, dst []byte) ([]byte, error) {
	x := &execution{ctx: ctx, Runner: r, plan: p, variables: variables, buf: dst, start: len(dst), limit: bounded.Left(ctx)}
	if err := x.prepare(); err != nil {
		return dst, err
	}
	x.left = x.readsLeft()
	if err := x.query(); err != nil {
		if errors.Is(err, store.ErrSnapshotEnded) {
			p.keepsSnapshot.Store(true)
		}
		return dst, err
	}
	p.responded(len(x.buf) - len(dst))
	return x.buf, nil
}

// prepare evaluates all arguments. It returns an error where one is wrong, before anything
// is read: the executor would read again what a plan had read.
func (x *execution) prepare() error {
	x.args = make([]map[string]any, len(x.plan.args))
	for i, a := range x.plan.args {
		var err error
		if x.args[i], err = a.values(x.plan.schema, x.variables); err != nil {
			return err
		}
	}
	x.pages = make([]*read.Listing, len(x.plan.pages))
	for i, e := range x.plan.pages {
		values := x.args[e.args]
		var err error
		if x.pages[i], err = e.of(values).Listing(x.ctx, x.Reader, connectionArguments(values)); err != nil {
			return err
		}
	}
	x.lists = make([]*read.Listing, len(x.plan.roots))
	for i := range x.plan.roots {
		r := &x.plan.roots[i]
		if r.list == nil {
			continue
		}
		var err error
		if x.lists[i], err = x.Reader.Listing(x.ctx, r.rows.table, connectionArguments(x.args[r.args])); err != nil {
			return err
		}
	}
	return nil
}

// execution is a plan that is being run.
type execution struct {
	Runner
	ctx       context.Context
	plan      *Plan
	variables map[string]any
	args      []map[string]any // by place in the plan
	pages     []*read.Listing  // of edges, by place in the plan
	lists     []*read.Listing  // of roots; nil for others
	buf       []byte
	start     int
	limit     int // bytes that the response may have; negative: any number
	left      int // reads that may be to come
}

// batch is rows that were read together, with what was read for them since.
type batch struct {
	source *source
	rows   *read.Rows
	ids    []int64 // of the rows, each once; made when first needed
	edges  []edgeBatch
	names  []any // by text of the source; nil: not read yet
}

// edgeBatch is what an edge leads to from all rows of a batch.
type edgeBatch struct {
	listing *read.Listing
	targets *batch
	byID    map[int64]int32 // of one: the row by its number
	groups  groups          // of a list or page: the rows by owner
	counts  map[domain.ID]int
	cursor  int // column
}

// groups are rows by their owner.
type groups struct {
	rows   []int32 // those of one owner together, in their order
	ends   []int32 // of each owner, in rows
	owners map[int64]int32
}

func groupByOwner(rows *read.Rows) groups {
	n := rows.Len()
	g := groups{rows: make([]int32, n), owners: map[int64]int32{}}
	owners := make([]int32, n)
	for i := range n {
		o, ok := g.owners[rows.Owner(i)]
		if !ok {
			o = int32(len(g.ends))
			g.owners[rows.Owner(i)] = o
			g.ends = append(g.ends, 0)
		}
		owners[i] = o
		g.ends[o]++
	}
	next := make([]int32, len(g.ends))
	for o, start := 0, int32(0); o < len(next); o++ {
		next[o] = start
		start += g.ends[o]
		g.ends[o] = start
	}
	for i, o := range owners {
		g.rows[next[o]] = int32(i)
		next[o]++
	}
	return g
}

// of returns the rows of an owner.
func (g groups) of(owner int64) []int32 {
	o, ok := g.owners[owner]
	if !ok {
		return nil
	}
	start := int32(0)
	if o > 0 {
		start = g.ends[o-1]
	}
	return g.rows[start:g.ends[o]]
}

func newBatch(s *source, rows *read.Rows) *batch {
	b := &batch{source: s, rows: rows}
	if len(s.edges) > 0 {
		b.edges = make([]edgeBatch, len(s.edges))
	}
	if len(s.texts) > 0 {
		b.names = make([]any, len(s.texts))
	}
	return b
}

// owners returns the numbers of the rows, each once.
func (b *batch) owners() []int64 {
	if b.ids != nil {
		return b.ids
	}
	n := b.rows.Len()
	b.ids = make([]int64, 0, n)
	if n == 1 {
		b.ids = append(b.ids, b.rows.ID(0))
		return b.ids
	}
	seen := make(map[int64]struct{}, n)
	for i := range n {
		id := b.rows.ID(i)
		if _, ok := seen[id]; !ok {
			seen[id] = struct{}{}
			b.ids = append(b.ids, id)
		}
	}
	return b.ids
}

// one returns the edge of a batch that leads to one row; it is read at the first call.
func (x *execution) one(b *batch, i int) (*edgeBatch, error) {
	e, loaded := b.source.edges[i], &b.edges[i]
	if loaded.targets != nil {
		return loaded, nil
	}
	ids := []int64{}
	seen := map[int64]struct{}{}
	for row := range b.rows.Len() {
		id := b.rows.Value(row, e.column).Int()
		if _, known := seen[id]; id != 0 && !known {
			seen[id] = struct{}{}
			ids = append(ids, id)
		}
	}
	rows, err := x.Reader.RowsByID(x.ctx, e.relation.To, e.rows.columns, ids, x.isLast())
	if err != nil {
		return nil, err
	}
	x.found(e.rows, rows)
	loaded.byID = make(map[int64]int32, rows.Len())
	for row := range rows.Len() {
		loaded.byID[rows.ID(row)] = int32(row)
	}
	loaded.targets = newBatch(e.rows, rows)
	return loaded, nil
}

// list returns the edge of a batch that leads to lists; it is read at the first call.
func (x *execution) list(b *batch, i int) (*edgeBatch, error) {
	e, loaded := b.source.edges[i], &b.edges[i]
	if loaded.targets != nil {
		return loaded, nil
	}
	rows, err := e.relation.Rows(x.ctx, x.Reader, e.rows.columns, b.owners(), x.isLast())
	if err != nil {
		return nil, err
	}
	x.found(e.rows, rows)
	loaded.groups = groupByOwner(rows)
	loaded.targets = newBatch(e.rows, rows)
	return loaded, nil
}

// page returns the edge of a batch that leads to connections, of which nothing is read
// yet.
func (x *execution) page(b *batch, i int) *edgeBatch {
	e, loaded := b.source.edges[i], &b.edges[i]
	if loaded.listing != nil {
		return loaded
	}
	loaded.listing = x.pages[e.listing]
	loaded.listing.Record(x.ctx, b.owners())
	return loaded
}

// load reads the pages of a connection for all rows of a batch; at the first call only.
func (x *execution) load(loaded *edgeBatch, rows *source, owners []int64) error {
	if loaded.targets != nil {
		return nil
	}
	read, cursor, err := loaded.listing.Rows(x.ctx, rows.columns, owners, x.isLast())
	if err != nil {
		return err
	}
	x.found(rows, read)
	if owners != nil {
		loaded.groups = groupByOwner(read)
	}
	loaded.targets, loaded.cursor = newBatch(rows, read), cursor
	return nil
}

// count returns the number of rows of a connection of an owner; 0 stands for all rows.
func (x *execution) count(loaded *edgeBatch, owners []int64, owner int64) (int, error) {
	if loaded.counts == nil {
		x.isLast() // not with this one, which may take several statements
		var err error
		if loaded.counts, err = loaded.listing.Counts(x.ctx, owners); err != nil {
			return 0, err
		}
	}
	return loaded.counts[domain.ID(owner)], nil
}

// namesIn returns what the texts of a column name, in all rows of a batch.
func (x *execution) namesIn(b *batch, i int) (any, error) {
	if b.names[i] != nil {
		return b.names[i], nil
	}
	t := b.source.texts[i]
	texts := make([]string, 0, b.rows.Len())
	seen := map[int64]struct{}{}
	for row := range b.rows.Len() {
		id := b.rows.ID(row)
		if _, known := seen[id]; known {
			continue
		}
		seen[id] = struct{}{}
		if v := b.rows.Value(row, t.column); v.Kind == store.Text {
			texts = append(texts, string(v.Text))
		}
	}
	names, err := x.Renderer.Names(x.ctx, x.Reader, texts, t.plain)
	b.names[i] = names
	return names, err
}
