package graph_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// TestCacheHitRate: with a publication of a random document in each round of 400
// requests, at least 95 % of these come from the cache. It counts, and measures no time.
//
// The requests are those of a site: 45 % for a report, 20 % for the newest 20 with tags
// and entities, 20 % for the newest of a tag, 5 % for later pages of all reports, and 10 %
// for an entity with its relationships and theirs. Which report, tag, page or entity
// follows Zipf's law, as the popularity of pages does. A round stands for a second.
func TestCacheHitRate(t *testing.T) {
	t.Parallel()
	const (
		entities, tags, reports, relationships = 60, 30, 150, 120
		rounds, requests                       = 25, 400
	)
	s := storetest.SQLite(t)
	now := storetest.NewSteppingClock(time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC), time.Second).Now
	log := slog.New(slog.DiscardHandler)
	desk := editorial.New(s, projection.New(s, log, now).WithPatience(storetest.Patience), log, now)
	cache := newCache(64<<20, confirmed{desk})
	h := cache.Wrap(graph.Handler(graph.Config{Stores: s, Desk: desk, Log: log, Limits: noLimits}))
	random := rand.New(rand.NewPCG(1, 2))
	ctx := domain.WithViewer(t.Context(), editor)

	var all []string
	save := func(of domain.Type, mode editorial.Mode, f fields) {
		t.Helper()
		if _, err := desk.Save(ctx, editorial.SaveParams{Type: of, Mode: mode, Fields: f}); err != nil {
			t.Fatal(err)
		}
	}
	create := func(of domain.Type, n int, f fields) {
		t.Helper()
		slug := fmt.Sprintf("%s-%d", of, n)
		f["slug"], f["marking"] = slug, "CLEAR"
		save(of, editorial.Create, f)
		if !of.Supporting() {
			all = append(all, of.String()+":"+slug)
		}
	}
	some := func(of domain.Type, n, count int) (names []any) {
		for _, i := range random.Perm(n)[:count] {
			names = append(names, fmt.Sprintf("%s-%d", of, i))
		}
		return names
	}
	create(domain.Source, 0, fields{"title": "Register"})
	for n := range tags {
		create(domain.Tag, n, fields{"label": fmt.Sprint("Tag ", n), "vocabulary": domain.TagVocabularies[0]})
	}
	for n := range entities {
		create(domain.Entity, n, fields{"name": fmt.Sprint("Entity ", n), "kind": "COMPANY"})
	}
	for n := range relationships {
		ends := some(domain.Entity, entities, 2)
		create(domain.Relationship, n, fields{"from": ends[0], "to": ends[1], "kind": "OWNS", "confidence": domain.Confidences[0],
			"citations": []any{fields{"source": "source-0"}}})
	}
	for n := range reports {
		create(domain.Report, n, fields{"title": fmt.Sprint("Report ", n), "summary": "Some.", "body": "Text.", "language": "en", "kind": domain.ReportKinds[0],
			"tags": some(domain.Tag, tags, 3), "entities": some(domain.Entity, entities, 3)})
	}
	publish := func(documents ...string) {
		t.Helper()
		if _, err := desk.Publish(ctx, editorial.PublishParams{Documents: documents, References: editorial.Omit}); err != nil {
			t.Fatal(err)
		}
	}
	publish(all...)

	zipf := func(n uint64) func() uint64 { return rand.NewZipf(random, 1.2, 1, n-1).Uint64 }
	report, tag, page, entity := zipf(reports), zipf(tags), zipf(10), zipf(entities)
	ask := func(document string) {
		t.Helper()
		if got := put(context.Background(), h, public, question{Document: document}); got.status != http.StatusOK {
			t.Fatal(got)
		}
	}
	round := func() {
		for range requests {
			switch n := random.IntN(100); {
			case n < 45:
				ask(fmt.Sprintf(`{ report(slug: "report-%d") { title body(format: HTML) tags { label } entities { nodes { name } } } }`, report()))
			case n < 65:
				ask(`{ reports(first: 20) { nodes { slug title tags { slug label } entities { nodes { slug name } } } } }`)
			case n < 85:
				ask(fmt.Sprintf(`{ reports(first: 20, filter: {tags: {slug: {eq: "tag-%d"}}}) { totalCount nodes { slug title } } }`, tag()))
			case n < 90:
				ask(fmt.Sprintf(`{ reports(first: %d) { nodes { slug title } } }`, 10*(1+page())))
			default:
				ask(fmt.Sprintf(`{ entity(slug: "entity-%d") { name relationships(first: 50) { nodes { kind from { slug name relationships(first: 50) { nodes { kind to { slug name } } } }
					to { slug name } } } } }`, entity()))
			}
		}
	}
	round()
	round()
	before := cache.Stats()
	for n := range rounds {
		name := all[random.IntN(len(all))]
		of, slug, _ := strings.Cut(name, ":")
		kind, ok := domain.ParseType(of)
		if !ok {
			t.Fatal(name)
		}
		switch kind {
		case domain.Entity:
			save(kind, editorial.Update, fields{"id": slug, "name": fmt.Sprint("Renamed ", n)})
		case domain.Relationship:
			save(kind, editorial.Update, fields{"id": slug, "role": fmt.Sprint("Role ", n)})
		default:
			save(kind, editorial.Update, fields{"id": slug, "title": fmt.Sprint("Edited ", n), "tags": some(domain.Tag, tags, 3)})
		}
		publish(name)
		round()
	}
	after := cache.Stats()
	hits, misses := after.Hits-before.Hits, after.Misses-before.Misses
	t.Logf("%d of %d requests were hits, %.1f %%; %d entries were dropped by %d releases", hits, hits+misses,
		100*float64(hits)/float64(hits+misses), after.Dropped-before.Dropped, rounds)
	if hits+misses != rounds*requests || misses*20 > rounds*requests {
		t.Errorf("%d hits and %d misses, want 95 %% hits of %d", hits, misses, rounds*requests)
	}
}
