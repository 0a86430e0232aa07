package graph_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// from is a context of a request from the n-th address.
func from(ctx context.Context, n int) context.Context {
	return domain.WithClient(ctx, netip.AddrFrom4([4]byte{192, 0, byte(n >> 8), byte(n)}))
}

// A static site is built: 70 expensive queries come at once from one address,
// and all are answered. The one of another client is, too.
func TestManyExpensiveQueriesAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		g := newAccessAPI(t, s, nil)
		const query = `{ reports(first: 100) { totalCount nodes { title tags { label reports(first: 20) { nodes { slug } } } } } }`
		ask := func(client int) (int, string) {
			r := httptest.NewRequestWithContext(from(domain.WithViewer(t.Context(), public), client), http.MethodPost, "/graphql",
				strings.NewReader(`{"query":"`+query+`"}`))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "application/graphql-response+json")
			w := httptest.NewRecorder()
			g.handler.ServeHTTP(w, r)
			return w.Code, w.Body.String()
		}
		_, body := ask(1)
		var first struct {
			Extensions struct{ Cost struct{ Requested int } }
		}
		if err := json.Unmarshal([]byte(body), &first); err != nil || first.Extensions.Cost.Requested <= limits.CheapCost {
			t.Fatalf("got %v, %s, want more than %d", err, body, limits.CheapCost)
		}
		var all sync.WaitGroup
		for i := range 71 {
			all.Go(func() {
				if status, body := ask(1 + i/70); status != http.StatusOK {
					t.Errorf("got %d, %s", status, body)
				}
			})
		}
		all.Wait()
	})
}
