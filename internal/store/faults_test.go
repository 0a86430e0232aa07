package store_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// reads returns all ways to read, by name.
func reads(ctx context.Context, s *store.Stores) map[string]func() error {
	live, desk := domain.WithStage(ctx, domain.Live), domain.WithStage(ctx, domain.Desk)
	within := func(ctx context.Context, read func(context.Context) error) error {
		ctx, done := s.Snapshot(ctx)
		defer done()
		return read(ctx)
	}
	reports := func(ctx context.Context) error {
		_, err := s.Client(ctx).Report.Query().All(ctx)
		return err
	}
	values := func(ctx context.Context) error {
		for range 2 { // the first statement begins the transaction
			if _, err := s.ReadValues(ctx, "SELECT id FROM reports", nil, 1); err != nil {
				return err
			}
		}
		return nil
	}
	rows := func(from store.Rows) error {
		rows, err := from.Query(ctx, "SELECT id FROM reports")
		if err != nil {
			return err
		}
		for rows.Next() {
			continue
		}
		return errors.Join(rows.Err(), rows.Close())
	}
	return map[string]func() error{
		"Live":           func() error { return reports(live) },
		"Desk":           func() error { return reports(desk) },
		"LiveInSnapshot": func() error { return within(live, reports) },
		"DeskInSnapshot": func() error { return within(desk, reports) },
		"LiveValues":     func() error { return within(live, values) },
		"DeskValues":     func() error { return within(desk, values) },
		"LiveRows":       func() error { return rows(s.LiveRows()) },
		"DeskRows":       func() error { return rows(s.DeskRows()) },
		"LiveSequence":   func() error { _, err := s.LiveSequence(live); return err },
		"Ping":           func() error { return s.Ping(ctx) },
		"Desk transaction": func() error {
			return s.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Client().Report.Query().All(ctx)
				return err
			})
		},
		"Live transaction": func() error {
			return s.Live(ctx, func(ctx context.Context, tx *store.Tx) error { return rows(tx) })
		},
	}
}

// wantAll fails unless all reads end with an error of a kind.
func wantAll(t *testing.T, s *store.Stores, kind domain.Kind) {
	t.Helper()
	for name, read := range reads(domain.AsSystem(t.Context(), "test"), s) {
		err := read()
		if err == nil || domain.KindOf(err) != kind {
			t.Errorf("%s: got %v of kind %v, want %v", name, err, domain.KindOf(err), kind)
		}
		if kind == domain.KindUnavailable && (strings.Contains(err.Error(), "SQLSTATE") || strings.Contains(err.Error(), "dial")) {
			t.Errorf("%s: a client would see %v", name, err)
		}
	}
}

// wantNone fails unless all reads succeed.
func wantNone(t *testing.T, s *store.Stores) {
	t.Helper()
	for name, read := range reads(domain.AsSystem(t.Context(), "test"), s) {
		if err := read(); err != nil {
			t.Errorf("%s: got %s", name, domain.Detail(err))
		}
	}
}

// An error that means that the database cannot answer is UNAVAILABLE on every
// path; a bug of the program is not.
func TestFaultsOfTheDatabase(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, faults := storetest.OpenFaulty(t, c)
		for name, row := range map[string]struct {
			err  error
			kind domain.Kind
		}{
			"Refused":       {storetest.ConnectionRefused(), domain.KindUnavailable},
			"Conflict":      {storetest.RecoveryConflict(), domain.KindUnavailable},
			"Full":          {storetest.TooManyConnections(), domain.KindUnavailable},
			"UnexpectedEnd": {io.ErrUnexpectedEOF, domain.KindUnavailable},
			"Wrong":         {storetest.SyntaxError(), domain.KindInternal},
			"Strange":       {storetest.UnexpectedError(), domain.KindInternal},
		} {
			faults.Set(func(string, string) error { return row.err })
			wantAll(t, s, row.kind)
			faults.Set(nil)
			if t.Failed() {
				t.Fatalf("the errors above are those of %s", name)
			}
		}
		wantNone(t, s)
	})
}

// A read that a standby cancels, or whose connection was closed, is retried.
func TestReadsAreRetried(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, faults := storetest.OpenFaulty(t, c)
		ctx := domain.WithStage(domain.AsSystem(t.Context(), "test"), domain.Live)
		for _, fault := range []error{storetest.RecoveryConflict(), storetest.ConnectionRefused()} {
			faults.Fail("live", "FROM", 2, fault)
			if _, err := s.Client(ctx).Report.Query().All(ctx); err != nil || faults.Hits() != 2 {
				t.Errorf("got %v after %d failures", err, faults.Hits())
			}
		}
		// In a snapshot, all later statements return the same error, which says that
		// the read can be retried in another snapshot.
		faults.Fail("live", "FROM", 1, storetest.RecoveryConflict())
		snapshot, done := s.Snapshot(ctx)
		defer done()
		for range 2 {
			if _, err := s.Client(snapshot).Report.Query().All(snapshot); !store.IsRetryableRead(err) {
				t.Errorf("got %v, want an error that can be retried", err)
			}
		}
	})
}

// proxy is a TCP proxy in front of PostgreSQL's socket, which can cut or stall its
// connections.
type proxy struct {
	net.Listener

	mu      sync.Mutex
	cut     bool
	stalled chan struct{} // while it is not nil, nothing is passed on
	conns   []net.Conn
}

// stall stops all traffic until the connections are cut.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = make(chan struct{})
}

// forward copies from one connection to the other.
func (p *proxy) forward(to io.Writer, from io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		stalled := p.stalled
		p.mu.Unlock()
		if stalled != nil {
			<-stalled
			return
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func newProxy(t *testing.T, c store.Config) (*proxy, store.Config) {
	t.Helper()
	config, err := pgx.ParseConfig(c.DeskDSN)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{}
	network, address := pgNetwork(config)
	if p.Listener, err = new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(); p.set(true) })
	go func() {
		for {
			client, err := p.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial(network, address)
			p.mu.Lock()
			if err != nil || p.cut {
				_ = client.Close()
				if err == nil {
					_ = server.Close()
				}
				p.mu.Unlock()
				continue
			}
			p.conns = append(p.conns, client, server)
			p.mu.Unlock()
			go func() { p.forward(server, client); _ = server.Close() }()
			go func() { p.forward(client, server); _ = client.Close() }()
		}
	}()
	dsn := url.URL{Scheme: "postgres", User: url.User(config.User), Host: p.Addr().String(), Path: "/" + config.Database,
		RawQuery: "sslmode=disable"}
	c.DeskDSN = dsn.String()
	return p, c
}

// pgNetwork returns the address of the server of a configuration.
func pgNetwork(c *pgx.ConnConfig) (network, address string) {
	port := ".s.PGSQL." + uitoa(c.Port)
	if filepath.IsAbs(c.Host) {
		return "unix", filepath.Join(c.Host, port)
	}
	return "tcp", net.JoinHostPort(c.Host, uitoa(c.Port))
}

func uitoa(port uint16) string {
	var digits []byte
	for n := port; n > 0; n /= 10 {
		digits = append([]byte{byte('0' + n%10)}, digits...)
	}
	return string(digits)
}

// set cuts all connections and refuses new ones, or accepts new ones again.
func (p *proxy) set(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
	if p.stalled != nil && cut {
		close(p.stalled)
		p.stalled = nil
	}
	if cut {
		for _, c := range p.conns {
			_ = c.Close()
		}
		p.conns = nil
	}
}

// The network to PostgreSQL is down for a while, also in the middle of a snapshot.
func TestNetworkDown(t *testing.T) {
	t.Parallel()
	p, c := newProxy(t, storetest.PostgresConfig(t))
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(domain.Detail(err))
	}
	t.Cleanup(func() { _ = s.Close() })
	wantNone(t, s)
	ctx := domain.WithStage(domain.AsSystem(t.Context(), "test"), domain.Live)
	snapshot, done := s.Snapshot(ctx)
	if _, err := s.Client(snapshot).Report.Query().All(snapshot); err != nil {
		t.Fatal(err)
	}
	p.set(true)
	for range 2 {
		_, err := s.Client(snapshot).Report.Query().All(snapshot)
		if domain.KindOf(err) != domain.KindUnavailable || !store.IsRetryableRead(err) {
			t.Errorf("in a snapshot: got %s, want an error that can be retried", domain.Detail(err))
		}
	}
	done()
	wantAll(t, s, domain.KindUnavailable)
	p.set(false)
	wantNone(t, s)
}

// The network drops all packets: a read ends with its context, whether it is the
// first of a snapshot or another one.
func TestNetworkStalls(t *testing.T) {
	t.Parallel()
	p, c := newProxy(t, storetest.PostgresConfig(t))
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(domain.Detail(err))
	}
	t.Cleanup(func() { p.set(true); _ = s.Close() })
	wantNone(t, s)
	p.stall()
	for _, name := range []string{"Live", "Desk", "LiveInSnapshot", "DeskInSnapshot"} {
		ctx, cancel := context.WithTimeout(domain.AsSystem(t.Context(), "test"), 100*time.Millisecond)
		err := reads(ctx, s)[name]()
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %s, want DeadlineExceeded", name, domain.Detail(err))
		}
	}
}

// An operator terminates all sessions of the program.
func TestSessionsAreTerminated(t *testing.T) {
	t.Parallel()
	s := storetest.Postgres(t)
	wantNone(t, s)
	ctx := domain.WithStage(domain.AsSystem(t.Context(), "test"), domain.Live)
	snapshot, done := s.Snapshot(ctx)
	defer done()
	if _, err := s.Client(snapshot).Report.Query().All(snapshot); err != nil {
		t.Fatal(err)
	}
	if _, err := store.LiveWriteDB(s).ExecContext(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"); err != nil {
		t.Fatal(err)
	}
	_, err := s.Client(snapshot).Report.Query().All(snapshot)
	if domain.KindOf(err) != domain.KindUnavailable || !store.IsRetryableRead(err) {
		t.Errorf("got %s, want an error that can be retried", domain.Detail(err))
	}
	// Reads are retried on another connection. Writes are not retried here.
	for range 2 {
		if _, err := s.Client(ctx).Report.Query().All(ctx); err != nil {
			t.Errorf("a read after it: got %s", domain.Detail(err))
		}
	}
}

// The server is stopped while the program runs.
func TestServerStopped(t *testing.T) {
	t.Parallel()
	cluster := storetest.StartCluster(t)
	s, err := store.Open(t.Context(), store.Config{DeskDSN: cluster.DSN("postgres")})
	if err != nil {
		t.Fatal(domain.Detail(err))
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantNone(t, s)
	if err := cluster.Close(); err != nil {
		t.Fatal(err)
	}
	wantAll(t, s, domain.KindUnavailable)
	// The error of a start now names the address.
	if _, err := store.Open(t.Context(), store.Config{DeskDSN: cluster.DSN("postgres")}); err == nil || !strings.Contains(err.Error(), ".s.PGSQL") {
		t.Errorf("got %v, want the address that cannot be reached", err)
	}
}

// A damaged file is reported as such to the operator, and is not an internal
// error.
func TestDamagedFile(t *testing.T) {
	t.Parallel()
	c := storetest.SQLiteConfig(t)
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	file, err := os.OpenFile(filepath.Join(c.Dir, "live.db"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	// All but the first page.
	if _, err := file.WriteAt([]byte(strings.Repeat("damaged!", int(info.Size()-4096)/8)), 4096); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	store.CloseIdle(s)
	ctx := domain.WithStage(domain.AsSystem(t.Context(), "test"), domain.Live)
	_, err = s.Client(ctx).Report.Query().All(ctx)
	if domain.KindOf(err) != domain.KindUnavailable || !errors.Is(err, store.ErrDamaged) || store.Level(err) != slog.LevelError {
		t.Errorf("got %s, at level %s", domain.Detail(err), store.Level(err))
	}
	if got := domain.Detail(err); !strings.Contains(got, "backup") || !strings.Contains(got, "malformed") || strings.Contains(err.Error(), "malformed") {
		t.Errorf("got %s in the log, and %s for clients", got, err)
	}

	c = storetest.SQLiteConfig(t)
	if err := os.WriteFile(filepath.Join(c.Dir, "desk.db"), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), c); !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "backup") {
		t.Errorf("a file that is not a database: got %v", err)
	}
}

// The data folder is deleted while the program runs.
func TestFolderDeleted(t *testing.T) {
	t.Parallel()
	c := storetest.SQLiteConfig(t)
	c.Dir = filepath.Join(c.Dir, "data")
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantNone(t, s)
	if err := os.RemoveAll(c.Dir); err != nil {
		t.Fatal(err)
	}
	store.CloseIdle(s)
	ctx := domain.WithStage(domain.AsSystem(t.Context(), "test"), domain.Live)
	if _, err := s.Client(ctx).Report.Query().All(ctx); domain.KindOf(err) != domain.KindUnavailable || errors.Is(err, store.ErrDamaged) {
		t.Errorf("got %s", domain.Detail(err))
	}
}
