package content_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/ent/db/revision"
	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
)

func TestRestore(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.tag("sea")
		id := d.report("cranes", fields{"title": "First", "tags": list("sea")})
		d.save(domain.Report, content.Update, fields{"id": "cranes", "title": "Second", "tags": list(), "slug": "lifts"})
		saved, err := d.Restore(d.ctx, content.RestoreParams{Document: "report:lifts", Revision: 1})
		if err != nil || saved.Version != 3 {
			t.Fatalf("got %+v, %v; want version 3", saved, err)
		}
		changes, err := d.Diff(d.ctx, id, 1, 3)
		if err != nil || len(changes) != 1 || changes[0].Path != "slug" {
			t.Errorf("restored, it differs in %v (%v), want only the slug, which stays", changes, err)
		}
		if _, err := d.Restore(d.ctx, content.RestoreParams{Document: "report:lifts", Revision: 9}); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("a revision that is not there: got %v", err)
		}
		if _, err := d.Restore(d.ctx, content.RestoreParams{Document: "report:lifts", Revision: 1, Version: ptr(2)}); !errors.Is(err, domain.ErrConflict) {
			t.Errorf("a stale version: got %v", err)
		}
	})
}

func TestRestoreSaysWhatIsGone(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.tag("sea")
		d.tag("land")
		d.source("register")
		d.report("cranes", fields{"tags": list("land", "sea"), "body": "x[^1] y[^2]\n\n[^1]: [@register]\n[^2]: [@register]"})
		d.save(domain.Report, content.Update, fields{"id": "cranes", "tags": list(), "body": "x"})
		d.save(domain.Tag, content.Create, fields{"slug": "bay", "label": "Bay", "vocabulary": "TOPIC", "parent": "sea"})
		d.save(domain.Tag, content.Update, fields{"id": "bay", "parent": nil})
		d.save(domain.Edition, content.Create, fields{"slug": "one", "series": "W", "number": 1, "title": "T", "language": "en",
			"items": list(fields{"headline": "H", "summary": "S.", "tags": list("sea"), "citations": list(fields{"source": "register"})})})
		d.save(domain.Edition, content.Update, fields{"id": "one", "items": list()})
		for slug, doc := range map[string]domain.Type{"sea": domain.Tag, "register": domain.Source} {
			if _, err := d.Delete(d.ctx, content.DeleteParams{Type: doc, ID: slug}); err != nil {
				t.Fatal(err)
			}
		}
		for name, paths := range map[string][]string{
			"report:cranes": {"body", "body", "body", "tags[1]"}, "tag:bay": {"parent"}, "edition:one": {"items[0].citations[0].source", "items[0].tags[0]"},
		} {
			_, err := d.Restore(d.ctx, content.RestoreParams{Document: name, Revision: 1})
			wantFields(t, err, paths...)
		}
	})
}

func TestDiff(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.source("list")
		names := func(texts ...string) []any {
			var out []any
			for _, text := range texts {
				out = append(out, fields{"text": text, "kind": "ALIAS"})
			}
			return out
		}
		id := d.entity("acme", fields{"names": names("A", "B", "C"), "listings": list(fields{"authority": "X", "source": "list"})})
		d.save(domain.Entity, content.Update, fields{"id": "acme", "names": names("B", "A", "D", "E"), "country": "JP",
			"listings": list(fields{"authority": "Y", "source": "list"})})
		changes, err := d.Diff(d.ctx, id, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range changes {
			got = append(got, c.Path)
		}
		d.save(domain.Entity, content.Update, fields{"id": "acme", "marking": "AMBER"})
		marked, err := d.Diff(d.ctx, id, 2, 3)
		if err != nil || len(marked) != 1 || marked[0].Before != "CLEAR" || marked[0].After != "AMBER" {
			t.Errorf("got %v, %v; want the marking by its names", marked, err)
		}
		if want := "country listings[0].authority names names[2].text names[3]"; strings.Join(got, " ") != want {
			t.Errorf("got %v, want %s", changes, want)
		}
		live, err := d.LiveDiff(d.ctx, id)
		if err != nil || len(live) < 5 {
			t.Errorf("a document that is not live differs from nothing in %v (%v)", live, err)
		}
		d.publish("entity:acme")
		if live, err = d.LiveDiff(d.ctx, id); err != nil || len(live) != 0 {
			t.Errorf("published, it differs from live in %v (%v)", live, err)
		}
	})
}

func TestDerivedRowsAreShownByTheirNames(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.entity("acme")
		id := d.report("cranes", fields{"body": "[[acme]][^1]\n\n[^1]: Note."})
		changes, err := d.LiveDiff(d.ctx, id)
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

// The tables hold just what the last revision says, for every aggregate.
func (d *desk) wantTablesAsRevised() {
	d.t.Helper()
	d.checkTables(d.t.Error)
}

func (d *desk) checkTables(report func(...any)) {
	staff := domain.WithStage(d.ctx, domain.Desk)
	for _, r := range d.stores.Client(staff).Revision.Query().Order(revision.ByNumber()).AllX(staff) {
		if err := content.CheckRevision(d.t.Context(), d.stores, r.DocumentID, r.Number, r.Snapshot); err != nil {
			report(err)
		}
	}
}

func TestSnapshotsAreTheSameOnBothEnginesAndStayReadable(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		raw, err := os.ReadFile("testdata/snapshot-1.json")
		if err != nil {
			t.Fatal(err)
		}
		snap, err := content.DecodeSnapshot(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(snap.Encode()); got != strings.TrimSpace(string(raw)) {
			t.Errorf("decoded and encoded again, the stored snapshot is\n%s", got)
		}
		d.source("list")
		d.tag("sea")
		d.entity("acme", fields{"tags": list("sea"), "names": list(fields{"text": "<A & B>", "kind": "ALIAS", "language": "ZH-hans"}),
			"listings": list(fields{"authority": "X", "citations": list(fields{"source": "list", "quote": "“q”\nr"})})})
		d.entity("zeta")
		d.relationship("acme", "zeta", fields{"kind": "OWNS", "share": 33.4, "citations": list(fields{"source": "list"})})
		d.report("cranes", fields{"keyFindings": list("a", "b"), "body": "# H\n\nx [[acme]][^1]\n\n[^1]: [@list]"})
		d.save(domain.Entity, content.Update, fields{"id": "acme", "slug": "acme-2", "names": list()})
		d.wantTablesAsRevised()
	})
}
