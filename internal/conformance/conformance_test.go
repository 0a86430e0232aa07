package conformance_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/conformance"
)

func TestCases(t *testing.T) {
	t.Parallel()
	cases := conformance.Cases()
	if len(cases) < 1000 {
		t.Errorf("got %d cases, want at least 1000", len(cases))
	}
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.Name()] {
			t.Errorf("there are two cases %s", c.Name())
		}
		seen[c.Name()] = true
		if c.ID != strings.ToLower(c.ID) || strings.ContainsAny(c.ID, " _/") {
			t.Errorf("%s: want an id of small letters, digits and hyphens", c.Name())
		}
		if !slices.Contains(conformance.Chapters, c.Chapter) || c.Section == "" || c.Level == "" || c.Since == "" || c.Want.Text == "" {
			t.Errorf("%s: got a case without a chapter, section, level, edition or what it wants: %+v", c.Name(), c)
		}
	}
}

// schemaOf is the answer to introspection of a server with one field, q(n: Int): Int.
const schemaOf = `{"data": {
	"__type": {"fields": [{"name": "name"}]},
	"__schema": {"queryType": {"name": "Root"}, "types": [{"kind": "OBJECT", "name": "Root", "fields": [
		{"name": "q", "type": {"kind": "SCALAR", "name": "Int"}, "args": [{"name": "n", "type": {"kind": "SCALAR", "name": "Int"}}]}]}]}}}`

// answering serves the schema, and one response to all else. It records what came.
func answering(t *testing.T, status int, body string) (url string, sent func() []string) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Query string }
		if json.NewDecoder(r.Body).Decode(&q) == nil && strings.Contains(q.Query, "fields") {
			_, _ = w.Write([]byte(schemaOf))
			return
		}
		if r.Method == http.MethodPost {
			got = append(got, q.Query)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []string { s.Close(); return got }
}

// chosen returns the cases of some ids.
func chosen(t *testing.T, names ...string) []conformance.Case {
	t.Helper()
	var found []conformance.Case
	for _, c := range conformance.Cases() {
		if slices.Contains(names, c.Name()) {
			found = append(found, c)
		}
	}
	if len(found) != len(names) {
		t.Fatalf("got %d cases of %q", len(found), names)
	}
	return found
}

func run(t *testing.T, url string, cases []conformance.Case) []conformance.Result {
	t.Helper()
	results, err := conformance.Run(t.Context(), conformance.Config{URL: url, Client: http.DefaultClient, Parallel: 1}, cases)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func TestRun(t *testing.T) {
	t.Parallel()
	const (
		good    = "Language/Operations/shorthand"
		refused = "Type System/Int/too-great"
		needed  = "Execution/Resolving Abstract Types/union"
	)
	for name, test := range map[string]struct {
		status int
		body   string
		failed []string
	}{
		"Data":           {200, `{"data": {"__typename": "Root"}}`, []string{refused}},
		"RequestError":   {400, `{"errors": [{"message": "no"}]}`, []string{good}},
		"OtherData":      {200, `{"data": {"__typename": "Query"}}`, []string{good, refused}},
		"ErrorWithData":  {200, `{"data": null, "errors": [{"message": "no"}]}`, []string{good, refused}},
		"EmptyErrors":    {200, `{"data": {"__typename": "Root"}, "errors": []}`, []string{good, refused}},
		"NoMessage":      {400, `{"errors": [{"message": ""}]}`, []string{good, refused}},
		"LocationOfZero": {400, `{"errors": [{"message": "no", "locations": [{"line": 0, "column": 1}]}]}`, []string{good, refused}},
		"UnknownEntry":   {200, `{"data": {"__typename": "Root"}, "more": 1}`, []string{good, refused}},
		"NoJSON":         {200, `<p>`, []string{good, refused}},
		"Fault":          {500, `{"errors": [{"message": "internal error"}]}`, []string{good, refused}},
		"Unauthorized":   {401, `{"errors": [{"message": "who are you"}]}`, []string{good, refused}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, sent := answering(t, test.status, test.body)
			results := run(t, url, chosen(t, good, refused, needed))
			var failed []string
			for _, r := range results {
				if r.Failed() {
					failed = append(failed, r.Case.Name())
				}
				if (r.NotApplicable != "") != (r.Case.Name() == needed) {
					t.Errorf("%s: got not applicable %q", r.Case.Name(), r.NotApplicable)
				}
			}
			if !slices.Equal(failed, test.failed) {
				t.Errorf("got %q failed, want %q", failed, test.failed)
			}
			if got, want := sent(), []string{"{ __typename }", "{ q(n: 2147483648) }"}; !slices.Equal(got, want) {
				t.Errorf("got %q sent, want %q", got, want)
			}
		})
	}
}

func TestRunWithoutIntrospection(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	_, err := conformance.Run(t.Context(), conformance.Config{URL: s.URL, Client: s.Client()}, conformance.Cases())
	if err == nil || !strings.Contains(err.Error(), "introspection") {
		t.Errorf("got %v, want an error of introspection", err)
	}
}

func TestReports(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 400, `{"errors": [{"message": "no"}]}`)
	results := run(t, url, chosen(t, "Language/Operations/shorthand", "Language/Operations/unknown-kind", "Execution/Field Collection/order", "Introspection/The __Type Type/union"))
	var text, out bytes.Buffer
	if err := conformance.WriteText(&text, results, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"FAIL    Language/Operations/shorthand", "ok      Language/Operations/unknown-kind", "differs Execution/Field Collection/order", "none    Introspection/The __Type Type/union: the server has no Pet"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("got %s, want %q in it", text.String(), want)
		}
	}
	if err := conformance.WriteJSON(&out, results); err != nil {
		t.Fatal(err)
	}
	var report struct{ Total conformance.Count }
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if want := (conformance.Count{Passed: 1, Failed: 1, Differs: 1, NotApplicable: 1}); report.Total != want {
		t.Errorf("got %+v, want %+v", report.Total, want)
	}
}
