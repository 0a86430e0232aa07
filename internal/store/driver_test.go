package store_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// counted is a connector of SQLite that counts the prepared statements.
type counted struct {
	driver.Connector
	prepared, open atomic.Int64
}

type countedConn struct {
	driver.Conn
	of *counted
}

type countedStmt struct {
	driver.Stmt
	of *counted
}

func newCounted(t *testing.T) *counted {
	t.Helper()
	inner, err := sqlite.NewConnector("file:" + filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	return &counted{Connector: inner}
}

func (c *counted) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	return countedConn{inner, c}, err
}

func (c countedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.of.prepared.Add(1)
	inner, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.of.open.Add(1)
	return countedStmt{inner, c.of}, nil
}

func (c countedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
}

func (c countedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c countedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c countedConn) Ping(ctx context.Context) error { return c.Conn.(driver.Pinger).Ping(ctx) }

func (c countedConn) ResetSession(ctx context.Context) error {
	return c.Conn.(driver.SessionResetter).ResetSession(ctx)
}

func (s countedStmt) Close() error {
	s.of.open.Add(-1)
	return s.Stmt.Close()
}

func (s countedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s countedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

func one(t *testing.T, db *sql.DB, query string, args ...any) int {
	t.Helper()
	var n int
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// Many queries that never come again do not keep later ones from being cached,
// and all prepared statements are closed in the end.
func TestStatementsAreReplaced(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	db := store.OpenWithStatements(c, store.MaxStatements)
	db.SetMaxOpenConns(1)
	for i := range 2_000 {
		one(t, db, fmt.Sprintf("SELECT %d", i))
	}
	if got := c.open.Load(); got != store.MaxStatements {
		t.Errorf("%d statements are cached, want %d", got, store.MaxStatements)
	}
	before := c.prepared.Load()
	for i := range 100 {
		if got := one(t, db, "SELECT ? + 1", i); got != i+1 {
			t.Fatalf("got %d, want %d", got, i+1)
		}
	}
	if got := c.prepared.Load() - before; got != 1 {
		t.Errorf("a query that was run 100 times was prepared %d times", got)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := c.open.Load(); got != 0 {
		t.Errorf("%d statements are open after the pool was closed", got)
	}
}

// A statement that is evicted while its rows are read is closed after them. A
// query that runs again while the rows of its first run are read returns the right
// rows to both.
func TestStatementsInUse(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	db := store.OpenWithStatements(c, 2)
	db.SetMaxOpenConns(1)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	const numbers = "WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i+1 FROM n WHERE i < 50) SELECT i FROM n"
	outer, err := tx.QueryContext(t.Context(), numbers, 1)
	if err != nil {
		t.Fatal(err)
	}
	for want := 1; outer.Next(); want++ {
		var got, inner int
		if err := outer.Scan(&got); err != nil || got != want {
			t.Fatalf("got %d, %v, want %d", got, err, want)
		}
		// The same query, and others that evict it.
		if err := tx.QueryRowContext(t.Context(), numbers, 7).Scan(&inner); err != nil || inner != 7 {
			t.Fatalf("got %d, %v, want 7", inner, err)
		}
		if err := tx.QueryRowContext(t.Context(), fmt.Sprintf("SELECT %d", want)).Scan(&inner); err != nil || inner != want {
			t.Fatalf("got %d, %v, want %d", inner, err, want)
		}
		if got := c.open.Load(); got > 3 {
			t.Fatalf("%d statements are open, want two and the one in use", got)
		}
	}
	if err := outer.Err(); err != nil {
		t.Fatal(err)
	}
	if err := outer.Close(); err != nil {
		t.Fatal(err)
	}
	if got := c.open.Load(); got != 2 {
		t.Errorf("%d statements are open, want 2", got)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	// A context that ends while rows are read releases the statement.
	ctx, cancel := context.WithCancel(t.Context())
	rows, err := db.QueryContext(ctx, numbers, 1)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for rows.Next() {
		continue
	}
	_ = rows.Err()
	if err := rows.Close(); err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
	if got := one(t, db, numbers, 3); got != 3 {
		t.Errorf("got %d, want 3", got)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := c.open.Load(); got != 0 {
		t.Errorf("%d statements are open after the pool was closed", got)
	}
}

func TestStatementsAreCachedPerConnection(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	const connections, size = 4, 8
	db := store.OpenWithStatements(c, size)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 200 {
				var got int
				want := (worker + i) % 20
				if err := db.QueryRowContext(t.Context(), fmt.Sprintf("SELECT ? + %d", want), 1).Scan(&got); err != nil || got != want+1 {
					t.Errorf("got %d, %v, want %d", got, err, want+1)
					return
				}
			}
		})
	}
	all.Wait()
	if got := c.open.Load(); got > connections*size {
		t.Errorf("%d statements are cached, want at most %d", got, connections*size)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := c.open.Load(); got != 0 {
		t.Errorf("%d statements are open after the pool was closed", got)
	}
}

// The caller of a committed transaction does not wait for the next one.
func TestCommittedWriteDoesNotWait(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ctx := domain.AsSystem(t.Context(), "test")
		within, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		running, next, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		release := make(chan struct{})
		go func() {
			<-running
			// This one waits for the first, and then holds the connection.
			done <- s.Desk(ctx, func(context.Context, *store.Tx) error {
				close(next)
				<-release
				return nil
			})
		}()
		err := s.Desk(within, func(ctx context.Context, tx *store.Tx) error {
			close(running)
			for i := range 40 {
				if rows, err := tx.Query(ctx, fmt.Sprintf("SELECT %d, %d", i, time.Now().UnixNano())); err != nil {
					return err
				} else if err := rows.Close(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if within.Err() != nil {
			t.Error("the caller waited until its timeout")
		}
		<-next
		close(release)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
