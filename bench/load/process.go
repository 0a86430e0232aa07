package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a server in a process of its own, so that what it uses can be measured apart from
// what the clients use.
type process struct {
	url, address string
	pid          int
	began        time.Time     // of its start
	ready        time.Duration // from its start until it said where it listens

	cmd   *exec.Cmd
	stdin interface{ Close() error }

	mu      sync.Mutex
	ask     *bufio.Writer
	replies *bufio.Reader
}

// startProcess starts a child and waits until it listens.
func startProcess(ctx context.Context, kind string, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), self, args...)
	cmd.Env = append(os.Environ(), childVariable+"="+kind)
	cmd.Stderr = os.Stderr
	return begin(cmd, kind)
}

func begin(cmd *exec.Cmd, kind string) (*process, error) {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, stdin: stdin, ask: bufio.NewWriter(stdin), replies: bufio.NewReader(stdout), began: time.Now()}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.pid = cmd.Process.Pid
	first, err := p.read()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the %s: %w", kind, err), p.stop())
	}
	p.ready = time.Since(p.began)
	p.url, p.address = first.URL, strings.TrimPrefix(first.URL, "http://")
	return p, nil
}

func (p *process) read() (reply, error) {
	var r reply
	line, err := p.replies.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &r)
	}
	if err == nil && r.Error != "" {
		err = errors.New(r.Error)
	}
	return r, err
}

// command sends a command and returns the reply; see [obey].
func (p *process) command(text string) (reply, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := p.ask.WriteString(text + "\n")
	if err == nil {
		err = p.ask.Flush()
	}
	if err != nil {
		return reply{}, err
	}
	return p.read()
}

// stop ends the process and waits for it.
func (p *process) stop() error {
	_ = p.stdin.Close() // the process may have ended by itself
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Signal(syscall.SIGKILL) // it is waited for
		return errors.Join(errors.New("a server did not stop"), <-ended)
	}
}

// memory returns the resident memory of the process and its peak since the last call, in
// bytes; zeros where there is no /proc.
func (p *process) memory() (now, peak int64) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(raw)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		n, _ := strconv.ParseInt(f[1], 10, 64) // 0 is as good as unknown
		switch f[0] {
		case "VmRSS:":
			now = n << 10
		case "VmHWM:":
			peak = n << 10
		}
	}
	// Writing 5 resets the peak. Where that is not possible it is the peak since the start.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.pid), []byte("5"), 0)
	return now, peak
}
