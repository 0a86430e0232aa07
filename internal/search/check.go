package search

import (
	"context"
	"fmt"

	"github.com/redthread-api/redthread/internal/aggregate"
)

// State is how far the index of a store is.
type State struct {
	Store     string // "desk" or "live"
	None      bool   // there is no index yet
	Building  bool   // for the first time: searches fail meanwhile
	Renewing  bool   // for another version of the analyser: searches go on
	Done      int    // the documents that a build has done
	Documents int
	Unindexed int // documents that the index does not have
}

// States returns the states of the indexes of both stores. With count it counts the documents that are missing from each; without
// it no document is read, and Documents and Done are 0.
func (m *Maintenance) States(ctx context.Context, count bool) ([]State, error) {
	var all []State
	for _, t := range m.targets {
		s, err := t.state(ctx, count)
		if err != nil {
			return nil, fmt.Errorf("look at the search index of the %s: %w", t.name, err)
		}
		all = append(all, s)
	}
	return all, nil
}

func (t *target) state(ctx context.Context, count bool) (State, error) {
	s := State{Store: t.name}
	_, m, err := readManifest(ctx, plainRows{t.rows()})
	if err != nil {
		return s, err
	}
	s.None = m == nil
	if m != nil {
		s.Building = m.building != 0 && m.analyser == 0
		s.Renewing = m.building != 0 && m.analyser != 0
	}
	if !count {
		return s, nil
	}
	if s.Documents, s.Done, err = t.documents(ctx); err != nil || s.None || s.Building {
		return s, err
	}
	condition := ""
	if t.desk {
		condition = "d.deleted_at IS NULL AND "
	}
	for _, typ := range Types() {
		if !Indexed(typ) {
			continue
		}
		n, err := t.count(ctx, "SELECT count(*) FROM "+aggregate.TableOf(typ).Name+" d WHERE "+condition+
			"NOT EXISTS (SELECT 1 FROM search_units u WHERE u.owner_id = d.id)")
		if err != nil {
			return s, err
		}
		s.Unindexed += n
	}
	return s, nil
}
