package projection

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// ReadLag returns how far live lags behind the publication log where it is read,
// which may be a replica: the age of the first log entry that is missing there, by
// the clock of the process that wrote it. It is 0 if no entry is missing, also while
// a replica is disconnected and there are no publications.
func (l *Live) ReadLag(ctx context.Context) (time.Duration, error) {
	sequence, err := l.stores.LiveSequence(domain.WithStage(domain.AsSystem(ctx, "look how far live lags"), domain.Live))
	if err != nil {
		return 0, err
	}
	return l.LagAt(ctx, sequence)
}

// LagAt returns the ReadLag of a reader of live that has applied the log up to a
// sequence.
func (l *Live) LagAt(ctx context.Context, sequence int64) (time.Duration, error) {
	var lag time.Duration
	err := store.QueryRows(ctx, l.stores.DeskRows(), "SELECT at FROM publication_entries WHERE sequence = ?", []any{sequence + 1},
		func(rows *sql.Rows) error {
			var at time.Time
			if err := rows.Scan(&at); err != nil {
				return err
			}
			lag = max(l.now().Sub(at), 0)
			return nil
		})
	if err != nil {
		return 0, fmt.Errorf("look how far live lags: %w", err)
	}
	return lag, nil
}
