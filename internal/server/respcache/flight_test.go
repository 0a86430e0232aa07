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

// together sends the same request for viewers at once, when the first waits in
// the door, and returns the answers; the first's comes first.
func (w *world) together(r func() *http.Request, viewers ...*domain.Viewer) func() []reply {
	got := make([]reply, len(viewers))
	var all sync.WaitGroup
	all.Go(func() { got[0] = w.ask(viewers[0], r()) })
	<-w.door.waiting
	for i, v := range viewers[1:] {
		all.Go(func() { got[i+1] = w.ask(v, r()) })
	}
	return func() []reply { all.Wait(); return got }
}

func repeated(v *domain.Viewer, n int) []*domain.Viewer {
	all := make([]*domain.Viewer, n)
	for i := range all {
		all[i] = v
	}
	return all
}

func TestTheSameAtOnceIsRunOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	wait := w.together(func() *http.Request { return post(t, "{waits}") }, repeated(anonymous, 20)...)
	w.door.goOn <- nil
	for _, got := range wait() {
		if got.status != http.StatusOK || !strings.Contains(got.body, "waits 1") {
			t.Errorf("got %v", got)
		}
	}
	w.ran(1)
}

// A leader that comes to nothing is followed by another.
func TestTheNextMakesWhatTheFirstCouldNot(t *testing.T) {
	t.Parallel()
	t.Run("ItFails", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		wait := w.together(func() *http.Request { return post(t, "{waits}") }, repeated(anonymous, 5)...)
		w.door.goOn <- errors.New("no luck")
		<-w.door.waiting
		w.door.goOn <- nil
		for i, got := range wait() {
			if i == 0 != strings.Contains(got.body, "no luck") || i > 0 && !strings.Contains(got.body, "waits 2") {
				t.Errorf("%d got %v", i, got)
			}
		}
		w.ran(2)
	})
	t.Run("ItsClientHasGone", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan reply)
		go func() { first <- w.ask(anonymous, post(t, "{waits}").WithContext(ctx)) }()
		<-w.door.waiting
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if got := w.ask(anonymous, post(t, "{waits}")); !strings.Contains(got.body, "waits 2") {
					t.Errorf("got %v", got)
				}
			})
		}
		cancel()
		<-first
		<-w.door.waiting
		w.door.goOn <- nil
		all.Wait()
		w.ran(2)
	})
	t.Run("ItPanics", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		begun, goOn, once := make(chan struct{}), make(chan struct{}), sync.Once{}
		h := w.cache.Wrap(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			once.Do(func() {
				close(begun)
				<-goOn
				panic(http.ErrAbortHandler)
			})
			w.door.ServeHTTP(out, r)
		}))
		var all sync.WaitGroup
		all.Go(func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic is swallowed")
				}
			}()
			askOf(t, h, anonymous, get(t, "{hello}"))
		})
		<-begun
		all.Go(func() {
			if got := askOf(t, h, anonymous, get(t, "{hello}")); !strings.Contains(got.body, "hello 1") {
				t.Errorf("got %v", got)
			}
		})
		close(goOn)
		all.Wait()
	})
}

// What may never be kept is not waited for, and everybody gets their own.
func TestNobodyWaitsForWhatIsNeverShared(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]func() *http.Request{
		"Mutation": func() *http.Request { return post(t, "mutation{slow:hello}") },
		"Desk":     func() *http.Request { return get(t, "{slow:desk}") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			wait := w.together(r, repeated(partner, 6)...)
			for range 5 {
				<-w.door.waiting // while the first still does
			}
			for range 6 {
				w.door.goOn <- nil
			}
			seen := map[string]bool{}
			for _, got := range wait() {
				seen[got.body] = true
			}
			if len(seen) != 6 {
				t.Errorf("got %v: want one each", seen)
			}
			w.ran(6)
		})
	}
}

func TestAKeyDoesNotWaitForTheAnonymous(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	wait := w.together(func() *http.Request { return post(t, "{waits}") }, anonymous, keyed)
	<-w.door.waiting
	w.door.goOn <- nil
	w.door.goOn <- nil
	wait()
	w.ran(2)
}

// Who waits and goes away doesn't take the answer with it.
func TestAFollowerThatGoesAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	wait := w.together(func() *http.Request { return get(t, "{waits}") }, anonymous)
	gone := make(chan reply)
	go func() { gone <- w.ask(anonymous, get(t, "{waits}").WithContext(ctx)) }()
	cancel()
	<-gone
	w.door.goOn <- nil
	if got := wait()[0]; !strings.Contains(got.body, "waits 1") {
		t.Errorf("got %v", got)
	}
}

// Many ask many things while live moves on: who has seen a publish gets nothing
// that was read before it.
func TestNothingOldAfterAPublish(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _ = w.cache.Run(ctx) })
	for range 8 {
		all.Go(func() {
			for i := range 200 {
				query := []string{"{hello}", "{amber}", "{desk}", "{fails}"}[i%4]
				got := w.ask([]*domain.Viewer{anonymous, partner}[i/4%2], get(t, query, "Accept-Encoding", []string{"", "gzip"}[i/8%2]))
				if got.status != http.StatusOK && query != "{fails}" {
					t.Errorf("%s: got %v", query, got)
				}
			}
		})
	}
	for range 50 {
		before := w.door.ran.Load()
		w.live.publish(w.clock.Now())
		got := w.ask(anonymous, get(t, "{hello}"))
		var n int64
		if _, err := fmt.Sscanf(got.body, `{"data":{"it":"hello %d"`, &n); err != nil || n <= before {
			t.Errorf("got %v after %d operations", got, before)
		}
	}
	cancel()
	all.Wait()
}
