package editorial_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
)

// rowsOf returns the rows of a list of a document on the desk.
func rowsOf(t *testing.T, d *desk, id domain.ID, table string) []*aggregate.Row {
	t.Helper()
	rows, err := aggregate.Load(t.Context(), d.Stores.DeskRows(), id.Type(), []domain.ID{id})
	if err != nil {
		t.Fatal(err)
	}
	return rows[id].Owned[table]
}

// headlines returns the items of an edition with their ids' places in known.
func headlines(t *testing.T, d *desk, edition domain.ID, known map[domain.ID]string) string {
	t.Helper()
	var all []string
	for _, row := range rowsOf(t, d, edition, "edition_items") {
		all = append(all, row.Text("headline")+"="+known[row.ID])
	}
	return strings.Join(all, " ")
}

func (d *desk) row(verb editorial.RowVerb, f fields) (editorial.RowResult, error) {
	return d.SaveRow(d.Ctx, editorial.RowParams{Type: domain.Edition, List: "items", Verb: verb, Fields: f})
}

// Items are changed one at a time, and keep their ids.
func TestSaveRow(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Series("weekly")
		d.Source("register")
		d.Tag("sea")
		item := func(headline string) fields { return fields{"headline": headline, "summary": "S."} }
		edition := d.Edition("one", "weekly", 1, fields{"items": list(item("A"), item("B"), item("C"))})
		known := map[domain.ID]string{}
		ids := map[string]string{}
		for _, row := range rowsOf(t, d, edition, "edition_items") {
			known[row.ID] = strings.ToLower(row.Text("headline"))
			ids[row.Text("headline")] = row.ID.String()
		}
		want := func(want string) {
			t.Helper()
			if got := headlines(t, d, edition, known); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		must := func(verb editorial.RowVerb, f fields) editorial.RowResult {
			t.Helper()
			saved, err := d.row(verb, f)
			if err != nil {
				t.Fatal(err)
			}
			return saved
		}
		saved := must(editorial.UpdateRow, fields{"id": ids["B"], "version": 1, "headline": "B2", "tags": list("sea"), "citations": list(fields{"source": "register"}), "message": "m"})
		if saved.Version != 2 || saved.Row.String() != ids["B"] || !saved.Changed {
			t.Errorf("got %+v, want version 2 of the row", saved)
		}
		want("A=a B2=b C=c")
		if row := rowsOf(t, d, edition, "edition_items")[1]; row.Text("summary") != "S." || len(row.Owned["item_tags"]) != 1 || len(row.Owned["citations"]) != 1 {
			t.Errorf("got %v, want what was given and the rest as it was", row)
		}
		if again := must(editorial.UpdateRow, fields{"id": ids["B"], "headline": "B2"}); again.Changed || again.Version != 2 {
			t.Errorf("the same again: got %+v, want no change", again)
		}
		must(editorial.MoveRow, fields{"id": ids["C"], "before": ids["A"]})
		want("C=c A=a B2=b")
		must(editorial.MoveRow, fields{"id": ids["C"], "after": ids["A"]})
		want("A=a C=c B2=b")
		added := must(editorial.AddRow, fields{"edition": "one", "headline": "D", "summary": "S.", "after": ids["A"]})
		known[added.Row] = "d"
		want("A=a D=d C=c B2=b")
		twin := must(editorial.AddRow, fields{"edition": "one", "headline": "A", "summary": "S."})
		known[twin.Row] = "twin"
		want("A=a D=d C=c B2=b A=twin")
		if gone := must(editorial.RemoveRow, fields{"id": ids["A"]}); gone.Row != 0 {
			t.Errorf("got the row %v of one that was removed", gone.Row)
		}
		want("D=d C=c B2=b A=twin")

		// A whole list keeps the ids of what is the same, and of those that it names.
		d.MustSave(domain.Edition, editorial.Update, fields{"id": "one", "items": list(
			item("A"), fields{"id": ids["C"], "headline": "C2", "summary": "T."}, item("E"), item("D"))})
		want("A=twin C2=c E= D=d")

		// A restored revision brings the ids back.
		if _, err := d.Restore(d.Ctx, editorial.RestoreParams{Document: "edition:one", Revision: 2}); err != nil {
			t.Fatal(err)
		}
		want("A=twin B2=b C=c") // an item that is there with the same content stays
		if n, err := d.Diff(d.Ctx, edition, 2, 3); err != nil || len(n) != 1 || n[0].Path != "items" {
			t.Errorf("moving an item: got the changes %+v, %v, want the order of items", n, err)
		}
	})
}

func TestSaveRowRefuses(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Series("weekly")
		edition := d.Edition("one", "weekly", 1, fields{"items": list(fields{"headline": "A", "summary": "S."}, fields{"headline": "B", "summary": "S."})})
		other := d.Edition("two", "weekly", 2)
		id := rowsOf(t, d, edition, "edition_items")[1].ID.String()
		foreign := rowsOf(t, d, other, "edition_items")[0].ID.String()
		unknown := domain.NewID(domain.Row, d.Clock.Now()).String()
		for _, test := range []struct {
			name string
			verb editorial.RowVerb
			f    fields
			want string // the kind, or the paths
		}{
			{"NoID", editorial.UpdateRow, fields{"headline": "X"}, "id"},
			{"AnotherKindOfID", editorial.UpdateRow, fields{"id": edition.String()}, "id"},
			{"UnknownRow", editorial.UpdateRow, fields{"id": unknown, "headline": "X"}, "NOT_FOUND"},
			{"UnknownDocument", editorial.AddRow, fields{"edition": "none", "headline": "X", "summary": "S."}, "NOT_FOUND"},
			{"StaleVersion", editorial.UpdateRow, fields{"id": id, "version": 7, "headline": "X"}, "CONFLICT"},
			{"EveryFieldAtOnce", editorial.UpdateRow, fields{"id": id, "headline": nil, "occurredOn": "soon", "tags": list("none"), "summary": "[[nobody]]",
				"citations": list(fields{"locator": "p. 1"}), "colour": "red"}, "citations[0].source colour headline occurredOn summary tags[0]"},
			{"AddWithoutWhatIsRequired", editorial.AddRow, fields{"edition": "one"}, "headline summary"},
			{"BeforeAndAfter", editorial.MoveRow, fields{"id": id, "before": id, "after": id}, "after"},
			{"BeforeNothing", editorial.MoveRow, fields{"id": id}, "before"},
			{"BeforeItself", editorial.MoveRow, fields{"id": id, "before": id}, "before"},
			{"BeforeOneOfAnotherEdition", editorial.MoveRow, fields{"id": id, "before": foreign}, "before"},
			{"TwiceTheSameTag", editorial.UpdateRow, fields{"id": id, "tags": list("sea", "sea")}, "tags[1]"},
		} {
			if test.name == "TwiceTheSameTag" {
				d.Tag("sea")
			}
			_, err := d.row(test.verb, test.f)
			if kind := map[string]domain.Kind{"NOT_FOUND": domain.KindNotFound, "CONFLICT": domain.KindConflict}[test.want]; kind != 0 {
				if domain.KindOf(err) != kind {
					t.Errorf("%s: got %v, want %s", test.name, err, test.want)
				}
				continue
			}
			t.Run(test.name, func(t *testing.T) { editorialtest.WantFields(t, err, strings.Fields(test.want)...) })
		}
		for _, items := range [][]any{
			list(fields{"id": foreign, "headline": "A", "summary": "S."}),
			list(fields{"id": id, "headline": "A", "summary": "S."}, fields{"id": id, "headline": "B", "summary": "S."}),
			list(fields{"id": "one", "headline": "A", "summary": "S."}),
		} {
			_, err := d.Save(d.Ctx, editorial.SaveParams{Type: domain.Edition, Mode: editorial.Update, Fields: fields{"id": "one", "items": items}})
			editorialtest.WantFields(t, err, fmt.Sprintf("items[%d].id", len(items)-1))
		}
		partner := editorialtest.As(t.Context(), domain.Partner)
		if _, err := d.SaveRow(partner, editorial.RowParams{Type: domain.Edition, List: "items", Verb: editorial.RemoveRow, Fields: fields{"id": id}}); domain.KindOf(err) != domain.KindForbidden {
			t.Errorf("a partner: got %v, want KindForbidden", err)
		}
		if got := len(rowsOf(t, d, edition, "edition_items")); got != 2 {
			t.Errorf("got %d items after refusals, want 2", got)
		}
	})
}

// Observations and listings are changed in the same way, and a single source may be given
// short.
func TestSaveRowOfOtherLists(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Source("register")
		narrative := d.MustSave(domain.Narrative, editorial.Create, fields{"slug": "dam", "title": "The dam", "claim": "C.", "status": "ACTIVE"}).ID
		entity := d.Entity("acme")
		for _, test := range []struct {
			doc         domain.Type
			id          domain.ID
			list, table string
			add, update fields
			column      string
		}{
			{domain.Narrative, narrative, "observations", "observations", fields{"narrative": "dam", "observedOn": "2026-01-02", "description": "Seen.", "source": "register"},
				fields{"language": "en"}, "language"},
			{domain.Entity, entity, "listings", "listings", fields{"entity": "acme", "authority": "Office", "source": "register"}, fields{"programme": "P1"}, "programme"},
		} {
			save := func(verb editorial.RowVerb, f fields) editorial.RowResult {
				t.Helper()
				saved, err := d.SaveRow(d.Ctx, editorial.RowParams{Type: test.doc, List: test.list, Verb: verb, Fields: f})
				if err != nil {
					t.Fatal(err)
				}
				return saved
			}
			added := save(editorial.AddRow, test.add)
			test.update["id"] = added.Row.String()
			if updated := save(editorial.UpdateRow, test.update); updated.Row != added.Row {
				t.Errorf("%s: got the row %v, want %v", test.list, updated.Row, added.Row)
			}
			rows := rowsOf(t, d, test.id, test.table)
			if len(rows) != 1 || rows[0].Text(test.column) == "" || len(rows[0].Owned["citations"]) != 1 {
				t.Errorf("%s: got %v, want one row with what was added and changed", test.list, rows)
			}
			save(editorial.RemoveRow, fields{"id": added.Row.String()})
			if rows := rowsOf(t, d, test.id, test.table); len(rows) != 0 {
				t.Errorf("%s: got %v after it was removed", test.list, rows)
			}
		}
	})
}
