package pictures_test

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/server/pictures"
)

// api responds with what it has, and remembers the variables.
type api struct {
	response  transport.Response
	variables map[string]any
	calls     int
}

func (a *api) Execute(_ context.Context, q transport.Request) transport.Response {
	a.variables = q.Variables
	a.calls++
	return a.response
}

func get(t *testing.T, a *api, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h := pictures.Handler(pictures.Config{Executor: a, Log: slog.New(slog.DiscardHandler), Refuse: func(w http.ResponseWriter, _ *http.Request, status int, code, message string, fields ...domain.FieldError) {
		for _, f := range fields {
			message += "\n" + f.Path + ": " + f.Message
		}
		http.Error(w, code+": "+message, status)
	}})
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil))
	return w
}

const network = `{"network":{"nodes":[
	{"distance":0,"hidden":0,"entity":{"id":"ent_1","slug":"a","name":"A <Mining> & Co","language":"en","kind":"COMPANY","url":"https://example.org/a","listings":[]}},
	{"distance":1,"hidden":3,"entity":{"id":"ent_2","slug":"b","name":"国家公司","language":"zh","kind":"COMPANY","url":null,"listings":[{"until":null},{"until":"2020"}]}}],
	"relationships":[{"id":"rel_1","kind":"OWNS","share":12.5,"since":"2019-05","until":null,"confidence":"PROBABLE","from":{"id":"ent_2"},"to":{"id":"ent_1"}},
	{"id":"rel_2","kind":"CONTROLS","share":null,"since":null,"until":null,"confidence":"CONFIRMED","from":null,"to":{"id":"ent_1"}}]}}`

func TestNetwork(t *testing.T) {
	t.Parallel()
	a := &api{response: transport.Response{Data: []byte(network), Header: http.Header{"Tlp": {"TLP:CLEAR"}}}}
	for _, test := range []struct{ ending, mediaType, want string }{
		{"svg", "image/svg+xml", "owns 12.5"},
		{"graphml", "application/graphml+xml", "12.5"},
		{"jgf", "application/vnd.jgf+json", `"ent_2"`},
		{"cyjs", "application/json", `"ent_2"`},
	} {
		w := get(t, a, "/network."+test.ending+"?around=a,b&around=c&depth=2&kinds=OWNS&at=2020-01-01&limit=7")
		want := map[string]any{"around": []any{"a", "b", "c"}, "depth": 2, "limit": 7, "kinds": []any{"OWNS"}, "at": "2020-01-01", "minConfidence": nil}
		if d := cmp.Diff(want, a.variables); d != "" {
			t.Fatalf("%s: variables (-want +got):\n%s", test.ending, d)
		}
		body := w.Body.String()
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != test.mediaType || w.Header().Get("Tlp") != "TLP:CLEAR" {
			t.Errorf("%s: got %d, %v", test.ending, w.Code, w.Header())
		}
		for _, part := range []string{test.want, "国家公司"} {
			if !strings.Contains(body, part) {
				t.Errorf("%s: no %q in %s", test.ending, part, body)
			}
		}
		if strings.Contains(body, "rel_2") {
			t.Errorf("%s: a tie without an end is drawn", test.ending)
		}
	}
	light, dark := get(t, a, "/network.svg?around=a").Body.String(), get(t, a, "/network.svg?around=a&theme=dark").Body.String()
	if light == dark {
		t.Error("both themes are the same")
	}
	decoder := xml.NewDecoder(strings.NewReader(light))
	for {
		if _, err := decoder.Token(); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			break
		}
	}
	for _, part := range []string{"A &lt;Mining&gt; &amp; Co", "listed", "3 ties lead out of this picture", "https://example.org/a"} {
		if !strings.Contains(light, part) {
			t.Errorf("the picture has no %q", part)
		}
	}
}

const ownership = `{"entities":{"nodes":[{"id":"ent_1","slug":"t","name":"T","language":null,"kind":"COMPANY","url":null,"listings":[],
	"owners":{"asOf":"2026-01-01","truncated":false,"complete":true,"holdings":[{"entity":{"id":"ent_2","slug":"x","name":"X","language":null,"kind":"PERSON","url":null,"listings":[{"until":null}]}}],
		"stakes":[{"relationship":{"id":"rel_1","since":null,"until":null,"confidence":"CONFIRMED"},"owner":{"id":"ent_2"},"owned":{"id":"ent_1"},"share":{"min":0,"max":70}}]},
	"exposure":[{"verdict":"UNDETERMINED","held":{"min":0,"max":70},"rule":{"authority":"OFAC","programme":null,"threshold":50,"comparison":"AT_LEAST","title":null},
		"chains":[{"steps":[{"relationship":{"id":"rel_1"}}]}],"holders":[{"relationship":{"id":"rel_1"}}],"complete":true,"notice":"n"}]}]}}`

// A share that is stated as a range is one in the picture and in the files.
func TestNetworkWithARange(t *testing.T) {
	t.Parallel()
	for stated, want := range map[string]map[string]string{
		`"shareMin":25,"shareMax":50`:   {"svg": "25–50", "jgf": `"share_max":50`},
		`"shareMin":75,"shareMax":null`: {"svg": "75", "jgf": `"share_max":100`},
		`"shareMin":null,"shareMax":20`: {"svg": "20", "jgf": `"share_min":0`},
	} {
		a := &api{response: transport.Response{Data: []byte(strings.Replace(network, `"share":12.5`, `"share":null,`+stated, 1)), Header: http.Header{"Tlp": {"TLP:CLEAR"}}}}
		for ending, text := range want {
			if w := get(t, a, "/network."+ending+"?around=a"); !strings.Contains(strings.ReplaceAll(w.Body.String(), ": ", ":"), text) {
				t.Errorf("%s of %s: got %s, want %s in it", ending, stated, w.Body, text)
			}
		}
	}
}

func TestOwnership(t *testing.T) {
	t.Parallel()
	a := &api{response: transport.Response{Data: []byte(ownership)}}
	w := get(t, a, "/ownership.svg?of=t&authority=Office&threshold=25.5&comparison=MORE_THAN&asOf=2026-01-01")
	if list := a.variables["list"].([]any)[0].(map[string]any); list["authority"] != "Office" || list["comparison"] != "MORE_THAN" {
		t.Errorf("got the list %v", list)
	}
	for _, part := range []string{"Who owns T", "Whether T is reached is open", "0 to 70 %", "at least 50 %", "listed"} {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("the chart has no %q: %s", part, w.Body)
		}
	}
	a.response.Data = []byte(`{"entities":{"nodes":[]}}`)
	if w := get(t, a, "/ownership.svg?of=nothing"); w.Code != http.StatusNotFound {
		t.Errorf("of nothing: got %d", w.Code)
	}
}

// A request that is not right is refused, with all that is wrong: what the query says of the other parameters as well.
func TestParameters(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"/network.svg": "around: the id or slug of an entity is required",
		"/network.svg?around=a&depth=x&theme=blue":                "theme",
		"/network.graphml?around=a&theme=dark":                    "theme: there is no such parameter",
		"/network.jgf?around=a&depth=1&depth=2":                   "depth: it is given 2 times",
		"/ownership.svg?rule=OFAC&threshold=200&authority=a":      "of: the id or slug",
		"/ownership.svg?of=a&rule=OFAC":                           "rule: it goes with authority",
		"/ownership.svg?of=a&authority=b&threshold=200":           "threshold",
		"/ownership.svg?of=a&maxDepth=9999999999999999999999&a=b": "maxDepth",
	} {
		a := &api{}
		if w := get(t, a, target); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) || a.calls > 1 {
			t.Errorf("%s: got %d %s, %d queries", target, w.Code, w.Body, a.calls)
		}
	}
	fields := []domain.FieldError{{Path: "around[1]", Message: "there is no such entity"}, {Path: "limit", Message: "want a number from 1 to 150"}}
	a := &api{response: transport.Response{Errors: gqlerror.List{{Message: "no", Extensions: map[string]any{"code": "BAD_USER_INPUT", "fields": fields}}}}}
	w := get(t, a, "/network.svg?around=a,b&limit=0&depth=x&at=2020-13")
	for _, want := range []string{"depth: ", "at: ", `"b": there is no such entity`, "want a number from 1 to 150"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("got %s, want %s in it", w.Body, want)
		}
	}
	a = &api{response: transport.Response{Data: []byte(`{"entities":{"nodes":[]}}`)}}
	if w := get(t, a, "/ownership.svg?of=nothing&authority=a&threshold=x"); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "of: there is no such entity") || !strings.Contains(w.Body.String(), "threshold") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// What cannot be read does not go into the query for the others.
func TestParametersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	a := &api{}
	get(t, a, "/network.svg?around=a&depth=x&at=2020-13")
	if a.calls != 1 || a.variables["at"] != nil || a.variables["depth"] == nil {
		t.Errorf("got %d queries with %v", a.calls, a.variables)
	}
}

func TestErrorsOfTheQuery(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{"BAD_USER_INPUT": 400, "COST_LIMIT": 400, "UNAUTHENTICATED": 401, "FORBIDDEN": 403, "RATE_LIMITED": 429, "UNAVAILABLE": 503, "INTERNAL": 500} {
		a := &api{response: transport.Response{Errors: gqlerror.List{{Message: "no", Extensions: map[string]any{"code": code}}}}}
		if w := get(t, a, "/network.svg?around=a"); w.Code != want || !strings.Contains(w.Body.String(), code) {
			t.Errorf("%s: got %d %s", code, w.Code, w.Body)
		}
	}
}
