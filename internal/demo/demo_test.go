package demo_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/demo"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// counts is how many documents of each type there are.
type counts struct {
	Reports, Narratives, Entities, Relationships, Tags, Sources, Editions, Assets int
}

func count(ctx context.Context, t *testing.T, exec demo.Exec, directive string) counts {
	t.Helper()
	var query strings.Builder
	fmt.Fprintf(&query, "query %s {", directive)
	for _, list := range []string{"reports", "narratives", "entities", "relationships", "tags", "sources", "editions", "assets"} {
		fmt.Fprintf(&query, " %s(first: 0) { totalCount }", list)
	}
	query.WriteString(" }")
	type connection struct{ TotalCount int }
	var d struct {
		Reports, Narratives, Entities, Relationships, Tags, Sources, Editions, Assets connection
	}
	ask(ctx, t, exec, query.String(), &d)
	return counts{d.Reports.TotalCount, d.Narratives.TotalCount, d.Entities.TotalCount, d.Relationships.TotalCount,
		d.Tags.TotalCount, d.Sources.TotalCount, d.Editions.TotalCount, d.Assets.TotalCount}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		exec := loadDemo(t, s)
		ctx := t.Context()

		t.Run("Counts", func(t *testing.T) {
			public := counts{Reports: 23, Narratives: 9, Entities: 88, Relationships: 85, Tags: 67, Sources: 52, Editions: 10, Assets: 14}
			green := public
			green.Reports, green.Entities = 24, 89
			amber := green
			amber.Relationships, amber.Sources = 86, 53
			desk := amber
			desk.Reports, desk.Narratives, desk.Entities, desk.Assets = 26, 10, 91, 15
			for _, want := range []struct {
				name      string
				ctx       context.Context
				directive string
				counts    counts
			}{
				{"anonymous", anonymous(ctx), "", public},
				{"GREEN", partner(ctx, domain.Green), "", green},
				{"AMBER", partner(ctx, domain.Amber), "", amber},
				{"RED", partner(ctx, domain.Red), "", amber},
				{"desk", editor(ctx), "@inContext(stage: DESK)", desk},
			} {
				if diff := cmp.Diff(want.counts, count(want.ctx, t, exec, want.directive)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", want.name, diff)
				}
			}
		})

		t.Run("HiddenFromThePublic", func(t *testing.T) {
			for _, document := range []string{
				`report(slug: "the-port-sable-tender")`, `report(slug: "the-quarry-town-ledger")`,
				`narrative(slug: "the-lights-go-out")`, `entity(slug: "harborlight-mining-ltd")`,
				`entity(slug: "sable-customs-house")`, `report(slug: "behind-the-lantern-ring")`,
				`entity(slug: "veyra-solm")`, `relationship(slug: "veyra-solm-funds-lantern-ring")`,
				`source(slug: "memo-lantern-ring")`, `report(slug: "harbour-cranes")`,
			} {
				var d struct{ Document any }
				ask(anonymous(ctx), t, exec, "{ document: "+document+" { slug } }", &d)
				if d.Document != nil {
					t.Errorf("%s: got %v, want null", document, d.Document)
				}
			}
		})

		t.Run("Pending", func(t *testing.T) {
			var d struct {
				PendingChanges struct {
					Nodes []struct {
						State    string
						Document struct{ Slug string }
					}
				}
			}
			ask(editor(ctx), t, exec, `{ pendingChanges(first: 100) { nodes { state document { slug } } } }`, &d)
			var got []string
			for _, n := range d.PendingChanges.Nodes {
				got = append(got, n.State+" "+n.Document.Slug)
			}
			slices.Sort(got)
			want := []string{"CHANGED who-owns-harborlight-mining", "NEW harborlight-mining-ltd", "NEW sable-customs-house",
				"NEW the-lights-go-out", "NEW the-port-sable-tender", "NEW the-quarry-town-ledger"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("pending changes (-want +got):\n%s", diff)
			}
		})

		t.Run("TextsOfLength", func(t *testing.T) {
			var d struct {
				Reports struct {
					Nodes []struct {
						Slug      string
						WordCount int
						Footnotes []struct{ Source any }
					}
				}
			}
			ask(anonymous(ctx), t, exec, `{ reports(first: 50) { nodes { slug wordCount footnotes { source { slug } } } } }`, &d)
			words := 0
			for _, r := range d.Reports.Nodes {
				words += r.WordCount
				if len(r.Footnotes) == 0 {
					t.Errorf("%s has no footnotes", r.Slug)
				}
				t.Logf("%s: %d words, %d footnotes", r.Slug, r.WordCount, len(r.Footnotes))
			}
			if words < 3000 {
				t.Errorf("got %d words in all reports, want at least 3000", words)
			}
		})

		t.Run("NotTwice", func(t *testing.T) {
			err := demo.Load(editor(ctx), exec)
			if err == nil || !strings.Contains(err.Error(), "01-tags.graphql: africa: ") {
				t.Errorf("load again: got %v, want an error that names the file and the field", err)
			}
		})
	})
}

func TestLoadNeedsAnEditor(t *testing.T) {
	t.Parallel()
	author := domain.WithViewer(t.Context(), &domain.Viewer{Name: "a", Role: domain.Author, Clearance: domain.Red, KeyID: 1})
	err := demo.Load(author, newExec(t, storetest.SQLite(t)))
	if err == nil || !strings.Contains(err.Error(), "this needs the role EDITOR") {
		t.Errorf("got %v, want an error that asks for an editor", err)
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		s := storetest.SQLite(b)
		b.StartTimer()
		loadDemo(b, s)
	}
}
