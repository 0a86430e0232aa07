package content_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
)

func TestTrash(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.tag("sea")
		id := d.report("cranes", fields{"tags": list("sea")})
		d.publish("report:cranes")
		del := func(doc domain.Type, name string) error {
			_, err := d.Delete(d.ctx, content.DeleteParams{Type: doc, ID: name})
			return err
		}
		if err := del(domain.Report, "cranes"); !errors.Is(err, domain.ErrConflict) {
			t.Errorf("deleted what is live: %v", err)
		}
		if err := del(domain.Tag, "sea"); !errors.Is(err, domain.ErrConflict) || !strings.Contains(err.Error(), "report:cranes") {
			t.Errorf("a tag that is used: got %v, want a conflict that names the report", err)
		}
		wantFields(t, del(domain.Tag, id.String()), "id")
		if _, err := d.Unpublish(d.ctx, content.UnpublishParams{Documents: []string{"report:cranes"}}); err != nil {
			t.Fatal(err)
		}
		if err := del(domain.Report, "cranes"); err != nil {
			t.Fatal(err)
		}
		if err := del(domain.Report, "cranes"); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("deleted twice: %v", err)
		}
		wantFields(t, d.try(domain.Report, content.Create, fields{"slug": "cranes", "title": "t", "kind": "BRIEF", "language": "en"}), "slug")
		if err := del(domain.Tag, "sea"); err != nil {
			t.Errorf("a tag that only the trash uses: %v", err)
		}
		if got, err := d.Undelete(d.ctx, "report:cranes"); err != nil || got != id {
			t.Errorf("undelete: got %v, %v", got, err)
		}
		if _, err := d.Undelete(d.ctx, "report:cranes"); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("undeleted twice: %v", err)
		}
		d.wantRebuilt()
	})
}

// A document that comes out of the trash may refer to one that is still there.
func TestTheTrashIsNotPublished(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.entity("acme")
		d.report("cranes", fields{"entities": list("acme")})
		for _, p := range []content.DeleteParams{{Type: domain.Report, ID: "cranes"}, {Type: domain.Entity, ID: "acme"}} {
			if _, err := d.Delete(d.ctx, p); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.Undelete(d.ctx, "report:cranes"); err != nil {
			t.Fatal(err)
		}
		_, err := d.Publish(d.ctx, content.PublishParams{Documents: []string{"report:cranes"}, References: content.Include})
		wantFields(t, err, "documents[0]")
		if _, err := d.Publish(d.ctx, content.PublishParams{Documents: []string{"report:cranes"}, References: content.Omit}); err != nil {
			t.Fatal(err)
		}
		d.wantLive(domain.Clear, "report:cranes")
	})
}
