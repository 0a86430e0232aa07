package app_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/server/respcache"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// getQuery sends a query to a running server by GET.
func getQuery(t *testing.T, a *app.App, document string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+"/graphql?query="+url.QueryEscape(document), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true // the server that is closed next should not wait for it
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestCacheOfTheServer(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, s store.Config) {
		c := config(t, s)
		c.Demo = true
		a := start(t, c, parts(io.Discard))
		const titles = `{ reports(first: 100) { totalCount nodes { slug title summary } } __schema { types { name description } } }`

		first, body := getQuery(t, a, titles, "Accept-Encoding", "identity")
		if first.StatusCode != http.StatusOK || first.Header.Get("Age") != "" || len(body) < respcache.MinCompressed {
			t.Fatalf("got %d %v, %d bytes", first.StatusCode, first.Header, len(body))
		}
		second, again := getQuery(t, a, titles, "Accept-Encoding", "identity", "Origin", "https://site.example")
		if again != body || second.Header.Get("Age") == "" {
			t.Errorf("got %v %s, then %v %s", first.Header, body, second.Header, again)
		}
		for name, want := range map[string]string{
			"Cache-Control": "public, no-cache", "Vary": "Accept, Accept-Encoding, Authorization, Origin, Redthread-Stage", "Tlp": "TLP:CLEAR",
			"Content-Type": "application/json; charset=utf-8", "X-Content-Type-Options": "nosniff", "Etag": first.Header.Get("Etag"),
			"Access-Control-Allow-Origin": "*",
		} {
			if got := second.Header.Values(name); len(got) != 1 || got[0] != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		for _, name := range []string{"X-Request-Id", "Ratelimit"} {
			if a, b := first.Header.Get(name), second.Header.Get(name); a == "" || a == b {
				t.Errorf("%s is %q, and was %q", name, b, a)
			}
		}
		coded, _ := getQuery(t, a, titles, "Accept-Encoding", "gzip")
		if coded.Header.Get("Content-Encoding") != "gzip" || coded.Header.Get("Etag") != strings.TrimSuffix(second.Header.Get("Etag"), `"`)+`-gzip"` {
			t.Errorf("got %v", coded.Header)
		}
		if unchanged, rest := getQuery(t, a, titles, "Accept-Encoding", "gzip", "If-None-Match", coded.Header.Get("Etag")); unchanged.StatusCode != http.StatusNotModified || rest != "" {
			t.Errorf("got %d %s", unchanged.StatusCode, rest)
		}

		// The next read after a write does not see it; the next read after its
		// publication does.
		query(t, a, a.DemoKey(), write)
		if _, now := getQuery(t, a, titles, "Accept-Encoding", "identity"); now != body {
			t.Errorf("a draft changed %s to %s", body, now)
		}
		query(t, a, a.DemoKey(), publish)
		fresh, now := getQuery(t, a, titles, "If-None-Match", first.Header.Get("Etag"), "Accept-Encoding", "identity")
		if fresh.StatusCode != http.StatusOK || !strings.Contains(now, "harbour-cranes") {
			t.Errorf("after a publish: got %d %s", fresh.StatusCode, now)
		}
		query(t, a, a.DemoKey(), `mutation { unpublish(input: {documents: ["report:harbour-cranes"]}) { sequence } }`)
		if _, now := getQuery(t, a, titles, "Accept-Encoding", "identity"); now != body {
			t.Errorf("after that is taken back: got %s, want %s", now, body)
		}

		for _, row := range []struct{ document, key, want string }{
			{titles, a.DemoKey(), "private, no-cache"},
			{`{ viewer { role } }`, "", "no-store"},
			{`{ nothing }`, "", "no-store"},
			{`query @inContext(stage: DESK) { reports { totalCount } }`, a.DemoKey(), "no-store"},
		} {
			for range 2 {
				header := []string{"X-Nothing", ""}
				if row.key != "" {
					header = []string{"Authorization", "Bearer " + row.key}
				}
				if res, got := getQuery(t, a, row.document, header...); res.Header.Get("Cache-Control") != row.want {
					t.Errorf("%s: Cache-Control is %q, want %q: %s", row.document, res.Header.Get("Cache-Control"), row.want, got)
				}
			}
		}
	})
}

// A client over its rate limit gets no cached responses either.
func TestCachedResponsesAreRateLimited(t *testing.T) {
	t.Parallel()
	c := config(t, storetest.SQLiteConfig(t))
	c.Protection.RatePublic = 60
	p, now := parts(io.Discard), time.Now()
	p.Now = func() time.Time { return now } // the limit does not recover meanwhile
	a := start(t, c, p)
	for i := 0; ; i++ {
		res, body := getQuery(t, a, `{ reports { totalCount } }`)
		if res.StatusCode == http.StatusTooManyRequests {
			if !strings.Contains(body, "RATE_LIMITED") || res.Header.Get("Retry-After") == "" || res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Age") != "" {
				t.Errorf("got %v %s", res.Header, body)
			}
			if i < 3 {
				t.Errorf("refused after %d", i)
			}
			return
		}
		if res.StatusCode != http.StatusOK || i > 1000 {
			t.Fatalf("the %dth: got %d %s", i, res.StatusCode, body)
		}
	}
}
