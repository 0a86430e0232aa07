package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// poolUse is the purpose of a connection pool.
type poolUse int

const (
	writing poolUse = iota
	reading
	readingLive
)

// connectTimeout is the default timeout for a new connection. The DSN can set
// another one.
const connectTimeout = 10 * time.Second

// postgresServer opens the connections of one DSN: those of the pools, of the
// jobs, and of Listen. Each is checked before it is used, and then configured by
// statements. Start-up parameters would do for PostgreSQL itself. But a pooler
// drops or refuses those that it does not know, and a parameter that makes the
// session read-only would keep target_session_attrs=read-write from finding the
// primary.
type postgresServer struct {
	config *pgx.ConnConfig

	mu       sync.Mutex
	sessions bool // the pooler was found to assign a connection per session
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

// settings returns the configuration of connections to a schema. The connections
// still have to be prepared (see prepare).
func (p *postgresServer) settings(schema string) *pgx.ConnConfig {
	config := p.config.Copy()
	config.RuntimeParams["application_name"] = "redthread " + schema
	return config
}

// address returns the first host and port of the DSN, for the log.
func (p *postgresServer) address() string {
	return net.JoinHostPort(p.config.Host, strconv.Itoa(int(p.config.Port)))
}

// connect opens a connection outside the pools.
func (p *postgresServer) connect(ctx context.Context, schema string, use poolUse) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, p.settings(schema))
	if err != nil {
		return nil, err
	}
	return conn, p.prepare(schema, use)(ctx, conn)
}

// prepare returns a function that checks a new connection and configures it for a
// schema and a use. On an error the function closes the connection.
func (p *postgresServer) prepare(schema string, use poolUse) func(context.Context, *pgx.Conn) error {
	return func(ctx context.Context, conn *pgx.Conn) error {
		ctx, cancel := context.WithTimeout(ctx, p.config.ConnectTimeout)
		defer cancel()
		err := p.check(ctx, conn)
		if err == nil {
			err = setSession(ctx, conn, schema, use)
		}
		if err == nil && use == readingLive {
			err = setLiveRole(ctx, conn)
		}
		if err != nil {
			_ = conn.Close(context.WithoutCancel(ctx)) // the pools do not close it
		}
		return err
	}
}

// unusableError reports a database, or a pooler in front of it, that Redthread
// cannot work with. The message is for operators.
type unusableError struct{ message string }

func (e *unusableError) Error() string { return e.message }

// check checks the database and the pooler behind a new connection. It changes no
// state of the session, which may be shared with other clients.
func (p *postgresServer) check(ctx context.Context, conn *pgx.Conn) error {
	var pid uint32
	var database, encoding, ctype string
	if err := querySimple(ctx, conn, "SELECT pg_backend_pid(), datname, pg_encoding_to_char(encoding), datctype"+
		" FROM pg_database WHERE datname = current_database()").Scan(&pid, &database, &encoding, &ctype); err != nil {
		return fmt.Errorf("check the database: %w", err)
	}
	if err := checkLocale(database, encoding, ctype); err != nil {
		return err
	}
	// PostgreSQL reports at the start which process serves the connection. A pooler
	// reports another number.
	if pid == conn.PgConn().PID() {
		return nil
	}
	return p.checkPooler(ctx, conn, pid)
}

// checkLocale refuses a database that cannot tell letters from other characters.
// PostgreSQL checks that a locale fits the encoding, but C and POSIX fit every
// encoding and know only the letters of ASCII.
func checkLocale(database, encoding, ctype string) error {
	if encoding == "UTF8" && ctype != "C" && ctype != "POSIX" {
		return nil
	}
	return &unusableError{fmt.Sprintf("the database %q has the encoding %s and LC_CTYPE %s, but Redthread needs UTF-8 for both: "+
		"make a database with \"createdb --template=template0 --encoding=UTF8 --locale=C.UTF-8 NAME\" (or another locale in UTF-8), "+
		"and move what is in this one with pg_dump and psql", database, encoding, ctype)}
}

var errTransactionPooler = &unusableError{"the DSN leads to a pooler that gives a connection to PostgreSQL for one transaction at a time " +
	"(in PgBouncer: pool_mode=transaction or statement), but Redthread needs sessions: " +
	"connect it to PostgreSQL itself, or to a pooler with pool_mode=session"}

// poolerChecks is how often two connections are compared. A pooler whose
// connections are all in use assigns another one each time.
const poolerChecks = 8

// checkPooler refuses a pooler that shares connections to PostgreSQL among its
// clients. Behind such a pooler, two open connections are served by the same
// process, or one connection by several processes in turn.
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
	defer func() { _ = other.Close(context.WithoutCancel(ctx)) }() // it has changed nothing
	var first uint32                                               // the first process of other
	for range poolerChecks {
		var a, b uint32
		if err := querySimple(ctx, other, "SELECT pg_backend_pid()").Scan(&b); err != nil {
			return fmt.Errorf("check a second connection through the pooler: %w", err)
		}
		if err := querySimple(ctx, conn, "SELECT pg_backend_pid()").Scan(&a); err != nil {
			return fmt.Errorf("check the connection through the pooler: %w", err)
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

// setSession sets the schema and the mode of a session, and checks that they
// persist in the next transaction: nothing may be read or written in another
// schema.
func setSession(ctx context.Context, conn *pgx.Conn, schema string, use poolUse) error {
	set := "SELECT set_config('search_path', '" + schema + "', false)"
	if use != writing {
		set += ", set_config('default_transaction_read_only', 'on', false)"
	}
	if _, err := conn.Exec(ctx, set, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("set up the session: %w", err)
	}
	var path, only string
	if err := querySimple(ctx, conn, "SELECT current_setting('search_path'), current_setting('default_transaction_read_only')").
		Scan(&path, &only); err != nil {
		return fmt.Errorf("check the session: %w", err)
	}
	if path != schema || use != writing && only != "on" {
		return &unusableError{fmt.Sprintf("a session does not keep its settings: search_path is %q and not %q, "+
			"default_transaction_read_only is %s; check the pooler between Redthread and PostgreSQL "+
			"(in PgBouncer: server_reset_query_always)", path, schema, only)}
	}
	return nil
}

// querySimple runs a statement by the simple protocol, without preparing it: a
// prepared statement may be left behind in a pooler's connection.
func querySimple(ctx context.Context, conn *pgx.Conn, query string) pgx.Row {
	return conn.QueryRow(ctx, query, pgx.QueryExecModeSimpleProtocol)
}

// liveRoleUsable reports whether the role that reads live exists, the user is a member, and it may read all of live in this
// database: roles are the server's, and their rights each database's own.
const liveRoleUsable = "SELECT EXISTS (SELECT 1 FROM pg_roles r JOIN pg_namespace n ON n.nspname = 'live' WHERE r.rolname = '" + liveRole + "'" +
	" AND pg_has_role(current_user, r.oid, 'MEMBER') AND has_schema_privilege(r.oid, n.oid, 'USAGE')" +
	" AND NOT EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND NOT has_table_privilege(r.oid, c.oid, 'SELECT')))"

// setLiveRole sets the role that may only read live, if it can be used (see
// [Stores.Migrate]). Otherwise the session is only read-only by default.
func setLiveRole(ctx context.Context, conn *pgx.Conn) error {
	var usable bool
	if err := querySimple(ctx, conn, liveRoleUsable).Scan(&usable); err != nil {
		return fmt.Errorf("look for the role that reads live: %w", err)
	}
	if !usable {
		return nil
	}
	if _, err := conn.Exec(ctx, "SET ROLE "+liveRole); err != nil {
		return fmt.Errorf("set the role that reads live: %w", err)
	}
	return nil
}
