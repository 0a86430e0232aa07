package rest_test

import (
	"encoding/csv"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A report is CSV where that is asked for, by the parameter or by the header; cells are quoted, and no formulas.
func TestExposureReportAsCSV(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.exec(`mutation { createSource(input: {slug: "register" title: "Register"}) { created } }`)
		a.exec(`mutation { createEntity(input: {slug: "x" name: "=HYPERLINK(\"x\"), Ltd" kind: COMPANY country: "CN" listings: [{authority: "OFAC" since: "2015" citations: [{source: "register"}]}]}) { created } }`)
		a.exec(`mutation { createEntity(input: {slug: "b" name: "Beta" kind: COMPANY}) { created } }`)
		a.exec(`mutation { createEntity(input: {slug: "a" name: "Älpha" kind: COMPANY}) { created } }`)
		for _, owned := range []string{`"b" share: 60.5`, `"a" shareMin: 50 shareMax: 75`} {
			a.exec(`mutation { createRelationship(input: {from: "x" kind: OWNS confidence: CONFIRMED citations: [{source: "register"}] to: ` + owned + `}) { created } }`)
		}
		a.exec(`mutation { publish(input: {documents: ["entity:x" "entity:a" "entity:b" "relationship:x-owns-a" "relationship:x-owns-b"]}) { state } }`)

		const target = "/v1/exposure-report?authority=OFAC&asOf=2020-01-01"
		const columns = "id,slug,name,kind,country,verdict,held_min,held_max,through,authority,programme,threshold,as_of,complete\r\n"
		got := a.get(public, target+"&format=csv")
		if h := got.header; h.Get("Content-Type") != "text/csv; charset=utf-8; header=present" || !strings.Contains(h.Get("Content-Disposition"), `filename="exposure-report.csv"`) || h.Get("Vary") != "Accept" {
			t.Errorf("got %v", h)
		}
		if !strings.HasPrefix(got.body, columns) || !strings.Contains(got.body, `,x,"'=HYPERLINK(""x""), Ltd",COMPANY,CN,LISTED,0,0,,OFAC,,50,2020-01-01,true`+"\r\n") {
			t.Errorf("got %s", got.body)
		}
		rows, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
		if err != nil || len(rows) != 4 || rows[2][2] != "Älpha" || rows[2][6] != "50" || rows[2][7] != "75" || rows[3][2] != "Beta" || rows[3][6] != "60.5" {
			t.Errorf("got %v %q", err, rows)
		}
		accepting := func(accept string) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(domain.WithViewer(t.Context(), public), http.MethodGet, target, nil)
			r.Header.Set("Accept", accept)
			w := httptest.NewRecorder()
			a.rest.ServeHTTP(w, r)
			return w
		}
		for accept, isCSV := range map[string]bool{
			"text/csv": true, "text/csv, */*;q=0.1": true, "application/json;q=0.5, text/csv": true,
			"*/*": false, "": false, "text/*": false, "application/json, text/csv;q=0.9": false, "text/csv, application/json": false, "text/csv;q=0": false,
		} {
			if w := accepting(accept); strings.HasPrefix(w.Body.String(), columns) != isCSV || w.Header().Get("Vary") != "Accept" {
				t.Errorf("Accept: %s: got %v %s", accept, w.Header(), w.Body)
			}
		}
		// The format of an error is a problem all the same.
		a.get(public, "/v1/exposure-report?format=csv&threshold=1e3&first=x").problem(http.StatusBadRequest, "BAD_USER_INPUT")

		// Pages lead to the next one.
		var names []string
		for at := target + "&format=csv&first=1"; at != ""; {
			page := a.get(public, at)
			rows, err := csv.NewReader(strings.NewReader(page.body)).ReadAll()
			if err != nil || len(rows) != 2 {
				t.Fatalf("%s: got %v %s", at, err, page.body)
			}
			names = append(names, rows[1][1])
			at = page.link(at, "next")
		}
		if strings.Join(names, " ") != "x a b" {
			t.Errorf("page by page: got %q", names)
		}
	})
}

// What is wrong with an argument within an object is said of its parameter.
func TestParametersOfTheGraph(t *testing.T) {
	t.Parallel()
	a := newAPI(t, storetest.SQLite(t))
	a.exec(`mutation { createEntity(input: {slug: "x" name: "X" kind: COMPANY}) { created } }`)
	a.exec(`mutation { publish(input: {documents: ["entity:x"]}) { state } }`)
	for target, want := range map[string]string{
		"/v1/network":                                               "around: is required",
		"/v1/network?around=x&depth=9":                              "depth: 9; want 1 to 4",
		"/v1/network?around=x,none":                                 `around: "none": there is no such entity`,
		"/v1/paths?from=x":                                          "to: is required",
		"/v1/paths?from=x&to=x":                                     "to: it is the same entity as from",
		"/v1/paths?from=x&to=none&first=51":                         "first: 51; want 1 to 50",
		"/v1/exposure-report?authority=none":                        "authority: no rule is known for this list: give rule, or threshold",
		"/v1/exposure-report?authority=OFAC&threshold=101":          "threshold: \"101\" is not a share",
		"/v1/exposure-report?authority=OFAC&threshold=fifty":        `threshold: "fifty" is not a number`,
		"/v1/exposure-report?authority=OFAC&format=xml":             `format: "xml" is none of JSON, CSV`,
		"/v1/entities/x/exposure?authority=none":                    "authority: no rule is known for this list",
		"/v1/exposure-report?authority=none&threshold=50":           `authority: nothing is listed by it; authorities are EU, OFAC, UK`,
		"/v1/exposure-report?authority=%00&threshold=50":            `authority: "\x00" has characters that no text here can have`,
		"/v1/exposure-report?authority=OFAC&programme=a%0Ab":        `programme: "a\nb" has characters`,
		"/v1/entities/x/exposure?authority=none&threshold=50":       `authority: nothing is listed by it`,
		"/v1/entities?listedBy=%01":                                 `listedBy: "\x01" has characters`,
		"/v1/entities?tag=a,b%0B":                                   `tag: "b\v" has characters`,
		"/v1/paths?from=x&to=%C3%28":                                `to: "\xc3(" has characters`,
		"/v1/network?around=x&kinds=OWNS,A,B":                       `kinds: "A" is none of OWNS`,
		"/v1/entities/x/exposure?rule=OFAC":                         "",
		"/v1/entities/x/exposure?authority=OFAC&comparison=AT_MOST": `comparison: "AT_MOST" is none of AT_LEAST, MORE_THAN`,
	} {
		problem := a.get(public, target).problem(http.StatusBadRequest, "BAD_USER_INPUT")
		found := want == ""
		for _, e := range problem.Errors {
			found = found || strings.HasPrefix(e.Parameter+": "+e.Detail, want)
		}
		if !found {
			t.Errorf("%s: got %+v, want %s", target, problem, want)
		}
	}
	if got := a.get(public, "/v1/entities/x/exposure").ok(); got.body != "{\"data\":[]}\n" {
		t.Errorf("of no list: got %s", got.body)
	}
}
