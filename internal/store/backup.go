package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// CopyFiles writes copies of both SQLite stores into a folder, under their own names, while
// they are read and written: live first, so that its copy is never ahead of the publication log in
// the copy of the desk. Each is compact, complete as of one moment, and checked for its integrity.
func (s *Stores) CopyFiles(ctx context.Context, folder string) error {
	for _, name := range []string{liveFile, deskFile} {
		file := filepath.Join(folder, name)
		// An empty file is what VACUUM INTO takes besides none, and it keeps its mode.
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			return fmt.Errorf("copy %s: %w", name, err)
		}
		if err := vacuumInto(ctx, filepath.Join(s.dir, name), file); err != nil {
			return fmt.Errorf("copy %s: %w", name, translate(err))
		}
		if err := CheckFile(ctx, file); err != nil {
			return fmt.Errorf("the copy of %s: %w", name, err)
		}
	}
	return nil
}

// vacuumInto copies a file of SQLite's, on a connection of its own: readers of the pools are query_only, which refuses it.
func vacuumInto(ctx context.Context, from, to string) error {
	db, err := Config{}.openSQLiteFile(from, nil)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	return errors.Join(err, db.Close())
}

// CheckFile checks the integrity of an SQLite file that no program has open.
func CheckFile(ctx context.Context, file string) error {
	db, err := Config{}.openSQLiteFile(file, nil, "_pragma=query_only(1)")
	if err != nil {
		return err
	}
	defer db.Close() // it is only read
	return checkIntegrity(ctx, db)
}

// CheckIntegrity reads both stores whole and compares their indexes with their tables. On PostgreSQL, where the server's own
// checksums and amcheck do that, it does nothing. It returns an error for each store that is damaged.
func (s *Stores) CheckIntegrity(ctx context.Context) error {
	if s.postgres() {
		return nil
	}
	var errs []error
	for name, p := range map[string]*pool{"desk": s.deskRead, "live": s.liveRead} {
		if err := checkIntegrity(ctx, p.db); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// ServerVersion returns the number of the PostgreSQL server's version, such as 150004; 0 on SQLite.
func (s *Stores) ServerVersion(ctx context.Context) (n int, err error) {
	if !s.postgres() {
		return 0, nil
	}
	err = s.deskWrite.db.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int").Scan(&n)
	return n, translate(err)
}

// GrantLive gives readers of live the role that can read nothing else, as [Stores.Migrate] does for new
// stores, on stores that were put back from a backup. Where the stores' role may not do that, the log says so.
func (s *Stores) GrantLive(ctx context.Context) {
	if s.postgres() && s.makeLiveRole(ctx) {
		s.liveRead.closeIdle()
	}
}

// checkIntegrity runs SQLite's check, and the one of foreign keys.
func checkIntegrity(ctx context.Context, db *sql.DB) error {
	for _, check := range []struct{ query, none string }{
		{"PRAGMA integrity_check(5)", "ok"},
		{"SELECT 'a row of ' || \"table\" || ' refers to none of ' || parent FROM pragma_foreign_key_check LIMIT 5", ""},
	} {
		rows, err := db.QueryContext(ctx, check.query)
		if err != nil {
			return translate(err)
		}
		defer rows.Close()
		var found []string
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				return translate(err)
			}
			if line != check.none {
				found = append(found, line)
			}
		}
		if err := rows.Err(); err != nil {
			return translate(err)
		}
		if len(found) > 0 {
			return fmt.Errorf("%w: %s", ErrDamaged, strings.Join(found, "; "))
		}
	}
	return nil
}

// DropEmpty drops the schemas of PostgreSQL whose place a backup takes: the desk's, which must hold nothing,
// and live's unless it is left. Where live is left, it makes an empty schema for the desk.
func (s *Stores) DropEmpty(ctx context.Context, leaveLive bool) error {
	statements := []string{"DROP SCHEMA IF EXISTS desk CASCADE"}
	if leaveLive {
		statements = append(statements, "CREATE SCHEMA desk")
	} else {
		statements = append(statements, "DROP SCHEMA IF EXISTS live CASCADE")
	}
	for _, statement := range statements {
		if _, err := s.deskWrite.db.ExecContext(ctx, statement); err != nil {
			return translate(err)
		}
	}
	return nil
}

// restoringSchema is an empty schema of PostgreSQL that is there while a backup is put back.
const restoringSchema = "redthread_restoring"

// MarkRestoring notes in the database of PostgreSQL that a backup is being put back, until [Stores.UnmarkRestoring].
func (s *Stores) MarkRestoring(ctx context.Context) error {
	_, err := s.deskWrite.db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+restoringSchema)
	return translate(err)
}

// UnmarkRestoring takes the note of [Stores.MarkRestoring] back. On SQLite it does nothing.
func (s *Stores) UnmarkRestoring(ctx context.Context) error {
	if !s.postgres() {
		return nil
	}
	_, err := s.deskWrite.db.ExecContext(ctx, "DROP SCHEMA IF EXISTS "+restoringSchema)
	return translate(err)
}

// Restoring reports whether a backup is being put back, or was until its command was killed. On SQLite it never is:
// there what is put back is complete before it is in its place.
func (s *Stores) Restoring(ctx context.Context) (is bool, err error) {
	if !s.postgres() {
		return false, nil
	}
	err = s.deskWrite.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)", restoringSchema).Scan(&is)
	return is, translate(err)
}
