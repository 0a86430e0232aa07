package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/domain"
)

func (p *program) compactCommand() *cobra.Command {
	var shrink bool
	compact := &cobra.Command{
		Use:   "compact",
		Short: "Compress the revisions that an older version stored",
		Long: `Compress the revisions on the desk that a version of Redthread stored which did not
compress them. New revisions are compressed as they are saved.

A server can be running on the same stores. The command can be stopped at any time;
started again, it continues. The space becomes free in the desk's file or tables, for
what is written later. With --shrink a file of SQLite becomes smaller as well: writers
wait meanwhile, for seconds per gigabyte, and the disk needs as much free space as the
file takes. On PostgreSQL, VACUUM FULL desk.revisions does that.`,
		Example: "  redthread compact --data /var/lib/redthread",
		GroupID: groupOperate,
		Args:    exactly(),
	}
	compact.RunE = p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, _ []string) error {
		return p.compact(ctx, log, shrink)
	})
	compact.Flags().BoolVar(&shrink, "shrink", false, "give the free space in the desk's file of SQLite back to the file system")
	p.config.commonFlags(compact.Flags())
	return compact
}

func (p *program) compact(ctx context.Context, log *slog.Logger, shrink bool) error {
	return p.withExisting(ctx, log, func(b *backend) error {
		done, err := b.desk.Compact(domain.AsSystem(ctx, "compact revisions"), p.progress("Compressing"))
		if _, printErr := fmt.Fprintf(p.Stdout, "%s compressed, from %s to %s.\n",
			domain.Count(done.Revisions, "revision was", "revisions were"), megabytes(done.Before), megabytes(done.After)); err == nil {
			err = printErr
		}
		if errors.Is(err, context.Canceled) {
			return errors.New("stopped; the command can be run again to continue")
		}
		if err != nil {
			return err
		}
		for _, key := range done.Refused {
			if _, err := fmt.Fprintf(p.Stdout, "Revision %d of %s does not match its hash, and stays as it is.\n", key.Number, key.ID); err != nil {
				return err
			}
		}
		if shrink {
			return b.stores.ShrinkDesk(ctx)
		}
		return nil
	})
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
