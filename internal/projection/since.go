package projection

import (
	"context"
	"fmt"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Moment is a version of live, and the last change of it: what is needed to learn later what has changed since.
type Moment struct {
	Version
	lastChange int64 // its row
}

// VersionOf returns the version of live in the snapshot of ctx, which is one of live.
func VersionOf(ctx context.Context, s *store.Stores) (Version, error) {
	values, err := s.ReadValues(ctx, "SELECT applied_sequence, applied_at FROM projection", nil, 2)
	if err != nil {
		return Version{}, fmt.Errorf("read how far live has come: %w", err)
	}
	if values.Len() == 0 {
		return Version{}, nil
	}
	return Version{Sequence: values.At(0).Int(), AppliedAt: values.At(1).Time()}, nil
}

// MomentOf is VersionOf with the last change.
func MomentOf(ctx context.Context, s *store.Stores) (Moment, error) {
	version, err := VersionOf(ctx, s)
	if err != nil {
		return Moment{}, err
	}
	m := Moment{Version: version}
	values, err := s.ReadValues(ctx, "SELECT id FROM changes ORDER BY id DESC LIMIT 1", nil, 1)
	if err != nil {
		return Moment{}, fmt.Errorf("read the last change: %w", err)
	}
	if values.Len() > 0 {
		m.lastChange = values.At(0).Int()
	}
	return m, nil
}

// ChangedBetween returns the documents of a type which releases changed, added to live or removed from it between two
// moments, of which the second is that of the snapshot of ctx, also those that changed only in their effective
// marking. known is false where that is unknown, and any may have changed.
func ChangedBetween(ctx context.Context, s *store.Stores, t domain.Type, from, to Moment) (ids []domain.ID, known bool, err error) {
	const width = 4
	values, err := s.ReadValues(ctx, store.Bind(s.Dialect(), "SELECT id, at, previous, previous_at FROM live_steps WHERE id > ? AND id <= ? ORDER BY id"),
		[]any{from.Sequence, to.Sequence}, width)
	if err != nil {
		return nil, false, fmt.Errorf("read what changed in live: %w", err)
	}
	// As readSteps: without a gap, each step begins where the one before ends.
	sequence, at := from.Sequence, from.AppliedAt.UnixMicro()
	for i := 0; i < values.Len(); i += width {
		if values.At(i+2).Int() != sequence || values.At(i+3).Int() != at {
			return nil, false, nil
		}
		sequence, at = values.At(i).Int(), values.At(i+1).Int()
	}
	if sequence != to.Sequence || at != to.AppliedAt.UnixMicro() {
		return nil, false, nil
	}
	values, err = s.ReadValues(ctx, store.Bind(s.Dialect(), "SELECT DISTINCT document_id FROM changes WHERE id > ? AND id <= ? AND type = ?"),
		[]any{from.lastChange, to.lastChange, int64(t)}, 1)
	if err != nil {
		return nil, false, fmt.Errorf("read what changed in live: %w", err)
	}
	for i := range values.Len() {
		ids = append(ids, domain.ID(values.At(i).Int()))
	}
	return ids, true, nil
}
