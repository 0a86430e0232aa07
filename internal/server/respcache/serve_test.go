package respcache_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/server/respcache"
)

func TestCacheControl(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		viewer *domain.Viewer
		query  string
		maxAge time.Duration
		want   string
	}{
		{"Everybody", anonymous, "{hello}", 0, "public, no-cache"},
		{"EverybodyForAWhile", anonymous, "{hello}", 90 * time.Second, "public, max-age=90, must-revalidate"},
		{"NotOfAKey", keyed, "{hello}", time.Minute, "private, no-cache"},
		{"NotAboveClear", anonymous, "{amber}", time.Minute, "private, no-cache"},
		{"NotOfAPartner", partner, "{amber}", time.Minute, "private, no-cache"},
		{"NotFromTheDesk", partner, "{desk}", time.Minute, "no-store"},
		{"NotAnError", anonymous, "{fails}", time.Minute, "no-store"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newTestCache(t, func(c *respcache.Config) { c.MaxAge = row.maxAge })
			for range 2 {
				if got := w.do(row.viewer, get(t, row.query)).header.Get("Cache-Control"); got != row.want {
					t.Errorf("got %q, want %q", got, row.want)
				}
				got := w.do(row.viewer, post(t, row.query)).header
				if got.Get("Cache-Control") != "no-store" || got.Get("Etag") != "" || got.Get("Age") != "" {
					t.Errorf("by POST: got %v", got)
				}
			}
		})
	}
}

func TestIfNoneMatch(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	fresh := w.do(anonymous, get(t, "{hello}"))
	tag := fresh.header.Get("Etag")
	if !strings.HasPrefix(tag, `"`) || len(tag) < 20 {
		t.Fatalf("the validator is %s: want a strong one", tag)
	}
	for given, want := range map[string]int{
		tag: 304, "W/" + tag: 304, "*": 304, `"a", W/"b,c",` + tag: 304, ` "x" , ` + tag + ` , "y"`: 304,
		`"a"`: 200, strings.Trim(tag, `"`): 200, "": 200, `"`: 200, `W/`: 200, strings.Replace(tag, `"`, `"x`, 1): 200,
		strings.TrimSuffix(tag, `"`) + `-gzip"`: 200,
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			got := w.do(anonymous, request(t, method, "/graphql?query={hello}", "", "If-None-Match", given))
			if got.status != want {
				t.Errorf("%s %q: got %d, want %d", method, given, got.status, want)
			}
			if got.header.Get("Etag") != tag || got.header.Get("Cache-Control") != "public, no-cache" || got.header.Get("Vary") != "Accept, Accept-Encoding, Authorization" ||
				got.header.Get("Age") != "0" || (got.body == "") != (want == 304 || method == http.MethodHead) {
				t.Errorf("%s %q: got %v", method, given, got)
			}
			if want == 304 && (got.header.Get("Content-Type") != "" || got.header.Get("Content-Length") != "") {
				t.Errorf("304 describes a body: %v", got.header)
			}
		}
	}
	w.wantExecuted(1)
	if got := w.do(anonymous, post(t, "{hello}", "If-None-Match", "*")); got.status != 200 {
		t.Errorf("by POST: got %d", got.status)
	}

	// The first request after a publish may be conditional; the entry has the whole
	// body nevertheless.
	w.live.publish(w.clock.Now())
	again := newTestCache(t, nil)
	if got := again.do(anonymous, get(t, "{hello}", "If-None-Match", tag)); got.status != 304 || got.body != "" {
		t.Errorf("of a miss: got %v", got)
	}
	if got := again.do(anonymous, get(t, "{hello}")); got.status != 200 || got.body != fresh.body {
		t.Errorf("after that: got %v", got)
	}
	again.wantExecuted(1)
}

// TestQueryMethod: responses to QUERY are conditional and cached by body and media type
// (RFC 10008, 2.7 and 2.8).
func TestQueryMethod(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, func(c *respcache.Config) { c.MaxAge = time.Minute })
	first := w.do(anonymous, byQuery(t, "{hello}"))
	tag := first.header.Get("Etag")
	if first.status != 200 || len(tag) < 20 || first.header.Get("Cache-Control") != "public, no-cache" || first.header.Get("Vary") != "Accept, Accept-Encoding, Authorization" ||
		first.header.Get("Accept-Query") != `"application/json"` {
		t.Fatalf("got %v", first)
	}
	if second := w.do(anonymous, byQuery(t, "{hello}")); second.body != first.body || second.header.Get("Etag") != tag || second.header.Get("Age") != "0" {
		t.Errorf("got %v, want %v from the cache", second, first)
	}
	w.wantExecuted(1)
	unchanged := w.do(anonymous, byQuery(t, "{hello}", "If-None-Match", tag))
	if unchanged.status != 304 || unchanged.body != "" || unchanged.header.Get("Etag") != tag || unchanged.header.Get("Cache-Control") != "public, no-cache" ||
		unchanged.header.Get("Vary") != first.header.Get("Vary") || unchanged.header.Get("Content-Type") != "" {
		t.Errorf("got %v, want 304", unchanged)
	}
	w.wantExecuted(1)
	for name, r := range map[string]*http.Request{
		"Body":      byQuery(t, "{ hello }", "If-None-Match", tag),
		"Accept":    byQuery(t, "{hello}", "If-None-Match", tag, "Accept", "application/graphql-response+json"),
		"MediaType": request(t, transport.MethodQuery, "/graphql", `{"query":"{hello}"}`, "If-None-Match", tag, "Content-Type", "application/json;charset=utf-8"),
		"Get":       get(t, "{hello}", "If-None-Match", tag),
	} {
		if got := w.do(anonymous, r); got.status != 200 || got.header.Get("Etag") == tag || got.body == first.body {
			t.Errorf("another %s: got %v", name, got)
		}
	}
	w.wantExecuted(5)
	if got := w.do(partner, byQuery(t, "{amber}")); got.header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("got %v", got)
	}
	w.live.publish(w.clock.Now())
	if got := w.do(anonymous, byQuery(t, "{hello}", "If-None-Match", tag)); got.status != 200 || got.header.Get("Etag") == tag {
		t.Errorf("after a publish: got %v", got)
	}
}

// decoded is the body without its content coding.
func decoded(t *testing.T, got response) string {
	t.Helper()
	var in io.Reader = strings.NewReader(got.body)
	var err error
	switch got.header.Get("Content-Encoding") {
	case "gzip":
		in, err = gzip.NewReader(in)
	case "zstd":
		in, err = zstd.NewReader(in)
	}
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

func TestCodings(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(respcache.MinCompressed), gzhttp.ContentTypeFilter(respcache.Compressible))
	if err != nil {
		t.Fatal(err)
	}
	w.handler = wrap(w.handler) // as the server does
	large, tags := "{large(size: 8000)}", map[string]string{}
	plain := w.do(anonymous, get(t, large)).body
	for range 2 {
		for accepted, want := range map[string]string{"": "", "gzip": "gzip", "zstd": "zstd", "br": ""} {
			got := w.do(anonymous, get(t, large, "Accept-Encoding", accepted))
			tag := got.header.Get("Etag")
			if got.header.Get("Content-Encoding") != want || decoded(t, got) != plain || got.header.Get("Content-Length") != fmt.Sprint(len(got.body)) {
				t.Errorf("%q: got %.200v", accepted, got)
			}
			if before, ok := tags[want]; ok && before != tag {
				t.Errorf("%q: the validator is %s, and was %s", accepted, tag, before)
			}
			tags[want] = tag
			if vary := got.header.Values("Vary"); len(vary) != 1 || vary[0] != "Accept, Accept-Encoding, Authorization" {
				t.Errorf("%q: Vary is %q", accepted, vary)
			}
			head := w.do(anonymous, request(t, http.MethodHead, "/graphql?query="+strings.ReplaceAll(large, " ", "%20"), "", "Accept-Encoding", accepted))
			for _, name := range []string{"Etag", "Content-Encoding", "Content-Length"} {
				if head.header.Get(name) != got.header.Get(name) {
					t.Errorf("%q: by HEAD %s is %q, not %q", accepted, name, head.header.Get(name), got.header.Get(name))
				}
			}
			if again := w.do(anonymous, get(t, large, "Accept-Encoding", accepted, "If-None-Match", tag)); again.status != 304 || again.header.Get("Etag") != tag {
				t.Errorf("%q: got %v", accepted, again)
			}
		}
	}
	if len(tags) != 3 || tags[""] == tags["gzip"] || tags["gzip"] == tags["zstd"] {
		t.Errorf("the validators are %v", tags)
	}
	if got := w.do(anonymous, get(t, "{hello}", "Accept-Encoding", "gzip")); got.header.Get("Content-Encoding") != "" {
		t.Errorf("a small response is %s", got.header.Get("Content-Encoding"))
	}
	w.wantExecuted(2)
}

// The coding is the one that the compressing middleware would choose.
func TestCodingIsThatOfTheCompressor(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(respcache.MinCompressed), gzhttp.ContentTypeFilter(respcache.Compressible))
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Repeat([]byte("words "), 1000)
	compressor := wrap(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "application/json")
		_, _ = out.Write(text)
	}))
	for _, accepted := range []string{
		"", "gzip", "GZIP", "zstd", "gzip, zstd", "zstd, gzip", "gzip, deflate, br, zstd", "gzip, deflate", "gzip, deflate, br",
		"gzip;q=0", "gzip;q=0, zstd", "gzip; q=0.5, zstd;q=0.4", "zstd;q=0.5 ,gzip;q=0.5", "*", "identity", "deflate, br", "*;q=0.5, gzip;q=0.1",
		"gzip;q=1.0, identity; q=0.5, *;q=0", "x-gzip", " gzip ", "gzip;q=0.001", ",,gzip",
	} {
		want := serve(t, compressor, anonymous, get(t, "x", "Accept-Encoding", accepted)).header.Get("Content-Encoding")
		got := w.do(anonymous, get(t, "{large(size: 8000)}", "Accept-Encoding", accepted)).header.Get("Content-Encoding")
		if got != want {
			t.Errorf("for %q: got %q, want %q", accepted, got, want)
		}
	}
}

func TestVaryIsMerged(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	h := http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Add("Vary", "Accept-Encoding")
		out.Header().Add("Vary", "Origin")
		w.handler.ServeHTTP(out, r)
	})
	for range 2 {
		if got := serve(t, h, anonymous, get(t, "{hello}")).header["Vary"]; len(got) != 1 || got[0] != "Accept, Accept-Encoding, Authorization, Origin" {
			t.Errorf("got %q", got)
		}
	}
}

// The backend handles a truncated body.
func TestTruncatedBody(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	for range 2 {
		r := post(t, "{hello}")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"query":`), failedBody{}))
		if got := w.do(anonymous, r); got.status != http.StatusBadRequest || !strings.Contains(got.body, "cannot be read") {
			t.Errorf("got %v", got)
		}
	}
	w.wantExecuted(0)
}

type failedBody struct{}

func (failedBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A streamed response is written through.
func TestFlush(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	sent := make(chan string, 1)
	h := w.cache.Wrap(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		reply := w.backend.Execute(r.Context(), queryOf("hello"))
		_, _ = out.Write(reply.Data)
		out.(http.Flusher).Flush()
		sent <- "flushed"
		_, _ = io.WriteString(out, " and more")
	}))
	got := serve(t, h, anonymous, get(t, "x"))
	if !strings.HasSuffix(got.body, " and more") || got.header.Get("Etag") != "" {
		t.Errorf("got %v", got)
	}
	if s := w.cache.Stats(); s.Entries != 0 {
		t.Errorf("got %+v", s)
	}
}

// A handler may execute several operations for one response: it may be cached if all
// of their results may be.
func TestSeveralOperations(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		fields  []string
		control string
		ran     int64
	}{
		{"OneQuestion", []string{"hello"}, "public, no-cache", 1},
		{"TheHighestMarkingCounts", []string{"amber", "hello"}, "private, no-cache", 2},
		{"OneThatIsNotKept", []string{"hello", "desk"}, "no-store", 4},
		{"OneThatFails", []string{"fails", "hello"}, "no-store", 4},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newTestCache(t, nil)
			h := w.cache.Wrap(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
				out.Header().Set("Content-Type", "application/atom+xml")
				for _, field := range row.fields {
					_, _ = out.Write(w.backend.Execute(r.Context(), queryOf(field)).Data)
				}
			}))
			for range 2 {
				got := serve(t, h, anonymous, get(t, "x"))
				if got.header.Get("Cache-Control") != row.control || got.header.Get("Content-Type") != "application/atom+xml" {
					t.Errorf("got %v", got)
				}
			}
			w.wantExecuted(row.ran)
		})
	}
}

// Where there is no If-None-Match, the client may send back the Last-Modified.
func TestIfModifiedSince(t *testing.T) {
	t.Parallel()
	const stamp, second = "Fri, 31 May 2024 23:59:50 GMT", "Sat, 01 Jun 2024 00:00:00 GMT"
	for _, row := range []struct {
		name, modified string
		header         []string
		want           int
	}{
		{"TheSame", stamp, []string{"If-Modified-Since", stamp}, 304},
		{"AnotherForm", stamp, []string{"If-Modified-Since", "Friday, 31-May-24 23:59:50 GMT"}, 304},
		{"Earlier", stamp, []string{"If-Modified-Since", "Fri, 31 May 2024 23:59:49 GMT"}, 200},
		{"TheTimeOfFetching", stamp, []string{"If-Modified-Since", "Fri, 31 May 2024 23:59:59 GMT"}, 200},
		{"NoDate", stamp, []string{"If-Modified-Since", "yesterday"}, 200},
		{"NotGiven", "", []string{"If-Modified-Since", stamp}, 200},
		{"TheTagSaysMore", stamp, []string{"If-Modified-Since", stamp, "If-None-Match", `"other"`}, 200},
		{"AnEmptyTagToo", stamp, []string{"If-Modified-Since", stamp, "If-None-Match", ""}, 200},
		{"WithinTheSecond", second, []string{"If-Modified-Since", second}, 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newTestCache(t, nil)
			ran := 0
			w.handler = w.cache.Wrap(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
				ran++
				if row.modified != "" {
					out.Header().Set("Last-Modified", row.modified)
				}
				w.backend.ServeHTTP(out, r)
			}))
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				got := w.do(anonymous, request(t, method, "/graphql?query={hello}", "", row.header...))
				if got.status != row.want || (got.body == "") != (row.want == 304 || method == http.MethodHead) {
					t.Errorf("%s: got %d %q, want %d", method, got.status, got.body, row.want)
				}
				want := row.modified
				if want == second {
					want = "" // it could change again
				}
				if given := got.header.Get("Last-Modified"); given != want {
					t.Errorf("%s: got Last-Modified %q, want %q", method, given, want)
				}
			}
			if ran != 1 {
				t.Errorf("it was made %d times", ran)
			}
			if row.modified != second {
				return
			}
			w.clock.Advance(time.Second)
			if got := w.do(anonymous, request(t, http.MethodGet, "/graphql?query={hello}", "", row.header...)); got.status != 304 || ran != 1 {
				t.Errorf("a second later: got %d, made %d times", got.status, ran)
			}
		})
	}
}

// A 304 has the page's own policy.
func TestPolicyOfNotModified(t *testing.T) {
	t.Parallel()
	w := newTestCache(t, nil)
	cached := w.cache.Wrap(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("query") == "{hello}" {
			out.Header().Set("Content-Security-Policy", "style-src 'self'")
		}
		w.backend.ServeHTTP(out, r)
	}))
	w.handler = http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Security-Policy", "default-src 'none'")
		cached.ServeHTTP(out, r)
	})
	for query, want := range map[string]string{"{hello}": "style-src 'self'", "{until}": "default-src 'none'"} {
		tag := w.do(anonymous, get(t, query)).header.Get("Etag")
		got := w.do(anonymous, get(t, query, "If-None-Match", tag))
		if got.status != http.StatusNotModified || got.header.Get("Content-Security-Policy") != want {
			t.Errorf("%s: got %d with %q, want %q", query, got.status, got.header.Get("Content-Security-Policy"), want)
		}
	}
}
