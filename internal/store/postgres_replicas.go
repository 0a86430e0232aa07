package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

const (
	// measureInterval is how often each server that live is read from is measured.
	measureInterval = 250 * time.Millisecond
	// measureTimeout is after how long a server that does not answer counts as lost.
	measureTimeout = time.Second
	// lagGrace is for how long a server may be behind the others before reads avoid it.
	lagGrace = time.Second
	// nearFactor and nearMargin say which servers are as near as the nearest.
	nearFactor = 2
	nearMargin = 2 * time.Millisecond
)

// replicaSet is the servers that live is read from, where there are several: replicas,
// and at last the primary. It measures how far each is: whether and how soon it answers,
// and which release it has applied.
//
// Readers without rights on the desk are served by the nearest healthy replica that does
// not lag. The set stays with it, so that they do not go back in time: to an earlier
// sequence than the set has read before, it goes only where there is no other server.
// Staff are served by the primary, where they see what they have just written.
type replicaSet struct {
	log     *slog.Logger
	now     func() time.Time
	members []*replica // in an order of this process's own; the primary is the last
	stop    context.CancelFunc
	stopped sync.WaitGroup

	mu    sync.Mutex
	floor int64 // the highest sequence of a server that was picked
}

// replica is a server and its state, which the mutex of the set guards.
type replica struct {
	name    string
	db      *sql.DB
	primary bool

	healthy  bool
	sequence int64 // the last release that it has applied, when it was measured
	latency  time.Duration
	behind   time.Time // since when others have later releases; zero: they have not
}

// splitDSNs splits the addresses of live.
func splitDSNs(dsns string) []string {
	var all []string
	for dsn := range strings.SplitSeq(dsns, ";") {
		if dsn = strings.TrimSpace(dsn); dsn != "" {
			all = append(all, dsn)
		}
	}
	return all
}

// openReplicas opens the pool of reads of live from several servers. A replica that does
// not answer is no error: it may do so later.
func (s *Stores) openReplicas(ctx context.Context, c Config, dsns []string) (*pool, error) {
	primary, err := s.deskServer.pool(ctx, c, "live", readingLive)
	if err != nil {
		return nil, err
	}
	set := &replicaSet{log: s.log, now: time.Now}
	primary.replicas = set
	for _, dsn := range dsns {
		server, err := newPostgresServer(dsn)
		if err != nil {
			return primary, err
		}
		db := server.open(c, "live", readingLive)
		db.SetMaxOpenConns(primary.idle)
		db.SetMaxIdleConns(primary.idle)
		set.members = append(set.members, &replica{name: server.address(), db: db, healthy: true})
	}
	rand.Shuffle(len(set.members), func(i, j int) { set.members[i], set.members[j] = set.members[j], set.members[i] })
	set.members = append(set.members, &replica{name: s.deskServer.address(), db: primary.db, primary: true, healthy: true})
	set.measure(ctx)
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	set.stop = stop
	set.stopped.Go(func() { set.run(work) })
	return primary, nil
}

func (r *replicaSet) run(ctx context.Context) {
	tick := time.NewTicker(measureInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.measure(ctx)
		}
	}
}

// close ends the measuring and closes the connections to the replicas.
func (r *replicaSet) close() {
	if r.stop != nil {
		r.stop()
	}
	r.stopped.Wait()
	for _, m := range r.members {
		if !m.primary {
			_ = m.db.Close() // an error is of a connection that is lost
		}
	}
}

// measure asks all servers at once which release they have applied.
func (r *replicaSet) measure(ctx context.Context) {
	var all sync.WaitGroup
	for _, m := range r.members {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, measureTimeout)
			defer cancel()
			began := r.now()
			var sequence int64
			err := m.db.QueryRowContext(ctx, "SELECT coalesce(max(applied_sequence), 0) FROM projection").Scan(&sequence)
			if err != nil && m.primary && domain.KindOf(err) != domain.KindUnavailable && ctx.Err() == nil {
				err = nil // it is not migrated yet
			}
			r.measured(ctx, m, sequence, r.now().Sub(began), err)
		})
	}
	all.Wait()

	r.mu.Lock()
	defer r.mu.Unlock()
	var newest int64
	for _, m := range r.members {
		if m.healthy {
			newest = max(newest, m.sequence)
		}
	}
	for _, m := range r.members {
		switch {
		case m.sequence >= newest:
			m.behind = time.Time{}
		case m.behind.IsZero():
			m.behind = r.now()
		}
	}
}

// measured records what was measured of a server.
func (r *replicaSet) measured(ctx context.Context, m *replica, sequence int64, took time.Duration, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.lost(ctx, m, err)
		return
	}
	if !m.healthy {
		r.log.InfoContext(ctx, "a server that live is read from answers again", "server", m.name)
	}
	m.healthy, m.sequence = true, sequence
	if m.latency == 0 {
		m.latency = took
	}
	m.latency += (took - m.latency) / 8
}

// failed records that a read of a server has failed. Reads avoid it until it is measured
// to answer.
func (r *replicaSet) failed(ctx context.Context, m *replica, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost(ctx, m, err)
}

// ReplicaLag is how far behind a server is that live is read from.
type ReplicaLag struct {
	Name    string
	Primary bool
	Healthy bool
	Behind  int64 // releases that others have applied and it has not
}

// Replicas returns the servers that live is read from, where there are several.
func (s *Stores) Replicas() []ReplicaLag {
	if s.liveRead == nil || s.liveRead.replicas == nil {
		return nil
	}
	set := s.liveRead.replicas
	set.mu.Lock()
	defer set.mu.Unlock()
	var newest int64
	for _, m := range set.members {
		newest = max(newest, m.sequence)
	}
	var all []ReplicaLag
	for _, m := range set.members {
		all = append(all, ReplicaLag{m.name, m.primary, m.healthy, newest - m.sequence})
	}
	return all
}

func (r *replicaSet) lost(ctx context.Context, m *replica, err error) {
	if m.healthy {
		r.log.WarnContext(ctx, "a server that live is read from does not answer", "server", m.name, "error", domain.Detail(err))
	}
	m.healthy = false
}

// pick returns the server for a read of the viewer of ctx, which is not one of tried; nil
// if there is none.
func (r *replicaSet) pick(ctx context.Context, tried []*replica) *replica {
	r.mu.Lock()
	defer r.mu.Unlock()
	primary := r.members[len(r.members)-1]
	if viewer, err := domain.ViewerFrom(ctx); err == nil && viewer.May(domain.ReadDesk) {
		if slices.Contains(tried, primary) {
			return nil
		}
		return primary
	}
	var near time.Duration
	good := func(m *replica) bool {
		return m.healthy && !m.primary && m.sequence >= r.floor && !slices.Contains(tried, m) &&
			(m.behind.IsZero() || r.now().Sub(m.behind) <= lagGrace)
	}
	for _, m := range r.members {
		if good(m) && (near == 0 || m.latency < near) {
			near = m.latency
		}
	}
	for _, m := range r.members {
		if good(m) && m.latency <= near*nearFactor+nearMargin {
			r.floor = max(r.floor, m.sequence)
			return m
		}
	}
	if primary.healthy && !slices.Contains(tried, primary) {
		r.floor = max(r.floor, primary.sequence)
		return primary
	}
	// What is left is behind, or did not answer when it was last asked.
	var best *replica
	for _, m := range r.members {
		if !slices.Contains(tried, m) && (best == nil || m.healthy && !best.healthy || m.healthy == best.healthy && m.sequence > best.sequence) {
			best = m
		}
	}
	return best
}

// read runs a read on one server after another, until it works or fails for another
// reason than that the server cannot answer.
func (r *replicaSet) read(ctx context.Context, run func(*sql.DB) error) error {
	var tried []*replica
	var first error
	for {
		m := r.pick(ctx, tried)
		if m == nil {
			return first
		}
		err := translate(run(m.db))
		if err == nil || ctx.Err() != nil || domain.KindOf(err) != domain.KindUnavailable {
			return err
		}
		if first == nil {
			first = err
		}
		if !errors.Is(err, ErrLiveIncomplete) { // as it may be on one that is behind
			r.failed(ctx, m, err)
		}
		tried = append(tried, m)
	}
}
