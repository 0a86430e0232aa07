package delivery

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/webhookdelivery"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Test sends a webhook one signed event of the type "webhook.test" at once, and
// returns the result. The event has no document, is not in the delivery log, and
// does not wait for pending deliveries. A disabled webhook can be tested too. It
// needs the right MANAGE_WEBHOOKS, or OWN_WEBHOOKS for a webhook of one's own.
//
// An owner who tests too often gets a [domain.RateLimitError].
func (w *Webhooks) Test(ctx context.Context, id domain.ID) (domain.WebhookAttempt, error) {
	viewer, err := domain.RequireWebhooks(ctx)
	if err != nil {
		return domain.WebhookAttempt{}, err
	}
	end, err := w.beginTest(ctx, viewer)
	if err != nil {
		return domain.WebhookAttempt{}, fmt.Errorf("test a webhook: %w", err)
	}
	defer end()
	desk := domain.WithStage(ctx, domain.Desk)
	hook, err := w.stores.Client(desk).Webhook.Get(desk, id)
	if db.IsNotFound(err) {
		return domain.WebhookAttempt{}, domain.NotFound("there is no webhook %s", id)
	}
	if err != nil {
		return domain.WebhookAttempt{}, fmt.Errorf("test a webhook: %w", err)
	}
	at := w.txTime()
	body, err := json.Marshal(message{Type: "webhook.test", Timestamp: at, Data: data{WebhookID: &id}})
	if err != nil {
		return domain.WebhookAttempt{}, err
	}
	res := w.send(ctx, hook, domain.NewID(domain.Delivery, at), body)
	// A client that is gone has tested as well: tests are counted by the audit log.
	err = w.stores.Desk(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		detail := fmt.Sprintf("status %d", res.Status)
		if res.Status == 0 {
			detail = res.Error
		}
		return audit.Append(ctx, tx, w.txTime(), audit.Entry{Action: audit.TestWebhook, Subject: id.String(), Detail: detail})
	})
	if err != nil {
		return domain.WebhookAttempt{}, fmt.Errorf("test a webhook: %w", err)
	}
	return res.WebhookAttempt, nil
}

// RetryParams selects the deliveries to retry: all failed ones of a webhook, or
// those with the given ids.
type RetryParams struct {
	Webhook    *domain.ID
	Deliveries []domain.ID
}

// maxRetries bounds the deliveries of one retry.
const maxRetries = 1000

// Retry makes failed deliveries pending again and returns their ids. They are sent
// unchanged, after later deliveries of the document. Those of a disabled webhook
// wait until it is enabled. It needs the right MANAGE_WEBHOOKS, or OWN_WEBHOOKS for
// deliveries to one's own webhooks; others are left as they are.
func (w *Webhooks) Retry(ctx context.Context, params RetryParams) ([]domain.ID, error) {
	viewer, err := domain.RequireWebhooks(ctx)
	if err != nil {
		return nil, err
	}
	var p domain.Problems
	switch {
	case (params.Webhook == nil) == (params.Deliveries == nil):
		p.Add("webhook", "want either webhook or deliveries")
	case len(params.Deliveries) > maxRetries:
		p.Add("deliveries", "must not be more than %d; to retry all of a webhook, give the webhook", maxRetries)
	}
	if err := p.Err("nothing was retried"); err != nil {
		return nil, err
	}
	at := w.txTime()
	var retried []domain.ID
	err = w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		retried = []domain.ID{}
		query := tx.Client().WebhookDelivery.Query().Where(webhookdelivery.State(domain.DeliveryFailed))
		subject := ""
		if params.Webhook != nil {
			if _, err := find(ctx, tx, viewer, *params.Webhook); err != nil {
				return err
			}
			subject = params.Webhook.String()
			query.Where(webhookdelivery.WebhookID(*params.Webhook)).Limit(maxRetries)
		} else {
			if owner := ownerOf(viewer); owner != nil {
				own, err := ownIDs(ctx, tx, *owner)
				if err != nil {
					return err
				}
				query.Where(webhookdelivery.WebhookIDIn(own...))
			}
			query.Where(webhookdelivery.IDIn(params.Deliveries...))
			if len(params.Deliveries) > 0 {
				subject = params.Deliveries[0].String()
			}
		}
		rows, err := query.Order(webhookdelivery.ByWebhookID(), webhookdelivery.ByNumber()).All(ctx)
		if err != nil {
			return err
		}
		for _, d := range rows {
			if err := w.retry(ctx, tx, d); err != nil {
				return err
			}
			retried = append(retried, d.ID)
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.RetryDeliveries, Subject: subject,
			Detail: fmt.Sprintf("%d deliveries", len(retried))})
	})
	if err != nil {
		return nil, fmt.Errorf("retry deliveries: %w", err)
	}
	return retried, nil
}

// retry makes a failed delivery pending, and enqueues it unless another one of the
// document is pending.
func (w *Webhooks) retry(ctx context.Context, tx *store.Tx, d *db.WebhookDelivery) error {
	waiting, err := tx.Client().WebhookDelivery.Query().
		Where(webhookdelivery.WebhookID(d.WebhookID), webhookdelivery.DocumentID(d.DocumentID), webhookdelivery.State(domain.DeliveryPending)).Exist(ctx)
	if err != nil {
		return err
	}
	err = tx.Client().WebhookDelivery.UpdateOneID(d.ID).
		SetState(domain.DeliveryPending).SetAttemptCount(0).ClearFirstAttemptAt().ClearDoneAt().ClearError().Exec(ctx)
	if err != nil || waiting {
		return err
	}
	return w.enqueueNext(ctx, tx, w.txTime(), d.WebhookID, d.DocumentID)
}
