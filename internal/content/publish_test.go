package content_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
)

func TestPublish(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.tag("sea")
		d.source("register")
		d.entity("acme")
		d.report("cranes", fields{"tags": list("sea"), "entities": list("acme"),
			"body": "Text.[^1] By [[acme]].\n\n[^1]: [@register, p. 2]"})
		d.wantLive(domain.Red)

		_, err := d.Publish(d.ctx, content.PublishParams{Documents: []string{"report:cranes"}})
		wantFields(t, err, "documents[0]") // acme is not live
		d.wantLive(domain.Red)

		out, err := d.Publish(d.ctx, content.PublishParams{Documents: []string{"report:cranes"}, References: content.Include})
		if err != nil || !out.Applied || len(out.Published) != 2 {
			t.Fatalf("got %+v, %v; want the report and the entity published", out, err)
		}
		d.wantLive(domain.Clear, "report:cranes", "entity:acme", "tag:sea", "source:register")

		again := d.publish("report:cranes")
		if len(again.Published) != 0 || again.Sequence != 0 {
			t.Errorf("publishing what is live: got %+v, want nothing done", again)
		}
		d.wantRebuilt()
	})
}

func TestAnEditIsNotLiveUntilItIsPublished(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.report("cranes")
		d.publish("report:cranes")
		d.save(domain.Report, content.Update, fields{"id": "cranes", "title": "Changed"})
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		if got := d.stores.Client(ctx).Report.Query().OnlyX(ctx).Title; got != "cranes" {
			t.Errorf("live shows the draft's title %q", got)
		}
		pending, err := d.PendingChanges(d.ctx, nil, 0, 10)
		if err != nil || len(pending) != 1 || pending[0].State != content.StateChanged {
			t.Errorf("pending changes: got %+v, %v; want one that is CHANGED", pending, err)
		}
		d.publish("report:cranes")
		if got := d.stores.Client(ctx).Report.Query().OnlyX(ctx).Title; got != "Changed" {
			t.Errorf("after publishing: got title %q", got)
		}
		d.wantRebuilt()
	})
}

func TestUnpublish(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.tag("sea")
		d.report("cranes", fields{"tags": list("sea")})
		d.publish("report:cranes")
		d.wantLive(domain.Clear, "report:cranes", "tag:sea")
		if _, err := d.Unpublish(d.ctx, content.UnpublishParams{Documents: []string{"report:cranes"}}); err != nil {
			t.Fatal(err)
		}
		d.wantLive(domain.Red) // a tag that nobody refers to is unseen
		_, err := d.Unpublish(d.ctx, content.UnpublishParams{Documents: []string{"report:cranes"}})
		wantFields(t, err, "documents[0]")
		d.publish("report:cranes")
		d.wantLive(domain.Clear, "report:cranes", "tag:sea")
		d.wantRebuilt()
	})
}

func TestReleaseIsAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.report("good")
		d.report("bad", fields{"summary": nil})
		_, err := d.Publish(d.ctx, content.PublishParams{Documents: []string{"report:good", "report:bad", "report:none", "tag:none", "nonsense"}})
		wantFields(t, err, "documents[2]", "documents[3]", "documents[4]")
		_, err = d.Publish(d.ctx, content.PublishParams{Documents: []string{"report:good", "report:bad"}})
		wantFields(t, err, "documents[1]")
		d.wantLive(domain.Red)
	})
}

func TestOmittedReferencesAppearWhenTheyAreLive(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.entity("acme")
		d.entity("zeta")
		d.source("register")
		d.relationship("acme", "zeta", fields{"slug": "tie", "citations": list(fields{"source": "register"})})
		out, err := d.Publish(d.ctx, content.PublishParams{Documents: []string{"relationship:tie"}, References: content.Omit})
		if err != nil || len(out.Omitted) != 2 {
			t.Fatalf("got %+v, %v; want both ends omitted", out, err)
		}
		d.wantLive(domain.Red)
		d.publish("entity:acme")
		d.wantLive(domain.Red, "entity:acme")
		d.publish("entity:zeta")
		d.wantLive(domain.Red, "entity:acme", "entity:zeta", "relationship:tie", "source:register")
		if _, err := d.Unpublish(d.ctx, content.UnpublishParams{Documents: []string{"entity:zeta"}}); err != nil {
			t.Fatal(err)
		}
		d.wantLive(domain.Red, "entity:acme")
		d.wantRebuilt()
	})
}

func TestWhatIsNotCitedIsNotPublished(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.source("list")
		d.entity("acme", fields{"listings": list(fields{"authority": "A"}, fields{"authority": "B", "source": "list"})})
		d.entity("zeta")
		d.relationship("acme", "zeta", fields{"slug": "tie"})
		d.save(domain.Edition, content.Create, fields{"slug": "one", "series": "S", "number": 1, "title": "T", "language": "en"})
		_, err := d.Publish(d.ctx, content.PublishParams{
			Documents: []string{"entity:acme", "entity:zeta", "relationship:tie", "edition:one"}})
		wantFields(t, err, "documents[0]", "documents[2]", "documents[3]")
	})
}

func TestEffectiveMarkings(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.source("register")
		d.tag("root")
		d.tag("leaf", fields{"parent": "root"})
		d.tag("secret", fields{"marking": "AMBER"})
		d.entity("acme")
		d.entity("zeta", fields{"marking": "GREEN"})
		d.relationship("acme", "zeta", fields{"slug": "tie", "citations": list(fields{"source": "register"})})
		d.report("green", fields{"marking": "GREEN", "tags": list("leaf", "secret")})
		d.publish("entity:acme", "entity:zeta", "relationship:tie", "report:green")
		d.wantLive(domain.Clear, "entity:acme")
		green := []string{"entity:acme", "entity:zeta", "relationship:tie", "source:register", "report:green", "tag:leaf", "tag:root"}
		d.wantLive(domain.Green, green...)
		d.wantLive(domain.Amber, append(green, "tag:secret")...)

		// A clear report brings the leaf and its parent with it.
		d.report("clear", fields{"tags": list("leaf")})
		d.publish("report:clear")
		d.wantLive(domain.Clear, "entity:acme", "report:clear", "tag:leaf", "tag:root")

		// Marked up again, it takes them with it.
		d.save(domain.Report, content.Update, fields{"id": "clear", "marking": "RED"})
		d.publish("report:clear")
		d.wantLive(domain.Clear, "entity:acme")
		// And an end that is marked up takes the relationship with it.
		d.save(domain.Entity, content.Update, fields{"id": "acme", "marking": "AMBER"})
		d.publish("entity:acme")
		d.wantLive(domain.Green, "entity:zeta", "report:green", "tag:leaf", "tag:root")
		d.wantRebuilt()
	})
}

func TestALaterSaveOfASupportingDocumentIsLiveAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.tag("sea")
		d.tag("world")
		d.report("cranes", fields{"tags": list("sea")})
		d.publish("report:cranes")
		d.save(domain.Tag, content.Update, fields{"id": "sea", "label": "The sea", "parent": "world"})
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		d.wantLive(domain.Clear, "report:cranes", "tag:sea", "tag:world")
		labels := map[string]bool{}
		for _, r := range d.stores.Client(ctx).Tag.Query().AllX(ctx) {
			labels[r.Label] = true
		}
		if !labels["The sea"] {
			t.Errorf("live has the labels %v", labels)
		}
		_, err := d.Save(as(t.Context(), domain.Author), content.SaveParams{Type: domain.Tag, Mode: content.Update,
			Fields: fields{"id": "sea", "label": "By an author"}})
		if !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("an author changed live: %v", err)
		}
		d.wantRebuilt()
	})
}

func TestTextMustNotNameWhatIsMarkedHigher(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.entity("acme", fields{"marking": "AMBER"})
		d.source("memo", fields{"marking": "GREEN"})
		d.report("cranes", fields{"body": "By [[acme]].[^1]\n\n[^1]: [@memo]"})
		d.save(domain.Narrative, content.Create, fields{"slug": "line", "title": "T", "claim": "C", "status": "ACTIVE",
			"description": "Spread by [[acme|a firm]]."})
		_, err := d.Publish(d.ctx, content.PublishParams{References: content.Include,
			Documents: []string{"report:cranes", "narrative:line", "entity:acme"}})
		wantFields(t, err, "documents[0]", "documents[0]", "documents[1]")

		d.save(domain.Entity, content.Update, fields{"id": "acme", "marking": "CLEAR"})
		d.save(domain.Source, content.Update, fields{"id": "memo", "marking": "CLEAR"})
		d.publish("report:cranes", "narrative:line", "entity:acme")
		// Raised later, while live texts name them.
		d.save(domain.Entity, content.Update, fields{"id": "acme", "marking": "AMBER"})
		_, err = d.Publish(d.ctx, content.PublishParams{Documents: []string{"entity:acme"}})
		wantFields(t, err, "documents[0]", "documents[0]")
		_, err = d.Save(d.ctx, content.SaveParams{Type: domain.Source, Mode: content.Update, Fields: fields{"id": "memo", "marking": "RED"}})
		wantFields(t, err, "marking")
		// In one release with the texts it is fine.
		d.save(domain.Report, content.Update, fields{"id": "cranes", "body": "By a firm."})
		d.save(domain.Narrative, content.Update, fields{"id": "line", "marking": "AMBER"})
		d.publish("report:cranes", "narrative:line", "entity:acme")
		d.wantLive(domain.Clear, "report:cranes")
		d.wantRebuilt()
	})
}

func TestSchedule(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.report("cranes")
		d.report("bad", fields{"body": ""})
		at := noon.Add(time.Hour)
		for _, doc := range []string{"report:cranes", "report:bad"} {
			if _, err := d.Schedule(d.ctx, content.ScheduleParams{Action: "PUBLISH", Documents: []string{doc}, At: at}); err != nil {
				t.Fatal(err)
			}
		}
		off, err := d.Schedule(d.ctx, content.ScheduleParams{Action: "PUBLISH", Documents: []string{"report:cranes"}, At: at})
		if err != nil {
			t.Fatal(err)
		}
		if off, err = d.CancelSchedule(d.ctx, off.ID); err != nil || off.Status != "CANCELLED" {
			t.Errorf("cancelled: got %v, %v", off, err)
		}
		if n, err := d.CarryOutDue(t.Context()); n != 0 || err != nil {
			t.Errorf("before its time: %d were carried out, err %v", n, err)
		}
		d.wantLive(domain.Red)
		// Another process, later: what matters is in the database.
		later := newDesk(t, d.stores)
		later.advance(2 * time.Hour)
		if n, err := later.CarryOutDue(t.Context()); n != 2 || err != nil {
			t.Errorf("when due: %d were carried out, err %v; want 2", n, err)
		}
		d.wantLive(domain.Clear, "report:cranes")
		staff := domain.WithStage(d.ctx, domain.Desk)
		states := map[string]int{}
		for _, s := range d.stores.Client(staff).Schedule.Query().AllX(staff) {
			states[s.Status]++
			if s.Status == "FAILED" && s.Error == nil {
				t.Error("a failed schedule does not say why")
			}
		}
		if states["DONE"] != 1 || states["FAILED"] != 1 || states["CANCELLED"] != 1 {
			t.Errorf("got states %v", states)
		}
		_, err = d.Schedule(d.ctx, content.ScheduleParams{Action: "X", At: noon})
		wantFields(t, err, "action", "at", "documents")
	})
}

func TestRights(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.report("cranes")
		anonymous := domain.WithViewer(t.Context(), domain.Anonymous())
		author := as(t.Context(), domain.Author)
		publish := content.PublishParams{Documents: []string{"report:cranes"}}
		if _, err := d.Publish(author, publish); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("an author published: %v", err)
		}
		if _, err := d.Publish(anonymous, publish); !errors.Is(err, domain.ErrUnauthenticated) {
			t.Errorf("anonymous published: %v", err)
		}
		if _, err := d.Publish(t.Context(), publish); !errors.Is(err, domain.ErrNoViewer) {
			t.Errorf("nobody published: %v", err)
		}
		save := content.SaveParams{Type: domain.Tag, Fields: fields{"label": "x", "vocabulary": "TOPIC"}}
		for _, role := range []domain.Role{domain.Public, domain.Partner} {
			if _, err := d.Save(as(t.Context(), role), save); !errors.Is(err, domain.ErrForbidden) {
				t.Errorf("%v saved: %v", role, err)
			}
		}
		if _, err := d.RebuildLive(d.ctx); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("an editor rebuilt live: %v", err)
		}
		d.wantLive(domain.Red)
	})
}

// A tag goes live with the first report that refers to it, which not everybody
// may see. What live says of the tag's times is the same as if that report did
// not exist.
func TestDatesOfSupportingDocumentsTellOfNobody(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		id := d.tag("sea")
		d.advance(time.Hour)
		d.report("secret", fields{"tags": list("sea"), "marking": "RED"})
		d.publish("report:secret")
		d.advance(time.Hour)
		d.report("open", fields{"tags": list("sea")})
		d.publish("report:open")
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		tag, err := d.stores.Client(ctx).Tag.Get(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if tag.PublishedAt == nil || !tag.PublishedAt.Equal(tag.CreatedAt) || !tag.UpdatedAt.Equal(tag.CreatedAt) {
			t.Errorf("created %v, updated %v, published %v: want the same", tag.CreatedAt, tag.UpdatedAt, tag.PublishedAt)
		}
		d.save(domain.Tag, content.Update, fields{"id": "sea", "label": "The sea"})
		if tag, err = d.stores.Client(ctx).Tag.Get(ctx, id); err != nil || !tag.UpdatedAt.After(tag.CreatedAt) || !tag.PublishedAt.Equal(tag.CreatedAt) {
			t.Errorf("after a save: updated %v, published %v, %v", tag.UpdatedAt, tag.PublishedAt, err)
		}
		d.wantRebuilt()
	})
}
