package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// jobConnections is the size of river's own connection pool. River holds a
// connection for one statement or one short transaction at a time.
const jobConnections = 4

// postgresJobs is river's client on PostgreSQL. It has a small pool of its own,
// in the schema desk.
type postgresJobs struct{ *river.Client[pgx.Tx] }

// notifyingPostgres is river's driver with a jobNotifier in place of LISTEN, which
// needs a lasting session.
type notifyingPostgres struct {
	*riverpgxv5.Driver
	notifier *jobNotifier
}

func (notifyingPostgres) SupportsListener() bool     { return true }
func (notifyingPostgres) SupportsListenNotify() bool { return false }
func (d notifyingPostgres) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener {
	return d.notifier
}

func (s *Stores) postgresJobs(config *river.Config, w *jobNotifier, run bool) (jobsClient, func(), error) {
	var pool *pgxpool.Pool
	closePool := func() {}
	if run {
		var err error
		if pool, err = s.jobsPool(); err != nil {
			return nil, nil, err
		}
		closePool = pool.Close
	}
	client, err := river.NewClient(notifyingPostgres{riverpgxv5.New(pool), w}, config)
	if err != nil {
		closePool()
		return nil, nil, err
	}
	return postgresJobs{client}, closePool, nil
}

// jobsPool opens river's own connection pool.
func (s *Stores) jobsPool() (*pgxpool.Pool, error) {
	pooled, err := pgxpool.ParseConfig(s.deskDSN)
	if err != nil {
		return nil, errors.New("the PostgreSQL DSN cannot be read for a pool") // pgx's own message quotes it
	}
	pooled.ConnConfig, pooled.AfterConnect = s.deskServer.settings("desk"), s.deskServer.prepare("desk", writing)
	pooled.MaxConns, pooled.MinConns = jobConnections, 0
	// The pool connects on first use.
	pool, err := pgxpool.NewWithConfig(context.Background(), pooled)
	if err != nil {
		return nil, errors.New("the connection pool for jobs cannot be created") // pgx's own message may quote the DSN
	}
	return pool, nil
}

func (c postgresJobs) insert(ctx context.Context, tx *Tx, jobs []river.InsertManyParams) error {
	return tx.withPgx(ctx, func(inner pgx.Tx) error {
		_, err := c.InsertManyFastTx(ctx, inner, jobs)
		return err
	})
}

func migratePostgresJobs(ctx context.Context, tx *Tx) (done []Migration, err error) {
	err = tx.withPgx(ctx, func(inner pgx.Tx) error {
		done, err = applyNextJobStep(ctx, riverpgxv5.New(nil), inner)
		return err
	})
	return done, err
}

func postgresJobSteps() ([]rivermigrate.Migration, error) {
	m, err := jobMigrator(riverpgxv5.New(nil))
	if err != nil {
		return nil, err
	}
	return m.AllVersions(), nil
}

// withPgx calls fn with the transaction as a pgx.Tx, for libraries that use pgx
// and not database/sql. fn can read and write, but not end the transaction.
func (tx *Tx) withPgx(ctx context.Context, fn func(pgx.Tx) error) error {
	if err := tx.flush(ctx); err != nil {
		return err
	}
	return tx.conn.Raw(func(c any) error {
		conn, ok := driverConn(c).(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the connection is of type %T", c)
		}
		err := fn(pgxTx{conn.Conn()})
		if errors.Is(err, driver.ErrBadConn) {
			return fmt.Errorf("use the connection: %s", err) // not wrapped: the transaction itself finds out that the connection is bad
		}
		return err
	})
}

// pgxTx implements pgx.Tx for a transaction that database/sql has opened.
type pgxTx struct{ conn *pgx.Conn }

var errNested = errors.New("store: this pgx.Tx can be neither ended nor nested")

func (pgxTx) Begin(context.Context) (pgx.Tx, error) { return nil, errNested }
func (pgxTx) Commit(context.Context) error          { return errNested }
func (pgxTx) Rollback(context.Context) error        { return errNested }
func (pgxTx) LargeObjects() pgx.LargeObjects        { return pgx.LargeObjects{} }
func (t pgxTx) Conn() *pgx.Conn                     { return t.conn }

func (t pgxTx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, from pgx.CopyFromSource) (int64, error) {
	return t.conn.CopyFrom(ctx, table, columns, from)
}

func (t pgxTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return t.conn.SendBatch(ctx, b)
}

func (t pgxTx) Prepare(ctx context.Context, name, query string) (*pgconn.StatementDescription, error) {
	return t.conn.Prepare(ctx, name, query)
}

func (t pgxTx) Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error) {
	return t.conn.Exec(ctx, query, args...)
}

func (t pgxTx) Query(ctx context.Context, query string, args ...any) (pgx.Rows, error) {
	return t.conn.Query(ctx, query, args...)
}

func (t pgxTx) QueryRow(ctx context.Context, query string, args ...any) pgx.Row {
	return t.conn.QueryRow(ctx, query, args...)
}
