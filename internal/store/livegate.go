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
// snapshot costs one look at numbers in memory.
type liveGate struct {
	epoch   atomic.Int64 // what was seen in an earlier one does not count
	history atomic.Int64 // of the live that was made last, if it is known; 0: any
	servers []*liveServer
}

// liveServer is a server that live is read from, or a file.
type liveServer struct {
	gate     *liveGate
	complete atomic.Int64 // the epoch of the gate in which its live was seen to be complete
}

func newLiveGate() *liveGate {
	g := &liveGate{}
	g.epoch.Store(1)
	return g
}

// server returns another server that live is read from; nil if there is no gate. It is called while the stores are opened.
func (g *liveGate) server() *liveServer {
	if g == nil {
		return nil
	}
	s := &liveServer{gate: g}
	g.servers = append(g.servers, s)
	return s
}

// open reports whether live was seen to be complete on all servers. A nil gate is open.
func (g *liveGate) open() bool {
	if g == nil {
		return true
	}
	for _, s := range g.servers {
		if !s.open() {
			return false
		}
	}
	return true
}

// open reports whether live was seen to be complete there. A nil server has no gate.
func (s *liveServer) open() bool { return s == nil || s.complete.Load() == s.gate.epoch.Load() }

// LiveMayBeIncomplete says that no release was applied to live, or that this is not known, by what this process has just read, so
// that readers look again. A replica that lags may have the live that was lost, which is complete, and the one that is made anew
// thereafter. history is the identity of that; 0 where it is not known.
func (s *Stores) LiveMayBeIncomplete(history int64) {
	s.gate.history.Store(history)
	s.gate.epoch.Add(1)
}

// checkLive returns ErrLiveIncomplete if live is incomplete in the transaction of a snapshot, which has begun.
func (c *connection) checkLive(ctx context.Context) error {
	gate := c.connector.live.gate
	epoch := gate.epoch.Load()
	values := Values{}
	const width = 3
	if err := c.readValues(ctx, "SELECT applied_sequence, rebuild_sequence, history FROM projection", nil, width, false, &values); err != nil {
		return fmt.Errorf("read whether live is complete: %w", err)
	}
	if values.Len() < width {
		return nil // nothing was ever published
	}
	applied, staged, history := values.At(0).Int(), values.At(1).Int(), values.At(2).Int()
	if applied == 0 && staged > 0 {
		return ErrLiveIncomplete
	}
	if known := gate.history.Load(); applied > 0 && (known == 0 || history == known) {
		c.connector.live.complete.Store(epoch)
	}
	return nil
}
