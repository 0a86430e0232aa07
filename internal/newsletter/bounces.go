package newsletter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter/bounce"
)

// Bounces applies reports of mails that came back, and complaints. A report needs no credential: it has the
// signed token of the mail that it is about, which only the sender, its servers and the recipient have.
type Bounces struct {
	Subscribers *Subscribers
	Domain      string // of return paths
	Log         *slog.Logger
}

// Apply applies a report: a message, or the JSON of a provider. Its errors are those of [bounce.Parse], and of the
// desk.
func (b *Bounces) Apply(ctx context.Context, raw []byte) error {
	tokens, err := b.Subscribers.BounceTokens(ctx, b.Domain)
	if err != nil {
		return err
	}
	reports, err := bounce.Parse(raw, tokens)
	if err != nil {
		return err
	}
	for _, r := range reports {
		class, some := bounceClasses[r.Class]
		b.Log.InfoContext(ctx, "a report about a mail was read", "mail", domain.ID(r.ID), "class", string(r.Class), "code", r.Enhanced, "source", r.Source)
		if !some {
			continue
		}
		if err := b.Subscribers.ApplyBounce(ctx, domain.ID(r.ID), class, r.Enhanced); err != nil {
			return err
		}
	}
	return nil
}

// bounceClasses are the classes of reports that are applied.
var bounceClasses = map[bounce.Class]BounceClass{bounce.Hard: BounceHard, bounce.Soft: BounceSoft, bounce.Complaint: BounceComplaint}

// isNoReport reports whether an error of Apply is about the report, so that another attempt would be in vain.
func isNoReport(err error) bool {
	_, confirmation := errors.AsType[*bounce.Confirmation](err)
	return confirmation || errors.Is(err, bounce.ErrNotReport) || errors.Is(err, bounce.ErrNoToken)
}

// bouncePoll is how often a folder is looked at.
const bouncePoll = 15 * time.Second

// Watch applies the reports that a mail server stores in a folder, one file each: a folder of files, or a Maildir,
// whose new mails are in "new". A file that was applied is deleted; one that is no report is moved to "unread"
// below the folder. It returns when ctx ends.
func (b *Bounces) Watch(ctx context.Context, folder string) error {
	ctx = domain.AsSystem(ctx, "read bounces")
	ticker := time.NewTicker(bouncePoll)
	defer ticker.Stop()
	for {
		if err := b.ReadFolder(ctx, folder); err != nil && ctx.Err() == nil {
			b.Log.ErrorContext(ctx, "bounces could not be read; retrying", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// unreadFolder is where files are moved that are no reports.
const unreadFolder = "unread"

// ReadFolder applies the reports that are in a folder now; see [Bounces.Watch].
func (b *Bounces) ReadFolder(ctx context.Context, folder string) error {
	from := folder
	if info, err := os.Stat(filepath.Join(folder, "new")); err == nil && info.IsDir() {
		from = filepath.Join(folder, "new")
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	var failed []error // of a file; the others are read
	for _, entry := range entries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !entry.Type().IsRegular() {
			continue
		}
		if err := b.readFile(ctx, folder, filepath.Join(from, entry.Name())); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (b *Bounces) readFile(ctx context.Context, folder, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	raw, err := io.ReadAll(io.LimitReader(file, bounce.MaxSize))
	_ = file.Close() // it was only read
	if err != nil {
		return err
	}
	switch err := b.Apply(ctx, raw); {
	case err == nil:
		return os.Remove(name)
	case !isNoReport(err):
		return err
	}
	b.Log.WarnContext(ctx, "a file in the folder of bounces is no report about a mail of ours; it was moved", "to", unreadFolder)
	aside := filepath.Join(folder, unreadFolder)
	if err := os.MkdirAll(aside, 0o700); err != nil {
		return fmt.Errorf("move a file that is no report: %w", err)
	}
	return os.Rename(name, filepath.Join(aside, filepath.Base(name)))
}
