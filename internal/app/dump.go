package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/backup"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

func (p *program) dumpCommand() *cobra.Command {
	dump := &cobra.Command{
		Use:   "dump FILE",
		Short: "Write everything as lines of JSON, the same from both engines",
		Long: `Write everything that the stores hold as lines of JSON, for "redthread load".

The lines are the same from SQLite and from PostgreSQL, so with the two commands the stores move
from one to the other, with all ids, revisions, the publication log, keys, subscribers and webhooks. Servers
may run meanwhile: what is written after the begin of the dump is not in it. FILE must not exist, and is
readable by its owner only; - is standard output.

The file holds drafts, addresses of subscribers and hashes of keys. The search index is not in it:
it is built anew.`,
		Example: `  redthread dump --data /var/lib/redthread everything.ndjson
  redthread dump - | zstd > everything.ndjson.zst`,
		GroupID: groupOperate,
		Args:    exactly("FILE"),
		RunE:    p.run(slog.LevelWarn, p.dump),
	}
	p.config.commonFlags(dump.Flags())
	return dump
}

func (p *program) dump(ctx context.Context, log *slog.Logger, args []string) error {
	return p.withExisting(ctx, log, func(b *backend) error {
		params := backup.DumpParams{Version: version(), Now: p.now(), Progress: p.count("Dumping")}
		if args[0] == "-" {
			_, err := backup.Dump(ctx, b.stores, p.Stdout, params)
			return err
		}
		var totals backup.Totals
		folder := backup.Folder(filepath.Dir(args[0]))
		err := folder.Write(ctx, filepath.Base(args[0]), func(w io.Writer) (err error) {
			totals, err = backup.Dump(ctx, b.stores, w, params)
			return err
		}, nil)
		if err != nil {
			return err
		}
		printf(p.Stdout, "Dumped %d rows to %s.\n", totals.Sum(), args[0])
		return nil
	})
}

func (p *program) loadCommand() *cobra.Command {
	load := &cobra.Command{
		Use:   "load FILE",
		Short: "Put a dump into new stores, of either engine",
		Long: `Put what "redthread dump" wrote into new stores, of either engine.

The stores must be new or empty; they are created where they are not there. The dump must be of the
same schema as this version. It is read and checked before anything is written, and the desk is written in one
transaction, last: where the command fails, run it again. - is standard input.

Servers that start on stores that were loaded are paused, as with --paused: they send nothing to webhooks and carry
out no schedule until "redthread resume". Stop those on the stores where the dump was made before that.`,
		Example: `  redthread load --data /var/lib/redthread everything.ndjson
  redthread load --desk-dsn postgres://redthread@db/redthread everything.ndjson`,
		GroupID: groupOperate,
		Args:    exactly("FILE"),
		RunE:    p.run(slog.LevelWarn, p.load),
	}
	p.config.commonFlags(load.Flags())
	return load
}

func (p *program) load(ctx context.Context, log *slog.Logger, args []string) error {
	from, err := p.seekable(args[0])
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // it is only read
	// Before there are stores: a dump that is damaged leaves nothing behind.
	dump, err := backup.Check(ctx, from)
	if err != nil {
		return err
	}
	if err := p.migrateEmpty(ctx, log); err != nil {
		return err
	}
	return p.with(ctx, log, func(b *backend) error {
		totals, err := backup.Load(domain.AsSystem(ctx, "load"), b.stores, dump, backup.LoadParams{Progress: p.count("Loading"), Finish: p.noteRestored})
		if err != nil {
			return err
		}
		if err := b.searchMaintenance.Prepare(ctx); err != nil {
			return err
		}
		if err := b.searchMaintenance.Reindex(ctx, p.progress("Indexing")); err != nil {
			return fmt.Errorf("everything was loaded, but the search index was not built (\"redthread reindex\" does it): %w", err)
		}
		printf(p.Stdout, "Loaded %d rows into %s.\n", totals.Sum(), p.config.location())
		return nil
	})
}

// migrateEmpty brings stores that hold nothing to the schema of this binary: new ones, and those of a load that was killed.
func (p *program) migrateEmpty(ctx context.Context, log *slog.Logger) error {
	stores, err := store.Open(ctx, p.config.stores(log))
	if err != nil {
		return fmt.Errorf("open the stores: %w", err)
	}
	err = backup.MustBeEmpty(ctx, stores)
	if err == nil {
		_, err = stores.Migrate(ctx)
	}
	return errors.Join(err, stores.Close())
}

// seekable opens a file, or copies standard input to one that is gone when it is closed.
func (p *program) seekable(name string) (*os.File, error) {
	if name != "-" {
		return os.Open(name)
	}
	f, err := os.CreateTemp("", "redthread-load-")
	if err != nil {
		return nil, err
	}
	// Windows does not remove open files: there it stays in the folder of temporary files.
	_ = os.Remove(f.Name())
	if _, err = io.Copy(f, os.Stdin); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
