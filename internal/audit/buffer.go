package audit

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Buffer is a write-behind buffer of entries that no transaction carries: what
// was refused, and to whom. Entries that differ in nothing but their request
// are written as one, with their number. It is safe for concurrent use.
type Buffer struct {
	log     *slog.Logger
	now     func() time.Time
	entries *store.WriteBehind[refusal, tally]
	counts  sync.Map // of Action to *atomic.Int64: all that were added
}

// refusal is what is the same for entries that are written as one.
type refusal struct {
	who    actor
	action Action
	// The rest of an entry that is comparable.
	subject, detail string
}

type tally struct {
	first time.Time
	times int
}

const (
	// maxBuffered bounds the different entries that wait.
	maxBuffered = 1000
	// writeDelay is how long entries gather before they are written.
	writeDelay = 10 * time.Second
	// maxFailures is how often the database may refuse an entry before it is
	// dropped.
	maxFailures = 10
)

// overflow stands for all entries beyond maxBuffered.
var overflow = refusal{who: actor{name: domain.SystemName("audit")}, action: RefuseRight, detail: "refusals of further kinds, too many to tell apart"}

// NewBuffer returns an empty buffer. now is the clock.
func NewBuffer(stores *store.Stores, log *slog.Logger, now func() time.Time) *Buffer {
	b := &Buffer{log: log, now: now}
	b.entries = store.NewWriteBehind(stores, log, store.WriteBehindConfig[refusal, tally]{
		What: "entries of the audit log", Write: b.write, GaveUp: b.gaveUp,
		Merge: func(a, b tally) tally {
			if b.first.Before(a.first) {
				a.first = b.first
			}
			return tally{a.first, a.times + b.times}
		},
		Compare: func(a, b tally) int { return a.first.Compare(b.first) },
		Delay:   writeDelay, MaxKeys: maxBuffered, Overflow: &overflow, MaxFailures: maxFailures,
	})
	return b
}

func (b *Buffer) clock() time.Time { return b.now().UTC().Truncate(time.Microsecond) }

// Add adds an entry. Actor, network and request are those of ctx. It does not
// wait for the database.
func (b *Buffer) Add(ctx context.Context, e Entry) {
	n, ok := b.counts.Load(e.Action)
	if !ok {
		n, _ = b.counts.LoadOrStore(e.Action, new(atomic.Int64))
	}
	n.(*atomic.Int64).Add(1)
	w, err := actorFrom(ctx)
	if err != nil {
		b.log.ErrorContext(ctx, "an entry of the audit log has no viewer", "action", e.Action, "error", err)
		return
	}
	// The first request stands for all that are written as one.
	request := w.request
	w.request = ""
	if b.entries.Add(refusal{who: w, action: e.Action, subject: e.Subject, detail: e.Detail}, tally{b.clock(), 1}) {
		b.log.InfoContext(ctx, "buffered for the audit log", "action", string(e.Action), "subject", e.Subject, "detail", e.Detail, "request_id", request)
	}
}

// Counts returns how many entries were added, by their actions.
func (b *Buffer) Counts() map[Action]int64 {
	counts := map[Action]int64{}
	b.counts.Range(func(action, n any) bool {
		counts[action.(Action)] = n.(*atomic.Int64).Load()
		return true
	})
	return counts
}

// Run writes entries until ctx is done; then it writes what is left and returns
// nil. What cannot be written is logged and tried again, after a pause that
// gets longer up to five minutes. An entry that the database refuses keeps no
// other from being written, and is dropped after ten times.
func (b *Buffer) Run(ctx context.Context) error { return b.entries.Run(ctx) }

// Flush writes at once what Run would write.
func (b *Buffer) Flush(ctx context.Context) error { return b.entries.Flush(ctx) }

func (b *Buffer) write(ctx context.Context, tx *store.Tx, r refusal, t tally) error {
	first := t.first
	if r == overflow {
		first = b.clock()
	}
	return appendEntry(ctx, tx, first, r.who, Entry{Action: r.action, Subject: r.subject, Detail: r.detail}, t.times)
}

func (b *Buffer) gaveUp(ctx context.Context, r refusal, t tally, err error) {
	b.log.ErrorContext(ctx, "an entry of the audit log is given up", "action", string(r.action), "actor", r.who.name,
		"subject", r.subject, "detail", r.detail, "times", t.times, "first", t.first, "error", err)
}
