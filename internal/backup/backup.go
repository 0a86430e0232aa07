package backup

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// Params say how a backup is made.
type Params struct {
	Version    string // of the program
	Now        time.Time
	DeskDSN    string          // of stores on PostgreSQL, for pg_dump; empty: not on PostgreSQL
	Recipients []age.Recipient // for whom it is encrypted; none: it is not
	Temp       string          // the folder for copies meanwhile, with room for both stores; empty: that of the system
	Note       func(string)    // called with what the operator should know; may be nil
}

func (p Params) note(format string, args ...any) {
	if p.Note != nil {
		p.Note(fmt.Sprintf(format, args...))
	}
}

// Result is a backup that was made.
type Result struct {
	Manifest
	Name   string // in its place
	Bytes  int64  // of the archive
	SHA256 string // of the archive, in hexadecimal digits
}

// Make writes a backup of the stores, which may be read and written meanwhile, to a place, under a name. It is
// complete as of one moment of the desk, and live in it is not ahead of its publication log. It is checked before it is
// written (the integrity of SQLite files, that the log and live belong together) and read again afterwards. Where Make returns an error,
// there is no backup of that name.
func Make(ctx context.Context, stores *store.Stores, to Place, name string, p Params) (r Result, err error) {
	removeStale(cmp.Or(p.Temp, os.TempDir()), "redthread-backup-*", p.Now)
	folder, err := os.MkdirTemp(p.Temp, "redthread-backup-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	r.Name = name
	if r.Manifest, err = collect(ctx, stores, folder, p); err != nil {
		return r, fmt.Errorf("back up: %w", err)
	}
	sum := sha256.New()
	size := new(counter)
	err = to.Write(ctx, name, func(w io.Writer) error {
		return writeArchive(ctx, io.MultiWriter(w, sum, size), r.Manifest, folder, p.Recipients)
	}, func(stored io.Reader) error {
		r.Bytes, r.SHA256 = int64(*size), hexSum(sum)
		return readBack(ctx, stored, r.SHA256, len(p.Recipients) > 0)
	})
	if err != nil {
		return r, fmt.Errorf("write the backup: %w", err)
	}
	return r, nil
}

// staleAfter is how old a folder is that a killed command has left.
const staleAfter = 24 * time.Hour

// removeStale removes the folders that killed commands have left. What cannot be removed stays.
func removeStale(in, pattern string, now time.Time) {
	folders, _ := filepath.Glob(filepath.Join(in, pattern)) // the pattern is valid
	for _, folder := range folders {
		if info, err := os.Lstat(folder); err == nil && info.IsDir() && now.Sub(info.ModTime()) > staleAfter {
			_ = os.RemoveAll(folder)
		}
	}
}

// counter counts the bytes that are written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// readBack reads what was stored. What is encrypted cannot be opened here: its bytes are compared.
func readBack(ctx context.Context, stored io.Reader, want string, encrypted bool) error {
	sum := sha256.New()
	all := io.TeeReader(contextReader{ctx, stored}, sum)
	if !encrypted {
		if _, err := readArchive(ctx, all, "", nil); err != nil {
			return fmt.Errorf("read it again: %w", err)
		}
	}
	if _, err := io.Copy(io.Discard, all); err != nil {
		return fmt.Errorf("read it again: %w", err)
	}
	if hexSum(sum) != want {
		return errors.New("what is there is not what was written")
	}
	return nil
}

// collect copies the stores into a folder and describes them.
func collect(ctx context.Context, stores *store.Stores, folder string, p Params) (Manifest, error) {
	m := Manifest{Backup: "backup", Format: archiveFormat, Version: p.Version, At: p.Now.UTC(), Engine: "sqlite", Content: SQLiteFiles}
	var err error
	if m.Schema, err = schemaOf(ctx, stores); err != nil {
		return m, err
	}
	names := []string{"live.db", "desk.db"}
	if p.DeskDSN == "" {
		err = stores.CopyFiles(ctx, folder)
	} else {
		m.Engine = "postgresql"
		m.Content, names, err = collectPostgres(ctx, stores, folder, p)
	}
	if err != nil {
		return m, err
	}
	if m.Log, err = positionOf(ctx, stores, folder, m.Content); err != nil {
		return m, err
	}
	// Behind positionOf, because SQLite writes to a file that it opens.
	m.Files, err = describe(folder, names...)
	return m, err
}

// positionOf returns the position of the publication log in what was copied. Of SQLite files it is that of the copies, which are
// opened for it and looked at; otherwise that of the stores, which may be a little ahead.
func positionOf(ctx context.Context, stores *store.Stores, folder string, c Content) (LogPosition, error) {
	if c == SQLiteFiles {
		copied, err := store.Open(ctx, store.Config{Dir: folder})
		if err != nil {
			return LogPosition{}, fmt.Errorf("open the copy: %w", err)
		}
		defer removeBeside(folder)
		defer copied.Close() // it is only read
		stores = copied
		applied, err := projection.AppliedOf(ctx, copied.LiveRows())
		if err != nil {
			return LogPosition{}, err
		}
		state, err := projection.ReadLog(ctx, copied.DeskRows())
		if err != nil {
			return LogPosition{}, err
		}
		if applied > state.Last {
			return LogPosition{}, domain.Conflict("live has applied entry %d of the publication log, and the desk has %d entries", applied, state.Last)
		}
	}
	state, err := projection.ReadLog(ctx, stores.DeskRows())
	return LogPosition{Identity: state.Identity, Entries: state.Last}, err
}

// removeBeside removes what SQLite leaves beside its files.
func removeBeside(folder string) {
	for _, name := range []string{"desk.db-wal", "desk.db-shm", "live.db-wal", "live.db-shm"} {
		_ = os.Remove(filepath.Join(folder, name)) // the folder goes as a whole
	}
}
