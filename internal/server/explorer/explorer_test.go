package explorer_test

import (
	"compress/gzip"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/server/explorer"
)

var examples = []explorer.Example{
	{Name: "Latest \"reports\"\n<b>", Query: "query Latest { reports { nodes { title } } }"},
	{Name: "One report", Query: "query One($slug: String!) { report(slug: $slug) { title } }", Variables: `{"slug": "a</script>"}`},
}

// get requests a path; headers come in pairs.
func get(t *testing.T, method, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	explorer.Handler(explorer.Config{Endpoint: "/graphql", Examples: examples, NotFound: http.NotFoundHandler()}).ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPage(t *testing.T) {
	t.Parallel()
	r := get(t, "GET", "/")
	if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("got %s %s, want a page", r.Status, r.Header.Get("Content-Type"))
	}
	text := body(t, r)
	for _, want := range []string{"<title>Redthread explorer</title>", `data-endpoint="/graphql"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}

	t.Run("NothingInline", func(t *testing.T) {
		t.Parallel()
		for _, pattern := range []string{`<script(?:\s[^>]*)?>[^<]`, `<style`, `\sstyle=`, `\son[a-z]+=`, `<script defer>`} {
			if found := regexp.MustCompile(pattern).FindString(text); found != "" {
				t.Errorf("the page has %q", found)
			}
		}
	})
	t.Run("NothingFromOutside", func(t *testing.T) {
		t.Parallel()
		links := links(text)
		if len(links) != 16 {
			t.Errorf("got %d links, want 16: %q", len(links), links)
		}
		for _, link := range links {
			if regexp.MustCompile(`^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//|/)`).MatchString(link) {
				t.Errorf("%q is not relative to the page", link)
			}
		}
	})
	t.Run("EveryAssetIsServed", func(t *testing.T) {
		t.Parallel()
		types := map[string]string{
			"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
			"svg": "image/svg+xml", "txt": "text/plain; charset=utf-8",
		}
		for _, link := range links(text) {
			if !strings.HasPrefix(link, "explorer/") {
				continue // another page
			}
			r := get(t, "GET", "/"+link)
			want := types[link[strings.LastIndex(link, ".")+1:]]
			if got := r.Header.Get("Content-Type"); r.StatusCode != http.StatusOK || got != want {
				t.Errorf("%s: got %s %q, want %q", link, r.Status, got, want)
			}
			if got := r.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
				t.Errorf("%s: got Cache-Control %q", link, got)
			}
			content := body(t, r)
			if len(content) == 0 {
				t.Errorf("%s is empty", link)
			}
			if strings.HasSuffix(link, ".css") && regexp.MustCompile(`@import|url\(["']?(?:https?:)?//`).MatchString(content) {
				t.Errorf("%s loads something from outside", link)
			}
		}
	})
	t.Run("Examples", func(t *testing.T) {
		t.Parallel()
		attribute := regexp.MustCompile(`data-examples="([^"]*)"`).FindStringSubmatch(text)
		if attribute == nil {
			t.Fatal("the page has no examples")
		}
		var tabs []struct{ Query, Variables string }
		if err := json.Unmarshal([]byte(html.UnescapeString(attribute[1])), &tabs); err != nil {
			t.Fatal(err)
		}
		if len(tabs) != 2 || tabs[1].Variables != examples[1].Variables ||
			tabs[0].Query != "# Latest \"reports\" <b>\n"+examples[0].Query {
			t.Errorf("got %q", tabs)
		}
	})
}

// links returns what the page's src and href attributes refer to.
func links(page string) []string {
	var links []string
	for _, match := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		links = append(links, match[1])
	}
	return links
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	policy := get(t, "GET", "/").Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self' 'sha256-", "connect-src 'self';", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy %q is unsafe", policy)
	}

	t.Run("EndpointElsewhere", func(t *testing.T) {
		t.Parallel()
		w := httptest.NewRecorder()
		explorer.Handler(explorer.Config{Endpoint: "https://api.example:8443/graphql", NotFound: http.NotFoundHandler()}).
			ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
		if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, "connect-src https://api.example:8443;") {
			t.Errorf("the policy %q doesn't let the page reach the API", got)
		}
	})
}

func TestConditionalRequests(t *testing.T) {
	t.Parallel()
	asset := "/" + links(body(t, get(t, "GET", "/")))[0]
	for _, path := range []string{"/", asset} {
		for _, encoding := range []string{"identity", "gzip"} {
			first := get(t, "GET", path, "Accept-Encoding", encoding)
			etag := first.Header.Get("ETag")
			if etag == "" || !strings.Contains(first.Header.Get("Vary"), "Accept-Encoding") {
				t.Errorf("%s as %s: got ETag %q, Vary %q", path, encoding, etag, first.Header.Get("Vary"))
			}
			again := get(t, "GET", path, "Accept-Encoding", encoding, "If-None-Match", etag)
			if again.StatusCode != http.StatusNotModified || body(t, again) != "" {
				t.Errorf("%s as %s: got %s, want 304 and nothing more", path, encoding, again.Status)
			}
			changed := get(t, "GET", path, "Accept-Encoding", encoding, "If-None-Match", `"other"`)
			if changed.StatusCode != http.StatusOK {
				t.Errorf("%s as %s: got %s, want 200", path, encoding, changed.Status)
			}
		}
	}
	if got := get(t, "GET", "/").Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("got Cache-Control %q for the page, want no-cache", got)
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	plain := body(t, get(t, "GET", "/"))
	for _, tt := range []struct {
		accept string
		want   string
	}{
		{"", ""},
		{"gzip, deflate, br, zstd", "gzip"},
		{"gzip;q=0", ""},
		{"identity, *;q=0.5", "gzip"},
		{"*, gzip;q=0.0", ""},
		{"br", ""},
		{"gzip;q=much", ""},
	} {
		r := get(t, "GET", "/", "Accept-Encoding", tt.accept)
		if got := r.Header.Get("Content-Encoding"); got != tt.want {
			t.Errorf("for %q: got %q, want %q", tt.accept, got, tt.want)
			continue
		}
		if tt.want == "gzip" {
			unzipped, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			r.Body = unzipped
		}
		if body(t, r) != plain {
			t.Errorf("for %q the page is another", tt.accept)
		}
	}
}

func TestMethodsAndPaths(t *testing.T) {
	t.Parallel()
	head := get(t, "HEAD", "/")
	if head.StatusCode != http.StatusOK || body(t, head) != "" || head.Header.Get("ETag") == "" {
		t.Errorf("HEAD /: got %s, want 200 with an ETag and no body", head.Status)
	}
	post := get(t, "POST", "/")
	if post.StatusCode != http.StatusMethodNotAllowed || post.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST /: got %s, Allow %q", post.Status, post.Header.Get("Allow"))
	}
	for _, path := range []string{"/explorer/", "/explorer/explorer.js", "/explorer/../page.html", "/other"} {
		if r := get(t, "GET", path); r.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: got %s, want 404", path, r.Status)
		}
	}
}
