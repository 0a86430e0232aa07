package delivery

import (
	"context"
	"net/http"
	"time"

	"github.com/redthread-api/redthread/internal/store"
)

// QueueFunc takes the jobs of tests.
type QueueFunc func(ctx context.Context, tx *store.Tx, jobs ...Job) error

func (f QueueFunc) enqueue(ctx context.Context, tx *store.Tx, jobs ...Job) error {
	return f(ctx, tx, jobs...)
}

// NewWithQueue returns webhooks whose jobs the test runs, and whose pauses are
// as long as they may be.
func NewWithQueue(c Config, q QueueFunc) *Webhooks {
	w := newWebhooks(c, q)
	w.upTo = func(d time.Duration) time.Duration { return d }
	return w
}

// DispatchAll tells all webhooks that are enabled of what has changed.
func (w *Webhooks) DispatchAll(ctx context.Context) error {
	ctx = onDesk(ctx, "test")
	hooks, err := w.stores.Client(ctx).Webhook.Query().All(ctx)
	if err != nil {
		return err
	}
	for _, hook := range hooks {
		if err := w.dispatchTo(ctx, hook.ID); err != nil {
			return err
		}
	}
	return nil
}

// Attempt carries out a job.
func (w *Webhooks) Attempt(ctx context.Context, job Job) error { return w.attempt(ctx, job) }

// Prune takes out of the delivery log what is old.
func (w *Webhooks) Prune(ctx context.Context) error { return w.prune(onDesk(ctx, "test")) }

// Sign puts the headers of Standard Webhooks on a request.
func Sign(header http.Header, secrets []string, id string, at time.Time, body []byte) error {
	return sign(header, secrets, id, at, body)
}

// NextAttempt is when to attempt again, with pauses of a share of the longest.
func NextAttempt(share float64, at, since time.Time, tries int, wish time.Duration) (time.Time, bool) {
	w := &Webhooks{upTo: func(d time.Duration) time.Duration { return time.Duration(share * float64(d)) }}
	return w.nextAttempt(at, since, tries, wish)
}

// WishOf reads for how long an answer asks to be left alone.
var WishOf = wishOf
