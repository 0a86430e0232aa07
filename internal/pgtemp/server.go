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

// readyLine is logged by postgres once it accepts connections (a standby logs
// "read-only connections"). Reading it from the log avoids polling.
const readyLine = "database system is ready to accept "

// stopTimeout bounds the waits for a server to stop, which takes milliseconds.
const stopTimeout = 10 * time.Second

// server is a running postgres program.
type server struct {
	cmd  *exec.Cmd
	log  *logTail
	done chan struct{} // closed when the program has ended and err is set
	err  error
}

// startServer starts the program and returns when it accepts connections.
func startServer(ctx context.Context, cmd *exec.Cmd) (*server, error) {
	s := &server{
		cmd:  cmd,
		log:  &logTail{ready: make(chan struct{})},
		done: make(chan struct{}),
	}
	cmd.Stderr = s.log
	// A backend that outlives the server for a moment keeps the log's pipe open.
	cmd.WaitDelay = stopTimeout
	endWithParent(cmd)

	started := make(chan error)
	go s.run(started)
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

// run starts the program and waits until it ends, all on one thread. On Linux the
// kernel's signal to a child at its parent's death is tied to the thread that
// forked, not to the process. Go ends a thread when a goroutine exits that was
// locked to it, and a server forked from such a thread would be killed in the
// middle of a test. So run locks its thread for as long as the server runs.
func (s *server) run(started chan<- error) {
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

// stop ends the program at once and waits until it has ended. It returns an error
// if the program had already ended by itself.
func (s *server) stop() error {
	select {
	case <-s.done:
		return s.failure("postgres had already ended")
	default:
	}
	if err := quit(s.cmd.Process); err != nil {
		return fmt.Errorf("stop postgres: %w", err)
	}
	// The exit status is not checked: it only says that the server was signalled.
	select {
	case <-s.done:
		return nil
	case <-time.After(stopTimeout):
	}
	// A silent client that connected at the moment of the signal keeps the server up
	// for a minute, until its login times out.
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill postgres: %w", err)
	}
	<-s.done
	return nil
}

// failure returns an error with the exit status and the end of the log.
func (s *server) failure(what string) error {
	return fmt.Errorf("%s: %v\n%s", what, s.err, s.log)
}

// logTail is a writer that keeps the end of the server's log, and signals when the
// server is ready.
type logTail struct {
	ready chan struct{}

	mu      sync.Mutex
	text    []byte
	isReady bool
}

// maxLog is how much of the log is kept, in bytes.
const maxLog = 16 << 10

func (l *logTail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if !l.isReady && bytes.Contains(l.text, []byte(readyLine)) {
		l.isReady = true
		close(l.ready)
	}
	if len(l.text) > 2*maxLog {
		l.text = append(l.text[:0], l.text[len(l.text)-maxLog:]...)
	}
	return len(p), nil
}

func (l *logTail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
