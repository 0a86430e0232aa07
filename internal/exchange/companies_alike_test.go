package exchange_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/exchange"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// If a company has a name of another entity, as its name or among its other names, the
// run that writes the name returns the pair. The two are not merged.
func TestImportReportsEntitiesOfTheSameName(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		o := newSharedDesk(t, s)
		create := func(slug, name, kind string, others ...any) {
			o.save(domain.Entity, editorial.Create, map[string]any{"slug": slug, "name": name, "kind": kind, "names": others})
		}
		other := func(text, kind string) any { return map[string]any{"text": text, "kind": kind} }
		create("cranes", "Cranes", "COMPANY", other("Harbour Cranes", "ALIAS"))
		create("nets", "Sea Nets", "COMPANY")
		create("ropes", "Ropes", "COMPANY", other("Old Ropes", "FORMER"), other("RO", "ABBREVIATION"))
		create("gone", "Gone", "COMPANY", other("Harbour Cranes", "ALIAS"))
		if _, err := o.Delete(o.ctx, editorial.DeleteParams{Type: domain.Entity, ID: "gone"}); err != nil {
			t.Fatal(err)
		}
		create("buoys", "Buoys", "ORGANIZATION", other("Harbour Buoys", "ALIAS"))
		rows := []string{
			"HARBOUR CRANES", "Fishing,SEA  NETS;New", "Old Ropes,RO,RO Holding", "Harbour Buoys", "RO Holding,Fishing", "Alone,Own",
		}
		want := []exchange.SameName{
			{Document: "entity:harbour-cranes", Other: "entity:cranes", Names: []string{"HARBOUR CRANES"}},
			{Document: "entity:fishing", Other: "entity:nets", Names: []string{"SEA NETS"}},
			{Document: "entity:old-ropes", Other: "entity:ropes", Names: []string{"Old Ropes", "RO"}},
			{Document: "entity:ro-holding", Other: "entity:fishing", Names: []string{"Fishing"}},
		}
		got := o.run(false, rows...)
		if diff := cmp.Diff(want, got.SameNames); diff != "" || got.Created != 8 || len(got.Problems)+len(got.Notes) != 0 {
			t.Errorf("got %+v\n(-want +got):\n%s", got, diff)
		}
		if again := o.run(false, rows...); len(again.SameNames) != 0 || again.Changed+again.Created != 0 {
			t.Errorf("again: got %+v", again)
		}
		// For an existing document, only pairs of new names are returned.
		rows[2], rows[5] = "Old Ropes,RO,RO Holding,2022-02-02", "Alone,Own;sea nets"
		want = []exchange.SameName{
			{Document: "entity:alone", Other: "entity:nets", Names: []string{"sea nets"}},
			{Document: "entity:alone", Other: "entity:fishing", Names: []string{"sea nets"}},
		}
		if later := o.run(false, rows...); !cmp.Equal(later.SameNames, want) || later.Changed != 2 {
			t.Errorf("later: got %+v\nwant %v", later, want)
		}
		// After a merge, the import finds the merged entity.
		if _, err := o.MergeEntities(o.ctx, editorial.MergeParams{From: []string{"harbour-cranes"}, Into: "cranes"}); err != nil {
			t.Fatal(err)
		}
		if merged := o.run(false, rows...); merged.Created+merged.Changed+len(merged.SameNames)+len(merged.Problems) != 0 {
			t.Errorf("after a merge: got %+v", merged)
		}
	})
}

// A company that the list names as its own parent, under any of its names, gets no
// relationship, and a note with its lines.
func TestImportNotesACompanyThatIsItsOwnParent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		list := asCSV([][]string{
			{"Harbour Cranes", "HC", "", "HARBOUR CRANES", "", "2021-01-01", "", ""}, {"Nets", "", "", "Sea", "", "", "", ""},
			{"Harbour Cranes", "", "", "HC", "", "2022-01-01", "", ""}, {"Ropes", "", "", "Ropes (R)", "", "", "", ""},
		})
		out := importAll(t, newDesk(s), true, files(list))
		wantCounted(t, s, out)
		want := []string{
			`[2 4]: "Harbour Cranes" is named as its own parent: no relationship was made of it`,
			`[5]: "Ropes" is named as its own parent: no relationship was made of it`,
		}
		if got := bad(out.Notes); !slices.Equal(got, want) || out.Relationships != 1 || out.Imported() != 4 || len(out.Problems) != 0 {
			t.Errorf("got %+v", out)
		}
	})
}

// A company that an editor merged with its parent gets no relationship either, and a
// note.
func TestImportNotesACompanyThatWasMergedWithItsParent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		o := newSharedDesk(t, s)
		o.run(true, "Sea Holding", "Harbour Cranes,,Sea Holding")
		if _, err := o.MergeEntities(o.ctx, editorial.MergeParams{From: []string{"harbour-cranes"}, Into: "sea-holding"}); err != nil {
			t.Fatal(err)
		}
		got := o.run(true, "Sea Holding", "Harbour Cranes,,Sea Holding")
		if said := strings.Join(bad(got.Notes), "\n"); said != `[3]: "Harbour Cranes" and its parent "Sea Holding" are one document by now: no relationship was made of it` || len(got.Problems) != 0 {
			t.Errorf("got %+v", got)
		}
	})
}
