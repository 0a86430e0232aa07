package search_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/search/query"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// TestHiddenWordsAreNotCounted compares results with and without thousands of hidden words that come before the visible
// ones of a prefix, as a row of pending postings and merged.
func TestHiddenWordsAreNotCounted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		var many strings.Builder
		for i := range 9_000 {
			fmt.Fprintf(&many, "qk%06d ", i)
		}
		report := func(marking domain.Marking, title, body string) search.Document {
			row := aggregate.NewRow()
			row.ID = domain.NewID(domain.Report, time.Now())
			row.Set("title", title)
			row.Set("body", body)
			row.Set("kind", "BRIEF")
			row.Set("language", "en")
			return search.Document{Root: row, Type: domain.Report, Marking: marking, Published: time.Unix(1e9, 0)}
		}
		open := []search.Document{
			report(domain.Clear, "Qkzzzvisible harbours", "qkzzzone qkzzztwo qkzzzthree"),
			report(domain.Clear, "Lanterns", "qkzzzone of the qkzzzvisible"),
		}
		hidden := report(domain.Red, many.String(), many.String())
		write := func(s *store.Stores, documents ...search.Document) {
			t.Helper()
			err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				w := search.NewWriter(tx)
				for _, d := range documents {
					if err := w.Put(ctx, d); err != nil {
						return err
					}
				}
				return w.Flush(ctx)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		without := storetest.SQLite(t)
		write(without, open...)
		write(s, append(open, hidden)...)
		results := func(s *store.Stores) (all []search.Result, suggested []search.Hit, right string) {
			t.Helper()
			index := search.New(s)
			ctx := domain.WithViewer(t.Context(), &domain.Viewer{Clearance: domain.Clear})
			for _, text := range []string{"qk*", "q*", `"the qk"*`, "qkzzzone qk*", "lanterns OR qk*", "-qk*"} {
				found, err := index.Search(ctx, search.Params{Query: query.Parse(text), First: 10, Facets: true})
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, found)
			}
			suggested, err := index.Suggest(ctx, search.SuggestParams{Prefix: "qk", First: 10})
			if err != nil {
				t.Fatal(err)
			}
			right, err = index.Respell(ctx, search.Params{Query: query.Parse("qkzzzvisibel")})
			if err != nil {
				t.Fatal(err)
			}
			return all, suggested, right
		}
		want, wantSuggested, wantRight := results(without)
		if got := []int{want[0].Total, want[2].Total, len(wantSuggested)}; !cmp.Equal(got, []int{2, 1, 1}) || wantRight != "qkzzzvisible" {
			t.Fatalf("without hidden words: got %d and %q, want [2 1 1] and qkzzzvisible", got, wantRight)
		}
		for _, state := range []string{"pending", "merged"} {
			got, gotSuggested, gotRight := results(s)
			if diff := cmp.Diff([]any{want, wantSuggested, wantRight}, []any{got, gotSuggested, gotRight}); diff != "" {
				t.Errorf("%s: hidden words change the results (-without them +with them):\n%s", state, diff)
			}
			if err := search.NewMaintenance(s, time.Now).MergeAll(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ctx := domain.WithViewer(t.Context(), &domain.Viewer{Role: domain.Partner, Clearance: domain.Red, KeyID: 1})
		found, err := search.New(s).Search(ctx, search.Params{Query: query.Parse("qk*"), First: 10})
		if err != nil || found.Total != 3 || found.Hits[0].ID != hidden.Root.ID {
			t.Errorf("for RED: got %+v and %v, want 3, the report of many words first", found, err)
		}
	})
}
