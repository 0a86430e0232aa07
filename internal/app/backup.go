package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/backup"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// backupInput are the flags of backup.
type backupInput struct {
	recipients []string
	every      time.Duration
	keep       span
}

func (p *program) backupCommand() *cobra.Command {
	var input backupInput
	command := &cobra.Command{
		Use:   "backup FILE|FOLDER|s3://BUCKET/PREFIX",
		Short: "Back up both stores while they are in use",
		Long: `Back up both stores while they are in use.

A backup is one file: a tar archive, compressed with Zstandard, with a manifest and either copies of both SQLite
files or what pg_dump writes of both schemas. Where pg_dump is missing or older than the server, it has the rows as
"redthread dump" writes them. It is complete as of one moment; the copies are checked, and the archive is read again
after it was written. "redthread restore" puts it back.

An existing folder, or a place that ends with /, gets a file that is named for the time. Nothing is ever overwritten.
Copies are made in the folder for temporary files first (TMPDIR): it needs room for both stores.

With --recipient the archive is encrypted with age (age-encryption.org): for a recipient such as age1…, or all of a
file of recipients. The machine that makes backups does not need the identity that opens it.

With --every it goes on until it is stopped, and makes a backup each time. With --keep, backups of the place that are older are
removed after one has succeeded, never the last one, and nothing that has another name.

Buckets need AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, and AWS_ENDPOINT_URL_S3 for other services than Amazon's.`,
		Example: `  redthread backup --data /var/lib/redthread /var/backups/
  redthread backup --recipient age1… --every 6h --keep 14d s3://press-backups/redthread/`,
		GroupID: groupOperate,
		Args:    exactly("a file, a folder or s3://BUCKET/PREFIX"),
		RunE: p.run(slog.LevelInfo, func(ctx context.Context, log *slog.Logger, args []string) error {
			return p.backup(ctx, log, args[0], input)
		}),
	}
	p.config.commonFlags(command.Flags())
	f := command.Flags()
	f.StringArrayVar(&input.recipients, "recipient", nil, "encrypt for this `recipient` of age, or for those in a file; repeat it for several")
	f.DurationVar(&input.every, "every", 0, "go on, and make a backup each `time`, such as 6h")
	f.Var(&input.keep, "keep", "remove backups that are older than this `time`, such as 14d, when one was made")
	return command
}

func (p *program) backup(ctx context.Context, log *slog.Logger, to string, input backupInput) error {
	var problems domain.Problems
	place, name, err := p.backupPlace(to)
	if err != nil {
		problems.Add("the place", "%v", err)
	}
	recipients := parseRecipients(input.recipients, &problems)
	if input.every != 0 && input.every < time.Minute {
		problems.Add("--every", "want a time of at least 1m, not %s", input.every)
	}
	if name != "" && (input.every != 0 || input.keep != 0) {
		problems.Add("the place", "--every and --keep need a folder, or a prefix that ends with /, and not one file")
	}
	if input.keep != 0 && time.Duration(input.keep) < input.every {
		problems.Add("--keep", "want a time that is longer than --every")
	}
	if err := problems.Err("no backup was made"); err != nil {
		return usageError{err}
	}
	for {
		began := time.Now()
		err := p.backupOnce(ctx, log, place, name, recipients, input)
		if input.every == 0 {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			log.ErrorContext(ctx, "no backup was made", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(max(input.every-time.Since(began), 0)):
		}
	}
}

func (p *program) backupOnce(ctx context.Context, log *slog.Logger, place backup.Place, name string, recipients []age.Recipient, input backupInput) error {
	return p.withExisting(ctx, log, func(b *backend) error {
		now := p.now()
		if name == "" {
			name = backup.Name(now, len(recipients) > 0)
		}
		made, err := backup.Make(ctx, b.stores, place, name, backup.Params{
			Version: version(), Now: now, DeskDSN: p.config.DeskDSN, Recipients: recipients,
			Note: func(note string) { log.InfoContext(ctx, "note", "note", note) },
		})
		if err != nil {
			return err
		}
		printf(p.Stdout, "Backed up to %s: %s, up to entry %d of the publication log, in %.1f s.\n",
			made.Name, sizeText(made.Bytes), made.Log.Entries, p.now().Sub(now).Seconds())
		if input.keep == 0 {
			return nil
		}
		removed, err := backup.Prune(ctx, place, now, time.Duration(input.keep))
		for _, old := range removed {
			printf(p.Stdout, "Removed %s, which was older than %s.\n", old, &input.keep)
		}
		return err
	})
}

// sizeText returns a size for people.
func sizeText(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d bytes", n)
	case n < 1000_000:
		return fmt.Sprintf("%.1f KB", float64(n)/1e3)
	case n < 1000_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

// backupPlace returns where a backup goes, and its name there; an empty name is to be made of the time.
func (p *program) backupPlace(to string) (backup.Place, string, error) {
	if rest, ok := strings.CutPrefix(to, "s3://"); ok {
		bucket, key, _ := strings.Cut(rest, "/")
		prefix, name := path.Split(key)
		place, err := backup.OpenBucket(bucket, prefix, p.Getenv)
		return place, name, err
	}
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		return backup.Folder(to), "", nil
	}
	if strings.HasSuffix(to, "/") || strings.HasSuffix(to, string(filepath.Separator)) {
		return backup.Folder(to), "", os.MkdirAll(to, 0o700)
	}
	return backup.Folder(filepath.Dir(to)), filepath.Base(to), nil
}

// parseRecipients parses recipients of age, each itself or a file of them.
func parseRecipients(given []string, problems *domain.Problems) []age.Recipient {
	var all []age.Recipient
	for _, text := range given {
		from := io.Reader(strings.NewReader(text))
		if !strings.HasPrefix(text, "age1") {
			f, err := os.Open(text)
			if err != nil {
				problems.Add("--recipient", "want a recipient such as age1…, or a file of them: %v", err)
				continue
			}
			defer func() { _ = f.Close() }() // it is only read
			from = f
		}
		recipients, err := age.ParseRecipients(from)
		if err != nil {
			problems.Add("--recipient", "%v", err)
		}
		all = append(all, recipients...)
	}
	return all
}

func (p *program) restoreCommand() *cobra.Command {
	var identities []string
	command := &cobra.Command{
		Use:   "restore FILE|s3://BUCKET/KEY",
		Short: "Put a backup where there are no stores",
		Long: `Put a backup where there are no stores, or empty ones. No server may run on them meanwhile.

A desk that holds anything is never replaced: take it away first. A live of the same publication log is left as it is, so that
readers can be served from it, and "redthread rebuild-live" makes it what the desk says; one of another log is refused. A backup of
SQLite goes into a folder (--data) and one of PostgreSQL into a database (--desk-dsn); "redthread dump" and "redthread load" move
between them.

Servers that start on restored stores are paused, as with --paused: they send nothing to webhooks and carry out no schedule
until "redthread resume".`,
		Example: `  redthread restore --data /var/lib/redthread /var/backups/redthread-20260131T120000Z.tar.zst
  redthread restore --identity key.txt --desk-dsn postgres://redthread@db/redthread s3://press-backups/redthread/redthread-20260131T120000Z.tar.zst.age`,
		GroupID: groupOperate,
		Args:    exactly("a file or s3://BUCKET/KEY"),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, args []string) error {
			return p.restore(ctx, log, args[0], identities)
		}),
	}
	p.config.commonFlags(command.Flags())
	command.Flags().StringArrayVar(&identities, "identity", nil, "`file` with identities of age that open the backup; repeat it for several")
	return command
}

func (p *program) restore(ctx context.Context, log *slog.Logger, from string, identityFiles []string) error {
	var problems domain.Problems
	place, name, err := p.backupPlace(from)
	if err != nil {
		problems.Add("the backup", "%v", err)
	} else if name == "" {
		problems.Add("the backup", "want a file, not a folder")
	}
	identities := parseIdentities(identityFiles, &problems)
	if err := problems.Err("nothing was restored"); err != nil {
		return usageError{err}
	}
	archive, err := place.Open(ctx, name)
	if err != nil {
		return err
	}
	restored, err := backup.Restore(domain.AsSystem(ctx, "restore"), archive,
		backup.RestoreParams{To: p.config.stores(log), Identities: identities, Now: p.now(), Finish: p.noteRestored})
	if err = errors.Join(err, archive.Close()); err != nil {
		return err
	}
	printf(p.Stdout, "Restored the backup of %s into %s, up to entry %d of the publication log.\n",
		restored.At.Format(time.RFC3339), p.config.location(), restored.Log.Entries)
	if restored.LiveLeft {
		printf(p.Stdout, "Live was left as it was: run \"redthread rebuild-live\" to make it what the desk says.\n")
	}
	printf(p.Stdout, "Servers on it are paused until \"redthread resume\".\n")
	return nil
}

// noteRestored writes to the audit log that the stores were put back or loaded, as they were at a time, which makes servers
// start paused.
func (p *program) noteRestored(ctx context.Context, tx *store.Tx, at time.Time) error {
	return audit.Append(ctx, tx, p.now().UTC().Truncate(time.Microsecond),
		audit.Entry{Action: audit.RestoreStores, Detail: "as of " + at.UTC().Format(time.RFC3339)})
}

// parseIdentities reads files of identities of age.
func parseIdentities(files []string, problems *domain.Problems) []age.Identity {
	var all []age.Identity
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			problems.Add("--identity", "%v", err)
			continue
		}
		defer func() { _ = f.Close() }() // it is only read
		identities, err := age.ParseIdentities(f)
		if err != nil {
			problems.Add("--identity", "%s: %v", file, err)
		}
		all = append(all, identities...)
	}
	return all
}

// span is a flag for a duration that may be given in days.
type span time.Duration

// Set implements pflag.Value.
func (s *span) Set(text string) error {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		if _, err := fmt.Sscanf(days, "%d", &n); err != nil || n < 1 || fmt.Sprint(n) != days {
			return fmt.Errorf("want a time, such as 14d or 36h")
		}
		*s = span(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return fmt.Errorf("want a time, such as 14d or 36h")
	}
	*s = span(d)
	return nil
}

// String implements pflag.Value.
func (s *span) String() string {
	d := time.Duration(*s)
	if day := 24 * time.Hour; d > 0 && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return d.String()
}

// Type implements pflag.Value.
func (*span) Type() string { return "time" }
