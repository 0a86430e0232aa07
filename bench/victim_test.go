package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// victim is the program, serving in a process of its own, so that what it uses
// can be told from what its clients use.
type victim struct {
	url     string
	partner string // a key of role PARTNER
	editor  string
	pid     int
}

// newVictim builds the program and serves a folder of stores with it.
func newVictim(b *testing.B, dir string) *victim {
	b.Helper()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		b.Skip("needs Linux's /proc to tell what another process uses")
	}
	program := filepath.Join(b.TempDir(), "redthread")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", program, "../cmd/redthread").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	v := &victim{partner: createKey(b, program, dir, "PARTNER"), editor: createKey(b, program, dir, "EDITOR")}
	// Not b.Context(), which has ended when the cleanups run.
	cmd := exec.CommandContext(context.WithoutCancel(b.Context()), program, "serve", "--data", dir, "--addr", "127.0.0.1:0", "--log-level", "error")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			b.Errorf("the server ended with %v: %.2000s", err, stderr.String())
		}
	})
	v.pid = cmd.Process.Pid
	lines := bufio.NewScanner(stdout)
	for v.url == "" && lines.Scan() {
		if at, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "API "); ok {
			v.url = strings.TrimSpace(at)
		}
	}
	if v.url == "" {
		b.Fatalf("the server doesn't say where it is: %s", stderr.String())
	}
	go func() { // nobody reads the rest
		for lines.Scan() {
		}
	}()
	return v
}

func createKey(b *testing.B, program, dir, role string) string {
	b.Helper()
	out, err := exec.CommandContext(b.Context(), program, "key", "create", "--name", "bench", "--role", role, "--data", dir, "--json").Output()
	if err != nil {
		b.Fatal(err)
	}
	var created struct{ Key string }
	if err := json.Unmarshal(out, &created); err != nil {
		b.Fatal(err)
	}
	return created.Key
}

// memory is what the process has of the machine's memory now, and the most
// that it had since the last call, in bytes.
func (v *victim) memory(b *testing.B) (now, most int) {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		f := strings.Fields(line)
		switch f[0] {
		case "VmRSS:":
			now = atoi(b, f[1]) << 10
		case "VmHWM:":
			most = atoi(b, f[1]) << 10
		}
	}
	// 5 sets the most to now.
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", v.pid), []byte("5"), 0); err != nil {
		b.Fatal(err)
	}
	return now, most
}

// cpu is the time of processors that the process has used. Linux counts it in
// hundredths of a second.
func (v *victim) cpu(b *testing.B) time.Duration {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", v.pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), ") ") // after the name, the third field
	f := strings.Fields(rest)
	return time.Duration(atoi(b, f[11])+atoi(b, f[12])) * 10 * time.Millisecond
}

func atoi(b *testing.B, s string) int {
	b.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		b.Fatal(err)
	}
	return n
}
