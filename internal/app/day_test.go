package app_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/store/storetest"
)

// TestOperatorsDay runs the commands of docs/operators-day.md in their order, with the program as a process of its own.
func TestOperatorsDay(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped with -short: the commands wait for each other")
	}
	for _, name := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("skipped: there is no %s here", name)
		}
	}
	raw, err := os.ReadFile("../../docs/operators-day.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(raw), -1)
	if len(blocks) != 10 {
		t.Fatalf("found %d blocks of commands", len(blocks))
	}
	// A command that fails ends the script, and so does everything that it has started.
	script := "set -eEuo pipefail\ntrap 'kill -KILL $(jobs -p) 2>/dev/null || true' EXIT\nset -x\n"
	for _, block := range blocks {
		script += block[1]
	}
	dsn := storetest.BarePostgresConfig(t).DeskDSN
	if _, err := url.Parse(dsn); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{"127.0.0.1:8080", freePort(t)}, {"127.0.0.1:9464", freePort(t)},
		{"postgres://redthread@localhost/redthread", "'" + dsn + "'"},
		{"createuser ", ": "}, {"createdb ", ": "}, // the test has made them
	} {
		if !strings.Contains(script, change[0]) {
			t.Fatalf("the commands lack %q", change[0])
		}
		script = strings.ReplaceAll(script, change[0], change[1])
	}

	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder, bin := t.TempDir(), t.TempDir()
	if err := os.Symlink(program, filepath.Join(bin, "redthread")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir, cmd.WaitDelay = folder, 5*time.Second
	cmd.Env = append(os.Environ(), asProgram+"=1", "PATH="+bin+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		log, _ := os.ReadFile(filepath.Join(folder, "redthread.log"))
		t.Errorf("%v\n%s\n%s", err, out, log)
	}
}
