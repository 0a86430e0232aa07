package demo_test

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/exchange"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// TestJudgedSearchesOfTheRealList compares what the public finds in the imported list with what it should find.
func TestJudgedSearchesOfTheRealList(t *testing.T) {
	t.Parallel()
	list, err := os.ReadFile("../../../shared/data/dod-chinese-military-companies.csv")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the real list is not part of the project and is not beside it; nothing was tested")
	}
	if err != nil {
		t.Fatal(err)
	}
	all := readJudged(t, "testdata/searches-list.txt")
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		log := slog.New(slog.DiscardHandler)
		desk := editorial.New(s, projection.New(s, log, time.Now).WithPatience(storetest.Patience), log, time.Now)
		got, err := exchange.ImportCompanies(domain.AsSystem(t.Context(), "import"), desk, []exchange.File{{Reader: bytes.NewReader(list)}},
			exchange.CompaniesParams{Authority: "U.S. Department of Defense", Programme: "Section 1260H", Source: "dod-list", Publish: true})
		if err != nil {
			t.Fatal(err)
		}
		if got.Published == 0 {
			t.Fatalf("nothing was published: %+v", got)
		}
		if err := desk.Live().Project(t.Context()); err != nil { // a publication does not wait for ever
			t.Fatal(err)
		}
		judge(t, newSearches(t, s), all)
	})
}
