package content

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// revisionKey names one revision.
type revisionKey struct {
	id     domain.ID
	number int
}

// readRevision reads one revision's snapshot; KindNotFound where there is none.
func readRevision(ctx context.Context, db store.Rows, id domain.ID, number int) (*Snapshot, error) {
	found, err := readRevisions(ctx, db, map[domain.ID]int{id: number})
	if err != nil {
		return nil, err
	}
	if found[id] == nil {
		name, err := nameOf(ctx, db, id)
		if err != nil {
			return nil, err
		}
		return nil, domain.NotFound("%s has no revision %d", name, number)
	}
	return found[id], nil
}

// readRevisions reads a revision each of many documents.
func readRevisions(ctx context.Context, db store.Rows, numbers map[domain.ID]int) (map[domain.ID]*Snapshot, error) {
	keys := make([]revisionKey, 0, len(numbers))
	for id, n := range numbers {
		keys = append(keys, revisionKey{id, n})
	}
	found, err := readRevisionKeys(ctx, db, keys)
	if err != nil {
		return nil, err
	}
	out := make(map[domain.ID]*Snapshot, len(found))
	for key, snap := range found {
		out[key.id] = snap
	}
	return out, nil
}

func readRevisionKeys(ctx context.Context, db store.Rows, keys []revisionKey) (map[revisionKey]*Snapshot, error) {
	found := make(map[revisionKey]*Snapshot, len(keys))
	// By number, so that the set of ids is one parameter.
	byNumber := map[int][]domain.ID{}
	for _, k := range keys {
		byNumber[k.number] = append(byNumber[k.number], k.id)
	}
	for number, ids := range byNumber {
		query := "SELECT document_id, snapshot, created_at FROM revisions WHERE number = ? AND document_id" + store.InSet(db.Dialect())
		err := store.QueryRows(ctx, db, query, []any{int64(number), store.Set(db.Dialect(), ids)}, func(rows *sql.Rows) error {
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
			snap.savedAt = saved
			found[revisionKey{id, number}] = snap
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read revisions: %w", err)
		}
	}
	return found, nil
}
