package queries_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/queries"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func newClock() *storetest.Clock {
	return storetest.NewClock(time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC))
}

// newRegistry returns a registry that takes any text. The check of GraphQL
// documents is tested in package graph.
func newRegistry(s *store.Stores, c *storetest.Clock) *queries.Registry {
	return queries.NewRegistry(s, func(string) (string, []string) { return "", nil }, c.Now)
}

func sha(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

// Look-ups are cached for some seconds, also those that found nothing. A change
// takes effect at once in the same process, and after those seconds in others.
func TestLookupCache(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		clock := newClock()
		here, elsewhere := newRegistry(s, clock), newRegistry(s, clock)
		system := domain.AsSystem(t.Context(), "test")
		const count = `query Count { reports { totalCount } }`
		id := sha(count)
		// lookup fails unless an id is found or not, with so many statements.
		lookup := func(r *queries.Registry, id string, found bool, statements int64) {
			t.Helper()
			ctx, n := store.CountStatements(domain.WithViewer(t.Context(), domain.Anonymous()))
			text, ok, err := r.Text(ctx, id)
			if err != nil || ok != found || ok && text != count || *n != statements {
				t.Errorf("%s: got %q, %v, %v after %d statements; want found %v after %d", id, text, ok, err, *n, found, statements)
			}
		}
		lookup(here, id, false, 1)
		lookup(elsewhere, id, false, 1)
		for range 3 {
			lookup(here, id, false, 0)
			lookup(here, "sha256:"+strings.ToUpper(id), false, 0)
		}
		lookup(here, "no id at all", false, 0)
		lookup(here, strings.Repeat("x", 201), false, 0)

		if _, _, err := here.Register(system, []queries.Document{{Text: count}}); err != nil {
			t.Fatal(err)
		}
		lookup(here, id, true, 1)
		lookup(here, id, true, 0)
		lookup(elsewhere, id, false, 0)
		clock.Advance(5 * time.Second)
		lookup(elsewhere, id, true, 1)
		lookup(elsewhere, id, true, 0)

		if _, err := here.Unregister(system, []string{id}); err != nil {
			t.Fatal(err)
		}
		lookup(here, id, false, 1)
		lookup(elsewhere, id, true, 0)
		clock.Advance(10*time.Second - 1)
		lookup(elsewhere, id, true, 0)
		clock.Advance(1)
		lookup(elsewhere, id, false, 1)
	})
}

// A look-up that is under way while a document is registered or unregistered
// does not put an old result into the cache.
func TestLookupsDuringChanges(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)
	clock := newClock()
	r := newRegistry(s, clock)
	system := domain.AsSystem(t.Context(), "test")
	const count = `query Count { reports { totalCount } }`
	ctx, cancel := context.WithCancel(domain.WithViewer(t.Context(), domain.Anonymous()))
	var others sync.WaitGroup
	for range 4 {
		others.Go(func() {
			for ctx.Err() == nil {
				if _, _, err := r.Text(ctx, "count"); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 50 {
		if _, _, err := r.Register(system, []queries.Document{{ID: "count", Text: count}}); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := r.Text(system, "count"); !ok {
			t.Errorf("what was registered is not found: %v", err)
		}
		if _, err := r.Unregister(system, []string{"count"}); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := r.Text(system, "count"); ok {
			t.Errorf("what was unregistered is found: %v", err)
		}
	}
	cancel()
	others.Wait()
}
