package store

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"

	"entgo.io/ent/dialect"
	"entgo.io/ent/schema/field"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/collation"
)

// SortKey is a column with the collation keys that order the rows of a table by a
// text. The key is derived from the text: each write of the text must write the
// key too.
type SortKey struct{ Table, Column, Text string }

// SortKeys returns the sort keys of the ent schema: its columns of bytes that are
// named like another column with the suffix _key.
var SortKeys = sync.OnceValue(func() []SortKey {
	var keys []SortKey
	for _, t := range db.Tables() {
		for _, c := range t.Columns {
			if text, ok := strings.CutSuffix(c.Name, "_key"); ok && c.Type == field.TypeBytes && hasColumn(t, text) {
				keys = append(keys, SortKey{t.Name, c.Name, text})
			}
		}
	}
	return keys
})

func hasColumn(t db.Table, name string) bool {
	for _, c := range t.Columns {
		if c.Name == name {
			return true
		}
	}
	return false
}

// sortKeyBatch is how many sort keys are written in one transaction.
const sortKeyBatch = 1000

// sortKeysDDL begins the statement that creates the table with the collation
// version of the stored keys.
const sortKeysDDL = `CREATE TABLE IF NOT EXISTS sort_keys (version text`

// fillSortKeys writes the missing sort keys, or all of them if the stored keys
// have another collation version. It returns the number of keys written. If it is
// interrupted, the next call starts over.
func (s *Stores) fillSortKeys(ctx context.Context, t target) (filled int, err error) {
	var had string
	err = inTx(ctx, t.pool, lockMigrate, func(ctx context.Context, tx *Tx) error {
		had = ""
		ddl := sortKeysDDL
		if s.postgres() {
			ddl += ` COLLATE "C"`
		}
		if _, err := tx.Exec(ctx, ddl+" PRIMARY KEY)"); err != nil {
			return err
		}
		return tx.tx.QueryRowContext(ctx, "SELECT coalesce(max(version), '') FROM sort_keys").Scan(&had)
	})
	if err != nil {
		return 0, err
	}
	for _, key := range SortKeys() {
		n, err := fillSortKey(ctx, t.pool, key, had == collation.Version)
		if filled += n; err != nil {
			return filled, fmt.Errorf("write %s.%s: %w", key.Table, key.Column, err)
		}
	}
	if had == collation.Version {
		return filled, nil
	}
	return filled, inTx(ctx, t.pool, lockMigrate, func(ctx context.Context, tx *Tx) error {
		if _, err := tx.Exec(ctx, "DELETE FROM sort_keys"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, Bind(tx.Dialect(), "INSERT INTO sort_keys (version) VALUES (?)"), collation.Version)
		return err
	})
}

// fillSortKey writes the keys of a column: the missing ones, or all.
func fillSortKey(ctx context.Context, p *pool, key SortKey, missing bool) (filled int, err error) {
	query := "SELECT id, coalesce(" + key.Text + ", '') FROM " + key.Table + " WHERE id > ?"
	if missing {
		query += " AND " + key.Column + " IS NULL"
	}
	query = Bind(p.dialect, query+fmt.Sprintf(" ORDER BY id LIMIT %d", sortKeyBatch))
	for last := int64(math.MinInt64); ; {
		var ids []int64
		err := inTx(ctx, p, lockMigrate, func(ctx context.Context, tx *Tx) (err error) {
			var texts []string
			if ids, texts, err = readTexts(ctx, tx, query, last); err != nil || len(ids) == 0 {
				return err
			}
			return writeSortKeys(ctx, tx, key, ids, texts)
		})
		if err != nil {
			return filled, err
		}
		filled += len(ids)
		if len(ids) < sortKeyBatch {
			return filled, nil
		}
		last = ids[len(ids)-1]
	}
}

func readTexts(ctx context.Context, tx *Tx, query string, after int64) (ids []int64, texts []string, err error) {
	rows, err := tx.Query(ctx, query, after)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return nil, nil, err
		}
		ids, texts = append(ids, id), append(texts, text)
	}
	return ids, texts, rows.Err()
}

// writeSortKeys writes the keys of the rows whose texts are still the same:
// another process may have saved other texts since, with their keys.
func writeSortKeys(ctx context.Context, tx *Tx, key SortKey, ids []int64, texts []string) error {
	keys := make([][]byte, len(texts))
	for i, text := range texts {
		keys[i] = collation.Key(text)
	}
	if tx.Dialect() == dialect.Postgres {
		return writeSortKeysBulk(ctx, tx, key, ids, texts, keys)
	}
	update, err := tx.tx.PrepareContext(ctx, "UPDATE "+key.Table+" SET "+key.Column+" = ? WHERE id = ? AND coalesce("+key.Text+", '') = ?")
	if err != nil {
		return err
	}
	defer func() { _ = update.Close() }()
	for i, id := range ids {
		if _, err := update.ExecContext(ctx, keys[i], id, texts[i]); err != nil {
			return err
		}
	}
	return nil
}
