package pgtemp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// readyLine is what postgres logs once it takes connections; of a standby,
// "read-only connections". Reading it from the log means that nobody polls or
// sleeps.
const readyLine = "database system is ready to accept "

// patience bounds the waits for a server's end, which takes milliseconds.
const patience = 10 * time.Second

// server is a running postgres program.
type server struct {
	cmd  *exec.Cmd
	log  *logTail
	done chan struct{} // closed when the program has ended and err is set
	err  error
}

// startServer starts the program and returns when it takes connections.
func startServer(ctx context.Context, cmd *exec.Cmd) (*server, error) {
	s := &server{
		cmd:  cmd,
		log:  &logTail{ready: make(chan struct{})},
		done: make(chan struct{}),
	}
	cmd.Stderr = s.log
	// A backend that outlives the server for a moment keeps the log's pipe
	// open: don't wait for it longer than this.
	cmd.WaitDelay = patience
	endWithParent(cmd)

	started := make(chan error)
	go s.keep(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	select {
	case <-s.log.ready:
		return s, nil
	case <-s.done:
		return nil, s.failure("postgres ended while starting")
	case <-ctx.Done():
		err := fmt.Errorf("wait for postgres: %w\n%s", context.Cause(ctx), s.log)
		return nil, errors.Join(err, s.stop())
	}
}

// keep starts the program and stays until it ends, all on one thread. On Linux
// the kernel's signal to a child at its parent's death is tied to the thread
// that forked, not to the process: Go ends a thread when a goroutine exits
// that was locked to it, and a server forked from such a thread would be
// killed in the middle of a test. So the thread is held here for as long as
// the server lives.
func (s *server) keep(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := s.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	s.err = s.cmd.Wait()
	close(s.done)
}

// stop ends the program at once and waits until it has ended. It returns an
// error when the program had already ended by itself.
func (s *server) stop() error {
	select {
	case <-s.done:
		return s.failure("postgres had already ended")
	default:
	}
	if err := quit(s.cmd.Process); err != nil {
		return fmt.Errorf("stop postgres: %w", err)
	}
	// The exit status says that it was told to quit, which we know.
	select {
	case <-s.done:
		return nil
	case <-time.After(patience):
	}
	// A client that connected in the very moment of the quit and says nothing
	// keeps the server up for a minute, until its login times out.
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill postgres: %w", err)
	}
	<-s.done
	return nil
}

// failure tells with what status and last words the program ended.
func (s *server) failure(what string) error {
	return fmt.Errorf("%s: %v\n%s", what, s.err, s.log)
}

// logTail keeps the end of the server's log, and tells when the server is
// ready.
type logTail struct {
	ready chan struct{}

	mu      sync.Mutex
	text    []byte
	isReady bool
}

const keptLog = 16 << 10

func (l *logTail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if !l.isReady && bytes.Contains(l.text, []byte(readyLine)) {
		l.isReady = true
		close(l.ready)
	}
	if len(l.text) > 2*keptLog {
		l.text = append(l.text[:0], l.text[len(l.text)-keptLog:]...)
	}
	return len(p), nil
}

func (l *logTail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
