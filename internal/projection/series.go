package projection

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// fillSeries writes the references of editions to their series in live, where a version of
// the program wrote the editions in which a series was a text. They are read from the
// published revisions. The series themselves come with a release, which then is not applied
// yet, and with it the effective markings of their editions.
func (l *Live) fillSeries(ctx context.Context) error {
	if l.seriesFilled {
		return nil
	}
	var keys []aggregate.RevisionKey
	err := store.QueryRows(ctx, l.stores.LiveRows(), "SELECT id, version FROM editions WHERE series_id IS NULL", nil, func(rows *sql.Rows) error {
		var key aggregate.RevisionKey
		err := rows.Scan(&key.ID, &key.Number)
		keys = append(keys, key)
		return err
	})
	if err != nil {
		return fmt.Errorf("find editions without a series: %w", err)
	}
	for batch := range slices.Chunk(keys, aggregate.MaxBatch) {
		snaps, err := aggregate.ReadRevisionKeys(ctx, l.stores.DeskRows(), batch)
		if err != nil {
			return err
		}
		bySeries := map[domain.ID][]domain.ID{}
		for key, snap := range snaps {
			series := snap.Root.Ref("series_id")
			bySeries[series] = append(bySeries[series], key.ID)
		}
		err = l.stores.Live(ctx, func(ctx context.Context, tx *store.Tx) error {
			for series, ids := range bySeries {
				if err := store.ExecSet(ctx, tx, fmt.Sprintf("UPDATE editions SET series_id = %d WHERE series_id IS NULL AND id", int64(series)), ids); err != nil {
					return fmt.Errorf("write the series of editions: %w", err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	l.seriesFilled = true
	return nil
}
