package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The files of the SQLite stores, in the data folder.
const (
	deskFile = "desk.db"
	liveFile = "live.db"
)

// fileMode is the mode of all files of the stores.
const fileMode fs.FileMode = 0o600

// Exists reports whether the folder of a configuration holds SQLite stores. It
// does not open them.
func Exists(c Config) bool {
	_, err := os.Stat(filepath.Join(c.Dir, deskFile))
	return err == nil
}

// openSQLite opens two files, each with one writing connection and a pool of
// read-only connections. The desk is synchronous=FULL: a committed write is on
// disk. Live is NORMAL: what is lost in a power failure is projected again.
func (s *Stores) openSQLite(ctx context.Context, c Config) error {
	s.dialect = dialect.SQLite
	if c.Dir == "" {
		return errors.New("open SQLite: no data folder given")
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return fmt.Errorf("create the data folder: %w", err)
	}
	var err error
	desk, live := filepath.Join(c.Dir, deskFile), filepath.Join(c.Dir, liveFile)
	for _, file := range []string{desk, live} {
		if err := restrictFile(file); err != nil {
			return fmt.Errorf("open %s: %w", filepath.Base(file), err)
		}
	}
	if s.deskWrite, err = c.sqliteWriter(ctx, desk, "FULL"); err != nil {
		return err
	}
	if s.liveWrite, err = c.sqliteWriter(ctx, live, "NORMAL"); err != nil {
		return err
	}
	if s.deskRead, err = c.sqliteReader(ctx, desk, nil); err != nil {
		return err
	}
	s.liveRead, err = c.sqliteReader(ctx, live, c.gate.server())
	return err
}

// restrictFile creates a database file with fileMode, whatever the folder and the
// umask allow. If the file exists, it sets the mode of the file and of SQLite's
// files beside it. From then on SQLite gives new files beside it the same mode.
func restrictFile(file string) error {
	// An existing file is not opened: closing it would release the locks that this
	// process may have on it.
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if runtime.GOOS == "windows" {
		return nil // Windows has no such modes
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		info, err := os.Stat(file + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && info.Mode().Perm() != fileMode {
			err = os.Chmod(file+suffix, fileMode)
		}
		// Another process may have just removed it.
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("restrict its mode: %w", err)
		}
	}
	return nil
}

// sqliteDSN builds the DSN of a file. modernc.org/sqlite applies the pragmas in
// sorted order, but busy_timeout first; each may be given once.
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

// openSQLiteFile returns a connection pool of a file. It does not connect yet.
func (c Config) openSQLiteFile(file string, live *liveServer, params ...string) (*sql.DB, error) {
	inner, err := sqlite.NewConnector(sqliteDSN(file, params...))
	if err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(filepath.Base(file), ".")
	return sql.OpenDB(&connector{Connector: inner, pool: name, statements: maxCachedStmts, fault: c.Fault, counts: c.counts[name], live: live}), nil
}

func (c Config) sqliteWriter(ctx context.Context, file, synchronous string) (*pool, error) {
	db, err := c.openSQLiteFile(file, nil, "_txlock=immediate",
		"_pragma=journal_mode(WAL)", "_pragma=synchronous("+synchronous+")",
		fmt.Sprintf("_pragma=wal_autocheckpoint(%d)", writerCheckpointPages))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Base(file), err)
	}
	p := newPool(db, dialect.SQLite, 1)
	// Durability depends on these settings, so they are read back.
	want := map[string]int{"FULL": 2, "NORMAL": 1}[synchronous]
	var level int
	var mode string
	err = whileBusy(ctx, func() error {
		if err := db.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&level); err != nil {
			return err
		}
		return db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode)
	})
	if err == nil && (level != want || mode != "wal") {
		err = fmt.Errorf("got synchronous=%d and journal_mode=%s, want %d and wal", level, mode, want)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", filepath.Base(file), withDetail(err)), db.Close())
	}
	if p.checkpoints, err = startCheckpointer(file); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s for checkpoints: %w", filepath.Base(file), err), db.Close())
	}
	return p, nil
}

// whileBusy repeats f, but does not begin it again after ten seconds, while another process has the lock that it needs. It is for
// what SQLite's busy_timeout does not cover: a new file is made one with a write-ahead log only while no other connection reads it.
func whileBusy(ctx context.Context, f func() error) error {
	until := time.Now().Add(10 * time.Second)
	for {
		err := f()
		if err == nil || !retryable(err) || time.Now().After(until) {
			return err
		}
		select {
		case <-time.After(10*time.Millisecond + rand.N(20*time.Millisecond)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c Config) sqliteReader(ctx context.Context, file string, live *liveServer) (*pool, error) {
	// Each connection has a page cache of its own, in KiB: the operating system caches the
	// file for all of them, and reads were as fast with 500 as with SQLite's 2,000.
	db, err := c.openSQLiteFile(file, live, "_pragma=query_only(1)", "_pragma=cache_size(-1000)")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Base(file), err)
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s to read: %w", filepath.Base(file), withDetail(err)), db.Close())
	}
	return newPool(db, dialect.SQLite, max(4, 2*runtime.GOMAXPROCS(0))+1), nil
}

// ShrinkDesk gives the free space in the desk's file back to the file system. Writers
// wait until it is done. On PostgreSQL it does nothing: there VACUUM FULL does it.
func (s *Stores) ShrinkDesk(ctx context.Context) error {
	if s.postgres() {
		return nil
	}
	defer s.deskWrite.checkpoints.pause()()
	for _, statement := range []string{"VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := s.deskWrite.db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("shrink the desk: %w", translate(err))
		}
	}
	return nil
}

// permanentSQLite returns the cause of an error with which SQLite refuses to open a file.
func permanentSQLite(err error) (error, bool) {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return nil, false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return fmt.Errorf("the file or its folder cannot be written: see whether the disk is read-only, and whose they are (%s)", e.Error()), true
	}
	return nil, false
}

// sqliteErrClass classifies errors of SQLite by their result code.
func sqliteErrClass(err error) errClass {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return unclassified
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return lockConflict
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS:
		return unavailable
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return damaged
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return uniqueIndex
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return foreignKey
	}
	return unclassified
}

// The sizes of the writers' caches of pages: SQLite's default, and that while live is made anew.
const (
	usualCache = 2000     // KiB
	largeCache = 64 << 10 // KiB
)

// WithLargeCache gives the writer of live on SQLite 64 MiB for pages while f runs, in place of two. A transaction that
// changes more pages than there is room for writes each of them whenever another one needs its place, and then reads
// it again.
func (s *Stores) WithLargeCache(ctx context.Context, f func() error) error {
	if s.dialect != dialect.SQLite {
		return f()
	}
	set := func(ctx context.Context, size int) error {
		if _, err := s.liveWrite.db.ExecContext(ctx, fmt.Sprintf("PRAGMA cache_size(-%d)", size)); err != nil {
			return fmt.Errorf("size the cache of live: %w", translate(err))
		}
		return nil
	}
	if err := set(ctx, largeCache); err != nil {
		return err
	}
	defer func() {
		if err := set(context.WithoutCancel(ctx), usualCache); err != nil {
			s.log.WarnContext(ctx, "the writer of live keeps its large cache", "error", err)
		}
	}()
	return f()
}
