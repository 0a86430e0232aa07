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
	// pollInterval is how often Run looks for webhooks and changes of other processes.
	pollInterval = time.Second
	// recheckInterval is how often a webhook is checked for new changes while the
	// version of live stays the same. A replica that live is read from may lag.
	recheckInterval = 5 * time.Second
	// dispatchTimeout bounds how long one webhook can block the others.
	dispatchTimeout = 30 * time.Second
)

// dispatchBackoff is the back-off of a webhook whose deliveries could not be
// written.
var dispatchBackoff = store.ExponentialBackoff(time.Second, time.Minute)

// Run writes deliveries of the changes in live for all webhooks, until ctx is
// done. It returns nil; errors are logged and retried. Several processes may run
// it concurrently. The deliveries are sent by jobs (see [Config]).
func (w *Webhooks) Run(ctx context.Context) error {
	ctx = asSystemOnDesk(ctx, "dispatch to webhooks")
	d := newDispatcher(w)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		version := w.live.Version()
		d.step(ctx, version)
		timer.Reset(pollInterval)
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-w.wake:
		case <-w.live.Advanced(version):
		}
	}
}

// dispatcher writes deliveries for all webhooks. It remembers which of them have
// a delivery of every change, and which tasks fail.
type dispatcher struct {
	webhooks *Webhooks
	notified map[domain.ID]notified
	// failures has the tasks that fail, by the webhook, or keyList or keyQueues.
	failures map[domain.ID]failure
}

func newDispatcher(w *Webhooks) *dispatcher {
	return &dispatcher{webhooks: w, notified: map[domain.ID]notified{}, failures: map[domain.ID]failure{}}
}

// notified records that a webhook had a delivery of every change up to a version
// of live.
type notified struct {
	version projection.Version
	updated time.Time // of the webhook
	at      time.Time
}

// failure is a task that has failed several times in a row.
type failure struct {
	times int
	until time.Time // the end of its back-off
}

// The tasks besides the dispatch to each webhook, which has the webhook's id.
const (
	keyList   domain.ID = -1 // reading the webhooks
	keyQueues domain.ID = -2 // adding their queues to this process
)

// try runs a task unless it is in its back-off, and reports whether it succeeded.
// If it fails, its back-off begins; other tasks are not affected.
func (d *dispatcher) try(ctx context.Context, task domain.ID, message string, fn func(context.Context) error) bool {
	last, now := d.failures[task], d.webhooks.now()
	if now.Before(last.until) {
		return false
	}
	limited, cancel := context.WithTimeout(ctx, dispatchTimeout)
	defer cancel()
	err := fn(limited)
	if err == nil {
		delete(d.failures, task)
		return true
	}
	if ctx.Err() != nil {
		return false
	}
	pause := dispatchBackoff(last.times + 1)
	d.failures[task] = failure{times: last.times + 1, until: now.Add(pause)}
	d.webhooks.log.ErrorContext(ctx, message+"; retrying", "error", err, "times", last.times+1, "in", pause.String())
	return false
}

// step writes the deliveries of all changes so far, for all webhooks.
func (d *dispatcher) step(ctx context.Context, version projection.Version) {
	w := d.webhooks
	type row struct {
		id      domain.ID
		enabled bool
		updated time.Time
	}
	var hooks []row
	if !d.try(ctx, keyList, "the webhooks could not be read", func(ctx context.Context) error {
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
	d.try(ctx, keyQueues, "the queues of some webhooks could not be started", func(ctx context.Context) error { return w.queue.work(ctx, ids) })
	for _, hook := range hooks {
		last := d.notified[hook.id]
		if !hook.enabled || last.version.Same(version) && last.updated.Equal(hook.updated) && w.now().Sub(last.at) < recheckInterval {
			continue
		}
		if d.try(ctx, hook.id, "changes could not be dispatched to a webhook", func(ctx context.Context) error {
			if err := w.dispatchTo(ctx, hook.id); err != nil {
				return fmt.Errorf("webhook %s: %w", hook.id, err)
			}
			return nil
		}) {
			d.notified[hook.id] = notified{version: version, updated: hook.updated, at: w.now()}
		}
	}
	deleted := func(id domain.ID) bool { return id > 0 && !slices.Contains(ids, id) }
	maps.DeleteFunc(d.notified, func(id domain.ID, _ notified) bool { return deleted(id) })
	maps.DeleteFunc(d.failures, func(id domain.ID, _ failure) bool { return deleted(id) })
}
