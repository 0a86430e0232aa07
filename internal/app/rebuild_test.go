package app_test

import (
	"errors"
	"io"
	"io/fs"
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
