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
