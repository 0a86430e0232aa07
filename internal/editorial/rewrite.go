package editorial

import (
	"context"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
)

// rewriting changes documents on the desk and in live alike, as one release: because of a merge, or because a source is taken
// back.
type rewriting struct {
	*editTx
	message     string
	entries     []projection.Entry
	earlier     map[domain.ID]*aggregate.Snapshot // what goes live of documents that have a draft
	unpublished []domain.ID
}

func newRewriting(e *editTx) *rewriting {
	return &rewriting{editTx: e, earlier: map[domain.ID]*aggregate.Snapshot{}}
}

// unpublish adds the unpublishing of a live document to the release.
func (w *rewriting) unpublish(meta *aggregate.Meta) {
	if meta.IsLive() {
		w.entries = append(w.entries, projection.Entry{Action: projection.ActionUnpublish, Document: meta.ID, PublishedAt: w.at})
		w.unpublished = append(w.unpublished, meta.ID)
	}
}

func (w *rewriting) publishLater(meta *aggregate.Meta, revision int) {
	published := w.at
	if meta.PublishedAt != nil {
		published = *meta.PublishedAt
	}
	w.entries = append(w.entries, projection.Entry{Action: projection.ActionPublish, Document: meta.ID, Revision: revision, PublishedAt: published})
}

// forced says which version of a document is written although its content is unchanged.
type forced struct{ desk, live bool }

// updateDeskAndLive applies a change to a document on the desk and, if it is live, to its
// live version. An unpublished draft stays unpublished: if the changed live version
// differs from the draft, it is saved first as a revision of its own.
func (w *rewriting) updateDeskAndLive(ctx context.Context, meta *aggregate.Meta, changeDesk, changeLive func(*aggregate.Row), force forced) error {
	s := aggregate.SpecOf(meta.ID.Type())
	loaded, err := aggregate.Load(ctx, w.tx, s.Type, []domain.ID{meta.ID})
	if err != nil {
		return err
	}
	newID := func() domain.ID { return w.newID(domain.Row) }
	old := loaded[meta.ID]
	next := old.Clone()
	changeDesk(next)
	var live *aggregate.Snapshot
	if meta.IsLive() {
		if live, err = aggregate.ReadRevision(ctx, w.tx, meta.ID, meta.LiveVersion); err != nil {
			return err
		}
		was := live.Root.Clone()
		changeLive(live.Root)
		live.Root.ReuseRowIDs(was, false, newID)
		if live.Root.Fingerprint() == was.Fingerprint() && !force.live {
			live = nil
		}
	}
	if live == nil && !force.desk && next.Fingerprint() == old.Fingerprint() {
		return nil
	}
	if live != nil && (meta.IsPending() || live.Root.Fingerprint() != next.Fingerprint()) {
		meta.Version++
		if err := w.revise(ctx, s.Type, live.Root, meta.Version, meta.CreatedAt, w.message); err != nil {
			return err
		}
		w.publishLater(meta, meta.Version)
		w.earlier[meta.ID] = live
		live = nil
	}
	next.ReuseRowIDs(old, false, newID)
	saved, err := w.writeVersion(ctx, s, meta, old, next, w.message)
	if err == nil && live != nil {
		w.publishLater(meta, saved.Version)
	}
	return err
}
