package respcache_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/dependency"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/server/respcache"
)

func TestHit(t *testing.T) {
	t.Parallel()
	for name, newRequest := range map[string]func(testing.TB, string, ...string) *http.Request{"POST": post, "GET": get} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTestCache(t, nil)
			first := w.do(anonymous, newRequest(t, "{hello}"))
			second := w.do(anonymous, newRequest(t, "{hello}"))
			if first.status != http.StatusOK || first.body != second.body || !strings.Contains(first.body, "hello 1") || second.status != http.StatusOK {
				t.Errorf("got %v, then %v", first, second)
			}
			for _, name := range []string{"Content-Type", "Content-Length", "Etag", "Cache-Control", "Vary", "Tlp"} {
				if got, want := second.header.Get(name), first.header.Get(name); got != want {
					t.Errorf("%s is %q, and was %q", name, got, want)
				}
			}
			w.wantExecuted(1)
		})
	}
	t.Run("HeadAndGetShare", func(t *testing.T) {
		t.Parallel()
		w := newTestCache(t, nil)
		head := w.do(anonymous, request(t, http.MethodHead, "/graphql?query={hello}", ""))
		whole := w.do(anonymous, get(t, "{hello}"))
		again := w.do(anonymous, request(t, http.MethodHead, "/graphql?query={hello}", ""))
		if head.body+again.body != "" || !strings.Contains(whole.body, "hello 1") {
			t.Errorf("got %v, %v and %v", head, whole, again)
		}
		for _, name := range []string{"Content-Length", "Etag", "Content-Type"} {
			if a, b, c := head.header.Get(name), whole.header.Get(name), again.header.Get(name); a == "" || a != b || b != c {
				t.Errorf("%s is %q, %q and %q", name, a, b, c)
			}
		}
		w.wantExecuted(1)
	})
	t.Run("WithoutRoomEveryRequestIsRun", func(t *testing.T) {
		t.Parallel()
		w := newTestCache(t, func(c *respcache.Config) { c.Size = 0 })
		w.do(anonymous, get(t, "{hello}"))
		if got := w.do(anonymous, get(t, "{hello}")); got.header.Get("Etag") == "" || got.header.Get("Age") != "" {
			t.Errorf("got %v", got.header)
		}
		w.wantExecuted(2)
	})
}

// Requests that may have different responses have different keys.
func TestKey(t *testing.T) {
	t.Parallel()
	base := func(t testing.TB) *http.Request { return post(t, "{hello}", "Accept", "application/json") }
	for name, other := range map[string]struct {
		viewer *domain.Viewer
		change func(*http.Request)
		status int
	}{
		"Role":            {&domain.Viewer{Role: domain.Partner, KeyID: 1}, nil, 200},
		"Clearance":       {&domain.Viewer{Role: domain.Public, Clearance: domain.Green, KeyID: 1}, nil, 200},
		"RateLimitOfAKey": {&domain.Viewer{Role: domain.Public, RateLimit: 100, KeyID: 1}, nil, 200},
		"WithoutRights":   {&domain.Viewer{Role: domain.Public, Scopes: []domain.Right{}, KeyID: 1}, nil, 200},
		"System":          {&domain.Viewer{Role: domain.Public, System: true}, nil, 200},
		"Accept":          {anonymous, func(r *http.Request) { r.Header.Set("Accept", "application/graphql-response+json") }, 200},
		"Method":          {anonymous, func(r *http.Request) { r.Method = transport.MethodQuery }, 200},
		"Stage":           {anonymous, func(r *http.Request) { r.Header.Set("Redthread-Stage", "LIVE") }, 200},
		"Host":            {anonymous, func(r *http.Request) { r.Host = "other.example" }, 200},
		"Path":            {anonymous, func(r *http.Request) { r.URL.Path = "/graphql2" }, 200},
		"Query":           {anonymous, func(r *http.Request) { r.URL.RawQuery = "a" }, 200},
		"ContentType":     {anonymous, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415},
		"BodyEncoding":    {anonymous, func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 415},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTestCache(t, nil)
			first := w.do(anonymous, base(t))
			r := base(t)
			if other.change != nil {
				other.change(r)
			}
			got := w.do(other.viewer, r)
			if got.status != other.status || got.body == first.body {
				t.Errorf("got %v, the first response was %v", got, first)
			}
		})
	}
	t.Run("APublicKeySharesWithAnonymous", func(t *testing.T) {
		t.Parallel()
		w := newTestCache(t, nil)
		w.do(anonymous, base(t))
		w.do(keyed, base(t))
		w.wantExecuted(1)
	})
}

func TestUncacheable(t *testing.T) {
	t.Parallel()
	stream := []string{"Accept", "text/event-stream"}
	for name, row := range map[string]func(t testing.TB) *http.Request{
		"Errors":         func(t testing.TB) *http.Request { return get(t, "{fails}") },
		"DataWithErrors": func(t testing.TB) *http.Request { return get(t, "{partial}") },
		"PartialSuccess": func(t testing.TB) *http.Request {
			return get(t, "{partial}", "Accept", "application/graphql-response+json")
		},
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
		"MutationsByQuery": func(t testing.TB) *http.Request { return byQuery(t, "mutation{hello}") },
		"StreamsByQuery":   func(t testing.TB) *http.Request { return byQuery(t, "{hello}", stream...) },
		"QueryWithoutType": func(t testing.TB) *http.Request { r := byQuery(t, "{hello}"); r.Header.Del("Content-Type"); return r },
		"QueryWithoutBody": func(t testing.TB) *http.Request {
			return request(t, transport.MethodQuery, "/graphql?query={hello}", "", "Content-Type", "application/json")
		},
		"QueryOfUnknownLength": func(t testing.TB) *http.Request { r := byQuery(t, "{hello}"); r.ContentLength = -1; return r },
		"LargeRequest":         func(t testing.TB) *http.Request { return post(t, "{hello}"+strings.Repeat(" ", 64<<10)) },
		"UnknownLength":        func(t testing.TB) *http.Request { r := post(t, "{hello}"); r.ContentLength = -1; return r },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTestCache(t, nil)
			plain := serve(t, newBackend(w.clock), anonymous, row(t))
			for range 2 {
				got := w.do(anonymous, row(t))
				if got.status != plain.status || got.header.Get("Content-Type") != plain.header.Get("Content-Type") || got.header.Get("Age") != "" {
					t.Errorf("got %.300v, want the response without a cache: %.300v", got, plain)
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
	t.Run("HeaderOfOneClient", func(t *testing.T) {
		t.Parallel()
		for name, value := range map[string]string{"Set-Cookie": "a=b", "Content-Range": "bytes 0-1/2", "Content-Encoding": "br"} {
			w := newTestCache(t, nil)
			h := w.cache.Wrap(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
				out.Header().Set(name, value)
				w.backend.ServeHTTP(out, r)
			}))
			for range 2 {
				if got := serve(t, h, anonymous, get(t, "{hello}")); got.header.Get(name) != value || got.header.Get("Etag") != "" {
					t.Errorf("%s: got %v", name, got)
				}
			}
			w.wantExecuted(2)
		}
	})
	t.Run("WithoutAnOperation", func(t *testing.T) {
		t.Parallel()
		w, n := newTestCache(t, nil), 0
		h := w.cache.Wrap(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) { n++; fmt.Fprint(out, n) }))
		if a, b := serve(t, h, anonymous, get(t, "x")), serve(t, h, anonymous, get(t, "x")); a.body != "1" || b.body != "2" {
			t.Errorf("got %v and %v", a, b)
		}
	})
}

func TestPublishIsVisibleToTheNextRead(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	w.do(anonymous, get(t, "{hello}"))
	w.live.publish(w.clock.Now())
	if got := w.do(anonymous, get(t, "{hello}")); !strings.Contains(got.body, "hello 2") {
		t.Errorf("got %v", got)
	}
	if s := w.cache.Stats(); s.Entries != 1 || s.Dropped != 1 {
		t.Errorf("the entry of the version before is still there: %+v", s)
	}
}

// A release drops the entries that depend on what it changes, for the clearances for which
// it does, and no others.
func TestReleaseDropsWhatDependsOnIt(t *testing.T) {
	t.Parallel()
	a, b := dependency.Name(domain.Tag, "a"), dependency.Name(domain.Tag, "b")
	change := func(key dependency.Key, clearances uint8) projection.ChangedKey {
		return projection.ChangedKey{Key: key, Clearances: clearances}
	}
	const all, notClear, onlyClear = 0b11111, 0b11110, 0b00001
	for name, row := range map[string]struct {
		query   string
		viewer  *domain.Viewer
		steps   [][]projection.ChangedKey
		dropped bool
	}{
		"WhatItDependsOn":            {"{a}", anonymous, [][]projection.ChangedKey{{change(a, all)}}, true},
		"SomethingElse":              {"{a}", anonymous, [][]projection.ChangedKey{{change(b, all)}}, false},
		"Nothing":                    {"{a}", anonymous, [][]projection.ChangedKey{{}}, false},
		"ForOthers":                  {"{a}", anonymous, [][]projection.ChangedKey{{change(a, notClear)}}, false},
		"ForOthersThanThePartner":    {"{a}", partner, [][]projection.ChangedKey{{change(a, onlyClear)}}, false},
		"ForThePartner":              {"{a}", partner, [][]projection.ChangedKey{{change(a, notClear)}}, true},
		"OneOfMany":                  {"{a}", anonymous, [][]projection.ChangedKey{{change(dependency.List(domain.Report), all), change(a, all), change(b, all)}}, true},
		"SomeStepsLater":             {"{a}", anonymous, [][]projection.ChangedKey{{}, {change(b, all)}, {change(a, all)}, {}}, true},
		"Everything":                 {"{hello}", anonymous, [][]projection.ChangedKey{{change(b, notClear)}}, true},
		"WhatDependsOnNothing":       {"{constant}", anonymous, [][]projection.ChangedKey{{change(a, all), change(b, all)}}, false},
		"MoreStepsThanAreRemembered": {"{a}", anonymous, make([][]projection.ChangedKey, 300), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTestCache(t, nil)
			w.do(row.viewer, get(t, row.query))
			for _, keys := range row.steps {
				w.live.release(w.clock.Now(), keys...)
			}
			w.do(row.viewer, get(t, row.query))
			want := int64(1)
			if row.dropped {
				want = 2
			}
			w.wantExecuted(want)
			if s := w.cache.Stats(); s.Dropped != want-1 || s.Entries != 1 {
				t.Errorf("got %+v, want %d dropped", s, want-1)
			}
			w.do(row.viewer, get(t, row.query))
			w.wantExecuted(want)
		})
	}
}

// A step that is not known drops everything, also what depends on nothing.
func TestUnknownStep(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	for range 2 {
		w.do(anonymous, get(t, "{constant}"))
		w.live.publish(w.clock.Now())
		w.live.release(w.clock.Now())
	}
	w.wantExecuted(2)
}

// A response that was being made while something was published is used for later requests
// only if that did not concern it.
func TestReleaseWhileAResponseIsMade(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		key  dependency.Key
		want int64
	}{
		"SomethingElse":   {dependency.Name(domain.Tag, "b"), 1},
		"WhatItDependsOn": {dependency.Name(domain.Tag, "a"), 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTestCache(t, nil)
			first := make(chan response, 1)
			go func() { first <- w.do(anonymous, get(t, "{slow:a}")) }()
			<-w.backend.waiting
			w.live.release(w.clock.Now(), projection.ChangedKey{Key: row.key, Clearances: 1})
			w.backend.resume <- nil
			<-first
			second := make(chan response, 1)
			go func() { second <- w.do(anonymous, get(t, "{slow:a}")) }()
			if row.want == 2 {
				<-w.backend.waiting
				w.backend.resume <- nil
			}
			<-second
			w.wantExecuted(row.want)
		})
	}
}

// Public responses have cache tags where these are asked for, also 304; no others do.
func TestTags(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, func(c *respcache.Config) { c.Tags = true })
	a := dependency.Name(domain.Tag, "a").String()
	for _, row := range []struct {
		viewer     *domain.Viewer
		query      string
		tags, keys string
	}{
		{keyed, "{a}", "", ""}, // which shares the entry with the next
		{anonymous, "{a}", a, a},
		{anonymous, "{hello}", "everything", "everything"},
		{anonymous, "{constant}", "", ""},
		{anonymous, "{many}", "report," + a, "report " + a},
		{keyed, "{a}", "", ""},
		{partner, "{amber}", "", ""},
		{anonymous, "{amber}", "", ""},
		{anonymous, "{fails}", "", ""},
	} {
		for range 2 {
			got := w.do(row.viewer, get(t, row.query))
			if got.header.Get("Cache-Tag") != row.tags || got.header.Get("Surrogate-Key") != row.keys {
				t.Errorf("%s: got %v, want %q and %q", row.query, got.header, row.tags, row.keys)
			}
		}
		if got := w.do(row.viewer, post(t, row.query)); got.header.Get("Cache-Tag")+got.header.Get("Surrogate-Key") != "" {
			t.Errorf("%s by POST: got %v", row.query, got.header)
		}
	}
	tag := w.do(anonymous, get(t, "{a}")).header.Get("Etag")
	if got := w.do(anonymous, get(t, "{a}", "If-None-Match", tag)); got.status != 304 || got.header.Get("Cache-Tag") != a {
		t.Errorf("got %v", got)
	}
	off := newTestCache(t, nil)
	if got := off.do(anonymous, get(t, "{a}")); got.header.Get("Cache-Tag")+got.header.Get("Surrogate-Key") != "" {
		t.Errorf("without --cache-tags: got %v", got)
	}
}

// Run drops the entries also while there are no requests.
func TestRunDropsEntriesAfterAPublish(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	w.do(anonymous, get(t, "{hello}"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.cache.Run(ctx) }()
	w.live.publish(w.clock.Now())
	for w.cache.Stats().Entries > 0 {
		if t.Context().Err() != nil {
			t.Fatal("the entry is still there")
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A response that is read at one version is not cached for another.
func TestPublishDuringAMiss(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	old := make(chan response)
	go func() { old <- w.do(anonymous, get(t, "{waits}")) }()
	<-w.backend.waiting
	w.live.publish(w.clock.Now())
	// A request after the publish doesn't wait for the response from before it.
	fresh := make(chan response)
	go func() { fresh <- w.do(anonymous, get(t, "{waits}")) }()
	<-w.backend.waiting
	w.backend.resume <- nil
	w.backend.resume <- nil
	bodies := []string{(<-old).body, (<-fresh).body}
	got := w.do(anonymous, get(t, "{waits}"))
	if got.body != bodies[1] || !strings.Contains(got.body, "waits 2") {
		t.Errorf("got %v after %q", got, bodies)
	}
	w.wantExecuted(2)
}

func TestUnconfirmedVersionIsNotUsed(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	w.do(anonymous, get(t, "{hello}"))
	for _, row := range []struct {
		advance time.Duration
		age     string
	}{{0, "0"}, {1500 * time.Millisecond, "1"}, {8500 * time.Millisecond, "10"}} {
		w.clock.Advance(row.advance)
		if got := w.do(anonymous, get(t, "{hello}")); got.header.Get("Age") != row.age {
			t.Errorf("Age is %q, want %q", got.header.Get("Age"), row.age)
		}
	}
	w.clock.Advance(time.Millisecond)
	if got := w.do(anonymous, get(t, "{hello}")); got.header.Get("Age") != "" || got.header.Get("Cache-Control") != "no-store" || !strings.Contains(got.body, "hello 2") {
		t.Errorf("got %v", got)
	}
}

func TestTerms(t *testing.T) {
	t.Parallel()
	t.Run("Until", func(t *testing.T) {
		t.Parallel()
		w := newTestCache(t, nil)
		for _, want := range []string{"until 1", "until 1", "until 2", "until 2"} {
			if got := w.do(anonymous, get(t, "{until}")); !strings.Contains(got.body, want) {
				t.Errorf("got %v, want %s", got, want)
			}
			w.clock.Advance(1500 * time.Millisecond)
		}
	})
	t.Run("While", func(t *testing.T) {
		t.Parallel()
		w := newTestCache(t, nil)
		w.do(anonymous, get(t, "{while}"))
		w.do(anonymous, get(t, "{while}"))
		w.wantExecuted(1)
		w.backend.holds.Store(false)
		tag := w.do(anonymous, get(t, "{while}")).header.Get("Etag")
		w.do(anonymous, get(t, "{while}", "If-None-Match", tag))
		w.wantExecuted(3)
	})
	t.Run("Credential", func(t *testing.T) {
		t.Parallel()
		w := newTestCache(t, nil)
		for _, v := range []*domain.Viewer{anonymous, anonymous, keyed, keyed, anonymous} {
			w.do(v, get(t, "{mine}"))
		}
		w.wantExecuted(3)
	})
}

func TestQuota(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	w.quota.left.Store(2)
	first := w.do(anonymous, get(t, "{hello}"))
	tag := first.header.Get("Etag")
	if got := first.header.Get("RateLimit"); got != "inner;r=1" {
		t.Errorf("RateLimit is %q", got)
	}
	if got := w.do(anonymous, get(t, "{hello}")).header.Get("RateLimit"); got != "cache;r=1" {
		t.Errorf("RateLimit of a hit is %q", got)
	}
	if got := w.do(anonymous, get(t, "{hello}", "If-None-Match", tag)); got.header.Get("RateLimit") != "cache;r=0" || got.status != http.StatusNotModified {
		t.Errorf("got %v", got)
	}
	// The quota is used up: the backend gets the request, and refuses it.
	if got := w.do(anonymous, get(t, "{hello}", "If-None-Match", tag)); got.header.Get("RateLimit") != "inner;r=2" || got.header.Get("Age") != "" {
		t.Errorf("got %v", got)
	}
	if w.quota.charged.Load() != 2 {
		t.Errorf("%d were charged", w.quota.charged.Load())
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, func(c *respcache.Config) { c.Size = 300 << 10 })
	for i := range 200 {
		w.do(anonymous, post(t, fmt.Sprintf("{large(size: %d)}", 5000+i), "Accept-Encoding", []string{"", "gzip", "zstd"}[i%3]))
		if s := w.cache.Stats(); s.Bytes > 300<<10 {
			t.Fatalf("%d bytes are cached", s.Bytes)
		}
	}
	if s := w.cache.Stats(); s.Bytes < 200<<10 || s.Entries < 20 || s.Misses != 200 {
		t.Errorf("got %+v", s)
	}
	w.do(anonymous, post(t, fmt.Sprintf("{large(size: %d)}", 200<<10)))
	if s := w.cache.Stats(); s.Bytes > 300<<10 {
		t.Errorf("%d bytes are cached after a large one", s.Bytes)
	}
}
