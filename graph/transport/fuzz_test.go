package transport_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/graph/transport"
)

// FuzzRequest sends arbitrary bodies and URLs. Malformed requests must be refused,
// without a server error, and without repeating what was sent.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "[]", "null", `"x"`, `{"query":"{hello}"}`, `{"query":"{hello}","variables":{"a":[1,2.5e400,{"b":null}]}}`,
		`{"query":"{hello}"} x`, `{"query":"{hello}","query":1}`, `{"query":"\u0000"}`, "{\"query\":\"\xff\"}", `{"query":"\ud800"}`,
		`{"documentId":"sha256:aa","extensions":{"persistedQuery":{}}}`, `{"extensions":{"persistedQuery":{}}}`,
		`{"aVeryLongMemberThatSaysSomethingPrivateAboutItsSender":1}`, strings.Repeat("[", 11000), `{"query":"mutation{hello}"}`,
		`{"query":"subscription{silent}"}`, `{"query":"query($a:Int){hello}","variables":{"a":"x"}}`,
	} {
		for _, accept := range []string{"", newer} {
			f.Add(seed, accept, "query={hello}&variables={}")
		}
	}
	f.Add(`{"query":"{hello}"}`, "text/*;q=0.1,*/*;q=0", "query=%7B&query=%7D")
	f.Add(`{"query":"{hello}"}`, `a/b;c="d,e`, "a;b=%zz&extensions={")
	fixture := newFixture()
	fixture.immediate = true
	h := fixture.handler(config())
	f.Fuzz(func(t *testing.T, body, accept, query string) {
		byPost := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
		byPost.Header.Set("Content-Type", "application/json")
		byQuery := httptest.NewRequest(transport.MethodQuery, "/graphql?"+url.QueryEscape(query), strings.NewReader(body))
		byQuery.Header.Set("Content-Type", "application/json")
		byGet := httptest.NewRequest(http.MethodGet, "/graphql", nil)
		byGet.URL = &url.URL{Path: "/graphql", RawQuery: query}
		for _, r := range []*http.Request{byPost, byQuery, byGet} {
			r.Header.Set("Accept", accept)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code >= 500 {
				t.Fatalf("got %d %s", w.Code, w.Body)
			}
			if strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") {
				continue
			}
			var decoded struct {
				Errors []struct{ Extensions struct{ Code string } }
			}
			if err := json.Unmarshal(w.Body.Bytes(), &decoded); err != nil {
				t.Fatalf("%v in %q", err, w.Body)
			}
			// Errors of GraphQL quote the document.
			if len(decoded.Errors) > 0 && decoded.Errors[0].Extensions.Code == "BAD_USER_INPUT" {
				for i := 0; i+50 <= len(body); i++ {
					if bytes.Contains(w.Body.Bytes(), []byte(body[i:i+50])) {
						t.Fatalf("%q shows what was sent: %q", w.Body, body)
					}
				}
			}
		}
	})
}
