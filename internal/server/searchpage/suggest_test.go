package searchpage_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/server/searchpage"
)

func suggestions(t *testing.T, a *api, method, prefix string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h := searchpage.Suggestions(searchpage.Config{Executor: a, Log: slog.New(slog.DiscardHandler)})
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, searchpage.SuggestionsPath+"?prefix="+url.QueryEscape(prefix), nil))
	return w
}

const nothing = `{"suggestions":[]}` + "\n"

func TestSuggestions(t *testing.T) {
	t.Parallel()
	a := &api{response: transport.Response{Header: http.Header{"Ratelimit": {"r"}}, Data: []byte(`{"suggest":[
		{"text":"Port <Sable>","node":{"__typename":"Entity"}},{"text":"Port Sable falls","node":{"__typename":"EditionItem"}},{"text":"Port <Sable>","node":{"__typename":"Report"}}]}`)}}
	w := suggestions(t, a, http.MethodGet, "port\x00s\xff ")
	const want = `{"suggestions":[{"text":"Port \u003cSable\u003e","type":"entity"},{"text":"Port Sable falls","type":"item"}]}` + "\n"
	if w.Code != http.StatusOK || w.Body.String() != want || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("RateLimit") != "r" {
		t.Errorf("got %d %v %s, want %s", w.Code, w.Header(), w.Body, want)
	}
	if d := cmp.Diff(map[string]any{"prefix": "port s  ", "first": 8}, a.variables); d != "" {
		t.Errorf("variables (-want +got):\n%s", d)
	}
	if w := suggestions(t, a, http.MethodHead, "port"); w.Code != http.StatusOK || w.Body.Len() > 0 || w.Header().Get("Content-Length") == "0" {
		t.Errorf("HEAD: got %d %v with %d bytes", w.Code, w.Header(), w.Body.Len())
	}
}

func TestSuggestionsOfNothing(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "  ", "\x00", strings.Repeat("p", 513)} {
		a := &api{}
		if w := suggestions(t, a, http.MethodGet, prefix); w.Code != http.StatusOK || w.Body.String() != nothing || a.variables != nil {
			t.Errorf("%.10q: got %d %s, variables %v", prefix, w.Code, w.Body, a.variables)
		}
	}
}

func TestSuggestionsOfAnError(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{"RATE_LIMITED": 429, "UNAVAILABLE": 503, "INTERNAL": 500, "BAD_USER_INPUT": 400} {
		a := &api{response: transport.Response{Errors: gqlerror.List{{Message: "why", Extensions: map[string]any{"code": code}}}}}
		w := suggestions(t, a, http.MethodGet, "port")
		if retry := w.Header().Get("Retry-After") != ""; w.Code != want || w.Body.String() != nothing || retry != (want == 429 || want == 503) {
			t.Errorf("%s: got %d %v %s", code, w.Code, w.Header(), w.Body)
		}
	}
}
