package projection

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/store"
)

// Version is the version of live. The content of live is the same for as long as
// Sequence and AppliedAt are.
type Version struct {
	// Sequence is that of the last entry of the publication log that live shows.
	Sequence int64
	// AppliedAt is when that entry was applied. A rebuild of live changes it.
	AppliedAt time.Time
	// ConfirmedAt is when this process last read live at this version.
	ConfirmedAt time.Time
}

// Same reports whether live has the same content at both versions.
func (v Version) Same(other Version) bool {
	return v.Sequence == other.Sequence && v.AppliedAt.Equal(other.AppliedAt)
}

// versions holds the version that this process read last.
type versions struct {
	mu    sync.RWMutex
	last  Version
	steps []versionStep // the latest, without a gap, up to last
	moved chan struct{} // closed when live has moved on from last
}

// Version returns the version of live that this process read last: it is updated at
// once after a publication of this process, and within a second after one of another.
func (l *Live) Version() Version {
	l.versions.mu.RLock()
	defer l.versions.mu.RUnlock()
	return l.versions.last
}

// Advanced returns a channel that is closed when live is no longer at a version.
func (l *Live) Advanced(from Version) <-chan struct{} {
	l.versions.mu.RLock()
	defer l.versions.mu.RUnlock()
	if !l.versions.last.Same(from) {
		return closed
	}
	return l.versions.moved
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// confirm stores the version of live that was read at a time. It does not replace a
// later one. It is called by one goroutine at a time.
func (l *Live) confirm(ctx context.Context, p projection, at time.Time) error {
	seen := p.version()
	seen.ConfirmedAt = at
	var steps []Step
	from := l.Version()
	if from.Sequence < seen.Sequence && !from.AppliedAt.IsZero() {
		var err error
		if steps, err = l.readSteps(ctx, from, seen); err != nil {
			return err
		}
	}
	l.versions.mu.Lock()
	defer l.versions.mu.Unlock()
	last := l.versions.last
	if seen.Sequence < last.Sequence || seen.Sequence == last.Sequence && seen.AppliedAt.Before(last.AppliedAt) {
		return nil // a later version was confirmed since this one was read
	}
	l.versions.last = seen
	if !seen.Same(last) {
		l.versions.remember(from, seen, steps)
		close(l.versions.moved)
		l.versions.moved = make(chan struct{})
	}
	return nil
}

// remember stores the steps from one version to another as one, since this process knew
// none of the versions between. With none, anything may have changed.
func (v *versions) remember(from, to Version, steps []Step) {
	if steps == nil {
		v.steps = nil
		return
	}
	one := Step{}
	for _, s := range steps {
		one.Everything = one.Everything || s.Everything
		one.Keys = append(one.Keys, s.Keys...)
	}
	if v.steps = append(v.steps, versionStep{from, one}); len(v.steps) > rememberedSteps {
		v.steps = slices.Clone(v.steps[len(v.steps)-rememberedSteps:])
	}
}

// projection is the state of the projection as stored in live.
type projection struct {
	applied int64
	at      time.Time
	history int64  // the number of the history of changes; 0: none was begun
	log     string // the identity of the log; empty if none was stored
	hash    string // of the last entry that was applied; empty likewise
	staged  int64  // the last entry that an unfinished rebuild has staged; 0: there is none
}

// incomplete reports whether live was lost, and a rebuild that makes it anew has not ended: it has documents, but nobody may read it.
// The store knows the same condition, by which it refuses readers; see store.ErrLiveIncomplete.
func (p projection) incomplete() bool { return p.applied == 0 && p.staged > 0 }

func (p projection) version() Version { return Version{Sequence: p.applied, AppliedAt: p.at} }

// same reports whether nothing was applied between two reads.
func (p projection) same(other projection) bool {
	return p.applied == other.applied && p.at.Equal(other.at) && p.history == other.history && p.log == other.log && p.hash == other.hash
}

func readProjection(ctx context.Context, db store.Rows) (projection, error) {
	var p projection
	err := store.QueryRows(ctx, db, "SELECT applied_sequence, applied_at, history, log, entry_hash, rebuild_sequence FROM projection", nil,
		func(rows *sql.Rows) error {
			return rows.Scan(&p.applied, &p.at, &p.history, &p.log, &p.hash, &p.staged)
		})
	if err != nil {
		return p, fmt.Errorf("read how far live has come: %w", err)
	}
	p.at = p.at.UTC()
	return p, nil
}

// setApplied stores, in live, the entry of the log up to which live has applied it.
func (p *projector) setApplied(ctx context.Context, identity string, last *Entry, at time.Time) error {
	var sequence int64
	var hash string
	if last != nil {
		sequence, hash = last.Sequence, last.Hash()
	}
	_, err := p.tx.Exec(ctx, store.Bind(p.tx.Dialect(),
		"UPDATE projection SET applied_sequence = ?, applied_at = ?, log = ?, entry_hash = ? WHERE id = 1"), sequence, at, identity, hash)
	if err != nil {
		return fmt.Errorf("note how far live has come: %w", err)
	}
	return p.tx.Notify(ctx)
}
