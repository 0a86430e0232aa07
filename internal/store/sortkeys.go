package store

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

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
// version of the stored keys. While they are written anew, it also has how far that
// is: the new version, a column, and the last row that is done, with keysReached
// between them.
const sortKeysDDL = `CREATE TABLE IF NOT EXISTS sort_keys (version text`

const keysReached = " | "

// storedKeys is what the table says.
type storedKeys struct {
	version string           // of all keys
	reached map[string]int64 // the last row that has keys of the present version, by column
}

// fillSortKeys writes the missing sort keys, or all of them if the stored keys
// have another collation version. It returns the number of keys written. If it is
// interrupted, the next call continues.
func (s *Stores) fillSortKeys(ctx context.Context, t target) (filled int, err error) {
	var had storedKeys
	err = inTx(ctx, t.pool, lockMigrate, func(ctx context.Context, tx *Tx) (err error) {
		ddl := sortKeysDDL
		if s.postgres() {
			ddl += ` COLLATE "C"`
		}
		if _, err := tx.Exec(ctx, ddl+" PRIMARY KEY)"); err != nil {
			return err
		}
		had, err = readStoredKeys(ctx, tx)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, key := range SortKeys() {
		n, err := s.fillSortKey(ctx, t, key, had)
		if filled += n; err != nil {
			return filled, fmt.Errorf("write %s.%s: %w", key.Table, key.Column, err)
		}
	}
	if had.version == collation.Version {
		return filled, nil
	}
	return filled, inTx(ctx, t.pool, lockMigrate, func(ctx context.Context, tx *Tx) error {
		if _, err := tx.Exec(ctx, "DELETE FROM sort_keys"); err != nil {
			return err
		}
		return Exec(ctx, tx, "INSERT INTO sort_keys (version) VALUES (?)", collation.Version)
	})
}

func readStoredKeys(ctx context.Context, tx *Tx) (storedKeys, error) {
	had := storedKeys{reached: map[string]int64{}}
	rows, err := tx.Query(ctx, "SELECT version FROM sort_keys")
	if err != nil {
		return had, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return had, err
		}
		parts := strings.Split(text, keysReached)
		if len(parts) == 1 {
			had.version = text
			continue
		}
		if last, err := strconv.ParseInt(parts[len(parts)-1], 10, 64); err == nil && len(parts) == 3 && parts[0] == collation.Version {
			had.reached[parts[1]] = last
		}
	}
	return had, rows.Err()
}

// fillSortKey writes the keys of a column: the missing ones, or all.
func (s *Stores) fillSortKey(ctx context.Context, t target, key SortKey, had storedKeys) (filled int, err error) {
	missing := had.version == collation.Version
	name := key.Table + "." + key.Column
	query := "SELECT id, coalesce(" + key.Text + ", '') FROM " + key.Table + " WHERE id > ?"
	last := int64(math.MinInt64)
	if missing {
		query += " AND " + key.Column + " IS NULL"
	} else if reached, ok := had.reached[name]; ok {
		last = reached
	}
	next := Bind(s.dialect, query+fmt.Sprintf(" ORDER BY id LIMIT %d", sortKeyBatch))
	var progress *Progress
	for {
		var ids []int64
		err := inTx(ctx, t.pool, lockMigrate, func(ctx context.Context, tx *Tx) (err error) {
			var texts []string
			if ids, texts, err = readTexts(ctx, tx, next, last); err != nil || len(ids) == 0 {
				return err
			}
			if err := writeSortKeys(ctx, tx, key, ids, texts); err != nil || missing {
				return err
			}
			return writeKeysReached(ctx, tx, name, ids[len(ids)-1])
		})
		if err != nil {
			return filled, err
		}
		filled += len(ids)
		if len(ids) < sortKeyBatch {
			return filled, nil
		}
		last = ids[len(ids)-1]
		if progress == nil {
			var of int64
			count := Bind(s.dialect, "SELECT count(*) FROM ("+query+") AS rest")
			if err := s.readPool(t).db.QueryRowContext(ctx, count, last).Scan(&of); err != nil {
				return filled, err
			}
			progress = NewProgress(s.log, time.Now, of+sortKeyBatch, "sort keys are being written", "store", t.name, "column", name)
		}
		progress.Add(ctx, len(ids))
	}
}

// writeKeysReached records how far the keys of a column are, for a call after this one was interrupted.
func writeKeysReached(ctx context.Context, tx *Tx, column string, last int64) error {
	begin := collation.Version + keysReached + column + keysReached
	if err := Exec(ctx, tx, "DELETE FROM sort_keys WHERE substr(version, 1, ?) = ?", len(begin), begin); err != nil {
		return err
	}
	return Exec(ctx, tx, "INSERT INTO sort_keys (version) VALUES (?)", begin+strconv.FormatInt(last, 10))
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
