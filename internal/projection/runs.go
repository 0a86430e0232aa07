package projection

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// awaitLive is the longest time for which a publication waits for live. After that
// the publication is reported as pending, and the projector continues.
const awaitLive = 2 * time.Second

// runs runs the projector: in at most one goroutine of this process, which exists
// while there are runs to do. Requests never project, and wait for no more than the
// run that they asked for.
type runs struct {
	project func(context.Context) error
	// ctx is that of the goroutine, which outlives the requests that start it.
	ctx  context.Context
	stop context.CancelFunc

	mu      sync.Mutex
	next    *run // requested, and not started
	working bool
	ended   sync.WaitGroup
}

// run is one run of the projector. It brings live up to the log as of the start of
// the run, or later.
type run struct {
	done chan struct{} // closed at the end of the run
	err  error         // may be read after done is closed
}

func newRuns(project func(context.Context) error) *runs {
	p := &runs{project: project}
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p
}

// ask returns a run that has not started yet.
func (p *runs) ask() *run {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == nil {
		p.next = &run{done: make(chan struct{})}
	}
	next := p.next
	if !p.working {
		p.working = true
		p.ended.Go(p.work)
	}
	return next
}

func (p *runs) work() {
	for {
		p.mu.Lock()
		run := p.next
		p.next = nil
		p.working = run != nil
		p.mu.Unlock()
		if run == nil {
			return
		}
		if run.err = p.ctx.Err(); run.err == nil {
			run.err = p.project(p.ctx)
		}
		close(run.done)
	}
}

// close cancels the present run, and waits for its end.
func (p *runs) close() {
	p.stop()
	p.ended.Wait()
}

// Close ends the projection. It must be called before the stores
// are closed.
func (l *Live) Close() { l.runs.close() }

// Project brings live up to the publication log: it applies each release that live
// does not have yet, in order, each in a transaction of its own. It returns when
// that is done or has failed, or when ctx is done; then the run continues without
// the caller.
//
// Errors: KindConflict if live is no projection of this log; see [Live.Lag].
func (l *Live) Project(ctx context.Context) error {
	run := l.runs.ask()
	select {
	case <-run.done:
		return run.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// WithPatience sets for how long Await waits at most, in place of two seconds, and returns l. Tests that read
// what they have published wait for longer, since a machine may be busy.
func (l *Live) WithPatience(d time.Duration) *Live {
	l.patience = d
	return l
}

// Await waits until live shows an entry of the log, and reports whether it does. It
// waits for awaitLive at most, or for what WithPatience said, and for less if the deadline of ctx is near, so that
// there is time for the response.
func (l *Live) Await(ctx context.Context, sequence int64) bool {
	wait := l.patience
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		wait = min(wait, left-min(left/4, 250*time.Millisecond))
	}
	late := time.NewTimer(wait)
	defer late.Stop()
	run := l.runs.ask()
	// A version from before the run does not count: live may be ahead of the log,
	// and then the run applies nothing.
	version := l.Version()
	for {
		select {
		case <-l.Advanced(version):
			if version = l.Version(); version.Sequence >= sequence {
				return true
			}
		case <-run.done:
			return run.err == nil && l.Version().Sequence >= sequence
		case <-late.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// projectLog applies the log entries that live does not have yet. A live whose rebuild was interrupted while it was made anew is completed first.
func (l *Live) projectLog(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	for {
		at := l.now()
		live, log, err := l.compareWithLog(ctx)
		if err != nil || log.Identity == "" {
			return err // without an identity the log is not in use yet
		}
		if live.incomplete() {
			if err := l.completeLive(ctx); err != nil {
				return fmt.Errorf("make live anew: %w", err)
			}
			continue
		}
		if err := l.fillSeries(ctx); err != nil {
			return err
		}
		if live.history != 0 && live.log != "" {
			if err := l.confirm(ctx, live, at); err != nil {
				return err
			}
			if live.applied == log.Last {
				return nil
			}
		}
		if err := l.projectNext(ctx, live, log); err != nil {
			return fmt.Errorf("project: %w", err)
		}
	}
}

// Lag is the number of log entries that live has not yet applied.
//
// Errors: KindConflict if live is no projection of the log: live is ahead of the
// log, or belongs to another one, as after the desk was restored from a backup.
func (l *Live) Lag(ctx context.Context) (int64, error) {
	live, log, err := l.compareWithLog(ctx)
	return log.Last - live.applied, err
}

var numbers = regexp.MustCompile(`[0-9]+`)

// reportRun logs the result of a run if it differs from that of the last run.
func (l *Live) reportRun(ctx context.Context, err error) {
	failure := ""
	if err != nil {
		failure = numbers.ReplaceAllString(err.Error(), "") // without numbers: the lag in the message changes with each release
	}
	last := l.lastFailure.Swap(&failure)
	switch {
	case last != nil && *last == failure, last == nil && failure == "":
	case failure == "":
		l.log.InfoContext(ctx, "live is brought up to the publication log again")
	case errors.Is(err, domain.ErrConflict):
		l.log.ErrorContext(ctx, "live cannot apply the publication log; operator action is needed", "error", err)
	default:
		l.log.ErrorContext(ctx, "live lags behind the publication log; retrying", "error", err)
	}
}
