package knowledge_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// The greatest sum is that of the days, each looked at for itself: a stake counts on a day if it has begun whatever its dates may
// mean, and has not ended; one without a beginning counts at present.
func TestMostOwned(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(1, 2))
	dates := []domain.Date{"", "", "2019", "2020", "2020-02", "2020-02-10", "2020-03", "2021", "2020-12-31"}
	pick := func() domain.Date { return dates[dice.IntN(len(dates))] }
	for range 300 {
		var stakes []knowledge.StakeOf
		for range dice.IntN(6) {
			stakes = append(stakes, knowledge.StakeOf{Since: pick(), Until: pick(), Least: domain.Share(dice.IntN(80)+1) * 1_000_000})
		}
		var want domain.Share
		days := []domain.Date{"9999-00-00"}
		for day := time.Date(2018, 12, 30, 0, 0, 0, 0, time.UTC); day.Year() < 2023; day = day.AddDate(0, 0, 1) {
			days = append(days, domain.Date(day.Format(time.DateOnly)))
		}
		for i, today := range days {
			var sum domain.Share
			for _, s := range stakes {
				begun := i == 0 || s.Since != "" && s.Since.LastDay() <= today
				ended := s.Until != "" && (i == 0 || today[:len(s.Until)] >= s.Until)
				if begun && !ended {
					sum += s.Least
				}
			}
			want = max(want, sum)
		}
		if got, first := knowledge.MostOwned(stakes); got != want {
			t.Fatalf("%v: got %s (on %s), want %s", stakes, got, first, want)
		}
	}
}

// Two are in one component if each can be reached from the other.
func TestComponents(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		n := dice.IntN(8) + 1
		next := map[domain.ID][]domain.ID{}
		reach := make([][]bool, n+1)
		var nodes []domain.ID
		for i := 1; i <= n; i++ {
			nodes, reach[i] = append(nodes, domain.ID(i)), make([]bool, n+1)
			reach[i][i] = true
		}
		for range dice.IntN(2 * n) {
			from, to := dice.IntN(n)+1, dice.IntN(n)+1
			next[domain.ID(from)] = append(next[domain.ID(from)], domain.ID(to))
			reach[from][to] = true
		}
		for k := 1; k <= n; k++ {
			for i := 1; i <= n; i++ {
				for j := 1; j <= n; j++ {
					reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
				}
			}
		}
		var want [][]domain.ID
		for i := 1; i <= n; i++ {
			var one []domain.ID
			for j := 1; j <= n; j++ {
				if reach[i][j] && reach[j][i] {
					one = append(one, domain.ID(j))
				}
			}
			if one[0] == domain.ID(i) {
				want = append(want, one)
			}
		}
		slices.SortFunc(want, func(a, b []domain.ID) int { return int(a[0] - b[0]) })
		if d := gocmp.Diff(want, knowledge.Components(nodes, next)); d != "" {
			t.Fatalf("%v (-want +got):\n%s", next, d)
		}
	}
}

func TestISINCountry(t *testing.T) {
	t.Parallel()
	for isin, want := range map[string]string{"US01609W1027": "US", "XS0123456789": "", "EU000A1G0AA6": "", "KYG017191142": "KY", "short": "", "1234567890AB": ""} {
		if got := knowledge.ISINCountry(isin); got != want {
			t.Errorf("%s: got %q, want %q", isin, got, want)
		}
	}
}

// What is left out for want of room is said.
func TestBoundsOfEvidence(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for range 5 {
				id := domain.NewID(domain.Source, now)
				if err := store.Exec(ctx, tx, "INSERT INTO sources (id, slug, marking, effective_marking, version, created_at, updated_at, title, url) VALUES (?, ?, 0, 0, 1, ?, ?, 'T', 'https://example.org')",
					int64(id), id.String(), now, now); err != nil {
					return err
				}
			}
			for range 4 {
				id := domain.NewID(domain.Entity, now)
				if err := store.Exec(ctx, tx, "INSERT INTO entities (id, slug, marking, effective_marking, version, created_at, updated_at, name, kind) VALUES (?, ?, 0, 0, 1, ?, ?, 'N', 'COMPANY')",
					int64(id), id.String(), now, now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		staff := domain.WithViewer(t.Context(), &domain.Viewer{Name: "ana", Role: domain.Author, Clearance: domain.Red, KeyID: 1})
		for _, tt := range []struct {
			rows, findings int
			kind           knowledge.FindingKind
			want           int
			complete       bool
		}{
			{100, 5, knowledge.NoArchiveCopy, 5, true}, {100, 4, knowledge.NoArchiveCopy, 4, false},
			{4, 5, knowledge.CountryConflict, 0, true}, {3, 5, knowledge.CountryConflict, 0, false},
		} {
			got, err := knowledge.WithCheckBounds(knowledge.New(s), tt.rows, tt.findings).CheckEvidence(staff, []knowledge.FindingKind{tt.kind})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Findings) != tt.want || got.Counts[tt.kind] != tt.want || got.Complete != tt.complete {
				t.Errorf("%+v: got %d findings, counted %v, complete: %v", tt, len(got.Findings), got.Counts, got.Complete)
			}
		}
		if _, err := knowledge.New(s).CheckEvidence(domain.WithViewer(t.Context(), domain.Anonymous()), knowledge.FindingKinds); err == nil {
			t.Error("the desk was read without a right to it")
		}
	})
}
