package projection

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// The actions of the publication log.
const (
	ActionPublish   = "PUBLISH"
	ActionUnpublish = "UNPUBLISH"
)

// Entry is an entry of the publication log.
type Entry struct {
	Sequence    int64
	Release     int64 // the sequence of the release's last entry
	Action      string
	Document    domain.ID
	Revision    int
	At          time.Time
	PublishedAt time.Time
	Actor       string
}

const entryColumns = "sequence, release, action, document_id, revision, at, published_at"

// nextRelease reads the entries of the first release after a sequence.
func nextRelease(ctx context.Context, db store.Rows, after int64) ([]Entry, error) {
	const query = "SELECT " + entryColumns + " FROM publication_entries" +
		" WHERE sequence > ? AND sequence <= (SELECT release FROM publication_entries WHERE sequence = ?) ORDER BY sequence"
	return readEntries(ctx, db, query, after, after+1)
}

func readEntries(ctx context.Context, db store.Rows, query string, args ...any) ([]Entry, error) {
	var entries []Entry
	err := store.QueryRows(ctx, db, query, args, func(rows *sql.Rows) error {
		var e Entry
		if err := rows.Scan(&e.Sequence, &e.Release, &e.Action, &e.Document, &e.Revision, &e.At, &e.PublishedAt); err != nil {
			return err
		}
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the publication log: %w", err)
	}
	return entries, nil
}

// LogState is the identity and the end of the publication log, read from the desk.
type LogState struct {
	Identity string // empty before the first use of the desk
	Last     int64  // the sequence of the last entry; 0 without one
}

func ReadLog(ctx context.Context, db store.Rows) (LogState, error) {
	var s LogState
	var identity sql.NullString
	var last sql.NullInt64
	err := store.QueryRows(ctx, db, "SELECT (SELECT identity FROM publication_log), (SELECT max(sequence) FROM publication_entries)", nil,
		func(rows *sql.Rows) error { return rows.Scan(&identity, &last) })
	if err != nil {
		return s, fmt.Errorf("read the publication log: %w", err)
	}
	s.Identity, s.Last = identity.String, last.Int64
	return s, nil
}

// Hash returns the hash of a log entry. It is the same on both engines.
func (e Entry) Hash() string {
	const form = "2006-01-02T15:04:05.000000Z"
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %s %s %d %s %s", e.Sequence, e.Release, e.Action, e.Document, e.Revision,
		e.At.UTC().Format(form), e.PublishedAt.UTC().Format(form)))
	return hex.EncodeToString(sum[:])
}

// entryAt reads one entry of the log; nil if there is none.
func entryAt(ctx context.Context, db store.Rows, sequence int64) (*Entry, error) {
	entries, err := readEntries(ctx, db, "SELECT "+entryColumns+" FROM publication_entries WHERE sequence = ?", sequence)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	return &entries[0], nil
}
