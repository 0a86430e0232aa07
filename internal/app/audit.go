package app

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
)

func (p *program) auditCommand() *cobra.Command {
	var input struct{ since, until, format string }
	export := &cobra.Command{
		Use:   "export",
		Short: "Print the audit log, the oldest entry first",
		Args:  exactly(),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, _ []string) error {
			var params audit.ExportParams
			var problems domain.Problems
			params.Since = parseMoment("--since", input.since, &problems)
			params.Until = parseMoment("--until", input.until, &problems)
			write, flush := p.auditLines(input.format, &problems)
			if err := problems.Err("nothing was exported"); err != nil {
				return usageError{err}
			}
			if err := p.config.mustExist(); err != nil {
				return err
			}
			return p.with(ctx, log, func(b *backend) error {
				if err := audit.Export(domain.AsSystem(ctx, "audit export"), b.stores, params, write); err != nil {
					return err
				}
				return flush()
			})
		}),
	}
	f := export.Flags()
	f.StringVar(&input.since, "since", "", "first `day` or time, such as 2026-01-31 or 2026-01-31T12:00:00Z")
	f.StringVar(&input.until, "until", "", "`day` or time before which it ends")
	f.StringVar(&input.format, "format", "ndjson", "`form`: ndjson, one JSON object a line, or csv")
	command := group(&cobra.Command{
		Use:   "audit",
		Short: "Read the audit log",
		Long: `Read the audit log: who did what on the desk, who signed in, which key came from
a network that was new for it, and what was refused. The database itself refuses
to change or delete an entry, and the sequence has no gap.`,
		GroupID: groupOperate,
		Example: `  redthread audit export --since 2026-01-01 > audit.ndjson
  redthread audit export --format csv --since 2026-01-01 --until 2026-02-01 > january.csv`,
	}, export)
	p.config.commonFlags(command.PersistentFlags())
	return command
}

// parseMoment parses a day, which means its beginning in UTC, or a time.
func parseMoment(flag, s string, problems *domain.Problems) *time.Time {
	if s == "" {
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, s); err == nil {
			at = at.UTC()
			return &at
		}
	}
	problems.Add(flag, "want 2026-01-31 or 2026-01-31T12:00:00Z, not %q", s)
	return nil
}

// auditLines returns functions that write entries to the standard output in a
// format, and that flush them.
func (p *program) auditLines(format string, problems *domain.Problems) (write func(audit.Line) error, flush func() error) {
	switch format {
	case "ndjson":
		encoder := json.NewEncoder(p.Stdout)
		encoder.SetEscapeHTML(false)
		return func(line audit.Line) error { return encoder.Encode(line) }, func() error { return nil }
	case "csv":
		w := csv.NewWriter(p.Stdout)
		header := []string{"sequence", "at", "action", "actor", "actor_id", "subject", "documents", "detail", "network", "request_id", "times"}
		return func(l audit.Line) error {
				if header != nil {
					if err := w.Write(header); err != nil {
						return err
					}
					header = nil
				}
				actor := ""
				if l.ActorID != nil {
					actor = l.ActorID.String()
				}
				cells := []string{
					strconv.FormatInt(l.Sequence, 10), l.At.Format(time.RFC3339Nano), l.Action, l.Actor, actor, orEmpty(l.Subject),
					strings.Join(l.Documents, " "), orEmpty(l.Detail), orEmpty(l.Network), orEmpty(l.RequestID), strconv.Itoa(l.Times),
				}
				for i := range cells {
					cells[i] = domain.Cell(cells[i])
				}
				return w.Write(cells)
			}, func() error {
				w.Flush()
				return w.Error()
			}
	}
	problems.Add("--format", "want ndjson or csv, not %q", format)
	return nil, nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
