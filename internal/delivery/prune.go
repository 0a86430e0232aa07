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

// How long the delivery log keeps what is done. The last delivery of each
// document is kept beyond that: it says whether the webhook knows of the
// document.
const (
	keepDone = 30 * 24 * time.Hour
	keepDead = 90 * 24 * time.Hour
	// pruneBatch is how many deliveries go in one transaction.
	pruneBatch = 500
)

// prune takes out of the delivery log what is old.
func (w *Webhooks) prune(ctx context.Context) error {
	for {
		n, err := w.pruneSome(ctx)
		if err != nil {
			return fmt.Errorf("shorten the delivery log: %w", err)
		}
		if n < pruneBatch {
			return nil
		}
	}
}

func (w *Webhooks) pruneSome(ctx context.Context) (int, error) {
	at := w.clock()
	rows, err := w.stores.Client(ctx).WebhookDelivery.Query().
		Where(webhookdelivery.Or(
			webhookdelivery.And(webhookdelivery.StateIn(domain.DeliveryDelivered, domain.DeliveryDropped), webhookdelivery.DoneAtLT(at.Add(-keepDone))),
			webhookdelivery.And(webhookdelivery.State(domain.DeliveryDead), webhookdelivery.DoneAtLT(at.Add(-keepDead)))),
			func(s *sql.Selector) { s.Where(sql.Exists(later(s))) }).
		Limit(pruneBatch).Select(webhookdelivery.FieldID).All(ctx)
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
