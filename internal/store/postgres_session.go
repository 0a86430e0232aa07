package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// poolUse is what a pool of connections is for.
type poolUse int

const (
	writing poolUse = iota
	reading
	readingLive
)

// connectTimeout is how long a connection may take to be made, unless the DSN
// says something else.
const connectTimeout = 10 * time.Second

// postgresServer makes the connections of one DSN: those of the pools, those of
// the jobs, and the one that listens. Each is looked at before it is used, and
// then set up by statements. Start-up parameters would do for PostgreSQL, but a
// pooler drops or refuses those that it does not know, and one that makes the
// session read-only would hide from target_session_attrs=read-write which
// server can be written to.
type postgresServer struct {
	config *pgx.ConnConfig

	mu       sync.Mutex
	sessions bool // what is between was found to hand out whole sessions
}

func newPostgresServer(dsn string) (*postgresServer, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// pgx's own message quotes the DSN, password and all.
		return nil, errors.New("the PostgreSQL DSN cannot be read: want postgres://user@host:5432/database")
	}
	delete(config.RuntimeParams, "search_path") // see prepare
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["client_encoding"] = "UTF8"
	config.RuntimeParams["standard_conforming_strings"] = "on"
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	return &postgresServer{config: config}, nil
}

// settings are those of connections to a schema. They have to be prepared.
func (p *postgresServer) settings(schema string) *pgx.ConnConfig {
	config := p.config.Copy()
	config.RuntimeParams["application_name"] = "redthread " + schema
	return config
}

// connect makes a connection outside the pools.
func (p *postgresServer) connect(ctx context.Context, schema string, use poolUse) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, p.settings(schema))
	if err != nil {
		return nil, err
	}
	return conn, p.prepare(schema, use)(ctx, conn)
}

// prepare returns what makes a new connection one to a schema, for a use. It
// closes the connection that it refuses.
func (p *postgresServer) prepare(schema string, use poolUse) func(context.Context, *pgx.Conn) error {
	return func(ctx context.Context, conn *pgx.Conn) error {
		ctx, cancel := context.WithTimeout(ctx, p.config.ConnectTimeout)
		defer cancel()
		err := p.check(ctx, conn)
		if err == nil {
			err = setUp(ctx, conn, schema, use)
		}
		if err == nil && use == readingLive {
			err = takeLiveRole(ctx, conn)
		}
		if err != nil {
			_ = conn.Close(context.WithoutCancel(ctx)) // the pools do not
		}
		return err
	}
}

// unusable is a database, or a way to it, that Redthread must not work with.
// The message is for operators.
type unusable struct{ message string }

func (e *unusable) Error() string { return e.message }

// check looks at what is at the other end of a new connection, and changes
// nothing there: it may be shared with others.
func (p *postgresServer) check(ctx context.Context, conn *pgx.Conn) error {
	var pid uint32
	var database, encoding, ctype string
	if err := simply(ctx, conn, "SELECT pg_backend_pid(), datname, pg_encoding_to_char(encoding), datctype"+
		" FROM pg_database WHERE datname = current_database()").Scan(&pid, &database, &encoding, &ctype); err != nil {
		return fmt.Errorf("look at the database: %w", err)
	}
	if err := checkLocale(database, encoding, ctype); err != nil {
		return err
	}
	// A server says at the start which process serves the connection. A pooler
	// says something of its own there.
	if pid == conn.PgConn().PID() {
		return nil
	}
	return p.checkPooler(ctx, conn, pid)
}

// checkLocale refuses a database that cannot tell letters from other characters.
// PostgreSQL sees to it that a locale fits the encoding, but C and POSIX fit
// every one and know the letters of ASCII alone.
func checkLocale(database, encoding, ctype string) error {
	if encoding == "UTF8" && ctype != "C" && ctype != "POSIX" {
		return nil
	}
	return &unusable{fmt.Sprintf("the database %q has the encoding %s and LC_CTYPE %s, but Redthread needs UTF-8 for both: "+
		"make a database with \"createdb --template=template0 --encoding=UTF8 --locale=C.UTF-8 NAME\" (or another locale in UTF-8), "+
		"and move what is in this one with pg_dump and psql", database, encoding, ctype)}
}

var errTransactionPooler = &unusable{"the DSN leads to a pooler that gives a connection to PostgreSQL for one transaction at a time " +
	"(in PgBouncer: pool_mode=transaction or statement), but Redthread needs sessions: " +
	"connect it to PostgreSQL itself, or to a pooler with pool_mode=session"}

// poolerLooks is how often two connections are compared. A pooler whose
// connections are all in use gives another one each time.
const poolerLooks = 8

// checkPooler refuses a pooler that shares connections to PostgreSQL among its
// clients. With such a one, two connections that are open at the same time are
// served by the same process, or one of them by several in turn.
func (p *postgresServer) checkPooler(ctx context.Context, conn *pgx.Conn, pid uint32) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sessions {
		return nil
	}
	other, err := pgx.ConnectConfig(ctx, p.settings("check"))
	if err != nil {
		return fmt.Errorf("connect a second time through the pooler: %w", err)
	}
	defer func() { _ = other.Close(context.WithoutCancel(ctx)) }() // nothing was done on it
	var first uint32                                               // of the other
	for range poolerLooks {
		var a, b uint32
		if err := simply(ctx, other, "SELECT pg_backend_pid()").Scan(&b); err != nil {
			return fmt.Errorf("look at a second connection through the pooler: %w", err)
		}
		if err := simply(ctx, conn, "SELECT pg_backend_pid()").Scan(&a); err != nil {
			return fmt.Errorf("look at the connection through the pooler: %w", err)
		}
		if first == 0 {
			first = b
		}
		if a != pid || b != first || a == b {
			return errTransactionPooler
		}
	}
	p.sessions = true
	return nil
}

// setUp sets what a session needs, and looks whether it is there in the next
// transaction: nothing may be read or written in another schema.
func setUp(ctx context.Context, conn *pgx.Conn, schema string, use poolUse) error {
	set := "SELECT set_config('search_path', '" + schema + "', false)"
	if use != writing {
		set += ", set_config('default_transaction_read_only', 'on', false)"
	}
	if _, err := conn.Exec(ctx, set, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("set up the session: %w", err)
	}
	var path, only string
	if err := simply(ctx, conn, "SELECT current_setting('search_path'), current_setting('default_transaction_read_only')").
		Scan(&path, &only); err != nil {
		return fmt.Errorf("look at the session: %w", err)
	}
	if path != schema || use != writing && only != "on" {
		return &unusable{fmt.Sprintf("a session does not keep its settings: search_path is %q and not %q, "+
			"default_transaction_read_only is %s; look at what is between Redthread and PostgreSQL "+
			"(in PgBouncer: server_reset_query_always)", path, schema, only)}
	}
	return nil
}

// simply runs a statement that is not prepared: what is prepared may be left
// behind with a pooler.
func simply(ctx context.Context, conn *pgx.Conn, query string) pgx.Row {
	return conn.QueryRow(ctx, query, pgx.QueryExecModeSimpleProtocol)
}

// takeLiveRole gives up the connection's rights on everything but live, where
// [Stores.Migrate] could make the role. A session that cannot take the role
// stays read-only by default.
func takeLiveRole(ctx context.Context, conn *pgx.Conn) error {
	var member bool
	if err := simply(ctx, conn,
		"SELECT coalesce((SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = '"+liveRole+"'), false)").
		Scan(&member); err != nil {
		return fmt.Errorf("look for the role that reads live: %w", err)
	}
	if !member {
		return nil
	}
	if _, err := conn.Exec(ctx, "SET ROLE "+liveRole); err != nil {
		return fmt.Errorf("take the role that reads live: %w", err)
	}
	return nil
}
