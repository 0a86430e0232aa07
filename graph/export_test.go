package graph

import (
	"context"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/internal/domain"
)

// The bounds of the gate, with a credential and without.
var (
	MaxWaiting  = maxWaiting
	MaxPerPayer = maxPerPayer
)

// Gate lets a few dear operations run at once.
type Gate struct{ gate *gate }

// NewGate returns a gate with so many places.
func NewGate(places int) Gate { return Gate{&gate{free: places, payers: map[string]int{}}} }

// Enter waits for a place.
func (g Gate) Enter(ctx context.Context, v *domain.Viewer) (leave func(), refused *gqlerror.Error) {
	return g.gate.enter(ctx, v)
}

// Waiting is how many wait: with a credential, and without.
func (g Gate) Waiting() (with, without int) {
	g.gate.mu.Lock()
	defer g.gate.mu.Unlock()
	return len(g.gate.waiting[0]), len(g.gate.waiting[1])
}

// Free is how many places are free, and of how many payers something is known.
func (g Gate) Free() (places, payers int) {
	g.gate.mu.Lock()
	defer g.gate.mu.Unlock()
	return g.gate.free, len(g.gate.payers)
}
