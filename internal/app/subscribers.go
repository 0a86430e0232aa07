package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter"
)

func (p *program) subscribersCommand() *cobra.Command {
	subscribers := group(&cobra.Command{
		Use:   "subscribers",
		Short: "Import, export and erase subscribers",
		Long: `Import, export and erase subscribers of series.

A list is in CSV, with the columns email, language, series, clearance (may be left
out), consent_at, consent_source and consent_text: when, where and to what each one
agreed. Addresses that get no mail, and those that have unsubscribed since, are
skipped. If a row has an error, none is imported.`,
		GroupID: groupOperate,
		Example: `  redthread subscribers import readers.csv --dry-run
  redthread subscribers export > readers.csv
  redthread subscribers erase sub_0saf8pq4mg6gq`,
	}, p.subscribersImportCommand(), p.subscribersExportCommand(), p.subscribersEraseCommand(), p.subscribersRotateKeyCommand())
	p.config.commonFlags(subscribers.PersistentFlags())
	return subscribers
}

// withSubscribers calls fn with the subscribers of existing stores.
func (p *program) withSubscribers(ctx context.Context, log *slog.Logger, fn func(*newsletter.Subscribers) error) error {
	return p.withExisting(ctx, log, func(b *backend) error {
		return fn(newsletter.NewSubscribers(newsletter.SubscribersConfig{
			Stores: b.stores, Jobs: b.jobs, Series: newsletter.Desk{Stores: b.stores}, Log: log, Now: p.now}))
	})
}

func (p *program) subscribersImportCommand() *cobra.Command {
	var dryRun bool
	command := &cobra.Command{
		Use:   "import FILE",
		Short: "Subscribe the addresses of a list, each with the proof of its consent",
		Args:  exactly("FILE"),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, args []string) error {
			return p.withSubscribers(ctx, log, func(s *newsletter.Subscribers) (err error) {
				file, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, file.Close()) }()
				result, err := s.Import(domain.AsSystem(ctx, "subscribers import"), file, dryRun)
				if err != nil {
					return asUsage(err)
				}
				return p.printJSON(result)
			})
		}),
	}
	command.Flags().BoolVar(&dryRun, "dry-run", false, "check the list and count, and import nothing")
	return command
}

func (p *program) subscribersExportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: "Print all subscriptions as a list that can be imported",
		Args:  exactly(),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, _ []string) error {
			return p.withSubscribers(ctx, log, func(s *newsletter.Subscribers) error {
				return s.Export(domain.AsSystem(ctx, "subscribers export"), p.Stdout)
			})
		}),
	}
}

func (p *program) subscribersEraseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "erase ID",
		Short: "Erase what is stored of a person; the address stays suppressed by its hash",
		Long: `Erase what is stored of a person. A hash of the address stays on the suppression
list, so that no import of an old list mails the person again. With - in place of
the id, the address is read from standard input.`,
		Args: exactly("ID"),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, args []string) error {
			var params newsletter.EraseParams
			if args[0] == "-" {
				raw, err := io.ReadAll(io.LimitReader(os.Stdin, 1000))
				if err != nil {
					return err
				}
				params.Email = strings.TrimSpace(string(raw))
			} else {
				id, err := domain.ParseID(args[0])
				if err != nil {
					return usageError{err}
				}
				params.ID = id
			}
			return p.withSubscribers(ctx, log, func(s *newsletter.Subscribers) error {
				return asUsage(s.Erase(domain.AsSystem(ctx, "subscribers erase"), params))
			})
		}),
	}
}

func (p *program) subscribersRotateKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rotate-key",
		Short: "Sign the links and return paths of mails with a new key",
		Long: `Sign the links and return paths of mails with a new key. Those of mails that were
sent before stay valid. Running servers use the new key within a minute.`,
		Args: exactly(),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, _ []string) error {
			return p.withSubscribers(ctx, log, func(s *newsletter.Subscribers) error {
				return s.RotateLinkKey(domain.AsSystem(ctx, "subscribers rotate-key"))
			})
		}),
	}
}
