package app_test

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Where all of live is lost, the file or the schema, rebuild-live needs no other command before it.
func TestRebuildWithoutLive(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		settings := config(t, c)
		settings.Demo = true
		env := map[string]string{"REDTHREAD_DATA": settings.Data, "REDTHREAD_DESK_DSN": c.DeskDSN}
		stop(t, start(t, settings, app.Dependencies{Log: parts(io.Discard).Log, Now: time.Now, Demo: app.BundledDemo()}))
		if c.DeskDSN != "" {
			execute(t, c, settings.Data, "desk", "DROP SCHEMA live CASCADE")
		} else {
			for _, name := range []string{"live.db", "live.db-wal", "live.db-shm"} {
				if err := os.Remove(filepath.Join(settings.Data, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
			}
		}
		code, out, errs := run(t, env, "rebuild-live")
		if code != 0 || !strings.Contains(out, "Live was rebuilt: ") || strings.Contains(out, ": 0 documents") {
			t.Fatalf("exit %d: %s%s", code, out, errs)
		}
		examine(t, env, "--full").wantNone(t, "rebuilt")
	})
}

// A live whose rebuild was interrupted after it was lost can be backed up. A backup of a whole one replaces it, and a server makes it whole.
func TestIncompleteLive(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		if c.Dir == "" {
			c.Dir = t.TempDir()
		}
		fill(t, c)
		live := func(c store.Config) string {
			t.Helper()
			a := start(t, config(t, c), parts(io.Discard))
			defer stop(t, a)
			if code, body := get(t, a.URL()+"/readyz"); code != http.StatusOK {
				t.Errorf("got %d %s", code, body)
			}
			return query(t, a, "", `{ reports(orderBy: {field: SLUG, direction: ASC}) { nodes { slug title tags { label } } } }`)
		}
		want := live(c)
		if !strings.Contains(want, "slug") {
			t.Fatalf("nothing is live: %s", want)
		}
		backUp := func(c store.Config) string {
			t.Helper()
			folder := t.TempDir()
			code, out, errs := run(t, environment(c), "backup", folder)
			if code != 0 {
				t.Fatalf("exit %d: %s%s", code, out, errs)
			}
			return filepath.Join(folder, strings.TrimSuffix(strings.Fields(out)[3], ":"))
		}
		whole := backUp(c)
		const interrupt = "UPDATE projection SET applied_sequence = 0, rebuild_sequence = 1"
		execute(t, c, c.Dir, "live", interrupt)
		examine(t, environment(c), "--quick").wants(t, interrupt, "live", "problem: live was lost, and is not complete")
		incomplete := backUp(c)
		for name, file := range map[string]string{"an incomplete live": incomplete, "a whole one": whole} {
			to := newStores(t, c)
			if code, _, errs := run(t, environment(to), "restore", file); code != 0 {
				t.Fatalf("%s: exit %d: %s", name, code, errs)
			}
			if got := live(to); got != want {
				t.Errorf("from a backup of %s: got %s, want %s", name, got, want)
			}
		}
		if got := live(c); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
