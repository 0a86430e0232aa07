package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/redthread-api/redthread/internal/demo"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/server"
)

// The exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// Process has the arguments, environment and streams of a program.
type Process struct {
	Args   []string // without the program's own name
	Getenv func(string) string
	Stdout io.Writer
	Stderr io.Writer
	// Hangups is called by serve, and returns what receives a value for each SIGHUP, which reloads the settings; nil:
	// they are not reloaded.
	Hangups func() <-chan os.Signal
}

// Main runs a command until it or ctx is done, and returns the exit code: 0 for
// success, 1 for a failure, 2 for an invalid command line or configuration. An
// error is one line on standard error.
func Main(ctx context.Context, process Process) int {
	p := &program{Process: process, now: time.Now, demo: demoContent()}
	root := p.rootCommand()
	root.SetArgs(process.Args)
	root.SetOut(process.Stdout)
	root.SetErr(process.Stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	// Errors of drivers can have several lines.
	line := "redthread: " + strings.Join(strings.Fields(domain.Detail(err)), " ")
	if _, ok := errors.AsType[usageError](err); ok {
		printf(process.Stderr, "%s (see \"%s --help\")\n", line, cmd.CommandPath())
		return exitUsage
	}
	printf(process.Stderr, "%s\n", line)
	return exitFailure
}

// Commands returns the command line, for what is made of it: manual pages and completions. It is not to be run.
func Commands() *cobra.Command {
	p := &program{Process: Process{Getenv: func(string) string { return "" }, Stdout: io.Discard, Stderr: io.Discard}, now: time.Now}
	return p.rootCommand()
}

// demoContent returns the embedded demo.
func demoContent() DemoContent {
	return DemoContent{Load: demo.LoadAt, UpdateURLs: demo.UpdateURLs, Files: server.Files{Path: demo.Path, Handler: demo.Files}}
}

// program is one run of the program.
type program struct {
	Process
	config Config
	flags  *pflag.FlagSet // of the command, as they were given
	level  slog.LevelVar  // of the log
	now    func() time.Time
	demo   DemoContent

	resolver mail.Resolver // of the doctor; nil: the system's
}

// printf prints a text for the user. It ignores errors, such as a closed stream.
func printf(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// row writes a row of a table. An error is returned by the table's Flush.
func row(table *tabwriter.Writer, cells ...string) {
	_, _ = fmt.Fprintln(table, strings.Join(cells, "\t"))
}

// usageError is an error in the command line or the configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func badUsage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// asUsage turns an error about invalid input into a usageError, for commands whose
// flags are the input.
func asUsage(err error) error {
	if errors.Is(err, domain.ErrInvalid) {
		return usageError{err}
	}
	return err
}

// run returns the function of a command that uses the stores. It resolves the
// configuration first. defaultLevel is the log level if none is configured.
func (p *program) run(defaultLevel slog.Level, fn func(ctx context.Context, log *slog.Logger, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		p.flags = cmd.Flags()
		if err := p.config.resolve(p.flags, p.Getenv); err != nil {
			return usageError{err}
		}
		tuneMemory(p.Getenv)
		p.level.Set(p.config.level(defaultLevel))
		log := p.config.logger(p.Stderr, &p.level)
		return fn(cmd.Context(), log, args)
	}
}

// exactly requires as many arguments as there are names; the names are for errors.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) > len(names):
			return badUsage("unexpected argument %q", args[len(names)])
		case len(args) < len(names):
			return badUsage("%s is missing", names[len(args)])
		}
		return nil
	}
}

// group returns cmd as a command that only has subcommands.
func group(cmd *cobra.Command, children ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(children...)
	cmd.SuggestionsMinimumDistance = 2
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
			return badUsage("unknown command %q; did you mean %q?", args[0], similar[0])
		}
		return badUsage("unknown command %q", args[0])
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return cmd
}

// flagError handles cobra's errors about flags.
func flagError(_ *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	return usageError{err}
}
