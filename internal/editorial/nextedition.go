package editorial

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Period is a span of days.
type Period struct{ Start, End domain.Date }

// NextEdition is what is proposed for the next edition of a series.
type NextEdition struct {
	Number int     // one above the highest, also of editions in the trash
	Period *Period // nil where none follows from the last edition and the cadence
}

// NextEdition proposes the number and the period of the next edition of a series.
//
// Errors: KindUnauthenticated or KindForbidden without the right READ_DESK.
func (d *Desk) NextEdition(ctx context.Context, series domain.ID) (NextEdition, error) {
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return NextEdition{}, err
	}
	return nextEdition(ctx, d.stores.DeskRows(), series)
}

func nextEdition(ctx context.Context, db store.Rows, series domain.ID) (NextEdition, error) {
	next := NextEdition{Number: 1}
	var cadence string
	var end sql.NullString
	err := store.QueryRows(ctx, db, "SELECT s.cadence, coalesce((SELECT max(e.number) FROM editions e WHERE e.series_id = s.id), 0),"+
		" (SELECT e.period_end FROM editions e WHERE e.series_id = s.id AND e.deleted_at IS NULL ORDER BY e.number DESC LIMIT 1)"+
		" FROM series s WHERE s.id = ?", []any{int64(series)}, func(rows *sql.Rows) error {
		var last int
		err := rows.Scan(&cadence, &last, &end)
		next.Number = last + 1
		return err
	})
	if err != nil {
		return next, fmt.Errorf("find the last edition of a series: %w", err)
	}
	next.Period = nextPeriod(cadence, domain.Date(end.String))
	return next, nil
}

// nextPeriod returns the period of a cadence that follows one with the given end; nil for a
// cadence without an interval, and for an end that is no day.
func nextPeriod(cadence string, end domain.Date) *Period {
	last, err := time.Parse(time.DateOnly, string(end))
	if err != nil {
		return nil
	}
	start := last.AddDate(0, 0, 1)
	var following time.Time // the start of the period after
	switch cadence {
	case "WEEKLY":
		following = start.AddDate(0, 0, 7)
	case "FORTNIGHTLY":
		following = start.AddDate(0, 0, 14)
	case "MONTHLY":
		following = addMonths(start, 1)
	case "QUARTERLY":
		following = addMonths(start, 3)
	default:
		return nil
	}
	day := func(t time.Time) domain.Date { return domain.Date(t.Format(time.DateOnly)) }
	return &Period{day(start), day(following.AddDate(0, 0, -1))}
}

// addMonths returns the same day of a later month, or its last day where it is shorter.
func addMonths(t time.Time, months int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}
