package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// RestoreParams say where a backup is put.
type RestoreParams struct {
	To         store.Config
	Identities []age.Identity // that open an encrypted backup
	Temp       string         // the folder for what is unpacked of a backup of PostgreSQL; empty: that of the system
	Now        time.Time
	// Finish is called before anything can be used, with a transaction on the desk that is put back; it may be nil. asOf is when the
	// backup was made.
	Finish func(ctx context.Context, tx *store.Tx, asOf time.Time) error
}

// finish migrates stores that were put back, and calls Finish.
func (p RestoreParams) finish(ctx context.Context, stores *store.Stores, asOf time.Time) error {
	if _, err := stores.Migrate(ctx); err != nil {
		return err
	}
	if p.Finish == nil {
		return nil
	}
	return stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error { return p.Finish(ctx, tx, asOf) })
}

// Restored says what Restore did.
type Restored struct {
	Manifest
	// LiveLeft reports that there was a live of the same publication log, which was left as it is.
	LiveLeft bool
}

// Restore puts a backup where there are no stores, or empty ones. No program may use them meanwhile. The stores
// are of the schema of this binary afterwards.
//
// A desk that holds anything is never replaced: [domain.ErrConflict]. A live that is there is left as it is
// if it was made from the publication log of the backup, so that readers can be served from it until it is rebuilt; a live of another
// log is domain.ErrConflict. A backup that is damaged, or of another engine, is [domain.ErrInvalid]. After an error
// the desk is as empty as before.
func Restore(ctx context.Context, from io.Reader, p RestoreParams) (Restored, error) {
	if p.To.DeskDSN == "" {
		return restoreSQLite(ctx, from, p)
	}
	return restorePostgres(ctx, from, p)
}

func restoreSQLite(ctx context.Context, from io.Reader, p RestoreParams) (r Restored, err error) {
	dir := p.To.Dir
	if store.Exists(p.To) {
		if err := mustBeEmpty(ctx, p.To); err != nil {
			return r, err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return r, err
	}
	removeStale(dir, ".restore-*", p.Now)
	// In the same file system, so that files can be moved into their place.
	unpacked, err := os.MkdirTemp(dir, ".restore-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(unpacked)) }()
	var loaded bool
	if r.Manifest, loaded, err = unpack(ctx, from, unpacked, p, SQLiteFiles); err != nil || loaded {
		return r, err
	}
	for _, name := range []string{"live.db", "desk.db"} {
		if err := store.CheckFile(ctx, filepath.Join(unpacked, name)); err != nil {
			return r, fmt.Errorf("%s of the backup: %w", name, err)
		}
	}
	if err := finishFiles(ctx, unpacked, p, r.At); err != nil {
		return r, err
	}
	if r.LiveLeft, err = sameLive(ctx, p.To, r.Log.Identity); err != nil {
		return r, err
	}
	if !r.LiveLeft {
		if err := replace(unpacked, dir, "live.db"); err != nil {
			return r, err
		}
	}
	// The desk last: with it the stores are there.
	if err := replace(unpacked, dir, "desk.db"); err != nil {
		return r, err
	}
	return r, syncFolder(dir)
}

// finishFiles brings SQLite files to the schema of this binary and calls Finish, before they are in their place.
func finishFiles(ctx context.Context, folder string, p RestoreParams, asOf time.Time) error {
	err := open(ctx, store.Config{Dir: folder, Log: p.To.Log}, func(stores *store.Stores) error { return p.finish(ctx, stores, asOf) })
	if err != nil {
		return err
	}
	// SQLite has written all of it to the files when the last connection is closed.
	if logs, _ := filepath.Glob(filepath.Join(folder, "*-wal")); len(logs) > 0 {
		return fmt.Errorf("%s was left beside the files that were unpacked", filepath.Base(logs[0]))
	}
	removeBeside(folder)
	return nil
}

// unpack reads a backup into a folder. One of rows, which fits any engine, is loaded from there at once; any other has to be of the
// form that is wanted.
func unpack(ctx context.Context, from io.Reader, folder string, p RestoreParams, want Content) (m Manifest, loaded bool, err error) {
	m, err = readArchive(ctx, from, folder, p.Identities)
	switch {
	case err != nil:
		return m, false, err
	case m.Content == Rows:
		return m, true, loadRows(ctx, p, folder)
	case m.Content != want:
		return m, false, wrongEngine(m)
	}
	return m, false, nil
}

// replace moves a file of SQLite's into its place. What belongs to the file that was there goes first.
func replace(from, to, name string) error {
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		if err := os.Remove(filepath.Join(to, name+suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Rename(filepath.Join(from, name), filepath.Join(to, name))
}

func wrongEngine(m Manifest) error {
	if m.Engine == "sqlite" {
		return domain.Invalid("the backup is of SQLite: restore it with --data, and move it to PostgreSQL with \"redthread dump\" and \"redthread load\"")
	}
	return domain.Invalid("the backup is of PostgreSQL: restore it with --desk-dsn, and move it to SQLite with \"redthread dump\" and \"redthread load\"")
}

// open opens stores and calls fn with them.
func open(ctx context.Context, c store.Config, fn func(*store.Stores) error) error {
	stores, err := store.Open(ctx, c)
	if err != nil {
		return fmt.Errorf("open the stores: %w", err)
	}
	return errors.Join(fn(stores), stores.Close())
}

// mustBeEmpty returns an error if the desk holds anything.
func mustBeEmpty(ctx context.Context, c store.Config) error {
	return open(ctx, c, func(stores *store.Stores) error { return MustBeEmpty(ctx, stores) })
}

// sameLive reports whether there is a live of a publication log. Empty stores have none.
func sameLive(ctx context.Context, c store.Config, identity string) (there bool, err error) {
	if c.DeskDSN == "" {
		if _, err := os.Stat(filepath.Join(c.Dir, "live.db")); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
	}
	err = open(ctx, c, func(stores *store.Stores) error {
		tables, err := stores.RowTables(ctx, domain.Live)
		if err != nil || len(tables) == 0 {
			return err
		}
		of, err := projection.LogOf(ctx, stores.LiveRows())
		switch {
		case err != nil:
			return err
		case of == "":
			return nil
		case of != identity:
			return domain.Conflict("there is a live of another publication log: take it away first")
		}
		there = true
		return nil
	})
	return there, err
}

// loadRows loads the rows of a backup into new stores.
func loadRows(ctx context.Context, p RestoreParams, folder string) error {
	f, err := os.Open(filepath.Join(folder, rowsFile))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it is only read
	dump, err := Check(ctx, f)
	if err != nil {
		return err
	}
	return open(ctx, p.To, func(stores *store.Stores) error {
		if _, err := stores.Migrate(ctx); err != nil {
			return err
		}
		_, err := Load(ctx, stores, dump, LoadParams{Finish: p.Finish})
		return err
	})
}

func restorePostgres(ctx context.Context, from io.Reader, p RestoreParams) (r Restored, err error) {
	if err := mustBeEmpty(ctx, p.To); err != nil {
		return r, err
	}
	unpacked, err := os.MkdirTemp(p.Temp, "redthread-restore-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(unpacked)) }()
	var loaded bool
	if r.Manifest, loaded, err = unpack(ctx, from, unpacked, p, PgDump); err != nil || loaded {
		return r, err
	}
	if r.LiveLeft, err = sameLive(ctx, p.To, r.Log.Identity); err != nil {
		return r, err
	}
	return r, open(ctx, p.To, func(stores *store.Stores) error {
		why, err := unfit(ctx, stores, "pg_restore")
		if err != nil {
			return err
		}
		if why != "" {
			return errors.New(why + ": this backup needs it")
		}
		args := []string{"--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password"}
		if r.LiveLeft {
			args = append(args, "--schema=desk")
		}
		if err := stores.DropEmpty(ctx, r.LiveLeft); err != nil {
			return err
		}
		// Between the commit of pg_restore and that of Finish, the mark keeps servers paused.
		if err := stores.MarkRestoring(ctx); err != nil {
			return err
		}
		if err := runPostgres(ctx, p.To.DeskDSN, "pg_restore", append(args, filepath.Join(unpacked, pgDumpFile))...); err != nil {
			return err
		}
		stores.GrantLive(ctx)
		if err := p.finish(ctx, stores, r.At); err != nil {
			return err
		}
		return stores.UnmarkRestoring(ctx)
	})
}
