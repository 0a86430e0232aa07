package graph

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"entgo.io/ent/dialect"
	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
)

// What is light takes some ten milliseconds at most. It is nearly all that
// frontends ask.
const (
	lightCost = 3_000
	lightText = 2 << 10 // bytes of a document that has to be parsed and validated
	lightNode = 500     // values in variables
)

// maxWait is how long an operation waits for its turn. The time that it has to
// run begins after that.
const maxWait = 5 * time.Second

// lanes keep dear operations from taking all that the light ones need.
type lanes struct{ light, dear *gate }

// newLanes lets dear operations have half of the processors. Of light ones it
// runs as many at once as keep the rest, and the stores, busy: more would only
// wait for each other, and for longer.
func newLanes(engine string) lanes {
	n := runtime.GOMAXPROCS(0)
	light := max(4, 2*n)
	if engine == dialect.Postgres {
		light *= 2 // most of the time they wait for another machine
	}
	return lanes{
		light: newGate(light, 500, 100),
		dear:  newGate(max(1, n/2), 32, 8),
	}
}

// gate lets some operations run at once. The others wait in two rows: whoever
// has no credential stands behind all that have one. In each row payers take
// turns, so that it is of no use to ask for more at once than others do. Who
// finds the row full is sent away.
type gate struct {
	mu       sync.Mutex
	free     int
	rows     [2]row // with a credential, without
	perRow   int    // that wait
	perPayer int    // that wait
}

// row is who waits, by payer. The payer whose turn it is comes first.
type row struct {
	payers []*payer
	n      int // of all that wait
}

type payer struct {
	name    string
	waiting []*waiter
}

type waiter struct {
	admitted chan struct{} // closed when it is its turn
}

func newGate(places, perRow, perPayer int) *gate {
	return &gate{free: places, perRow: perRow, perPayer: perPayer}
}

// enter returns nil when the operation may run; it has to leave in the end.
// Where it is not to run, enter returns the reason.
func (g *gate) enter(ctx context.Context, viewer *domain.Viewer) *gqlerror.Error {
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return nil
	}
	r := &g.rows[1]
	if viewer.CredentialID() != 0 {
		r = &g.rows[0]
	}
	p := r.payer(access.Payer(ctx, viewer))
	if r.n >= g.perRow || len(p.waiting) >= g.perPayer {
		g.mu.Unlock()
		return busy(ctx)
	}
	w := &waiter{make(chan struct{})}
	r.add(p, w)
	g.mu.Unlock()

	late := time.NewTimer(maxWait)
	defer late.Stop()
	select {
	case <-w.admitted:
		return nil
	case <-late.C:
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !r.remove(p, w) {
		return nil // it was admitted in the same moment
	}
	return busy(ctx)
}

// leave gives the place to who is next.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.rows {
		if w := g.rows[i].next(); w != nil {
			close(w.admitted)
			return
		}
	}
	g.free++
}

// payer returns the payer of a name: one that waits, or a new one.
func (r *row) payer(name string) *payer {
	for _, p := range r.payers {
		if p.name == name {
			return p
		}
	}
	return &payer{name: name}
}

func (r *row) add(p *payer, w *waiter) {
	if len(p.waiting) == 0 {
		r.payers = append(r.payers, p)
	}
	p.waiting = append(p.waiting, w)
	r.n++
}

// next takes out whose turn it is; nil where nobody waits. Their payer, if it
// has more to run, is then last.
func (r *row) next() *waiter {
	if r.n == 0 {
		return nil
	}
	p := r.payers[0]
	w := p.waiting[0]
	p.waiting = p.waiting[1:]
	r.n--
	r.payers = append(r.payers[:0:0], r.payers[1:]...)
	if len(p.waiting) > 0 {
		r.payers = append(r.payers, p)
	}
	return w
}

// remove takes out one that goes away. It returns false where it isn't there.
func (r *row) remove(p *payer, w *waiter) bool {
	i := slices.Index(p.waiting, w)
	if i < 0 {
		return false
	}
	p.waiting = slices.Delete(p.waiting, i, i+1)
	r.n--
	if len(p.waiting) == 0 {
		r.payers = slices.DeleteFunc(r.payers, func(other *payer) bool { return other == p })
	}
	return true
}

// busyRetry is when to come again, in seconds.
const busyRetry = 5

func busy(ctx context.Context) *gqlerror.Error {
	transport.Header(ctx).Set("Retry-After", strconv.Itoa(busyRetry))
	err := gqlerror.Errorf("too much is being asked for at once; try again in a moment, or ask for less")
	err.Extensions = map[string]any{"code": codes[domain.KindUnavailable], "retryAfter": busyRetry}
	return err
}

// gated is an executor that reads, parses and validates operations when it is
// their turn.
type gated struct {
	*executor.Executor
	guard *guard
}

func (e gated) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	viewer, err := domain.ViewerFrom(ctx)
	if err != nil || viewer.System {
		return e.Executor.CreateOperationContext(ctx, params)
	}
	lane := e.guard.lanes.dear
	if e.guard.light(params) {
		lane = e.guard.lanes.light
	}
	if refused := lane.enter(ctx, viewer); refused != nil {
		return &graphql.OperationContext{}, gqlerror.List{refused}
	}
	defer lane.leave()
	return e.Executor.CreateOperationContext(ctx, params)
}

// light says whether a request can be read in no time: its document is short,
// or known already, and so are its variables.
func (g *guard) light(params *graphql.RawParams) bool {
	if len(params.Query) > lightText && !g.shapes.Contains(params.Query) {
		return false
	}
	return values(params.Variables, lightNode) > 0
}

// values returns how many of some values are left when those of a JSON value,
// and in it, are taken from them; once none is left it goes no further.
func values(v any, left int) int {
	if left--; left <= 0 {
		return left
	}
	switch v := v.(type) {
	case map[string]any:
		for _, v := range v {
			if left = values(v, left); left <= 0 {
				return left
			}
		}
	case []any:
		for _, v := range v {
			if left = values(v, left); left <= 0 {
				return left
			}
		}
	}
	return left
}
