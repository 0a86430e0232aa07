package store

import (
	"context"
	"time"
)

// afterCommits does work beside the writers after they have committed, in a goroutine of its own.
type afterCommits struct {
	committed chan struct{}
	stop      context.CancelFunc
	done      chan struct{}
}

// startAfterCommits begins to do work after commits. The next work is done no sooner than after the pause that work
// returns, once for all commits until then.
func startAfterCommits(work func(context.Context) (pause time.Duration)) *afterCommits {
	ctx, stop := context.WithCancel(context.Background())
	a := &afterCommits{committed: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	go a.run(ctx, work)
	return a
}

func (a *afterCommits) run(ctx context.Context, work func(context.Context) time.Duration) {
	defer close(a.done)
	for {
		select {
		case <-a.committed:
		case <-ctx.Done():
			return
		}
		pause := work(ctx)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// committedOne says that there was a commit. It does not block.
func (a *afterCommits) committedOne() {
	select {
	case a.committed <- struct{}{}:
	default:
	}
}

// close ends the work that is under way.
func (a *afterCommits) close() {
	a.stop()
	<-a.done
}
