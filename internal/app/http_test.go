package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// exchange sends a request to the API of a running server. It adds no header but the
// content type of a body.
func exchange(t testing.TB, a *app.App, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, a.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true // the server that is closed next should not wait for it
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	res, err := (&http.Transport{DisableCompression: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(raw)
}

// accessLog returns the lines of the access log by request id. The server must be closed.
func accessLog(t testing.TB, log *record) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	for line := range strings.Lines(log.String()) {
		var r map[string]any
		if json.Unmarshal([]byte(line), &r) == nil && r["msg"] == "request" {
			found[r["request_id"].(string)] = r
		}
	}
	return found
}

func TestQueryMethod(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, s store.Config) {
		c := config(t, s)
		c.Demo = true
		log := &record{}
		a := start(t, c, parts(log))
		for _, slug := range []string{"first", "second"} {
			publishReport(t, a, slug, "CLEAR")
		}
		const newest = `{"query":"query Newest($n: Int) { reports(first: $n) { nodes { slug title } } }","variables":{"n":2}}`
		query := func(id, body string, header ...string) (*http.Response, string) {
			return exchange(t, a, transport.MethodQuery, "/graphql", body, append([]string{"X-Request-Id", id}, header...)...)
		}
		first, body := query("miss", newest)
		tag := first.Header.Get("Etag")
		if first.StatusCode != http.StatusOK || tag == "" || first.Header.Get("Cache-Control") != "public, no-cache" || !strings.Contains(body, `"nodes":[{"slug"`) {
			t.Fatalf("got %d %v %s", first.StatusCode, first.Header, body)
		}
		if hit, again := query("hit", newest); again != body || hit.Header.Get("Age") == "" || hit.Header.Get("Accept-Query") != `"application/json"` {
			t.Errorf("got %v %s, want the response from the cache", hit.Header, again)
		}
		unchanged, empty := query("unchanged", newest, "If-None-Match", tag, "Origin", "https://site.example")
		if unchanged.StatusCode != http.StatusNotModified || empty != "" || unchanged.Header.Get("Etag") != tag || unchanged.Header.Get("Vary") != "Accept, Accept-Encoding, Authorization, Origin, Redthread-Stage" ||
			!strings.Contains(unchanged.Header.Get("Access-Control-Expose-Headers"), "Etag") {
			t.Errorf("got %d %v", unchanged.StatusCode, unchanged.Header)
		}
		// Another body of the same address is another response.
		if other, got := query("other", strings.Replace(newest, `"n":2`, `"n":1`, 1), "If-None-Match", tag); other.StatusCode != http.StatusOK || got == body || other.Header.Get("Etag") == tag {
			t.Errorf("got %d %v %s", other.StatusCode, other.Header, got)
		}
		if desk, _ := query("desk", `{"query":"query @inContext(stage: DESK) { reports { totalCount } }"}`, "Authorization", "Bearer "+a.DemoKey()); desk.StatusCode != http.StatusOK ||
			desk.Header.Get("Cache-Control") != "no-store" || desk.Header.Get("Etag") != "" {
			t.Errorf("the desk: got %d %v", desk.StatusCode, desk.Header)
		}
		mutation, got := query("mutation", `{"query":"mutation { createReport(input: {}) { report { id } } }"}`, "Authorization", "Bearer "+a.DemoKey())
		if mutation.StatusCode != http.StatusBadRequest && mutation.StatusCode != http.StatusOK || strings.Contains(got, `"data"`) {
			t.Errorf("a mutation that is not valid: got %d %s", mutation.StatusCode, got)
		}
		mutation, got = query("typename", `{"query":"mutation { __typename }"}`, "Authorization", "Bearer "+a.DemoKey())
		if mutation.StatusCode != http.StatusMethodNotAllowed || mutation.Header.Get("Allow") != "POST" {
			t.Errorf("a mutation: got %d %s", mutation.StatusCode, got)
		}
		for _, path := range []string{"/v1/reports", "/v1", "/changes", "/feeds/reports.rss", "/healthz", "/"} {
			if res, _ := exchange(t, a, transport.MethodQuery, path, newest); res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" || res.Header.Get("Accept-Query") != "" {
				t.Errorf("%s: got %d %v", path, res.StatusCode, res.Header)
			}
		}
		query("invalid", `{"query":"{ nothing }","operationName":"ada@mail.example"}`)
		if err := a.Close(t.Context()); err != nil {
			t.Error(err)
		}
		lines := accessLog(t, log)
		document := lines["miss"]["document"]
		if text, _ := document.(string); len(text) != 16 {
			t.Errorf("got document %v", document)
		}
		for _, id := range []string{"miss", "hit", "unchanged", "other"} {
			if line := lines[id]; line["method"] != "QUERY" || line["operation"] != "Newest" || line["document"] != document {
				t.Errorf("%s: got %v", id, line)
			}
		}
		if line := lines["invalid"]; line["operation"] != nil || line["document"] == nil || strings.Contains(log.String(), "ada@") {
			t.Errorf("got %v", line)
		}
	})
}

// TestSchema: the schema is at two addresses, and exists for those who may use
// introspection only.
func TestSchema(t *testing.T) {
	t.Parallel()
	const sdl, media = "application/graphql", "application/graphql; charset=utf-8"
	for _, row := range []struct {
		whom           string
		registered     bool
		public, editor bool
	}{
		{graph.IntrospectionAll, false, true, true}, {graph.IntrospectionStaff, false, false, true},
		{graph.IntrospectionOff, false, false, false}, {graph.IntrospectionAll, true, false, false},
	} {
		c := config(t, storetest.SQLiteConfig(t))
		c.Demo = true
		c.Protection = app.ProtectionConfig{Introspection: row.whom, RegisteredOnly: row.registered}
		a := start(t, c, parts(io.Discard))
		for key, allowed := range map[string]bool{"": row.public, a.DemoKey(): row.editor} {
			var header []string
			if key != "" {
				header = []string{"Authorization", "Bearer " + key}
			}
			get := func(method, path string, more ...string) (*http.Response, string) {
				return exchange(t, a, method, path, "", append(more, header...)...)
			}
			if !allowed {
				// As an unknown path, by every method, and as without the media type.
				for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut} {
					want, _ := get(method, "/nothing.graphql", "Accept", sdl)
					if got, body := get(method, "/schema.graphql", "Accept", sdl); got.StatusCode != http.StatusNotFound || got.ContentLength != want.ContentLength || strings.Contains(body, "schema {") {
						t.Errorf("%s %v: %s: got %d %s", row.whom, row.registered, method, got.StatusCode, body)
					}
				}
				if got, body := get(http.MethodGet, "/graphql", "Accept", sdl); got.StatusCode != http.StatusNotAcceptable || strings.Contains(body, sdl+",") {
					t.Errorf("%s: got %d %s", row.whom, got.StatusCode, body)
				}
				if got, body := get(http.MethodGet, "/graphql", "Accept", sdl+", */*;q=0.1"); got.StatusCode != http.StatusBadRequest || !strings.Contains(body, "query is missing") {
					t.Errorf("%s: got %d %s", row.whom, got.StatusCode, body)
				}
				continue
			}
			var whole string
			for _, request := range [][]string{{"/schema.graphql"}, {"/schema.graphql", "Accept", "text/html"}, {"/schema.graphql?v=1"}, {"/graphql", "Accept", sdl}, {"/graphql?v=1", "Accept", "text/html, " + sdl + ";q=0.5"}} {
				got, text := get(http.MethodGet, request[0], request[1:]...)
				control := "public, no-cache"
				if key != "" {
					control = "private, no-cache"
				}
				tag := got.Header.Get("Etag")
				if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != media || !strings.HasPrefix(tag, `"`) || got.Header.Get("Cache-Control") != control || got.Header.Get("Ratelimit") == "" {
					t.Fatalf("%v: got %d %v %.100s", request, got.StatusCode, got.Header, text)
				}
				if whole == "" {
					whole = text
				}
				if text != whole {
					t.Errorf("%v: another text", request)
				}
				if head, empty := get(http.MethodHead, request[0], request[1:]...); head.StatusCode != http.StatusOK || head.Header.Get("Etag") != tag || head.ContentLength != int64(len(text)) || empty != "" {
					t.Errorf("HEAD %v: got %d %v", request, head.StatusCode, head.Header)
				}
				if same, empty := get(http.MethodGet, request[0], append(request[1:], "If-None-Match", tag)...); same.StatusCode != http.StatusNotModified || empty != "" || same.Header.Get("Etag") != tag {
					t.Errorf("%v with %s: got %d", request, tag, same.StatusCode)
				}
				if packed, short := get(http.MethodGet, request[0], append(request[1:], "Accept-Encoding", "gzip")...); packed.Header.Get("Content-Encoding") != "gzip" || len(short) > len(text)/2 {
					t.Errorf("%v: got %v", request, packed.Header)
				}
			}
			schema, err := gqlparser.LoadSchema(&ast.Source{Input: whole})
			if err != nil || schema.Types["Report"] == nil || strings.HasPrefix(whole, "#") || !strings.HasPrefix(whole, `"""`) || strings.Contains(whole, "@go") {
				t.Errorf("%v: the text begins %.80s", err, whole)
			}
			// With a parameter it is an operation; by another method it is none of these.
			if got, body := get(http.MethodGet, "/graphql?query={__typename}", "Accept", sdl+", application/json;q=0.1"); got.StatusCode != http.StatusOK || !strings.Contains(body, `"Query"`) {
				t.Errorf("an operation: got %d %s", got.StatusCode, body)
			}
			if got, _ := get(http.MethodPut, "/schema.graphql"); got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("PUT: got %d", got.StatusCode)
			}
			if got, _ := get(http.MethodGet, "/graphql", "Accept", "application/*"); got.StatusCode != http.StatusBadRequest {
				t.Errorf("a type that is not named: got %d", got.StatusCode)
			}
		}
		if err := a.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
