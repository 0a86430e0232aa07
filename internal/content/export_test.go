package content

import (
	"maps"
	"slices"
)

// TableNames are the tables of the aggregates, and the aliases.
func TableNames() []string {
	return append(slices.Sorted(maps.Keys(tables())), "aliases")
}
