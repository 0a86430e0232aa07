package newsletter

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Desk finds series and editions as they are in live, by the desk's index of live. It reads no draft,
// except for titles.
type Desk struct{ Stores *store.Stores }

// LiveSeries implements [SeriesFinder].
func (d Desk) LiveSeries(ctx context.Context) ([]Series, error) {
	var all []Series
	err := store.QueryRows(ctx, d.Stores.DeskRows(), "SELECT s.id, s.slug, s.title, s.language, l.marking FROM series s JOIN live_documents l ON l.id = s.id ORDER BY s.title_key, s.id", nil,
		func(rows *sql.Rows) error {
			var s Series
			err := rows.Scan(&s.ID, &s.Slug, &s.Title, &s.Language, &s.Marking)
			all = append(all, s)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read the series: %w", err)
	}
	return all, nil
}

// Edition implements [Editions]. The effective marking of an edition is the highest of its own and its
// series', and it is live only if the series is; see package projection.
func (d Desk) Edition(ctx context.Context, desk store.Rows, ref string) (Edition, error) {
	found, err := aggregate.Lookup(ctx, desk, domain.Edition, []string{ref})
	if err != nil {
		return Edition{}, fmt.Errorf("look for an edition: %w", err)
	}
	id, ok := found[ref]
	if !ok {
		return Edition{}, domain.NotFound("there is no edition %q", ref)
	}
	e := Edition{ID: id}
	err = store.QueryRows(ctx, desk, "SELECT e.title, e.series_id, l.marking FROM editions e LEFT JOIN live_documents l ON l.id = e.id WHERE e.id = ?", []any{id}, func(rows *sql.Rows) error {
		var marking sql.NullInt64
		if err := rows.Scan(&e.Title, &e.Series, &marking); err != nil {
			return err
		}
		e.Live, e.Marking = marking.Valid, domain.Marking(marking.Int64)
		return nil
	})
	if err != nil || !e.Live {
		return e, err
	}
	// The series to which the published version refers, which may not be that of the draft.
	e.Live = false
	err = store.QueryRows(ctx, desk, "SELECT r.target_id, l.marking FROM live_references r JOIN live_documents l ON l.id = r.target_id WHERE r.document_id = ? AND NOT r.mention", []any{id}, func(rows *sql.Rows) error {
		var target domain.ID
		var marking domain.Marking
		if err := rows.Scan(&target, &marking); err != nil {
			return err
		}
		if target.Type() == domain.Series {
			e.Live, e.Series, e.Marking = true, target, max(e.Marking, marking)
		}
		return nil
	})
	if err != nil {
		return Edition{}, fmt.Errorf("read the series of an edition: %w", err)
	}
	return e, nil
}
