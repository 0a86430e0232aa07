package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
)

func (p *program) rebuildCommand() *cobra.Command {
	rebuild := &cobra.Command{
		Use:   "rebuild-live",
		Short: "Rebuild live from the publication log",
		Long: `Rebuild live from the publication log on the desk.

Live can always be rebuilt, because it has no data of its own. Do this after the
file of live was lost, or restored from an older backup than the desk. Readers see
the old live until the new one is complete; of one that was lost they are refused
until then. If the command is interrupted, run it again: it goes on where it was.`,
		Example: "  redthread rebuild-live --data /var/lib/redthread",
		GroupID: groupContent,
		Args:    exactly(),
		RunE:    p.run(slog.LevelWarn, p.rebuildLive),
	}
	p.config.commonFlags(rebuild.Flags())
	return rebuild
}

func (p *program) rebuildLive(ctx context.Context, log *slog.Logger, _ []string) error {
	return p.withExisting(ctx, log, func(b *backend) error {
		rebuilt, err := b.desk.RebuildLive(domain.AsSystem(ctx, "rebuild live"), p.rebuildProgress())
		switch {
		case err != nil && ctx.Err() != nil:
			return errors.New("rebuild live: stopped; run it again, and it goes on where it was")
		case domain.KindOf(err) == domain.KindUnavailable:
			return fmt.Errorf("%w; when that is mended, run it again, and it goes on where it was", err)
		case err != nil:
			return err
		}
		_, err = fmt.Fprintf(p.Stdout, "Live was rebuilt: %s, up to entry %d of the publication log.\n",
			domain.Count(rebuilt.Documents, "document", "documents"), rebuilt.Sequence)
		return err
	})
}

// rebuildProgress shows a bar for each step of a rebuild on a terminal.
func (p *program) rebuildProgress() projection.RebuildProgress {
	var present projection.RebuildStep
	var show func(done, of int)
	return func(step projection.RebuildStep, done, of int) {
		if step != present {
			present, show = step, p.progress(string(step))
		}
		show(done, of)
	}
}
