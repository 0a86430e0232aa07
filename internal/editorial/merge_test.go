package editorial_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

func TestMergeEntities(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Source("list")
		keep := d.Entity("acme")
		gone := d.Entity("acme-ltd", fields{"name": "Acme Ltd", "names": list(fields{"text": "ACL", "kind": "ABBREVIATION"}),
			"identifiers": list(fields{"scheme": "LEI", "value": "1"}),
			"listings":    list(fields{"authority": "X", "source": "list"})})
		d.Entity("zeta")
		d.Relationship("acme-ltd", "zeta", fields{"slug": "tie", "citations": list(fields{"source": "list"})})
		d.Relationship("acme", "acme-ltd", fields{"slug": "loop", "citations": list(fields{"source": "list"})})
		both := d.Report("both", fields{"entities": list("acme", "acme-ltd"), "body": "[[acme-ltd]] and [[acme]]"})
		draft := d.Report("draft", fields{"entities": list("acme-ltd")})
		d.MustPublish("entity:acme", "entity:acme-ltd", "entity:zeta", "relationship:tie", "relationship:loop", "report:both", "report:draft")
		d.MustSave(domain.Report, editorial.Update, fields{"id": "draft", "title": "Not yet"})

		saved, err := d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"acme-ltd"}, Into: "acme"})
		if err != nil || saved.ID != keep {
			t.Fatalf("got %+v, %v", saved, err)
		}
		d.WantLive(domain.Clear, "entity:acme", "entity:zeta", "relationship:tie", "report:both", "report:draft", "source:list")

		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		c := d.Stores.Client(ctx)
		about := map[domain.ID]int{}
		for _, row := range c.ReportEntity.Query().AllX(ctx) {
			if row.EntityID != keep {
				t.Errorf("live still refers to %v", row.EntityID)
			}
			about[row.ReportID]++
		}
		if delete(about, draft); len(about) != 1 || about[both] != 1 {
			t.Errorf("got %v entities of the reports beside the draft, want 1 of the report about both", about)
		}
		for _, r := range c.Report.Query().AllX(ctx) {
			if r.Title == "Not yet" {
				t.Error("the merge published a draft")
			}
		}
		var names []string
		for _, n := range c.EntityName.Query().AllX(ctx) {
			names = append(names, n.Text)
		}
		slices.Sort(names)
		if !slices.Equal(names, []string{"ACL", "Acme Ltd"}) {
			t.Errorf("the one entity has the names %v", names)
		}
		// The old id and the old slug lead to the one entity.
		for _, name := range []string{"acme-ltd", gone.String()} {
			if got := d.MustSave(domain.Entity, editorial.Update, fields{"id": name, "country": "JP"}); got.ID != keep {
				t.Errorf("%s leads to %v, want %v", name, got.ID, keep)
			}
		}
		if got := c.Alias.Query().CountX(ctx); got != 2 {
			t.Errorf("live has %d aliases, want the old slug and the old id", got)
		}
		if _, err := d.Undelete(d.Ctx, gone.String()); !errors.Is(err, domain.ErrConflict) {
			t.Errorf("a merged entity was taken out of the trash: %v", err)
		}
		pending, err := d.PendingChanges(d.Ctx, []domain.Type{domain.Report}, 0, 10)
		if err != nil || len(pending) != 1 || pending[0].ID != draft {
			t.Errorf("pending changes: %v, %v; want the draft", pending, err)
		}
		d.WantRebuilt()
		d.WantTablesAsRevised()
	})
}

func TestMergeIsRefused(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("a")
		d.Entity("b", fields{"marking": "AMBER"})
		d.Report("cranes", fields{"body": "[[a]]"})
		_, err := d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"a", "a", "b", "none"}, Into: "b"})
		wantFields(t, err, "from[1]", "from[2]", "from[3]")
		d.MustPublish("entity:a", "report:cranes")
		if _, err = d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"a"}, Into: "b"}); !errors.Is(err, domain.ErrConflict) {
			t.Errorf("merged what is live into what is not: %v", err)
		}
		d.MustPublish("entity:b")
		_, err = d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"a"}, Into: "b"})
		wantFields(t, err, "into")
		d.WantLive(domain.Clear, "entity:a", "report:cranes")
	})
}

// All obstacles of a merge are reported at once.
func TestMergeListsEveryObstacle(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("a")
		d.Entity("ann", fields{"kind": "PERSON", "marking": "RED"})
		d.Entity("b", fields{"marking": "AMBER"})
		d.Report("cranes", fields{"body": "[[a]]"})
		d.MustPublish("entity:a", "report:cranes")
		_, err := d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"none", "ann", "a"}, Into: "b"})
		wantFields(t, err, "from[0]", "from[1]", "from[1]", "from[2]") // unknown, another kind, a higher marking, live
		_, err = d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"none"}, Into: "nowhere"})
		wantFields(t, err, "from[0]", "into")
		d.MustPublish("entity:b")
		_, err = d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"ann", "a"}, Into: "b"})
		wantFields(t, err, "from[0]", "from[0]", "into") // and the text that names a
		d.WantLive(domain.Clear, "entity:a", "report:cranes")
	})
}

func TestMergeOfKinds(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("acme")
		d.Entity("ann", fields{"kind": "PERSON"})
		params := editorial.MergeParams{From: []string{"ann"}, Into: "acme"}
		_, err := d.MergeEntities(d.Ctx, params)
		wantFields(t, err, "from[0]")
		params.AllowKindChange = true
		if _, err := d.MergeEntities(d.Ctx, params); err != nil {
			t.Errorf("merge of kinds that is allowed: %v", err)
		}
	})
}

// A relationship of an entity with itself is never live, whether it comes about
// on the desk, in live, or in both.
func TestMergeOfBothEnds(t *testing.T) {
	for _, tt := range []struct {
		name        string
		live, draft string // the other end than acme; no draft: as it is live
		conflict    bool
		want        []string // in live
	}{
		{"OfWhatIsLive", "acme-ltd", "", false, []string{"entity:acme", "entity:zeta"}},
		{"OfWhatIsLiveWithAnotherDraft", "acme-ltd", "zeta", false, []string{"entity:acme", "entity:zeta"}},
		{"ErrOfTheDraftAlone", "zeta", "acme-ltd", true, []string{"entity:acme", "entity:acme-ltd", "entity:zeta", "relationship:tie", "source:list"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				d.Source("list")
				d.Entity("acme")
				d.Entity("acme-ltd")
				d.Entity("zeta")
				d.Relationship("acme", tt.live, fields{"slug": "tie", "citations": list(fields{"source": "list"})})
				d.MustPublish("entity:acme", "entity:acme-ltd", "entity:zeta", "relationship:tie")
				if tt.draft != "" {
					d.MustSave(domain.Relationship, editorial.Update, fields{"id": "tie", "to": tt.draft})
				}
				merged, err := d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"acme-ltd"}, Into: "acme"})
				if got := errors.Is(err, domain.ErrConflict); got != tt.conflict || !got && err != nil {
					t.Fatalf("got %v, want a conflict: %v", err, tt.conflict)
				}
				d.WantLive(domain.Clear, tt.want...)
				if tt.draft == "zeta" && (len(merged.Removed) != 0 || len(merged.Unpublished) != 2) {
					t.Errorf("got %+v, want the draft kept and what was live of it unpublished", merged)
				}
				if tt.draft == "zeta" {
					d.MustPublish("relationship:tie") // the draft ties acme to zeta
				}
				d.WantRebuilt()
				d.WantTablesAsRevised()
			})
		})
	}
}

// A preview says what the merge then does, and does nothing.
func TestPreviewOfAMerge(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Source("list")
		d.Entity("acme")
		d.Entity("acme-ltd")
		d.Relationship("acme", "acme-ltd", fields{"slug": "loop", "citations": list(fields{"source": "list"})})
		d.Report("cranes", fields{"entities": list("acme-ltd")})
		d.MustPublish("entity:acme", "entity:acme-ltd", "relationship:loop", "report:cranes")
		before := d.LiveNames(domain.Red)
		d.Advance(time.Second)
		named, err := d.Schedule(d.Ctx, editorial.ScheduleParams{Action: "UNPUBLISH", Documents: []string{"entity:acme-ltd"}, At: noon.AddDate(1, 0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		other, err := d.Schedule(d.Ctx, editorial.ScheduleParams{Action: "UNPUBLISH", Documents: []string{"entity:acme"}, At: noon.AddDate(1, 0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		params := editorial.MergeParams{From: []string{"acme-ltd"}, Into: "acme", Preview: true}
		preview, err := d.MergeEntities(d.Ctx, params)
		if err != nil {
			t.Fatal(err)
		}
		d.WantLive(domain.Red, before...)
		if preview.Changed || len(preview.Cancelled) != 1 {
			t.Errorf("got %+v", preview)
		}
		staff := domain.WithStage(d.Ctx, domain.Desk)
		status := func(id domain.ID) string { return d.Stores.Client(staff).Schedule.GetX(staff, id).Status }
		if got := status(named.ID); got != "PENDING" {
			t.Errorf("the preview has made the schedule %s", got)
		}
		params.Preview = false
		merged, err := d.MergeEntities(d.Ctx, params)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(merged.Repointed, merged.Removed, merged.Unpublished), fmt.Sprint(preview.Repointed, preview.Removed, preview.Unpublished); got != want || !merged.Changed {
			t.Errorf("the merge did %s, and the preview said %s", got, want)
		}
		if len(merged.Cancelled) != 1 || merged.Cancelled[0].ID != named.ID || status(named.ID) != "CANCELLED" || status(other.ID) != "PENDING" {
			t.Errorf("got %+v; want the schedule of the merged entity cancelled, and no other", merged.Cancelled)
		}
		d.WantLive(domain.Clear, "entity:acme", "report:cranes")
	})
}

// What comes back after a merge refers to the one entity once.
func TestWhatComesBackNamesTheOneEntityOnce(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("acme")
		d.Entity("acme-ltd")
		both := list("acme", "acme-ltd")
		d.Report("restored", fields{"entities": both, "body": "[[acme]] and [[acme-ltd]]"})
		d.MustSave(domain.Report, editorial.Update, fields{"id": "restored", "entities": list(), "body": "B."})
		d.Report("undeleted", fields{"entities": both})
		d.Series("s")
		d.MustSave(domain.Edition, editorial.Create, fields{"slug": "one", "series": "s", "number": 1, "title": "T", "language": "en",
			"items": list(fields{"headline": "H", "summary": "S.", "entities": both})})
		d.MustSave(domain.Edition, editorial.Update, fields{"id": "one", "items": list(fields{"headline": "H", "summary": "S."})})
		if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: domain.Report, ID: "undeleted"}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"acme-ltd"}, Into: "acme"}); err != nil {
			t.Fatal(err)
		}
		for _, document := range []string{"report:restored", "edition:one"} {
			if _, err := d.Restore(d.Ctx, editorial.RestoreParams{Document: document, Revision: 1}); err != nil {
				t.Errorf("restore %s: %v", document, err)
			}
		}
		if _, err := d.Undelete(d.Ctx, "report:undeleted"); err != nil {
			t.Fatal(err)
		}
		d.MustPublish("entity:acme", "report:restored", "report:undeleted", "edition:one")
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		c := d.Stores.Client(ctx)
		if got := []int{c.ReportEntity.Query().CountX(ctx), c.ReportMention.Query().CountX(ctx), c.ItemEntity.Query().CountX(ctx)}; !slices.Equal(got, []int{2, 1, 1}) {
			t.Errorf("live has %v links to the entity, want one for each document: [2 1 1]", got)
		}
		d.WantTablesAsRevised()
	})
}

// Of entities that are merged, what is live goes live with the one that stays, and
// drafts go to its draft.
func TestAMergePublishesNoDrafts(t *testing.T) {
	live := func(d *desk) string {
		ctx := domain.WithViewer(d.T.Context(), domain.Anonymous())
		c := d.Stores.Client(ctx)
		var names []string
		for _, n := range c.EntityName.Query().AllX(ctx) {
			names = append(names, n.Text)
		}
		slices.Sort(names)
		return fmt.Sprint(names, c.Listing.Query().CountX(ctx))
	}
	uncited := fields{"listings": list(fields{"authority": "A"}), "names": list(fields{"text": "of the draft", "kind": "ALIAS"})}
	for _, tt := range []struct {
		name    string
		prepare func(d *desk)
		want    string
	}{
		{"NeverPublished", func(d *desk) { d.Entity("acme-ltd", uncited) }, "[] 0"},
		{"Unpublished", func(d *desk) {
			d.Entity("acme-ltd")
			d.MustPublish("entity:acme-ltd")
			if _, err := d.Unpublish(d.Ctx, editorial.UnpublishParams{Documents: []string{"entity:acme-ltd"}}); err != nil {
				d.T.Fatal(err)
			}
		}, "[] 0"},
		{"LiveWithADraft", func(d *desk) {
			d.Entity("acme-ltd", fields{"name": "Acme Ltd"})
			d.MustPublish("entity:acme-ltd")
			d.MustSave(domain.Entity, editorial.Update, merge(fields{"id": "acme-ltd"}, []fields{uncited}))
		}, "[Acme Ltd] 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				d.Entity("acme", fields{"name": "Acme"})
				d.MustPublish("entity:acme")
				tt.prepare(d)
				if _, err := d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"acme-ltd"}, Into: "acme"}); err != nil {
					t.Fatal(err)
				}
				if got := live(d); got != tt.want {
					t.Errorf("live has the names and listings %s, want %s", got, tt.want)
				}
				pending, err := d.PendingChanges(d.Ctx, []domain.Type{domain.Entity}, 0, 10)
				if err != nil || len(pending) != 1 {
					t.Errorf("pending changes: got %v, %v; want the one that stays", pending, err)
				}
				d.WantRebuilt()
				d.WantTablesAsRevised()
			})
		})
	}
}

// What is marked higher is not given to what is marked lower.
func TestAMergeLowersNoMarking(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("acme")
		d.MustPublish("entity:acme")
		d.Entity("draft", fields{"marking": "RED"})
		d.Entity("live", fields{"marking": "AMBER"})
		d.MustPublish("entity:live")
		d.MustSave(domain.Entity, editorial.Update, fields{"id": "live", "marking": "CLEAR"})
		for _, from := range []string{"draft", "live"} {
			_, err := d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{from}, Into: "acme"})
			wantFields(t, err, "from[0]")
		}
		// A draft marked as high takes the draft, and live is left as it is.
		d.MustSave(domain.Entity, editorial.Update, fields{"id": "acme", "marking": "RED"})
		if _, err := d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"draft"}, Into: "acme"}); err != nil {
			t.Fatal(err)
		}
		d.WantLive(domain.Clear, "entity:acme")
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		if got := d.Stores.Client(ctx).EntityName.Query().CountX(ctx); got != 0 {
			t.Errorf("live has %d names of the draft", got)
		}
		d.WantRebuilt()
	})
}
