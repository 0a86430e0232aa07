package pictures_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

func TestTimeline(t *testing.T) {
	t.Parallel()
	a := &api{response: transport.Response{Data: []byte(`{"timeline":{"nodes":[
		{"kind":"EVENT","date":"2020-02","until":null,"title":"A <fair>","document":{"url":"https://example.org/fair"}},
		{"kind":"LISTED","date":"2020-03-04","until":null,"title":"Works is listed by Office","document":{"url":null}}],"pageInfo":{"hasNextPage":true}}}`)}}
	body := get(t, a, "/timeline.svg?entities=a,b&kinds=EVENT&from=2020&limit=7").Body.String()
	want := map[string]any{"entities": []any{"a", "b"}, "narratives": nil, "tags": nil, "kinds": []any{"EVENT"}, "from": "2020", "to": nil, "limit": 7}
	if d := cmp.Diff(want, a.variables); d != "" {
		t.Errorf("variables (-want +got):\n%s", d)
	}
	for _, part := range []string{"A &lt;fair&gt;", "Feb 2020", "4 Mar 2020", "There are later entries", "https://example.org/fair"} {
		if !strings.Contains(body, part) {
			t.Errorf("the timeline has no %q: %s", part, body)
		}
	}
}

func TestActivity(t *testing.T) {
	t.Parallel()
	a := &api{response: transport.Response{Data: []byte(`{"narrative0":{"displayName":"Story"},"observations":{"counts":{"complete":true,"undated":2,"buckets":[
		{"start":"2020-01-01","count":3,"groups":[{"count":2,"language":null,"platform":{"id":"ent_1","name":"Board"}}]},
		{"start":"2020-03-01","count":1,"groups":[{"count":1,"language":null,"platform":{"id":"ent_2","name":"Wall"}}]}]}}}`)}}
	body := get(t, a, "/activity.svg?narratives=story&languages=ja&to=2020-05-01").Body.String()
	want := map[string]any{"by": "MONTH", "groupBy": "PLATFORM", "narrative0": map[string]any{"slug": "story"}, "filter": map[string]any{"narrative": map[string]any{"slug": map[string]any{"in": []any{"story"}}},
		"language": map[string]any{"in": []any{"ja"}}, "observedOn": map[string]any{"lte": "2020-05-01"}}}
	if d := cmp.Diff(want, a.variables); d != "" {
		t.Errorf("variables (-want +got):\n%s", d)
	}
	for _, part := range []string{"4 observations", "Board: 2", "Wall: 1", "not known: 1", "2 observations have no date"} {
		if !strings.Contains(body, part) {
			t.Errorf("the chart has no %q: %s", part, body)
		}
	}
	if w := get(t, a, "/activity.svg?by=YEAR&groupBy=X"); w.Code != 400 || !strings.Contains(w.Body.String(), "groupBy") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// A chart of what is not there is no empty chart, and all that is wrong comes at once, by the parameters of the request.
func TestWhatAnActivityIsOf(t *testing.T) {
	t.Parallel()
	a := &api{response: transport.Response{Data: []byte(`{"narrative0":{"displayName":"Story"},"narrative1":null,"platform0":{"displayName":"Works","kind":"COMPANY"},
		"observations":{"counts":{"complete":true,"undated":0,"buckets":[]}}}`)}}
	w := get(t, a, "/activity.svg?narratives=story,nope&platforms=ent_0scbnjwr41sgc")
	want := `parameters are not right: narratives: "nope": there is no such narrative (and 1 more)
narratives: "nope": there is no such narrative
platforms: "ent_0scbnjwr41sgc": Works is no platform, but of kind COMPANY`
	if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusBadRequest || !strings.HasSuffix(got, want) {
		t.Errorf("got %d %s, want %s", w.Code, got, want)
	}
	if got := a.variables["platform0"]; !cmp.Equal(got, map[string]any{"id": "ent_0scbnjwr41sgc"}) {
		t.Errorf("the platform is asked for by %v, want its id", got)
	}
	for target, want := range map[string]string{
		"/activity.svg?from=2021&to=2020":                      "to: 2020 is before from (2021)",
		"/timeline.svg?from=2021&to=2020":                      "to: 2020 is before from (2021)",
		"/activity.svg?from=x&by=YEAR":                         "by: \"YEAR\"; want one of DAY, WEEK, MONTH",
		"/network.svg?around=a&kinds=OWNS,X&minConfidence=Y":   "kinds: \"X\"; want one of OWNS",
		"/timeline.svg?kinds=X":                                "kinds: \"X\"; want one of DELISTED, EDITION_ITEM",
		"/network.svg?around=a&at=yesterday":                   "at: \"yesterday\" is not a date",
		"/ownership.svg?of=a&asOf=2020-02-30":                  "asOf: ",
		"/activity.svg?narratives=" + strings.Repeat("a,", 21): "narratives: 21 are too many; at most 20",
	} {
		a := &api{}
		if w := get(t, a, target); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) || a.calls > 1 {
			t.Errorf("%s: got %d %s, want %s", target, w.Code, w.Body, want)
		}
	}
}

// Errors of the query name the parameters that the client sent, and the value of several.
func TestErrorsNameParameters(t *testing.T) {
	t.Parallel()
	for target, test := range map[string]struct{ path, want string }{
		"/timeline.svg?limit=1000":                    {"first", "limit: no"},
		"/timeline.svg?narratives=a,b&entities=c":     {"narratives.1", `narratives: "b": no`},
		"/network.svg?around=a&around=b":              {"around.1", `around: "b": no`},
		"/activity.svg?from=2020":                     {"filter.observedOn.gte", "from: no"},
		"/activity.svg?languages=x,y":                 {"filter.language.in[1]", `languages: "y": no`},
		"/activity.svg?platforms=x":                   {"$filter.platform.slug.in[0]", `platforms: "x": no`},
		"/ownership.svg?of=a&authority=b&programme=c": {"lists.0.programme", "programme: no"},
		"/ownership.svg?of=a&authority=b&threshold=0": {"lists.0.threshold", "threshold: no"},
		"/ownership.svg?of=a&maxDepth=100":            {"maxDepth", "maxDepth: no"},
	} {
		a := &api{response: transport.Response{Errors: gqlerror.List{{Message: "a message with " + test.path, Extensions: map[string]any{"code": "BAD_USER_INPUT",
			"fields": []domain.FieldError{{Path: test.path, Message: "no"}}}}}}}
		if w := get(t, a, target); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "\n"+test.want+"\n") {
			t.Errorf("%s: got %d %s, want %s", target, w.Code, w.Body, test.want)
		}
	}
}

// One date far away does not empty the chart: it shows the time with the most observations, and says what it leaves out.
func TestActivityWithDatesFarAway(t *testing.T) {
	t.Parallel()
	for buckets, want := range map[string]string{
		`{"start":"2020-01-01","count":3,"groups":[]},{"start":"2020-03-01","count":2,"groups":[]},{"start":"9999-12-01","count":1,"groups":[]}`: "1 later observation is not shown.",
		`{"start":"1020-01-01","count":4,"groups":[]},{"start":"2020-01-01","count":3,"groups":[]},{"start":"2020-03-01","count":2,"groups":[]}`: "4 earlier observations are not shown.",
		`{"start":"1020-01-01","count":1,"groups":[]},{"start":"2020-01-01","count":3,"groups":[]},{"start":"2020-03-01","count":2,"groups":[]},
			{"start":"2200-01-01","count":2,"groups":[]}`: "3 observations are too far away to be shown: 1 before, 2 after.",
	} {
		a := &api{response: transport.Response{Data: []byte(`{"observations":{"counts":{"complete":true,"undated":0,"buckets":[` + buckets + `]}}}`)}}
		w := get(t, a, "/activity.svg")
		for _, part := range []string{"5 observations", "Jan 2020", "Mar 2020", want} {
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), part) {
				t.Errorf("the chart has no %q: %d %s", part, w.Code, w.Body)
			}
		}
	}
}
