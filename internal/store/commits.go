package store

import (
	"context"
	"sync/atomic"
)

// Commits tells whether write transactions under a context may have had an effect.
type Commits struct{ attempted atomic.Bool }

type commitsKey struct{}

// WatchCommits returns a context, and what its transactions on the desk do.
func WatchCommits(ctx context.Context) (context.Context, *Commits) {
	c := &Commits{}
	return context.WithValue(ctx, commitsKey{}, c), c
}

// Attempted reports whether a commit was begun. Whether it was done is not known where it
// has failed, because the connection may have been lost in between.
func (c *Commits) Attempted() bool { return c.attempted.Load() }

// UnwatchedCommits returns a context whose transactions don't count for [WatchCommits]:
// they record that something happened, and have no other effect.
func UnwatchedCommits(ctx context.Context) context.Context {
	return context.WithValue(ctx, commitsKey{}, nil)
}

// attemptCommit records that a transaction of the context is about to be committed.
func attemptCommit(ctx context.Context) {
	if c, ok := ctx.Value(commitsKey{}).(*Commits); ok {
		c.attempted.Store(true)
	}
}
