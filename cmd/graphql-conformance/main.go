// Command graphql-conformance runs a suite of cases against a GraphQL server: the
// GraphQL specification in its editions of September 2025 and September 2026, and
// GraphQL over HTTP in its edition of September 2026.
//
//	graphql-conformance [flags] URL
//	graphql-conformance --schema
//	graphql-conformance --list
//
// It writes what failed and a table of counts, and exits with 1 if the server does
// something that a specification says it must not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/conformance"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit code: 0 if no case failed, 1 if one did, 2 if the suite could
// not be run.
func run(ctx context.Context, args []string, out, problems io.Writer) int {
	failed, err := execute(ctx, args, out, problems)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		printf(problems, "graphql-conformance: %v\n", err)
		return 2
	case failed:
		return 1
	}
	return 0
}

func execute(ctx context.Context, args []string, out, problems io.Writer) (failed bool, err error) {
	flags := flag.NewFlagSet("graphql-conformance", flag.ContinueOnError)
	flags.SetOutput(problems)
	flags.Usage = func() {
		printf(problems, "usage: graphql-conformance [flags] URL\n")
		flags.PrintDefaults()
	}
	header := http.Header{}
	flags.Func("header", "a `header` of each request, such as \"Authorization: Bearer …\"; can be given several times", func(s string) error {
		name, value, ok := strings.Cut(s, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return errors.New("want \"Name: value\"")
		}
		header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		return nil
	})
	chosen := flags.String("run", "", "run only cases whose Chapter/Section/id matches a `regexp`")
	edition := flags.String("edition", string(conformance.September2026), "leave out what is new after an `edition`: 2021-10, 2025-09 or 2026-09")
	asJSON := flags.Bool("json", false, "write JSON")
	all := flags.Bool("v", false, "write passed cases, and those that do not apply, too")
	list := flags.Bool("list", false, "list the cases and run none")
	schema := flags.Bool("schema", false, "print the reference schema")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	pattern, err := regexp.Compile(*chosen)
	if err != nil {
		return false, fmt.Errorf("--run: %w", err)
	}
	until := conformance.Edition(*edition)
	if !slices.Contains([]conformance.Edition{conformance.October2021, conformance.September2025, conformance.September2026}, until) {
		return false, fmt.Errorf("--edition: %q is none; want 2021-10, 2025-09 or 2026-09", until)
	}
	switch {
	case *schema:
		_, err := io.WriteString(out, conformance.Schema)
		return false, err
	case *list:
		for _, c := range conformance.Cases() {
			if pattern.MatchString(c.Name()) && c.Since <= until {
				printf(out, "%s (%s, %s): want %s\n", c.Name(), c.Since, c.Level, c.Want.Text)
			}
		}
		return false, nil
	case flags.NArg() != 1:
		flags.Usage()
		return false, errors.New("want one URL")
	}
	client := &http.Client{
		// A redirect would be answered by another server than the one that is tested.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	results, err := conformance.Run(ctx, conformance.Config{URL: flags.Arg(0), Header: header, Client: client, Run: pattern, Until: until}, conformance.Cases())
	if err != nil {
		return false, err
	}
	if *asJSON {
		err = conformance.WriteJSON(out, results)
	} else {
		err = conformance.WriteText(out, results, *all)
	}
	return slices.ContainsFunc(results, conformance.Result.Failed), err
}

// printf writes to the standard output or error of the process, where an error could not
// be shown anyway.
func printf(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
