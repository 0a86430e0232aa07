package delivery

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db/webhookdelivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// How long the delivery log keeps deliveries that are done. The last delivery of
// each document is kept longer: it says whether the receiver knows the document.
const (
	keepDone   = 30 * 24 * time.Hour
	keepFailed = 90 * 24 * time.Hour
	// pruneBatchSize is how many deliveries are deleted in one transaction.
	pruneBatchSize = 500
)

// prune deletes old deliveries from the delivery log.
func (w *Webhooks) prune(ctx context.Context) error {
	for {
		n, err := w.pruneBatch(ctx)
		if err != nil {
			return fmt.Errorf("prune the delivery log: %w", err)
		}
		if n < pruneBatchSize {
			return nil
		}
	}
}

func (w *Webhooks) pruneBatch(ctx context.Context) (int, error) {
	at := w.txTime()
	rows, err := w.stores.Client(ctx).WebhookDelivery.Query().
		Where(webhookdelivery.Or(
			webhookdelivery.And(webhookdelivery.StateIn(domain.DeliveryDelivered, domain.DeliveryDropped), webhookdelivery.DoneAtLT(at.Add(-keepDone))),
			webhookdelivery.And(webhookdelivery.State(domain.DeliveryFailed), webhookdelivery.DoneAtLT(at.Add(-keepFailed)))),
			func(s *sql.Selector) { s.Where(sql.Exists(later(s))) }).
		Limit(pruneBatchSize).Select(webhookdelivery.FieldID).All(ctx)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	ids := make([]domain.ID, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	var n int
	err = w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		n, err = tx.Client().WebhookDelivery.Delete().Where(webhookdelivery.IDIn(ids...)).Exec(ctx)
		return err
	})
	return n, err
}
