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

	writing *store.WriteBehind

	mu      sync.Mutex
	noted   map[note]*tally
	dropped int // of kinds beyond maxNoted
}

// note is one kind of thing that happened to one actor.
type note struct {
	who    actor
	action Action
	// What is left of an entry, as it is comparable.
	subject, detail string
}

type tally struct {
	first    time.Time
	times    int
	failures int // to write it, although the database answered
}

const (
	// maxNoted bounds the kinds that are gathered at a time.
	maxNoted = 1000
	// gatherFor is how long kinds gather before they are written.
	gatherFor = 10 * time.Second
	// maxFailures is how often a kind is tried to be written that the database
	// refuses.
	maxFailures = 10
)

// NewNotes returns notes of which none are taken yet. now is the clock.
func NewNotes(stores *store.Stores, log *slog.Logger, now func() time.Time) *Notes {
	n := &Notes{stores: stores, log: log, now: now, noted: map[note]*tally{}}
	n.writing = store.NewWriteBehind(store.WriteBehind{What: "notes for the audit log", Write: n.Flush, Gather: gatherFor, Log: log})
	return n
}

// Note takes note of something. Actor, network and request are those of ctx.
// It does not wait for the database. What was noted is lost if the program is
// killed before it is written.
func (n *Notes) Note(ctx context.Context, e Entry) {
	w, err := actorFrom(ctx)
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
	n.writing.Wake()
}

// Run writes what is noted, until ctx is done; then it writes what is left and
// returns nil. What cannot be written is logged and tried again, after a pause
// that gets longer up to five minutes. What the database refuses for itself
// keeps nothing else from being written, and is given up after ten times.
func (n *Notes) Run(ctx context.Context) error { return n.writing.Run(ctx) }

// further is what is noted of kinds beyond maxNoted.
var further = note{who: actor{name: domain.SystemName("audit")}, action: RefuseRight, detail: "refusals of further kinds, too many to tell apart"}

// Flush writes what Run would write, now.
func (n *Notes) Flush(ctx context.Context) error {
	n.mu.Lock()
	noted, dropped := n.noted, n.dropped
	n.noted, n.dropped = map[note]*tally{}, 0
	n.mu.Unlock()
	kinds := slices.SortedFunc(maps.Keys(noted), func(a, b note) int { return noted[a].first.Compare(noted[b].first) })
	if dropped > 0 {
		noted[further] = &tally{first: n.now().UTC().Truncate(time.Microsecond), times: dropped}
		kinds = append(kinds, further)
	}
	if len(kinds) == 0 {
		return nil
	}
	left, err := store.WriteAll(ctx, n.stores, kinds, func(ctx context.Context, tx *store.Tx, key note) error {
		t := noted[key]
		return appendEntry(ctx, tx, t.first, key.who, Entry{Action: key.action, Subject: key.subject, Detail: key.detail}, t.times)
	})
	if err == nil {
		return nil
	}
	refused := ctx.Err() == nil && domain.KindOf(err) != domain.KindUnavailable
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, key := range left {
		t := noted[key]
		if refused {
			t.failures++
		}
		again := n.noted[key]
		switch {
		case t.failures >= maxFailures:
			n.log.ErrorContext(ctx, "a note for the audit log is given up", "action", string(key.action), "actor", key.who.name,
				"subject", key.subject, "detail", key.detail, "times", t.times, "first", t.first, "error", err)
		case again != nil:
			again.first, again.times, again.failures = t.first, again.times+t.times, t.failures
		case key != further && len(n.noted) < maxNoted:
			n.noted[key] = t
		default:
			n.dropped += t.times
		}
	}
	return fmt.Errorf("write notes for the audit log: %w", err)
}
