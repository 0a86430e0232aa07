package content_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/redthread-api/redthread/ent/reportentity"
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
