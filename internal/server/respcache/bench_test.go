package respcache_test

import (
	"net/http"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
)

// discarded is a ResponseWriter that keeps its header between requests.
type discarded struct{ header http.Header }

func (d discarded) Header() http.Header         { return d.header }
func (d discarded) WriteHeader(int)             {}
func (d discarded) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkHit measures a cache hit without the server around it.
func BenchmarkHit(b *testing.B) {
	w := newTestCache(b, nil)
	w.do(anonymous, get(b, "{hello}"))
	r := get(b, "{hello}")
	r = r.WithContext(domain.WithViewer(r.Context(), anonymous))
	out := discarded{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(out.header)
		w.handler.ServeHTTP(out, r)
	}
	if got := w.backend.executed.Load(); got != 1 {
		b.Errorf("%d operations were executed, want 1", got)
	}
}
