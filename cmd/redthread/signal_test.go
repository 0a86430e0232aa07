//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// startServe starts the program and returns it with its address once it serves.
func startServe(t *testing.T) (cmd *exec.Cmd, addr string, stderr *bytes.Buffer) {
	t.Helper()
	return startCommand(t, exec.CommandContext(t.Context(), "redthread", "serve", "--addr", "127.0.0.1:0", "--data", t.TempDir()))
}

// startCommand starts a command that serves.
func startCommand(t *testing.T, cmd *exec.Cmd) (_ *exec.Cmd, addr string, stderr *bytes.Buffer) {
	t.Helper()
	stderr = &bytes.Buffer{}
	cmd.Stderr = stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // normally it has already ended
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "Explorer  http://"); ok {
			addr = strings.TrimSuffix(url, "/")
		}
		if strings.Contains(lines.Text(), "curl") {
			break
		}
	}
	if addr == "" {
		t.Fatalf("it did not start: %v\n%s", cmd.Wait(), stderr)
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }() // until the process ends
	return cmd, addr, stderr
}

func TestGracefulStop(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			cmd, _, stderr := startServe(t)
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil || !strings.Contains(stderr.String(), "msg=stopped") {
				t.Errorf("got %v\n%s", err, stderr)
			}
		})
	}
}

func TestSecondSignalStopsAtOnce(t *testing.T) {
	t.Parallel()
	cmd, addr, stderr := startServe(t)
	// A request that never ends: its body is not sent. The server requests the body
	// ("100 Continue") when it handles the request.
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
		"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("got %q, %v", line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// It stops listening when it has received the first signal.
	for {
		other, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		other.Close()
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("got %v, want an end by the signal\n%s", err, stderr)
	}
}
