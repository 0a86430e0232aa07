package editorial_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

func TestRestore(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Tag("sea")
		id := d.Report("cranes", fields{"title": "First", "tags": list("sea")})
		d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "title": "Second", "tags": list(), "slug": "lifts"})
		saved, err := d.Restore(d.Ctx, editorial.RestoreParams{Document: "report:lifts", Revision: 1})
		if err != nil || saved.Version != 3 {
			t.Fatalf("got %+v, %v; want version 3", saved, err)
		}
		changes, err := d.Diff(d.Ctx, id, 1, 3)
		if err != nil || len(changes) != 1 || changes[0].Path != "slug" {
			t.Errorf("restored, it differs in %v (%v), want only the slug, which stays", changes, err)
		}
		if _, err := d.Restore(d.Ctx, editorial.RestoreParams{Document: "report:lifts", Revision: 9}); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("a revision that is not there: got %v", err)
		}
		if _, err := d.Restore(d.Ctx, editorial.RestoreParams{Document: "report:lifts", Revision: 1, Version: ptr(2)}); !errors.Is(err, domain.ErrConflict) {
			t.Errorf("a stale version: got %v", err)
		}
	})
}

func TestRestoreSaysWhatIsGone(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Tag("sea")
		d.Tag("land")
		d.Source("register")
		d.Report("cranes", fields{"tags": list("land", "sea"), "body": "x[^1] y[^2]\n\n[^1]: [@register]\n[^2]: [@register]"})
		d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "tags": list(), "body": "x"})
		d.MustSave(domain.Tag, editorial.Create, fields{"slug": "bay", "label": "Bay", "vocabulary": "TOPIC", "parent": "sea"})
		d.MustSave(domain.Tag, editorial.Update, fields{"id": "bay", "parent": nil})
		d.Series("w")
		d.MustSave(domain.Edition, editorial.Create, fields{"slug": "one", "series": "w", "number": 1, "title": "T", "language": "en",
			"items": list(fields{"headline": "H", "summary": "S.", "tags": list("sea"), "citations": list(fields{"source": "register"})})})
		d.MustSave(domain.Edition, editorial.Update, fields{"id": "one", "items": list()})
		for slug, doc := range map[string]domain.Type{"sea": domain.Tag, "register": domain.Source} {
			if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: doc, ID: slug}); err != nil {
				t.Fatal(err)
			}
		}
		for name, paths := range map[string][]string{
			"report:cranes": {"body", "body", "body", "tags[1]"}, "tag:bay": {"parent"}, "edition:one": {"items[0].citations[0].source", "items[0].tags[0]"},
		} {
			_, err := d.Restore(d.Ctx, editorial.RestoreParams{Document: name, Revision: 1})
			wantFields(t, err, paths...)
		}
	})
}

func TestDiff(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Source("list")
		names := func(texts ...string) []any {
			var out []any
			for _, text := range texts {
				out = append(out, fields{"text": text, "kind": "ALIAS"})
			}
			return out
		}
		id := d.Entity("acme", fields{"names": names("A", "B", "C"), "listings": list(fields{"authority": "X", "source": "list"})})
		d.MustSave(domain.Entity, editorial.Update, fields{"id": "acme", "names": names("B", "A", "D", "E"), "country": "JP",
			"listings": list(fields{"authority": "Y", "source": "list"})})
		changes, err := d.Diff(d.Ctx, id, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range changes {
			got = append(got, c.Path)
		}
		d.MustSave(domain.Entity, editorial.Update, fields{"id": "acme", "marking": "AMBER"})
		marked, err := d.Diff(d.Ctx, id, 2, 3)
		if err != nil || len(marked) != 1 || marked[0].Before != "CLEAR" || marked[0].After != "AMBER" {
			t.Errorf("got %v, %v; want the marking by its names", marked, err)
		}
		if want := "country listings[0].authority names names[2].text names[3]"; strings.Join(got, " ") != want {
			t.Errorf("got %v, want %s", changes, want)
		}
		live, err := d.LiveDiff(d.Ctx, id)
		if err != nil || len(live) < 5 {
			t.Errorf("a document that is not live differs from nothing in %v (%v)", live, err)
		}
		d.MustPublish("entity:acme")
		if live, err = d.LiveDiff(d.Ctx, id); err != nil || len(live) != 0 {
			t.Errorf("published, it differs from live in %v (%v)", live, err)
		}
	})
}

func TestDerivedRowsAreShownByTheirNames(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("acme")
		id := d.Report("cranes", fields{"body": "[[acme]][^1]\n\n[^1]: Note."})
		changes, err := d.LiveDiff(d.Ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		shown := map[string]bool{}
		for _, c := range changes {
			shown[c.Path] = true
		}
		if !shown["mentions[0]"] || !shown["footnotes[0]"] {
			t.Errorf("got %v", changes)
		}
	})
}

func TestSnapshotsAreTheSameOnBothEnginesAndStayReadable(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		raw, err := os.ReadFile("testdata/snapshot-1.json")
		if err != nil {
			t.Fatal(err)
		}
		snap, err := aggregate.DecodeSnapshot(raw)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Replace(strings.TrimSpace(string(raw)), `{"schema":1,`, `{"schema":3,`, 1)
		if got := string(snap.Encode()); got != want {
			t.Errorf("decoded and encoded again, the stored snapshot is\n%s", got)
		}
		d.Source("list")
		d.Tag("sea")
		d.Entity("acme", fields{"tags": list("sea"), "names": list(fields{"text": "<A & B>", "kind": "ALIAS", "language": "ZH-hans"}),
			"listings": list(fields{"authority": "X", "citations": list(fields{"source": "list", "quote": "“q”\nr"})})})
		d.Entity("zeta")
		d.Relationship("acme", "zeta", fields{"kind": "OWNS", "share": 33.4, "citations": list(fields{"source": "list"})})
		d.Report("cranes", fields{"keyFindings": list("a", "b"), "body": "# H\n\nx [[acme]][^1]\n\n[^1]: [@list]"})
		d.MustSave(domain.Entity, editorial.Update, fields{"id": "acme", "slug": "acme-2", "names": list()})
		d.WantTablesAsRevised()
	})
}
