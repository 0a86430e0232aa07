package content

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Desk is where staff work. It is safe for concurrent use.
type Desk struct {
	*Live

	stores *store.Stores
	log    *slog.Logger
	now    func() time.Time

	prepared atomic.Bool // see Prepare
	jobs     *store.Jobs
}

// NewDesk returns the desk over the stores, which publishes to live. now is the
// clock. Schedules are carried out where jobs are run: see [Desk.UseJobs].
func NewDesk(stores *store.Stores, live *Live, log *slog.Logger, now func() time.Time) *Desk {
	d := &Desk{Live: live, stores: stores, log: log, now: now}
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

func New(stores *store.Stores, log *slog.Logger, now func() time.Time) *Desk {
	return NewDesk(stores, NewLive(stores, log, now), log, now)
}
