package editorial_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
)

// A series of a higher marking hides its editions, and what only they refer to.
func TestAnEditionIsSeenAsFarAsItsSeries(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Series("weekly")
		d.Tag("sea")
		d.Edition("one", "weekly", 1, fields{"items": list(fields{"headline": "H", "summary": "S.", "tags": list("sea")})})
		d.WantLive(domain.Red)
		d.MustPublish("edition:one") // brings the series along
		all := []string{"edition:one", "series:weekly", "tag:sea"}
		d.WantLive(domain.Clear, all...)

		mark := func(marking string) {
			t.Helper()
			d.MustSave(domain.Series, editorial.Update, fields{"id": "weekly", "marking": marking})
			if err := d.Project(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		mark("AMBER")
		d.WantLive(domain.Green)
		d.WantLive(domain.Amber, all...)
		before, err := editorialtest.LiveDocuments(t.Context(), d.Stores)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.RebuildLive(editorialtest.As(t.Context(), domain.Admin), nil); err != nil {
			t.Fatal(err)
		}
		after, err := editorialtest.LiveDocuments(t.Context(), d.Stores)
		if diff := cmp.Diff(before, after); err != nil || diff != "" {
			t.Errorf("rebuilt, live is another one: %v\n%s", err, diff)
		}
		mark("GREEN")
		d.WantLive(domain.Clear)
		d.WantLive(domain.Green, all...)

		// The series is seen by those who see one of its editions.
		d.MustSave(domain.Series, editorial.Update, fields{"id": "weekly", "marking": "CLEAR"})
		d.MustSave(domain.Edition, editorial.Update, fields{"id": "one", "marking": "RED"})
		d.MustPublish("edition:one")
		d.WantLive(domain.Amber)
		d.WantLive(domain.Red, all...)
	})
}

// A series to which an edition refers stays, and a change of one that is live needs the
// right to publish.
func TestASeriesWithEditionsStays(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Series("weekly")
		d.Edition("one", "weekly", 1)
		if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: domain.Series, ID: "weekly"}); domain.KindOf(err) != domain.KindConflict {
			t.Errorf("deleted with an edition: got %v, want KindConflict", err)
		}
		d.MustPublish("edition:one")
		author := editorialtest.As(t.Context(), domain.Author)
		_, err := d.Save(author, editorial.SaveParams{Type: domain.Series, Mode: editorial.Update, Fields: fields{"id": "weekly", "title": "Weekly"}})
		if domain.KindOf(err) != domain.KindForbidden {
			t.Errorf("changed by an author: got %v, want KindForbidden", err)
		}
		_, err = d.Save(d.Ctx, editorial.SaveParams{Type: domain.Series, Mode: editorial.Create, Fields: fields{"title": "X", "cadence": "DAILY"}})
		editorialtest.WantFields(t, err, "cadence", "language")
	})
}

func TestNextEdition(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for _, test := range []struct{ name, cadence, end, start, to string }{
			{"Weekly", "WEEKLY", "2026-02-22", "2026-02-23", "2026-03-01"},
			{"Fortnightly", "FORTNIGHTLY", "2025-12-28", "2025-12-29", "2026-01-11"},
			{"Monthly", "MONTHLY", "2026-01-31", "2026-02-01", "2026-02-28"},
			{"MonthlyFromTheLastDay", "MONTHLY", "2026-01-30", "2026-01-31", "2026-02-27"},
			{"Quarterly", "QUARTERLY", "2025-12-31", "2026-01-01", "2026-03-31"},
			{"Irregular", "IRREGULAR", "2025-12-31", "", ""},
			{"AMonthIsNoDay", "MONTHLY", "2025-12", "", ""},
			{"NoPeriod", "WEEKLY", "", "", ""},
		} {
			slug := editorial.Slugify(test.name)
			id := d.Series(slug, fields{"cadence": test.cadence})
			edition := fields{}
			if test.end != "" {
				edition["periodEnd"] = test.end
			}
			d.Edition(slug+"-3", slug, 3, fields{"periodEnd": "2020-01-01"})
			d.Edition(slug+"-7", slug, 7, edition)
			got, err := d.NextEdition(d.Ctx, id)
			want := editorial.NextEdition{Number: 8}
			if test.start != "" {
				want.Period = &editorial.Period{Start: domain.Date(test.start), End: domain.Date(test.to)}
			}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", test.name, err, diff)
			}
		}
		if got, err := d.NextEdition(d.Ctx, d.Series("new")); err != nil || got.Number != 1 || got.Period != nil {
			t.Errorf("of a new series: got %+v, %v, want number 1", got, err)
		}
		if _, err := d.NextEdition(editorialtest.As(t.Context(), domain.Partner), 1); domain.KindOf(err) != domain.KindForbidden {
			t.Errorf("for a partner: got %v, want KindForbidden", err)
		}
	})
}
