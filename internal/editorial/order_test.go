package editorial_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
)

// Another order of any list that a document owns is a new version, and shows in
// the diff of revisions, in what a publication would change, and in a conflict:
// once, at the list.
func TestAnotherOrderIsAChange(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for _, slug := range []string{"one", "two"} {
			d.Source(slug)
			d.Tag(slug)
			d.Entity(slug)
			d.Series(slug)
			d.MustSave(domain.Asset, editorial.Create, fields{"slug": slug, "url": "https://example.org/" + slug, "mediaType": "image/png"})
			d.MustSave(domain.Narrative, editorial.Create, fields{"slug": slug, "title": slug, "claim": "C.", "status": "ACTIVE"})
		}
		d.MustPublish("entity:one", "entity:two", "narrative:one", "narrative:two")
		sets := editorialtest.OrderedSets()
		given := 0
		for n, set := range sets {
			if set.Derived {
				continue
			}
			given++
			t.Run(fmt.Sprint(set.Type, " ", set.Path), func(t *testing.T) {
				slug := fmt.Sprintf("order-%d", n)
				set.Input["slug"] = slug
				if set.Type == domain.Edition {
					set.Input["number"] = n + 1
				}
				id := d.MustSave(set.Type, editorial.Create, set.Input).ID
				set.Reversed["id"] = slug
				if saved := d.MustSave(set.Type, editorial.Update, set.Reversed); !saved.Changed || saved.Version != 2 {
					t.Fatalf("saved %+v, want version 2", saved)
				}
				changes, err := d.Diff(d.Ctx, id, 1, 2)
				if err != nil || len(changes) != 1 || changes[0].Path != set.Path || changes[0].Kind != aggregate.FieldReordered {
					t.Fatalf("the revisions differ in %+v (%v), want the order of %s", changes, err, set.Path)
				}
				before, _ := changes[0].Before.([]any)
				after, _ := changes[0].After.([]any)
				if len(before) != 2 || len(after) != 2 || !cmp.Equal(before[0], after[1]) || !cmp.Equal(before[1], after[0]) {
					t.Errorf("before %v, after %v: want the elements in the order of each", before, after)
				}
				err = d.try(set.Type, editorial.Update, fields{"id": slug, "version": 1, "marking": "GREEN"})
				e, ok := errors.AsType[*domain.Error](err)
				want := []domain.FieldError{{Path: set.Path, Message: "was put in another order between version 1 and version 2"}}
				if !ok || e.Kind != domain.KindConflict || !cmp.Equal(e.Fields, want) {
					t.Errorf("a conflict: got %v, want %v", err, want)
				}
				if saved := d.MustSave(set.Type, editorial.Update, set.Reversed); saved.Changed {
					t.Errorf("the same order again made version %d", saved.Version)
				}
			})
		}
		if given < 20 {
			t.Errorf("%d lists of %d were looked at, want at least 20", given, len(sets))
		}
	})
}

// Live differs from the desk in an order, too, also in one that follows from a
// text.
func TestLiveDiffShowsAnotherOrder(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("one")
		d.Entity("two")
		d.Tag("one")
		d.Tag("two")
		id := d.Report("cranes", fields{"tags": list("one", "two"), "body": "[[one]] and [[two]]"})
		d.MustPublish("entity:one", "entity:two", "report:cranes")
		d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "tags": list("two", "one"), "body": "[[two]] and [[one]]"})
		changes, err := d.LiveDiff(d.Ctx, id)
		var got []string
		for _, c := range changes {
			got = append(got, c.Path+" "+string(c.Kind))
		}
		if want := "body CHANGED, mentions REORDERED, tags REORDERED"; err != nil || strings.Join(got, ", ") != want {
			t.Errorf("live differs in %v (%v), want %s", got, err, want)
		}
		pending, err := d.PendingChanges(d.Ctx, nil, 0, 10)
		if err != nil || len(pending) != 1 || pending[0].ID != id {
			t.Errorf("pending are %+v (%v), want the report", pending, err)
		}
		d.MustPublish("report:cranes")
		d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "tags": list("one", "two")})
		if changes, err = d.LiveDiff(d.Ctx, id); err != nil || len(changes) != 1 || changes[0].Kind != aggregate.FieldReordered {
			t.Errorf("live differs in %+v (%v), want the order of the tags", changes, err)
		}
	})
}

// What came, went and was edited is shown as such, and the order of what stayed
// only where that is another.
func TestDiffOfAListThatChangedInSeveralWays(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		names := func(texts string) []any {
			var out []any
			for _, text := range strings.Fields(texts) {
				out = append(out, fields{"text": text, "kind": "ALIAS"})
			}
			return out
		}
		id := d.Entity("acme")
		for n, row := range []struct{ before, after, want string }{
			{"A B C", "A B C D", "names[3] ADDED"},
			{"A B C", "B C", "names[0] REMOVED"},
			{"A B C", "X A B C", "names[0] ADDED"},
			{"A B C", "A X C", "names[1].text CHANGED"},
			{"A B C", "C A B", "names REORDERED"},
			{"A B C", "B A D E", "names REORDERED, names[2].text CHANGED, names[3] ADDED"},
			{"A B C", "C B", "names REORDERED, names[0] REMOVED"},
			{"A B", "X A", "names REORDERED, names[0].text CHANGED"},
			{"A A B", "A B A", "names REORDERED"},
			{"A A", "A A A", "names[2] ADDED"},
		} {
			d.MustSave(domain.Entity, editorial.Update, fields{"id": "acme", "names": names(row.before), "country": "JP"})
			from := d.MustSave(domain.Entity, editorial.Update, fields{"id": "acme", "country": "TW"}).Version
			to := d.MustSave(domain.Entity, editorial.Update, fields{"id": "acme", "names": names(row.after)}).Version
			changes, err := d.Diff(d.Ctx, id, from, to)
			var got []string
			for _, c := range changes {
				got = append(got, c.Path+" "+string(c.Kind))
			}
			if err != nil || strings.Join(got, ", ") != row.want {
				t.Errorf("%d: from %q to %q: got %v (%v), want %s", n, row.before, row.after, got, err, row.want)
			}
		}
		d.WantTablesAsRevised()
	})
}
