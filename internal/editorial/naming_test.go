package editorial_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

var idInText = regexp.MustCompile(`\b(rpt|nar|ent|rel|tag|src|edn|ast|ser)_[0-9a-z]{13}\b`)

// Messages call documents by type and slug, not by id, where the desk has them.
func TestMessagesNameDocumentsBySlug(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		edition := func(slug string) fields {
			return fields{"slug": slug, "series": "weekly", "number": 1, "title": "T", "language": "en"}
		}
		d.Entity("acme", fields{"country": "JP"})
		d.MustSave(domain.Entity, editorial.Update, fields{"id": "acme", "slug": "acme-works"})
		d.Entity("zeta")
		d.Source("register")
		d.Tag("sea")
		cranes := d.Report("cranes", fields{"tags": list("sea"), "body": "x[^1]\n\n[^1]: [@register]"})
		d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "tags": list(), "body": "x"})
		d.Series("weekly")
		d.MustSave(domain.Edition, editorial.Create, edition("first"))
		for doc, slug := range map[domain.Type]string{domain.Tag: "sea", domain.Source: "register", domain.Entity: "zeta"} {
			if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: doc, ID: slug}); err != nil {
				t.Fatal(err)
			}
		}
		restore := func(revision int) error {
			_, err := d.Restore(d.Ctx, editorial.RestoreParams{Document: "report:cranes", Revision: revision})
			return err
		}
		diff := func() error {
			_, err := d.Diff(d.Ctx, cranes, 1, 9)
			return err
		}
		remove := func() error {
			_, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: domain.Report, ID: "cranes", Version: ptr(1)})
			return err
		}
		purge := func() error {
			_, err := d.Purge(as(t.Context(), domain.Admin), editorial.PurgeParams{Documents: []string{"tag:sea"}})
			return err
		}
		held := func() error {
			d.Tag("gone")
			d.Report("holder", fields{"tags": list("gone")})
			for doc, slug := range map[domain.Type]string{domain.Report: "holder"} {
				if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: doc, ID: slug}); err != nil {
					return err
				}
			}
			if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: domain.Tag, ID: "gone"}); err != nil {
				return err
			}
			_, err := d.Purge(as(t.Context(), domain.Admin), editorial.PurgeParams{Documents: []string{"tag:gone"}})
			return err
		}
		for name, row := range map[string]struct {
			err  error
			want []string
		}{
			"Conflict":       {d.try(domain.Report, editorial.Update, fields{"id": "cranes", "version": 1, "title": "x"}), []string{"report:cranes is at version 2"}},
			"ConflictByID":   {d.try(domain.Report, editorial.Update, fields{"id": cranes.String(), "version": 1, "title": "x"}), []string{"report:cranes is at version 2"}},
			"DeleteConflict": {remove(), []string{"report:cranes is at version 2"}},
			"Number":         {d.try(domain.Edition, editorial.Create, edition("second")), []string{"edition:first is number 1 of series:weekly"}},
			"Slug":           {d.try(domain.Entity, editorial.Create, fields{"slug": "acme-works", "name": "n", "kind": "COMPANY"}), []string{"is the slug of entity:acme-works"}},
			"FormerSlug":     {d.try(domain.Entity, editorial.Create, fields{"slug": "acme", "name": "n", "kind": "COMPANY"}), []string{"was the slug of entity:acme-works, and still leads there"}},
			"SlugInTheTrash": {d.try(domain.Entity, editorial.Create, fields{"slug": "zeta", "name": "n", "kind": "COMPANY"}), []string{"is the slug of entity:zeta, which is in the trash"}},
			"NoRevision":     {restore(9), []string{"report:cranes has no revision 9"}},
			"NoRevisionDiff": {diff(), []string{"report:cranes has no revision 9"}},
			"RestoreOfGone":  {restore(1), []string{"referred to tag:sea, which is in the trash", "referred to source:register, which is in the trash"}},
			"Held":           {held(), []string{"tag:gone by report:holder"}},
		} {
			if row.err == nil {
				t.Errorf("%s: got no error", name)
				continue
			}
			for _, want := range row.want {
				if !strings.Contains(row.err.Error(), want) {
					t.Errorf("%s: got %q, want %q in it", name, row.err, want)
				}
			}
			if id := idInText.FindString(row.err.Error()); id != "" {
				t.Errorf("%s: %q names a document by its id", name, row.err)
			}
		}
		// What is there no more has no other name than its id.
		if err := purge(); err != nil {
			t.Fatal(err)
		}
		if err := restore(1); err == nil || !strings.Contains(err.Error(), "which was deleted for good") {
			t.Errorf("restored what refers to a purged tag: %v", err)
		}
	})
}
