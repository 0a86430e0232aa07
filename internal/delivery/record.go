package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/webhookdelivery"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

const (
	// DisableAfter is how long all attempts have to fail until a webhook is disabled.
	DisableAfter = 72 * time.Hour
	// maxAttempts is how many attempts of a delivery are stored.
	maxAttempts = 40
)

// record stores the result of an attempt and enqueues what comes next: the next
// attempt, or the next delivery of the document.
func (w *Webhooks) record(ctx context.Context, job Job, res result) error {
	at := w.txTime()
	var disabled string
	var failed bool
	err := w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		disabled, failed = "", false
		d, err := tx.Client().WebhookDelivery.Get(ctx, job.Delivery)
		if db.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		hook, err := tx.Client().Webhook.Get(ctx, d.WebhookID)
		if err != nil {
			return err
		}
		r := attemptRecord{webhooks: w, tx: tx, at: at, hook: hook, delivery: d, change: tx.Client().WebhookDelivery.UpdateOneID(d.ID)}
		if !res.dropped {
			r.addAttempt(res.WebhookAttempt)
		}
		switch {
		case d.State != domain.DeliveryPending || d.Generation != job.Generation:
			// The delivery was restarted during the attempt. Only the attempt is stored.
			return r.change.Exec(ctx)
		case res.dropped:
			return r.done(ctx, domain.DeliveryDropped, "the document is no longer visible with the clearance "+res.clearance.Label())
		case res.delivered():
			if err := r.clearFailing(ctx); err != nil {
				return err
			}
			return r.done(ctx, domain.DeliveryDelivered, "")
		}
		disabled, failed, err = r.failed(ctx, res)
		return err
	})
	if err != nil {
		return fmt.Errorf("record the result of a delivery: %w", err)
	}
	switch {
	case disabled != "":
		w.log.WarnContext(ctx, "a webhook was disabled", "webhook", job.Webhook, "reason", disabled)
	case failed:
		w.log.WarnContext(ctx, "a webhook delivery has failed", "webhook", job.Webhook, "delivery", job.Delivery, "error", res.Error)
	}
	return nil
}

// attemptRecord stores the result of an attempt in a transaction.
type attemptRecord struct {
	webhooks *Webhooks
	tx       *store.Tx
	at       time.Time
	hook     *db.Webhook
	delivery *db.WebhookDelivery
	change   *db.WebhookDeliveryUpdateOne
}

// addAttempt stores an attempt with the last ones before it, up to maxAttempts.
func (r *attemptRecord) addAttempt(a domain.WebhookAttempt) {
	all := append(r.delivery.Attempts, a)
	r.change.SetAttempts(all[max(0, len(all)-maxAttempts):])
}

// done ends the delivery and enqueues the next one of the document.
func (r *attemptRecord) done(ctx context.Context, state, why string) error {
	r.change.SetState(state).SetDoneAt(r.at).ClearNextAttemptAt()
	if why == "" {
		r.change.ClearError()
	} else {
		r.change.SetError(why)
	}
	if err := r.change.Exec(ctx); err != nil {
		return err
	}
	return r.webhooks.enqueueNext(ctx, r.tx, r.at, r.hook.ID, r.delivery.DocumentID)
}

// clearFailing ends the time in which all attempts of the webhook failed.
func (r *attemptRecord) clearFailing(ctx context.Context) error {
	if r.hook.FailingSince == nil {
		return nil
	}
	return r.tx.Client().Webhook.UpdateOneID(r.hook.ID).ClearFailingSince().Exec(ctx)
}

// failed schedules the next attempt, ends the delivery as failed, or disables the
// webhook.
func (r *attemptRecord) failed(ctx context.Context, res result) (disabled string, failed bool, err error) {
	since, attempts := res.At, r.delivery.AttemptCount+1
	if r.delivery.FirstAttemptAt != nil {
		since = *r.delivery.FirstAttemptAt
	}
	r.change.SetAttemptCount(attempts).SetFirstAttemptAt(since).SetError(res.Error)
	if r.hook.FailingSince == nil {
		if err := r.tx.Client().Webhook.UpdateOneID(r.hook.ID).SetFailingSince(res.At).Exec(ctx); err != nil {
			return "", false, err
		}
	}
	switch {
	case r.hook.State != domain.WebhookEnabled:
		// The webhook was disabled during the attempt: its deliveries stay pending.
		return "", false, r.change.ClearNextAttemptAt().Exec(ctx)
	case res.Status == 410:
		disabled = "the receiver responded 410 Gone"
	case r.hook.FailingSince != nil && res.At.Sub(*r.hook.FailingSince) >= DisableAfter:
		disabled = fmt.Sprintf("every attempt has failed since %s; the last: %s", r.hook.FailingSince.Format(time.RFC3339), res.Error)
	}
	if disabled != "" {
		if err := r.change.ClearNextAttemptAt().Exec(ctx); err != nil {
			return "", false, err
		}
		return disabled, false, disable(ctx, r.tx, r.at, r.hook.ID, disabled)
	}
	next, ok := r.webhooks.nextAttempt(r.at, since, attempts, res.retryAfter)
	if !ok {
		return "", true, r.done(ctx, domain.DeliveryFailed, res.Error)
	}
	if err := r.change.SetNextAttemptAt(next).SetGeneration(r.delivery.Generation + 1).Exec(ctx); err != nil {
		return "", false, err
	}
	return "", false, r.webhooks.queue.enqueue(ctx, r.tx, Job{Webhook: r.hook.ID, Delivery: r.delivery.ID, Generation: r.delivery.Generation + 1, At: next})
}

// disable disables a webhook until it is enabled by an update. Pending
// deliveries stay pending.
func disable(ctx context.Context, tx *store.Tx, at time.Time, hook domain.ID, reason string) error {
	err := tx.Client().Webhook.UpdateOneID(hook).
		SetState(domain.WebhookDisabled).SetReason(reason).SetDisabledAt(at).SetUpdatedAt(at).Exec(ctx)
	if err != nil {
		return err
	}
	return audit.Append(ctx, tx, at, audit.Entry{Action: audit.DisableWebhook, Subject: hook.String(), Detail: reason})
}

// enqueueNext enqueues the first pending delivery of a document.
func (w *Webhooks) enqueueNext(ctx context.Context, tx *store.Tx, at time.Time, hook, document domain.ID) error {
	d, err := tx.Client().WebhookDelivery.Query().
		Where(webhookdelivery.WebhookID(hook), webhookdelivery.DocumentID(document), webhookdelivery.State(domain.DeliveryPending)).
		Order(webhookdelivery.ByNumber()).
		Select(webhookdelivery.FieldID, webhookdelivery.FieldGeneration).First(ctx)
	if db.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	err = tx.Client().WebhookDelivery.UpdateOneID(d.ID).SetGeneration(d.Generation + 1).SetNextAttemptAt(at).Exec(ctx)
	if err != nil {
		return err
	}
	return w.queue.enqueue(ctx, tx, Job{Webhook: hook, Delivery: d.ID, Generation: d.Generation + 1, At: at})
}

// restart resets the attempts of the pending deliveries of a webhook, and enqueues
// the first delivery of each document.
func (w *Webhooks) restart(ctx context.Context, tx *store.Tx, at time.Time, hook domain.ID) error {
	rows, err := tx.Client().WebhookDelivery.Query().
		Where(webhookdelivery.WebhookID(hook), webhookdelivery.State(domain.DeliveryPending)).
		Order(webhookdelivery.ByNumber()).
		Select(webhookdelivery.FieldID, webhookdelivery.FieldDocumentID, webhookdelivery.FieldGeneration).All(ctx)
	if err != nil {
		return err
	}
	first := map[domain.ID]bool{}
	var jobs []Job
	for _, d := range rows {
		change := tx.Client().WebhookDelivery.UpdateOneID(d.ID).SetGeneration(d.Generation + 1).SetAttemptCount(0).ClearFirstAttemptAt()
		if !first[d.DocumentID] {
			first[d.DocumentID] = true
			change.SetNextAttemptAt(at)
			jobs = append(jobs, Job{Webhook: hook, Delivery: d.ID, Generation: d.Generation + 1, At: at})
		}
		if err := change.Exec(ctx); err != nil {
			return err
		}
	}
	return w.queue.enqueue(ctx, tx, jobs...)
}
