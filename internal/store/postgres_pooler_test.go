package store_test

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// pooler is a fake connection pooler between the program and PostgreSQL. It drops
// all start-up parameters of its clients, and answers the start by itself.
type pooler struct {
	t    *testing.T
	dsn  string
	mode poolMode
	// idle has the connections to PostgreSQL that no client uses. In the modes with
	// sessions, a connection is made for each client instead.
	idle chan *pgconn.HijackedConn
}

type poolMode int

const (
	perSession     poolMode = iota // a client has its own connection
	perTransaction                 // a client has a connection until its transaction ends
	roundRobin                     // the same, and each transaction gets the next connection
	resetting                      // perSession, and settings are reset after each transaction
)

// startPooler returns the DSN of a database through a pooler.
func startPooler(t *testing.T, dsn string, mode poolMode) string {
	t.Helper()
	p := &pooler{t: t, dsn: dsn, mode: mode, idle: make(chan *pgconn.HijackedConn, 3)}
	if p.shares() {
		n := cap(p.idle)
		if mode == perTransaction {
			n = 1
		}
		for range n {
			p.idle <- p.dial(t.Context())
		}
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return "postgres://" + config.User + "@" + l.Addr().String() + "/" + config.Database + "?sslmode=disable"
}

func (p *pooler) shares() bool { return p.mode == perTransaction || p.mode == roundRobin }

func (p *pooler) dial(ctx context.Context) *pgconn.HijackedConn {
	conn, err := pgconn.Connect(ctx, p.dsn)
	if err != nil {
		p.t.Errorf("the pooler cannot connect: %v", err)
		return nil
	}
	hijacked, err := conn.Hijack()
	if err != nil {
		p.t.Errorf("the pooler cannot take the connection: %v", err)
	}
	return hijacked
}

func (p *pooler) serve(conn net.Conn) {
	defer conn.Close()
	client := pgproto3.NewBackend(conn, conn)
	if _, err := client.ReceiveStartupMessage(); err != nil {
		return
	}
	client.Send(&pgproto3.AuthenticationOk{})
	for name, value := range map[string]string{"client_encoding": "UTF8", "standard_conforming_strings": "on", "server_version": "15.0"} {
		client.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	client.Send(&pgproto3.BackendKeyData{ProcessID: 4711, SecretKey: []byte{1, 2, 3, 4}})
	client.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if client.Flush() != nil {
		return
	}
	var server *pgconn.HijackedConn
	if !p.shares() {
		if server = p.dial(p.t.Context()); server == nil {
			return
		}
		defer server.Conn.Close()
	}
	if p.mode == perSession {
		// Notifications come without a request.
		go func() { _, _ = io.Copy(conn, server.Conn) }()
		_, _ = io.Copy(server.Conn, conn)
		return
	}
	for {
		m, err := client.Receive()
		if _, end := m.(*pgproto3.Terminate); end || err != nil {
			if server != nil && p.shares() {
				p.idle <- server // the tests do not disconnect within a transaction
			}
			return
		}
		if server == nil {
			server = <-p.idle
		}
		idle, err := p.forward(client, server, m)
		if err != nil {
			return
		}
		if idle && p.shares() {
			p.idle <- server
			server = nil
		}
	}
}

// forward sends a message to the server and its response, if there is one, to the
// client. It reports whether a transaction has ended with it.
func (p *pooler) forward(client *pgproto3.Backend, server *pgconn.HijackedConn, m pgproto3.FrontendMessage) (idle bool, err error) {
	server.Frontend.Send(m)
	if err := server.Frontend.Flush(); err != nil {
		return false, err
	}
	switch m.(type) {
	case *pgproto3.Query, *pgproto3.Sync:
	default:
		return false, nil
	}
	for {
		answer, err := server.Frontend.Receive()
		if err != nil {
			return false, err
		}
		ready, ok := answer.(*pgproto3.ReadyForQuery)
		if ok && ready.TxStatus == 'I' && p.mode == resetting {
			if err := resetSession(server); err != nil {
				return false, err
			}
		}
		client.Send(answer)
		if ok {
			return ready.TxStatus == 'I', client.Flush()
		}
	}
}

func resetSession(server *pgconn.HijackedConn) error {
	server.Frontend.Send(&pgproto3.Query{String: "RESET ALL"})
	if err := server.Frontend.Flush(); err != nil {
		return err
	}
	for {
		answer, err := server.Frontend.Receive()
		if _, ok := answer.(*pgproto3.ReadyForQuery); ok || err != nil {
			return err
		}
	}
}

// tablesOf counts the tables of each schema.
func tablesOf(t *testing.T, dsn string) map[string]int {
	t.Helper()
	db, err := store.OpenPostgres(t.Context(), dsn, "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT schemaname, count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') GROUP BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]int{}
	for rows.Next() {
		var schema string
		var n int
		if err := rows.Scan(&schema, &n); err != nil {
			t.Fatal(err)
		}
		found[schema] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// A pooler that drops start-up parameters does not lead to tables in another
// schema, and one with sessions works like PostgreSQL itself.
func TestSessionPooler(t *testing.T) {
	t.Parallel()
	direct := storetest.BarePostgresConfig(t)
	s, err := store.Open(t.Context(), store.Config{DeskDSN: startPooler(t, direct.DeskDSN, perSession)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found := tablesOf(t, direct.DeskDSN); found["public"] != 0 || found["desk"] < 30 || found["live"] < 20 {
		t.Errorf("the tables are in %v", found)
	}
	for _, statement := range []string{"DELETE FROM tags", "SELECT 1 FROM desk.revisions"} {
		if _, err := store.LiveReadDB(s).ExecContext(t.Context(), statement); err == nil {
			t.Errorf("a live connection did %s", statement)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	woken, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		s.Listen(ctx, func() { woken <- struct{}{} })
	}()
	<-woken // it listens
	if err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Notify(ctx) }); err != nil {
		t.Fatal(err)
	}
	<-woken
	stop()
	<-ended
}

func TestTransactionPoolerIsRefused(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		mode poolMode
		want string
	}{
		"PerTransaction": {perTransaction, "pool_mode=session"},
		"RoundRobin":     {roundRobin, "pool_mode=session"},
		"Resetting":      {resetting, `search_path is "\"$user\", public" and not "desk"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := storetest.BarePostgresConfig(t)
			through := startPooler(t, direct.DeskDSN, row.mode)
			for what, c := range map[string]store.Config{
				"desk": {DeskDSN: through},
				"live": {DeskDSN: direct.DeskDSN, LiveDSN: through},
			} {
				s, err := store.Open(t.Context(), c)
				if err == nil {
					_ = s.Close()
				}
				want := row.want
				if what == "live" {
					want = strings.Replace(want, `"desk"`, `"live"`, 1)
				}
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: got %v, want %q in it", what, err, want)
				}
			}
			if found := tablesOf(t, direct.DeskDSN); len(found) != 0 {
				t.Errorf("there are tables in %v", found)
			}
		})
	}
}

// The check of a pooler changes nothing for its other clients.
func TestPoolerCheckLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	direct := storetest.BarePostgresConfig(t)
	through := startPooler(t, direct.DeskDSN, perTransaction)
	if s, err := store.Open(t.Context(), store.Config{DeskDSN: through}); err == nil {
		_ = s.Close()
		t.Fatal("it was opened")
	}
	conn, err := pgconn.Connect(t.Context(), through)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	results, err := conn.Exec(t.Context(), "SELECT current_setting('search_path'), current_setting('default_transaction_read_only'), count(*) FROM pg_prepared_statements").ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	got := results[0].Rows[0]
	if string(got[0]) != `"$user", public` || string(got[1]) != "off" || string(got[2]) != "0" {
		t.Errorf("got %s", got)
	}
}
