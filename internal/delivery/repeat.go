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

// Test sends a webhook a signed event of the type "webhook.test", now and once,
// and returns what came of it. It says nothing of documents, is no part of the
// delivery log, and does not wait for what is pending; a webhook that is
// disabled can be tested, too. The right MANAGE_WEBHOOKS may.
func (w *Webhooks) Test(ctx context.Context, id domain.ID) (domain.WebhookAttempt, error) {
	if _, err := domain.Require(ctx, domain.ManageWebhooks); err != nil {
		return domain.WebhookAttempt{}, err
	}
	desk := domain.WithStage(ctx, domain.Desk)
	hook, err := w.stores.Client(desk).Webhook.Get(desk, id)
	if db.IsNotFound(err) {
		return domain.WebhookAttempt{}, domain.NotFound("there is no webhook %s", id)
	}
	if err != nil {
		return domain.WebhookAttempt{}, fmt.Errorf("test a webhook: %w", err)
	}
	at := w.clock()
	body, err := json.Marshal(message{Type: "webhook.test", Timestamp: at, Data: data{WebhookID: &id}})
	if err != nil {
		return domain.WebhookAttempt{}, err
	}
	o := w.send(ctx, hook, domain.NewID(domain.Delivery, at), body)
	err = w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		detail := fmt.Sprintf("answered %d", o.Status)
		if o.Status == 0 {
			detail = o.Error
		}
		return audit.Append(ctx, tx, w.clock(), audit.Entry{Action: audit.TestWebhook, Subject: id.String(), Detail: detail})
	})
	if err != nil {
		return domain.WebhookAttempt{}, fmt.Errorf("test a webhook: %w", err)
	}
	return o.WebhookAttempt, nil
}

// RetryParams says which deliveries are to be repeated.
type RetryParams struct {
	// Webhook's dead deliveries are all repeated; or only these.
	Webhook    *domain.ID
	Deliveries []domain.ID
}

// maxRetries is how many deliveries can be named at once.
const maxRetries = 1000

// Retry sets dead deliveries going anew, and returns which. They go as they
// are, after what the receiver has meanwhile been told of the document. Those of
// a webhook that is disabled wait until it is enabled. The right MANAGE_WEBHOOKS
// may.
func (w *Webhooks) Retry(ctx context.Context, params RetryParams) ([]domain.ID, error) {
	if _, err := domain.Require(ctx, domain.ManageWebhooks); err != nil {
		return nil, err
	}
	var p domain.Problems
	switch {
	case (params.Webhook == nil) == (params.Deliveries == nil):
		p.Add("webhook", "give either a webhook or deliveries")
	case len(params.Deliveries) > maxRetries:
		p.Add("deliveries", "are more than %d; to repeat all of a webhook, name the webhook", maxRetries)
	}
	if err := p.Err("nothing is repeated"); err != nil {
		return nil, err
	}
	at := w.clock()
	var repeated []domain.ID
	err := w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		repeated = []domain.ID{}
		query := tx.Client().WebhookDelivery.Query().Where(webhookdelivery.State(domain.DeliveryDead))
		subject := ""
		if params.Webhook != nil {
			if _, err := find(ctx, tx, *params.Webhook); err != nil {
				return err
			}
			subject = params.Webhook.String()
			query.Where(webhookdelivery.WebhookID(*params.Webhook)).Limit(maxRetries)
		} else {
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
			if err := w.revive(ctx, tx, d); err != nil {
				return err
			}
			repeated = append(repeated, d.ID)
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.RetryDeliveries, Subject: subject,
			Detail: fmt.Sprintf("%d deliveries", len(repeated))})
	})
	if err != nil {
		return nil, fmt.Errorf("repeat deliveries: %w", err)
	}
	return repeated, nil
}

// revive makes a dead delivery pending, and due unless another one of the
// document is under way.
func (w *Webhooks) revive(ctx context.Context, tx *store.Tx, d *db.WebhookDelivery) error {
	waiting, err := tx.Client().WebhookDelivery.Query().
		Where(webhookdelivery.WebhookID(d.WebhookID), webhookdelivery.DocumentID(d.DocumentID), webhookdelivery.State(domain.DeliveryPending)).Exist(ctx)
	if err != nil {
		return err
	}
	err = tx.Client().WebhookDelivery.UpdateOneID(d.ID).
		SetState(domain.DeliveryPending).SetTries(0).ClearTriedSince().ClearDoneAt().ClearError().Exec(ctx)
	if err != nil || waiting {
		return err
	}
	return w.nextOf(ctx, tx, w.clock(), d.WebhookID, d.DocumentID)
}
