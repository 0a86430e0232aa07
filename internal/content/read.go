package content

import (
	"context"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Standing is where a document stands between desk and live.
type Standing struct {
	ID          domain.ID
	Slug        string
	Version     int
	LiveVersion int  // 0 when it is not live
	Published   bool // it is live, or was
}

// Pending reports whether the desk has what live has not.
func (s Standing) Pending() bool { return s.Version != s.LiveVersion }

// Name is how messages call the document: "report:harbour-cranes".
func (s Standing) Name() string { return s.ID.Type().String() + ":" + s.Slug }

// Stored is a document of the desk, with the input that would write it: what
// [Desk.Save] takes, references as ids. An Update or Upsert of the fields with
// the version conflicts if the document was saved since.
type Stored struct {
	Standing
	Fields map[string]any
}

// Find reads a document of the desk by its id or slug; nil where there is no
// such document. Needs the right READ_DESK.
func (d *Desk) Find(ctx context.Context, t domain.Type, name string) (*Stored, error) {
	return findStored(ctx, d.stores.DeskRows(), t, name)
}

func findStored(ctx context.Context, db store.Rows, t domain.Type, name string) (*Stored, error) {
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	found, err := lookup(ctx, db, t, []string{name})
	id := found[name]
	if err != nil || id == 0 {
		return nil, err
	}
	// The version is read first: if a save comes between, the version is the
	// older one, and a write with it conflicts.
	heads, err := headers(ctx, db, []domain.ID{id})
	if err != nil {
		return nil, err
	}
	rows, err := load(ctx, db, t, []domain.ID{id})
	if err != nil || heads[id] == nil || rows[id] == nil {
		return nil, err
	}
	s := shapes[t]
	return &Stored{Standing: heads[id].standing(), Fields: inputOf(s.fields, s.sets, rows[id])}, nil
}

// Standings reads where documents stand. Those that are in the trash, or are
// not there, are not in the result. Needs the right READ_DESK.
func (d *Desk) Standings(ctx context.Context, ids []domain.ID) (map[domain.ID]Standing, error) {
	return standings(ctx, d.stores.DeskRows(), ids)
}

func standings(ctx context.Context, db store.Rows, ids []domain.ID) (map[domain.ID]Standing, error) {
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	heads, err := headers(ctx, db, ids)
	out := make(map[domain.ID]Standing, len(heads))
	for id, h := range heads {
		if !h.Deleted {
			out[id] = h.standing()
		}
	}
	return out, err
}

func (h *header) standing() Standing {
	return Standing{ID: h.ID, Slug: h.Slug, Version: h.Version, LiveVersion: h.LiveVersion, Published: h.PublishedAt != nil}
}
