package app_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store"
)

// The recipe of docs/operating.md: what Litestream has copied is put back, and the server on it is as the one before.
func TestLitestream(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped with -short: Litestream copies once a second")
	}
	program := program(t, "litestream")
	c := config(t, store.Config{Dir: filepath.Join(t.TempDir(), "lost")})
	a := start(t, c, parts(io.Discard))
	_, out, _ := run(t, map[string]string{"REDTHREAD_DATA": c.Data}, "key", "create", "--name", "editor", "--role", "EDITOR")
	key := regexp.MustCompile(`rt_\S+`).FindString(out)

	copies := filepath.Join(t.TempDir(), "copies")
	settings := exampleOf(t, "deploy/litestream.yml", "/var/lib/redthread", c.Data, "s3://press-backups/redthread/desk", "file://"+copies)
	litestream := exec.CommandContext(t.Context(), program, "replicate", "-config", settings)
	log := &record{}
	litestream.Stdout, litestream.Stderr, litestream.WaitDelay = log, log, 5*time.Second
	litestream.Cancel = func() error { return litestream.Process.Signal(os.Interrupt) }
	if err := litestream.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = litestream.Process.Kill(); _ = litestream.Wait() })
	for i := range 20 {
		body := query(t, a, key, fmt.Sprintf(`mutation { createReport(input: {slug: "report-%[1]d", title: "Report %[1]d", kind: BRIEF, language: "en", summary: "S.", body: "B."}) { created } publish(input: {documents: ["report:report-%[1]d"]}) { state } }`, i))
		if !strings.Contains(body, "APPLIED") {
			t.Fatalf("got %s", body)
		}
	}
	answers := func(a *app.App) string {
		return query(t, a, key, `query @inContext(stage: DESK) { reports(first: 50) { totalCount nodes { slug version } } }`) + query(t, a, "", `{ reports(first: 50) { totalCount nodes { slug } } }`)
	}
	want := answers(a)

	restored := filepath.Join(t.TempDir(), "restored")
	if err := os.Mkdir(restored, 0o700); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool {
		file := filepath.Join(restored, "desk.db")
		_ = os.Remove(file)
		if out, err := exec.CommandContext(t.Context(), program, "restore", "-o", file, "file://"+copies).CombinedOutput(); err != nil {
			t.Logf("%v: %s", err, out)
			return false
		}
		b := config(t, store.Config{Dir: restored})
		b.Paused = true
		again := start(t, b, parts(io.Discard))
		defer stop(t, again)
		return answers(again) == want
	})
}
