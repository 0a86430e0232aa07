package app

import (
	"context"
	"io/fs"
	"log/slog"
	"time"

	"github.com/spf13/pflag"
)

// AvailableMemory reads the machine's memory from a file system like Linux's.
func AvailableMemory(root fs.FS) int64 { return availableMemory(root) }

// LagCheck is the readiness check of a lag.
func LagCheck(lag func(context.Context) (int64, error), now func() time.Time) func(context.Context) error {
	return (&lagCheck{lag: lag, now: now}).check
}

// Resolve settles the configuration of serve, and its logger's handler.
func Resolve(args []string, env map[string]string) (Config, error) {
	var c Config
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	c.commonFlags(flags)
	c.serveFlags(flags)
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	return c, c.resolve(flags, func(name string) string { return env[name] })
}

// RequestHandler is the log's handler.
func RequestHandler(inner slog.Handler) slog.Handler { return requestHandler{inner} }

// ParseExpiry reads --expires.
var ParseExpiry = parseExpiry

// BundledDemo is the demo that comes with the program.
var BundledDemo = demoContent
