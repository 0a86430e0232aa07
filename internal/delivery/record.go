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
	// DisableAfter is for how long every attempt has to fail until a webhook is
	// disabled.
	DisableAfter = 72 * time.Hour
	// maxAttempts is how many attempts of a delivery are kept.
	maxAttempts = 40
)

// record notes what became of an attempt and makes due what comes next: the
// next attempt, or the next delivery of the document.
func (w *Webhooks) record(ctx context.Context, job Job, o outcome) error {
	at := w.clock()
	var disabled string
	var dead bool
	err := w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		disabled, dead = "", false
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
		r := recording{w: w, tx: tx, at: at, hook: hook, d: d, change: tx.Client().WebhookDelivery.UpdateOneID(d.ID)}
		if !o.dropped {
			r.note(o.WebhookAttempt)
		}
		switch {
		case d.State != domain.DeliveryPending || d.Turn != job.Turn:
			// Somebody has set it going anew meanwhile. What was sent, was sent.
			return r.change.Exec(ctx)
		case o.dropped:
			return r.done(ctx, domain.DeliveryDropped, "the document is not visible any more to who may see "+hook.Ceiling.Label())
		case o.delivered():
			if err := r.working(ctx); err != nil {
				return err
			}
			return r.done(ctx, domain.DeliveryDelivered, "")
		}
		disabled, dead, err = r.failed(ctx, o)
		return err
	})
	if err != nil {
		return fmt.Errorf("note what became of a delivery: %w", err)
	}
	switch {
	case disabled != "":
		w.log.WarnContext(ctx, "a webhook was disabled", "webhook", job.Webhook, "reason", disabled)
	case dead:
		w.log.WarnContext(ctx, "a delivery to a webhook was given up", "webhook", job.Webhook, "delivery", job.Delivery, "error", o.Error)
	}
	return nil
}

// recording is the transaction that notes what became of an attempt.
type recording struct {
	w      *Webhooks
	tx     *store.Tx
	at     time.Time
	hook   *db.Webhook
	d      *db.WebhookDelivery
	change *db.WebhookDeliveryUpdateOne
}

// note keeps an attempt, and as many of those before it as are kept.
func (r *recording) note(a domain.WebhookAttempt) {
	all := append(r.d.Attempts, a)
	r.change.SetAttempts(all[max(0, len(all)-maxAttempts):])
}

// done ends the delivery, and makes the next one of the document due.
func (r *recording) done(ctx context.Context, state, why string) error {
	r.change.SetState(state).SetDoneAt(r.at).ClearNextAttemptAt()
	if why == "" {
		r.change.ClearError()
	} else {
		r.change.SetError(why)
	}
	if err := r.change.Exec(ctx); err != nil {
		return err
	}
	return r.w.nextOf(ctx, r.tx, r.at, r.hook.ID, r.d.DocumentID)
}

// working notes that the receiver accepts what it is sent.
func (r *recording) working(ctx context.Context) error {
	if r.hook.FailingSince == nil {
		return nil
	}
	return r.tx.Client().Webhook.UpdateOneID(r.hook.ID).ClearFailingSince().Exec(ctx)
}

// failed plans the next attempt, gives the delivery up, or disables the
// webhook.
func (r *recording) failed(ctx context.Context, o outcome) (disabled string, dead bool, err error) {
	since, tries := o.At, r.d.Tries+1
	if r.d.TriedSince != nil {
		since = *r.d.TriedSince
	}
	r.change.SetTries(tries).SetTriedSince(since).SetError(o.Error)
	if r.hook.FailingSince == nil {
		if err := r.tx.Client().Webhook.UpdateOneID(r.hook.ID).SetFailingSince(o.At).Exec(ctx); err != nil {
			return "", false, err
		}
	}
	switch {
	case r.hook.State != domain.WebhookEnabled:
		// It was disabled during the attempt, and waits with all others.
		return "", false, r.change.ClearNextAttemptAt().Exec(ctx)
	case o.Status == 410:
		disabled = "the receiver says that it is gone (410)"
	case r.hook.FailingSince != nil && o.At.Sub(*r.hook.FailingSince) >= DisableAfter:
		disabled = fmt.Sprintf("every attempt has failed since %s; the last: %s", r.hook.FailingSince.Format(time.RFC3339), o.Error)
	}
	if disabled != "" {
		if err := r.change.ClearNextAttemptAt().Exec(ctx); err != nil {
			return "", false, err
		}
		return disabled, false, r.disable(ctx, disabled)
	}
	next, again := r.w.nextAttempt(r.at, since, tries, o.wish)
	if !again {
		return "", true, r.done(ctx, domain.DeliveryDead, o.Error)
	}
	if err := r.change.SetNextAttemptAt(next).SetTurn(r.d.Turn + 1).Exec(ctx); err != nil {
		return "", false, err
	}
	return "", false, r.w.queue.enqueue(ctx, r.tx, Job{Webhook: r.hook.ID, Delivery: r.d.ID, Turn: r.d.Turn + 1, At: next})
}

// disable keeps the webhook from being told anything, until somebody enables
// it. What is pending waits.
func (r *recording) disable(ctx context.Context, reason string) error {
	err := r.tx.Client().Webhook.UpdateOneID(r.hook.ID).
		SetState(domain.WebhookDisabled).SetReason(reason).SetDisabledAt(r.at).SetUpdatedAt(r.at).Exec(ctx)
	if err != nil {
		return err
	}
	return audit.Append(ctx, r.tx, r.at, audit.Entry{Action: audit.DisableWebhook, Subject: r.hook.ID.String(), Detail: reason})
}

// nextOf makes the first pending delivery of a document due.
func (w *Webhooks) nextOf(ctx context.Context, tx *store.Tx, at time.Time, hook, document domain.ID) error {
	d, err := tx.Client().WebhookDelivery.Query().
		Where(webhookdelivery.WebhookID(hook), webhookdelivery.DocumentID(document), webhookdelivery.State(domain.DeliveryPending)).
		Order(webhookdelivery.ByNumber()).
		Select(webhookdelivery.FieldID, webhookdelivery.FieldTurn).First(ctx)
	if db.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	err = tx.Client().WebhookDelivery.UpdateOneID(d.ID).SetTurn(d.Turn + 1).SetNextAttemptAt(at).Exec(ctx)
	if err != nil {
		return err
	}
	return w.queue.enqueue(ctx, tx, Job{Webhook: hook, Delivery: d.ID, Turn: d.Turn + 1, At: at})
}

// resume sets going what is pending of a webhook, as if it had not been
// attempted: the first delivery of each document is due.
func (w *Webhooks) resume(ctx context.Context, tx *store.Tx, at time.Time, hook domain.ID) error {
	rows, err := tx.Client().WebhookDelivery.Query().
		Where(webhookdelivery.WebhookID(hook), webhookdelivery.State(domain.DeliveryPending)).
		Order(webhookdelivery.ByNumber()).
		Select(webhookdelivery.FieldID, webhookdelivery.FieldDocumentID, webhookdelivery.FieldTurn).All(ctx)
	if err != nil {
		return err
	}
	first := map[domain.ID]bool{}
	var jobs []Job
	for _, d := range rows {
		change := tx.Client().WebhookDelivery.UpdateOneID(d.ID).SetTurn(d.Turn + 1).SetTries(0).ClearTriedSince()
		if !first[d.DocumentID] {
			first[d.DocumentID] = true
			change.SetNextAttemptAt(at)
			jobs = append(jobs, Job{Webhook: hook, Delivery: d.ID, Turn: d.Turn + 1, At: at})
		}
		if err := change.Exec(ctx); err != nil {
			return err
		}
	}
	return w.queue.enqueue(ctx, tx, jobs...)
}
