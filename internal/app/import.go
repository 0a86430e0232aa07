package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange"
)

func (p *program) importCommand() *cobra.Command {
	var params exchange.CompaniesParams
	companies := &cobra.Command{
		Use:   "companies FILE.csv",
		Short: "Import a list of companies",
		Long: `Import a list of companies from CSV, one row for each time a company was listed.

Each company becomes an entity with its aliases and former names, each row a
listing, and each parent a relationship; all of it cites one source. The desk
checks every document: a row that is refused is shown with its line, and the
rest goes in. A second run of the same file changes nothing, and what editors
changed in between stays. Without --publish everything stays a draft; with it,
what this run creates and changes is published. A document that had a draft
before the run, or was taken out of live, is left as it is, and listed.

The columns are Clean Name, Alias, Previous Name, Parent Name, Note, Start date,
End date and Source Url. FILE.csv can be - for standard input. A server can be
running on the same stores.`,
		Example: `  redthread import companies list.csv --publish
  redthread import companies other.csv --authority "Ministry of Trade" --programme "Entity list" --source entity-list`,
		Args: exactly("FILE.csv"),
	}
	companies.RunE = p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, args []string) error {
		return p.importCompanies(ctx, log, args[0], params)
	})
	flags := companies.Flags()
	flags.StringVar(&params.Authority, "authority", "U.S. Department of Defense", "who keeps the list")
	flags.StringVar(&params.Programme, "programme", "Chinese military companies (section 1260H)", "what the list is called")
	flags.StringVar(&params.Source, "source", "dod-chinese-military-companies", "the slug of the source that everything cites")
	flags.BoolVar(&params.Publish, "publish", false, "publish what this run creates and changes")
	group := group(&cobra.Command{
		Use:     "import",
		Short:   "Import other people's data to the desk",
		GroupID: groupContent,
	}, companies)
	p.config.commonFlags(group.PersistentFlags())
	return group
}

func (p *program) importCompanies(ctx context.Context, log *slog.Logger, name string, params exchange.CompaniesParams) error {
	var file io.Reader = os.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // it was only read
		file = f
	}
	return p.with(ctx, log, func(b *backend) error {
		params.Progress = p.progress("Importing")
		out, err := exchange.ImportCompanies(domain.AsSystem(ctx, "import companies"), b.desk, file, params)
		if out.Rows > 0 {
			p.tellImport(out, params.Publish)
		}
		if err != nil {
			return asUsage(err)
		}
		if len(out.Bad) > 0 {
			return fmt.Errorf("%d of the rows could not be imported; they are listed above", badLines(out.Bad))
		}
		return nil
	})
}

func (p *program) tellImport(out exchange.CompaniesResult, publish bool) {
	for _, bad := range out.Bad {
		lines := strings.Trim(fmt.Sprint(bad.Lines), "[]")
		tell(p.Stderr, "line %s: %s\n", strings.ReplaceAll(lines, " ", ", "), bad.Message)
	}
	tell(p.Stdout, "%d rows: %d companies, %d parents that are not in the list, %d listings, %d relationships.\n",
		out.Rows, out.Listed, out.Parents, out.Listings, out.Relationships)
	tell(p.Stdout, "%d documents created, %d changed, %d as they were.\n", out.Created, out.Changed, out.Unchanged)
	if !publish {
		return
	}
	if out.Sequence != 0 {
		tell(p.Stdout, "%d documents published; the publication log is at entry %d.\n", out.Published, out.Sequence)
	} else {
		tell(p.Stdout, "Nothing was published.\n")
	}
	if len(out.Left) > 0 {
		tell(p.Stdout, "%d documents were left as they are; publish them yourself if readers are to see them:\n", len(out.Left))
	}
	for _, left := range out.Left {
		tell(p.Stdout, "  %s: %s\n", left.Document, left.Reason)
	}
}

func badLines(bad []exchange.BadRow) int {
	n := 0
	for _, b := range bad {
		n += max(1, len(b.Lines))
	}
	return n
}

// progress shows how far something has come, on a terminal; elsewhere nothing.
func (p *program) progress(what string) func(done, total int) {
	out, ok := p.Stderr.(*os.File)
	if !ok || !term.IsTerminal(int(out.Fd())) {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) {
		if bar == nil {
			bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(what),
				progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(50*time.Millisecond))
		}
		_ = bar.Set(done) // a bar that cannot be drawn is no reason to stop
	}
}
