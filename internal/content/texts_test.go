package content_test

import (
	"context"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
)

// A text in live names nothing of a higher marking than its own document has,
// by whatever way that could come about.
func TestLiveTextsNameNothingHigher(t *testing.T) {
	raise := func(d *desk, t domain.Type, name, marking string) {
		d.save(t, content.Update, fields{"id": name, "marking": marking})
	}
	unpublish := func(d *desk, documents ...string) {
		if _, err := d.Unpublish(d.ctx, content.UnpublishParams{Documents: documents}); err != nil {
			d.t.Fatal(err)
		}
	}
	publish := func(d *desk, documents ...string) error {
		_, err := d.Publish(d.ctx, content.PublishParams{Documents: documents})
		return err
	}
	for _, tt := range []struct {
		name string
		act  func(d *desk) error
		path string
		says string
	}{
		{"RaisedWhileLive", func(d *desk) error {
			d.entity("acme")
			d.report("cranes", fields{"body": "By [[acme]]."})
			d.publish("entity:acme", "report:cranes")
			raise(d, domain.Entity, "acme", "RED")
			return publish(d, "entity:acme")
		}, "documents[0]", "report:cranes"},
		{"UnpublishedThenRaisedThenPublished", func(d *desk) error {
			d.entity("acme")
			d.report("cranes", fields{"body": "By [[acme]]."})
			d.publish("entity:acme", "report:cranes")
			unpublish(d, "entity:acme")
			raise(d, domain.Entity, "acme", "RED")
			return publish(d, "entity:acme")
		}, "documents[0]", "report:cranes"},
		{"OmittedThenFirstPublishedHigher", func(d *desk) error {
			d.entity("acme")
			d.report("cranes", fields{"body": "By [[acme]]."})
			if _, err := d.Publish(d.ctx, content.PublishParams{Documents: []string{"report:cranes"}, References: content.Omit}); err != nil {
				d.t.Fatal(err)
			}
			raise(d, domain.Entity, "acme", "RED")
			return publish(d, "entity:acme")
		}, "documents[0]", "report:cranes"},
		{"NamedByASlugOfTheDraft", func(d *desk) error {
			d.entity("acme")
			d.publish("entity:acme")
			d.save(domain.Entity, content.Update, fields{"id": "acme", "slug": "acme-holding"})
			d.report("cranes", fields{"body": "By [[acme-holding]]."})
			d.publish("report:cranes")
			raise(d, domain.Entity, "acme", "RED")
			return publish(d, "entity:acme-holding")
		}, "documents[0]", "report:cranes"},
		{"TextMarkedLowerThanWhatItNames", func(d *desk) error {
			d.entity("acme", fields{"marking": "AMBER"})
			d.report("cranes", fields{"body": "By [[acme]].", "marking": "AMBER"})
			d.publish("entity:acme", "report:cranes")
			raise(d, domain.Report, "cranes", "GREEN")
			return publish(d, "report:cranes")
		}, "documents[0]", "entity:acme"},
		{"TextThatNamesADraftMarkedHigher", func(d *desk) error {
			d.entity("acme")
			d.publish("entity:acme")
			raise(d, domain.Entity, "acme", "RED")
			d.report("cranes", fields{"body": "By [[acme]]."})
			return publish(d, "report:cranes")
		}, "documents[0]", "entity:acme"},
		{"MergedIntoWhatIsHigherInLive", func(d *desk) error {
			d.entity("acme")
			d.entity("acme-group", fields{"marking": "RED"})
			d.report("cranes", fields{"body": "By [[acme]]."})
			d.publish("entity:acme", "entity:acme-group", "report:cranes")
			raise(d, domain.Entity, "acme-group", "CLEAR") // a draft
			_, err := d.MergeEntities(d.ctx, content.MergeParams{From: []string{"acme"}, Into: "acme-group"})
			return err
		}, "into", "report:cranes"},
		{"MergedWhileOmittedIntoWhatIsHigher", func(d *desk) error {
			d.entity("acme")
			d.entity("acme-group", fields{"marking": "RED"})
			d.report("cranes", fields{"body": "By [[acme]]."})
			d.publish("entity:acme-group")
			if _, err := d.Publish(d.ctx, content.PublishParams{Documents: []string{"report:cranes"}, References: content.Omit}); err != nil {
				d.t.Fatal(err)
			}
			_, err := d.MergeEntities(d.ctx, content.MergeParams{From: []string{"acme"}, Into: "acme-group"})
			return err
		}, "into", "report:cranes"},
		{"ALiveSourceInAFootnote", func(d *desk) error {
			d.source("register")
			d.report("cranes", fields{"body": "Text.[^1]\n\n[^1]: [@register]"})
			d.publish("report:cranes")
			return d.try(domain.Source, content.Update, fields{"id": "register", "marking": "RED"})
		}, "marking", "report:cranes"},
		{"TheProseOfATag", func(d *desk) error {
			d.entity("acme")
			d.tag("sea", fields{"description": "Where [[acme]] sails."})
			d.report("cranes", fields{"tags": list("sea")})
			d.publish("entity:acme", "report:cranes")
			raise(d, domain.Entity, "acme", "RED")
			return publish(d, "entity:acme")
		}, "documents[0]", "tag:sea"},
		{"ATagThatGoesLiveWithAReport", func(d *desk) error {
			d.entity("acme", fields{"marking": "RED"})
			d.tag("sea", fields{"description": "Where [[acme]] sails."})
			d.report("cranes", fields{"tags": list("sea")})
			return publish(d, "report:cranes")
		}, "documents[0]", "tag:sea"},
		{"AnAssessmentAndAnObservation", func(d *desk) error {
			d.entity("acme")
			d.save(domain.Narrative, content.Create, fields{"slug": "waters", "title": "Waters", "claim": "C.", "status": "ACTIVE", "assessment": "Spread by [[acme]]."})
			d.publish("entity:acme", "narrative:waters")
			raise(d, domain.Entity, "acme", "AMBER")
			return publish(d, "entity:acme")
		}, "documents[0]", "narrative:waters"},
		{"TheDescriptionOfAnEntity", func(d *desk) error {
			d.entity("acme")
			d.entity("zeta", fields{"description": "Bought by [[acme|a group]]."})
			d.publish("entity:acme", "entity:zeta")
			raise(d, domain.Entity, "acme", "GREEN")
			return publish(d, "entity:acme")
		}, "documents[0]", "entity:zeta"},
		{"AnItemOfAnEdition", func(d *desk) error {
			d.entity("acme")
			d.save(domain.Edition, content.Create, fields{"slug": "one", "series": "The Red Report", "number": 1, "title": "One", "language": "en",
				"items": list(fields{"headline": "H", "summary": "S.", "analysis": "See [[acme]]."})})
			d.publish("entity:acme", "edition:one")
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
				if breaches := content.LiveTextsNamingHigher(context.WithoutCancel(d.ctx), d.stores); breaches != "" {
					t.Errorf("live has %s", breaches)
				}
			})
		})
	}
}

// What breaks the rule can be put right in the same release.
func TestATextAndWhatItNamesAreRaisedTogether(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.entity("acme")
		d.report("cranes", fields{"body": "By [[acme]]."})
		d.report("ports", fields{"body": "By [[acme]]."})
		d.publish("entity:acme", "report:cranes", "report:ports")
		d.save(domain.Entity, content.Update, fields{"id": "acme", "marking": "RED"})
		d.save(domain.Report, content.Update, fields{"id": "cranes", "marking": "RED"})
		d.save(domain.Report, content.Update, fields{"id": "ports", "body": "By somebody."})
		d.publish("entity:acme", "report:cranes", "report:ports")
		d.wantLive(domain.Clear, "report:ports")
		d.wantLive(domain.Red, "entity:acme", "report:cranes", "report:ports")
		d.wantRebuilt()
	})
}

// A slug that texts name is not given to another entity.
func TestWhatTextsNameIsNotPurged(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.entity("acme")
		d.entity("zeta", fields{"description": "Bought by [[acme]]."})
		for _, id := range []string{"zeta", "acme"} {
			if _, err := d.Delete(d.ctx, content.DeleteParams{Type: domain.Entity, ID: id}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := d.Purge(as(t.Context(), domain.Admin), content.PurgeParams{Documents: []string{"entity:acme"}})
		if domain.KindOf(err) != domain.KindConflict || !strings.Contains(err.Error(), "entity:zeta") {
			t.Errorf("got %v, want a conflict that names the text's document", err)
		}
	})
}
