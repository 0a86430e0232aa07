package delivery

import (
	"context"
	"fmt"
	"slices"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/webhookdelivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// dispatchBatch is how many changes are dispatched in one transaction, which
// blocks other writers of the desk.
const dispatchBatch = 50

// dispatch writes deliveries of the next changes after the cursor of a webhook. It
// reports whether there may be more changes.
func (w *Webhooks) dispatch(ctx context.Context, hook *db.Webhook) (more bool, err error) {
	clearance, problem, err := w.clearanceOf(ctx, hook)
	if err != nil {
		return false, err
	}
	if problem != "" {
		return false, w.disableOwned(ctx, hook.ID, problem)
	}
	ctx = asWebhook(ctx, clearance)
	after, err := projection.ParsePosition(hook.Cursor)
	if err != nil {
		return false, err
	}
	changes, err := w.live.Changes(ctx, projection.ChangesParams{After: after, First: dispatchBatch})
	if domain.KindOf(err) == domain.KindGone {
		w.log.WarnContext(ctx, "the change history of live is a new one; the webhook continues in it from the same time", "webhook", hook.ID)
		if after, err = w.live.Resume(ctx, after); err != nil {
			return false, err
		}
		changes, err = w.live.Changes(ctx, projection.ChangesParams{After: after, First: dispatchBatch})
	}
	if err != nil || len(changes) == 0 {
		return false, err
	}
	events, err := w.eventsOf(ctx, hook, changes)
	if err != nil {
		return false, err
	}
	purges, err := w.purgesOf(ctx, hook, after, changes)
	if err != nil {
		return false, err
	}
	events = append(events, purges...)
	at := w.txTime()
	err = w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		present, err := tx.Client().Webhook.Get(ctx, hook.ID)
		if db.IsNotFound(err) {
			return nil
		}
		// Another process may have dispatched these changes, or the webhook may have
		// been updated.
		if err != nil || present.State != domain.WebhookEnabled || present.Cursor != hook.Cursor || !present.UpdatedAt.Equal(hook.UpdatedAt) {
			return err
		}
		writer := deliveryWriter{webhooks: w, tx: tx, hook: present, events: events}
		number, err := writer.write(ctx, at)
		if err != nil {
			return err
		}
		return tx.Client().Webhook.UpdateOneID(hook.ID).
			SetCursor(changes[len(changes)-1].Position.String()).SetLastNumber(number).Exec(ctx)
	})
	if err != nil {
		return false, fmt.Errorf("dispatch changes to %s: %w", hook.ID, err)
	}
	return len(changes) == dispatchBatch, nil
}

// event is a change with the body of its delivery.
type event struct {
	projection.Change
	name string // the type of the message
	body string
}

// eventsOf returns the events of the changes that a webhook subscribes to. It
// leaves out documents that are not visible any more, because a later change says
// so.
func (w *Webhooks) eventsOf(ctx context.Context, hook *db.Webhook, changes []projection.Change) ([]event, error) {
	var ids []domain.ID
	for _, c := range changes {
		if wants(hook, c) && !c.Kind.Tombstone() {
			ids = append(ids, c.Document)
		}
	}
	metas, err := w.docMetas(ctx, ids, tagsOf(hook))
	if err != nil {
		return nil, err
	}
	var out []event
	for _, c := range changes {
		meta := metas[c.Document]
		if c.Kind.Tombstone() {
			meta = nil
		}
		if !wants(hook, c) || !c.Kind.Tombstone() && meta == nil {
			continue
		}
		body, err := newBody(c, meta)
		if err != nil {
			return nil, err
		}
		out = append(out, event{Change: c, name: eventType(c), body: body})
	}
	return out, nil
}

// deliveryWriter writes the deliveries of one webhook.
type deliveryWriter struct {
	webhooks *Webhooks
	tx       *store.Tx
	hook     *db.Webhook
	events   []event
}

// write writes the deliveries, and a job for each that is the first pending one of
// its document. It returns the number of the last delivery.
func (w *deliveryWriter) write(ctx context.Context, at time.Time) (int64, error) {
	number := w.hook.LastNumber
	if len(w.events) == 0 {
		return number, nil
	}
	notified, pending, err := w.lastNotified(ctx)
	if err != nil {
		return 0, err
	}
	restoredAt, err := w.restoredAt(ctx)
	if err != nil {
		return 0, err
	}
	var rows []*db.WebhookDeliveryCreate
	var jobs []Job
	for _, e := range w.events {
		// A receiver that never got a document is not notified of its removal. If the
		// desk was restored from a backup, the log may lack deliveries that were sent.
		if e.Kind.Tombstone() && !notified[e.Document] && (restoredAt.IsZero() || e.At.Before(restoredAt)) {
			continue
		}
		notified[e.Document] = !e.Kind.Tombstone()
		number++
		id := domain.NewID(domain.Delivery, at)
		rows = append(rows, w.tx.Client().WebhookDelivery.Create().
			SetID(id).SetWebhookID(w.hook.ID).SetNumber(number).
			SetEvent(e.name).SetDocumentID(e.Document).SetBody(e.body).
			SetState(domain.DeliveryPending).SetGeneration(0).SetAttemptCount(0).SetNextAttemptAt(at).SetCreatedAt(at))
		if !pending[e.Document] {
			pending[e.Document] = true
			jobs = append(jobs, Job{Webhook: w.hook.ID, Delivery: id, At: at})
		}
	}
	if len(rows) == 0 {
		return number, nil
	}
	if err := w.tx.Client().WebhookDelivery.CreateBulk(rows...).Exec(ctx); err != nil {
		return 0, err
	}
	return number, w.webhooks.queue.enqueue(ctx, w.tx, jobs...)
}

// lastNotified returns the documents whose last delivery to the webhook said that
// they are visible, and the documents that have pending deliveries.
func (w *deliveryWriter) lastNotified(ctx context.Context) (notified, pending map[domain.ID]bool, err error) {
	notified, pending = map[domain.ID]bool{}, map[domain.ID]bool{}
	ids := make([]domain.ID, len(w.events))
	for i, e := range w.events {
		ids[i] = e.Document
	}
	rows, err := w.tx.Client().WebhookDelivery.Query().
		Where(webhookdelivery.WebhookID(w.hook.ID), webhookdelivery.DocumentIDIn(ids...),
			webhookdelivery.StateNEQ(domain.DeliveryDropped), lastOfDocument).
		Select(webhookdelivery.FieldID, webhookdelivery.FieldDocumentID, webhookdelivery.FieldEvent).All(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, row := range rows {
		notified[row.DocumentID] = !isTombstone(row.Event)
	}
	rows, err = w.tx.Client().WebhookDelivery.Query().
		Where(webhookdelivery.WebhookID(w.hook.ID), webhookdelivery.DocumentIDIn(ids...), webhookdelivery.State(domain.DeliveryPending)).
		Select(webhookdelivery.FieldID, webhookdelivery.FieldDocumentID).All(ctx)
	for _, row := range rows {
		pending[row.DocumentID] = true
	}
	return notified, pending, err
}

// restoredAt returns when the desk was restored from a backup, if that was after
// the webhook was created; else the zero time, and then the delivery log is
// complete.
func (w *deliveryWriter) restoredAt(ctx context.Context) (time.Time, error) {
	if !slices.ContainsFunc(w.events, func(e event) bool { return e.Kind.Tombstone() }) {
		return time.Time{}, nil
	}
	log, err := w.tx.Client().PublicationLog.Query().Only(ctx)
	if db.IsNotFound(err) || err == nil && (log.PutBackAt == nil || log.PutBackAt.Before(w.hook.CreatedAt)) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read when the desk was restored: %w", err)
	}
	return log.PutBackAt.UTC(), nil
}

// lastOfDocument adds the condition that the webhook has no later delivery of the
// document.
func lastOfDocument(s *sql.Selector) { s.Where(sql.NotExists(later(s))) }

// later selects the deliveries of the same document to the same webhook that come
// after a row of s and were not dropped.
func later(s *sql.Selector) *sql.Selector {
	b := sql.Dialect(s.Dialect())
	t := b.Table(webhookdelivery.Table).As("later")
	return b.Select(t.C("id")).From(t).Where(sql.And(
		sql.ColumnsEQ(t.C("webhook_id"), s.C("webhook_id")), sql.ColumnsEQ(t.C("document_id"), s.C("document_id")),
		sql.ColumnsGT(t.C("number"), s.C("number")), sql.NEQ(t.C("state"), domain.DeliveryDropped)))
}

// dispatchTo writes the deliveries of all changes so far for one webhook.
func (w *Webhooks) dispatchTo(ctx context.Context, id domain.ID) error {
	for {
		hook, err := w.stores.Client(ctx).Webhook.Get(ctx, id)
		if db.IsNotFound(err) {
			return nil
		}
		if err != nil || hook.State != domain.WebhookEnabled {
			return err
		}
		more, err := w.dispatch(ctx, hook)
		if err != nil || !more {
			return err
		}
	}
}
