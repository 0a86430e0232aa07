package app

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"
)

func (p *program) reindexCommand() *cobra.Command {
	var empty bool
	reindex := &cobra.Command{
		Use:   "reindex",
		Short: "Rebuild the search indexes of the desk and live",
		Long: `Rebuild the search indexes of the desk and live.

Both are derived from the documents and written with them, so this is needed only where
an index is damaged. Searches go on meanwhile. If the command is interrupted, run it
again: it goes on where it was.

With --empty the indexes are emptied first: for one that cannot be read at all. Searches
fail until it is complete.`,
		Example: "  redthread reindex --data /var/lib/redthread",
		GroupID: groupContent,
		Args:    exactly(),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, _ []string) error {
			return p.reindex(ctx, log, empty)
		}),
	}
	p.config.commonFlags(reindex.Flags())
	reindex.Flags().BoolVar(&empty, "empty", false, "empty the indexes first")
	return reindex
}

func (p *program) reindex(ctx context.Context, log *slog.Logger, empty bool) error {
	return p.withExisting(ctx, log, func(b *backend) error {
		if empty {
			if err := b.searchMaintenance.Wipe(ctx); err != nil {
				return err
			}
		}
		done := 0
		progress := p.progress("Indexing")
		if err := b.searchMaintenance.Reindex(ctx, func(n, of int) {
			done = n
			progress(n, of)
		}); err != nil {
			return err
		}
		if err := b.searchMaintenance.MergeAll(ctx); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.Stdout, "The search indexes of the desk and live were rebuilt: %d documents.\n", done)
		return err
	})
}
