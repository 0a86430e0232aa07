package plan

import (
	"weak"

	"github.com/redthread-api/redthread/graph/read"
)

// NewSelection returns the selection of rows of a plan, as readers keep it, and a function
// that reports whether the plan's rows are still in memory.
func NewSelection(t *read.Table) (selection *read.Selection, inMemory func() bool) {
	s := newSource(t)
	p := weak.Make(s)
	return s.columns, func() bool { return p.Value() != nil }
}
