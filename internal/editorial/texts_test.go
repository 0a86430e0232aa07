package editorial_test

import (
	"context"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
)

// A text in live names nothing of a higher marking than its own document has,
// by whatever way that could come about.
func TestLiveTextsNameNothingHigher(t *testing.T) {
	raise := func(d *desk, t domain.Type, name, marking string) {
		d.MustSave(t, editorial.Update, fields{"id": name, "marking": marking})
	}
	unpublish := func(d *desk, documents ...string) {
		if _, err := d.Unpublish(d.Ctx, editorial.UnpublishParams{Documents: documents}); err != nil {
			d.T.Fatal(err)
		}
	}
	publish := func(d *desk, documents ...string) error {
		_, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: documents})
		return err
	}
	for _, tt := range []struct {
		name string
		act  func(d *desk) error
		path string
		says string
	}{
		{"RaisedWhileLive", func(d *desk) error {
			d.Entity("acme")
			d.Report("cranes", fields{"body": "By [[acme]]."})
			d.MustPublish("entity:acme", "report:cranes")
			raise(d, domain.Entity, "acme", "RED")
			return publish(d, "entity:acme")
		}, "documents[0]", "report:cranes"},
		{"UnpublishedThenRaisedThenPublished", func(d *desk) error {
			d.Entity("acme")
			d.Report("cranes", fields{"body": "By [[acme]]."})
			d.MustPublish("entity:acme", "report:cranes")
			unpublish(d, "entity:acme")
			raise(d, domain.Entity, "acme", "RED")
			return publish(d, "entity:acme")
		}, "documents[0]", "report:cranes"},
		{"OmittedThenFirstPublishedHigher", func(d *desk) error {
			d.Entity("acme")
			d.Report("cranes", fields{"body": "By [[acme]]."})
			if _, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"report:cranes"}, References: editorial.Omit}); err != nil {
				d.T.Fatal(err)
			}
			raise(d, domain.Entity, "acme", "RED")
			return publish(d, "entity:acme")
		}, "documents[0]", "report:cranes"},
		{"NamedByASlugOfTheDraft", func(d *desk) error {
			d.Entity("acme")
			d.MustPublish("entity:acme")
			d.MustSave(domain.Entity, editorial.Update, fields{"id": "acme", "slug": "acme-holding"})
			d.Report("cranes", fields{"body": "By [[acme-holding]]."})
			d.MustPublish("report:cranes")
			raise(d, domain.Entity, "acme", "RED")
			return publish(d, "entity:acme-holding")
		}, "documents[0]", "report:cranes"},
		{"TextMarkedLowerThanWhatItNames", func(d *desk) error {
			d.Entity("acme", fields{"marking": "AMBER"})
			d.Report("cranes", fields{"body": "By [[acme]].", "marking": "AMBER"})
			d.MustPublish("entity:acme", "report:cranes")
			raise(d, domain.Report, "cranes", "GREEN")
			return publish(d, "report:cranes")
		}, "documents[0]", "entity:acme"},
		{"TextThatNamesADraftMarkedHigher", func(d *desk) error {
			d.Entity("acme")
			d.MustPublish("entity:acme")
			raise(d, domain.Entity, "acme", "RED")
			d.Report("cranes", fields{"body": "By [[acme]]."})
			return publish(d, "report:cranes")
		}, "documents[0]", "entity:acme"},
		{"MergedIntoWhatIsHigherInLive", func(d *desk) error {
			d.Entity("acme")
			d.Entity("acme-group", fields{"marking": "RED"})
			d.Report("cranes", fields{"body": "By [[acme]]."})
			d.MustPublish("entity:acme", "entity:acme-group", "report:cranes")
			raise(d, domain.Entity, "acme-group", "CLEAR") // a draft
			_, err := d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"acme"}, Into: "acme-group"})
			return err
		}, "into", "report:cranes"},
		{"MergedWhileOmittedIntoWhatIsHigher", func(d *desk) error {
			d.Entity("acme")
			d.Entity("acme-group", fields{"marking": "RED"})
			d.Report("cranes", fields{"body": "By [[acme]]."})
			d.MustPublish("entity:acme-group")
			if _, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"report:cranes"}, References: editorial.Omit}); err != nil {
				d.T.Fatal(err)
			}
			_, err := d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"acme"}, Into: "acme-group"})
			return err
		}, "into", "report:cranes"},
		{"ALiveSourceInAFootnote", func(d *desk) error {
			d.Source("register")
			d.Report("cranes", fields{"body": "Text.[^1]\n\n[^1]: [@register]"})
			d.MustPublish("report:cranes")
			return d.try(domain.Source, editorial.Update, fields{"id": "register", "marking": "RED"})
		}, "marking", "report:cranes"},
		{"TheProseOfATag", func(d *desk) error {
			d.Entity("acme")
			d.Tag("sea", fields{"description": "Where [[acme]] sails."})
			d.Report("cranes", fields{"tags": list("sea")})
			d.MustPublish("entity:acme", "report:cranes")
			raise(d, domain.Entity, "acme", "RED")
			return publish(d, "entity:acme")
		}, "documents[0]", "tag:sea"},
		{"ATagThatGoesLiveWithAReport", func(d *desk) error {
			d.Entity("acme", fields{"marking": "RED"})
			d.Tag("sea", fields{"description": "Where [[acme]] sails."})
			d.Report("cranes", fields{"tags": list("sea")})
			return publish(d, "report:cranes")
		}, "documents[0]", "tag:sea"},
		{"AnAssessmentAndAnObservation", func(d *desk) error {
			d.Entity("acme")
			d.MustSave(domain.Narrative, editorial.Create, fields{"slug": "waters", "title": "Waters", "claim": "C.", "status": "ACTIVE", "assessment": "Spread by [[acme]]."})
			d.MustPublish("entity:acme", "narrative:waters")
			raise(d, domain.Entity, "acme", "AMBER")
			return publish(d, "entity:acme")
		}, "documents[0]", "narrative:waters"},
		{"TheDescriptionOfAnEntity", func(d *desk) error {
			d.Entity("acme")
			d.Entity("zeta", fields{"description": "Bought by [[acme|a group]]."})
			d.MustPublish("entity:acme", "entity:zeta")
			raise(d, domain.Entity, "acme", "GREEN")
			return publish(d, "entity:acme")
		}, "documents[0]", "entity:zeta"},
		{"AnItemOfAnEdition", func(d *desk) error {
			d.Entity("acme")
			d.Series("the-red-report")
			d.MustSave(domain.Edition, editorial.Create, fields{"slug": "one", "series": "the-red-report", "number": 1, "title": "One", "language": "en",
				"items": list(fields{"headline": "H", "summary": "S.", "analysis": "See [[acme]]."})})
			d.MustPublish("entity:acme", "edition:one")
			raise(d, domain.Entity, "acme", "RED")
			return publish(d, "entity:acme")
		}, "documents[0]", "edition:one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				err := tt.act(d)
				wantFields(t, err, tt.path)
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got %v, want an error that names %s", err, tt.says)
				}
				if breaches := editorialtest.LiveTextsNamingHigher(context.WithoutCancel(d.Ctx), d.Stores); breaches != "" {
					t.Errorf("live has %s", breaches)
				}
			})
		})
	}
}

// What breaks the rule can be put right in the same release.
func TestATextAndWhatItNamesAreRaisedTogether(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("acme")
		d.Report("cranes", fields{"body": "By [[acme]]."})
		d.Report("ports", fields{"body": "By [[acme]]."})
		d.MustPublish("entity:acme", "report:cranes", "report:ports")
		d.MustSave(domain.Entity, editorial.Update, fields{"id": "acme", "marking": "RED"})
		d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "marking": "RED"})
		d.MustSave(domain.Report, editorial.Update, fields{"id": "ports", "body": "By somebody."})
		d.MustPublish("entity:acme", "report:cranes", "report:ports")
		d.WantLive(domain.Clear, "report:ports")
		d.WantLive(domain.Red, "entity:acme", "report:cranes", "report:ports")
		d.WantRebuilt()
	})
}

// A slug that texts name is not given to another entity.
func TestWhatTextsNameIsNotPurged(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("acme")
		d.Entity("zeta", fields{"description": "Bought by [[acme]]."})
		for _, id := range []string{"zeta", "acme"} {
			if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: domain.Entity, ID: id}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := d.Purge(as(t.Context(), domain.Admin), editorial.PurgeParams{Documents: []string{"entity:acme"}})
		if domain.KindOf(err) != domain.KindConflict || !strings.Contains(err.Error(), "entity:zeta") {
			t.Errorf("got %v, want a conflict that names the text's document", err)
		}
	})
}
