package audit

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Notes are entries that no transaction carries: what was refused, and by
// whom. They are gathered in memory and written by [Notes.Run]. It is safe for
// concurrent use.
type Notes struct {
	stores *store.Stores
	log    *slog.Logger
	now    func() time.Time

	mu      sync.Mutex
	noted   map[note]*tally
	dropped int
	wake    chan struct{}
}

// note is one kind of thing that happened to one actor.
type note struct {
	who    who
	action Action
	// What is left of an entry, as it is comparable.
	subject, detail string
}

type tally struct {
	first time.Time
	times int
}

const (
	// maxNoted bounds the kinds that are gathered at a time.
	maxNoted = 1000
	// gatherFor is how long kinds gather before they are written.
	gatherFor = 10 * time.Second
	// drainLimit bounds the last write, at the end.
	drainLimit = 5 * time.Second
)

// NewNotes returns notes of which none are taken yet. now is the clock.
func NewNotes(stores *store.Stores, log *slog.Logger, now func() time.Time) *Notes {
	return &Notes{stores: stores, log: log, now: now, noted: map[note]*tally{}, wake: make(chan struct{}, 1)}
}

// Note takes note of something. Actor, network and request are those of ctx.
// It does not wait for the database. What was noted is lost if the program is
// killed before it is written.
func (n *Notes) Note(ctx context.Context, e Entry) {
	w, err := whoOf(ctx)
	if err != nil {
		n.log.ErrorContext(ctx, "something cannot be noted for the audit log", "action", e.Action, "error", err)
		return
	}
	// The first request stands for all of its kind.
	request := w.request
	w.request = ""
	key := note{who: w, action: e.Action, subject: e.Subject, detail: e.Detail}
	n.mu.Lock()
	t := n.noted[key]
	isNew := t == nil && len(n.noted) < maxNoted
	switch {
	case t != nil:
		t.times++
	case isNew:
		n.noted[key] = &tally{first: n.now().UTC().Truncate(time.Microsecond), times: 1}
	default:
		n.dropped++
	}
	n.mu.Unlock()
	if isNew {
		n.log.InfoContext(ctx, "noted for the audit log", "action", string(e.Action), "subject", e.Subject, "detail", e.Detail, "request_id", request)
	}
	select {
	case n.wake <- struct{}{}:
	default: // Run has been told
	}
}

// Run writes what is noted, until ctx is done; then it writes what is left and
// returns nil. What cannot be written is logged and tried again.
func (n *Notes) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
			defer cancel()
			n.flush(last)
			return nil
		case <-n.wake:
		}
		select {
		case <-ctx.Done():
		case <-time.After(gatherFor):
			n.flush(ctx)
		}
	}
}

func (n *Notes) flush(ctx context.Context) {
	if err := n.Flush(ctx); err != nil && ctx.Err() == nil {
		n.log.WarnContext(ctx, "notes for the audit log could not be written", "error", err)
	}
}

// Flush writes what Run would write, now.
func (n *Notes) Flush(ctx context.Context) error {
	n.mu.Lock()
	noted, dropped := n.noted, n.dropped
	n.noted, n.dropped = map[note]*tally{}, 0
	n.mu.Unlock()
	if len(noted) == 0 {
		return nil
	}
	err := n.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		for _, key := range slices.SortedFunc(maps.Keys(noted), func(a, b note) int { return noted[a].first.Compare(noted[b].first) }) {
			t := noted[key]
			e := Entry{Action: key.action, Subject: key.subject, Detail: key.detail}
			if err := appendEntry(ctx, tx, t.first, key.who, e, t.times); err != nil {
				return err
			}
		}
		if dropped == 0 {
			return nil
		}
		e := Entry{Action: RefuseRight, Detail: "refusals of further kinds, too many to tell apart"}
		w := who{name: domain.SystemName("audit")}
		return appendEntry(ctx, tx, n.now().UTC().Truncate(time.Microsecond), w, e, dropped)
	})
	if err == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dropped += dropped
	for key, t := range noted {
		if again := n.noted[key]; again != nil {
			again.first, again.times = t.first, again.times+t.times
		} else if len(n.noted) < maxNoted {
			n.noted[key] = t
		}
	}
	return fmt.Errorf("write notes for the audit log: %w", err)
}
