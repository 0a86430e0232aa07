package aggregate

import (
	"slices"
)

// UnshapedTables are the owned tables that the model says nothing of.
func UnshapedTables() []string {
	var missing []string
	var walk func(t *Table, sets []ListSpec)
	walk = func(t *Table, sets []ListSpec) {
		for _, o := range t.Owned {
			i := slices.IndexFunc(sets, func(s ListSpec) bool { return s.Table == o.Name })
			if i < 0 || sets[i].Name+sets[i].DiffName == "" {
				missing = append(missing, t.Name+"."+o.Name)
				continue
			}
			walk(o.Table, sets[i].Lists)
		}
	}
	for t, s := range specs {
		walk(TableOf(t), s.Lists)
	}
	return missing
}

// DecodeByValues is [DecodeSnapshot] by way of JSON values.
func DecodeByValues(raw []byte) (*Snapshot, error) { return decodeEarlier(raw) }
