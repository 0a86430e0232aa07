package projection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// warmedAtOnce is how many connections read reports at once, and warmedParts how many parts they are read in.
const (
	warmedAtOnce = 4
	warmedParts  = 64
)

// warm reads the beginnings of all reports of an SQLite live, with several connections at once. The last transaction of a rebuild reads
// them one after another, and the long texts between them defeat the read-ahead of the system: where they are not in its
// cache, that one waits for the disk once for each report.
func (l *Live) warm(ctx context.Context) error {
	live, reports := l.stores.LiveRows(), aggregate.TableOf(domain.Report).Name
	if live.Dialect() != dialect.SQLite {
		return nil
	}
	var first, last sql.NullInt64
	if err := store.QueryRows(ctx, live, "SELECT (SELECT min(id) FROM "+reports+"), (SELECT max(id) FROM "+reports+")", nil,
		func(rows *sql.Rows) error { return rows.Scan(&first, &last) }); err != nil {
		return fmt.Errorf("read reports ahead: %w", err)
	}
	size := (last.Int64-first.Int64)/warmedParts + 1
	parts := make(chan int64, warmedParts)
	for part := range int64(warmedParts) {
		parts <- first.Int64 + part*size
	}
	close(parts)
	failed := make(chan error, warmedAtOnce)
	for range warmedAtOnce {
		go func() {
			for from := range parts {
				// The result is a number, not an id.
				if _, err := store.QueryIDs(ctx, live, "SELECT count(version) FROM "+reports+" WHERE id BETWEEN ? AND ?", from, from+size-1); err != nil {
					failed <- fmt.Errorf("read reports ahead: %w", err)
					return
				}
			}
			failed <- nil
		}()
	}
	var all []error
	for range warmedAtOnce {
		all = append(all, <-failed)
	}
	return errors.Join(all...)
}
