package delivery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/redthread-api/redthread/ent/db/webhook"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

const (
	// look is how often Run looks for webhooks and changes of other processes.
	look = time.Second
	// lookAgain is how long a webhook that was told of everything is left alone
	// while live stays as it is. A replica that live is read from may lag behind.
	lookAgain = 5 * time.Second
	// dispatchTimeout bounds how long one webhook can keep the others waiting.
	dispatchTimeout = 30 * time.Second
)

// dispatchBackoff is how long a webhook rests whose changes could not be made
// deliveries.
var dispatchBackoff = store.Doubling(time.Second, time.Minute)

// Run makes deliveries for the webhooks of what changes in live, until ctx is
// done. It returns nil; what goes wrong is logged and tried again. Several
// processes may run at once. Deliveries are sent by jobs (see [Config]).
func (w *Webhooks) Run(ctx context.Context) error {
	ctx = onDesk(ctx, "tell webhooks")
	f := newFollower(w)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		version := w.live.Version()
		f.step(ctx, version)
		timer.Reset(look)
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-w.wake:
		case <-w.live.Advanced(version):
		}
	}
}

// follower knows which webhooks have been told of everything.
type follower struct {
	w    *Webhooks
	told map[domain.ID]told
	// failing has what goes wrong: a webhook, or list or queues.
	failing map[domain.ID]failing
}

func newFollower(w *Webhooks) *follower {
	return &follower{w: w, told: map[domain.ID]told{}, failing: map[domain.ID]failing{}}
}

// told is when a webhook was told of all that there was at a version of live.
type told struct {
	version projection.Version
	updated time.Time // of the webhook
	at      time.Time
}

// failing is something that has gone wrong some times in a row.
type failing struct {
	times int
	until time.Time // it is not tried before
}

// What can go wrong besides a webhook's own dispatch.
const (
	list   domain.ID = -1 // reading the webhooks
	queues domain.ID = -2 // working on their queues
)

// try does something about a webhook unless it rests. Where that fails, it rests
// for a while; others do not.
func (f *follower) try(ctx context.Context, what domain.ID, message string, fn func(context.Context) error) bool {
	last, now := f.failing[what], f.w.now()
	if now.Before(last.until) {
		return false
	}
	limited, cancel := context.WithTimeout(ctx, dispatchTimeout)
	defer cancel()
	err := fn(limited)
	if err == nil {
		delete(f.failing, what)
		return true
	}
	if ctx.Err() != nil {
		return false
	}
	rest := dispatchBackoff(last.times + 1)
	f.failing[what] = failing{times: last.times + 1, until: now.Add(rest)}
	f.w.log.ErrorContext(ctx, message+"; it will be tried again", "error", err, "times", last.times+1, "in", rest.String())
	return false
}

// step tells every webhook of all that has changed until now.
func (f *follower) step(ctx context.Context, version projection.Version) {
	w := f.w
	type row struct {
		id      domain.ID
		enabled bool
		updated time.Time
	}
	var hooks []row
	if !f.try(ctx, list, "the webhooks could not be read", func(ctx context.Context) error {
		found, err := w.stores.Client(ctx).Webhook.Query().
			Select(webhook.FieldID, webhook.FieldState, webhook.FieldUpdatedAt).Order(webhook.ByID()).All(ctx)
		for _, hook := range found {
			hooks = append(hooks, row{hook.ID, hook.State == domain.WebhookEnabled, hook.UpdatedAt})
		}
		return err
	}) {
		return
	}
	ids := make([]domain.ID, len(hooks))
	for i, hook := range hooks {
		ids[i] = hook.id
	}
	f.try(ctx, queues, "the queues of some webhooks are not worked on", func(ctx context.Context) error { return w.queue.work(ctx, ids) })
	for _, hook := range hooks {
		last := f.told[hook.id]
		if !hook.enabled || last.version.Same(version) && last.updated.Equal(hook.updated) && w.now().Sub(last.at) < lookAgain {
			continue
		}
		if f.try(ctx, hook.id, "changes could not be dispatched to a webhook", func(ctx context.Context) error {
			if err := w.dispatchTo(ctx, hook.id); err != nil {
				return fmt.Errorf("webhook %s: %w", hook.id, err)
			}
			return nil
		}) {
			f.told[hook.id] = told{version: version, updated: hook.updated, at: w.now()}
		}
	}
	gone := func(id domain.ID) bool { return id > 0 && !slices.Contains(ids, id) }
	maps.DeleteFunc(f.told, func(id domain.ID, _ told) bool { return gone(id) })
	maps.DeleteFunc(f.failing, func(id domain.ID, _ failing) bool { return gone(id) })
}
