package editorial

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// Desk is the editorial service: it reads and writes drafts, and publishes them. It is
// safe for concurrent use.
type Desk struct {
	live   *projection.Live
	stores *store.Stores
	log    *slog.Logger
	now    func() time.Time

	prepared atomic.Bool // see Prepare
	jobs     *store.Jobs
}

// New returns the desk over the stores, which publishes to live. now is the
// clock. Schedules are carried out where jobs are run: see [Desk.UseJobs].
func New(stores *store.Stores, live *projection.Live, log *slog.Logger, now func() time.Time) *Desk {
	d := &Desk{live: live, stores: stores, log: log, now: now}
	d.UseJobs(stores.Jobs(log))
	return d
}

// Live is the projection that the desk publishes to.
func (d *Desk) Live() *projection.Live { return d.live }

// clock is the time of a transaction: UTC, to the microsecond, which is what
// both engines keep.
func (d *Desk) clock() time.Time { return d.now().UTC().Truncate(time.Microsecond) }

// SaveResult is the result of a save.
type SaveResult struct {
	ID      domain.ID
	Version int
	Created bool // the document is new
	Changed bool // a revision was written; false if the input equals what was stored

	// Warnings are about the document as it is now. A merge and an undelete have none.
	Warnings []Warning
}
