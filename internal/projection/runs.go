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

// awaitLive bounds how long a publication waits for live. What is late is
// reported as pending, and goes on.
const awaitLive = 2 * time.Second

// runs runs the projector: in one goroutine of this process at most,
// which is there while there is something to do. Requests never project, and
// never wait for more than they want.
type runs struct {
	project func(context.Context) error
	// ctx is that of the goroutine, which outlives the requests that ask for it.
	ctx  context.Context
	stop context.CancelFunc

	mu      sync.Mutex
	next    *run // asked for, and not begun
	working bool
	ended   sync.WaitGroup
}

// run brings live up to the log as the log is when the run begins, or
// later.
type run struct {
	done chan struct{} // closed when it has ended
	err  error         // may be read then
}

func newRuns(project func(context.Context) error) *runs {
	p := &runs{project: project}
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p
}

// ask returns a run that has yet to begin.
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

// close ends the run that is under way, and waits for that.
func (p *runs) close() {
	p.stop()
	p.ended.Wait()
}

// Close ends the projection. It must be called before the stores
// are closed.
func (l *Live) Close() { l.runs.close() }

// Project brings live up to the publication log: each release that live has
// not yet seen, in order, in a transaction of its own. It returns when that is
// done, or has failed, or ctx is done; then it goes on without the caller.
//
// Errors: KindConflict where live is no projection of this log; see [Live.Lag].
func (l *Live) Project(ctx context.Context) error {
	run := l.runs.ask()
	select {
	case <-run.done:
		return run.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Await waits until live shows an entry of the log, and reports whether it
// does: for awaitLive at most, and for less where ctx has less left, so that
// there is time to answer.
func (l *Live) Await(ctx context.Context, sequence int64) bool {
	wait := awaitLive
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		wait = min(wait, left-min(left/4, 250*time.Millisecond))
	}
	late := time.NewTimer(wait)
	defer late.Stop()
	run := l.runs.ask()
	// A version that was there before does not count: live may be ahead of the
	// log, and then nothing is applied.
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

// projectLog applies what live has not seen of the log.
func (l *Live) projectLog(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	for {
		at := l.now()
		live, log, err := l.compareWithLog(ctx)
		if err != nil || log.Identity == "" {
			return err // without an identity the log is not in use yet
		}
		if live.history != 0 && live.log != "" {
			l.confirm(live, at)
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
// Errors: KindConflict where live is no projection of the log: it is ahead of
// it, or of another one, as after a backup of the desk was put back.
func (l *Live) Lag(ctx context.Context) (int64, error) {
	live, log, err := l.compareWithLog(ctx)
	return log.Last - live.applied, err
}

var numbers = regexp.MustCompile(`[0-9]+`)

// reportRun logs how a run went, where that is another than the last
// time.
func (l *Live) reportRun(ctx context.Context, err error) {
	failure := ""
	if err != nil {
		failure = numbers.ReplaceAllString(err.Error(), "") // how far apart they are changes with each release
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
