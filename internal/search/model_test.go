package search_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
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

func TestMain(m *testing.M) { storetest.Main(m) }

// modelDocument is a document as the model has it.
type modelDocument struct {
	title, body string
	tag         domain.ID
	marking     domain.Marking
	day         int // of publication, since 1970
}

// words are what the texts of the model consist of: few, so that they meet.
var words = strings.Fields("mine copper zambia okinawa harbour alpha beta gamma delta rail corridor")

func randomText(r *rand.Rand, n int) string {
	var b strings.Builder
	for range 1 + r.IntN(n) {
		b.WriteString(words[r.IntN(len(words))])
		b.WriteByte(' ')
	}
	return b.String()
}

func (d modelDocument) row(id domain.ID) *aggregate.Row {
	row := aggregate.NewRow()
	row.ID = id
	row.Set("title", d.title)
	row.Set("body", d.body)
	row.Set("kind", "BRIEF")
	row.Set("language", "xx") // which has no stems
	link := aggregate.NewRow()
	link.Set("tag_id", d.tag)
	row.Owned["report_tags"] = []*aggregate.Row{link}
	return row
}

func (d modelDocument) has(words ...string) bool {
	phrase := " " + strings.Join(words, " ") + " "
	return strings.Contains(" "+d.title+" ", phrase) || strings.Contains(" "+d.body+" ", phrase)
}

// TestIndexEqualsModel compares what is found with texts that are searched one by one, through a random
// history of writes, removals, markings and merges, for each clearance.
func TestIndexEqualsModel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		r := rand.New(rand.NewPCG(15, 1))
		index := search.New(s)
		maintenance := search.NewMaintenance(s, time.Now)
		model := map[domain.ID]modelDocument{}
		var ids []domain.ID
		tags := []domain.ID{domain.NewID(domain.Tag, time.Now()), domain.NewID(domain.Tag, time.Now())}
		for step := range 60 {
			err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				w := search.NewWriter(tx)
				for range 1 + r.IntN(40) {
					switch n := r.IntN(10); {
					case n < 6 || len(ids) == 0:
						id := domain.NewID(domain.Report, time.Now())
						if n < 3 && len(ids) > 0 {
							id = ids[r.IntN(len(ids))]
						} else {
							ids = append(ids, id)
						}
						d := modelDocument{randomText(r, 4), randomText(r, 12), tags[r.IntN(2)], domain.Marking(r.IntN(5)), step}
						model[id] = d
						if err := w.Put(ctx, search.Document{Root: d.row(id), Type: domain.Report, Marking: d.marking, Published: dayOf(step)}); err != nil {
							return err
						}
					case n < 8:
						id := ids[r.IntN(len(ids))]
						d, ok := model[id]
						d.marking = domain.Marking(r.IntN(5))
						if ok {
							model[id] = d
						}
						if err := w.Mark(ctx, map[domain.ID]domain.Marking{id: d.marking}); err != nil {
							return err
						}
					default:
						i := r.IntN(len(ids))
						delete(model, ids[i])
						if err := w.Remove(ctx, ids[i]); err != nil {
							return err
						}
					}
				}
				return w.Flush(ctx)
			})
			if err != nil {
				t.Fatal(err)
			}
			switch step % 12 {
			case 5:
				err = maintenance.Merge(t.Context())
			case 11:
				err = maintenance.MergeAll(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			for clearance := range domain.Marking(5) {
				compare(t, index, model, clearance, r, tags)
			}
		}
	})
}

// dayOf returns a time of a day since 1970.
func dayOf(day int) time.Time { return time.Unix(int64(day)*86_400, 0).UTC() }

func compare(t *testing.T, index *search.Index, model map[domain.ID]modelDocument, clearance domain.Marking, r *rand.Rand, tags []domain.ID) {
	t.Helper()
	ctx := domain.WithViewer(t.Context(), &domain.Viewer{Role: domain.Partner, Clearance: clearance, KeyID: 1})
	a, b := words[r.IntN(len(words))], words[r.IntN(len(words))]
	from, to := r.IntN(60), r.IntN(60)
	after, before := "after:"+dayOf(from).Format(time.DateOnly), "before:"+dayOf(to).Format(time.DateOnly)
	cases := []struct {
		text string
		tag  domain.ID
		want func(d modelDocument) bool
	}{
		{a, 0, func(d modelDocument) bool { return d.has(a) }},
		{a + " " + b, 0, func(d modelDocument) bool { return d.has(a) && d.has(b) }},
		{`"` + a + " " + b + `"`, 0, func(d modelDocument) bool { return d.has(a, b) }},
		{a + " -" + b, 0, func(d modelDocument) bool { return d.has(a) && !d.has(b) }},
		{a + " OR " + b, 0, func(d modelDocument) bool { return d.has(a) || d.has(b) }},
		{a + " " + after + " " + before, 0, func(d modelDocument) bool { return d.has(a) && d.day >= from && d.day < to }},
		{a + " -" + after, 0, func(d modelDocument) bool { return d.has(a) && d.day < from }},
		{"-" + before, 0, func(d modelDocument) bool { return d.day >= to }},
		{"-" + after + " -" + before, 0, func(d modelDocument) bool { return d.day < from && d.day >= to }},
		{"-" + after + " -after:1970-02-01", 0, func(d modelDocument) bool { return d.day < min(from, 31) }},
		{a, tags[0], func(d modelDocument) bool { return d.has(a) && d.tag == tags[0] }},
	}
	if found, err := index.Search(ctx, search.Params{Links: [][]domain.ID{{}}, First: 1}); err != nil || found.Total != 0 {
		t.Fatalf("one of no tags: got %d and %v, want nothing", found.Total, err)
	}
	for _, c := range cases {
		p := search.Params{Query: query.Parse(c.text), First: 7, Facets: true}
		if c.tag != 0 {
			p.Links = [][]domain.ID{{c.tag}}
		}
		var want, got []domain.ID
		tagged := map[domain.ID]int{}
		for id, d := range model {
			if d.marking <= clearance && c.want(d) {
				want = append(want, id)
				tagged[d.tag]++
			}
		}
		for {
			found, err := index.Search(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range found.Hits {
				got = append(got, h.ID)
				p.After = h.Cursor
			}
			if found.Total != len(want) {
				t.Fatalf("%q: got %d in total, want %d", c.text, found.Total, len(want))
			}
			counted := map[domain.ID]int{}
			for _, f := range found.Facets.Tags {
				counted[f.Value] = f.Count
			}
			if diff := cmp.Diff(tagged, counted); diff != "" {
				t.Fatalf("%q: tags (-want +got):\n%s", c.text, diff)
			}
			if !found.HasNext {
				break
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(got)); diff != "" {
			t.Fatalf("%q for %s (-want +got):\n%s", c.text, clearance, diff)
		}
	}
}
