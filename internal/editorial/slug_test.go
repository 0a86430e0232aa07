package editorial_test

import (
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A slug is made of what the database says, and not of what it could not say.
func TestSlugsNeedTheDatabase(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, faults := storetest.OpenFaulty(t, c)
		d := newDesk(t, s)
		d.Entity("a")
		d.Entity("b")
		relationship := fields{"from": "a", "to": "b", "kind": "CONTROLS", "confidence": "CONFIRMED"}
		faults.Fail("desk", "SELECT slug FROM entities", 1, storetest.TooManyConnections())
		if err := d.try(domain.Relationship, editorial.Create, relationship); domain.KindOf(err) != domain.KindUnavailable || faults.Hits() != 1 {
			t.Errorf("got %v after %d failures, want KindUnavailable after one", err, faults.Hits())
		}
	})
}
