package app

import (
	"context"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/redthread-api/redthread/internal/newsletter/mail"
)

// AvailableMemory returns the memory that a file system like Linux's reports.
func AvailableMemory(root fs.FS) int64 { return availableMemory(root) }

// GCPercent returns the GOGC for a live heap.
var GCPercent = gcPercent

// LagCheck returns the readiness check of a lag.
func LagCheck(lag func(context.Context) (int64, error), now func() time.Time) func(context.Context) error {
	return (&lagCheck{lag: lag, now: now}).check
}

// Resolve returns the configuration of serve for flags and environment variables.
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

// RequestHandler returns the handler of the log.
func RequestHandler(inner slog.Handler) slog.Handler { return requestHandler{inner} }

// ParseExpiry parses --expires.
var ParseExpiry = parseExpiry

// BundledDemo is the embedded demo.
var BundledDemo = demoContent

// DemoContents returns the content of the demo of the program.
func DemoContents() DemoContent { return demoContent() }

// MailFindings returns what the doctor finds in the DNS, a line each.
func MailFindings(ctx context.Context, c *MailConfig, resolver mail.Resolver) string {
	var lines strings.Builder
	for _, f := range mailFindings(ctx, c, resolver) {
		lines.WriteString(f.State + ": " + f.Found + " (" + f.Do + ")\n")
	}
	return lines.String()
}
