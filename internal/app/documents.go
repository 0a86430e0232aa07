package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/queries"
)

func (p *program) documentsCommand() *cobra.Command {
	documents := group(&cobra.Command{
		Use:   "documents",
		Short: "Register, list and unregister GraphQL documents",
		Long: `Register, list and unregister GraphQL documents. Clients send the id of a
registered document (documentId) instead of its text, and "serve
--registered-only" runs only registered documents.

The id is the SHA-256 of the text in lower-case hex, unless the file of the
document gives it another one.`,
		GroupID: groupOperate,
		Example: `  redthread documents register ./queries
  redthread documents register persisted-query-manifest.json --json
  redthread documents list
  redthread documents unregister ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38`,
	}, p.documentsRegisterCommand(), p.documentsListCommand(), p.documentsUnregisterCommand())
	p.config.commonFlags(documents.PersistentFlags())
	return documents
}

// atLeastOne requires one or more arguments; name is for the error.
func atLeastOne(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return badUsage("%s is missing", name)
		}
		return nil
	}
}

func (p *program) documentsRegisterCommand() *cobra.Command {
	var asJSON bool
	register := &cobra.Command{
		Use:   "register PATH…",
		Short: "Register documents: all of them, or none",
		Long: `Register documents: all of them, or none. Documents that are already registered
stay as they are, so a build can run this each time.

PATH is one of these:
  a folder                  its .graphql and .gql files, and those of its folders
  FILE.graphql, FILE.gql    one operation, with its fragments
  FILE.json                 Apollo's persisted query manifest, or an object with
                            texts by their ids, as Relay and GraphQL Code
                            Generator write it

All problems are listed, with the file and the line. At most 1000 documents are
registered at once.`,
		Args: atLeastOne("PATH"),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, args []string) error {
			found := &documentSet{}
			for _, path := range args {
				found.read(path)
			}
			if err := p.printProblems(found.problems); err != nil {
				return err
			}
			if err := p.config.mustExist(); err != nil {
				return err
			}
			return p.with(ctx, log, func(b *backend) error {
				rows, created, err := b.registry.Register(domain.AsSystem(ctx, "documents register"), found.documents())
				if problems := found.locate(err); problems != nil {
					return p.printProblems(problems)
				}
				if err != nil {
					return err
				}
				out := registered{Documents: []documentView{}, Created: created, Known: len(rows) - created}
				for _, row := range rows {
					out.Documents = append(out.Documents, documentView{row.DocumentID, row.Name, row.RegisteredBy, row.RegisteredAt, ""})
				}
				if asJSON {
					return p.printJSON(out)
				}
				return p.printRegistered(out)
			})
		}),
	}
	register.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return register
}

// registered is the JSON output of "documents register".
type registered struct {
	Documents []documentView `json:"documents"`
	Created   int            `json:"created"` // new ones
	Known     int            `json:"known"`   // registered before
}

// documentView is a registered document in the JSON output.
type documentView struct {
	DocumentID   string    `json:"documentId"`
	Name         *string   `json:"name"`
	RegisteredBy string    `json:"registeredBy"`
	RegisteredAt time.Time `json:"registeredAt"`
	Text         string    `json:"text,omitempty"`
}

func (p *program) printRegistered(out registered) error {
	table := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	for _, d := range out.Documents {
		row(table, d.DocumentID, orEmpty(d.Name))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.Stdout, "%d registered, %d already known.\n", out.Created, out.Known)
	return err
}

// printProblems prints the problems of files and returns an error if there are
// any.
func (p *program) printProblems(problems []problem) error {
	if len(problems) == 0 {
		return nil
	}
	for _, problem := range problems {
		printf(p.Stderr, "%s\n", problem)
	}
	return errors.New("nothing was registered: see the problems above")
}

func (p *program) documentsListCommand() *cobra.Command {
	var asJSON bool
	list := &cobra.Command{
		Use:   "list",
		Short: "List all registered documents, the newest first",
		Args:  exactly(),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, _ []string) error {
			if err := p.config.mustExist(); err != nil {
				return err
			}
			return p.with(ctx, log, func(b *backend) error {
				rows, err := b.registry.List(domain.AsSystem(ctx, "documents list"))
				if err != nil {
					return err
				}
				views := make([]documentView, len(rows))
				for i, row := range rows {
					views[i] = documentView{row.DocumentID, row.Name, row.RegisteredBy, row.RegisteredAt, row.Text}
				}
				if asJSON {
					return p.printJSON(views)
				}
				table := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
				row(table, "ID", "NAME", "BYTES", "REGISTERED", "BY")
				for _, d := range views {
					row(table, d.DocumentID, orEmpty(d.Name), strconv.Itoa(len(d.Text)), d.RegisteredAt.UTC().Format(time.DateOnly), d.RegisteredBy)
				}
				return table.Flush()
			})
		}),
	}
	list.Flags().BoolVar(&asJSON, "json", false, "print JSON, with the texts")
	return list
}

func (p *program) documentsUnregisterCommand() *cobra.Command {
	var asJSON bool
	unregister := &cobra.Command{
		Use:   "unregister ID…",
		Short: "Unregister documents",
		Long: `Unregister documents. Running servers may accept them for ten more seconds. An id
that is not registered is not an error.`,
		Args: atLeastOne("ID"),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, args []string) error {
			if err := p.config.mustExist(); err != nil {
				return err
			}
			return p.with(ctx, log, func(b *backend) error {
				ended, err := b.registry.Unregister(domain.AsSystem(ctx, "documents unregister"), args)
				if err != nil {
					return asUsage(err)
				}
				if asJSON {
					return p.printJSON(struct {
						DocumentIDs []string `json:"documentIds"`
					}{ended})
				}
				_, err = fmt.Fprintf(p.Stdout, "%d of %d unregistered.\n", len(ended), len(args))
				return err
			})
		}),
	}
	unregister.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return unregister
}

// documentPath matches the path of a problem that the registry reports.
var documentPath = regexp.MustCompile(`^documents\[(\d+)\]`)

// lineIn matches the line within a document at the start of a message.
var lineIn = regexp.MustCompile(`^line (\d+): `)

// locate returns the problems in an error of the registry with the files of their
// documents; nil if the error is of another kind.
func (s *documentSet) locate(err error) []problem {
	refused, ok := errors.AsType[*domain.Error](err)
	if !ok {
		return nil
	}
	var problems []problem
	for _, f := range refused.Fields {
		m := documentPath.FindStringSubmatch(f.Path)
		if m == nil {
			problems = append(problems, problem{message: strings.TrimPrefix(f.Path+": "+f.Message, ": ")})
			continue
		}
		i, _ := strconv.Atoi(m[1]) // digits, and not many
		from, message := s.found[i], f.Message
		if line := lineIn.FindStringSubmatch(message); line != nil && from.line == 0 {
			from.line, _ = strconv.Atoi(line[1])
			message = strings.TrimPrefix(message, line[0])
		}
		if from.name != "" {
			message = from.name + ": " + message
		}
		problems = append(problems, problem{from.file, from.line, message})
	}
	return problems
}

// documents returns the documents for the registry.
func (s *documentSet) documents() []queries.Document {
	all := make([]queries.Document, len(s.found))
	for i, f := range s.found {
		all[i] = f.Document
	}
	return all
}
