package graph

import (
	"context"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
)

// What is light, and passes the gate unseen, takes some ten milliseconds at
// most. It is nearly all that frontends ask.
const (
	lightCost = 3_000
	lightText = 8 << 10 // bytes of a document that has to be parsed and validated
	lightNode = 2_000   // values in variables
)

// The bounds of the gate: first for those with a credential, then for those
// without.
var (
	maxWaiting  = [2]int{64, 16}
	maxPerPayer = [2]int{16, 4} // that wait or run
)

// maxWait is how long one waits for a place; the time to run begins after that.
const maxWait = 5 * time.Second

// gate lets a few dear operations run at once, so that however many are asked
// for, light ones find a processor, a connection to the store and memory.
// Those that must wait do so in two rows, in the order in which they came:
// whoever has no credential stands behind all that have one. Who finds the row
// full is sent away at once.
type gate struct {
	mu      sync.Mutex
	free    int
	waiting [2][]*waiter // with a credential, without
	payers  map[string]int
}

type waiter struct {
	admitted chan struct{} // closed when it is its turn
}

// newGate leaves half of the processors to light operations.
func newGate() *gate {
	return &gate{free: max(1, runtime.GOMAXPROCS(0)/2), payers: map[string]int{}}
}

// enter returns when the operation may run, and what to call when it has. It
// returns an error where it may not.
func (g *gate) enter(ctx context.Context, viewer *domain.Viewer) (leave func(), refused *gqlerror.Error) {
	if viewer.System {
		return func() {}, nil
	}
	payer, row := access.Payer(ctx, viewer), 1
	if viewer.CredentialID() != 0 {
		row = 0
	}
	leave = func() { g.leave(payer) }
	g.mu.Lock()
	if g.payers[payer] >= maxPerPayer[row] {
		g.mu.Unlock()
		return nil, busy(ctx, "too many large operations of yours are running or waiting")
	}
	if g.free > 0 {
		g.free--
		g.payers[payer]++
		g.mu.Unlock()
		return leave, nil
	}
	if len(g.waiting[row]) >= maxWaiting[row] {
		g.mu.Unlock()
		return nil, busy(ctx, "too many large operations are running")
	}
	w := &waiter{make(chan struct{})}
	g.waiting[row] = append(g.waiting[row], w)
	g.payers[payer]++
	g.mu.Unlock()

	late := time.NewTimer(maxWait)
	defer late.Stop()
	select {
	case <-w.admitted:
		return leave, nil
	case <-late.C:
	case <-ctx.Done():
	}
	if !g.give(row, w, payer) {
		return leave, nil // it was admitted in the same moment
	}
	return nil, busy(ctx, "too many large operations are running")
}

// give takes a waiter out of its row. It returns false where it has been
// admitted already.
func (g *gate) give(row int, w *waiter, payer string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, other := range g.waiting[row] {
		if other == w {
			g.waiting[row] = append(g.waiting[row][:i:i], g.waiting[row][i+1:]...)
			g.forget(payer)
			return true
		}
	}
	return false
}

func (g *gate) leave(payer string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(payer)
	for row := range g.waiting {
		if len(g.waiting[row]) > 0 {
			next := g.waiting[row][0]
			g.waiting[row] = g.waiting[row][1:]
			close(next.admitted) // and has the place
			return
		}
	}
	g.free++
}

func (g *gate) forget(payer string) {
	if g.payers[payer]--; g.payers[payer] == 0 {
		delete(g.payers, payer)
	}
}

// busyRetry is when to come again, in seconds.
const busyRetry = 5

func busy(ctx context.Context, why string) *gqlerror.Error {
	transport.Header(ctx).Set("Retry-After", strconv.Itoa(busyRetry))
	err := gqlerror.Errorf("%s; try again in a moment, or ask for less at once", why)
	err.Extensions = map[string]any{"code": codes[domain.KindUnavailable], "retryAfter": busyRetry}
	return err
}

// gated is an executor that parses and validates long documents, and reads
// large variables, behind the gate.
type gated struct {
	*executor.Executor
	guard *guard
}

func (e gated) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	if !e.guard.light(params) {
		viewer, err := domain.ViewerFrom(ctx)
		if err != nil {
			return &graphql.OperationContext{}, gqlerror.List{gqlerror.Wrap(err)}
		}
		leave, refused := e.guard.gate.enter(ctx, viewer)
		if refused != nil {
			return &graphql.OperationContext{}, gqlerror.List{refused}
		}
		defer leave()
	}
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
