package projection_test

import (
	"testing"

	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// desk is a desk under test, with what these tests ask of it.
type desk struct{ *editorialtest.Desk }

func newDesk(t testing.TB, s *store.Stores) *desk { return &desk{editorialtest.New(t, s)} }

// each runs fn with a desk on each engine.
func each(t *testing.T, fn func(t *testing.T, d *desk)) {
	t.Helper()
	editorialtest.Each(t, func(t *testing.T, d *editorialtest.Desk) { fn(t, &desk{d}) })
}

type fields = editorialtest.Fields

// The helpers of editorialtest, by short names.
var (
	as         = editorialtest.As
	list       = editorialtest.List
	merge      = editorialtest.Merge
	wantFields = editorialtest.WantFields
)
