package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"entgo.io/ent/dialect"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The files of the embedded stores, in the data folder.
const (
	deskFile = "desk.db"
	liveFile = "live.db"
)

// private is the mode of every file of the stores.
const private fs.FileMode = 0o600

// Exists reports whether the folder of a configuration holds embedded stores. It
// opens nothing.
func Exists(c Config) bool {
	_, err := os.Stat(filepath.Join(c.Dir, deskFile))
	return err == nil
}

// openSQLite opens two files with one writing connection and a pool of
// read-only connections each. The desk is synchronous=FULL: an answered write
// is on disk. Live is NORMAL: what a power cut takes is projected again.
func (s *Stores) openSQLite(ctx context.Context, c Config) error {
	s.dialect = dialect.SQLite
	if c.Dir == "" {
		return errors.New("open SQLite: no data folder given")
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	var err error
	desk, live := filepath.Join(c.Dir, deskFile), filepath.Join(c.Dir, liveFile)
	for _, file := range []string{desk, live} {
		if err := keepPrivate(file); err != nil {
			return fmt.Errorf("open %s: %w", filepath.Base(file), err)
		}
	}
	if s.deskWrite, err = c.sqliteWriter(ctx, desk, "FULL"); err != nil {
		return err
	}
	if s.liveWrite, err = c.sqliteWriter(ctx, live, "NORMAL"); err != nil {
		return err
	}
	if s.deskRead, err = c.sqliteReader(ctx, desk); err != nil {
		return err
	}
	s.liveRead, err = c.sqliteReader(ctx, live)
	return err
}

// keepPrivate makes a database file that nobody else can read, whatever the
// folder and the umask allow, or narrows one that is there with what SQLite has
// put beside it. From then on SQLite gives the files beside it the same mode.
func keepPrivate(file string) error {
	// One that is there is not opened: to close it again would give up the locks
	// that this process may have on it.
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, private)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if runtime.GOOS == "windows" {
		return nil // which has no such modes
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		info, err := os.Stat(file + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && info.Mode().Perm() != private {
			err = os.Chmod(file+suffix, private)
		}
		// Another process may have removed it just now.
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("keep it from others: %w", err)
		}
	}
	return nil
}

// sqliteDSN builds the DSN of a file. modernc applies the pragmas in sorted
// order, except busy_timeout, which it puts first; one value of each.
func sqliteDSN(file string, params ...string) string {
	q := url.Values{
		"_time_format": {"sqlite"},
		"_timezone":    {"UTC"},
		"_pragma":      {"busy_timeout(10000)", "foreign_keys(1)"},
	}
	for _, p := range params {
		key, value, _ := strings.Cut(p, "=")
		q.Add(key, value)
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: q.Encode()}
	return u.String()
}

// openSQLiteFile returns the connections to a file, of which none is made yet.
func (c Config) openSQLiteFile(file string, params ...string) (*sql.DB, error) {
	inner, err := sqlite.NewConnector(sqliteDSN(file, params...))
	if err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(filepath.Base(file), ".")
	return sql.OpenDB(&connector{Connector: inner, pool: name, statements: maxStatements, fault: c.Fault}), nil
}

func (c Config) sqliteWriter(ctx context.Context, file, synchronous string) (*pool, error) {
	db, err := c.openSQLiteFile(file, "_txlock=immediate",
		"_pragma=journal_mode(WAL)", "_pragma=synchronous("+synchronous+")")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Base(file), err)
	}
	p := newPool(db, dialect.SQLite, 1)
	// The settings that a promise hangs on are read back.
	want := map[string]int{"FULL": 2, "NORMAL": 1}[synchronous]
	var level int
	var mode string
	err = errors.Join(
		db.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&level),
		db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode))
	if err == nil && (level != want || mode != "wal") {
		err = fmt.Errorf("got synchronous=%d and journal_mode=%s, want %d and wal", level, mode, want)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", filepath.Base(file), explain(err)), db.Close())
	}
	return p, nil
}

func (c Config) sqliteReader(ctx context.Context, file string) (*pool, error) {
	db, err := c.openSQLiteFile(file, "_pragma=query_only(1)")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Base(file), err)
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s to read: %w", filepath.Base(file), explain(err)), db.Close())
	}
	return newPool(db, dialect.SQLite, max(4, 2*runtime.GOMAXPROCS(0))+1), nil
}

// sqliteFault reads SQLite's result code.
func sqliteFault(err error) fault {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return noFault
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return busy
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS:
		return unavailable
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return damaged
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return duplicate
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return dangling
	}
	return noFault
}
