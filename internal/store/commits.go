package store

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// Commits tells whether write transactions under a context may have had an effect.
type Commits struct {
	outer     *Commits // of the context that the context was made from; nil: none
	attempted atomic.Bool
	effects   atomic.Int64
}

type commitsKey struct{}

// WatchCommits returns a context, and what its transactions on the desk do.
func WatchCommits(ctx context.Context) (context.Context, *Commits) {
	outer, _ := ctx.Value(commitsKey{}).(*Commits)
	c := &Commits{outer: outer}
	return context.WithValue(ctx, commitsKey{}, c), c
}

// IgnoreCommits returns a context whose commits do not count for a [Commits] of ctx: they
// record something, and change nothing that a client asked for.
func IgnoreCommits(ctx context.Context) context.Context {
	return context.WithValue(ctx, commitsKey{}, (*Commits)(nil))
}

// Attempted reports whether a commit was begun. Whether it was done is not known where it
// has failed, because the connection may have been lost in between.
func (c *Commits) Attempted() bool { return c.attempted.Load() }

// MayHaveEffect reports whether a commit was done, or has failed so that it is not known whether it was. It is false where the engine
// itself has refused each commit, as on a full disk.
func (c *Commits) MayHaveEffect() bool { return c.effects.Load() > 0 }

// commit calls commit, the commit of a transaction of the context, and records it.
func (c *Commits) commit(commit func() error) error {
	for w := c; w != nil; w = w.outer {
		w.attempted.Store(true)
		w.effects.Add(1)
	}
	err := commit()
	if refusedCommit(err) {
		for w := c; w != nil; w = w.outer {
			w.effects.Add(-1)
		}
	}
	return err
}

// refusedCommit reports whether an error of a commit is the engine's own, and not that of a connection: then the transaction
// was rolled back.
func refusedCommit(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Severity == "ERROR"
	}
	_, ok := errors.AsType[*sqlite.Error](err)
	return ok
}
