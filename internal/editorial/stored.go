package editorial

import (
	"context"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// PublicationStatus is the state of a document on the desk and in live.
type PublicationStatus struct {
	ID          domain.ID
	Slug        string
	Version     int
	LiveVersion int  // 0 when it is not live
	Published   bool // it is live, or was
}

// IsPending reports whether the desk has changes that are not live.
func (s PublicationStatus) IsPending() bool { return s.Version != s.LiveVersion }

// Name is the document's name in messages: "report:harbour-cranes".
func (s PublicationStatus) Name() string { return s.ID.Type().String() + ":" + s.Slug }

// StoredDocument is a document of the desk in the form of the input that would write
// it: fields as [Desk.Save] takes them, references as ids. An Update or Upsert of the
// fields with the version is a conflict if the document was saved since.
type StoredDocument struct {
	PublicationStatus
	Fields map[string]any
}

// Find reads a document of the desk by its id or slug; nil where there is no
// such document. Needs the right READ_DESK.
func (d *Desk) Find(ctx context.Context, t domain.Type, name string) (*StoredDocument, error) {
	return findStored(ctx, d.stores.DeskRows(), t, name)
}

func findStored(ctx context.Context, db store.Rows, t domain.Type, name string) (*StoredDocument, error) {
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	found, err := aggregate.Lookup(ctx, db, t, []string{name})
	id := found[name]
	if err != nil || id == 0 {
		return nil, err
	}
	// The version is read first: if a save comes between, the version is the
	// older one, and a write with it conflicts.
	metas, err := aggregate.ReadMeta(ctx, db, []domain.ID{id})
	if err != nil {
		return nil, err
	}
	rows, err := aggregate.Load(ctx, db, t, []domain.ID{id})
	if err != nil || metas[id] == nil || rows[id] == nil {
		return nil, err
	}
	s := aggregate.SpecOf(t)
	return &StoredDocument{PublicationStatus: statusOf(metas[id]), Fields: aggregate.InputOf(s.Fields, s.Lists, rows[id])}, nil
}

// PublicationStatuses returns the publication status of documents. Documents that are
// in the trash or do not exist are not in the result. Needs the right READ_DESK.
func (d *Desk) PublicationStatuses(ctx context.Context, ids []domain.ID) (map[domain.ID]PublicationStatus, error) {
	return publicationStatuses(ctx, d.stores.DeskRows(), ids)
}

func publicationStatuses(ctx context.Context, db store.Rows, ids []domain.ID) (map[domain.ID]PublicationStatus, error) {
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	metas, err := aggregate.ReadMeta(ctx, db, ids)
	out := make(map[domain.ID]PublicationStatus, len(metas))
	for id, h := range metas {
		if !h.Deleted {
			out[id] = statusOf(h)
		}
	}
	return out, err
}

func statusOf(h *aggregate.Meta) PublicationStatus {
	return PublicationStatus{ID: h.ID, Slug: h.Slug, Version: h.Version, LiveVersion: h.LiveVersion, Published: h.PublishedAt != nil}
}
