package projection_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Random histories: whatever staff do in whatever order, live is the
// projection of the log, each effective marking is what the rule says, the
// tables are what the revisions say, and no error is one of the program.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		done := 0
		rapid.Check(t, func(rt *rapid.T) {
			config := c
			if done++; c.DeskDSN != "" && done > 20 {
				return // the same code, at many times the cost
			}
			if c.DeskDSN == "" {
				config = storetest.SQLiteConfig(t) // a new pair of files for each history
			}
			s, err := store.Open(t.Context(), config)
			if err != nil {
				rt.Fatal(err)
			}
			defer s.Close()
			h := &history{desk: newDesk(t, s), rt: rt, prefix: fmt.Sprintf("h%d-", editorialtest.Serial.Add(1))}
			h.begin()
			for range rapid.IntRange(10, 40).Draw(rt, "steps") {
				h.step()
			}
			if c.DeskDSN == "" {
				if diff := h.desk.RebuildDiff(); diff != "" {
					rt.Errorf("live is not the projection of the log (-was +rebuilt):\n%s", diff)
				}
				h.desk.CheckTables(rt.Error)
				rows := strings.Split(editorialtest.Dump(t, s.LiveRows()), "\n")
				h.desk.loseLive()
				if _, err := h.desk.RebuildLive(as(t.Context(), domain.Admin), nil); err != nil {
					rt.Fatal(err)
				}
				if diff := cmp.Diff(rows, strings.Split(editorialtest.Dump(t, s.LiveRows()), "\n")); diff != "" {
					rt.Errorf("live that was lost and made anew (-was +made anew):\n%s", diff)
				}
			}
			h.checkEffectiveMarkings()
			h.checkInvariants()
		})
	})
}

type history struct {
	desk   *desk
	rt     *rapid.T
	prefix string // histories on PostgreSQL share a database
	slugs  map[domain.Type][]string
}

// begin saves a few documents of each type, so that most steps have something
// to work on.
func (h *history) begin() {
	h.slugs = map[domain.Type][]string{}
	for _, t := range []domain.Type{domain.Source, domain.Tag, domain.Entity, domain.Relationship, domain.Report} {
		for n := range 3 {
			_ = h.save(t, n) // what it refers to may not be there yet
		}
	}
}

func (h *history) save(t domain.Type, n int) error {
	slug := fmt.Sprintf("%s%s%d", h.prefix, t, n)
	_, err := h.desk.Save(h.desk.Ctx, editorial.SaveParams{Type: t, Mode: editorial.Upsert, Fields: h.fields(t, slug)})
	if err == nil && !slices.Contains(h.slugs[t], slug) {
		h.slugs[t] = append(h.slugs[t], slug)
	}
	return err
}

func (h *history) pick(t domain.Type) string {
	if len(h.slugs[t]) == 0 {
		return h.prefix + "none"
	}
	return rapid.SampledFrom(h.slugs[t]).Draw(h.rt, t.String())
}

func (h *history) some(t domain.Type) []any {
	picked := map[string]bool{}
	var out []any
	for range rapid.IntRange(0, 2).Draw(h.rt, "how many") {
		if s := h.pick(t); !picked[s] {
			picked[s] = true
			out = append(out, s)
		}
	}
	return out
}

func (h *history) marking() string {
	return rapid.SampledFrom([]string{"CLEAR", "CLEAR", "GREEN", "AMBER", "RED"}).Draw(h.rt, "marking")
}

func (h *history) step() {
	ctx, d := h.desk.Ctx, h.desk.Desk
	kinds := []domain.Type{domain.Report, domain.Entity, domain.Relationship, domain.Tag, domain.Source}
	t := rapid.SampledFrom(kinds).Draw(h.rt, "type")
	var err error
	switch rapid.SampledFrom([]string{"save", "save", "save", "publish", "publish", "publish", "unpublish", "delete", "undelete", "restore", "merge", "rename"}).Draw(h.rt, "verb") {
	case "save":
		err = h.save(t, rapid.IntRange(0, 3).Draw(h.rt, "n"))
	case "publish":
		if t.Supporting() {
			t = domain.Report
		}
		policy := rapid.SampledFrom([]string{editorial.Include, editorial.Include, editorial.Omit, editorial.Refuse}).Draw(h.rt, "policy")
		_, err = d.Publish(ctx, editorial.PublishParams{Documents: []string{t.String() + ":" + h.pick(t)}, References: policy})
	case "unpublish":
		_, err = d.Unpublish(ctx, editorial.UnpublishParams{Documents: []string{t.String() + ":" + h.pick(t)}})
	case "delete":
		_, err = d.Delete(ctx, editorial.DeleteParams{Type: t, ID: h.pick(t)})
	case "undelete":
		_, err = d.Undelete(ctx, t.String()+":"+h.pick(t))
	case "restore":
		_, err = d.Restore(ctx, editorial.RestoreParams{Document: t.String() + ":" + h.pick(t), Revision: rapid.IntRange(1, 3).Draw(h.rt, "revision")})
	case "merge":
		_, err = d.MergeEntities(ctx, editorial.MergeParams{From: []string{h.pick(domain.Entity)}, Into: h.pick(domain.Entity)})
	case "rename":
		slug := fmt.Sprintf("%s%s%d", h.prefix, t, rapid.IntRange(0, 9).Draw(h.rt, "n"))
		if _, err = d.Save(ctx, editorial.SaveParams{Type: t, Mode: editorial.Update, Fields: fields{"id": h.pick(t), "slug": slug}}); err == nil {
			h.slugs[t] = append(h.slugs[t], slug)
		}
	}
	if err != nil && domain.KindOf(err) == domain.KindInternal {
		h.rt.Fatalf("an error of the program: %v", err)
	}
	if e, ok := errors.AsType[*domain.Error](err); ok && e.Kind == domain.KindConflict && e.Unwrap() != nil {
		h.rt.Fatalf("the database refused what the desk should have: %v: %v", err, e.Unwrap())
	}
}

func (h *history) fields(t domain.Type, slug string) fields {
	cite := []any{}
	if s := h.some(domain.Source); len(s) > 0 {
		cite = append(cite, fields{"source": s[0]})
	}
	f := fields{"slug": slug, "marking": h.marking()}
	switch t {
	case domain.Report:
		body := "Text."
		if rapid.Bool().Draw(h.rt, "mention") && len(h.slugs[domain.Entity]) > 0 {
			body += " [[" + h.pick(domain.Entity) + "]]"
		}
		if rapid.Bool().Draw(h.rt, "note") && len(h.slugs[domain.Source]) > 0 {
			body += "[^1]\n\n[^1]: [@" + h.pick(domain.Source) + "]"
		}
		return merge(f, []fields{{"title": slug, "kind": "BRIEF", "language": "en", "summary": "s", "body": body,
			"tags": h.some(domain.Tag), "entities": h.some(domain.Entity)}})
	case domain.Entity:
		f = merge(f, []fields{{"name": slug, "kind": "COMPANY", "tags": h.some(domain.Tag)}})
		if rapid.Bool().Draw(h.rt, "described") && len(h.slugs[domain.Entity]) > 0 {
			f["description"] = "See [[" + h.pick(domain.Entity) + "]]."
		}
		if len(cite) > 0 {
			f["listings"] = list(fields{"authority": "A", "citations": cite})
		}
		return f
	case domain.Relationship:
		return merge(f, []fields{{"from": h.pick(domain.Entity), "to": h.pick(domain.Entity), "kind": "CONTROLS",
			"confidence": "POSSIBLE", "citations": cite}})
	case domain.Tag:
		f = merge(f, []fields{{"label": slug, "vocabulary": "TOPIC"}})
		if len(h.slugs[domain.Tag]) > 0 && rapid.Bool().Draw(h.rt, "parent") {
			f["parent"] = h.pick(domain.Tag)
		}
		return f
	default:
		return merge(f, []fields{{"title": slug}})
	}
}

// checkInvariants checks live, and the desk's record of it, for what must hold
// after any history.
func (h *history) checkInvariants() {
	ctx := h.desk.T.Context()
	if breaches := editorialtest.LiveTextsNamingHigher(ctx, h.desk.Stores); breaches != "" {
		h.rt.Errorf("live has texts that name what is marked higher: %s", breaches)
	}
	if diff, err := editorialtest.ReindexLive(ctx, h.desk.Stores); err != nil || diff != "" {
		h.rt.Errorf("the desk's index of live is not what the revisions say: %v\n%s", err, diff)
	}
	if lag, err := h.desk.Lag(ctx); err != nil || lag != 0 {
		h.rt.Errorf("live is %d entries behind the log, %v", lag, err)
	}
	all := domain.WithViewer(ctx, &domain.Viewer{Clearance: domain.Unseen, KeyID: 1})
	for _, r := range h.desk.Stores.Client(all).Relationship.Query().AllX(all) {
		if r.FromID == r.ToID {
			h.rt.Errorf("the relationship %s ties an entity to itself", r.Slug)
		}
	}
}

// checkEffectiveMarkings works them out anew, in Go, from what live holds.
func (h *history) checkEffectiveMarkings() {
	all := domain.WithViewer(h.desk.T.Context(), &domain.Viewer{Clearance: domain.Unseen, KeyID: 1})
	c := h.desk.Stores.Client(all)
	lowest := map[domain.ID]domain.Marking{} // of those who refer
	refer := func(target domain.ID, by domain.Marking) {
		if m, ok := lowest[target]; !ok || by < m {
			lowest[target] = by
		}
	}
	entities := map[domain.ID]domain.Marking{}
	for _, e := range c.Entity.Query().AllX(all) {
		entities[e.ID] = e.Marking
		h.want(e.Slug, e.EffectiveMarking, e.Marking)
	}
	reports := map[domain.ID]domain.Marking{}
	for _, r := range c.Report.Query().AllX(all) {
		reports[r.ID] = r.Marking
		h.want(r.Slug, r.EffectiveMarking, r.Marking)
	}
	relationships := map[domain.ID]domain.Marking{}
	for _, r := range c.Relationship.Query().AllX(all) {
		from, ok1 := entities[r.FromID]
		to, ok2 := entities[r.ToID]
		want := domain.Unseen
		if ok1 && ok2 {
			want = max(r.Marking, from, to)
		}
		relationships[r.ID] = want
		h.want(r.Slug, r.EffectiveMarking, want)
	}
	h.refer(all, c, reports, entities, relationships, refer)
	for _, s := range c.Source.Query().AllX(all) {
		h.want(s.Slug, s.EffectiveMarking, supporting(s.Marking, s.ID, lowest))
	}
	tags := c.Tag.Query().AllX(all)
	for range tags { // upwards, as often as the tree can be deep
		for _, tag := range tags {
			if tag.ParentID != nil {
				refer(*tag.ParentID, supporting(tag.Marking, tag.ID, lowest))
			}
		}
	}
	for _, tag := range tags {
		h.want(tag.Slug, tag.EffectiveMarking, supporting(tag.Marking, tag.ID, lowest))
	}
}

func (h *history) refer(ctx context.Context, c *db.Client, reports, entities, relationships map[domain.ID]domain.Marking, refer func(domain.ID, domain.Marking)) {
	for _, x := range c.ReportTag.Query().AllX(ctx) {
		refer(x.TagID, reports[x.ReportID])
	}
	for _, x := range c.EntityTag.Query().AllX(ctx) {
		refer(x.TagID, entities[x.EntityID])
	}
	for _, x := range c.Footnote.Query().AllX(ctx) {
		if x.SourceID != nil {
			refer(*x.SourceID, reports[x.ReportID])
		}
	}
	listings := map[domain.ID]domain.ID{}
	for _, x := range c.Listing.Query().AllX(ctx) {
		listings[x.ID] = x.EntityID
	}
	for _, x := range c.Citation.Query().AllX(ctx) {
		switch {
		case x.RelationshipID != nil:
			refer(x.SourceID, relationships[*x.RelationshipID])
		case x.ListingID != nil:
			refer(x.SourceID, entities[listings[*x.ListingID]])
		}
	}
}

func supporting(own domain.Marking, id domain.ID, lowest map[domain.ID]domain.Marking) domain.Marking {
	low, ok := lowest[id]
	if !ok {
		return domain.Unseen
	}
	return max(own, low)
}

func (h *history) want(slug string, got, want domain.Marking) {
	if got != want {
		h.rt.Errorf("%s has the effective marking %d, want %d", slug, got, want)
	}
}
