package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redthread-api/redthread/internal/app"
)

// The command is also its servers: with this variable in its environment it is one of
// them. So both are built with the same flags, and can make a CPU profile of
// themselves without an endpoint for that.
const childVariable = "REDTHREAD_LOAD_CHILD"

// The kinds of children.
const (
	theProgram     = "program"  // redthread with the arguments
	theProgramMeas = "counting" // the same, and it counts statements
	theBaseline    = "baseline"
)

// garbage is the GOGC of both sides, which is that of the program.
const garbage = 400

// statement counts.
var statements atomic.Int64

// runChild runs a server until its standard input ends, and obeys the commands there;
// see [process].
func runChild(ctx context.Context, kind string, args []string) int {
	signal.Ignore(os.Interrupt) // the parent ends it
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	out := &replies{to: os.Stdout}
	ended := make(chan int, 1)
	go func() { ended <- serveChild(ctx, kind, args, out) }()
	go func() {
		defer stop()
		obey(os.Stdin, out)
	}()
	return <-ended
}

func serveChild(ctx context.Context, kind string, args []string, out *replies) int {
	var err error
	switch kind {
	case theProgram:
		return app.Main(ctx, app.Process{Args: args, Getenv: getenv, Stdout: &urlFinder{out: out}, Stderr: os.Stderr})
	case theProgramMeas:
		err = serveCounting(ctx, args, out)
	default:
		debug.SetGCPercent(garbage)
		err = serveBaseline(ctx, args, out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, kind+":", err)
		return 1
	}
	return 0
}

// getenv hides the program's variables of the user who runs the bench.
func getenv(name string) string {
	if strings.HasPrefix(name, "REDTHREAD_") {
		return ""
	}
	return os.Getenv(name)
}

// serveCounting serves like the program, and counts the statements that reach the
// driver. The arguments are the folder and the DSN.
func serveCounting(ctx context.Context, args []string, out *replies) error {
	debug.SetGCPercent(garbage)
	config := app.Config{Data: args[0], DeskDSN: args[1], Addr: "127.0.0.1:0", LogFormat: "text"}
	config.Protection = app.ProtectionConfig{RatePublic: noRateLimit, RatePartner: noRateLimit, RateStaff: noRateLimit, Introspection: "all"}
	a, err := app.Start(ctx, config, app.Dependencies{
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Fault: func(_, query string) error {
			if query != "" && query != "BEGIN" && query != "COMMIT" {
				statements.Add(1)
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	out.write(reply{URL: a.URL()})
	<-ctx.Done()
	return a.Close(context.WithoutCancel(ctx))
}

// noRateLimit is a rate limit that is never reached.
const noRateLimit = 1 << 40

// reply is a line that a child writes.
type reply struct {
	URL        string `json:",omitempty"`
	CPU        time.Duration
	Statements int64
	Mallocs    uint64
	Heap       uint64
	Error      string `json:",omitempty"`
}

type replies struct {
	mu sync.Mutex
	to io.Writer
}

func (r *replies) write(v reply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	line, _ := json.Marshal(v) // strings and numbers
	_, _ = r.to.Write(append(line, '\n'))
}

// obey carries out commands, a line each, until there are no more.
func obey(in io.Reader, out *replies) {
	var profile *os.File
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		command, arg, _ := strings.Cut(lines.Text(), " ")
		var r reply
		var err error
		switch command {
		case "usage":
			r.CPU, err = processorTime()
			r.Statements = statements.Load()
		case "memory":
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			r.Mallocs, r.Heap = m.Mallocs, m.HeapAlloc
		case "profile":
			if profile, err = os.Create(arg); err == nil {
				err = pprof.StartCPUProfile(profile)
			}
		case "stop":
			pprof.StopCPUProfile()
			err = profile.Close()
		default:
			err = fmt.Errorf("unknown command %q", command)
		}
		if err != nil {
			r.Error = err.Error()
		}
		out.write(r)
	}
}

// urlFinder is the standard output of the program, of which it passes on the address.
type urlFinder struct {
	out   *replies
	text  bytes.Buffer
	found bool
}

func (f *urlFinder) Write(p []byte) (int, error) {
	if f.found {
		return len(p), nil
	}
	f.text.Write(p)
	for line := range strings.Lines(f.text.String()) {
		if url, ok := strings.CutPrefix(strings.TrimSpace(line), "API "); ok && strings.HasSuffix(line, "\n") {
			f.found = true
			f.out.write(reply{URL: strings.TrimSuffix(strings.TrimSpace(url), "/graphql")})
			break
		}
	}
	return len(p), nil
}
