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

// dispatchBatch is how many changes are made deliveries in one transaction,
// which holds up the editors meanwhile.
const dispatchBatch = 50

// dispatch makes deliveries of the next changes that a webhook has not been
// told of. It reports whether there may be more.
func (w *Webhooks) dispatch(ctx context.Context, hook *db.Webhook) (more bool, err error) {
	ctx = asReceiver(ctx, hook)
	after, err := projection.ParsePosition(hook.Cursor)
	if err != nil {
		return false, err
	}
	changes, err := w.live.Changes(ctx, projection.ChangesParams{After: after, First: dispatchBatch})
	if domain.KindOf(err) == domain.KindGone {
		w.log.WarnContext(ctx, "the history of live has begun anew; the webhook goes on at the same time in it", "webhook", hook.ID)
		if after, err = w.live.Resume(ctx, after); err != nil {
			return false, err
		}
		changes, err = w.live.Changes(ctx, projection.ChangesParams{After: after, First: dispatchBatch})
	}
	if err != nil || len(changes) == 0 {
		return false, err
	}
	news, err := w.newsOf(ctx, hook, changes)
	if err != nil {
		return false, err
	}
	at := w.clock()
	err = w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		present, err := tx.Client().Webhook.Get(ctx, hook.ID)
		if db.IsNotFound(err) {
			return nil
		}
		// Another process may have been faster, or somebody has changed what
		// the webhook wants.
		if err != nil || present.State != domain.WebhookEnabled || present.Cursor != hook.Cursor || !present.UpdatedAt.Equal(hook.UpdatedAt) {
			return err
		}
		d := dispatching{w: w, tx: tx, hook: present, news: news}
		number, err := d.write(ctx, at)
		if err != nil {
			return err
		}
		return tx.Client().Webhook.UpdateOneID(hook.ID).
			SetCursor(changes[len(changes)-1].Position.String()).SetLastNumber(number).Exec(ctx)
	})
	if err != nil {
		return false, fmt.Errorf("tell %s of changes: %w", hook.ID, err)
	}
	return len(changes) == dispatchBatch, nil
}

// news is a change that a webhook is to be told of.
type news struct {
	projection.Change
	body string
}

// newsOf picks what a webhook wants to be told of, and puts it into words. A
// document that cannot be seen any more by now is left out: a later change says
// what became of it.
func (w *Webhooks) newsOf(ctx context.Context, hook *db.Webhook, changes []projection.Change) ([]news, error) {
	var ids []domain.ID
	for _, c := range changes {
		if wants(hook, c) && !c.Kind.Tombstone() {
			ids = append(ids, c.Document)
		}
	}
	heads, err := w.heads(ctx, ids, tagsOf(hook))
	if err != nil {
		return nil, err
	}
	var out []news
	for _, c := range changes {
		h := heads[c.Document]
		if c.Kind.Tombstone() {
			h = nil
		}
		if !wants(hook, c) || !c.Kind.Tombstone() && h == nil {
			continue
		}
		body, err := bodyOf(c, h)
		if err != nil {
			return nil, err
		}
		out = append(out, news{Change: c, body: body})
	}
	return out, nil
}

// dispatching writes the deliveries of one webhook.
type dispatching struct {
	w    *Webhooks
	tx   *store.Tx
	hook *db.Webhook
	news []news
}

// write makes the deliveries and the jobs of those that nothing is ahead of. It
// returns the number of the last delivery.
func (d *dispatching) write(ctx context.Context, at time.Time) (int64, error) {
	number := d.hook.LastNumber
	if len(d.news) == 0 {
		return number, nil
	}
	told, waiting, err := d.before(ctx)
	if err != nil {
		return 0, err
	}
	since, err := d.unknownSince(ctx)
	if err != nil {
		return 0, err
	}
	var rows []*db.WebhookDeliveryCreate
	var jobs []Job
	for _, n := range d.news {
		// A receiver that was never sent a document need not know that it is gone.
		// What was sent by a desk that has since been put back is not known.
		if n.Kind.Tombstone() && !told[n.Document] && (since.IsZero() || n.At.Before(since)) {
			continue
		}
		told[n.Document] = !n.Kind.Tombstone()
		number++
		id := domain.NewID(domain.Delivery, at)
		rows = append(rows, d.tx.Client().WebhookDelivery.Create().
			SetID(id).SetWebhookID(d.hook.ID).SetNumber(number).
			SetEvent(eventType(n.Change)).SetDocumentID(n.Document).SetBody(n.body).
			SetState(domain.DeliveryPending).SetTurn(0).SetTries(0).SetNextAttemptAt(at).SetCreatedAt(at))
		if !waiting[n.Document] {
			waiting[n.Document] = true
			jobs = append(jobs, Job{Webhook: d.hook.ID, Delivery: id, At: at})
		}
	}
	if len(rows) == 0 {
		return number, nil
	}
	if err := d.tx.Client().WebhookDelivery.CreateBulk(rows...).Exec(ctx); err != nil {
		return 0, err
	}
	return number, d.w.queue.enqueue(ctx, d.tx, jobs...)
}

// before reads of which of the documents the webhook was told, the last time,
// that they are there, and which have deliveries that are pending.
func (d *dispatching) before(ctx context.Context) (told, waiting map[domain.ID]bool, err error) {
	told, waiting = map[domain.ID]bool{}, map[domain.ID]bool{}
	ids := make([]domain.ID, len(d.news))
	for i, n := range d.news {
		ids[i] = n.Document
	}
	rows, err := d.tx.Client().WebhookDelivery.Query().
		Where(webhookdelivery.WebhookID(d.hook.ID), webhookdelivery.DocumentIDIn(ids...),
			webhookdelivery.StateNEQ(domain.DeliveryDropped), lastOfDocument).
		Select(webhookdelivery.FieldID, webhookdelivery.FieldDocumentID, webhookdelivery.FieldEvent).All(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, row := range rows {
		told[row.DocumentID] = !isTombstone(row.Event)
	}
	pending, err := d.tx.Client().WebhookDelivery.Query().
		Where(webhookdelivery.WebhookID(d.hook.ID), webhookdelivery.DocumentIDIn(ids...), webhookdelivery.State(domain.DeliveryPending)).
		Select(webhookdelivery.FieldID, webhookdelivery.FieldDocumentID).All(ctx)
	for _, row := range pending {
		waiting[row.DocumentID] = true
	}
	return told, waiting, err
}

// unknownSince is when the desk was put back from a backup of the webhook's time;
// zero where it was not: then all that was sent is known.
func (d *dispatching) unknownSince(ctx context.Context) (time.Time, error) {
	if !slices.ContainsFunc(d.news, func(n news) bool { return n.Kind.Tombstone() }) {
		return time.Time{}, nil
	}
	log, err := d.tx.Client().PublicationLog.Query().Only(ctx)
	if db.IsNotFound(err) || err == nil && (log.PutBackAt == nil || log.PutBackAt.Before(d.hook.CreatedAt)) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read when the desk was put back: %w", err)
	}
	return log.PutBackAt.UTC(), nil
}

// lastOfDocument is the condition that no later delivery of the document to the
// webhook was made.
func lastOfDocument(s *sql.Selector) { s.Where(sql.NotExists(later(s))) }

// later are the deliveries of the same document to the same webhook that come
// after a row of s, those aside that were dropped.
func later(s *sql.Selector) *sql.Selector {
	b := sql.Dialect(s.Dialect())
	t := b.Table(webhookdelivery.Table).As("later")
	return b.Select(t.C("id")).From(t).Where(sql.And(
		sql.ColumnsEQ(t.C("webhook_id"), s.C("webhook_id")), sql.ColumnsEQ(t.C("document_id"), s.C("document_id")),
		sql.ColumnsGT(t.C("number"), s.C("number")), sql.NEQ(t.C("state"), domain.DeliveryDropped)))
}

// dispatchTo tells one webhook of all that has changed until now.
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
