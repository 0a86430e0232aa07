package store

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"
	"github.com/jackc/pgx/v5"
)

// Bounds of what waits in a queue.
const (
	maxLaterStatements = 64
	maxLaterArgs       = 8_000
)

// laterQueue is statements that were not sent to PostgreSQL yet, in order. The
// transactions and savepoints of one connection share it.
type laterQueue struct {
	statements []laterStatement
	args       int // of all statements
}

type laterStatement struct {
	what string // what it does, for its error
	text string
	args []any
}

func (q *laterQueue) clear() {
	clear(q.statements)
	*q = laterQueue{statements: q.statements[:0]}
}

// ExecLater runs a statement with ? for its parameters whose result is not needed: on
// PostgreSQL together with those that follow, in one round trip, at the latest before
// the next other statement, the end of the savepoint or the commit. Its error is returned
// there, unless it is returned by ExecLater; in any case the savepoint or transaction
// fails with it. what says what the statement does: "write names".
func ExecLater(ctx context.Context, tx *Tx, what, statement string, args ...any) error {
	if tx.Dialect() != dialect.Postgres {
		if _, err := tx.Exec(ctx, statement, args...); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	}
	q := tx.later
	q.statements = append(q.statements, laterStatement{what, Bind(dialect.Postgres, statement), args})
	if q.args += len(args); q.args > maxLaterArgs || len(q.statements) == maxLaterStatements {
		return tx.flush(ctx)
	}
	return nil
}

// flush sends the statements of [ExecLater].
func (tx *Tx) flush(ctx context.Context) error {
	if tx.later == nil || len(tx.later.statements) == 0 {
		return nil
	}
	defer tx.later.clear()
	statements := tx.later.statements
	var failed error
	err := tx.conn.Raw(func(c any) error {
		conn := c.(*connection)
		var batch pgx.Batch
		for _, s := range statements {
			if failed = conn.connector.injectFault(s.text); failed != nil {
				failed = fmt.Errorf("%s: %w", s.what, translate(failed))
				return nil
			}
			batch.Queue(s.text, s.args...)
		}
		o := conn.connector.observe(ctx, "BATCH")
		defer func() { o.done(failed) }()
		results := conn.postgresConn().SendBatch(ctx, &batch)
		for _, s := range statements {
			if _, err := results.Exec(); err != nil {
				failed = fmt.Errorf("%s: %w", s.what, translate(err))
				break
			}
		}
		if err := results.Close(); err != nil && failed == nil {
			failed = translate(err)
		}
		return nil
	})
	if failed != nil {
		return failed
	}
	return translate(err)
}
