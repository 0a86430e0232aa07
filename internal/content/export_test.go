package content

import (
	"context"
	"fmt"
	"maps"
	"slices"

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
