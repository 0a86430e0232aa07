package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/server"
	"github.com/redthread-api/redthread/internal/store"
)

// resumePoll is how often a paused server checks whether to resume.
const resumePoll = time.Second

// pause holds back the webhooks and the jobs. It ends, in all processes, when
// "redthread resume" writes an entry to the audit log.
type pause struct {
	stores *store.Stores
	log    *slog.Logger
	after  int64 // the last entry of the audit log when the server started
	done   chan struct{}
	once   sync.Once
}

// newPause returns a pause that is active, or one that has ended. It is active where that is asked for, and
// where the stores were restored or loaded and nothing has been resumed since.
func newPause(ctx context.Context, asked bool, stores *store.Stores, log *slog.Logger) (*pause, error) {
	p := &pause{stores: stores, log: log, done: make(chan struct{})}
	restored, err := audit.LastOf(ctx, stores, audit.RestoreStores)
	if err == nil && restored > 0 && !asked {
		var resumed int64
		resumed, err = audit.LastOf(ctx, stores, audit.ResumeJobs)
		asked = restored > resumed
	}
	if err == nil && !asked {
		asked, err = stores.Restoring(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("pause: %w", err)
	}
	if !asked {
		p.end()
		return p, nil
	}
	if p.after, err = audit.Last(ctx, stores); err != nil {
		return nil, fmt.Errorf("pause: %w", err)
	}
	log.WarnContext(ctx, "paused: no webhook is sent and no schedule is carried out until \"redthread resume\"")
	return p, nil
}

func (p *pause) end() { p.once.Do(func() { close(p.done) }) }

func (p *pause) active() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// whenResumed returns a function that calls fn when the pause has ended.
func (p *pause) whenResumed(fn func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return nil
		case <-p.done:
			return fn(ctx)
		}
	}
}

// run polls the audit log and ends the pause when it has the entry.
func (p *pause) run(ctx context.Context) error {
	ticker := time.NewTicker(resumePoll)
	defer ticker.Stop()
	failures := 0
	for p.active() {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		found, looked, err := audit.Find(ctx, p.stores, audit.ResumeJobs, p.after)
		p.after = looked
		switch {
		case err != nil && ctx.Err() == nil:
			if failures++; failures&(failures-1) == 0 { // the first, second, fourth, …
				p.log.ErrorContext(ctx, "the audit log could not be read for resume; retrying", "error", err, "times", failures)
			}
		case found:
			p.end()
			p.log.InfoContext(ctx, "resumed: webhooks are sent and schedules are carried out")
		default:
			failures = 0
		}
	}
	return nil
}

// check returns a readiness check that notes the pause in /readyz. A paused server
// is ready.
func (p *pause) check() server.Check {
	return server.Check{Name: "jobs", Run: func(context.Context) error { return nil }, Note: func() string {
		if p.active() {
			return "paused: no webhook is sent and no schedule is carried out"
		}
		return ""
	}}
}

func (p *program) resumeCommand() *cobra.Command {
	resume := &cobra.Command{
		Use:   "resume",
		Short: "Resume paused servers: send webhooks and carry out schedules",
		Long: `Resume paused servers: they send webhooks and carry out schedules again.

It resumes all running servers on these stores that were started with --paused,
within about a second. Servers that are started with --paused later stay paused
until the next resume. The audit log records it.`,
		Example: "  redthread resume --data /var/lib/redthread",
		GroupID: groupOperate,
		Args:    exactly(),
		RunE:    p.run(slog.LevelWarn, p.resume),
	}
	p.config.commonFlags(resume.Flags())
	return resume
}

func (p *program) resume(ctx context.Context, log *slog.Logger, _ []string) error {
	return p.withExisting(ctx, log, func(b *backend) error {
		err := b.stores.Desk(domain.AsSystem(ctx, "resume"), func(ctx context.Context, tx *store.Tx) error {
			return audit.Append(ctx, tx, p.now().UTC().Truncate(time.Microsecond), audit.Entry{Action: audit.ResumeJobs})
		})
		if err == nil {
			err = b.stores.UnmarkRestoring(ctx)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.Stdout, "Paused servers resume within a second.")
		return err
	})
}
