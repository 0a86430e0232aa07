package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/webhook"
	"github.com/redthread-api/redthread/ent/db/webhookdelivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// sweepBatch is how many documents are looked after in one transaction, which
// holds up the editors meanwhile.
const sweepBatch = 50

// sweep gives a job to the first pending delivery of each document, for each
// webhook that is enabled, where none of the document has one. What goes wrong
// with one webhook does not keep the others from it.
func (w *Webhooks) sweep(ctx context.Context) error {
	hooks, err := w.stores.Client(ctx).Webhook.Query().Where(webhook.State(domain.WebhookEnabled)).Order(webhook.ByID()).IDs(ctx)
	if err != nil {
		return fmt.Errorf("read the webhooks: %w", err)
	}
	var errs []error
	for _, hook := range hooks {
		if err := w.sweepOne(ctx, hook); err != nil {
			errs = append(errs, fmt.Errorf("give deliveries of %s their jobs: %w", hook, err))
		}
	}
	return errors.Join(errs...)
}

func (w *Webhooks) sweepOne(ctx context.Context, hook domain.ID) error {
	lines, err := w.withoutJob(ctx, hook)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(lines, sweepBatch) {
		if err := w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error { return w.giveJobs(ctx, tx, hook, batch) }); err != nil {
			return err
		}
	}
	return nil
}

// line is what waits to be sent of one document, none of which has a job.
type line struct {
	first *db.WebhookDelivery
	// givenUp says that the job of the first was begun as often as it may be.
	givenUp bool
}

// withoutJob finds the lines of a webhook of which no delivery has a job. It reads
// outside a transaction: there can be many deliveries, and nearly always nothing
// is amiss. The jobs are read last. So a delivery that was read has its job by
// then, unless it is of another turn.
func (w *Webhooks) withoutJob(ctx context.Context, hook domain.ID) ([]line, error) {
	rows, err := w.stores.Client(ctx).WebhookDelivery.Query().
		Where(webhookdelivery.WebhookID(hook), webhookdelivery.State(domain.DeliveryPending)).Order(webhookdelivery.ByNumber()).
		Select(webhookdelivery.FieldID, webhookdelivery.FieldDocumentID, webhookdelivery.FieldTurn).All(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	jobs, err := w.queue.kept(ctx, w.stores.DeskRows(), hook)
	if err != nil {
		return nil, err
	}
	var order []domain.ID
	lines, served := map[domain.ID]line{}, map[domain.ID]bool{}
	for _, d := range rows {
		job, ok := jobs[turn{d.ID, d.Turn}]
		if ok && !job.givenUp {
			served[d.DocumentID] = true
		}
		if _, behind := lines[d.DocumentID]; !behind {
			lines[d.DocumentID] = line{first: d, givenUp: ok && job.givenUp}
			order = append(order, d.DocumentID)
		}
	}
	var lost []line
	for _, document := range order {
		if !served[document] {
			lost = append(lost, lines[document])
		}
	}
	return lost, nil
}

// giveJobs makes due the first delivery of each line. One whose job was given up
// is dead. A delivery that is of another turn by now has been seen to meanwhile.
func (w *Webhooks) giveJobs(ctx context.Context, tx *store.Tx, hook domain.ID, lines []line) error {
	at := w.clock()
	present, err := tx.Client().Webhook.Get(ctx, hook)
	if db.IsNotFound(err) {
		return nil
	}
	if err != nil || present.State != domain.WebhookEnabled {
		return err
	}
	ids := make([]domain.ID, len(lines))
	for i, line := range lines {
		ids[i] = line.first.ID
	}
	rows, err := tx.Client().WebhookDelivery.Query().Where(webhookdelivery.IDIn(ids...), webhookdelivery.State(domain.DeliveryPending)).All(ctx)
	if err != nil {
		return err
	}
	now := map[domain.ID]*db.WebhookDelivery{}
	for _, d := range rows {
		now[d.ID] = d
	}
	var jobs []Job
	for _, line := range lines {
		d := now[line.first.ID]
		if d == nil || d.Turn != line.first.Turn {
			continue
		}
		tx.AfterCommit(func() {
			w.log.WarnContext(ctx, "a delivery to a webhook had no job", "webhook", hook, "delivery", d.ID, "given_up", line.givenUp)
		})
		if line.givenUp {
			r := recording{w: w, tx: tx, at: at, hook: present, d: d, change: tx.Client().WebhookDelivery.UpdateOneID(d.ID)}
			if err := r.done(ctx, domain.DeliveryDead, fmt.Sprintf("it was begun %d times, and the program never came to its end", maxRuns)); err != nil {
				return err
			}
			continue
		}
		due := at
		if d.NextAttemptAt != nil && d.NextAttemptAt.After(at) {
			due = *d.NextAttemptAt
		}
		if err := tx.Client().WebhookDelivery.UpdateOneID(d.ID).SetTurn(d.Turn + 1).SetNextAttemptAt(due).Exec(ctx); err != nil {
			return err
		}
		jobs = append(jobs, Job{Webhook: hook, Delivery: d.ID, Turn: d.Turn + 1, At: due})
	}
	return w.queue.enqueue(ctx, tx, jobs...)
}
