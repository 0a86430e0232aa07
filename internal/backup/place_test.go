package backup_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/redthread-api/redthread/internal/backup"
)

func write(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// namesIn returns the names of the files in a folder, hidden ones too.
func namesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestFolder(t *testing.T) {
	t.Parallel()
	t.Run("a file has its name when it is whole", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		err := backup.Folder(dir).Write(t.Context(), "x", write("whole"), func(r io.Reader) error {
			if got, err := io.ReadAll(r); string(got) != "whole" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
			if _, err := os.Stat(filepath.Join(dir, "x")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("it has its name before it was checked: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(filepath.Join(dir, "x")); err != nil || info.Mode().Perm() != 0o600 || len(namesIn(t, dir)) != 1 {
			t.Errorf("got %v, %v, %v", info, err, namesIn(t, dir))
		}
	})
	t.Run("a file that appears meanwhile stays", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		err := backup.Folder(dir).Write(t.Context(), "x", func(io.Writer) error {
			return os.WriteFile(filepath.Join(dir, "x"), []byte("mine"), 0o600)
		}, nil)
		if !errors.Is(err, fs.ErrExist) {
			t.Errorf("got %v", err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "x")); string(got) != "mine" || err != nil || len(namesIn(t, dir)) != 1 {
			t.Errorf("got %q, %v, %v", got, err, namesIn(t, dir))
		}
	})
	t.Run("two at once are two files, and one gets the name", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		var inner error
		outer := backup.Folder(dir).Write(t.Context(), "x", func(w io.Writer) error {
			if err := write("out")(w); err != nil {
				return err
			}
			inner = backup.Folder(dir).Write(t.Context(), "x", write("inner"), nil)
			return write("er")(w)
		}, nil)
		got, err := os.ReadFile(filepath.Join(dir, "x"))
		if inner != nil || !errors.Is(outer, fs.ErrExist) || string(got) != "inner" || err != nil {
			t.Errorf("got %v, %v, %q, %v", inner, outer, got, err)
		}
	})
	t.Run("what fails leaves nothing", func(t *testing.T) {
		t.Parallel()
		dir, fault := t.TempDir(), errors.New("fault")
		if err := backup.Folder(dir).Write(t.Context(), "x", func(io.Writer) error { return fault }, nil); !errors.Is(err, fault) {
			t.Errorf("got %v", err)
		}
		if err := backup.Folder(dir).Write(t.Context(), "x", write("x"), func(io.Reader) error { return fault }); !errors.Is(err, fault) {
			t.Errorf("got %v", err)
		}
		if names := namesIn(t, dir); len(names) != 0 {
			t.Errorf("it left %v", names)
		}
	})
}
