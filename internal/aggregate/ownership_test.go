package aggregate_test

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/aggregate"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, d)
	}
}

// What belongs to what decides what is revised, published and deleted: a
// change of the schema that moves a table must be seen.
func TestOwnership(t *testing.T) {
	t.Parallel()
	golden(t, "testdata/ownership.txt", aggregate.Ownership())
}

// A table that is owned is part of revisions and diffs: the model must say
// what it is called.
func TestEveryTableHasAShape(t *testing.T) {
	t.Parallel()
	if missing := aggregate.UnshapedTables(); len(missing) > 0 {
		t.Errorf("the model has no shape for %v", missing)
	}
}
