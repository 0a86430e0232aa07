// Command redthread serves and operates a Redthread content API. Run
// "redthread --help" for its commands.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/redthread-api/redthread/internal/app"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		hangups() // a signal that comes before serve listens does not end it
	}
	signalled, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, end := context.WithCancel(context.Background())
	// The first signal starts a graceful stop. The default handling of signals is
	// restored before that, so that a second signal ends the process at once.
	context.AfterFunc(signalled, func() {
		stop()
		end()
	})
	os.Exit(app.Main(ctx, app.Process{
		Args: os.Args[1:], Getenv: os.Getenv, Stdout: os.Stdout, Stderr: os.Stderr, Hangups: hangups,
	}))
}

// hangups returns what receives a value for each SIGHUP, which ends other commands than serve.
func hangups() <-chan os.Signal {
	received := make(chan os.Signal, 1)
	signal.Notify(received, syscall.SIGHUP)
	return received
}
