package aggregate

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// RevisionKey names one revision.
type RevisionKey struct {
	ID     domain.ID
	Number int
}

// ReadRevision reads one revision's snapshot; KindNotFound where there is none.
func ReadRevision(ctx context.Context, db store.Rows, id domain.ID, number int) (*Snapshot, error) {
	found, err := ReadRevisions(ctx, db, map[domain.ID]int{id: number})
	if err != nil {
		return nil, err
	}
	if found[id] == nil {
		name, err := NameOf(ctx, db, id)
		if err != nil {
			return nil, err
		}
		return nil, domain.NotFound("%s has no revision %d", name, number)
	}
	return found[id], nil
}

// ReadRevisions reads one revision of each of many documents, by number. Revisions
// that do not exist are not in the result.
func ReadRevisions(ctx context.Context, db store.Rows, numbers map[domain.ID]int) (map[domain.ID]*Snapshot, error) {
	keys := make([]RevisionKey, 0, len(numbers))
	for id, n := range numbers {
		keys = append(keys, RevisionKey{id, n})
	}
	found, err := ReadRevisionKeys(ctx, db, keys)
	if err != nil {
		return nil, err
	}
	out := make(map[domain.ID]*Snapshot, len(found))
	for key, snap := range found {
		out[key.ID] = snap
	}
	return out, nil
}

// ReadRevisionKeys reads many revisions, of one document or several. Revisions that
// do not exist are not in the result.
func ReadRevisionKeys(ctx context.Context, db store.Rows, keys []RevisionKey) (map[RevisionKey]*Snapshot, error) {
	found := make(map[RevisionKey]*Snapshot, len(keys))
	// By number, so that the set of ids is one parameter.
	byNumber := map[int][]domain.ID{}
	for _, k := range keys {
		byNumber[k.Number] = append(byNumber[k.Number], k.ID)
	}
	for number, ids := range byNumber {
		query := "SELECT document_id, snapshot, created_at FROM revisions WHERE number = ? AND document_id" + store.InSet(db.Dialect())
		err := store.QueryRows(ctx, db, query, []any{int64(number), store.IDSet(db.Dialect(), ids)}, func(rows *sql.Rows) error {
			var id domain.ID
			var raw []byte
			var saved time.Time
			if err := rows.Scan(&id, &raw, &saved); err != nil {
				return err
			}
			snap, err := DecodeSnapshot(raw)
			if err != nil {
				return err
			}
			snap.SavedAt = saved
			found[RevisionKey{id, number}] = snap
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read revisions: %w", err)
		}
	}
	return found, nil
}
