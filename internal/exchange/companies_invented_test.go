package exchange_test

import (
	"bytes"
	"encoding/csv"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A list of 50 rows in the form of the real one, with invented companies. Every clone
// has it, so it is tested where the real list of TestImportTheRealList is missing.
func TestImportAnInventedList(t *testing.T) {
	t.Parallel()
	list, err := os.ReadFile("testdata/invented-list.csv")
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		first := importAll(t, newDesk(s), true, files(string(list)))
		// 29 names, once spellings are merged, in 17 different pairs with a parent, one of
		// which is a company with itself; one row repeats the start of another.
		want := exchange.CompaniesResult{Rows: 50, Listed: 29, Parents: 2, Names: 29, Listings: 49, Repeats: 1, Relationships: 16,
			Created: 29 + 2 + 16 + 1, Published: 29 + 2 + 16, Sequence: 29 + 2 + 16 + 1,
			Notes: []exchange.RowMessage{{Places: []exchange.Place{{Line: 40}},
				Message: `"Tern Shipyard No. 5" is named as its own parent: no relationship was made of it`}},
			SameNames: []exchange.SameName{
				{Document: "entity:quayside-dredging-co-ltd", Other: "entity:lantern-dredging-technology-co-ltd", Names: []string{"Quayside Dredging Co., Ltd."}},
				{Document: "entity:pale-orchard-life-sciences", Other: "entity:pale-orchard-genomics-co-ltd", Names: []string{"POG"}},
			}}
		if diff := cmp.Diff(want, first, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		wantCounted(t, s, first)
		if got := total(t, s, "listings WHERE until IS NOT NULL"); got != 5 {
			t.Errorf("%d listings have an end, want 5", got)
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

		shuffled := importAll(t, newDesk(s), true, files(shuffle(t, list)))
		if shuffled.Created+shuffled.Changed+shuffled.Published != 0 {
			t.Errorf("the same rows in another order changed something: got %+v", shuffled)
		}
		if diff := cmp.Diff(before, contents(t, s)); diff != "" {
			t.Errorf("the same rows in another order changed something (-first +shuffled):\n%s", diff)
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

// An empty desk gets the same documents from the rows in any order.
func TestTheOrderOfTheInventedListDoesNotMatter(t *testing.T) {
	t.Parallel()
	list, err := os.ReadFile("testdata/invented-list.csv")
	if err != nil {
		t.Fatal(err)
	}
	inOrder, shuffled := storetest.SQLite(t), storetest.SQLite(t)
	importAll(t, newDesk(inOrder), true, files(string(list)))
	importAll(t, newDesk(shuffled), true, files(shuffle(t, list)))
	if diff := cmp.Diff(contents(t, inOrder), contents(t, shuffled)); diff != "" {
		t.Errorf("(-in order +shuffled):\n%s", diff)
	}
}

// shuffle returns the list with its rows in another order, always the same one.
func shuffle(t *testing.T, list []byte) string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(list)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 51 {
		t.Fatalf("the list has %d lines, want a header and 50 rows", len(rows))
	}
	rows, header := rows[1:], rows[0]
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	var out bytes.Buffer
	if err := csv.NewWriter(&out).WriteAll(append([][]string{header}, rows...)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
