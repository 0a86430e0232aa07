package plan_test

import (
	"runtime"
	"testing"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/plan"
)

// A reader remembers texts of statements by their selection, for longer than plans are cached:
// a plan can be a thousand times as large as a selection.
func TestSelectionsKeepNoPlan(t *testing.T) {
	t.Parallel()
	selection, inMemory := plan.NewSelection(catalog.Reports.Table)
	runtime.GC()
	if inMemory() {
		t.Error("a selection keeps its plan in memory")
	}
	runtime.KeepAlive(selection)
}
