package server

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/limits"
)

// discarded is a ResponseWriter that keeps its header between requests.
type discarded struct{ header http.Header }

func (d discarded) Header() http.Header         { return d.header }
func (d discarded) WriteHeader(int)             {}
func (d discarded) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkAroundARequest measures what is done for each request besides its response: its
// id and its line of the log, the headers of all responses, the viewer, the quota and the
// headers about it.
func BenchmarkAroundARequest(b *testing.B) {
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	quotas := limits.NewQuotas(nil, limits.NewMeter(time.Now))
	body := []byte(`{"data":{}}`)
	h := wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !quotas.Charge(r.Context(), 1, w.Header()) {
			b.Error("there is no quota left")
		}
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(body)
	}),
		receive(log, nil, nil, nil), secureHeaders, NewOrigins(nil).allow, compress(), recoverPanics(log),
		noStore, newSockets().count, findViewer(nil, log), limitBody(DefaultMaxBody, MaxPublicBody),
	)
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/graphql?query={hello}", http.NoBody)
	w := discarded{http.Header{}}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		// The quota of an address is for a minute.
		if n%100_000 == 0 {
			r.RemoteAddr = fmt.Sprintf("10.0.0.%d:1234", n/100_000%250)
		}
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}
