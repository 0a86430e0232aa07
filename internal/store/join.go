package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	entsql "entgo.io/ent/dialect/sql"
)

// sharedTx is one write transaction on the desk that all uses of the desk under a
// context join; see [Stores.Join].
type sharedTx struct {
	write, read *pool
	// failed is the first error after which the transaction cannot be committed. All
	// later uses return it: SQLite may have rolled back by itself, and a statement
	// would then take effect at once.
	failed error
	// documents is how many more documents may be written; limited says whether
	// there is a limit, and most is that limit.
	limited         bool
	documents, most int
}

// joined is a sharedTx with its innermost transaction or savepoint.
type joined struct {
	*sharedTx
	tx *Tx
}

type joinedKey struct{}

// joinedFrom returns the transaction of a context if it writes to, or reads what is
// written to, the pool; else nil.
func joinedFrom(ctx context.Context, p *pool) *joined {
	j, _ := ctx.Value(joinedKey{}).(*joined)
	if j == nil || j.write != p && j.read != p {
		return nil
	}
	return j
}

// Joined reports whether ctx is one of [Stores.Join].
func Joined(ctx context.Context) bool { return ctx.Value(joinedKey{}) != nil }

// Join runs fn in a write transaction on the desk that all uses of the desk under
// fn's context join. There, [Stores.Desk] runs its function in a savepoint, which is
// rolled back if the function fails, and reads of the desk see what was written.
// So use cases run as they would alone, and are durable all or none: if fn returns
// nil. An error of fn is returned as it is.
//
// maxDocuments bounds the documents that are written; see [Tx.CountDocuments]. 0
// stands for no limit.
//
// As with [Stores.Desk], fn may run more than once. Its context must not be used
// after fn has returned, nor on several goroutines at once. Other writers of the
// desk wait for fn, so it must not wait for anything but the database.
func (s *Stores) Join(ctx context.Context, maxDocuments int, fn func(ctx context.Context) error) error {
	return s.Desk(ctx, func(ctx context.Context, tx *Tx) error {
		if Joined(ctx) {
			return fn(ctx) // in a savepoint
		}
		shared := &sharedTx{write: s.deskWrite, read: s.deskRead,
			limited: maxDocuments > 0, documents: maxDocuments, most: maxDocuments}
		tx.shared = shared
		err := fn(context.WithValue(ctx, joinedKey{}, &joined{shared, tx}))
		if shared.failed != nil {
			return shared.failed
		}
		return err
	})
}

// AfterCommit calls f once all that was written under ctx is durable: at once, or
// after the commit of the transaction that ctx has joined. If that is rolled back, f
// is not called. It is for the end of a use case, after [Stores.Desk] has returned;
// within, see [Tx.AfterCommit].
func AfterCommit(ctx context.Context, f func()) {
	if j, _ := ctx.Value(joinedKey{}).(*joined); j != nil {
		j.tx.AfterCommit(f)
		return
	}
	f()
}

// fail makes err the error of all later uses of the transaction, and returns it.
func (t *sharedTx) fail(err error) error {
	if t.failed == nil {
		t.failed = err
	}
	return err
}

// errStopped is the error of a transaction in which a use case panicked.
var errStopped = errors.New("store: a use case ended by a panic within a transaction")

// savepoint runs fn like [Stores.Desk], in a savepoint of the transaction.
func (j *joined) savepoint(ctx context.Context, fn func(context.Context, *Tx) error) (err error) {
	if j.failed != nil {
		return j.failed
	}
	inner := &Tx{tx: j.tx.tx, conn: j.tx.conn, pool: j.tx.pool, shared: j.sharedTx, later: j.tx.later}
	if _, err := inner.Exec(ctx, "SAVEPOINT joined"); err != nil {
		return j.fail(fmt.Errorf("begin: %w", err))
	}
	returned := false
	defer func() {
		if !returned {
			_ = j.fail(errStopped) // the panic goes on
		}
	}()
	err = fn(context.WithValue(ctx, joinedKey{}, &joined{j.sharedTx, inner}), inner)
	returned = true
	if err == nil {
		err = inner.flush(ctx)
	}
	inner.later.clear()
	switch {
	case j.failed != nil:
		return j.failed
	case retryable(err):
		return j.fail(err) // the whole transaction is run again
	case err != nil:
		if _, undo := inner.Exec(ctx, "ROLLBACK TO SAVEPOINT joined"); undo != nil {
			_ = j.fail(fmt.Errorf("undo: %w", undo))
			return err
		}
	}
	if _, end := inner.Exec(ctx, "RELEASE SAVEPOINT joined"); end != nil {
		return errors.Join(err, j.fail(fmt.Errorf("commit: %w", end)))
	}
	if err == nil {
		j.tx.after = append(j.tx.after, inner.after...)
	}
	return err
}

// QueryContext implements entsql.ExecQuerier. A read that fails ends the transaction:
// PostgreSQL accepts no statement after it.
func (j *joined) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if j.failed != nil {
		return nil, j.failed
	}
	rows, err := j.tx.Query(ctx, query, args...)
	if err != nil {
		return nil, j.fail(err)
	}
	return rows, nil
}

// ExecContext implements entsql.ExecQuerier. It always fails.
func (j *joined) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, errReadOnly
}

var _ entsql.ExecQuerier = (*joined)(nil)

// DocumentLimitError reports that a transaction would write more documents than it
// may; see [Stores.Join].
type DocumentLimitError struct{ Max int }

func (e *DocumentLimitError) Error() string {
	return fmt.Sprintf("one transaction may write at most %d documents: divide the operation", e.Max)
}

// CountDocuments counts documents that are about to be written. Where a limit of
// [Stores.Join] is exceeded it returns a [*DocumentLimitError], and the transaction
// cannot be committed.
func (tx *Tx) CountDocuments(n int) error {
	if tx.shared == nil || !tx.shared.limited {
		return nil
	}
	if tx.shared.documents -= n; tx.shared.documents < 0 {
		return tx.shared.fail(&DocumentLimitError{tx.shared.most})
	}
	return nil
}

// deskRows are unfenced reads of the desk: in the transaction that their context has
// joined, else outside of one.
type deskRows struct{ *pool }

func (r deskRows) Dialect() string { return r.dialect }

func (r deskRows) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if j := joinedFrom(ctx, r.pool); j != nil {
		return j.QueryContext(ctx, query, args...)
	}
	return r.QueryContext(ctx, query, args...)
}
