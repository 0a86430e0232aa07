package newsletter

import (
	"context"
	"database/sql"
	"encoding/csv"
	"fmt"
	"io"
	"time"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// exportBatch is how many rows of an export are read at once.
const exportBatch = 1000

// Export writes all subscriptions up to the viewer's clearance as CSV, with the last consent of each.
// [Subscribers.Import] reads it. Needs the right MANAGE_SUBSCRIBERS.
func (s *Subscribers) Export(ctx context.Context, to io.Writer) error {
	viewer, err := domain.Require(ctx, domain.ManageSubscribers)
	if err != nil {
		return err
	}
	all, err := s.series.LiveSeries(ctx)
	if err != nil {
		return fmt.Errorf("find the series: %w", err)
	}
	at := s.txTime()
	if err := s.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.ExportSubscribers, Detail: "all subscriptions"})
	}); err != nil {
		return fmt.Errorf("export subscribers: %w", err)
	}
	w := csv.NewWriter(to)
	_ = w.Write([]string{columnEmail, columnLanguage, columnSeries, columnClearance, columnConsentAt, columnSource, columnText, columnState}) // Error returns it
	for after, more := domain.ID(0), true; more; {
		if after, more, err = s.exportBatch(ctx, w, all, viewer.Clearance, after); err != nil {
			return fmt.Errorf("export subscribers: %w", err)
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	return nil
}

// exportBatch writes the subscriptions after an id, and returns the last one.
func (s *Subscribers) exportBatch(ctx context.Context, w *csv.Writer, all []Series, clearance domain.Marking, after domain.ID) (last domain.ID, more bool, err error) {
	n := 0
	err = store.QueryRows(ctx, s.stores.DeskRows(), "SELECT x.id, b.email, b.language, x.series_id, x.clearance, x.state, x.created_at, c.at, c.source, c.text_version, c.act"+
		" FROM subscriptions x JOIN subscribers b ON b.id = x.subscriber_id"+
		" LEFT JOIN consents c ON c.id = (SELECT id FROM consents y WHERE y.email_hash = b.email_hash AND y.series_id = x.series_id"+
		" AND y.act IN ('"+ConsentConfirmed+"', '"+ConsentImported+"', '"+ConsentSubscribed+"') ORDER BY y.at DESC, y.id DESC LIMIT 1)"+
		" WHERE x.id > ? AND x.clearance <= ? ORDER BY x.id LIMIT ?", []any{after, int(clearance), exportBatch}, func(rows *sql.Rows) error {
		var email, language, state string
		var series domain.ID
		var level domain.Marking
		var created time.Time
		var at sql.NullTime
		var source, words, act sql.NullString
		if err := rows.Scan(&last, &email, &language, &series, &level, &state, &created, &at, &source, &words, &act); err != nil {
			return err
		}
		n++
		name := series.String()
		if one, live := seriesByID(all, series); live {
			name = one.Slug
		}
		agreed := created
		if at.Valid {
			agreed = at.Time
		}
		if source.String == "" {
			source.String = act.String
		}
		return w.Write([]string{escapeCell(email), language, name, level.String(), agreed.UTC().Format(time.RFC3339Nano), escapeCell(source.String), escapeCell(words.String), state})
	})
	return last, n == exportBatch, err
}
