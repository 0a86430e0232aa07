package content

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Desk is where staff work. It is safe for concurrent use. [Desk.Close] ends it.
type Desk struct {
	stores *store.Stores
	log    *slog.Logger
	now    func() time.Time

	prepared    atomic.Bool            // see prepare
	projections *projections           // what runs the projector
	projecting  sync.Mutex             // held by who writes to live: the projector, or a rebuild
	lastFailure atomic.Pointer[string] // of the projector, that was logged
	versions    versions               // how far live has come

	tails [clearances]tail // the ends of the change feeds
	wake  chan struct{}    // tells Run to look again
	jobs  *store.Jobs

	pauses func(time.Duration) time.Duration // of Run; shortened in tests
}

// New returns the desk over the stores. now is the clock. Schedules are carried
// out where jobs are run: see [Desk.UseJobs].
func New(stores *store.Stores, log *slog.Logger, now func() time.Time) *Desk {
	d := &Desk{stores: stores, log: log, now: now, wake: make(chan struct{}, 1),
		versions: versions{moved: make(chan struct{})},
		pauses:   func(d time.Duration) time.Duration { return d }}
	d.projections = newProjections(func(ctx context.Context) error {
		err := d.projectLog(ctx)
		if ctx.Err() == nil {
			d.reportProjection(ctx, err)
		}
		return err
	})
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

	// Warnings are about the document as it is now. A merge and an undelete have none.
	Warnings []Warning
}
