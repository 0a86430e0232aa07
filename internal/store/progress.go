package store

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// progressEvery is how often work that takes long says how far it is.
const progressEvery = 10 * time.Second

// Progress reports to the log how far work of many batches is, and how long the rest will take.
type Progress struct {
	log     *slog.Logger
	now     func() time.Time
	message string
	attrs   []any
	of      int64
	done    int64
	began   time.Time
	logged  time.Time
}

// NewProgress returns the progress of work that begins now, on so many rows.
func NewProgress(log *slog.Logger, now func() time.Time, of int64, message string, attrs ...any) *Progress {
	at := now()
	return &Progress{log: log, now: now, message: message, attrs: attrs, of: of, began: at, logged: at}
}

// Add is called when so many more rows are done. It logs at most every ten seconds.
func (p *Progress) Add(ctx context.Context, n int) {
	p.done += int64(n)
	now := p.now()
	if now.Sub(p.logged) < progressEvery {
		return
	}
	p.logged = now
	left := time.Duration(float64(now.Sub(p.began)) / float64(p.done) * float64(max(p.of-p.done, 0)))
	p.log.InfoContext(ctx, p.message, append(p.attrs[:len(p.attrs):len(p.attrs)], "done", p.done, "of", p.of, "seconds_left", int64(left.Seconds()))...)
}

// whileRunning logs every ten seconds that a statement is still running, until the function that it returns is called.
func whileRunning(ctx context.Context, log *slog.Logger, message string, attrs ...any) (stop func()) {
	ended := make(chan struct{})
	var waiting sync.WaitGroup
	began := time.Now()
	waiting.Go(func() {
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				log.InfoContext(ctx, message, append(attrs[:len(attrs):len(attrs)], "seconds", int64(time.Since(began).Seconds()))...)
			case <-ended:
				return
			}
		}
	})
	return func() { close(ended); waiting.Wait() }
}
