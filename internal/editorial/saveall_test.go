package editorial_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// many are documents that depend on each other in all the ways in which documents can,
// with some that are refused and some that are there already.
func many() []editorial.SaveParams {
	type f = editorialtest.Fields
	l := editorialtest.List
	report := func(slug, body string, more f) f {
		out := f{"slug": slug, "title": slug, "kind": "BRIEF", "language": "en", "summary": "S.", "body": body}
		for name, v := range more {
			out[name] = v
		}
		return out
	}
	var docs []editorial.SaveParams
	add := func(t domain.Type, fields f) {
		docs = append(docs, editorial.SaveParams{Type: t, Mode: editorial.Upsert, Fields: fields})
	}
	add(domain.Tag, f{"slug": "sea", "label": "Sea", "vocabulary": "TOPIC"})
	add(domain.Tag, f{"slug": "port", "label": "Port", "vocabulary": "TOPIC", "parent": "sea"})
	add(domain.Tag, f{"slug": "quay", "label": "Quay", "vocabulary": "TOPIC", "parent": "port"})
	add(domain.Tag, f{"slug": "sea", "parent": "quay"}) // a circle
	add(domain.Source, f{"slug": "register", "title": "Register", "url": "https://example.org/register"})
	add(domain.Entity, f{"slug": "acme", "name": "Ācmé", "kind": "COMPANY", "tags": l("sea", "quay"), "names": l(f{"text": "ACL", "kind": "ABBREVIATION"})})
	add(domain.Entity, f{"slug": "zeta", "name": "Zeta", "kind": "COMPANY", "description": "Owned by [[acme]]."})
	add(domain.Entity, f{"slug": "zeta", "name": "Zeta Ltd"}) // changes the one before
	add(domain.Entity, f{"slug": "zeta", "name": "Zeta Ltd"}) // as it is
	add(domain.Relationship, f{"slug": "tie", "from": "acme", "to": "zeta", "kind": "OWNS", "confidence": "CONFIRMED", "citations": l(f{"source": "register"})})
	add(domain.Relationship, f{"slug": "loose", "from": "acme", "to": "nobody", "kind": "OWNS", "confidence": "CONFIRMED"})
	add(domain.Report, report("cranes", "By [[acme]] and [[zeta]].[^1]\n\n[^1]: https://example.org/register", f{"tags": l("port"), "entities": l("zeta")}))
	add(domain.Report, report("bad", "By [[nobody]].", f{"tags": l("none"), "colour": "red"}))
	add(domain.Report, f{"title": "no slug"})
	add(domain.Report, report("trashed", "B.", nil))
	add(domain.Report, report("former", "B.", nil)) // leads to the report that was renamed
	add(domain.Report, f{"slug": "versioned", "version": 3})
	add(domain.Report, report("versioned", "B.", f{"version": 0}))
	add(domain.Report, report("versioned", "C.", nil))
	add(domain.Series, f{"slug": "weekly", "title": "Weekly", "cadence": "WEEKLY", "language": "en"})
	for i := range 2 {
		add(domain.Edition, f{"slug": fmt.Sprintf("weekly-%d", i), "title": "Weekly", "series": "weekly", "number": 1, "publishedOn": "2026-03-01"})
	}
	return docs
}

// What SaveAll does and refuses is what Save does and refuses, one document after another.
func TestSaveAll(t *testing.T) {
	editorialtest.Each(t, func(t *testing.T, d *editorialtest.Desk) {
		one := editorialtest.New(t, storetest.SQLite(t))
		for _, d := range []*editorialtest.Desk{d, one} {
			d.Report("trashed")
			d.Report("former")
			d.MustSave(domain.Report, editorial.Update, editorialtest.Fields{"id": "former", "slug": "latter"})
			if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: domain.Report, ID: "trashed"}); err != nil {
				t.Fatal(err)
			}
		}
		var want []string
		for _, doc := range many() {
			if doc.Fields["slug"] == nil {
				want = append(want, "the report cannot be saved: slug: is required")
				continue
			}
			saved, err := one.Save(one.Ctx, doc)
			want = append(want, outcome(saved, err))
		}
		outcomes, err := d.SaveAll(d.Ctx, many())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range outcomes {
			got = append(got, outcome(o.SaveResult, o.Err))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("outcomes (-Save +SaveAll):\n%s", diff)
		}
		if diff := cmp.Diff(contentOf(t, one), contentOf(t, d)); diff != "" {
			t.Errorf("desks (-Save +SaveAll):\n%s", diff)
		}
		d.WantTablesAsRevised()

		author := editorialtest.As(t.Context(), domain.Partner)
		if _, err := d.SaveAll(author, many()); err == nil {
			t.Error("a partner may save documents")
		}
	})
}

func outcome(saved editorial.SaveResult, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("version %d created %v changed %v", saved.Version, saved.Created, saved.Changed)
}

// contentOf is all documents of a desk, and what is derived from them, with slugs in the
// place of ids.
func contentOf(tb testing.TB, d *editorialtest.Desk) []string {
	tb.Helper()
	var names []string
	var all []string
	for _, t := range domain.Types() {
		ids, err := store.QueryIDs(tb.Context(), d.Stores.DeskRows(), "SELECT id FROM "+aggregate.TableOf(t).Name+" ORDER BY slug")
		if err != nil {
			tb.Fatal(err)
		}
		rows, err := aggregate.Load(tb.Context(), d.Stores.DeskRows(), t, ids)
		if err != nil {
			tb.Fatal(err)
		}
		for _, id := range ids {
			names = append(names, id.String(), t.String()+":"+rows[id].Text("slug"))
			all = append(all, rows[id].Fingerprint())
			for _, table := range []string{"mentions", "name_keys", "aliases", "revisions"} {
				found, err := store.QueryIDs(tb.Context(), d.Stores.DeskRows(), "SELECT count(*) FROM "+table+" WHERE document_id = ?", int64(id))
				if err != nil {
					tb.Fatal(err)
				}
				all = append(all, fmt.Sprintf("%s %d", table, int64(found[0])))
			}
		}
	}
	slugs := strings.NewReplacer(names...)
	for i := range all {
		all[i] = slugs.Replace(all[i])
	}
	return all
}
