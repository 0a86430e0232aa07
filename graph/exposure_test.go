package graph_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// owned writes and publishes entities, of which those with an X are listed, and stakes such as "a owns 50 of b".
func (a *api) owned(entities string, stakes ...string) {
	a.t.Helper()
	a.query(author, `mutation { createSource(input: {slug: "register", title: "Register", url: "https://register.example"}) { created } }`).ok()
	var published []string
	for _, slug := range strings.Fields(entities) {
		listings := ""
		if slug, ok := strings.CutSuffix(slug, "(listed)"); ok {
			listings = `, listings: [{authority: "OFAC", programme: "P", since: "2015", citations: [{source: "register"}]}]`
			a.query(author, fmt.Sprintf(`mutation { createEntity(input: {slug: %q, name: %[1]q, kind: COMPANY%s}) { created } }`, slug, listings)).ok()
			published = append(published, "entity:"+slug)
			continue
		}
		a.query(author, fmt.Sprintf(`mutation { createEntity(input: {slug: %q, name: %[1]q, kind: COMPANY}) { created } }`, slug)).ok()
		published = append(published, "entity:"+slug)
	}
	for i, stake := range stakes {
		f := strings.Fields(stake)
		more := strings.Join(f[3:], " ")
		slug := fmt.Sprintf("stake-%d", i)
		a.query(author, fmt.Sprintf(`mutation { createRelationship(input: {slug: %q, from: %q, to: %q, kind: %s, confidence: CONFIRMED, citations: [{source: "register"}] %s}) { created } }`, slug, f[0], f[2], f[1], more)).ok()
		published = append(published, "relationship:"+slug)
	}
	a.as(editor, `mutation($d: [String!]!) { publish(input: {documents: $d}) { sequence } }`, vars{"d": published}).ok()
}

// What a list means for an entity: the sum of stakes, what they pass on, what is open, and what control is.
func TestExposure(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.owned("x(listed) y(listed) a b t u v",
			`x OWNS a share: 50`, `a OWNS t share: 33.4 since: "2019"`, `y OWNS t share: 16.6`, `b OWNS t share: 50`,
			`x OWNS u`, `b OWNS u share: 30`, `v SUBSIDIARY_OF x`, `x CONTROLS b`)
		exposure := func(v *domain.Viewer, slug, args string) *response {
			return a.as(v, fmt.Sprintf(`{ entity(slug: %q) { exposure%s { verdict held { min max } rule { authority threshold title } listings { programme }
				chains { share { min max } steps { owner { slug } owned { slug } relationship { citations { source { slug } } } } } open { step { owner { slug } doubts } atMin atMax } controls { kind }
				economic { share { min max } } complete relationshipCount } } }`, slug, args), nil)
		}
		for _, test := range []struct{ slug, args, want string }{
			{"t", `(asOf: "2020-01-01")`, `BLOCKED_BY_OWNERSHIP 50-50 of 5: y→t, x→a→t; CONTROLS; economic 33.3-33.3`},
			{"t", `(asOf: "2018-12-31")`, `NOT_BLOCKED 16.6-16.6 of 3: y→t; CONTROLS; economic 16.6-16.6`},
			{"t", `(asOf: "2019-06-30")`, `UNDETERMINED 16.6-50 of 5: y→t, x→a→t; open a UNCERTAIN_DATE NOT_BLOCKED BLOCKED_BY_OWNERSHIP; CONTROLS; economic 16.6-33.3`},
			{"t", `(asOf: "2020-01-01", lists: [{authority: "OFAC", threshold: 50, comparison: MORE_THAN}])`, `NOT_BLOCKED 16.6-16.6 of 5: y→t; CONTROLS`},
			{"t", `(asOf: "2020-01-01", lists: [])`, ``},
			{"t", `(asOf: "2020-01-01", lists: [{authority: "UK"}])`, `NOT_BLOCKED 0-0 of 5: ; economic 0-0`}, // it has a rule, and no listing yet
			{"u", `(asOf: "2020-01-01")`, `UNDETERMINED 0-70 of 3: x→u; open x UNKNOWN_SHARE NOT_BLOCKED BLOCKED_BY_OWNERSHIP; CONTROLS; economic 0-70`},
			{"v", `(asOf: "2020-01-01")`, `UNDETERMINED 0-100 of 1: x→v; open x UNKNOWN_SHARE NOT_BLOCKED BLOCKED_BY_OWNERSHIP; economic 0-100`},
			{"x", `(asOf: "2020-01-01")`, `LISTED 0-0 of 0: ; economic 0-0`},
			{"x", `(asOf: "2014-12-31", lists: [{authority: "OFAC"}])`, `NOT_BLOCKED 0-0`},
			// The European Union counts exactly a half from 3 July 2024 on.
			{"a", `(asOf: "2024-07-02", lists: [{authority: "OFAC", rule: "EU"}])`, `NOT_BLOCKED 50-50 of 1: x→a; economic 50-50`},
			{"a", `(asOf: "2024-07-03", lists: [{authority: "OFAC", rule: "EU"}])`, `BLOCKED_BY_OWNERSHIP 50-50 of 1: x→a; economic 50-50`},
			{"b", ``, `NOT_BLOCKED 0-0 of 1: ; CONTROLS`},
			{"y", `(asOf: "2014-01-01")`, ``},
		} {
			got := ""
			for _, e := range exposure(public, test.slug, test.args).ok().at("entity.exposure").([]any) {
				got += describeExposure(e.(map[string]any))
			}
			if !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
				t.Errorf("%s%s: got %q, want %q", test.slug, test.args, got, test.want)
			}
		}
		for args, want := range map[string]string{
			`(asOf: "2020")`:                                      "asOf",
			`(lists: [{authority: "Concordat"}])`:                 "lists.0.authority",
			`(lists: [{authority: "Nobody", threshold: 50}])`:     "lists.0.authority",
			`(lists: [{authority: "OFAC", programme: "None"}])`:   "lists.0.programme",
			`(lists: [{authority: "OFA\u0000C", threshold: 50}])`: "lists.0.authority",
			`(first: 0, lists: [{authority: "OFAC", rule: "OFAC", threshold: 40}, {authority: "OFAC", rule: "XX"}, {authority: "OFAC", threshold: 101}, {authority: "OFAC", threshold: 0}, {authority: "OFAC", together: false}])`: "first lists.0.rule lists.1.rule lists.2.threshold lists.3.threshold lists.4.together",
		} {
			if got := exposure(public, "t", args).paths(); got != want {
				t.Errorf("%s: got problems of %q, want %q", args, got, want)
			}
		}
		walk := a.query(public, `{ entity(slug: "t") { owners { holdings { depth entity { slug } share { min max } } } } x: entity(slug: "x") { holdings { complete holdings { depth entity { slug } share { min max } } } }
			exposureReport(list: {authority: "OFAC"}, asOf: "2020-01-01") { totalCount entries { verdict entity { slug } held { min max } } } }`).ok()
		if got := fmt.Sprint(walk.at("entity.owners.holdings")); !strings.Contains(got, "map[depth:2 entity:map[slug:x] share:map[max:16.7 min:16.7]]") {
			t.Errorf("owners: got %s", got)
		}
		if got := fmt.Sprint(walk.at("x.holdings.holdings")); !strings.Contains(got, "map[depth:2 entity:map[slug:t] share:map[max:16.7 min:16.7]]") {
			t.Errorf("holdings: got %s", got)
		}
		var report []string
		for _, e := range walk.at("exposureReport.entries").([]any) {
			e := e.(map[string]any)
			report = append(report, fmt.Sprint(e["entity"].(map[string]any)["slug"], " ", e["verdict"]))
		}
		slices.Sort(report)
		if got, want := strings.Join(report, ", "), "a BLOCKED_BY_OWNERSHIP, t BLOCKED_BY_OWNERSHIP, u UNDETERMINED, v UNDETERMINED, x LISTED, y LISTED"; got != want {
			t.Errorf("the report: got %s, want %s", got, want)
		}
	})
}

// describeExposure writes a result in one line.
func describeExposure(e map[string]any) string {
	span := func(v any) string { return fmt.Sprintf("%v-%v", v.(map[string]any)["min"], v.(map[string]any)["max"]) }
	slug := func(v any) string { return fmt.Sprint(v.(map[string]any)["slug"]) }
	var chains []string
	for _, c := range e["chains"].([]any) {
		way := ""
		for i, s := range c.(map[string]any)["steps"].([]any) {
			s := s.(map[string]any)
			if i == 0 {
				way = slug(s["owner"])
			}
			way += "→" + slug(s["owned"])
		}
		chains = append(chains, way)
	}
	out := fmt.Sprintf("%v %s of %v: %s", e["verdict"], span(e["held"]), e["relationshipCount"], strings.Join(chains, ", "))
	for _, o := range e["open"].([]any) {
		o := o.(map[string]any)
		s := o["step"].(map[string]any)
		out += fmt.Sprintf("; open %s %v %v %v", slug(s["owner"]), s["doubts"].([]any)[0], o["atMin"], o["atMax"])
	}
	for _, c := range e["controls"].([]any) {
		out += fmt.Sprintf("; %v", c.(map[string]any)["kind"])
	}
	return out + "; economic " + span(e["economic"].(map[string]any)["share"])
}

// What is hidden does not count, as if it were not there.
func TestExposureOfWhatIsHidden(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.owned("x(listed) a t", `x OWNS a share: 100`, `a OWNS t share: 60 marking: GREEN`)
		for v, want := range map[*domain.Viewer]string{public: "NOT_BLOCKED", partner: "BLOCKED_BY_OWNERSHIP"} {
			r := a.query(v, `{ entity(slug: "t") { exposure(lists: [{authority: "OFAC"}]) { verdict relationshipCount } } paths(from: "t", to: "x") { paths { length } } network(around: ["x"], depth: 4) { nodes { entity { slug } } } }`).ok()
			if got := r.at("entity.exposure.0.verdict"); got != want {
				t.Errorf("%s: got %v, want %s", v.Name, got, want)
			}
			if got := len(r.at("paths.paths").([]any)) > 0; got != (want != "NOT_BLOCKED") {
				t.Errorf("%s: is there a path: %v", v.Name, got)
			}
			if got := len(r.at("network.nodes").([]any)); (got == 3) != (want != "NOT_BLOCKED") {
				t.Errorf("%s: %d nodes around x", v.Name, got)
			}
		}
	})
}

// What depends on the day of the request is not cached; of a day that the request gives, it is.
func TestExposureOfTodayIsNotCached(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.owned("x(listed) t", `x OWNS t share: 60`)
		for _, test := range []struct {
			query  string
			cached bool
		}{
			{`{ entity(slug: "t") { exposure { verdict } } }`, false},
			{`{ entity(slug: "t") { owners { asOf } } }`, false},
			{`{ exposureReport(list: {authority: "OFAC"}) { asOf } }`, false},
			{`{ entity(slug: "t") { exposure(asOf: "2026-01-01") { verdict } holdings(asOf: "2026-01-01") { asOf } } }`, true},
			{`{ network(around: ["t"]) { complete } }`, true},
		} {
			ctx, decision := transport.WithCacheDecision(domain.WithViewer(t.Context(), public), nil)
			body := fmt.Sprintf(`{"query": %q}`, test.query)
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			a.handler.ServeHTTP(w, r)
			if _, cached := decision.Terms(); w.Code != http.StatusOK || cached != test.cached {
				t.Errorf("%s: got %d, cacheable %v, want %v: %s", test.query, w.Code, cached, test.cached, w.Body)
			}
		}
	})
}
