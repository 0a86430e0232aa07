package content

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// TableNames are the tables of the aggregates, and the aliases.
func TableNames() []string {
	return append(slices.Sorted(maps.Keys(tables())), "aliases")
}

// UnshapedTables are the owned tables that the model says nothing of.
func UnshapedTables() []string {
	var missing []string
	var walk func(t *table, sets []setShape)
	walk = func(t *table, sets []setShape) {
		for _, o := range t.owned {
			i := slices.IndexFunc(sets, func(s setShape) bool { return s.table == o.name })
			if i < 0 || sets[i].name+sets[i].shown == "" {
				missing = append(missing, t.name+"."+o.name)
				continue
			}
			walk(o.table, sets[i].sets)
		}
	}
	for t, s := range shapes {
		walk(tableOf(t), s.sets)
	}
	return missing
}

// CheckRevision compares the tables of a document with its last revision.
func CheckRevision(ctx context.Context, s *store.Stores, id domain.ID, number int, snapshot string) error {
	db := s.DeskRows()
	heads, err := headers(ctx, db, []domain.ID{id})
	if err != nil || heads[id] == nil || heads[id].Version != number {
		return err
	}
	rows, err := load(ctx, db, id.Type(), []domain.ID{id})
	if err != nil {
		return err
	}
	snap, err := DecodeSnapshot([]byte(snapshot))
	if err != nil {
		return err
	}
	if got, want := string(encode(rows[id])), string(encode(snap.Root)); got != want {
		return fmt.Errorf("%v: the tables hold\n%s\nand revision %d says\n%s", id, got, number, want)
	}
	return nil
}

// LiveDocument is a document as live has it.
type LiveDocument struct {
	Effective domain.Marking
	Says      string // all that it says by itself
	RefersTo  []domain.ID
}

// LiveDocuments are all documents in live.
func LiveDocuments(ctx context.Context, s *store.Stores) (map[domain.ID]LiveDocument, error) {
	all := map[domain.ID]LiveDocument{}
	for _, t := range domain.Types() {
		var ids []domain.ID
		err := queryRows(ctx, s.LiveRows(), "SELECT id, effective_marking, version, updated_at FROM "+tableOf(t).name, nil, func(rows *sql.Rows) error {
			var id domain.ID
			var d LiveDocument
			var version int
			var updated time.Time
			err := rows.Scan(&id, &d.Effective, &version, &updated)
			d.Says = fmt.Sprint(version, updated.UTC())
			all[id] = d
			ids = append(ids, id)
			return err
		})
		if err != nil {
			return nil, err
		}
		rows, err := load(ctx, s.LiveRows(), t, ids)
		if err != nil {
			return nil, err
		}
		for id, r := range rows {
			d := all[id]
			d.Says += string(encode(r))
			d.RefersTo = r.targets(tableOf(t))
			all[id] = d
		}
	}
	return all, nil
}
