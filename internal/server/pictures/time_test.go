package pictures_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/graph/transport"
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
	a := &api{response: transport.Response{Data: []byte(`{"observations":{"counts":{"complete":true,"undated":2,"buckets":[
		{"start":"2020-01-01","count":3,"groups":[{"count":2,"language":null,"platform":{"id":"ent_1","name":"Board"}}]},
		{"start":"2020-03-01","count":1,"groups":[{"count":1,"language":null,"platform":{"id":"ent_2","name":"Wall"}}]}]}}}`)}}
	body := get(t, a, "/activity.svg?narratives=story&languages=ja&to=2020-05-01").Body.String()
	want := map[string]any{"by": "MONTH", "groupBy": "PLATFORM", "filter": map[string]any{"narrative": map[string]any{"slug": map[string]any{"in": []any{"story"}}},
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
