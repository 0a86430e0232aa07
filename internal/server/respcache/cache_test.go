package respcache_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/server/respcache"
)

func TestTheSameIsRunOnce(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(testing.TB, string, ...string) *http.Request{"POST": post, "GET": get} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			first := w.ask(anonymous, ask(t, "{hello}"))
			second := w.ask(anonymous, ask(t, "{hello}"))
			if first.status != http.StatusOK || first.body != second.body || !strings.Contains(first.body, "hello 1") || second.status != http.StatusOK {
				t.Errorf("got %v, then %v", first, second)
			}
			for _, name := range []string{"Content-Type", "Content-Length", "Etag", "Cache-Control", "Vary", "Tlp"} {
				if got, want := second.header.Get(name), first.header.Get(name); got != want {
					t.Errorf("%s is %q, and was %q", name, got, want)
				}
			}
			w.ran(1)
		})
	}
	t.Run("HeadAndGetShare", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		head := w.ask(anonymous, request(t, http.MethodHead, "/graphql?query={hello}", ""))
		whole := w.ask(anonymous, get(t, "{hello}"))
		again := w.ask(anonymous, request(t, http.MethodHead, "/graphql?query={hello}", ""))
		if head.body+again.body != "" || !strings.Contains(whole.body, "hello 1") {
			t.Errorf("got %v, %v and %v", head, whole, again)
		}
		for _, name := range []string{"Content-Length", "Etag", "Content-Type"} {
			if a, b, c := head.header.Get(name), whole.header.Get(name), again.header.Get(name); a == "" || a != b || b != c {
				t.Errorf("%s is %q, %q and %q", name, a, b, c)
			}
		}
		w.ran(1)
	})
	t.Run("WithoutRoomEveryRequestIsRun", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, func(c *respcache.Config) { c.Size = 0 })
		w.ask(anonymous, get(t, "{hello}"))
		if got := w.ask(anonymous, get(t, "{hello}")); got.header.Get("Etag") == "" || got.header.Get("Age") != "" {
			t.Errorf("got %v", got.header)
		}
		w.ran(2)
	})
}

// What could make a difference to an answer makes another question.
func TestQuestionsAreToldApart(t *testing.T) {
	t.Parallel()
	base := func(t testing.TB) *http.Request { return post(t, "{hello}", "Accept", "application/json") }
	for name, other := range map[string]struct {
		viewer *domain.Viewer
		change func(*http.Request)
		status int
	}{
		"Role":          {&domain.Viewer{Role: domain.Partner, KeyID: 1}, nil, 200},
		"Clearance":     {&domain.Viewer{Role: domain.Public, Clearance: domain.Green, KeyID: 1}, nil, 200},
		"BudgetOfAKey":  {&domain.Viewer{Role: domain.Public, RateLimit: 100, KeyID: 1}, nil, 200},
		"WithoutRights": {&domain.Viewer{Role: domain.Public, Scopes: []domain.Right{}, KeyID: 1}, nil, 200},
		"TheProgram":    {&domain.Viewer{Role: domain.Public, System: true}, nil, 200},
		"Accept":        {anonymous, func(r *http.Request) { r.Header.Set("Accept", "application/graphql-response+json") }, 200},
		"Host":          {anonymous, func(r *http.Request) { r.Host = "other.example" }, 200},
		"Path":          {anonymous, func(r *http.Request) { r.URL.Path = "/graphql2" }, 200},
		"Query":         {anonymous, func(r *http.Request) { r.URL.RawQuery = "a" }, 200},
		"ContentType":   {anonymous, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415},
		"BodyEncoding":  {anonymous, func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 415},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			first := w.ask(anonymous, base(t))
			r := base(t)
			if other.change != nil {
				other.change(r)
			}
			got := w.ask(other.viewer, r)
			if got.status != other.status || got.body == first.body {
				t.Errorf("got %v of the answer %v", got, first)
			}
		})
	}
	t.Run("AKeyOfTheSameKindSharesWithTheAnonymous", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		w.ask(anonymous, base(t))
		w.ask(keyed, base(t))
		w.ran(1)
	})
}

func TestWhatIsNeverKept(t *testing.T) {
	t.Parallel()
	stream := []string{"Accept", "text/event-stream"}
	for name, row := range map[string]func(t testing.TB) *http.Request{
		"Errors":           func(t testing.TB) *http.Request { return get(t, "{fails}") },
		"DataWithErrors":   func(t testing.TB) *http.Request { return get(t, "{partial}") },
		"Desk":             func(t testing.TB) *http.Request { return get(t, "{desk}") },
		"Mutations":        func(t testing.TB) *http.Request { return post(t, "mutation{hello}") },
		"NotValid":         func(t testing.TB) *http.Request { return get(t, "{nothing}") },
		"NoQuery":          func(t testing.TB) *http.Request { return post(t, "") },
		"Streams":          func(t testing.TB) *http.Request { return get(t, "{hello}", stream...) },
		"StreamsOfAnyText": func(t testing.TB) *http.Request { return post(t, "{hello}", "Accept", "Text/*") },
		"Subscriptions":    func(t testing.TB) *http.Request { return post(t, "subscription{hello}", stream...) },
		"BodyByGet":        func(t testing.TB) *http.Request { return request(t, http.MethodGet, "/graphql?query={hello}", "x") },
		"OtherMethods":     func(t testing.TB) *http.Request { return request(t, http.MethodPut, "/graphql?query={hello}", "x") },
		"BehindItsVersion": func(t testing.TB) *http.Request { return get(t, "{lags}") },
		"TooLarge": func(t testing.TB) *http.Request {
			return post(t, fmt.Sprintf("{large(size: %d)}", respcache.MaxResponse))
		},
		"OfALargeQuestion":  func(t testing.TB) *http.Request { return post(t, "{hello}"+strings.Repeat(" ", 64<<10)) },
		"OfAnUnknownLength": func(t testing.TB) *http.Request { r := post(t, "{hello}"); r.ContentLength = -1; return r },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			plain := askOf(t, newDoor(w.clock), anonymous, row(t))
			for range 2 {
				got := w.ask(anonymous, row(t))
				if got.status != plain.status || got.header.Get("Content-Type") != plain.header.Get("Content-Type") || got.header.Get("Age") != "" {
					t.Errorf("got %.300v, want what is answered without a cache: %.300v", got, plain)
				}
				if name != "BehindItsVersion" && (got.header.Get("Cache-Control") != "no-store" || got.header.Get("Etag") != "") {
					t.Errorf("the header is %v", got.header)
				}
			}
			if s := w.cache.Stats(); s.Hits != 0 || s.Entries != 0 {
				t.Errorf("got %+v", s)
			}
		})
	}
	t.Run("WhatAHandlerAddsForOneClient", func(t *testing.T) {
		t.Parallel()
		for name, value := range map[string]string{"Set-Cookie": "a=b", "Content-Range": "bytes 0-1/2", "Content-Encoding": "br"} {
			w := newWorld(t, nil)
			h := w.cache.Wrap(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
				out.Header().Set(name, value)
				w.door.ServeHTTP(out, r)
			}))
			for range 2 {
				if got := askOf(t, h, anonymous, get(t, "{hello}")); got.header.Get(name) != value || got.header.Get("Etag") != "" {
					t.Errorf("%s: got %v", name, got)
				}
			}
			w.ran(2)
		}
	})
	t.Run("WhatIsMadeOfNoOperation", func(t *testing.T) {
		t.Parallel()
		w, n := newWorld(t, nil), 0
		h := w.cache.Wrap(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) { n++; fmt.Fprint(out, n) }))
		if a, b := askOf(t, h, anonymous, get(t, "x")), askOf(t, h, anonymous, get(t, "x")); a.body != "1" || b.body != "2" {
			t.Errorf("got %v and %v", a, b)
		}
	})
}

func TestAPublishIsSeenByTheNextRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.ask(anonymous, get(t, "{hello}"))
	w.live.publish(w.clock.Now())
	if got := w.ask(anonymous, get(t, "{hello}")); !strings.Contains(got.body, "hello 2") {
		t.Errorf("got %v", got)
	}
	if s := w.cache.Stats(); s.Entries != 1 || s.Dropped != 1 {
		t.Errorf("what was kept before is still there: %+v", s)
	}
}

// Run drops what is kept also while nobody asks.
func TestAPublishDropsWhatWasKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.ask(anonymous, get(t, "{hello}"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.cache.Run(ctx) }()
	w.live.publish(w.clock.Now())
	for w.cache.Stats().Entries > 0 {
		if t.Context().Err() != nil {
			t.Fatal("it is still there")
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What is read at one version is not kept for another, however late it comes.
func TestAPublishWhileAnAnswerIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	old := make(chan reply)
	go func() { old <- w.ask(anonymous, get(t, "{waits}")) }()
	<-w.door.waiting
	w.live.publish(w.clock.Now())
	// Nobody who comes after the publish waits for the answer from before it.
	fresh := make(chan reply)
	go func() { fresh <- w.ask(anonymous, get(t, "{waits}")) }()
	<-w.door.waiting
	w.door.goOn <- nil
	w.door.goOn <- nil
	bodies := []string{(<-old).body, (<-fresh).body}
	got := w.ask(anonymous, get(t, "{waits}"))
	if got.body != bodies[1] || !strings.Contains(got.body, "waits 2") {
		t.Errorf("got %v after %q", got, bodies)
	}
	w.ran(2)
}

func TestAnUnconfirmedVersionIsNotGoneBy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.ask(anonymous, get(t, "{hello}"))
	for _, row := range []struct {
		turn time.Duration
		age  string
	}{{0, "0"}, {1500 * time.Millisecond, "1"}, {8500 * time.Millisecond, "10"}} {
		w.clock.Advance(row.turn)
		if got := w.ask(anonymous, get(t, "{hello}")); got.header.Get("Age") != row.age {
			t.Errorf("Age is %q, want %q", got.header.Get("Age"), row.age)
		}
	}
	w.clock.Advance(time.Millisecond)
	if got := w.ask(anonymous, get(t, "{hello}")); got.header.Get("Age") != "" || got.header.Get("Cache-Control") != "no-store" || !strings.Contains(got.body, "hello 2") {
		t.Errorf("got %v", got)
	}
}

func TestTerms(t *testing.T) {
	t.Parallel()
	t.Run("Until", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		for _, want := range []string{"until 1", "until 1", "until 2", "until 2"} {
			if got := w.ask(anonymous, get(t, "{until}")); !strings.Contains(got.body, want) {
				t.Errorf("got %v, want %s", got, want)
			}
			w.clock.Advance(1500 * time.Millisecond)
		}
	})
	t.Run("While", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		w.ask(anonymous, get(t, "{while}"))
		w.ask(anonymous, get(t, "{while}"))
		w.ran(1)
		w.door.holds.Store(false)
		tag := w.ask(anonymous, get(t, "{while}")).header.Get("Etag")
		w.ask(anonymous, get(t, "{while}", "If-None-Match", tag))
		w.ran(3)
	})
	t.Run("Holder", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		for _, v := range []*domain.Viewer{anonymous, anonymous, keyed, keyed, anonymous} {
			w.ask(v, get(t, "{mine}"))
		}
		w.ran(3)
	})
}

func TestBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.purse.left.Store(2)
	first := w.ask(anonymous, get(t, "{hello}"))
	tag := first.header.Get("Etag")
	if got := first.header.Get("RateLimit"); got != "inner;r=1" {
		t.Errorf("RateLimit is %q", got)
	}
	if got := w.ask(anonymous, get(t, "{hello}")).header.Get("RateLimit"); got != "cache;r=1" {
		t.Errorf("RateLimit of a kept answer is %q", got)
	}
	if got := w.ask(anonymous, get(t, "{hello}", "If-None-Match", tag)); got.header.Get("RateLimit") != "cache;r=0" || got.status != http.StatusNotModified {
		t.Errorf("got %v", got)
	}
	// What follows is the business of the door, which refuses it by itself.
	if got := w.ask(anonymous, get(t, "{hello}", "If-None-Match", tag)); got.header.Get("RateLimit") != "inner;r=2" || got.header.Get("Age") != "" {
		t.Errorf("got %v", got)
	}
	if w.purse.taken.Load() != 2 {
		t.Errorf("%d were taken", w.purse.taken.Load())
	}
}

func TestTheSizeIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *respcache.Config) { c.Size = 300 << 10 })
	for i := range 200 {
		w.ask(anonymous, post(t, fmt.Sprintf("{large(size: %d)}", 5000+i), "Accept-Encoding", []string{"", "gzip", "zstd"}[i%3]))
		if s := w.cache.Stats(); s.Bytes > 300<<10 {
			t.Fatalf("%d bytes are kept", s.Bytes)
		}
	}
	if s := w.cache.Stats(); s.Bytes < 200<<10 || s.Entries < 20 || s.Misses != 200 {
		t.Errorf("got %+v", s)
	}
	w.ask(anonymous, post(t, fmt.Sprintf("{large(size: %d)}", 200<<10)))
	if s := w.cache.Stats(); s.Bytes > 300<<10 {
		t.Errorf("%d bytes are kept after a large one", s.Bytes)
	}
}
