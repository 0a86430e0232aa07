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

// resumePoll is how often a paused server looks whether it is to go on.
const resumePoll = time.Second

// pause keeps what runs by itself from running. It ends, in all processes, when
// "redthread resume" writes an entry to the audit log.
type pause struct {
	stores *store.Stores
	log    *slog.Logger
	after  int64 // the last entry of the audit log when the server started
	over   chan struct{}
	once   sync.Once
}

// newPause returns a pause that lasts, or one that is over.
func newPause(ctx context.Context, lasts bool, stores *store.Stores, log *slog.Logger) (*pause, error) {
	p := &pause{stores: stores, log: log, over: make(chan struct{})}
	if !lasts {
		p.end()
		return p, nil
	}
	var err error
	if p.after, err = audit.Last(ctx, stores); err != nil {
		return nil, fmt.Errorf("pause: %w", err)
	}
	log.WarnContext(ctx, "paused: no webhook is sent and no schedule is carried out until \"redthread resume\", or a start without --paused")
	return p, nil
}

func (p *pause) end() { p.once.Do(func() { close(p.over) }) }

func (p *pause) lasts() bool {
	select {
	case <-p.over:
		return false
	default:
		return true
	}
}

// during holds fn back until the pause is over.
func (p *pause) during(fn func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return nil
		case <-p.over:
			return fn(ctx)
		}
	}
}

// run ends the pause when the audit log says so.
func (p *pause) run(ctx context.Context) error {
	ticker := time.NewTicker(resumePoll)
	defer ticker.Stop()
	failures := 0
	for p.lasts() {
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
				p.log.ErrorContext(ctx, "it could not be looked whether to resume; it will be tried again", "error", err, "times", failures)
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

// check says in /readyz whether jobs are run. That they are not is no failure.
func (p *pause) check() server.Check {
	return server.Check{Name: "jobs", Ask: func(context.Context) error { return nil }, Note: func() string {
		if p.lasts() {
			return "paused: no webhook is sent and no schedule is carried out"
		}
		return ""
	}}
}

func (p *program) resumeCommand() *cobra.Command {
	resume := &cobra.Command{
		Use:   "resume",
		Short: "Let servers that are paused send webhooks and carry out schedules",
		Long: `Let servers that are paused send webhooks and carry out schedules.

It is for all servers on these stores that were started with --paused and run
now; they go on within about a second. Those that are started with --paused
later are paused until the next time. The audit log has when that was.`,
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
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.Stdout, "Servers that are paused go on within a second.")
		return err
	})
}
