package graph

import (
	"context"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/internal/domain"
)

// Gate lets some operations run at once.
type Gate struct{ gate *gate }

// NewGate returns a gate with so many places to run and to wait in.
func NewGate(places, perRow, perPayer int) Gate { return Gate{newGate(places, perRow, perPayer)} }

// Enter waits for a place.
func (g Gate) Enter(ctx context.Context, v *domain.Viewer) *gqlerror.Error {
	return g.gate.enter(ctx, v)
}

// Leave gives it back.
func (g Gate) Leave() { g.gate.leave() }

// Waiting is how many wait, and of how many payers.
func (g Gate) Waiting() (all, payers int) {
	g.gate.mu.Lock()
	defer g.gate.mu.Unlock()
	for _, r := range g.gate.rows {
		all, payers = all+r.n, payers+len(r.payers)
	}
	return all, payers
}

// Free is how many places are free.
func (g Gate) Free() int {
	g.gate.mu.Lock()
	defer g.gate.mu.Unlock()
	return g.gate.free
}

// MayBeKept reports whether answers with a root field may be kept.
func MayBeKept(rootField string) bool { return keptFields[rootField] }

// RecentFor is how long a look-up of a registered document is believed.
const RecentFor = recentFor
