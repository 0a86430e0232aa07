package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/exchange"
)

func (p *program) importCommand() *cobra.Command {
	var params exchange.CompaniesParams
	var dryRun bool
	companies := &cobra.Command{
		Use:   "companies FILE.csv...",
		Short: "Import a list of companies",
		Long: `Import a list of companies from CSV, one row for each time a company was listed.

Each company becomes an entity with its aliases and former names, each start of a
row a listing, and each parent a relationship; all of it cites one source. The
desk checks every document: a row that is refused is shown with its line, and the
rest goes in. A second run of the same file changes nothing, and what editors
changed in between stays. Several files are read as one list.

Without --publish everything stays a draft; with it, what this run and imports
before it created and changed is published. A document that an editor had a draft
of, or that was taken out of live, is left as it is, and listed.

A company is found by its name alone. One that has a name of another entity, of
either the name or another name, is listed with it: merge the two if they are one.

The columns are Clean Name, Alias, Previous Name, Parent Name, Note, Start date,
End date and Source Url; --map says what they are called in another list, by
name, alias, previous, parent, note, start, end and url. Without --map all of
them must be there, with --map those that it names. FILE.csv can be - for
standard input. A server can be running on the same stores.`,
		Example: `  redthread import companies list.csv --dry-run
  redthread import companies list.csv --publish
  redthread import companies other.csv --authority "Ministry of Trade" --programme "Entity list" --source entity-list \
      --map name=Entity,alias=Alias,start="Effective date" --date-format DD/MM/YYYY --only Type=Company`,
		Args: atLeastOne("FILE.csv"),
	}
	companies.RunE = p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, args []string) error {
		return p.importCompanies(ctx, log, args, params, dryRun)
	})
	flags := companies.Flags()
	flags.StringVar(&params.Authority, "authority", "U.S. Department of Defense", "who keeps the list")
	flags.StringVar(&params.Programme, "programme", "Chinese military companies (section 1260H)", "what the list is called")
	flags.StringVar(&params.Source, "source", "dod-chinese-military-companies", "the slug of the source that everything cites")
	flags.BoolVar(&params.Publish, "publish", false, "publish what this run, and imports before it, created and changed")
	flags.BoolVar(&dryRun, "dry-run", false, "show what would be stored in stores that are there, and store nothing")
	flags.StringSliceVar(&params.Map, "map", nil, "what the file calls the columns, as name=Entity,alias=Alias; columns that are not named are not read")
	flags.BoolVar(&params.NoHeader, "no-header", false, "the file has no header: --map gives the numbers of the columns")
	flags.StringVar(&params.Separator, "separator", "", `what is between fields: "," ";" "|" or tab (default: what the header has)`)
	flags.StringArrayVar(&params.DateFormats, "date-format", nil, "how dates are written, as DD/MM/YYYY or 2 January 2006 (default YYYY-MM-DD)")
	flags.StringArrayVar(&params.Only, "only", nil, "leave out rows that have not this value, as Type=Company")
	flags.StringArrayVar(&params.Empty, "empty", nil, "what stands for nothing, as -0-")
	group := group(&cobra.Command{
		Use:     "import",
		Short:   "Import other people's data to the desk",
		GroupID: groupContent,
	}, companies, p.importDocumentsCommand())
	p.config.commonFlags(group.PersistentFlags())
	return group
}

func (p *program) importCompanies(ctx context.Context, log *slog.Logger, names []string, params exchange.CompaniesParams, dryRun bool) error {
	// The files are read once, because a dry run may run its function more than once.
	contents := make([][]byte, len(names))
	for i, name := range names {
		raw, err := p.readList(name)
		if err != nil {
			return err
		}
		contents[i] = raw
	}
	files := func() (files []exchange.File) {
		for i, raw := range contents {
			file := exchange.File{Reader: bytes.NewReader(raw)}
			if len(names) > 1 {
				file.Name = names[i]
			}
			files = append(files, file)
		}
		return files
	}
	with := p.with
	if dryRun {
		with = p.withExisting // a dry run does not create stores
	}
	return with(ctx, log, func(b *backend) error {
		params.Progress = p.progress("Importing")
		ctx := domain.AsSystem(ctx, "import companies")
		var out exchange.CompaniesResult
		var err error
		if dryRun {
			err = b.desk.DryRun(ctx, editorial.TransactionParams{Name: "import companies"}, func(ctx context.Context) (err error) {
				out, err = exchange.ImportCompanies(ctx, b.desk, files(), params)
				return err
			})
		} else {
			out, err = exchange.ImportCompanies(ctx, b.desk, files(), params)
		}
		if out.Rows > 0 {
			p.printImport(out, params.Publish, dryRun)
		}
		if err != nil {
			return asUsage(err)
		}
		if len(out.Problems) > 0 {
			return errors.New("some rows were not imported: see the lines above")
		}
		return nil
	})
}

// readList reads the file of an argument ("-" is standard input), up to one byte
// more than exchange.MaxCSV.
func (p *program) readList(name string) ([]byte, error) {
	file := os.Stdin
	if name != "-" {
		opened, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = opened.Close() }() // only read
		file = opened
	}
	raw, err := io.ReadAll(io.LimitReader(file, exchange.MaxCSV+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return raw, nil
}

func (p *program) printImport(out exchange.CompaniesResult, publish, dryRun bool) {
	for _, bad := range out.Problems {
		printf(p.Stderr, "%s\n", withLines(bad))
	}
	for _, note := range out.Notes {
		printf(p.Stderr, "note: %s\n", withLines(note))
	}
	if dryRun {
		printf(p.Stdout, "This is a dry run: nothing was stored.\n")
	}
	count := domain.Count
	printf(p.Stdout, "%s: %d imported, %d not imported, %s left out.\n", count(out.Rows, "row", "rows"), out.Imported(), out.BadRows, count(out.FilteredOut, "was", "were"))
	if out.Blank+out.Headers > 0 {
		printf(p.Stdout, "Also %s and %s.\n", count(out.Blank, "blank line", "blank lines"), count(out.Headers, "repeated header", "repeated headers"))
	}
	printf(p.Stdout, "%s, %s not in the list, %s, %s.\n", count(out.Listed, "company", "companies"), count(out.Parents, "parent that is", "parents that are"),
		count(out.Names, "other name", "other names"), count(out.Relationships, "relationship", "relationships"))
	printf(p.Stdout, "%s; %s the company and the start of another.\n", count(out.Listings, "listing", "listings"), count(out.Repeats, "row repeats", "rows repeat"))
	printf(p.Stdout, "%s created, %d changed, %s.\n", count(out.Created, "document", "documents"), out.Changed, count(out.Unchanged, "as it was", "as they were"))
	if publish {
		p.printPublished(out)
	}
	p.printSameNames(out.SameNames)
}

func (p *program) printPublished(out exchange.CompaniesResult) {
	if out.Sequence != 0 {
		printf(p.Stdout, "%s published; the publication log is at entry %d.\n", domain.Count(out.Published, "document", "documents"), out.Sequence)
	} else {
		printf(p.Stdout, "Nothing was published.\n")
	}
	switch len(out.Unpublished) {
	case 0:
	case 1:
		printf(p.Stdout, "1 document was not published; publish it yourself if readers are to see it:\n")
	default:
		printf(p.Stdout, "%d documents were not published; publish them yourself if readers are to see them:\n", len(out.Unpublished))
	}
	for _, left := range out.Unpublished {
		printf(p.Stdout, "  %s: %s\n", left.Document, left.Reason)
	}
}

// printSameNames prints pairs of entities with a name in common, up to a limit.
func (p *program) printSameNames(alike []exchange.SameName) {
	const most, mostNames = 20, 3
	for _, a := range alike[:min(most, len(alike))] {
		var names []string
		for _, name := range a.Names[:min(mostNames, len(a.Names))] {
			names = append(names, strconv.Quote(name))
		}
		if more := len(a.Names) - mostNames; more > 0 {
			names = append(names, domain.Count(more, "other", "others"))
		}
		what := "name"
		if len(a.Names) > 1 {
			what = "names"
		}
		printf(p.Stdout, "%s and %s both have the %s %s: merge them if they are one.\n", a.Document, a.Other, what, strings.Join(names, ", "))
	}
	if more := len(alike) - most; more > 0 {
		printf(p.Stdout, "%s a name in common.\n", domain.Count(more, "more pair has", "more pairs have"))
	}
}

// withLines returns the message of a row after its line numbers.
func withLines(row exchange.RowMessage) string {
	const most = 10
	var places []string
	for _, place := range row.Places[:min(most, len(row.Places))] {
		places = append(places, place.String())
	}
	if more := len(row.Places) - most; more > 0 {
		places = append(places, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("line %s: %s", strings.Join(places, ", "), row.Message)
}

// count returns a function that shows a count on a terminal.
func (p *program) count(what string) func(int64) {
	show := p.progress(what)
	return func(n int64) { show(int(n), -1) }
}

// progress returns a function that updates a progress bar on a terminal, and does nothing if standard error is not a
// terminal.
func (p *program) progress(what string) func(done, total int) {
	out, ok := p.Stderr.(*os.File)
	if !ok || !term.IsTerminal(int(out.Fd())) {
		return func(int, int) {}
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) {
		if bar == nil {
			bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(what),
				progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(50*time.Millisecond))
		}
		_ = bar.Set(done) // an error of the bar does not matter
	}
}
