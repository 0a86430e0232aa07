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

// jobConnections is how many connections river has of its own. It holds one for
// a statement or a short transaction at a time.
const jobConnections = 4

// postgresJobs is river on a small pool of its own, in the schema desk.
type postgresJobs struct{ *river.Client[pgx.Tx] }

// wakenedPostgres is river's driver with our notifications: its own need a session
// that lasts.
type wakenedPostgres struct {
	*riverpgxv5.Driver
	wakeups *wakeups
}

func (wakenedPostgres) SupportsListener() bool     { return true }
func (wakenedPostgres) SupportsListenNotify() bool { return false }
func (d wakenedPostgres) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener {
	return d.wakeups
}

func (s *Stores) postgresJobs(config *river.Config, w *wakeups, run bool) (jobsClient, func(), error) {
	var pool *pgxpool.Pool
	closePool := func() {}
	if run {
		var err error
		if pool, err = s.jobsPool(); err != nil {
			return nil, nil, err
		}
		closePool = pool.Close
	}
	client, err := river.NewClient(wakenedPostgres{riverpgxv5.New(pool), w}, config)
	if err != nil {
		closePool()
		return nil, nil, err
	}
	return postgresJobs{client}, closePool, nil
}

// jobsPool makes river's own connections.
func (s *Stores) jobsPool() (*pgxpool.Pool, error) {
	pooled, err := pgxpool.ParseConfig(s.deskDSN)
	if err != nil {
		return nil, errors.New("the PostgreSQL DSN cannot be read for a pool") // pgx's own message quotes it
	}
	pooled.ConnConfig, pooled.AfterConnect = s.deskServer.settings("desk"), s.deskServer.prepare("desk", writing)
	pooled.MaxConns, pooled.MinConns = jobConnections, 0
	// It connects when it is first used.
	pool, err := pgxpool.NewWithConfig(context.Background(), pooled)
	if err != nil {
		return nil, errors.New("the pool of the jobs cannot be made") // pgx's own message may quote the DSN
	}
	return pool, nil
}

func (c postgresJobs) insert(ctx context.Context, tx *Tx, jobs []river.InsertManyParams) error {
	return tx.lend(func(lent pgx.Tx) error {
		_, err := c.InsertManyFastTx(ctx, lent, jobs)
		return err
	})
}

func migratePostgresJobs(ctx context.Context, tx *Tx) (done []Migration, err error) {
	err = tx.lend(func(lent pgx.Tx) error {
		done, err = nextJobStep(ctx, riverpgxv5.New(nil), lent)
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

// lend hands the transaction to who speaks pgx and not database/sql, for as
// long as fn runs. It can be written in, but not ended.
func (tx *Tx) lend(fn func(pgx.Tx) error) error {
	return tx.conn.Raw(func(c any) error {
		conn, ok := unwrapped(c).(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the connection is of type %T", c)
		}
		err := fn(lentTx{conn.Conn()})
		if errors.Is(err, driver.ErrBadConn) {
			return fmt.Errorf("use the connection: %s", err) // that it is bad, the transaction finds out
		}
		return err
	})
}

// lentTx is an open transaction as pgx has it.
type lentTx struct{ conn *pgx.Conn }

var errLent = errors.New("store: a transaction that was lent is neither ended nor divided")

func (lentTx) Begin(context.Context) (pgx.Tx, error) { return nil, errLent }
func (lentTx) Commit(context.Context) error          { return errLent }
func (lentTx) Rollback(context.Context) error        { return errLent }
func (lentTx) LargeObjects() pgx.LargeObjects        { return pgx.LargeObjects{} }
func (t lentTx) Conn() *pgx.Conn                     { return t.conn }

func (t lentTx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, from pgx.CopyFromSource) (int64, error) {
	return t.conn.CopyFrom(ctx, table, columns, from)
}

func (t lentTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return t.conn.SendBatch(ctx, b)
}

func (t lentTx) Prepare(ctx context.Context, name, query string) (*pgconn.StatementDescription, error) {
	return t.conn.Prepare(ctx, name, query)
}

func (t lentTx) Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error) {
	return t.conn.Exec(ctx, query, args...)
}

func (t lentTx) Query(ctx context.Context, query string, args ...any) (pgx.Rows, error) {
	return t.conn.Query(ctx, query, args...)
}

func (t lentTx) QueryRow(ctx context.Context, query string, args ...any) pgx.Row {
	return t.conn.QueryRow(ctx, query, args...)
}
