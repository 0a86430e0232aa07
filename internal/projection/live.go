package projection

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// Live is the projection of the publication log: what is published. It is safe
// for concurrent use. [Live.Close] ends it.
type Live struct {
	stores *store.Stores
	log    *slog.Logger
	now    func() time.Time

	runs        *runs
	writing     sync.Mutex             // held while this process writes to live: by a run, or a rebuild
	lastFailure atomic.Pointer[string] // the failure of a run that was logged last
	versions    versions               // the version of live

	seriesFilled bool // see fillSeries; guarded by writing

	buffers [visibility.Clearances]buffer // the newest changes
	wake    chan struct{}                 // makes Run project now

	pauses      func(time.Duration) time.Duration // of Run; shortened in tests
	patience    time.Duration                     // of Await
	staged      int                               // of how many entries of the log a rebuild looks at the documents at once
	stagingTime time.Duration                     // how long a transaction of a rebuild stages documents
}

// New returns the projection of the publication log in the stores. now is the clock.
func New(stores *store.Stores, log *slog.Logger, now func() time.Time) *Live {
	l := &Live{stores: stores, log: log, now: now, wake: make(chan struct{}, 1),
		versions: versions{moved: make(chan struct{})},
		pauses:   func(d time.Duration) time.Duration { return d },
		patience: awaitLive,
		staged:   aggregate.MaxBatch, stagingTime: stagingTime}
	l.runs = newRuns(func(ctx context.Context) error {
		err := l.projectLog(ctx)
		if ctx.Err() == nil {
			l.reportRun(ctx, err)
		}
		return err
	})
	return l
}

// clock is the time of a transaction: UTC, to the microsecond, which is what
// both engines keep.
func (l *Live) clock() time.Time { return l.now().UTC().Truncate(time.Microsecond) }
