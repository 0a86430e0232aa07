package editorial_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
)

// The desk's clock begins at noon of 1 March 2026: what is published is published then.
func compileContent(d *desk) {
	d.T.Helper()
	d.Source("register")
	d.Source("secret", fields{"marking": "RED"})
	d.Tag("sea")
	d.Tag("land")
	cite := list(fields{"source": "register", "locator": "p. 1", "quote": "Q"}, fields{"source": "secret"})
	d.Entity("acme", fields{"name": "Acme", "tags": list("sea"), "listings": list(
		fields{"authority": "Office", "programme": "P1", "since": "2026-03-02", "citations": cite},
		fields{"authority": "Bureau", "since": "2020", "until": "2026-02-28", "citations": cite},
		fields{"authority": "Ministry", "since": "2019-01-01", "citations": cite})})
	d.Entity("hidden", fields{"name": "Hidden", "marking": "RED"})
	d.Entity("act", fields{"name": "The Act", "kind": "LEGAL_INSTRUMENT", "startDate": "2026-03", "description": "# Act\n\nIt binds [[acme]].\n\nMore.", "tags": list("land")})
	d.Entity("fair", fields{"name": "The Fair", "kind": "EVENT", "startDate": "2026-03-09", "tags": list("sea")})
	d.Entity("old-fair", fields{"name": "The Old Fair", "kind": "EVENT", "startDate": "2026"})
	d.Entity("red-event", fields{"name": "Red Event", "kind": "EVENT", "startDate": "2026-03-02", "marking": "RED"})
	d.Report("cranes", fields{"title": "Cranes", "summary": "On *cranes*.", "tags": list("land", "sea"), "entities": list("acme", "hidden"), "body": "B.[^1]\n\n[^1]: [@register]"})
	d.Report("red-report", fields{"title": "Red Report", "marking": "RED"})
	d.Report("draft", fields{"title": "Draft"})
	d.MustSave(domain.Narrative, editorial.Create, fields{"slug": "dam", "title": "The dam", "claim": "C.", "status": "ACTIVE", "targets": list("acme"), "tags": list("sea"),
		"observations": list(fields{"observedOn": "2026-03-02", "description": "A thread.", "citations": cite}, fields{"observedOn": "2025-03-03", "description": "Old."})})
	d.Relationship("acme", "fair", fields{"slug": "tie", "kind": "FUNDS", "citations": cite})
	d.Relationship("hidden", "acme", fields{"slug": "red-tie", "kind": "OWNS", "citations": cite})
	d.MustPublish("entity:acme", "entity:hidden", "entity:act", "entity:fair", "entity:old-fair", "entity:red-event", "report:cranes", "report:red-report",
		"narrative:dam", "relationship:tie", "relationship:red-tie")
}

// shown returns what was proposed and left out, one a line.
func shown(d *desk, out editorial.CompileResult) (proposed, left []string) {
	d.T.Helper()
	items := map[domain.ID]*aggregate.Row{}
	for _, row := range rowsOf(d.T.(*testing.T), d, out.ID, "edition_items") {
		items[row.ID] = row
	}
	for _, p := range out.Proposed {
		item := items[p.Row]
		proposed = append(proposed, fmt.Sprintf("%s %s %s [%s] tags %d entities %d sources %d", p.Reason, item.Text("headline"), item.Date("occurred_on"), item.Text("summary"),
			len(item.Owned["item_tags"]), len(item.Owned["item_entities"]), len(item.Owned["citations"])))
	}
	for _, l := range out.LeftOut {
		left = append(left, string(l.Reason)+" "+l.Headline)
	}
	slices.Sort(left)
	return proposed, left
}

func TestCompileEdition(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		compileContent(d)
		d.Series("weekly", fields{"title": "Weekly", "cadence": "FORTNIGHTLY"})
		d.Edition("weekly-1", "weekly", 1, fields{"periodStart": "2026-02-14", "periodEnd": "2026-02-27"})
		out, err := d.CompileEdition(d.Ctx, editorial.CompileParams{Series: ptr("weekly")})
		if err != nil {
			t.Fatal(err)
		}
		proposed, left := shown(d, out)
		slices.Sort(proposed)
		want := []string{
			"EVENT The Act 2026-03 [It binds [[acme]].] tags 1 entities 1 sources 0",
			"EVENT The Fair 2026-03-09 [The Fair] tags 1 entities 1 sources 0",
			"LISTING Acme is listed by Office 2026-03-02 [Acme is listed by Office (P1).] tags 1 entities 1 sources 1",
			"LISTING Acme is no longer listed by Bureau 2026-02-28 [Acme is no longer listed by Bureau.] tags 1 entities 1 sources 1",
			"OBSERVATION The dam 2026-03-02 [A thread.] tags 1 entities 1 sources 1",
			"PUBLISHED Acme funds The Fair 2026-03-01 [Acme funds The Fair] tags 0 entities 2 sources 1",
			"PUBLISHED Cranes 2026-03-01 [On *cranes*.] tags 2 entities 1 sources 1",
			"PUBLISHED The Old Fair 2026-03-01 [The Old Fair] tags 0 entities 1 sources 0",
			"PUBLISHED The dam 2026-03-01 [C.] tags 1 entities 1 sources 1",
		}
		if diff := cmp.Diff(want, proposed); diff != "" {
			t.Errorf("proposed (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"NO_EVENT Acme"}, left); diff != "" {
			t.Errorf("left out (-want +got):\n%s", diff)
		}
		edition := loadOne(t, d.Desk, out.ID)
		got := fmt.Sprint(edition.Text("title"), " ", edition.Int("number"), " ", edition.Date("period_start"), " ", edition.Date("period_end"), " ", edition.Text("slug"))
		if want := "Weekly 2 2 2026-02-28 2026-03-13 weekly-2"; got != want || !out.Created {
			t.Errorf("got the edition %s, want %s", got, want)
		}
		// The groups stand together: most items have the tag sea.
		if first := out.Proposed[0]; first.Tag != d.idOf(domain.Tag, "sea") {
			t.Errorf("the first group has the tag %v, want that of most items", first.Tag)
		}
		var tags []domain.ID
		for _, p := range out.Proposed {
			if len(tags) == 0 || tags[len(tags)-1] != p.Tag {
				tags = append(tags, p.Tag)
			}
		}
		if len(tags) != 3 {
			t.Errorf("the items of one tag do not stand together: %v", tags)
		}

		// Again, it proposes only what is new, and nothing that an editor took out.
		id := out.Proposed[0].Row.String()
		if _, err := d.row(editorial.RemoveRow, fields{"id": id}); err != nil {
			t.Fatal(err)
		}
		d.Report("late", fields{"title": "Late"})
		d.MustPublish("report:late")
		again, err := d.CompileEdition(d.Ctx, editorial.CompileParams{Edition: ptr("weekly-2"), Version: ptr(2)})
		if err != nil {
			t.Fatal(err)
		}
		proposed, left = shown(d, again)
		if diff := cmp.Diff([]string{"PUBLISHED Late 2026-03-01 [S.] tags 0 entities 0 sources 0"}, proposed); diff != "" {
			t.Errorf("again, proposed (-want +got):\n%s", diff)
		}
		if n := len(left); n != 10 || strings.Count(strings.Join(left, "\n"), "ALREADY_PROPOSED") != 9 {
			t.Errorf("again, got %d left out: %q", n, left)
		}
		// A third time nothing changes.
		third, err := d.CompileEdition(d.Ctx, editorial.CompileParams{Edition: ptr("weekly-2")})
		if err != nil || third.Changed || len(third.Proposed) != 0 {
			t.Errorf("a third time: got %+v, %v, want no change", third.SaveResult, err)
		}

		// A client that sends the whole list does not lose where items come from.
		var items []any
		for _, row := range rowsOf(t, d, out.ID, "edition_items") {
			items = append(items, fields{"headline": row.Text("headline") + "!", "summary": row.Text("summary"), "id": row.ID.String()})
		}
		d.MustSave(domain.Edition, editorial.Update, fields{"id": "weekly-2", "items": items})
		fourth, err := d.CompileEdition(d.Ctx, editorial.CompileParams{Edition: ptr("weekly-2")})
		if err != nil || len(fourth.Proposed) != 0 {
			t.Errorf("after a save of the list: got %d proposals, %v, want none", len(fourth.Proposed), err)
		}

		// Another edition of the series gets only what was updated.
		d.Advance(24 * time.Hour)
		d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "title": "Cranes, again"})
		d.MustPublish("report:cranes")
		from, to := domain.Date("2026-03-02"), domain.Date("2026-03-15")
		next, err := d.CompileEdition(d.Ctx, editorial.CompileParams{Series: ptr("weekly"), From: &from, To: &to, Title: ptr("Next")})
		if err != nil {
			t.Fatal(err)
		}
		proposed, left = shown(d, next)
		if diff := cmp.Diff([]string{"UPDATED Cranes, again  [On *cranes*.] tags 2 entities 1 sources 1"}, proposed); diff != "" {
			t.Errorf("the next one, proposed (-want +got):\n%s", diff)
		}
		if strings.Count(strings.Join(left, "\n"), "IN_ANOTHER_EDITION") != len(left) {
			t.Errorf("the next one, got left out %q, want all in another edition", left)
		}
	})
}

// Nothing above the marking of the edition, or the clearance of the viewer, is proposed,
// mentioned or counted.
func TestCompileEditionRespectsMarkings(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		compileContent(d)
		d.Series("red", fields{"marking": "RED"})
		d.Series("clear")
		from, to := domain.Date("2026-02-28"), domain.Date("2026-03-13")
		compile := func(clearance domain.Marking, series string) editorial.CompileResult {
			t.Helper()
			ctx := domain.WithViewer(t.Context(), &domain.Viewer{Name: "Bo", Role: domain.Author, Clearance: clearance, KeyID: 2})
			out, err := d.CompileEdition(ctx, editorial.CompileParams{Series: &series, From: &from, To: &to})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		hidden := []domain.ID{d.idOf(domain.Entity, "hidden"), d.idOf(domain.Source, "secret"), d.idOf(domain.Report, "red-report"),
			d.idOf(domain.Entity, "red-event"), d.idOf(domain.Relationship, "red-tie"), d.idOf(domain.Report, "draft")}
		for _, out := range []editorial.CompileResult{compile(domain.Red, "clear"), compile(domain.Clear, "red")} {
			text := fmt.Sprint(out.Proposed, out.LeftOut) + string(aggregate.EncodeRow(loadOne(t, d.Desk, out.ID)))
			for _, id := range hidden {
				if strings.Contains(text, id.String()) || strings.Contains(text, fmt.Sprint(int64(id))) {
					t.Errorf("%v is in %s", id, text)
				}
			}
			if len(out.Proposed) != 9 || len(out.LeftOut) != 1 {
				t.Errorf("got %d proposed and %d left out, want 9 and 1", len(out.Proposed), len(out.LeftOut))
			}
		}
		all := compile(domain.Red, "red")
		if len(all.Proposed) != 0 {
			// The same series has an edition with the others.
			headlines, _ := shown(d, all)
			text := strings.Join(headlines, "\n")
			for _, want := range []string{"Red Report", "Red Event", "Hidden owns Acme"} {
				if !strings.Contains(text, want) {
					t.Errorf("an edition of a RED series for a RED viewer has no %q: %s", want, text)
				}
			}
		} else {
			t.Error("an edition of a RED series for a RED viewer proposes nothing")
		}
		if got := domain.Marking(loadOne(t, d.Desk, all.ID).Int("marking")); got != domain.Red {
			t.Errorf("got an edition of marking %v, want that of its series", got)
		}
	})
}

func TestCompileEditionRefuses(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Series("weekly")
		d.Series("other")
		d.Edition("one", "weekly", 1)
		day, later, month := domain.Date("2026-03-01"), domain.Date("2026-03-14"), domain.Date("2026-03")
		for _, test := range []struct {
			name   string
			params editorial.CompileParams
			want   []string
		}{
			{"Nothing", editorial.CompileParams{}, []string{"series"}},
			{"NoSeries", editorial.CompileParams{Series: ptr("none"), From: &day, To: &later}, []string{"series"}},
			{"NoEdition", editorial.CompileParams{Edition: ptr("none"), From: &day, To: &later}, []string{"edition"}},
			{"AnotherSeries", editorial.CompileParams{Series: ptr("other"), Edition: ptr("one"), From: &day, To: &later}, []string{"series"}},
			{"NoTime", editorial.CompileParams{Series: ptr("weekly")}, []string{"from", "to"}},
			{"NoDays", editorial.CompileParams{Series: ptr("weekly"), From: &month, To: &later}, []string{"from"}},
			{"BackInTime", editorial.CompileParams{Series: ptr("weekly"), From: &later, To: &day}, []string{"to"}},
			{"NameOfAnOldOne", editorial.CompileParams{Edition: ptr("one"), From: &day, To: &later, Title: ptr("T"), Number: ptr(3)}, []string{"number", "title"}},
			{"BadName", editorial.CompileParams{Series: ptr("weekly"), From: &day, To: &later, Title: ptr("a\nb"), Number: ptr(0)}, []string{"number", "title"}},
			{"TakenNumber", editorial.CompileParams{Series: ptr("weekly"), From: &day, To: &later, Number: ptr(1)}, []string{"number"}},
			{"VersionOfNothing", editorial.CompileParams{Series: ptr("weekly"), From: &day, To: &later, Version: ptr(1)}, []string{"version"}},
		} {
			t.Run(test.name, func(t *testing.T) {
				_, err := d.CompileEdition(d.Ctx, test.params)
				editorialtest.WantFields(t, err, test.want...)
			})
		}
		_, err := d.CompileEdition(d.Ctx, editorial.CompileParams{Edition: ptr("one"), From: &day, To: &later, Version: ptr(9)})
		if domain.KindOf(err) != domain.KindConflict {
			t.Errorf("another version: got %v, want KindConflict", err)
		}
		if _, err := d.CompileEdition(editorialtest.As(t.Context(), domain.Partner), editorial.CompileParams{Series: ptr("weekly")}); domain.KindOf(err) != domain.KindForbidden {
			t.Errorf("a partner: got %v, want KindForbidden", err)
		}
		if got := len(storedIDs(t, d.Desk, domain.Edition)); got != 1 {
			t.Errorf("got %d editions after refusals, want 1", got)
		}
	})
}
