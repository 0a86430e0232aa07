package editorial_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

func TestTrash(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Tag("sea")
		id := d.Report("cranes", fields{"tags": list("sea")})
		d.MustPublish("report:cranes")
		del := func(doc domain.Type, name string) error {
			_, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: doc, ID: name})
			return err
		}
		if err := del(domain.Report, "cranes"); !errors.Is(err, domain.ErrConflict) {
			t.Errorf("deleted what is live: %v", err)
		}
		if err := del(domain.Tag, "sea"); !errors.Is(err, domain.ErrConflict) || !strings.Contains(err.Error(), "report:cranes") {
			t.Errorf("a tag that is used: got %v, want a conflict that names the report", err)
		}
		wantFields(t, del(domain.Tag, id.String()), "id")
		if _, err := d.Unpublish(d.Ctx, editorial.UnpublishParams{Documents: []string{"report:cranes"}}); err != nil {
			t.Fatal(err)
		}
		if err := del(domain.Report, "cranes"); err != nil {
			t.Fatal(err)
		}
		if err := del(domain.Report, "cranes"); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("deleted twice: %v", err)
		}
		wantFields(t, d.try(domain.Report, editorial.Create, fields{"slug": "cranes", "title": "t", "kind": "BRIEF", "language": "en"}), "slug")
		if err := del(domain.Tag, "sea"); err != nil {
			t.Errorf("a tag that only the trash uses: %v", err)
		}
		_, err := d.Undelete(d.Ctx, "report:cranes")
		wantFields(t, err, "tags[0]")
		if _, err := d.Undelete(d.Ctx, "tag:sea"); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Undelete(d.Ctx, "report:cranes"); err != nil || got != id {
			t.Errorf("undelete: got %v, %v", got, err)
		}
		if _, err := d.Undelete(d.Ctx, "report:cranes"); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("undeleted twice: %v", err)
		}
		d.WantRebuilt()
	})
}

// What is in the trash comes back after what it refers to, so that nothing is
// published without what it cites.
func TestWhatItRefersToComesBackFirst(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Source("register")
		d.Tag("sea")
		d.Entity("acme")
		d.Entity("zeta")
		d.Relationship("acme", "zeta", fields{"slug": "tie", "citations": list(fields{"source": "register"})})
		d.Report("cranes", fields{"tags": list("sea"), "entities": list("acme"), "body": "By [[acme]].[^1]\n\n[^1]: [@register]"})
		for _, p := range []editorial.DeleteParams{
			{Type: domain.Report, ID: "cranes"}, {Type: domain.Relationship, ID: "tie"}, {Type: domain.Entity, ID: "acme"},
			{Type: domain.Source, ID: "register"}, {Type: domain.Tag, ID: "sea"},
		} {
			if _, err := d.Delete(d.Ctx, p); err != nil {
				t.Fatal(err)
			}
		}
		for document, paths := range map[string][]string{
			"relationship:tie": {"from", "citations[0].source"},
			"report:cranes":    {"tags[0]", "entities[0]", "body", "body"},
		} {
			_, err := d.Undelete(d.Ctx, document)
			wantFields(t, err, paths...)
			if err == nil || !strings.Contains(err.Error(), "source:register, which is in the trash") {
				t.Errorf("%s: got %v, want an error that names the source", document, err)
			}
			if _, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{document}}); err == nil {
				t.Errorf("%s was published out of the trash", document)
			}
		}
		for _, document := range []string{"tag:sea", "source:register", "entity:acme", "relationship:tie", "report:cranes"} {
			if _, err := d.Undelete(d.Ctx, document); err != nil {
				t.Errorf("undelete %s: %v", document, err)
			}
		}
		d.MustPublish("entity:acme", "entity:zeta", "relationship:tie", "report:cranes")
		d.WantLive(domain.Clear, "entity:acme", "entity:zeta", "relationship:tie", "report:cranes", "source:register", "tag:sea")
		d.WantRebuilt()
	})
}

// What was merged while a document was in the trash, it refers to as it is now.
func TestWhatComesBackFollowsMerges(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Source("register")
		into := d.Entity("acme")
		d.Entity("acme-ltd")
		d.Entity("zeta")
		d.Relationship("acme-ltd", "zeta", fields{"slug": "tie", "citations": list(fields{"source": "register"})})
		if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: domain.Relationship, ID: "tie"}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"acme-ltd"}, Into: "acme"}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Undelete(d.Ctx, "relationship:tie"); err != nil {
			t.Fatal(err)
		}
		d.MustPublish("entity:acme", "entity:zeta", "relationship:tie")
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		if got := d.Stores.Client(ctx).Relationship.Query().OnlyX(ctx).FromID; got != into {
			t.Errorf("the relationship is of %v, want %v", got, into)
		}
		d.WantTablesAsRevised()
	})
}

// What a text names is not deleted under it, and comes back before it.
func TestWhatATextNamesIsNotInTheTrash(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("acme")
		d.MustSave(domain.Narrative, editorial.Create, fields{"slug": "waters", "title": "Waters", "claim": "C.", "status": "ACTIVE", "assessment": "Spread by [[acme]]."})
		del := func(doc domain.Type, name string) error {
			_, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: doc, ID: name})
			return err
		}
		if err := del(domain.Entity, "acme"); !errors.Is(err, domain.ErrConflict) || !strings.Contains(err.Error(), "narrative:waters") {
			t.Errorf("got %v, want a conflict that names the narrative", err)
		}
		for _, err := range []error{del(domain.Narrative, "waters"), del(domain.Entity, "acme")} {
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := d.Undelete(d.Ctx, "narrative:waters")
		wantFields(t, err, "")
		if err == nil || !strings.Contains(err.Error(), "entity:acme, which is in the trash") {
			t.Errorf("got %v, want an error that names the entity", err)
		}
		for _, document := range []string{"entity:acme", "narrative:waters"} {
			if _, err := d.Undelete(d.Ctx, document); err != nil {
				t.Errorf("undelete %s: %v", document, err)
			}
		}
	})
}
