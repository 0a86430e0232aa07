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

// serverProcess is the program running serve in a process of its own, so that its
// CPU time and memory can be measured without those of the clients.
type serverProcess struct {
	url     string
	partner string // a key of role PARTNER
	editor  string
	pid     int
}

// startServer builds the program and serves a folder of stores with it.
func startServer(b *testing.B, dir string) *serverProcess {
	b.Helper()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		b.Skip("needs Linux's /proc to tell what another process uses")
	}
	program := filepath.Join(b.TempDir(), "redthread")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", program, "../cmd/redthread").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	v := &serverProcess{partner: createKey(b, program, dir, "PARTNER"), editor: createKey(b, program, dir, "EDITOR")}
	// Not b.Context(), which is done when the cleanups run.
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

// memory returns the resident memory of the process, and its peak since the last
// call, in bytes.
func (v *serverProcess) memory(b *testing.B) (now, most int) {
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
	// Writing 5 resets the peak.
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", v.pid), []byte("5"), 0); err != nil {
		b.Fatal(err)
	}
	return now, most
}

// cpu returns the CPU time of the process. Linux counts it in hundredths of a
// second.
func (v *serverProcess) cpu(b *testing.B) time.Duration {
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
