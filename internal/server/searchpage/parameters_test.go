package searchpage_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

func TestValuesInAnyCase(t *testing.T) {
	t.Parallel()
	id := domain.NewID(domain.Tag, time.Unix(1_700_000_000, 0)).String()
	a := &api{response: transport.Response{Data: []byte(response)}}
	w := get(t, a, "/search?type=report&type=Report&type=edition+item&kind=active&kind=case-study&tag=ASIA&tag="+id+"&entity=Norinco&lang=EN&by=NEWEST")
	want := map[string]any{"query": "", "orderBy": "NEWEST", "filter": map[string]any{
		"types": []any{"REPORT", "EDITION_ITEM"}, "kinds": []any{"ACTIVE", "CASE_STUDY"}, "tags": []any{"asia", id}, "entities": []any{"norinco"}, "languages": []any{"en"},
	}}
	if d := cmp.Diff(want, a.variables); d != "" || w.Code != http.StatusOK || strings.Contains(w.Body.String(), "ignored") {
		t.Errorf("got %d, variables (-want +got):\n%s", w.Code, d)
	}
}

func TestValuesThatCannotBeAreIgnored(t *testing.T) {
	t.Parallel()
	entity := domain.NewID(domain.Entity, time.Unix(1_700_000_000, 0)).String()
	for query, note := range map[string]string{
		"type=x":                               "The type “x” is ignored: there is no such type.",
		"type=asset":                           "The type “asset” is ignored",
		"kind=%3Cb%3E":                         "The kind “&lt;b&gt;” is ignored: there is no such kind.",
		"year=soon":                            "The year “soon” is ignored",
		"year=2024-03":                         "The year “2024-03” is ignored: one year of four digits counts.",
		"lang=english":                         "The language “english” is ignored",
		"lang=" + strings.Repeat("en-", 5_000): "The language “en-en-",
		"tag=%00":                              "The tag “\ufffd” is ignored: a slug has letters",
		"tag=" + entity:                        "The tag “" + entity + "” is ignored",
		"entity=%ff":                           "The entity “\ufffd” is ignored",
		"tag=" + strings.Repeat("t", 900):      "The tag “" + strings.Repeat("t", 60) + "…” is ignored",
		"after=" + strings.Repeat("a", 257):    "The page that follows is not known",
	} {
		a := &api{response: transport.Response{Data: []byte(response)}}
		w := get(t, a, "/search?q=japan&"+query)
		want := map[string]any{"query": "japan", "orderBy": "RELEVANCE", "filter": map[string]any{}}
		if d := cmp.Diff(want, a.variables); d != "" || w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `<p class="note">`+note) {
			t.Errorf("%.40s: got %d %s, variables (-want +got):\n%s", query, w.Code, w.Body, d)
		}
	}
	a := &api{}
	if w := get(t, a, "/search?type=x"); w.Code != http.StatusOK || a.variables != nil || !strings.Contains(w.Body.String(), "The type “x” is ignored") {
		t.Errorf("without a query: got %d, variables %v: %s", w.Code, a.variables, w.Body)
	}
	a = &api{response: transport.Response{Data: []byte(response)}}
	if w := get(t, a, "/search?year=2024&year=2023"); w.Code != http.StatusOK || a.variables["filter"].(map[string]any)["from"] != "2024" || !strings.Contains(w.Body.String(), "The year “2023” is ignored") {
		t.Errorf("two years: got %d, variables %v", w.Code, a.variables)
	}
}

// full is a response in which all facets have ten values.
func full(t *testing.T) []byte {
	t.Helper()
	facets := map[string]any{}
	for _, name := range []string{"types", "tags", "entities", "kinds", "years", "languages"} {
		var values []map[string]any
		for i := range 10 {
			values = append(values, map[string]any{"value": fmt.Sprint(name, "-", i), "label": name, "count": 1})
		}
		facets[name] = values
	}
	data, err := json.Marshal(map[string]any{"search": map[string]any{"totalCount": 20, "facets": facets}})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPagesAreBounded(t *testing.T) {
	t.Parallel()
	many := func(parameter string) string {
		var b strings.Builder
		for i := range 1_000 {
			fmt.Fprintf(&b, "&%s=%0115d", parameter, i)
		}
		return b.String()
	}
	for name, tt := range map[string]struct {
		target string
		most   int
	}{
		"Spaces":            {"/search?q=japan" + strings.Repeat("+", 60_000), 20_000},
		"Query":             {"/search?q=" + url.QueryEscape(strings.Repeat("日", 60_000)), 300_000},
		"UnknownParameters": {"/search?q=japan&foo=" + strings.Repeat("f", 60_000) + many("bar"), 20_000},
		"Order":             {"/search?q=japan&by=" + strings.Repeat("n", 60_000), 20_000},
		"Cursor":            {"/search?q=japan&after=" + strings.Repeat("n", 60_000), 20_000},
		"Tags":              {"/search?q=japan" + many("tag"), 60_000},
		"AllOfThem":         {"/search?q=japan" + many("tag") + many("entity") + many("kind") + many("type") + many("lang") + many("year"), 60_000},
		"WrongValues":       {"/search?q=japan" + many("kind") + many("type"), 20_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &api{response: transport.Response{Data: full(t)}}
			w := get(t, a, tt.target)
			if w.Code != http.StatusOK || w.Body.Len() > tt.most {
				t.Errorf("got %d with %d bytes, want at most %d", w.Code, w.Body.Len(), tt.most)
			}
			if n := strings.Count(w.Body.String(), `class="note"`); n > 5 {
				t.Errorf("the page has %d notes", n)
			}
			if body := w.Body.String(); strings.Contains(body, "foo") || strings.Contains(body, "nnnn") {
				t.Error("the page repeats what it has no use for")
			}
			if tags, ok := a.variables["filter"].(map[string]any)["tags"].([]any); ok && len(tags) != 10 {
				t.Errorf("the query has %d tags", len(tags))
			}
		})
	}
}

func TestQueriesAreCutAtACharacter(t *testing.T) {
	t.Parallel()
	a := &api{response: transport.Response{Data: []byte(response)}}
	w := get(t, a, "/search?q="+url.QueryEscape(strings.Repeat("日", 400)))
	if got := a.variables["query"]; got != strings.Repeat("日", 341) || !strings.Contains(w.Body.String(), "The query was cut") {
		t.Errorf("got %q", got)
	}
	get(t, a, "/search?q=a%00b%ff++c")
	if got := a.variables["query"]; got != "a b c" {
		t.Errorf("got %q", got)
	}
}

// What is at the bound is not offered for more of it.
func TestFacetsOfAPageWithAllConditions(t *testing.T) {
	t.Parallel()
	var all []string
	for i := range 9 {
		all = append(all, fmt.Sprintf("tag=t-%d", i))
	}
	a := &api{response: transport.Response{Data: full(t)}}
	for query, want := range map[string]bool{strings.Join(all, "&"): true, strings.Join(append(all, "tag=t-9"), "&"): false} {
		if got := strings.Contains(get(t, a, "/search?"+query).Body.String(), "tag=tags-1"); got != want {
			t.Errorf("?%s: more tags are offered: %v, want %v", query, got, want)
		}
	}
}
