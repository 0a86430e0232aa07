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

// sweepBatch is how many documents are repaired in one transaction, which blocks
// other writers of the desk.
const sweepBatch = 50

// sweep enqueues lost jobs: for each enabled webhook, it enqueues a job for the
// first pending delivery of each document that has no job. An error with one
// webhook does not stop the others.
func (w *Webhooks) sweep(ctx context.Context) error {
	hooks, err := w.stores.Client(ctx).Webhook.Query().Where(webhook.State(domain.WebhookEnabled)).Order(webhook.ByID()).IDs(ctx)
	if err != nil {
		return fmt.Errorf("read the webhooks: %w", err)
	}
	var errs []error
	for _, hook := range hooks {
		if err := w.sweepWebhook(ctx, hook); err != nil {
			errs = append(errs, fmt.Errorf("enqueue lost jobs of %s: %w", hook, err))
		}
	}
	return errors.Join(errs...)
}

func (w *Webhooks) sweepWebhook(ctx context.Context, hook domain.ID) error {
	docs, err := w.withoutJob(ctx, hook)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(docs, sweepBatch) {
		if err := w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error { return w.enqueueLost(ctx, tx, hook, batch) }); err != nil {
			return err
		}
	}
	return nil
}

// pendingDoc is a document with pending deliveries of which none has a job.
type pendingDoc struct {
	first     *db.WebhookDelivery // the first pending delivery
	discarded bool                // its job was discarded after all its attempts
}

// withoutJob returns the documents of a webhook with pending deliveries but no
// job. It reads outside a transaction, because there can be many deliveries and
// nearly always none has lost its job. The jobs are read last, so that the job of
// a delivery that was read is there, unless the delivery has a newer generation.
func (w *Webhooks) withoutJob(ctx context.Context, hook domain.ID) ([]pendingDoc, error) {
	rows, err := w.stores.Client(ctx).WebhookDelivery.Query().
		Where(webhookdelivery.WebhookID(hook), webhookdelivery.State(domain.DeliveryPending)).Order(webhookdelivery.ByNumber()).
		Select(webhookdelivery.FieldID, webhookdelivery.FieldDocumentID, webhookdelivery.FieldGeneration).All(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	jobs, err := w.queue.unfinished(ctx, w.stores.DeskRows(), hook)
	if err != nil {
		return nil, err
	}
	var order []domain.ID
	docs, hasJob := map[domain.ID]pendingDoc{}, map[domain.ID]bool{}
	for _, d := range rows {
		job, ok := jobs[attemptKey{d.ID, d.Generation}]
		if ok && !job.discarded {
			hasJob[d.DocumentID] = true
		}
		if _, ok := docs[d.DocumentID]; !ok {
			docs[d.DocumentID] = pendingDoc{first: d, discarded: job.discarded}
			order = append(order, d.DocumentID)
		}
	}
	var lost []pendingDoc
	for _, document := range order {
		if !hasJob[document] {
			lost = append(lost, docs[document])
		}
	}
	return lost, nil
}

// enqueueLost enqueues the first delivery of each document. A delivery whose job
// was discarded has failed. A delivery with a newer generation is skipped: it got
// a job in the meantime.
func (w *Webhooks) enqueueLost(ctx context.Context, tx *store.Tx, hook domain.ID, docs []pendingDoc) error {
	at := w.txTime()
	present, err := tx.Client().Webhook.Get(ctx, hook)
	if db.IsNotFound(err) {
		return nil
	}
	if err != nil || present.State != domain.WebhookEnabled {
		return err
	}
	ids := make([]domain.ID, len(docs))
	for i, doc := range docs {
		ids[i] = doc.first.ID
	}
	rows, err := tx.Client().WebhookDelivery.Query().Where(webhookdelivery.IDIn(ids...), webhookdelivery.State(domain.DeliveryPending)).All(ctx)
	if err != nil {
		return err
	}
	current := map[domain.ID]*db.WebhookDelivery{}
	for _, d := range rows {
		current[d.ID] = d
	}
	var jobs []Job
	for _, doc := range docs {
		d := current[doc.first.ID]
		if d == nil || d.Generation != doc.first.Generation {
			continue
		}
		tx.AfterCommit(func() {
			w.log.WarnContext(ctx, "a webhook delivery had no job", "webhook", hook, "delivery", d.ID, "given_up", doc.discarded)
		})
		if doc.discarded {
			r := attemptRecord{webhooks: w, tx: tx, at: at, hook: present, delivery: d, change: tx.Client().WebhookDelivery.UpdateOneID(d.ID)}
			if err := r.done(ctx, domain.DeliveryFailed, fmt.Sprintf("the program stopped during each of %d attempts", maxJobAttempts)); err != nil {
				return err
			}
			continue
		}
		due := at
		if d.NextAttemptAt != nil && d.NextAttemptAt.After(at) {
			due = *d.NextAttemptAt
		}
		if err := tx.Client().WebhookDelivery.UpdateOneID(d.ID).SetGeneration(d.Generation + 1).SetNextAttemptAt(due).Exec(ctx); err != nil {
			return err
		}
		jobs = append(jobs, Job{Webhook: hook, Delivery: d.ID, Generation: d.Generation + 1, At: due})
	}
	return w.queue.enqueue(ctx, tx, jobs...)
}
