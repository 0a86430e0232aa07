package graph_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Where more has to be read after what looked like the last read of a plan, the response is the
// same, and the next request is run by the plan.
func TestReadsAfterTheLastOfAPlan(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		log := slog.New(slog.DiscardHandler)
		desk := editorial.New(s, projection.New(s, log, time.Now).WithPatience(storetest.Patience), log, time.Now)
		saves := []editorial.SaveParams{
			{Type: domain.Tag, Fields: vars{"slug": "a", "label": "A", "vocabulary": "TOPIC"}},
			{Type: domain.Tag, Fields: vars{"slug": "b", "label": "B", "vocabulary": "TOPIC"}},
		}
		var documents []string
		for i := range 251 { // with two tags each they are more than are read before they are ranked
			slug, description := fmt.Sprint("e-", i), "The first."
			if i > 0 {
				description = "About [[e-0]]."
			}
			saves = append(saves, editorial.SaveParams{Type: domain.Entity, Fields: vars{
				"slug": slug, "name": slug, "kind": "PERSON", "tags": []any{"a", "b"}, "description": description}})
			documents = append(documents, "entity:"+slug)
		}
		ctx := domain.WithViewer(t.Context(), editor)
		outcomes, err := desk.SaveAll(ctx, saves)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range outcomes {
			if o.Err != nil {
				t.Fatal(o.Err)
			}
		}
		if _, err := desk.Publish(ctx, editorial.PublishParams{Documents: documents, References: editorial.Omit}); err != nil {
			t.Fatal(err)
		}
		w := newWays(s)
		for _, test := range []struct {
			name, query string
			planned     []bool // of one request after another
		}{
			{"ranked", `{ tags { nodes { slug entities(first: 2) { nodes { slug } } } } }`, []bool{false, true, true}},
			{"one statement", `{ tags { nodes { slug } } }`, []bool{true, true}},
			{"texts", `{ entities(first: 2) { nodes { description(format: HTML) tags { slug } } } }`, []bool{true, true}},
			{"no rows", `{ tags(filter: {slug: {eq: "none"}}) { nodes { slug entities { nodes { slug } } } } }`, []bool{true, true}},
			{"count", `{ tags { totalCount nodes { slug } } entities(first: 1) { nodes { tags { label } } totalCount } }`, []bool{true, true}},
			{"document", `{ tag(slug: "a") { slug } entity(slug: "e-2") { name tags { label } } none: tag(slug: "none") { label parent { label } } }`, []bool{true, true}},
		} {
			for i, want := range test.planned {
				for _, v := range []string{"public", "partner"} {
					viewer := public
					if v == "partner" {
						viewer = &domain.Viewer{Name: "partner", Role: domain.Partner, Clearance: domain.Amber, KeyID: 1}
					}
					q := question{Document: test.query}
					before := w.runs.Load()
					got, _ := sent(w.planned, viewer, q)
					planned := w.runs.Load() > before
					if executed, _ := sent(w.executed, viewer, q); got.status != executed.status || got.body != executed.body {
						t.Errorf("%s: %s", test.name, difference(got, executed))
					}
					if i == 0 && v == "partner" {
						want = true // the first request was that of public
					}
					if planned != want {
						t.Errorf("%s: request %d of %s: got planned %v, want %v", test.name, i, v, planned, want)
					}
				}
			}
		}
	})
}
