package demo_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/demo"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/search/analysis"
	"github.com/redthread-api/redthread/internal/search/query"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// demoWords returns the words of the demo in their order, as they stand in its files.
func demoWords(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("*.graphql")
	if err != nil || len(files) == 0 {
		tb.Fatalf("the files of the demo: %v, %v", files, err)
	}
	var all []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		for _, w := range analysis.Words(string(text)) {
			all = append(all, string(text[w.Start:w.End]))
		}
	}
	return all
}

// queryMaker makes random queries of words that stand in the demo.
type queryMaker struct {
	r     *rand.Rand
	words []string
}

func (m queryMaker) word() string { return m.words[m.r.IntN(len(m.words))] }

func (m queryMaker) oneOf(all ...string) string { return all[m.r.IntN(len(all))] }

func (m queryMaker) phrase() string {
	at, n := m.r.IntN(len(m.words)-4), 2+m.r.IntN(2)
	return `"` + strings.Join(m.words[at:at+n], " ") + `"`
}

func (m queryMaker) prefix() string {
	word := m.word()
	for n := 1 + m.r.IntN(4); n > 0 && utf8.RuneCountInString(word) > 2; n-- {
		_, size := utf8.DecodeLastRuneInString(word)
		word = word[:len(word)-size]
	}
	return word + "*"
}

func (m queryMaker) item() string {
	switch m.r.IntN(10) {
	case 0, 1:
		return m.phrase()
	case 2:
		return m.prefix()
	case 3:
		return m.word() + " OR " + m.oneOf(m.word(), m.phrase(), m.prefix())
	case 4:
		return "-" + m.oneOf(m.word(), m.phrase())
	case 5:
		return m.oneOf("tag:japan", "tag:copper", "tag:sanctions", "-tag:velmora", "entity:harborlight-mining", "tag:taking-of-ip")
	case 6:
		return m.oneOf("type:report", "type:entity", "-type:source", "kind:COMPANY", "kind:CASE_STUDY", "lang:en", "-lang:ja")
	case 7:
		return m.oneOf("after:2024", "before:2025-06", "after:2023-05-02", "before:2026-06-12")
	}
	return m.word()
}

// outcome is what a search gives, in names that do not depend on the store.
func (s *searches) outcome(ctx context.Context, tb testing.TB, text string, order search.Order) string {
	tb.Helper()
	p := s.params(query.Parse(text))
	p.Order, p.Facets, p.First = order, true, 1000 // everything
	found, err := s.index.Search(ctx, p)
	if err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d %v", found.Total, found.HasNext)
	// Hits of one place in the order are ordered by id, which differ between the stores.
	for len(found.Hits) > 0 {
		key, n := found.Hits[0].Cursor.Key, 0
		var tied []string
		for n < len(found.Hits) && found.Hits[n].Cursor.Key == key {
			tied = append(tied, s.slugs[found.Hits[n].ID])
			n++
		}
		slices.Sort(tied)
		fmt.Fprintf(&b, "\n%d %v", key, tied)
		found.Hits = found.Hits[n:]
	}
	f := found.Facets
	fmt.Fprintf(&b, "\n%v %v %v %v", f.Types, f.Kinds, f.Languages, f.Years)
	for _, links := range [][]search.Count[domain.ID]{f.Tags, f.Entities} {
		var counts []string
		for _, c := range links {
			counts = append(counts, fmt.Sprintf("%s=%d", s.slugs[c.Value], c.Count))
		}
		slices.Sort(counts) // equally frequent ones are ordered by id, which differ
		fmt.Fprintf(&b, "\n%v", counts)
	}
	return b.String()
}

// TestSameOrderOnBothEngines searches the same content on both engines, and compares what is found, in which order,
// with which scores, how much, and its facets.
func TestSameOrderOnBothEngines(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) // ages count in scores
	var both []*searches
	for _, s := range []*store.Stores{storetest.SQLite(t), storetest.Postgres(t)} {
		if err := demo.Load(editor(t.Context()), newExecAt(t, s, clock.Now)); err != nil {
			t.Fatal(err)
		}
		both = append(both, newSearches(t, s))
	}
	m := queryMaker{rand.New(rand.NewPCG(15, 2000)), demoWords(t)}
	viewers := []context.Context{anonymous(t.Context()), partner(t.Context(), domain.Green), partner(t.Context(), domain.Amber)}
	differ, nothing := 0, 0
	const queries = 2000
	for i := range queries {
		items := make([]string, 1+m.r.IntN(3))
		for i := range items {
			items[i] = m.item()
		}
		text, ctx, order := strings.Join(items, " "), viewers[m.r.IntN(len(viewers))], search.Order(i%4/3)
		want, got := both[0].outcome(ctx, t, text, order), both[1].outcome(ctx, t, text, order)
		if want != got {
			if differ++; differ <= 5 {
				t.Errorf("%s (-SQLite +PostgreSQL):\n%s", text, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
			}
		}
		if strings.HasPrefix(want, "0 ") {
			nothing++
		}
	}
	if differ > 0 {
		t.Errorf("%d of %d queries differ", differ, queries)
	}
	if nothing > queries/2 {
		t.Errorf("%d of %d queries find nothing, so they compare nothing", nothing, queries)
	}
	t.Logf("%d queries, %d of which find nothing", queries, nothing)
}
