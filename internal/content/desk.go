package content

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Desk is where staff work. It is safe for concurrent use.
type Desk struct {
	stores *store.Stores
	log    *slog.Logger
	now    func() time.Time

	projecting sync.Mutex // one projector at a time in this process
	versions   versions   // how far live has come

	tails [clearances]tail // the ends of the change feeds
	wake  chan struct{}    // tells Run to look again
	jobs  *store.Jobs
}

// New returns the desk over the stores. now is the clock. Schedules are carried
// out where jobs are run: see [Desk.UseJobs].
func New(stores *store.Stores, log *slog.Logger, now func() time.Time) *Desk {
	d := &Desk{stores: stores, log: log, now: now, wake: make(chan struct{}, 1),
		versions: versions{moved: make(chan struct{})}}
	d.UseJobs(stores.Jobs(log))
	return d
}

// clock is the time of a transaction: UTC, to the microsecond, which is what
// both engines keep.
func (d *Desk) clock() time.Time { return d.now().UTC().Truncate(time.Microsecond) }

// Saved is what became of a save.
type Saved struct {
	ID      domain.ID
	Version int
	Created bool // the document is new
	Changed bool // a revision was written; false when the input says what was there
}

// finish projects what a transaction appended to the log. The transaction is
// durable by now: if live cannot be brought up at once, that is logged, tried
// again by Run, and reported as false.
func (d *Desk) finish(ctx context.Context, appended bool) bool {
	if !appended {
		return true
	}
	// The client may hang up; the publication goes on.
	if err := d.Project(context.WithoutCancel(ctx)); err != nil {
		d.log.ErrorContext(ctx, "live lags behind the publication log", "error", err)
		return false
	}
	return true
}
