package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/server"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	s := start(t, hello, nil)
	for path, want := range map[string]string{
		"/":        "<!doctype html>",
		"/graphql": `{"data":{"viewer":"PUBLIC"}}`,
		"/healthz": `{"status":"alive"}`,
		"/readyz":  `"status":"ready"`,
	} {
		got := s.get(t, path)
		if got.status != http.StatusOK || !strings.Contains(strings.ToLower(got.body), strings.ToLower(want)) {
			t.Errorf("%s: got %d %.200q, want %q", path, got.status, got.body, want)
		}
	}
	for _, path := range []string{"/nothing", "/graphql/", "/index.html", "/docs", "//graphql/x"} {
		wantError(t, s.get(t, path), http.StatusNotFound, "NOT_FOUND")
	}
	for _, path := range []string{"/", "/healthz", "/readyz"} {
		got := do(t, request(t, http.MethodPost, s.url+path, "x"))
		wantError(t, got, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
		if got.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: Allow is %q", path, got.header.Get("Allow"))
		}
	}
	if got := do(t, request(t, http.MethodHead, s.url+"/readyz", "")); got.status != http.StatusOK || got.body != "" {
		t.Errorf("HEAD /readyz: got %d %q", got.status, got.body)
	}
}

func TestSecurityHeadersOnEveryResponse(t *testing.T) {
	t.Parallel()
	s := start(t, hello, nil)
	for _, path := range []string{"/", "/graphql", "/healthz", "/nothing"} {
		got := s.get(t, path)
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
		} {
			if got.header.Get(header) != want {
				t.Errorf("%s: %s is %q, want %q", path, header, got.header.Get(header), want)
			}
		}
		if policy := got.header.Values("Content-Security-Policy"); len(policy) != 1 || !strings.Contains(policy[0], "frame-ancestors 'none'") {
			t.Errorf("%s: Content-Security-Policy is %q", path, policy)
		}
		if path != "/" && got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control is %q", path, got.header.Get("Cache-Control"))
		}
	}
	if got := s.get(t, "/").header.Get("Content-Security-Policy"); !strings.Contains(got, "script-src 'self'") {
		t.Errorf("the explorer's own policy is lost: %q", got)
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	s := start(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, domain.RequestID(r.Context())) }, nil)
	if got := s.get(t, "/graphql", "X-Request-Id", "proxy-7f:3"); got.body != "proxy-7f:3" || got.header.Get("X-Request-Id") != "proxy-7f:3" {
		t.Errorf("a valid id: got %q and %q", got.body, got.header.Get("X-Request-Id"))
	}
	seen := map[string]bool{}
	for _, bad := range []string{"", "has space", "quote\"", strings.Repeat("x", 129), "-leading", "emoji😀"} {
		got := s.get(t, "/graphql", "X-Request-Id", bad)
		if got.body == bad || len(got.body) < 20 || seen[got.body] || got.body != got.header.Get("X-Request-Id") {
			t.Errorf("for %q: got %q, want a new id", bad, got.body)
		}
		seen[got.body] = true
	}
}

func TestViewer(t *testing.T) {
	t.Parallel()
	s := start(t, hello, nil)
	for name, row := range map[string]struct {
		header []string
		want   string
	}{
		"NoHeader":           {nil, "PUBLIC"},
		"GoodKey":            {[]string{"Authorization", "Bearer " + goodKey}, "EDITOR"},
		"SchemeInAnyCase":    {[]string{"Authorization", "bearer " + goodKey}, "EDITOR"},
		"SpacesAroundTheKey": {[]string{"Authorization", " Bearer  " + goodKey + " "}, "EDITOR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := s.post(t, "{}", row.header...); got.status != http.StatusOK || !strings.Contains(got.body, row.want) {
				t.Errorf("got %d %s, want %s", got.status, got.body, row.want)
			}
		})
	}
	for name, header := range map[string][]string{
		"BadKey":      {"Authorization", "Bearer rt_bad"},
		"NoKey":       {"Authorization", "Bearer"},
		"Empty":       {"Authorization", ""},
		"OtherScheme": {"Authorization", "Basic cnQ6Z29vZA=="},
		"TwoHeaders":  {"Authorization", "Bearer " + goodKey, "Authorization", "Bearer " + goodKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.post(t, "{}", append(header, "Origin", "https://site.example")...)
			wantError(t, got, http.StatusUnauthorized, "UNAUTHENTICATED")
			if !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("WWW-Authenticate is %q", got.header.Get("WWW-Authenticate"))
			}
			if got.header.Get("Access-Control-Allow-Origin") == "" {
				t.Error("a browser would hide the refusal from the page")
			}
		})
	}
	t.Run("DatabaseUnavailable", func(t *testing.T) {
		t.Parallel()
		wantError(t, s.post(t, "{}", "Authorization", "Bearer rt_away"), http.StatusServiceUnavailable, "UNAVAILABLE")
	})
	t.Run("Bug", func(t *testing.T) {
		t.Parallel()
		got := s.post(t, "{}", "Authorization", "Bearer rt_bug")
		wantError(t, got, http.StatusInternalServerError, "INTERNAL")
		if strings.Contains(got.body, "internals") {
			t.Errorf("the cause is shown: %s", got.body)
		}
	})
	t.Run("GraphQLMediaTypeWhereAccepted", func(t *testing.T) {
		t.Parallel()
		got := s.post(t, "{}", "Authorization", "Bearer rt_bad", "Accept", "application/graphql-response+json, application/json;q=0.9")
		if !strings.HasPrefix(got.header.Get("Content-Type"), "application/graphql-response+json") {
			t.Errorf("content type %q", got.header.Get("Content-Type"))
		}
	})
}

func TestCORS(t *testing.T) {
	t.Parallel()
	preflight := func(t *testing.T, s *running, origin, header string) response {
		return do(t, request(t, http.MethodOptions, s.url+"/graphql", "", "Origin", origin,
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", header))
	}
	t.Run("AllOriginsWithoutCredentialsByDefault", func(t *testing.T) {
		t.Parallel()
		s := start(t, hello, nil)
		got := preflight(t, s, "https://site.example", "authorization,content-type,graphql-require-preflight,x-requested-with")
		if got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Access-Control-Allow-Headers") == "" {
			t.Errorf("preflight: got %v", got.header)
		}
		for _, header := range []string{"last-event-id", "if-none-match", "if-modified-since", "cache-control", "traceparent", "tracestate", "redthread-stage", "idempotency-key"} {
			if got := preflight(t, s, "https://site.example", header); got.header.Get("Access-Control-Allow-Headers") != header {
				t.Errorf("preflight of %s: got %v", header, got.header)
			}
		}
		if got := preflight(t, s, "https://site.example", "x-other"); got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("a header that is not allowed: got %v", got.header)
		}
		simple := s.post(t, "{}", "Origin", "https://site.example")
		if simple.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("got %v", simple.header)
		}
		for _, h := range []http.Header{got.header, simple.header} {
			if h.Get("Access-Control-Allow-Credentials") != "" {
				t.Error("credentials are allowed")
			}
		}
	})
	t.Run("QueryMethod", func(t *testing.T) {
		t.Parallel()
		s := start(t, hello, func(c *server.Config) { c.Origins = server.NewOrigins([]string{"https://site.example"}) })
		for method, want := range map[string]string{"QUERY": "QUERY", "POST": "POST", "query": "", "PUT": ""} {
			got := do(t, request(t, http.MethodOptions, s.url+"/graphql", "", "Origin", "https://site.example",
				"Access-Control-Request-Method", method, "Access-Control-Request-Headers", "content-type,if-none-match")).header
			if got.Get("Access-Control-Allow-Methods") != want || (got.Get("Access-Control-Allow-Origin") != "") != (want != "") || (got.Get("Access-Control-Max-Age") != "") != (want != "") {
				t.Errorf("preflight of %s: got %v", method, got)
			}
		}
		got := do(t, request(t, transport.MethodQuery, s.url+"/graphql", `{"query":"{viewer}"}`, "Origin", "https://site.example", "Content-Type", "application/json"))
		if got.status != http.StatusOK || got.header.Get("Access-Control-Allow-Origin") != "https://site.example" {
			t.Errorf("got %d %v", got.status, got.header)
		}
		for _, name := range []string{"Etag", "Accept-Query"} {
			if !strings.Contains(got.header.Get("Access-Control-Expose-Headers"), name) {
				t.Errorf("%s is not exposed: %v", name, got.header)
			}
		}
	})
	t.Run("OnlyConfiguredOrigins", func(t *testing.T) {
		t.Parallel()
		s := start(t, hello, func(c *server.Config) {
			c.Origins = server.NewOrigins([]string{"https://site.example", "https://*.preview.example"})
		})
		for origin, want := range map[string]string{
			"https://site.example":         "https://site.example",
			"https://pr-7.preview.example": "https://pr-7.preview.example",
			"https://evil.example":         "",
			"http://site.example":          "",
		} {
			if got := preflight(t, s, origin, "authorization").header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("preflight from %s: got %q, want %q", origin, got, want)
			}
			simple := s.post(t, "{}", "Origin", origin)
			if got := simple.header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("from %s: got %q, want %q", origin, got, want)
			}
			if !strings.Contains(strings.Join(simple.header.Values("Vary"), ","), "Origin") {
				t.Errorf("from %s: Vary is %q", origin, simple.header.Values("Vary"))
			}
		}
	})
}

func TestCompression(t *testing.T) {
	t.Parallel()
	long := `{"data":"` + strings.Repeat("harbour ", 1000) + `"}`
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/graphql-response+json")
		switch r.URL.RawQuery {
		case "encoded":
			w.Header().Set("Content-Encoding", "br")
			fmt.Fprint(w, long)
		case "partial":
			w.WriteHeader(transport.StatusPartialSuccess)
			fmt.Fprint(w, long)
		case "short":
			fmt.Fprint(w, `{}`)
		default:
			fmt.Fprint(w, long)
		}
	}, nil)
	for _, row := range []struct{ query, accept, want string }{
		{"", "gzip", "gzip"}, {"", "zstd, gzip", "zstd"}, {"", "", ""}, {"", "gzip;q=0", ""},
		{"?partial", "gzip", "gzip"}, {"?partial", "", ""}, {"?short", "gzip", ""}, {"?encoded", "gzip", "br"},
	} {
		got := s.get(t, "/graphql"+row.query, "Accept-Encoding", row.accept)
		if got.header.Get("Content-Encoding") != row.want {
			t.Errorf("%q with %q: encoded as %q, want %q", row.query, row.accept, got.header.Get("Content-Encoding"), row.want)
		}
		if row.want == "gzip" && len(got.body) > len(long)/5 {
			t.Errorf("%d bytes of %d", len(got.body), len(long))
		}
		if row.want == "br" && got.body != long {
			t.Error("an encoded response was changed")
		}
	}
	if got := s.get(t, "/", "Accept-Encoding", "gzip"); got.header.Get("Content-Encoding") != "gzip" || !strings.HasPrefix(got.body, "\x1f\x8b") {
		t.Errorf("the explorer: encoded as %q, begins %q", got.header.Get("Content-Encoding"), got.body[:2])
	}
}

// Events are not delayed by middleware.
func TestEventStreams(t *testing.T) {
	t.Parallel()
	seen := make(chan struct{})
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		fmt.Fprint(w, "data: 1\n\n")
		if err := http.NewResponseController(w).Flush(); err != nil {
			panic(err)
		}
		<-seen
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			panic(err)
		}
		fmt.Fprint(w, "data: 2\n\n")
	}, nil)
	res, err := client(t).Do(request(t, http.MethodGet, s.url+"/graphql", "", "Accept-Encoding", "gzip, zstd"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, 9)
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "data: 1\n\n" || res.Header.Get("Content-Encoding") != "" {
		t.Errorf("got %q, %v, encoded as %q", first, err, res.Header.Get("Content-Encoding"))
	}
	close(seen)
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "data: 2\n\n" {
		t.Errorf("got %q, %v", rest, err)
	}
}

func TestUpgrades(t *testing.T) {
	t.Parallel()
	leave := make(chan struct{})
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		<-leave
		_, _ = conn.Write([]byte("goodbye")) // the client checks that it came
	}, nil)
	res, err := client(t).Do(request(t, http.MethodGet, s.url+"/graphql", "", "Connection", "Upgrade", "Upgrade", "websocket", "Accept-Encoding", "gzip"))
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %v, %v", res, err)
	}
	defer res.Body.Close()
	closed := make(chan struct{})
	go func() { s.close(); close(closed) }()
	close(leave)
	if got, err := io.ReadAll(res.Body); err != nil || string(got) != "goodbye" {
		t.Errorf("got %q, %v", got, err)
	}
	<-closed
	if got := s.log.lines(t, "request"); len(got) != 1 || got[0]["status"] != 101.0 {
		t.Errorf("Close did not wait for it, or it is logged as something else: %v", got)
	}
}

func TestLargeRequests(t *testing.T) {
	t.Parallel()
	echo := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			// The response of a GraphQL server to any unreadable body.
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"errors":[{"message":%q}]}`, err)
			return
		}
		fmt.Fprintf(w, `{"bytes":%d}`, len(body))
	}
	s := start(t, echo, func(c *server.Config) { c.MaxBody = 1000 })
	if got := s.post(t, strings.Repeat("x", 1000)); got.status != http.StatusOK || got.body != `{"bytes":1000}` {
		t.Errorf("at the limit: got %d %s", got.status, got.body)
	}
	wantError(t, s.post(t, strings.Repeat("x", 1001)), http.StatusRequestEntityTooLarge, "BAD_USER_INPUT")

	chunked := request(t, http.MethodPost, s.url+"/graphql", "")
	chunked.Body = io.NopCloser(io.LimitReader(zeros{}, 5000))
	chunked.ContentLength = -1
	wantError(t, do(t, chunked), http.StatusRequestEntityTooLarge, "BAD_USER_INPUT")

	silent := start(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body) },
		func(c *server.Config) { c.MaxBody = 1000 })
	chunked = request(t, http.MethodPost, silent.url+"/graphql", "")
	chunked.Body = io.NopCloser(io.LimitReader(zeros{}, 5000))
	chunked.ContentLength = -1
	wantError(t, do(t, chunked), http.StatusRequestEntityTooLarge, "BAD_USER_INPUT")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestPanics(t *testing.T) {
	t.Parallel()
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "begun" {
			fmt.Fprint(w, strings.Repeat("half a response ", 1000))
			w.(http.Flusher).Flush()
		}
		panic("a secret of the program")
	}, nil)
	got := s.get(t, "/graphql", "Accept-Encoding", "gzip", "Origin", "https://site.example")
	wantError(t, got, http.StatusInternalServerError, "INTERNAL")
	if strings.Contains(got.body, "secret") || strings.Contains(got.body, "goroutine") {
		t.Errorf("the panic is shown: %s", got.body)
	}
	res, err := client(t).Do(request(t, http.MethodGet, s.url+"/graphql?begun", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("half a response looks whole")
	}
	s.close()
	panics := s.log.lines(t, "panic in a handler")
	if len(panics) != 2 || !strings.Contains(fmt.Sprint(panics[0]["stack"]), "server_test.go") {
		t.Errorf("got %v, want two panics with a stack", panics)
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	var failure error
	note := ""
	s := start(t, hello, func(c *server.Config) {
		c.Checks = []server.Check{
			{Name: "stores", Run: func(context.Context) error { return nil }, Note: func() string { return note }},
			{Name: "live", Run: func(context.Context) error { return failure }},
		}
	})
	if got := s.get(t, "/readyz"); got.status != http.StatusOK || strings.Contains(got.body, "message") {
		t.Errorf("got %d %s", got.status, got.body)
	}
	note = "paused"
	if got := s.get(t, "/readyz"); got.status != http.StatusOK || !strings.Contains(got.body, `{"name":"stores","ok":true,"message":"paused"}`) {
		t.Errorf("got %d %s", got.status, got.body)
	}
	note = ""
	failure = domain.Conflict("live lags 3 entries behind the log")
	got := s.get(t, "/readyz")
	want := `{"status":"not ready","checks":[{"name":"stores","ok":true},{"name":"live","ok":false,"message":"live lags 3 entries behind the log"}]}`
	if got.status != http.StatusServiceUnavailable || strings.TrimSpace(got.body) != want {
		t.Errorf("got %d %s, want 503 %s", got.status, got.body, want)
	}
	failure = errors.New("dial tcp 10.1.2.3:5432: refused")
	if got := s.get(t, "/readyz"); got.status != http.StatusServiceUnavailable || strings.Contains(got.body, "10.1.2.3") {
		t.Errorf("got %d %s, want 503 without the driver's message", got.status, got.body)
	}
	if got := s.get(t, "/healthz"); got.status != http.StatusOK {
		t.Errorf("alive: got %d", got.status)
	}
}

// A probe that comes every second does not fill the log.
func TestReadinessIsLoggedWhenItChanges(t *testing.T) {
	t.Parallel()
	var failure error
	s := start(t, hello, func(c *server.Config) {
		c.Checks = []server.Check{{Name: "live", Run: func(context.Context) error { return failure }}}
	})
	for _, failure = range []error{
		nil, errors.New("3 entries behind"), errors.New("4 entries behind"), errors.New("refused"), errors.New("refused"), nil, nil, errors.New("refused"),
	} {
		s.get(t, "/readyz")
	}
	s.close()
	if got := s.log.lines(t, "not ready"); len(got) != 3 || got[0]["error"] != "3 entries behind" || got[1]["error"] != "refused" || got[2]["error"] != "refused" {
		t.Errorf("got %v", got)
	}
	if got := s.log.lines(t, "ready again"); len(got) != 1 || got[0]["check"] != "live" {
		t.Errorf("got %v", got)
	}
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		hello(w, r)
	}, nil)
	s.post(t, `{"query":"mutation { draft(text: \"bodysecret\") }"}`, "Authorization", "Bearer "+goodKey, "X-Request-Id", "one")
	s.post(t, "{}", "Authorization", "Bearer rt_badsecret", "X-Request-Id", "two")
	s.get(t, "/graphql?query={me}&variables={%22mail%22:%22ada%40mail.example%22}", "Cookie", "c=cookiesecret", "X-Request-Id", "three")
	s.get(t, "/healthz", "X-Request-Id", "four")
	s.close()

	byID := map[string]map[string]any{}
	for _, record := range s.log.lines(t, "request") {
		byID[fmt.Sprint(record["request_id"])] = record
	}
	one := byID["one"]
	if one["method"] != "POST" || one["path"] != "/graphql" || one["status"] != 200.0 || one["bytes"] == 0.0 ||
		one["role"] != "EDITOR" || one["level"] != "INFO" || !strings.HasPrefix(fmt.Sprint(one["key_id"]), "key_") {
		t.Errorf("got %v", one)
	}
	if two := byID["two"]; two["status"] != 401.0 || two["role"] != nil {
		t.Errorf("got %v", two)
	}
	if three := byID["three"]; three["path"] != "/graphql" || three["role"] != "PUBLIC" || three["key_id"] != nil {
		t.Errorf("got %v", three)
	}
	if four := byID["four"]; four["level"] != "DEBUG" {
		t.Errorf("got %v", four)
	}
	for _, secret := range []string{goodKey, "badsecret", "bodysecret", "ada", "cookiesecret", "Ada's desk", "127.0.0.1"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log has %q:\n%s", secret, s.log)
		}
	}
}

func TestCloseLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		hello(w, r)
	}, nil)
	errs := make(chan error, 1)
	go func() {
		res, err := client(t).Do(request(t, http.MethodGet, s.url+"/graphql", ""))
		if err == nil && res.StatusCode != http.StatusOK {
			err = errors.New(res.Status)
		}
		if err == nil {
			err = res.Body.Close()
		}
		errs <- err
	}()
	<-entered
	closed := make(chan struct{})
	go func() { s.close(); close(closed) }()
	// The listener goes first: wait until no connection is accepted.
	for {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			break
		}
		conn.Close()
	}
	close(leave)
	if err := <-errs; err != nil {
		t.Errorf("the request that ran: %v", err)
	}
	<-closed
}

func TestCloseAbortsRequestsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	}, func(c *server.Config) { c.Drain = 20 * time.Millisecond })
	failed := make(chan error, 1)
	go func() {
		res, err := client(t).Do(request(t, http.MethodGet, s.url+"/graphql", ""))
		if err == nil {
			err = res.Body.Close()
		}
		failed <- err
	}()
	<-entered
	s.close()
	if err := <-failed; err != nil {
		t.Logf("the client saw: %v", err) // or an empty response: both are valid
	}
	if got := s.log.lines(t, "requests were aborted at shutdown"); len(got) != 1 {
		t.Errorf("got %v, want one warning", got)
	}
}

// For a missing path, browsers get a page with links; programs get the usual error.
func TestNotFound(t *testing.T) {
	t.Parallel()
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
	s := start(t, hello, func(c *server.Config) {
		c.Feeds = server.FeedsConfig{Content: fakeExecutor{}, Site: site.Site{URL: "https://site.example"}, PublicURL: "https://api.example"}
		c.ChangeFeed = unchanging{}
	})
	for path, docs := range map[string]string{"/nothing": `href="docs"`, "/some/where/": `href="../../docs"`, "/explorer/x": `href="../docs"`, "/feeds/none.rss": `href="../docs"`} {
		got := s.get(t, path, "Accept", browser, "Accept-Encoding", "identity")
		if got.status != http.StatusNotFound || got.header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(got.body, docs) ||
			got.header.Get("Cache-Control") != "no-store" || !strings.Contains(got.header.Get("Content-Security-Policy"), "style-src 'sha256-") ||
			!strings.Contains(strings.Join(got.header.Values("Vary"), ","), "Accept") {
			t.Errorf("%s: got %d %v %s", path, got.status, got.header, got.body)
		}
		for _, accept := range []string{"", "*/*", "application/json", "text/html;q=0, application/json", "text/html;q=0.00"} {
			wantError(t, s.get(t, path, "Accept", accept), http.StatusNotFound, "NOT_FOUND")
		}
		head := do(t, request(t, http.MethodHead, s.url+path, "", "Accept", browser))
		if head.status != http.StatusNotFound || head.body != "" {
			t.Errorf("HEAD %s: got %d %q", path, head.status, head.body)
		}
	}
}
