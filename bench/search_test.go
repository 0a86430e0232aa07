package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/search/names"
	"github.com/redthread-api/redthread/internal/search/query"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// searchSet is reports of 8 KB with words as frequent as Zipf has it, and entities with names of two to
// four words.
type searchSet struct {
	reports, entities int
	words             []string
	zipf              *rand.Zipf
	r                 *rand.Rand
	bytes             int
	names             []string
}

func newSearchSet(reports, entities int) *searchSet {
	r := rand.New(rand.NewPCG(8, 200))
	s := &searchSet{reports: reports, entities: entities, r: r}
	syllables := strings.Fields("ba be bi bo bu da de di do ka ke ki ko la le li lo ma me mi mo na ne ni no ra re ri ro sa se si so ta te ti to va ve vi vo zan ton mer lin gard port")
	seen := map[string]bool{}
	for len(s.words) < 150_000 {
		var b strings.Builder
		for range 1 + r.IntN(2) + r.IntN(3) {
			b.WriteString(syllables[r.IntN(len(syllables))])
		}
		if w := b.String(); !seen[w] {
			seen[w] = true
			s.words = append(s.words, w)
		} else if len(w) > 8 {
			seen[w+"s"] = true
			s.words = append(s.words, w+strconv.Itoa(r.IntN(100)))
		}
	}
	s.zipf = rand.NewZipf(r, 1.07, 8, uint64(len(s.words)-1))
	return s
}

func (s *searchSet) text(bytes int) string {
	var b strings.Builder
	for b.Len() < bytes {
		b.WriteString(s.words[s.zipf.Uint64()])
		if s.r.IntN(12) == 0 {
			b.WriteByte('.')
		}
		b.WriteByte(' ')
	}
	s.bytes += b.Len()
	return b.String()
}

func (s *searchSet) documents(yield func([]search.Document) bool) {
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	var tags, entities []domain.ID
	for range 300 {
		tags = append(tags, domain.NewID(domain.Tag, at))
	}
	for range s.entities {
		entities = append(entities, domain.NewID(domain.Entity, at))
	}
	var batch []search.Document
	put := func(d search.Document) bool {
		if batch = append(batch, d); len(batch) < 64 {
			return true
		}
		ok := yield(batch)
		batch = batch[:0]
		return ok
	}
	for i, id := range entities {
		row := aggregate.NewRow()
		row.ID = id
		name := s.text(8 + s.r.IntN(20))
		s.names = append(s.names, name)
		row.Set("name", name)
		row.Set("kind", "COMPANY")
		other := aggregate.NewRow()
		other.Set("text", s.text(8+s.r.IntN(20)))
		other.Set("kind", "ALIAS")
		row.Owned["entity_names"] = []*aggregate.Row{other}
		if !put(search.Document{Root: row, Type: domain.Entity, Published: at.Add(time.Duration(i) * time.Minute)}) {
			return
		}
	}
	for i := range s.reports {
		row := aggregate.NewRow()
		row.ID = domain.NewID(domain.Report, at)
		row.Set("title", s.text(40))
		row.Set("summary", s.text(300))
		row.Set("body", s.text(7600))
		row.Set("kind", "BRIEF")
		row.Set("language", "en")
		for range 4 {
			link := aggregate.NewRow()
			link.Set("tag_id", tags[s.r.IntN(len(tags))])
			row.Owned["report_tags"] = append(row.Owned["report_tags"], link)
			if len(entities) > 0 {
				link = aggregate.NewRow()
				link.Set("entity_id", entities[s.r.IntN(len(entities))])
				row.Owned["report_entities"] = append(row.Owned["report_entities"], link)
			}
		}
		if !put(search.Document{Root: row, Type: domain.Report, Published: at.Add(time.Duration(i) * time.Minute)}) {
			return
		}
	}
	if len(batch) > 0 {
		yield(batch)
	}
}

// writeEntity writes what matches of names read of an entity.
func writeEntity(ctx context.Context, tx *store.Tx, d search.Document) error {
	if d.Type != domain.Entity {
		return nil
	}
	id, now := int64(d.Root.ID), d.Published
	err := store.Exec(ctx, tx, "INSERT INTO entities (id, slug, marking, effective_marking, version, created_at, updated_at, kind, name) VALUES (?, ?, 0, 0, 1, ?, ?, 'COMPANY', ?)",
		id, d.Root.ID.String(), now, now, d.Root.Text("name"))
	if err != nil {
		return err
	}
	other := d.Root.Owned["entity_names"][0]
	return store.Exec(ctx, tx, "INSERT INTO entity_names (id, entity_id, position, text, kind) VALUES (?, ?, 0, ?, 'ALIAS')", id+1<<20, id, other.Text("text"))
}

// BenchmarkSearch measures searches over reports of 8 KB and entities. REDTHREAD_BENCH_REPORTS and
// REDTHREAD_BENCH_ENTITIES say how many: 10,000 and 5,000 without them.
func BenchmarkSearch(b *testing.B) {
	reports, entities := envNumber("REDTHREAD_BENCH_REPORTS", 10_000), envNumber("REDTHREAD_BENCH_ENTITIES", 5_000)
	b.Run("SQLite", func(b *testing.B) { benchmarkSearch(b, storetest.SQLite(b), newSearchSet(reports, entities)) })
	b.Run("PostgreSQL", func(b *testing.B) { benchmarkSearch(b, storetest.Postgres(b), newSearchSet(reports, entities)) })
}

func benchmarkSearch(b *testing.B, s *store.Stores, set *searchSet) {
	maintenance := search.NewMaintenance(s, time.Now)
	start := time.Now()
	n := 0
	for batch := range set.documents {
		err := s.Live(b.Context(), func(ctx context.Context, tx *store.Tx) error {
			w := search.NewWriter(tx)
			if err := w.Put(ctx, batch...); err != nil {
				return err
			}
			for _, d := range batch {
				if err := writeEntity(ctx, tx, d); err != nil {
					return err
				}
			}
			return w.Flush(ctx)
		})
		if err != nil {
			b.Fatal(err)
		}
		if n++; n%64 == 0 {
			if err := maintenance.Merge(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := maintenance.MergeAll(b.Context()); err != nil {
		b.Fatal(err)
	}
	var size int64
	rows, err := s.LiveRows().Query(b.Context(), "SELECT sum(length(postings)) + sum(length(positions)) FROM search_blocks")
	if err != nil {
		b.Fatal(err)
	}
	for rows.Next() {
		if err := rows.Scan(&size); err != nil {
			b.Fatal(err)
		}
	}
	rows.Close()
	b.Logf("%s of text indexed in %.1f s; blocks are %.2f of it", fmt.Sprint(set.bytes>>20, " MB"), time.Since(start).Seconds(), float64(size)/float64(set.bytes))
	index := search.New(s)
	ctx := domain.WithViewer(b.Context(), domain.Anonymous())
	measure := func(name string, run func(i int) error) { percentiles(b, name, run) }
	find := func(p search.Params) error {
		p.First = 20
		_, err := index.Search(ctx, p)
		return err
	}
	// The words of the set are in the order of their frequency.
	rare := func(i int) string { return set.words[2000+i*37%20000] }
	common := func(i int) string { return set.words[i%30] }
	measure("RareWord", func(i int) error { return find(search.Params{Query: query.Parse(rare(i))}) })
	measure("CommonWord", func(i int) error { return find(search.Params{Query: query.Parse(common(i))}) })
	measure("TwoWords", func(i int) error { return find(search.Params{Query: query.Parse(common(i) + " " + rare(i))}) })
	measure("Phrase", func(i int) error {
		return find(search.Params{Query: query.Parse(`"` + common(i) + " " + common(i+1) + `"`)})
	})
	measure("OneLetterPrefix", func(i int) error { return find(search.Params{Query: query.Parse(common(i)[:1] + "*")}) })
	measure("Newest", func(i int) error { return find(search.Params{Query: query.Parse(rare(i)), Order: search.Newest}) })
	measure("Facets", func(i int) error { return find(search.Params{Query: query.Parse(rare(i)), Facets: true}) })
	measure("FacetsOfCommonWord", func(i int) error { return find(search.Params{Query: query.Parse(common(i)), Facets: true}) })
	measure("Suggest", func(i int) error {
		w := set.names[i%len(set.names)]
		_, err := index.Suggest(ctx, search.SuggestParams{Prefix: w[:1+i%5], First: 10})
		return err
	})
	measure("Match200", func(i int) error {
		p := search.MatchParams{Least: 0.7, First: 5}
		for j := range 200 {
			p.Names = append(p.Names, search.MatchName{Name: set.names[(i*200+j)%len(set.names)], Evidence: names.Evidence{}})
		}
		_, err := index.Match(ctx, p)
		return err
	})
}

// envNumber returns a number from the environment, or another one without it.
func envNumber(name string, without int) int {
	if v, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return v
	}
	return without
}

// percentiles measures the median and the 99th percentile of a call.
func percentiles(b *testing.B, name string, run func(i int) error) {
	b.Run(name, func(b *testing.B) {
		var all []time.Duration
		for i := 0; b.Loop(); i++ {
			began := time.Now()
			if err := run(i); err != nil {
				b.Fatal(err)
			}
			all = append(all, time.Since(began))
		}
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
		b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
	})
}
