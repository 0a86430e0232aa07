package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/exchange"
)

// maxPrinted bounds the lines of an import of documents whose problems are printed.
const maxPrinted = 1000

func (p *program) importDocumentsCommand() *cobra.Command {
	var publish, dryRun bool
	documents := &cobra.Command{
		Use:   "documents FILE.ndjson",
		Short: "Import documents of any type",
		Long: `Import documents from newline-delimited JSON: one object in each line, with the
type of the document and the fields of the input of its upsert mutation:

  {"type": "tag", "slug": "ports", "label": "Ports", "vocabulary": "TOPIC"}
  {"type": "entity", "slug": "harbour-cranes", "kind": "COMPANY", "name": "Harbour Cranes AS", "tags": ["ports"]}

The rules are those of the mutation; slug is required. A line may refer to documents
of earlier lines, and to those on the desk. A line that is refused is shown, and the
rest goes in; with --publish, a document that is not complete is stored, shown and not
published. The exit code is then 1. A second run of the same file changes nothing.
FILE.ndjson can be - for standard input. A server can be running on the same stores.`,
		Example: `  redthread import documents archive.ndjson --dry-run
  redthread import documents archive.ndjson --publish`,
		Args: exactly("FILE.ndjson"),
	}
	documents.RunE = p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, args []string) error {
		return p.importDocuments(ctx, log, args[0], publish, dryRun)
	})
	documents.Flags().BoolVar(&publish, "publish", false, "publish what this run created and changed")
	documents.Flags().BoolVar(&dryRun, "dry-run", false, "show what would be stored in stores that are there, and store nothing; other writers wait until it ends")
	return documents
}

func (p *program) importDocuments(ctx context.Context, log *slog.Logger, name string, publish, dryRun bool) error {
	if dryRun && name == "-" {
		return asUsage(domain.Invalid("a dry run needs a file: it may have to be read twice"))
	}
	with := p.with
	if dryRun {
		with = p.withExisting // a dry run does not create stores
	}
	return with(ctx, log, func(b *backend) error {
		ctx := domain.AsSystem(ctx, "import documents")
		var out exchange.DocumentsResult
		read := func(ctx context.Context) (err error) {
			params := exchange.DocumentsParams{Publish: publish, Progress: p.progress("Importing")}
			printed := 0
			params.Problem = func(problem exchange.DocumentProblem) {
				if printed++; printed <= maxPrinted {
					printf(p.Stderr, "line %d: %v\n", problem.Line, problem.Err)
				}
			}
			file := io.Reader(os.Stdin)
			if name != "-" {
				opened, err := os.Open(name)
				if err != nil {
					return err
				}
				defer func() { _ = opened.Close() }() // only read
				if info, err := opened.Stat(); err == nil {
					params.Size = info.Size()
				}
				file = opened
			}
			out, err = exchange.ImportDocuments(ctx, b.desk, file, params)
			return err
		}
		var err error
		if dryRun {
			err = b.desk.DryRun(ctx, editorial.TransactionParams{Name: "import documents"}, read)
		} else {
			err = read(ctx)
		}
		if err == nil && publish && !dryRun {
			err = b.live.Project(ctx) // there may be no server that does
		}
		if out.Lines > 0 {
			p.printDocuments(out, publish, dryRun)
		}
		if err != nil {
			return asUsage(err)
		}
		if out.Refused > 0 {
			return errors.New("some lines were not imported: see the lines above")
		}
		if out.Incomplete > 0 {
			return errors.New("some documents were saved and not published: see the lines above")
		}
		return nil
	})
}

func (p *program) printDocuments(out exchange.DocumentsResult, publish, dryRun bool) {
	if dryRun {
		printf(p.Stdout, "This is a dry run: nothing was stored.\n")
	}
	if more := out.Refused + out.Incomplete - maxPrinted; more > 0 {
		printf(p.Stderr, "%s not shown.\n", domain.Count(more, "more line with a problem is", "more lines with problems are"))
	}
	printf(p.Stdout, "%s: %d created, %d changed, %s, %d refused.\n", domain.Count(out.Lines, "document", "documents"),
		out.Created, out.Changed, domain.Count(out.Unchanged, "as it was", "as they were"), out.Refused)
	if out.Incomplete > 0 {
		printf(p.Stdout, "%s saved and cannot be published yet.\n", domain.Count(out.Incomplete, "document was", "documents were"))
	}
	switch {
	case !publish:
	case out.Sequence == 0:
		printf(p.Stdout, "Nothing was published.\n")
	default:
		printf(p.Stdout, "%s published; the publication log is at entry %d.\n", domain.Count(out.Published, "document", "documents"), out.Sequence)
	}
}
