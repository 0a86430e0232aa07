package aggregate

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"

	"github.com/redthread-api/redthread/internal/store"
)

// Compaction is how much was compressed, in revisions and in bytes.
type Compaction struct {
	Revisions     int
	Before, After int64 // bytes of the snapshots that were compressed
	// Refused has the revisions whose snapshot does not match its hash: they stay as
	// they are.
	Refused []RevisionKey
}

// CountUncompressed returns the number of revisions that are stored as text.
func CountUncompressed(ctx context.Context, db store.Rows) (int, error) {
	var n int
	err := store.QueryRows(ctx, db, "SELECT count(*) FROM revisions WHERE compressed IS NULL", nil,
		func(rows *sql.Rows) error { return rows.Scan(&n) })
	if err != nil {
		return 0, fmt.Errorf("count revisions: %w", err)
	}
	return n, nil
}

// Uncompressed returns the next revisions after one, by document and number, that are
// stored as text; limit bounds their number.
func Uncompressed(ctx context.Context, db store.Rows, after RevisionKey, limit int) ([]RevisionKey, error) {
	var keys []RevisionKey
	err := store.QueryRows(ctx, db, "SELECT document_id, number FROM revisions WHERE compressed IS NULL AND (document_id, number) > (?, ?)"+
		" ORDER BY document_id, number LIMIT ?", []any{int64(after.ID), int64(after.Number), int64(limit)},
		func(rows *sql.Rows) error {
			var key RevisionKey
			err := rows.Scan(&key.ID, &key.Number)
			keys = append(keys, key)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("find revisions to compress: %w", err)
	}
	return keys, nil
}

// CompactRevisions compresses revisions that are stored as text, in the order in which
// they are given: by document and number. Revisions that are gone or compressed are
// skipped.
func CompactRevisions(ctx context.Context, tx *store.Tx, keys []RevisionKey) (Compaction, error) {
	var done Compaction
	for _, key := range keys {
		rows, err := readStored(ctx, tx, []RevisionKey{key})
		if err != nil {
			return done, err
		}
		row := rows[key]
		if row == nil || row.compressed != nil {
			continue
		}
		if Hash(row.text) != row.hash {
			done.Refused = append(done.Refused, key)
			continue
		}
		from, err := readBase(ctx, tx, key.ID, key.Number-1)
		if err != nil {
			return done, err
		}
		compressed := compress(row.text, from)
		if compressed == nil {
			continue
		}
		if err := compareCompressed(compressed, row.text, from); err != nil {
			return done, fmt.Errorf("compress revision %d of %s: %w", key.Number, key.ID, err)
		}
		if err := store.Exec(ctx, tx, "UPDATE revisions SET snapshot = '', compressed = ? WHERE document_id = ? AND number = ?",
			compressed, int64(key.ID), int64(key.Number)); err != nil {
			return done, fmt.Errorf("compress revision %d of %s: %w", key.Number, key.ID, err)
		}
		done.Revisions++
		done.Before += int64(len(row.text))
		done.After += int64(len(compressed))
	}
	return done, nil
}

// compareCompressed reads a compressed snapshot before it replaces the text.
func compareCompressed(compressed, text []byte, from *base) error {
	var baseText []byte
	if baseOf(compressed) != 0 {
		baseText = from.text
	}
	back, err := decompress(compressed, baseText)
	if err != nil {
		return err
	}
	if !bytes.Equal(back, text) {
		return errCompressed
	}
	return nil
}
