package backup

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Place is where backups are stored.
type Place interface {
	// Write stores what write writes under a name, whole or not at all. It never replaces what has the name: then it
	// returns an error that is [fs.ErrExist]. What is stored is read again with check, if that is not nil; where
	// check returns an error, nothing has the name.
	Write(ctx context.Context, name string, write func(io.Writer) error, check func(io.Reader) error) error
	// Open returns what is stored under a name. The error is [fs.ErrNotExist] where there is none.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// List returns the names in order.
	List(ctx context.Context) ([]string, error)
	Remove(ctx context.Context, name string) error
}

// Folder is a folder as a place.
type Folder string

// partial is the end of the name of a file that is being written.
const partial = ".partial"

// Write implements [Place]. While it is written, the file has a name of its own that begins with a dot and ends with ".partial".
func (d Folder) Write(_ context.Context, name string, write func(io.Writer) error, check func(io.Reader) error) (err error) {
	file := filepath.Join(string(d), name)
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = &fs.PathError{Op: "create", Path: file, Err: fs.ErrExist}
		}
		return err
	}
	// A new file, which only its owner can read.
	f, err := os.CreateTemp(string(d), "."+name+".*"+partial)
	if err != nil {
		return err
	}
	defer func() {
		if removeErr := os.Remove(f.Name()); !errors.Is(removeErr, fs.ErrNotExist) {
			err = errors.Join(err, removeErr)
		}
	}()
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err == nil && check != nil {
		if _, err = f.Seek(0, io.SeekStart); err == nil {
			err = check(f)
		}
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := moveNew(f.Name(), file); err != nil {
		return err
	}
	return syncFolder(string(d))
}

// moveNew gives a file a name that no file has. A second name for it is refused where there is one; file systems without
// such names rename it.
func moveNew(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, &fs.PathError{Op: "create", Path: to, Err: fs.ErrExist})
	}
	return os.Rename(from, to)
}

// syncFolder makes the names in a folder durable. File systems that cannot do that do it by themselves.
func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	_ = d.Sync() // Windows has no such thing
	return d.Close()
}

// Open implements [Place].
func (d Folder) Open(_ context.Context, name string) (io.ReadCloser, error) {
	return os.Open(filepath.Join(string(d), name))
}

// List implements [Place].
func (d Folder) List(context.Context) ([]string, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasSuffix(e.Name(), partial) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Remove implements [Place].
func (d Folder) Remove(_ context.Context, name string) error {
	return os.Remove(filepath.Join(string(d), name))
}

// The name of a backup is redthread-20260131T120000Z.tar.zst, with .age behind it if it is encrypted.
const (
	namePrefix = "redthread-"
	nameTime   = "20060102T150405Z"
	nameEnd    = ".tar.zst"
)

// Name returns the name of a backup that is begun at a time.
func Name(at time.Time, encrypted bool) string {
	name := namePrefix + at.UTC().Format(nameTime) + nameEnd
	if encrypted {
		name += ".age"
	}
	return name
}

// madeAt returns the time in a name that [Name] has made.
func madeAt(name string) (time.Time, bool) {
	rest, ok := strings.CutPrefix(name, namePrefix)
	if !ok {
		return time.Time{}, false
	}
	stamp, ok := strings.CutSuffix(strings.TrimSuffix(rest, ".age"), nameEnd)
	if !ok {
		return time.Time{}, false
	}
	at, err := time.Parse(nameTime, stamp)
	return at, err == nil
}

// Prune removes the backups of a place that are older than a duration, and returns their names. It removes only
// what has a name of [Name], and never the latest backup.
func Prune(ctx context.Context, place Place, now time.Time, keep time.Duration) ([]string, error) {
	names, err := place.List(ctx)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { _, ok := madeAt(name); return !ok })
	slices.Sort(names) // in the order of their times
	var removed []string
	for _, name := range names[:max(len(names)-1, 0)] {
		if at, _ := madeAt(name); now.Sub(at) <= keep {
			break
		}
		if err := place.Remove(ctx, name); err != nil {
			return removed, err
		}
		removed = append(removed, name)
	}
	return removed, nil
}

// Latest returns the name and the time of the latest backup of a place; an empty name if there is none. It knows
// those that have a name of [Name].
func Latest(ctx context.Context, place Place) (name string, at time.Time, err error) {
	names, err := place.List(ctx)
	for _, n := range names {
		if made, ok := madeAt(n); ok && made.After(at) {
			name, at = n, made
		}
	}
	return name, at, err
}
