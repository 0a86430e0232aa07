package exchange_test

import (
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/exchange"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// contents returns the documents of the desk as JSON, by name: all fields that can be
// written, with slugs for ids; and whether each is live.
func contents(t testing.TB, s *store.Stores) map[string]string {
	t.Helper()
	ctx := domain.AsSystem(t.Context(), "test")
	desk := newDesk(s)
	var documents []*editorial.StoredDocument
	slugs := []string{}
	for doc, table := range map[domain.Type]string{domain.Entity: "entities", domain.Relationship: "relationships", domain.Source: "sources"} {
		rows, err := s.DeskRows().Query(ctx, "SELECT slug FROM "+table+" WHERE deleted_at IS NULL")
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for rows.Next() {
			var slug sql.NullString
			if err := rows.Scan(&slug); err != nil {
				t.Fatal(err)
			}
			names = append(names, slug.String)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			stored, err := desk.Find(ctx, doc, name)
			if err != nil || stored == nil {
				t.Fatalf("%s:%s: got %v, %v", doc, name, stored, err)
			}
			documents = append(documents, stored)
			slugs = append(slugs, stored.ID.String(), stored.Slug)
		}
	}
	out := map[string]string{}
	for _, d := range documents {
		text, err := json.Marshal(d.Fields)
		if err != nil {
			t.Fatal(err)
		}
		out[d.Name()] = fmt.Sprint(strings.NewReplacer(slugs...).Replace(string(text)), " live: ", !d.IsPending())
	}
	return out
}

// total returns how many documents or rows of a kind the desk has.
func total(t testing.TB, s *store.Stores, what string) (n int) {
	t.Helper()
	rows, err := s.DeskRows().Query(t.Context(), "SELECT COUNT(*) FROM "+what)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // it is at its end
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// wantCounted compares the numbers in the result of an import into an empty desk with
// the contents of the desk.
func wantCounted(t testing.TB, s *store.Stores, got exchange.CompaniesResult) {
	t.Helper()
	for _, c := range []struct {
		what  string
		table string
		got   int
	}{
		{"companies and parents", "entities", got.Listed + got.Parents},
		{"other names", "entity_names", got.Names},
		{"listings", "listings", got.Listings},
		{"relationships", "relationships", got.Relationships},
	} {
		if n := total(t, s, c.table); n != c.got {
			t.Errorf("the import counted %d %s, and the desk holds %d", c.got, c.what, n)
		}
	}
	documents := total(t, s, "entities") + total(t, s, "relationships") + total(t, s, "sources")
	if got.Created+got.Changed+got.Unchanged != documents {
		t.Errorf("the import counted %d + %d + %d documents, and the desk holds %d", got.Created, got.Changed, got.Unchanged, documents)
	}
	if got.Listings+got.Repeats != got.Imported() || got.Imported()+got.BadRows+got.FilteredOut != got.Rows {
		t.Errorf("the sums do not add up: %+v", got)
	}
}

// asCSV returns a file of rows of "name,alias,former,parent,note,start,end,url".
func asCSV(rows [][]string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"Clean Name", "Alias", "Previous Name", "Parent Name", "Note", "Start date", "End date", "Source Url"})
	_ = w.WriteAll(rows)
	return b.String()
}

func importAll(t testing.TB, desk exchange.Desk, publish bool, files []exchange.File) exchange.CompaniesResult {
	t.Helper()
	with := params
	with.Publish = publish
	out, err := exchange.ImportCompanies(domain.AsSystem(t.Context(), "import"), desk, files, with)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// rowsOf draws the rows of a list with many similar values.
func rowsOf(t *rapid.T) [][]string {
	names := []string{"ОАО Завод 9", "ПАО Фабрика 9", "บริษัท ดี จำกัด", "บริษัท ดู จำกัด", "Café", "CAFE", "Cafe", "A.B. Cranes", "AB Cranes",
		"AB CRANES", "Harbour Cranes Co., Ltd.", "HARBOUR CRANES CO LTD", "中国第一", "中国第二", strings.Repeat("Long ", 18) + "A", strings.Repeat("Long ", 18) + "B"}
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	rows := make([][]string, rapid.IntRange(2, 8).Draw(t, "rows"))
	for i := range rows {
		start := pick("start", "", "2021-01-01", "2022-02-02")
		end := pick("end", "", "2023-03-03", "2024-04-04")
		rows[i] = []string{pick("name", names...), pick("alias", "", "HC", "H.C.", "Hc; Old", "Zed"), pick("former", "", "Old", "OLD", "hc"),
			pick("parent", "", names[0], names[4], names[10], "Sea Holding", "SEA HOLDING"), pick("note", "", "why", "because"), start, end,
			pick("url", "", "https://example.org/list")}
	}
	return rows
}

// The same rows in any order, and in files that are read together or one after the
// other, give the same documents. (That holds for parents that are spelled as
// companies are: others are looked up among the names in their file.)
func TestTheOrderOfAListDoesNotMatter(t *testing.T) {
	t.Parallel()
	checks, most := 0, 25
	if testing.Short() {
		most = 5
	}
	rapid.Check(t, func(r *rapid.T) {
		if checks++; checks > most {
			return // three desks take their time
		}
		rows := rowsOf(r)
		shuffled := rapid.Permutation(rows).Draw(r, "shuffled")
		cut := rapid.IntRange(0, len(rows)).Draw(r, "cut")
		parts := files(asCSV(shuffled[:cut]), asCSV(shuffled[cut:]))

		first, together, apart := storetest.SQLite(t), storetest.SQLite(t), storetest.SQLite(t)
		out := importAll(t, newDesk(first), true, files(asCSV(rows)))
		wantCounted(t, first, out)
		importAll(t, newDesk(together), true, parts)
		importAll(t, newDesk(apart), true, files(asCSV(shuffled[:cut])))
		importAll(t, newDesk(apart), true, files(asCSV(shuffled[cut:])))
		want := contents(t, first)
		if diff := cmp.Diff(want, contents(t, together)); diff != "" {
			r.Fatalf("in files that are read together (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, contents(t, apart)); diff != "" {
			r.Fatalf("in files one after the other (-want +got):\n%s", diff)
		}
		again := importAll(t, newDesk(apart), true, files(asCSV(rows)))
		if again.Created+again.Changed+again.Published != 0 {
			r.Fatalf("again: got %+v", again)
		}
	})
}

// Similar names are two companies each, on PostgreSQL too.
func TestCompaniesThatAreAlike(t *testing.T) {
	t.Parallel()
	rows := [][]string{
		{"ОАО Завод 9", "", "", "", "", "2021-01-01", "", ""}, {"ПАО Фабрика 9", "", "", "ОАО Завод 9", "", "2021-01-01", "", ""},
		{"บริษัท ดี จำกัด", "", "", "", "", "", "", ""}, {"บริษัท ดู จำกัด", "", "", "", "", "", "", ""},
		{"Café", "", "", "", "", "", "", ""}, {"Cafe", "", "", "", "", "", "", ""},
	}
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		out := importAll(t, newDesk(s), true, files(asCSV(rows)))
		wantCounted(t, s, out)
		want := contents(t, s)
		if out.Listed != 6 || out.Listings != 6 || out.Relationships != 1 || len(want) != 8 {
			t.Errorf("got %+v, and %d documents", out, len(want))
		}
		slices.Reverse(rows)
		for i, row := range rows {
			if again := importAll(t, newDesk(s), true, files(asCSV(rows[i:i+1]))); again.Changed+again.Created != 0 {
				t.Errorf("%s again: got %+v", row[0], again)
			}
		}
		if diff := cmp.Diff(want, contents(t, s)); diff != "" {
			t.Errorf("again (-want +got):\n%s", diff)
		}
	})
}

// A document with the name is found by a slug that an editor or an older version of
// the program gave it.
func TestImportFindsADocumentByAnotherSlug(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)
	o := newSharedDesk(t, s)
	o.save(domain.Entity, editorial.Create, map[string]any{"slug": "9", "name": "ОАО Завод 9", "kind": "COMPANY"})
	o.save(domain.Entity, editorial.Create, map[string]any{"slug": "73df8f83", "name": "中国第一", "kind": "COMPANY"})
	o.save(domain.Entity, editorial.Create, map[string]any{"slug": "fiji", "name": "Fiji", "kind": "COUNTRY"})
	o.save(domain.Entity, editorial.Create, map[string]any{"slug": "sea-holding", "name": "Sea Holding", "kind": "COMPANY"})
	o.save(domain.Relationship, editorial.Create, map[string]any{"slug": "9-subsidiary-of-sea-holding", "from": "9", "to": "sea-holding", "kind": "SUBSIDIARY_OF", "confidence": "CONFIRMED"})
	out := importAll(t, o, false, files(asCSV([][]string{
		{"ОАО Завод 9", "", "", "Sea Holding", "", "", "", ""}, {"ПАО Фабрика 9", "", "", "", "", "", "", ""}, {"中国第一", "", "", "", "", "", "", ""}, {"Fiji", "", "", "", "", "", "", ""}})))
	if out.Changed != 2 || out.Created != 2 || out.Unchanged != 2 || out.Relationships != 1 || len(o.stored(domain.Entity, "9").Fields["listings"].([]any)) != 1 {
		t.Errorf("got %+v", out)
	}
	if len(out.Problems) != 1 || !strings.Contains(out.Problems[0].Message, "entity:fiji is a COUNTRY, not a company") || out.BadRows != 1 || out.Imported() != 3 {
		t.Errorf("a company that is called as a country: got %+v", out)
	}
}

// Rows of one company with the same start are one listing, with a citation for each.
func TestRowsWithTheSameStart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		rows := [][]string{
			{"Cranes", "", "", "", "why", "", "", ""}, {"Cranes", "", "", "", "", "", "", ""}, {"CRANES", "", "", "", "because", "", "", "https://example.org"},
			{"Cranes", "", "", "", "why", "2021-01-01", "2022-01-01", ""}, {"Cranes", "", "", "", "", "2021-01-01", "2023-01-01", ""},
		}
		out := importAll(t, newDesk(s), true, files(asCSV(rows)))
		wantCounted(t, s, out)
		if out.Rows != 5 || out.Listings != 2 || out.Repeats != 3 {
			t.Errorf("got %+v", out)
		}
		if len(out.Notes) != 1 || out.Notes[0].Places[0].Line != 6 || !strings.Contains(out.Notes[0].Message, "ends 2023-01-01 here and 2022-01-01 elsewhere: 2023-01-01 is stored") {
			t.Errorf("notes: %+v", out.Notes)
		}
		want := map[string]string{
			"source:invented-list": `{"publisher":"Listing Office","title":"Invented list"}`,
			"entity:cranes": `{"kind":"COMPANY","listings":[` +
				`{"authority":"Listing Office","citations":[{"quote":"why","source":"invented-list"},{"locator":"https://example.org","quote":"because","source":"invented-list"}],"programme":"Invented list"},` +
				`{"authority":"Listing Office","citations":[{"quote":"why","source":"invented-list"}],"programme":"Invented list","since":"2021-01-01","until":"2023-01-01"}],"name":"Cranes"}`,
		}
		got := contents(t, s)
		for name, text := range want {
			if compact(got[name]) != text {
				t.Errorf("%s: got %s\nwant %s", name, compact(got[name]), text)
			}
		}
	})
}

// compact removes the empty fields from a document of [contents].
func compact(text string) string {
	text, _, _ = strings.Cut(text, " live: ")
	var v map[string]any
	_ = json.Unmarshal([]byte(text), &v)
	out, _ := json.Marshal(without(v))
	return string(out)
}

func without(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if e = without(e); e == nil || k == "slug" || k == "marking" {
				delete(v, k)
			} else {
				v[k] = e
			}
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		for i := range v {
			v[i] = without(v[i])
		}
	}
	return v
}

// failingDesk is a desk whose writes fail after a number of them.
type failingDesk struct {
	*editorial.Desk
	writes int
}

var errStopped = errors.New("stopped")

func (d *failingDesk) Save(ctx context.Context, p editorial.SaveParams) (editorial.SaveResult, error) {
	if d.writes--; d.writes < 0 {
		return editorial.SaveResult{}, errStopped
	}
	return d.Desk.Save(ctx, p)
}

func (d *failingDesk) Release(ctx context.Context, p editorial.ReleaseParams) (editorial.ReleaseResult, error) {
	if d.writes--; d.writes < 0 {
		return editorial.ReleaseResult{}, errStopped
	}
	return d.Desk.Release(ctx, p)
}

// An import that stops after any of its writes, and runs again, gives the same as one
// run: drafts that the first run left are published too.
func TestAnImportThatIsStopped(t *testing.T) {
	t.Parallel()
	list := asCSV([][]string{
		{"Cranes", "HC", "Old", "Sea Holding", "why", "2021-01-01", "", ""}, {"CRANES", "", "", "", "", "2022-01-01", "", ""}, {"中国第一", "", "", "Cranes", "", "", "", ""}})
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		importAll(t, newDesk(s), true, files(list))
	})
	whole := storetest.SQLite(t)
	importAll(t, newDesk(whole), true, files(list))
	want := contents(t, whole)
	for writes := range 7 {
		s := storetest.SQLite(t)
		with := params
		with.Publish = true
		_, err := exchange.ImportCompanies(domain.AsSystem(t.Context(), "import"), &failingDesk{newDesk(s), writes}, files(list), with)
		if !errors.Is(err, errStopped) {
			t.Fatalf("after %d writes: got %v", writes, err)
		}
		out := importAll(t, newDesk(s), true, files(list))
		if diff := cmp.Diff(want, contents(t, s)); diff != "" || out.Published != 5 || len(out.Unpublished) != 0 {
			t.Errorf("after %d writes: got %+v (-want +got):\n%s", writes, out, diff)
		}
	}
}

// A dry run returns the same result as a real one, and stores nothing.
func TestADryRun(t *testing.T) {
	t.Parallel()
	rows := [][]string{
		{"Cranes", "HC; Old", "Old", "Sea Holding", "why", "2021-01-01", "", ""}, {"CRANES", "", "", "", "", "2022-01-01", "", ""},
		{"中国第一", "", "", "Cranes", "", "", "", ""}, {strings.Repeat("long ", 70), "", "", "Cranes", "", "", "", ""}, {"", "", "", "", "", "", "", ""},
		{"Nets", "", "", strings.Repeat("long ", 69), "", "x", "", ""}, {"Nets", "", "", strings.Repeat("long ", 69), "", "", "", ""}, {"Edited", "E", "", "", "", "", "", ""},
	}
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		o := newSharedDesk(t, s)
		o.save(domain.Entity, editorial.Create, map[string]any{"slug": "edited", "name": "Edited", "kind": "COMPANY"})
		for _, list := range []string{asCSV(rows), asCSV(rows), asCSV(append(rows, []string{"Cranes", "New", "", "Nets", "", "2023-01-01", "", ""}))} {
			before := contents(t, s)
			var dry exchange.CompaniesResult
			err := o.DryRun(o.system, editorial.TransactionParams{Name: "import"}, func(ctx context.Context) (err error) {
				with := params
				with.Publish = true
				dry, err = exchange.ImportCompanies(ctx, o.Desk, files(list), with)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, contents(t, s)); diff != "" {
				t.Errorf("the dry run stored something (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(dry, importAll(t, o.Desk, true, files(list))); diff != "" {
				t.Errorf("the true run says something else (-dry +true):\n%s", diff)
			}
		}
	})
}
