package editorial_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

func TestPublish(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Tag("sea")
		d.Source("register")
		d.Entity("acme")
		d.Report("cranes", fields{"tags": list("sea"), "entities": list("acme"),
			"body": "Text.[^1] By [[acme]].\n\n[^1]: [@register, p. 2]"})
		d.WantLive(domain.Red)

		_, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"report:cranes"}})
		wantFields(t, err, "documents[0]") // acme is not live
		d.WantLive(domain.Red)

		out, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"report:cranes"}, References: editorial.Include})
		if err != nil || !out.Applied || len(out.Published) != 2 {
			t.Fatalf("got %+v, %v; want the report and the entity published", out, err)
		}
		d.WantLive(domain.Clear, "report:cranes", "entity:acme", "tag:sea", "source:register")

		again := d.MustPublish("report:cranes")
		if len(again.Published) != 0 || again.Sequence != 0 {
			t.Errorf("publishing what is live: got %+v, want nothing done", again)
		}
		d.WantRebuilt()
	})
}

func TestAnEditIsNotLiveUntilItIsPublished(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Report("cranes")
		d.MustPublish("report:cranes")
		d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "title": "Changed"})
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		if got := d.Stores.Client(ctx).Report.Query().OnlyX(ctx).Title; got != "cranes" {
			t.Errorf("live shows the draft's title %q", got)
		}
		pending, err := d.PendingChanges(d.Ctx, nil, 0, 10)
		if err != nil || len(pending) != 1 || pending[0].State != editorial.StateChanged {
			t.Errorf("pending changes: got %+v, %v; want one that is CHANGED", pending, err)
		}
		d.MustPublish("report:cranes")
		if got := d.Stores.Client(ctx).Report.Query().OnlyX(ctx).Title; got != "Changed" {
			t.Errorf("after publishing: got title %q", got)
		}
		d.WantRebuilt()
	})
}

func TestUnpublish(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Tag("sea")
		d.Report("cranes", fields{"tags": list("sea")})
		d.MustPublish("report:cranes")
		d.WantLive(domain.Clear, "report:cranes", "tag:sea")
		if _, err := d.Unpublish(d.Ctx, editorial.UnpublishParams{Documents: []string{"report:cranes"}}); err != nil {
			t.Fatal(err)
		}
		d.WantLive(domain.Red) // a tag that nobody refers to is unseen
		_, err := d.Unpublish(d.Ctx, editorial.UnpublishParams{Documents: []string{"report:cranes"}})
		wantFields(t, err, "documents[0]")
		d.MustPublish("report:cranes")
		d.WantLive(domain.Clear, "report:cranes", "tag:sea")
		d.WantRebuilt()
	})
}

func TestReleaseIsAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Report("good")
		d.Report("bad", fields{"summary": nil})
		_, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"report:good", "report:bad", "report:none", "tag:none", "nonsense"}})
		wantFields(t, err, "documents[1]", "documents[2]", "documents[3]", "documents[4]")
		_, err = d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"report:good", "report:bad"}})
		wantFields(t, err, "documents[1]")
		d.WantLive(domain.Red)
	})
}

func TestOmittedReferencesAppearWhenTheyAreLive(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("acme")
		d.Entity("zeta")
		d.Source("register")
		d.Relationship("acme", "zeta", fields{"slug": "tie", "citations": list(fields{"source": "register"})})
		out, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"relationship:tie"}, References: editorial.Omit})
		if err != nil || len(out.Omitted) != 2 {
			t.Fatalf("got %+v, %v; want both ends omitted", out, err)
		}
		d.WantLive(domain.Red)
		d.MustPublish("entity:acme")
		d.WantLive(domain.Red, "entity:acme")
		d.MustPublish("entity:zeta")
		d.WantLive(domain.Red, "entity:acme", "entity:zeta", "relationship:tie", "source:register")
		if _, err := d.Unpublish(d.Ctx, editorial.UnpublishParams{Documents: []string{"entity:zeta"}}); err != nil {
			t.Fatal(err)
		}
		d.WantLive(domain.Red, "entity:acme")
		d.WantRebuilt()
	})
}

func TestWhatIsNotCitedIsNotPublished(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Source("list")
		d.Entity("acme", fields{"listings": list(fields{"authority": "A"}, fields{"authority": "B", "source": "list"})})
		d.Entity("zeta")
		d.Relationship("acme", "zeta", fields{"slug": "tie"})
		d.Series("s")
		d.MustSave(domain.Edition, editorial.Create, fields{"slug": "one", "series": "s", "number": 1, "title": "T", "language": "en"})
		_, err := d.Publish(d.Ctx, editorial.PublishParams{
			Documents: []string{"entity:acme", "entity:zeta", "relationship:tie", "edition:one"}})
		wantFields(t, err, "documents[0]", "documents[2]", "documents[3]")
	})
}

func TestEffectiveMarkings(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Source("register")
		d.Tag("root")
		d.Tag("leaf", fields{"parent": "root"})
		d.Tag("secret", fields{"marking": "AMBER"})
		d.Entity("acme")
		d.Entity("zeta", fields{"marking": "GREEN"})
		d.Relationship("acme", "zeta", fields{"slug": "tie", "citations": list(fields{"source": "register"})})
		d.Report("green", fields{"marking": "GREEN", "tags": list("leaf", "secret")})
		d.MustPublish("entity:acme", "entity:zeta", "relationship:tie", "report:green")
		d.WantLive(domain.Clear, "entity:acme")
		green := []string{"entity:acme", "entity:zeta", "relationship:tie", "source:register", "report:green", "tag:leaf", "tag:root"}
		d.WantLive(domain.Green, green...)
		d.WantLive(domain.Amber, append(green, "tag:secret")...)

		// A clear report brings the leaf and its parent with it.
		d.Report("clear", fields{"tags": list("leaf")})
		d.MustPublish("report:clear")
		d.WantLive(domain.Clear, "entity:acme", "report:clear", "tag:leaf", "tag:root")

		// Marked up again, it takes them with it.
		d.MustSave(domain.Report, editorial.Update, fields{"id": "clear", "marking": "RED"})
		d.MustPublish("report:clear")
		d.WantLive(domain.Clear, "entity:acme")
		// And an end that is marked up takes the relationship with it.
		d.MustSave(domain.Entity, editorial.Update, fields{"id": "acme", "marking": "AMBER"})
		d.MustPublish("entity:acme")
		d.WantLive(domain.Green, "entity:zeta", "report:green", "tag:leaf", "tag:root")
		d.WantRebuilt()
	})
}

func TestALaterSaveOfASupportingDocumentIsLiveAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Tag("sea")
		d.Tag("world")
		d.Report("cranes", fields{"tags": list("sea")})
		d.MustPublish("report:cranes")
		d.MustSave(domain.Tag, editorial.Update, fields{"id": "sea", "label": "The sea", "parent": "world"})
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		d.WantLive(domain.Clear, "report:cranes", "tag:sea", "tag:world")
		labels := map[string]bool{}
		for _, r := range d.Stores.Client(ctx).Tag.Query().AllX(ctx) {
			labels[r.Label] = true
		}
		if !labels["The sea"] {
			t.Errorf("live has the labels %v", labels)
		}
		_, err := d.Save(as(t.Context(), domain.Author), editorial.SaveParams{Type: domain.Tag, Mode: editorial.Update,
			Fields: fields{"id": "sea", "label": "By an author"}})
		if !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("an author changed live: %v", err)
		}
		d.WantRebuilt()
	})
}

func TestTextMustNotNameWhatIsMarkedHigher(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("acme", fields{"marking": "AMBER"})
		d.Source("memo", fields{"marking": "GREEN"})
		d.Report("cranes", fields{"body": "By [[acme]].[^1]\n\n[^1]: [@memo]"})
		d.MustSave(domain.Narrative, editorial.Create, fields{"slug": "line", "title": "T", "claim": "C", "status": "ACTIVE",
			"description": "Spread by [[acme|a firm]]."})
		_, err := d.Publish(d.Ctx, editorial.PublishParams{References: editorial.Include,
			Documents: []string{"report:cranes", "narrative:line", "entity:acme"}})
		wantFields(t, err, "documents[0]", "documents[0]", "documents[1]")

		d.MustSave(domain.Entity, editorial.Update, fields{"id": "acme", "marking": "CLEAR"})
		d.MustSave(domain.Source, editorial.Update, fields{"id": "memo", "marking": "CLEAR"})
		d.MustPublish("report:cranes", "narrative:line", "entity:acme")
		// Raised later, while live texts name them.
		d.MustSave(domain.Entity, editorial.Update, fields{"id": "acme", "marking": "AMBER"})
		_, err = d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"entity:acme"}})
		wantFields(t, err, "documents[0]", "documents[0]")
		_, err = d.Save(d.Ctx, editorial.SaveParams{Type: domain.Source, Mode: editorial.Update, Fields: fields{"id": "memo", "marking": "RED"}})
		wantFields(t, err, "marking")
		// In one release with the texts it is fine.
		d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "body": "By a firm."})
		d.MustSave(domain.Narrative, editorial.Update, fields{"id": "line", "marking": "AMBER"})
		d.MustPublish("report:cranes", "narrative:line", "entity:acme")
		d.WantLive(domain.Clear, "report:cranes")
		d.WantRebuilt()
	})
}

func TestSchedule(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Report("cranes")
		d.Report("bad", fields{"body": ""})
		at := noon.Add(time.Hour)
		for _, doc := range []string{"report:cranes", "report:bad"} {
			if _, err := d.Schedule(d.Ctx, editorial.ScheduleParams{Action: "PUBLISH", Documents: []string{doc}, At: at}); err != nil {
				t.Fatal(err)
			}
		}
		off, err := d.Schedule(d.Ctx, editorial.ScheduleParams{Action: "PUBLISH", Documents: []string{"report:cranes"}, At: at})
		if err != nil {
			t.Fatal(err)
		}
		if off, err = d.CancelSchedule(d.Ctx, off.ID); err != nil || off.Status != "CANCELLED" {
			t.Errorf("cancelled: got %v, %v", off, err)
		}
		if n, err := d.CarryOutDue(t.Context()); n != 0 || err != nil {
			t.Errorf("before its time: %d were carried out, err %v", n, err)
		}
		d.WantLive(domain.Red)
		// Another process, later: what matters is in the database.
		later := newDesk(t, d.Stores)
		later.Advance(2 * time.Hour)
		if n, err := later.CarryOutDue(t.Context()); n != 2 || err != nil {
			t.Errorf("when due: %d were carried out, err %v; want 2", n, err)
		}
		d.WantLive(domain.Clear, "report:cranes")
		staff := domain.WithStage(d.Ctx, domain.Desk)
		states := map[string]int{}
		for _, s := range d.Stores.Client(staff).Schedule.Query().AllX(staff) {
			states[s.Status]++
			if s.Status == "FAILED" && s.Error == nil {
				t.Error("a failed schedule does not say why")
			}
		}
		if states["DONE"] != 1 || states["FAILED"] != 1 || states["CANCELLED"] != 1 {
			t.Errorf("got states %v", states)
		}
		_, err = d.Schedule(d.Ctx, editorial.ScheduleParams{Action: "X", At: noon})
		wantFields(t, err, "action", "at", "documents")
	})
}

func TestRights(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Report("cranes")
		anonymous := domain.WithViewer(t.Context(), domain.Anonymous())
		author := as(t.Context(), domain.Author)
		publish := editorial.PublishParams{Documents: []string{"report:cranes"}}
		if _, err := d.Publish(author, publish); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("an author published: %v", err)
		}
		if _, err := d.Publish(anonymous, publish); !errors.Is(err, domain.ErrUnauthenticated) {
			t.Errorf("anonymous published: %v", err)
		}
		if _, err := d.Publish(t.Context(), publish); !errors.Is(err, domain.ErrNoViewer) {
			t.Errorf("nobody published: %v", err)
		}
		save := editorial.SaveParams{Type: domain.Tag, Fields: fields{"label": "x", "vocabulary": "TOPIC"}}
		for _, role := range []domain.Role{domain.Public, domain.Partner} {
			if _, err := d.Save(as(t.Context(), role), save); !errors.Is(err, domain.ErrForbidden) {
				t.Errorf("%v saved: %v", role, err)
			}
		}
		if _, err := d.RebuildLive(d.Ctx, nil); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("an editor rebuilt live: %v", err)
		}
		d.WantLive(domain.Red)
	})
}

// A tag goes live with the first report that refers to it, which not everybody
// may see. What live says of the tag's times is the same as if that report did
// not exist.
func TestDatesOfSupportingDocumentsTellOfNobody(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		id := d.Tag("sea")
		d.Advance(time.Hour)
		d.Report("secret", fields{"tags": list("sea"), "marking": "RED"})
		d.MustPublish("report:secret")
		d.Advance(time.Hour)
		d.Report("open", fields{"tags": list("sea")})
		d.MustPublish("report:open")
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		tag, err := d.Stores.Client(ctx).Tag.Get(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if tag.PublishedAt == nil || !tag.PublishedAt.Equal(tag.CreatedAt) || !tag.UpdatedAt.Equal(tag.CreatedAt) {
			t.Errorf("created %v, updated %v, published %v: want the same", tag.CreatedAt, tag.UpdatedAt, tag.PublishedAt)
		}
		d.MustSave(domain.Tag, editorial.Update, fields{"id": "sea", "label": "The sea"})
		if tag, err = d.Stores.Client(ctx).Tag.Get(ctx, id); err != nil || !tag.UpdatedAt.After(tag.CreatedAt) || !tag.PublishedAt.Equal(tag.CreatedAt) {
			t.Errorf("after a save: updated %v, published %v, %v", tag.UpdatedAt, tag.PublishedAt, err)
		}
		d.WantRebuilt()
	})
}
