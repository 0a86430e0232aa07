package explorer_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/server/explorer"
)

// The demo's key is for the explorer in a browser on the server's own machine.
func TestDemoKey(t *testing.T) {
	t.Parallel()
	offering := explorer.Handler(explorer.Config{Endpoint: "graphql", DemoKey: "rt_secret", NotFound: http.NotFoundHandler()})
	without := explorer.Handler(explorer.Config{Endpoint: "graphql", NotFound: http.NotFoundHandler()})
	send := func(t *testing.T, h http.Handler, method, path, host, origin, client string) *httptest.ResponseRecorder {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
		r.Host, r.RemoteAddr = host, client
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		w := httptest.NewRecorder()
		w.Header().Set("Access-Control-Allow-Origin", "*")
		h.ServeHTTP(w, r)
		return w
	}
	const path, here, client = "/explorer/demo-key", "127.0.0.1:8080", "127.0.0.1:50000"
	for _, row := range []struct{ host, client string }{{here, client}, {"localhost:8080", "[::1]:50000"}, {"[::1]:8080", "[::1]:50000"}, {"127.0.0.1", client}} {
		got := send(t, offering, http.MethodPost, path, row.host, "http://"+row.host, row.client)
		if got.Code != http.StatusOK || got.Body.String() != `{"key":"rt_secret"}` || got.Header().Get("Cache-Control") != "no-store" || got.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: got %d %s %v", row.host, got.Code, got.Body, got.Header())
		}
	}
	for name, row := range map[string]struct{ method, host, origin, client string }{
		"ByGet":            {http.MethodGet, here, "http://" + here, client},
		"WithoutAnOrigin":  {http.MethodPost, here, "", client},
		"NoOrigin":         {http.MethodPost, here, "null", client},
		"AForeignPage":     {http.MethodPost, here, "http://evil.example", client},
		"AnotherPort":      {http.MethodPost, here, "http://127.0.0.1:9090", client},
		"ANameThatIsHere":  {http.MethodPost, "evil.example:8080", "http://evil.example:8080", client},
		"LooksLikeHere":    {http.MethodPost, "localhost.example", "http://localhost.example", client},
		"FromTheNetwork":   {http.MethodPost, here, "http://" + here, "192.0.2.7:50000"},
		"BehindAnAddress":  {http.MethodPost, "192.0.2.1:8080", "http://192.0.2.1:8080", "192.0.2.7:50000"},
		"NotAtAllAnOrigin": {http.MethodPost, here, "http://%zz", client},
	} {
		if got := send(t, offering, row.method, path, row.host, row.origin, row.client); got.Code != http.StatusNotFound || strings.Contains(got.Body.String(), "rt_") {
			t.Errorf("%s: got %d %s", name, got.Code, got.Body)
		}
	}
	for name, change := range map[string]func(*http.Request){
		"ForwardedFor":  func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.7") },
		"ForwardedHost": func(r *http.Request) { r.Header.Set("X-Forwarded-Host", "demo.example") },
		"Forwarded":     func(r *http.Request) { r.Header.Set("Forwarded", "for=192.0.2.7") },
		"Via":           func(r *http.Request) { r.Header.Set("Via", "1.1 varnish") },
		"RealIP":        func(r *http.Request) { r.Header.Set("X-Real-IP", "192.0.2.7") },
		"HTTP10":        func(r *http.Request) { r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.0", 1, 0 },
		"TwoOrigins":    func(r *http.Request) { r.Header.Add("Origin", "http://evil.example") },
		"AnotherScheme": func(r *http.Request) { r.Header.Set("Origin", "https://"+here) },
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, http.NoBody)
		r.Host, r.RemoteAddr = here, client
		r.Header.Set("Origin", "http://"+here)
		change(r)
		w := httptest.NewRecorder()
		if offering.ServeHTTP(w, r); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "rt_") {
			t.Errorf("%s: got %d %s", name, w.Code, w.Body)
		}
	}
	if got := send(t, without, http.MethodPost, path, here, "http://"+here, client); got.Code != http.StatusNotFound {
		t.Errorf("without a demo: got %d %s", got.Code, got.Body)
	}
	page := func(h http.Handler) string { return send(t, h, http.MethodGet, "/", here, "", client).Body.String() }
	if !strings.Contains(page(offering), "Use the demo key</button>") || strings.Contains(page(without), "demo key") {
		t.Error("the button is not where there is a key, and only there")
	}
	if strings.Contains(page(offering), "rt_") {
		t.Error("the page has the key")
	}
}
