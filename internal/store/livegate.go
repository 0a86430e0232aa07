package store

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/redthread-api/redthread/internal/domain"
)

// ErrLiveIncomplete is the error of reads of a live that was lost and is being made anew from the publication log: some of
// its documents are there already, and no reader sees a part of live.
var ErrLiveIncomplete = &domain.Error{Kind: domain.KindUnavailable, Message: "what is published is being made anew from the publication log; try again later"}

// liveGate keeps readers from a live that is incomplete. No release was applied to such a live, and a rebuild has staged
// documents in it. Once a release was applied it is complete for good, so a reader looks only until it has seen that: then a
// snapshot costs one look at a number in memory.
type liveGate struct {
	epoch atomic.Int64 // what was seen in an earlier one does not count
	seen  atomic.Int64 // the epoch in which some server was seen to be complete
}

func newLiveGate() *liveGate {
	g := &liveGate{}
	g.epoch.Store(1)
	return g
}

// open reports whether live was seen to be complete. A nil gate is open.
func (g *liveGate) open() bool { return g == nil || g.seen.Load() == g.epoch.Load() }

// LiveMayBeIncomplete says that no release was applied to live, by what this process has just read: so readers look again.
func (s *Stores) LiveMayBeIncomplete() { s.gate.epoch.Add(1) }

// guarded reports whether what the connection reads of live may be incomplete.
func (c *connection) guarded() bool {
	g := c.connector.gate
	return g != nil && c.connector.complete.Load() != g.epoch.Load()
}

// checkLive returns ErrLiveIncomplete if live is incomplete in the transaction of a snapshot, which has begun.
func (c *connection) checkLive(ctx context.Context) error {
	epoch := c.connector.gate.epoch.Load()
	values := Values{}
	const width = 2
	if err := c.readValues(ctx, "SELECT applied_sequence, rebuild_sequence FROM projection", nil, width, false, &values); err != nil {
		return fmt.Errorf("read whether live is complete: %w", err)
	}
	if values.Len() < width {
		return nil // nothing was ever published
	}
	switch applied, staged := values.At(0).Int(), values.At(1).Int(); {
	case applied > 0:
		c.connector.complete.Store(epoch)
		c.connector.gate.seen.Store(epoch)
	case staged > 0:
		return ErrLiveIncomplete
	}
	return nil
}
