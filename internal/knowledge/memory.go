package knowledge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// memory is the relationships of live in memory, where they are held.
type memory struct {
	// now is what is held; nil if nothing is.
	now atomic.Pointer[held]
	// wanted has a value after a read for which nothing is held, or another moment of live.
	wanted chan struct{}
	// refreshing is held while now is brought up to live.
	refreshing sync.Mutex

	fromMemory, fromDatabase atomic.Int64 // reads that can be answered from memory, by how they were
}

// want says that a read was not answered from memory.
func (m *memory) want() {
	select {
	case m.wanted <- struct{}{}:
	default:
	}
}

// ErrTooLarge is the error where the relationships of live need more memory than they may have.
var ErrTooLarge = errors.New("the relationships of live need more memory than they may have")

// Held says what is held in memory.
type Held struct {
	Relationships, Entities int
	Bytes                   int64
	// Read says that all relationships were read, not only what has changed.
	Read bool
}

// HoldParams say how to hold the relationships of live in memory.
type HoldParams struct {
	// Size is how many bytes they may take. While they are read or sorted anew they take up to twice as much.
	Size int64
	// Moved returns a channel that is closed once live has moved on from what it was at the call.
	Moved func() <-chan struct{}
	Log   *slog.Logger
}

const (
	// refreshPause is the shortest time between two times at which what is held is brought up to live.
	refreshPause = 20 * time.Millisecond
	// readPause is the shortest time from when all relationships were read until they are again, as times of how
	// long it took: releases that change all of live, one after the other, leave the processors to requests.
	readPause = 10
	// failedPause is the time after which it is tried again where it failed.
	failedPause = 30 * time.Second
)

// Hold keeps the relationships of live in memory until ctx is done: from the first read on that can be answered with
// them, and then brought up to each release. A read uses them where its snapshot of live is at the same moment, and the
// database otherwise, so what it returns does not depend on them. Where they are too many, it logs so and ends.
func (g *Graph) Hold(ctx context.Context, p HoldParams) error {
	var moved <-chan struct{}  // nil while nothing is held
	var again <-chan time.Time // when all may be read, if that is to be done
	var rested time.Time       // from when on they may be
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-g.memory.wanted:
		case <-moved:
		case <-again:
		}
		moved, again = p.Moved(), nil
		began := time.Now()
		is, err := g.bringUp(ctx, p.Size, !began.Before(rested))
		took := time.Since(began)
		pause := refreshPause
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errNotYet):
			again = time.After(time.Until(rested))
		case errors.Is(err, ErrTooLarge):
			p.Log.WarnContext(ctx, "relationships are not held in memory: there are too many", "relationships", is.Relationships, "bytes", is.Bytes, "most_bytes", p.Size)
			return nil
		case err != nil:
			p.Log.WarnContext(ctx, "relationships are not held in memory", "error", domain.Detail(err))
			moved, pause = nil, failedPause
		case is.Read:
			p.Log.InfoContext(ctx, "relationships held in memory", "relationships", is.Relationships, "entities", is.Entities, "bytes", is.Bytes, "ms", took.Milliseconds())
			rested = began.Add((1 + readPause) * took)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// errNotYet is the error where all relationships have to be read, and may not be.
var errNotYet = errors.New("not now")

// Refresh brings what is held in memory up to live, and returns what it is. size is how many bytes it may take: if that
// is too little, nothing is held, and the error is [ErrTooLarge].
func (g *Graph) Refresh(ctx context.Context, size int64) (Held, error) {
	return g.bringUp(ctx, size, true)
}

// bringUp is Refresh where all relationships may be read. Where they may not, what is held stays as it is if they had to be.
func (g *Graph) bringUp(ctx context.Context, size int64, mayRead bool) (Held, error) {
	g.memory.refreshing.Lock()
	defer g.memory.refreshing.Unlock()
	is, err := g.holdPresent(ctx, size, mayRead)
	if errors.Is(err, errNotYet) {
		return is, err
	}
	if err != nil {
		g.memory.now.Store(nil)
		return is, err
	}
	if h := g.memory.now.Load(); len(h.gone)+len(h.loose) > maxLoose {
		g.memory.now.Store(h.compact())
	}
	return is, nil
}

// maxLoose is how many relationships may be beside the tables before these are made anew.
const maxLoose = 4096

// holdPresent holds what live has in a snapshot of it.
func (g *Graph) holdPresent(ctx context.Context, size int64, mayRead bool) (Held, error) {
	ctx, end := g.stores.Snapshot(domain.WithStage(ctx, domain.Live))
	defer end()
	moment, err := projection.MomentOf(ctx, g.stores)
	if err != nil {
		return Held{}, err
	}
	next, err := g.later(ctx, g.memory.now.Load(), moment)
	if err != nil {
		return Held{}, err
	}
	read := next == nil
	if read && !mayRead {
		return Held{}, errNotYet
	}
	if read {
		g.memory.now.Store(nil) // so that there are not two of them
		is, err := g.count(ctx)
		if err == nil && is.Bytes > size {
			err = ErrTooLarge
		}
		if err != nil {
			return is, err
		}
		if next, err = g.readAll(ctx, moment, is.Relationships); err != nil {
			return Held{}, err
		}
	}
	is := Held{Relationships: next.relationships(), Entities: len(next.tables.ids) + len(next.extra), Bytes: next.bytes(), Read: read}
	if is.Bytes > size {
		return is, ErrTooLarge
	}
	g.memory.now.Store(next)
	return is, nil
}

// later returns the relationships at a moment, with those of an earlier one; nil if all have to be read. Of a
// replica that has come less far than another one, what is held is not taken back to it.
func (g *Graph) later(ctx context.Context, h *held, moment projection.Moment) (*held, error) {
	if h == nil {
		return nil, nil
	}
	if h.moment.Same(moment.Version) || moment.Sequence <= h.moment.Sequence && moment.AppliedAt.Before(h.moment.AppliedAt) {
		return h, nil
	}
	ids, known, err := projection.ChangedBetween(ctx, g.stores, domain.Relationship, h.moment, moment)
	if err != nil || !known || len(ids) > maxLoose {
		return nil, err
	}
	if len(ids) == 0 {
		return h.with(moment, nil, nil), nil
	}
	engine := g.stores.Dialect()
	rows, err := g.rows(ctx, "r.id"+store.InSet(engine), store.IDSet(engine, ids))
	if err != nil {
		return nil, err
	}
	return h.with(moment, ids, rows), nil
}

// count returns what holding the relationships of live takes at least.
func (g *Graph) count(ctx context.Context) (Held, error) {
	values, err := g.stores.ReadValues(ctx, "SELECT count(*) FROM relationships", nil, 1)
	if err != nil {
		return Held{}, fmt.Errorf("count the relationships: %w", err)
	}
	n := values.At(0).Int()
	return Held{Relationships: int(n), Bytes: n * edgeBytes}, nil
}

// rowsAtOnce is how many relationships one statement reads.
const rowsAtOnce = 20_000

// readAll reads all relationships, about so many.
func (g *Graph) readAll(ctx context.Context, moment projection.Moment, about int) (*held, error) {
	b := newTablesBuilder(about)
	for last := domain.ID(0); ; {
		rows, err := g.rows(ctx, "r.id > ?", int64(last))
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			b.add(r.word, r.from, r.to)
		}
		if len(rows) < rowsAtOnce {
			return &held{moment: moment, tables: b.build()}, nil
		}
		last = rows[len(rows)-1].word.id()
	}
}

// rows returns the first relationships that meet a condition, in the order of their ids, without those that no viewer sees.
func (g *Graph) rows(ctx context.Context, condition string, arg any) ([]heldRow, error) {
	const width = 6
	query := fmt.Sprintf("SELECT r.id, r.from_id, r.to_id, r.kind, r.confidence, r.%[1]s FROM relationships r WHERE %[2]s AND r.%[1]s <= %[3]d ORDER BY r.id LIMIT %[4]d",
		visibility.EffectiveMarking, condition, domain.Red, rowsAtOnce)
	values, err := g.stores.ReadValues(ctx, store.Bind(g.stores.Dialect(), query), []any{arg}, width)
	if err != nil {
		return nil, fmt.Errorf("read the relationships: %w", err)
	}
	rows := make([]heldRow, 0, values.Len()/width)
	for i := 0; i < values.Len(); i += width {
		at := func(n int) store.Value { return values.At(i + n) }
		w, err := wordOf(domain.ID(at(0).Int()), at(3).Text, at(4).Text, at(5).Int())
		if err != nil {
			return nil, err
		}
		rows = append(rows, heldRow{w, domain.ID(at(1).Int()), domain.ID(at(2).Int())})
	}
	return rows, nil
}

// view returns what passes a filter of the relationships in memory; nil where the read is one for the database: the
// filter has a day, what is held is of another moment than the snapshot of ctx, or ctx is one of the desk.
func (g *Graph) view(ctx context.Context, f Filter) (*view, error) {
	scope, err := visibility.ScopeOf(ctx)
	if err != nil || scope.Stage != domain.Live || f.At != "" {
		return nil, err
	}
	h := g.memory.now.Load()
	if h != nil {
		version, err := projection.VersionOf(ctx, g.stores)
		if err != nil {
			return nil, err
		}
		if h.moment.Same(version) {
			g.memory.fromMemory.Add(1)
			return &view{h, passingOf(f, scope.Clearance())}, nil
		}
	}
	g.memory.fromDatabase.Add(1)
	g.memory.want()
	return nil, nil
}
