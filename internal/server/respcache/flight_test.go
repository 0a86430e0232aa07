package respcache_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
)

// concurrently sends the same request for each viewer, the others when the first waits
// in the backend. The function that it returns waits for the responses, in the order
// of the viewers.
func (w *testCache) concurrently(r func() *http.Request, viewers ...*domain.Viewer) func() []response {
	got := make([]response, len(viewers))
	var all sync.WaitGroup
	all.Go(func() { got[0] = w.do(viewers[0], r()) })
	<-w.backend.waiting
	for i, v := range viewers[1:] {
		all.Go(func() { got[i+1] = w.do(v, r()) })
	}
	return func() []response { all.Wait(); return got }
}

func repeated(v *domain.Viewer, n int) []*domain.Viewer {
	all := make([]*domain.Viewer, n)
	for i := range all {
		all[i] = v
	}
	return all
}

func TestSingleFlight(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	wait := w.concurrently(func() *http.Request { return post(t, "{waits}") }, repeated(anonymous, 20)...)
	w.backend.resume <- nil
	for _, got := range wait() {
		if got.status != http.StatusOK || !strings.Contains(got.body, "waits 1") {
			t.Errorf("got %v", got)
		}
	}
	w.wantExecuted(1)
}

// Where the leader of a flight has no response to share, another request leads.
func TestAnotherRequestLeadsAfterAFailure(t *testing.T) {
	t.Parallel()
	t.Run("Error", func(t *testing.T) {
		t.Parallel()
		w := newTestCache(t, nil)
		wait := w.concurrently(func() *http.Request { return post(t, "{waits}") }, repeated(anonymous, 5)...)
		w.backend.resume <- errors.New("an error")
		<-w.backend.waiting
		w.backend.resume <- nil
		for i, got := range wait() {
			if i == 0 != strings.Contains(got.body, "an error") || i > 0 && !strings.Contains(got.body, "waits 2") {
				t.Errorf("%d got %v", i, got)
			}
		}
		w.wantExecuted(2)
	})
	t.Run("ClientDisconnects", func(t *testing.T) {
		t.Parallel()
		w := newTestCache(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan response)
		go func() { first <- w.do(anonymous, post(t, "{waits}").WithContext(ctx)) }()
		<-w.backend.waiting
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if got := w.do(anonymous, post(t, "{waits}")); !strings.Contains(got.body, "waits 2") {
					t.Errorf("got %v", got)
				}
			})
		}
		cancel()
		<-first
		<-w.backend.waiting
		w.backend.resume <- nil
		all.Wait()
		w.wantExecuted(2)
	})
	t.Run("Panic", func(t *testing.T) {
		t.Parallel()
		w := newTestCache(t, nil)
		started, resume, once := make(chan struct{}), make(chan struct{}), sync.Once{}
		h := w.cache.Wrap(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			once.Do(func() {
				close(started)
				<-resume
				panic(http.ErrAbortHandler)
			})
			w.backend.ServeHTTP(out, r)
		}))
		var all sync.WaitGroup
		all.Go(func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic is swallowed")
				}
			}()
			serve(t, h, anonymous, get(t, "{hello}"))
		})
		<-started
		all.Go(func() {
			if got := serve(t, h, anonymous, get(t, "{hello}")); !strings.Contains(got.body, "hello 1") {
				t.Errorf("got %v", got)
			}
		})
		close(resume)
		all.Wait()
	})
}

// Requests don't wait for a response that may not be cached: each makes its own.
func TestUncacheableResponsesAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]func() *http.Request{
		"Mutation": func() *http.Request { return post(t, "mutation{slow:hello}") },
		"Desk":     func() *http.Request { return get(t, "{slow:desk}") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTestCache(t, nil)
			wait := w.concurrently(r, repeated(partner, 6)...)
			for range 5 {
				<-w.backend.waiting // while the first still waits
			}
			for range 6 {
				w.backend.resume <- nil
			}
			seen := map[string]bool{}
			for _, got := range wait() {
				seen[got.body] = true
			}
			if len(seen) != 6 {
				t.Errorf("got %v: want one each", seen)
			}
			w.wantExecuted(6)
		})
	}
}

func TestKeyDoesNotWaitForAnonymous(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	wait := w.concurrently(func() *http.Request { return post(t, "{waits}") }, anonymous, keyed)
	<-w.backend.waiting
	w.backend.resume <- nil
	w.backend.resume <- nil
	wait()
	w.wantExecuted(2)
}

// A waiting client that disconnects doesn't cancel the flight.
func TestWaitingClientDisconnects(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	wait := w.concurrently(func() *http.Request { return get(t, "{waits}") }, anonymous)
	disconnected := make(chan response)
	go func() { disconnected <- w.do(anonymous, get(t, "{waits}").WithContext(ctx)) }()
	cancel()
	<-disconnected
	w.backend.resume <- nil
	if got := wait()[0]; !strings.Contains(got.body, "waits 1") {
		t.Errorf("got %v", got)
	}
}

// Under load, a request after a publish gets nothing that was read before it.
func TestNothingStaleAfterAPublish(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _ = w.cache.Run(ctx) })
	for range 8 {
		all.Go(func() {
			for i := range 200 {
				query := []string{"{hello}", "{amber}", "{desk}", "{fails}"}[i%4]
				got := w.do([]*domain.Viewer{anonymous, partner}[i/4%2], get(t, query, "Accept-Encoding", []string{"", "gzip"}[i/8%2]))
				if got.status != http.StatusOK && query != "{fails}" {
					t.Errorf("%s: got %v", query, got)
				}
			}
		})
	}
	for range 50 {
		before := w.backend.executed.Load()
		w.live.publish(w.clock.Now())
		got := w.do(anonymous, get(t, "{hello}"))
		var n int64
		if _, err := fmt.Sscanf(got.body, `{"data":{"it":"hello %d"`, &n); err != nil || n <= before {
			t.Errorf("got %v after %d operations", got, before)
		}
	}
	cancel()
	all.Wait()
}
