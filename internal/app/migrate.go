package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"entgo.io/ent/dialect"
	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/store"
)

func (p *program) migrateCommand() *cobra.Command {
	up := &cobra.Command{
		Use:   "up",
		Short: "Migrate both stores to the schema of this binary",
		Long: `Migrate both stores to the schema of this binary.

"serve" does the same when it starts. It is safe to run at any time, and on
several machines at the same time: one migrates, the others wait. Stores that are
newer than the binary are refused.

What takes longer than ten seconds is logged, with how far it is. It can be stopped:
a migration that was interrupted leaves the store as it was, and the keys that order
names are written in batches, which the next run continues.`,
		Args: exactly(),
		RunE: p.run(slog.LevelInfo, p.migrateUp),
	}
	status := &cobra.Command{
		Use:   "status",
		Short: "Show the migrations, applied and pending",
		Long: `Show the migrations of both stores, and when each was applied.

On PostgreSQL it also prints the statements that create a role for reads of live,
without rights on the desk.`,
		Args: exactly(),
		RunE: p.run(slog.LevelWarn, p.migrateStatus),
	}
	migrate := group(&cobra.Command{
		Use:     "migrate",
		Short:   "Migrate the stores, or show the migrations",
		GroupID: groupOperate,
		Example: "  redthread migrate status\n  redthread migrate up --data /var/lib/redthread",
	}, status, up)
	p.config.commonFlags(migrate.PersistentFlags())
	return migrate
}

func (p *program) migrateUp(ctx context.Context, log *slog.Logger, _ []string) error {
	stores, err := store.Open(ctx, p.config.stores(log))
	if err != nil {
		return fmt.Errorf("open the stores: %w", err)
	}
	done, err := stores.Migrate(ctx)
	for _, m := range done {
		took := ""
		if m.Took >= time.Second {
			took = fmt.Sprintf(" in %.1f s", m.Took.Seconds())
		}
		printf(p.Stdout, "%s: applied %s %s%s\n", m.Store, m.Version, m.Name, took)
	}
	if err == nil && len(done) == 0 {
		printf(p.Stdout, "Both stores are up to date.\n")
	}
	return errors.Join(err, stores.Close())
}

func (p *program) migrateStatus(ctx context.Context, log *slog.Logger, _ []string) error {
	if err := p.config.mustExist(); err != nil {
		return err
	}
	stores, err := store.Open(ctx, p.config.stores(log))
	if err != nil {
		return fmt.Errorf("open the stores: %w", err)
	}
	steps, err := stores.Migrations(ctx)
	if err == nil {
		err = p.printSteps(steps)
		if stores.Dialect() == dialect.Postgres {
			err = errors.Join(err, p.printGrants(ctx, stores))
		}
	}
	return errors.Join(err, stores.Close())
}

func (p *program) printSteps(steps []store.Migration) error {
	table := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	row(table, "STORE", "VERSION", "NAME", "APPLIED")
	pending := 0
	for _, m := range steps {
		applied := "pending"
		if m.Applied.IsZero() {
			pending++
		} else {
			applied = m.Applied.UTC().Format(time.RFC3339)
		}
		row(table, m.Store, m.Version, m.Name, applied)
	}
	err := table.Flush()
	if pending > 0 {
		printf(p.Stdout, "\n%d pending: \"redthread migrate up\" or the next start of \"redthread serve\" applies them.\n", pending)
	}
	return err
}

// printGrants prints the statements with which reads of live get a role of their own, where it has not all rights.
func (p *program) printGrants(ctx context.Context, stores *store.Stores) error {
	grants, err := stores.LiveGrants(ctx)
	if err != nil || len(grants) == 0 {
		return err
	}
	printf(p.Stdout, `
Live is read with a role of its own that has no rights on the desk, so that no
query can reach a draft. That role is missing here, or lacks rights: reads are
read-only sessions of Redthread's own role meanwhile. An administrator can run

`)
	for _, statement := range grants {
		printf(p.Stdout, "  %s;\n", statement)
	}
	printf(p.Stdout, "\nin this database, once it is migrated. It takes effect at the next start.\n")
	return nil
}
