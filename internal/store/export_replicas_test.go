package store

import (
	"context"
	"log/slog"
	"time"
)

// ReplicaState is the state of a server that live is read from.
type ReplicaState struct {
	Name     string
	Healthy  bool
	Sequence int64
	Latency  time.Duration
	Behind   time.Duration // for how long; 0: it is not
}

// PickReplica returns the name of the server that is picked for a read after so many
// others, of which the last is the primary; empty if there is none.
func PickReplica(ctx context.Context, floor int64, servers []ReplicaState, tried int) string {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	set := &replicaSet{log: slog.New(slog.DiscardHandler), now: func() time.Time { return now }, floor: floor}
	for i, s := range servers {
		m := &replica{name: s.Name, healthy: s.Healthy, sequence: s.Sequence, latency: s.Latency, primary: i == len(servers)-1}
		if s.Behind > 0 {
			m.behind = now.Add(-s.Behind)
		}
		set.members = append(set.members, m)
	}
	var picked []*replica
	for {
		m := set.pick(ctx, picked)
		switch {
		case m == nil:
			return ""
		case len(picked) == tried:
			return m.name
		}
		picked = append(picked, m)
	}
}
