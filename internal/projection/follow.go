package projection

import (
	"context"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// maxBuffered is how many changes are kept in memory for the followers of one
// clearance; keepBuffered is how many are left of them when there are more. A
// follower that is further behind reads from the store.
const (
	maxBuffered  = 4096
	keepBuffered = 2048
)

// replicaPause is the time until the next read if live is read from a replica that
// lags behind the primary.
const replicaPause = 100 * time.Millisecond

// buffer is the end of the feed of one clearance, shared by all its followers: each
// change is read once, whatever the number of followers. A follower has no queue, so
// that a slow one takes no memory but its own position.
type buffer struct {
	mu      sync.Mutex
	version Version  // the version of live up to which it was read
	from    Position // the changes begin after it
	changes []Change // is replaced, and appended to, but never changed
}

// ChangeBatch is a batch of changes of the feed after a position.
type ChangeBatch struct {
	Changes []Change
	// After is the position to continue from: after these changes, and after those
	// of other types than requested.
	After Position
	// Changed is closed when there may be more changes. It is nil if the batch has
	// changes: then poll again at once.
	Changed <-chan struct{}
}

// Poll returns the changes after a position, as [Live.Changes] does, or the channel
// to wait for. A zero position is the beginning.
func (l *Live) Poll(ctx context.Context, params ChangesParams) (ChangeBatch, error) {
	viewer, err := domain.Require(ctx, domain.ReadLive)
	if err != nil {
		return ChangeBatch{}, err
	}
	ctx = domain.WithStage(ctx, domain.Live)
	t := &l.buffers[min(viewer.Clearance, domain.Red)]
	for {
		version := l.Version()
		moved := l.Advanced(version)
		changes, upToDate, err := l.after(ctx, t, version, params)
		if err != nil {
			return ChangeBatch{}, err
		}
		if len(changes) == 0 {
			if !upToDate {
				moved = closeAfter(replicaPause)
			}
			return ChangeBatch{After: params.After, Changed: moved}, nil
		}
		params.After = changes[len(changes)-1].Position
		if params.Types != nil {
			changes = slices.DeleteFunc(slices.Clone(changes), func(c Change) bool {
				return !slices.Contains(params.Types, c.Document.Type())
			})
		}
		if len(changes) > 0 {
			return ChangeBatch{Changes: changes, After: params.After}, nil
		}
	}
}

// closeAfter returns a channel that is closed after a while.
func closeAfter(d time.Duration) <-chan struct{} {
	c := make(chan struct{})
	time.AfterFunc(d, func() { close(c) })
	return c
}

// Follow is [Live.Poll], and waits until there are changes. It returns ctx's
// error when ctx ends.
func (l *Live) Follow(ctx context.Context, params ChangesParams) (ChangeBatch, error) {
	for {
		batch, err := l.Poll(ctx, params)
		if err != nil || len(batch.Changes) > 0 {
			return batch, err
		}
		params.After = batch.After
		select {
		case <-batch.Changed:
		case <-ctx.Done():
			return ChangeBatch{}, ctx.Err()
		}
	}
}

// after returns changes of any type after a position, without waiting for more.
// upToDate is false if live could not be read at the version yet.
func (l *Live) after(ctx context.Context, t *buffer, version Version, params ChangesParams) (changes []Change, upToDate bool, err error) {
	t.mu.Lock()
	upToDate, err = l.extend(ctx, t, version)
	from, buffered := t.from, t.changes
	t.mu.Unlock()
	if err != nil {
		return nil, false, err
	}
	i := sort.Search(len(buffered), func(i int) bool { return params.After.Before(buffered[i].Position) })
	if params.After == from || i > 0 && buffered[i-1].Position == params.After {
		end := min(i+params.First, len(buffered))
		return buffered[i:end:end], upToDate, nil
	}
	// The position is further behind, or of another history.
	changes, err = l.Changes(ctx, ChangesParams{After: params.After, First: params.First})
	return changes, upToDate, err
}

// extend brings the buffer up to a version of live.
func (l *Live) extend(ctx context.Context, t *buffer, version Version) (upToDate bool, err error) {
	if t.version.Same(version) && t.from.history != 0 {
		return true, nil
	}
	ctx, done := l.stores.Snapshot(context.WithoutCancel(ctx)) // the buffer serves all followers
	defer done()
	live, err := l.liveAt(ctx)
	if err != nil {
		return false, err
	}
	if t.from.history != live.History {
		last, err := l.LastChange(ctx)
		if err != nil {
			return false, err
		}
		t.from, t.changes = last, nil
	}
	for {
		last := t.from
		if n := len(t.changes); n > 0 {
			last = t.changes[n-1].Position
		}
		more, err := l.Changes(ctx, ChangesParams{After: last, First: maxBuffered})
		if err != nil {
			return false, err
		}
		t.changes = append(t.changes, more...)
		if n := len(t.changes) - keepBuffered; len(t.changes) > maxBuffered {
			t.from = t.changes[n-1].Position
			t.changes = slices.Clone(t.changes[n:])
		}
		if len(more) < maxBuffered {
			break
		}
	}
	if upToDate = live.AppliedSequence >= version.Sequence; upToDate {
		t.version = version
	}
	return upToDate, nil
}
