package exchange_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// The whole real list, imported and published, gives the numbers in docs/importing.md.
// They add up, and match the contents of the stores.
func TestImportTheRealList(t *testing.T) {
	t.Parallel()
	const path = "../../../shared/data/dod-chinese-military-companies.csv"
	list, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the real list is not part of the project and is not beside it; nothing was tested")
	}
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		first := importAll(t, newDesk(s), true, files(string(list)))
		want := exchange.CompaniesResult{Rows: 397, Listed: 227, Names: 120, Listings: 397, Relationships: 136,
			Created: 227 + 136 + 1, Published: 227 + 136, Sequence: 227 + 136 + 1,
			SameNames: []exchange.SameName{
				{Document: "entity:avic-chengdu-aircraft-co-ltd", Other: "entity:zhonghang-electronic-measuring-instruments-company-limited",
					Names: []string{"ZEMIC", "Zhonghang Electronic Measuring Instruments Company Limited"}},
				{Document: "entity:cetc-digital-technology-co-ltd", Other: "entity:shanghai-east-china-computer-co-ltd", Names: []string{"Shanghai East China Computer Co., Ltd."}},
				{Document: "entity:cetc-potevio-science-technology-co-ltd", Other: "entity:guangzhou-gci-science-technology-co-ltd", Names: []string{"Guangzhou GCI Science & Technology Co., Ltd."}},
				{Document: "entity:hesai-group", Other: "entity:hesai-technology-co-ltd", Names: []string{"Hesai Technology Co., Ltd."}},
				{Document: "entity:phenix-optical-company-limited", Other: "entity:phoenix-optics-company-limited", Names: []string{"Phoenix Optics Company Limited"}},
				{Document: "entity:shenzhen-dji-technology-co-ltd", Other: "entity:shenzhen-dji-innovation-technology-co-ltd", Names: []string{"DJI"}},
			}}
		if diff := cmp.Diff(want, first, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		wantCounted(t, s, first)
		if got := total(t, s, "listings WHERE until IS NOT NULL"); got != 21 {
			t.Errorf("%d listings have an end, want 21", got)
		}
		before := contents(t, s)
		again := importAll(t, newDesk(s), true, files(string(list)))
		want.Created, want.Unchanged, want.Published, want.Sequence, want.SameNames = 0, want.Created, 0, 0, nil
		if diff := cmp.Diff(want, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("again (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(before, contents(t, s)); diff != "" {
			t.Errorf("the second run changed something (-first +second):\n%s", diff)
		}
		public := domain.WithViewer(t.Context(), domain.Anonymous())
		c := s.Client(public)
		if got := c.Entity.Query().CountX(public); got != first.Listed+first.Parents {
			t.Errorf("live has %d entities, want %d", got, first.Listed+first.Parents)
		}
		if got := c.Relationship.Query().CountX(public); got != first.Relationships {
			t.Errorf("live has %d relationships, want %d", got, first.Relationships)
		}
		if got := c.Source.Query().CountX(public); got != 1 {
			t.Errorf("live has %d sources, want 1", got)
		}
	})
}
