package content_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redthread-api/redthread/ent/db/reportentity"
	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
)

func TestMergeEntities(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.source("list")
		keep := d.entity("acme")
		gone := d.entity("acme-ltd", fields{"name": "Acme Ltd", "names": list(fields{"text": "ACL", "kind": "ABBREVIATION"}),
			"identifiers": list(fields{"scheme": "LEI", "value": "1"}),
			"listings":    list(fields{"authority": "X", "source": "list"})})
		d.entity("zeta")
		d.relationship("acme-ltd", "zeta", fields{"slug": "tie", "citations": list(fields{"source": "list"})})
		d.relationship("acme", "acme-ltd", fields{"slug": "loop", "citations": list(fields{"source": "list"})})
		d.report("both", fields{"entities": list("acme", "acme-ltd"), "body": "[[acme-ltd]] and [[acme]]"})
		draft := d.report("draft", fields{"entities": list("acme-ltd")})
		d.publish("entity:acme", "entity:acme-ltd", "entity:zeta", "relationship:tie", "relationship:loop", "report:both", "report:draft")
		d.save(domain.Report, content.Update, fields{"id": "draft", "title": "Not yet"})

		saved, err := d.MergeEntities(d.ctx, content.MergeParams{From: []string{"acme-ltd"}, Into: "acme"})
		if err != nil || saved.ID != keep {
			t.Fatalf("got %+v, %v", saved, err)
		}
		d.wantLive(domain.Clear, "entity:acme", "entity:zeta", "relationship:tie", "report:both", "report:draft", "source:list")

		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		c := d.stores.Client(ctx)
		for _, row := range c.ReportEntity.Query().AllX(ctx) {
			if row.EntityID != keep {
				t.Errorf("live still refers to %v", row.EntityID)
			}
		}
		if got := c.ReportEntity.Query().Where(reportentity.ReportIDNEQ(draft)).CountX(ctx); got != 1 {
			t.Errorf("a report about both has %d entities, want 1", got)
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
			if got := d.save(domain.Entity, content.Update, fields{"id": name, "country": "JP"}); got.ID != keep {
				t.Errorf("%s leads to %v, want %v", name, got.ID, keep)
			}
		}
		if got := c.Alias.Query().CountX(ctx); got != 2 {
			t.Errorf("live has %d aliases, want the old slug and the old id", got)
		}
		if _, err := d.Undelete(d.ctx, gone.String()); !errors.Is(err, domain.ErrConflict) {
			t.Errorf("a merged entity was taken out of the trash: %v", err)
		}
		pending, err := d.PendingChanges(d.ctx, []domain.Type{domain.Report}, 0, 10)
		if err != nil || len(pending) != 1 || pending[0].ID != draft {
			t.Errorf("pending changes: %v, %v; want the draft", pending, err)
		}
		d.wantRebuilt()
		d.wantTablesAsRevised()
	})
}

func TestMergeIsRefused(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.entity("a")
		d.entity("b", fields{"marking": "AMBER"})
		d.report("cranes", fields{"body": "[[a]]"})
		_, err := d.MergeEntities(d.ctx, content.MergeParams{From: []string{"a", "a", "b", "none"}, Into: "b"})
		wantFields(t, err, "from[1]", "from[2]", "from[3]")
		d.publish("entity:a", "report:cranes")
		if _, err = d.MergeEntities(d.ctx, content.MergeParams{From: []string{"a"}, Into: "b"}); !errors.Is(err, domain.ErrConflict) {
			t.Errorf("merged what is live into what is not: %v", err)
		}
		d.publish("entity:b")
		_, err = d.MergeEntities(d.ctx, content.MergeParams{From: []string{"a"}, Into: "b"})
		wantFields(t, err, "into")
		d.wantLive(domain.Clear, "entity:a", "report:cranes")
	})
}

func TestMergeOfKinds(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.entity("acme")
		d.entity("ann", fields{"kind": "PERSON"})
		params := content.MergeParams{From: []string{"ann"}, Into: "acme"}
		_, err := d.MergeEntities(d.ctx, params)
		wantFields(t, err, "from[0]")
		params.AllowKindChange = true
		if _, err := d.MergeEntities(d.ctx, params); err != nil {
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
				d.source("list")
				d.entity("acme")
				d.entity("acme-ltd")
				d.entity("zeta")
				d.relationship("acme", tt.live, fields{"slug": "tie", "citations": list(fields{"source": "list"})})
				d.publish("entity:acme", "entity:acme-ltd", "entity:zeta", "relationship:tie")
				if tt.draft != "" {
					d.save(domain.Relationship, content.Update, fields{"id": "tie", "to": tt.draft})
				}
				merged, err := d.MergeEntities(d.ctx, content.MergeParams{From: []string{"acme-ltd"}, Into: "acme"})
				if got := errors.Is(err, domain.ErrConflict); got != tt.conflict || !got && err != nil {
					t.Fatalf("got %v, want a conflict: %v", err, tt.conflict)
				}
				d.wantLive(domain.Clear, tt.want...)
				if tt.draft == "zeta" && (len(merged.Removed) != 0 || len(merged.Unpublished) != 2) {
					t.Errorf("got %+v, want the draft kept and what was live of it unpublished", merged)
				}
				if tt.draft == "zeta" {
					d.publish("relationship:tie") // the draft ties acme to zeta
				}
				d.wantRebuilt()
				d.wantTablesAsRevised()
			})
		})
	}
}

// A preview says what the merge then does, and does nothing.
func TestPreviewOfAMerge(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.source("list")
		d.entity("acme")
		d.entity("acme-ltd")
		d.relationship("acme", "acme-ltd", fields{"slug": "loop", "citations": list(fields{"source": "list"})})
		d.report("cranes", fields{"entities": list("acme-ltd")})
		d.publish("entity:acme", "entity:acme-ltd", "relationship:loop", "report:cranes")
		before := d.live(domain.Red)
		d.advance(time.Second)
		named, err := d.Schedule(d.ctx, content.ScheduleParams{Action: "UNPUBLISH", Documents: []string{"entity:acme-ltd"}, At: noon.AddDate(1, 0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		other, err := d.Schedule(d.ctx, content.ScheduleParams{Action: "UNPUBLISH", Documents: []string{"entity:acme"}, At: noon.AddDate(1, 0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		params := content.MergeParams{From: []string{"acme-ltd"}, Into: "acme", Preview: true}
		preview, err := d.MergeEntities(d.ctx, params)
		if err != nil {
			t.Fatal(err)
		}
		d.wantLive(domain.Red, before...)
		if preview.Changed || len(preview.Cancelled) != 1 {
			t.Errorf("got %+v", preview)
		}
		staff := domain.WithStage(d.ctx, domain.Desk)
		status := func(id domain.ID) string { return d.stores.Client(staff).Schedule.GetX(staff, id).Status }
		if got := status(named.ID); got != "PENDING" {
			t.Errorf("the preview has made the schedule %s", got)
		}
		params.Preview = false
		merged, err := d.MergeEntities(d.ctx, params)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(merged.Repointed, merged.Removed, merged.Unpublished), fmt.Sprint(preview.Repointed, preview.Removed, preview.Unpublished); got != want || !merged.Changed {
			t.Errorf("the merge did %s, and the preview said %s", got, want)
		}
		if len(merged.Cancelled) != 1 || merged.Cancelled[0].ID != named.ID || status(named.ID) != "CANCELLED" || status(other.ID) != "PENDING" {
			t.Errorf("got %+v; want the schedule of the merged entity cancelled, and no other", merged.Cancelled)
		}
		d.wantLive(domain.Clear, "entity:acme", "report:cranes")
	})
}

// What comes back after a merge refers to the one entity once.
func TestWhatComesBackNamesTheOneEntityOnce(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.entity("acme")
		d.entity("acme-ltd")
		both := list("acme", "acme-ltd")
		d.report("restored", fields{"entities": both, "body": "[[acme]] and [[acme-ltd]]"})
		d.save(domain.Report, content.Update, fields{"id": "restored", "entities": list(), "body": "B."})
		d.report("undeleted", fields{"entities": both})
		d.save(domain.Edition, content.Create, fields{"slug": "one", "series": "S", "number": 1, "title": "T", "language": "en",
			"items": list(fields{"headline": "H", "summary": "S.", "entities": both})})
		d.save(domain.Edition, content.Update, fields{"id": "one", "items": list(fields{"headline": "H", "summary": "S."})})
		if _, err := d.Delete(d.ctx, content.DeleteParams{Type: domain.Report, ID: "undeleted"}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.MergeEntities(d.ctx, content.MergeParams{From: []string{"acme-ltd"}, Into: "acme"}); err != nil {
			t.Fatal(err)
		}
		for _, document := range []string{"report:restored", "edition:one"} {
			if _, err := d.Restore(d.ctx, content.RestoreParams{Document: document, Revision: 1}); err != nil {
				t.Errorf("restore %s: %v", document, err)
			}
		}
		if _, err := d.Undelete(d.ctx, "report:undeleted"); err != nil {
			t.Fatal(err)
		}
		d.publish("entity:acme", "report:restored", "report:undeleted", "edition:one")
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		c := d.stores.Client(ctx)
		if got := []int{c.ReportEntity.Query().CountX(ctx), c.ReportMention.Query().CountX(ctx), c.ItemEntity.Query().CountX(ctx)}; !slices.Equal(got, []int{2, 1, 1}) {
			t.Errorf("live has %v links to the entity, want one for each document: [2 1 1]", got)
		}
		d.wantTablesAsRevised()
	})
}

// Of entities that are merged, what is live goes live with the one that stays, and
// drafts go to its draft.
func TestAMergePublishesNoDrafts(t *testing.T) {
	live := func(d *desk) string {
		ctx := domain.WithViewer(d.t.Context(), domain.Anonymous())
		c := d.stores.Client(ctx)
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
		{"NeverPublished", func(d *desk) { d.entity("acme-ltd", uncited) }, "[] 0"},
		{"Unpublished", func(d *desk) {
			d.entity("acme-ltd")
			d.publish("entity:acme-ltd")
			if _, err := d.Unpublish(d.ctx, content.UnpublishParams{Documents: []string{"entity:acme-ltd"}}); err != nil {
				d.t.Fatal(err)
			}
		}, "[] 0"},
		{"LiveWithADraft", func(d *desk) {
			d.entity("acme-ltd", fields{"name": "Acme Ltd"})
			d.publish("entity:acme-ltd")
			d.save(domain.Entity, content.Update, merge(fields{"id": "acme-ltd"}, []fields{uncited}))
		}, "[Acme Ltd] 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				d.entity("acme", fields{"name": "Acme"})
				d.publish("entity:acme")
				tt.prepare(d)
				if _, err := d.MergeEntities(d.ctx, content.MergeParams{From: []string{"acme-ltd"}, Into: "acme"}); err != nil {
					t.Fatal(err)
				}
				if got := live(d); got != tt.want {
					t.Errorf("live has the names and listings %s, want %s", got, tt.want)
				}
				pending, err := d.PendingChanges(d.ctx, []domain.Type{domain.Entity}, 0, 10)
				if err != nil || len(pending) != 1 {
					t.Errorf("pending changes: got %v, %v; want the one that stays", pending, err)
				}
				d.wantRebuilt()
				d.wantTablesAsRevised()
			})
		})
	}
}

// What is marked higher is not given to what is marked lower.
func TestAMergeLowersNoMarking(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.entity("acme")
		d.publish("entity:acme")
		d.entity("draft", fields{"marking": "RED"})
		d.entity("live", fields{"marking": "AMBER"})
		d.publish("entity:live")
		d.save(domain.Entity, content.Update, fields{"id": "live", "marking": "CLEAR"})
		for _, from := range []string{"draft", "live"} {
			_, err := d.MergeEntities(d.ctx, content.MergeParams{From: []string{from}, Into: "acme"})
			wantFields(t, err, "from[0]")
		}
		// A draft marked as high takes the draft, and live is left as it is.
		d.save(domain.Entity, content.Update, fields{"id": "acme", "marking": "RED"})
		if _, err := d.MergeEntities(d.ctx, content.MergeParams{From: []string{"draft"}, Into: "acme"}); err != nil {
			t.Fatal(err)
		}
		d.wantLive(domain.Clear, "entity:acme")
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		if got := d.stores.Client(ctx).EntityName.Query().CountX(ctx); got != 0 {
			t.Errorf("live has %d names of the draft", got)
		}
		d.wantRebuilt()
	})
}
