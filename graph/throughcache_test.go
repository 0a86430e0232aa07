package graph_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/server/respcache"
)

// throughCache returns a handler that sends each query to h three times: directly,
// and twice through a response cache around it, the second time for the cached
// response. All three must be the same, byte for byte; it responds with the
// first.
func throughCache(t *testing.T, h http.Handler, live respcache.Live) http.Handler {
	t.Helper()
	cache := respcache.New(respcache.Config{
		Size: 256 << 20, Live: live, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Quotas: limits.NewQuotas(noLimits, limits.NewMeter(time.Now)),
	})
	cached := cache.Wrap(h)
	t.Cleanup(func() {
		if s := cache.Stats(); s.Hits < 50 || s.Hits < s.Misses/2 {
			t.Errorf("little came from the cache: %+v", s)
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		again := func(ctx context.Context) *http.Request {
			next := r.Clone(ctx)
			next.Body, next.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			return next
		}
		h.ServeHTTP(w, again(r.Context()))
		first, ok := w.(*httptest.ResponseRecorder)
		if !ok || bytes.Contains(body, []byte("mutation")) {
			return // which would be done three times
		}
		v, err := domain.ViewerFrom(r.Context())
		if err != nil {
			t.Error(err)
		}
		for _, which := range []string{"cold", "warm"} {
			out := httptest.NewRecorder()
			cached.ServeHTTP(out, again(domain.WithViewer(context.Background(), v))) // statements are not counted
			if out.Code != first.Code || out.Body.String() != first.Body.String() {
				t.Errorf("%s (TLP:%v) through the cache, %s, gets\n%d %s\ninstead of\n%d %s\nfor %s",
					v.Role, v.Clearance, which, out.Code, out.Body, first.Code, first.Body, body)
			}
		}
	})
}

// confirmed is how far live has come, for a desk that doesn't look by itself;
// nil stands for live without publications.
type confirmed struct{ desk *editorial.Desk }

func (c confirmed) Version() (v projection.Version) {
	if c.desk != nil {
		v = c.desk.Live().Version()
	}
	v.ConfirmedAt = time.Now()
	return v
}

func (c confirmed) Advanced(projection.Version) <-chan struct{} { return nil }

func (c confirmed) Steps(since projection.Version) ([]projection.Step, projection.Version, bool) {
	if c.desk == nil {
		return nil, projection.Version{}, since.Same(projection.Version{})
	}
	return c.desk.Live().Steps(since)
}
