package editorial

import (
	"context"
	"database/sql"
	"fmt"

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
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	db := d.stores.DeskRows()
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
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	metas, err := aggregate.ReadMeta(ctx, d.stores.DeskRows(), ids)
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

// Authors lists the authors of a document's revisions after the one with the given
// number; 0 for all of them. Needs the right READ_DESK.
func (d *Desk) Authors(ctx context.Context, id domain.ID, after int) ([]string, error) {
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	var names []string
	query := "SELECT DISTINCT author FROM revisions WHERE document_id = ? AND number > ? ORDER BY author"
	err := store.QueryRows(ctx, d.stores.DeskRows(), query, []any{int64(id), int64(after)}, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read who wrote revisions: %w", err)
	}
	return names, nil
}
