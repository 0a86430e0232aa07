package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/server/rest"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// TestOnTheDemo runs the tests that use the demo, over one load of it on each engine;
// tests that change it come last.
func TestOnTheDemo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.load()
		for _, row := range []struct {
			name string
			test func(*testing.T, *api)
		}{
			{"ExamplesAreAnsweredAsShown", examplesAreAnsweredAsShown},
			{"AnswersFitTheirSchemas", answersFitTheirSchemas},
			{"TheSameRequestIsAnsweredWithTheSameBytes", theSameRequestIsAnsweredWithTheSameBytes},
			{"PagesKeepAllOtherParameters", pagesKeepAllOtherParameters},
			{"ThePageAfterAndTheOneBefore", thePageAfterAndTheOneBefore},
			{"EveryParameterThatIsWrongIsNamed", everyParameterThatIsWrongIsNamed},
			{"ValuesInAnyCase", valuesInAnyCase},
			{"Methods", methods},
			{"Index", index},
			{"OneDocument", oneDocument},
		} {
			t.Run(row.name, func(t *testing.T) {
				in := *a
				in.t = t
				row.test(t, &in)
			})
		}
	})
}

func valuesInAnyCase(t *testing.T, a *api) {
	want := a.get(public, "/v1/changes?types=REPORT,EDITION").body
	for _, target := range []string{"/v1/changes?types=report,Edition", "/v1/changes?types=rEPORT&types=edition&after=start"} {
		if got := a.get(public, target).body; got != want {
			t.Errorf("%s: got %s, want %s", target, got, want)
		}
	}
	if got, want := a.get(public, "/v1/search?type=report,Entity&orderBy=newest").ok().body, a.get(public, "/v1/search?type=REPORT,ENTITY&orderBy=NEWEST").ok().body; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := a.get(public, "/v1/entities?kind=company&orderBy=slug&order=desc").body, a.get(public, "/v1/entities?kind=COMPANY&orderBy=SLUG&order=DESC").body; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func pagesKeepAllOtherParameters(t *testing.T, a *api) {
	all := a.get(public, "/v1/entities?kind=COMPANY&kind=PERSON&orderBy=SLUG&order=DESC&first=100&totalCount=true").list()
	if all.TotalCount == nil || *all.TotalCount != len(all.Data) || len(all.Data) < 8 {
		t.Fatalf("got %d entities, counted %v", len(all.Data), all.TotalCount)
	}
	var got []string
	target := "/v1/entities?kind=COMPANY,PERSON&orderBy=SLUG&order=DESC&first=3"
	first := a.get(public, target)
	if link := first.link(target, "prev"); link != "" {
		t.Errorf("the first page has a page before it: %s", link)
	}
	pages := []string{}
	for target != "" {
		page := a.get(public, target)
		pages = append(pages, page.body)
		got = append(got, texts(page.list().Data)...)
		if to := page.link(target, "first"); a.get(public, to).body != first.body {
			t.Errorf("%s is not the first page", to)
		}
		target = page.link(target, "next")
	}
	if want := texts(all.Data); !slices.Equal(got, want) {
		t.Errorf("page by page %q, at once %q", got, want)
	}
	if len(pages) < 3 || strings.Contains(pages[0], "totalCount") {
		t.Errorf("%d pages, the first %s", len(pages), pages[0])
	}
}

func thePageAfterAndTheOneBefore(t *testing.T, a *api) {
	const target = "/v1/tags?first=4"
	first := a.get(public, target)
	second := a.get(public, first.link(target, "next"))
	back := a.get(public, second.link(target, "prev"))
	if d := cmp.Diff(first.list().Data, back.list().Data); d != "" {
		t.Errorf("back from the second page is not the first:\n%s", d)
	}
	if next := first.list().Page.Next; next == nil || a.get(public, target+"&after="+*next).body != second.body {
		t.Error("page.next does not lead to the second page")
	}
	if previous := second.list().Page.Previous; previous == nil || a.get(public, "/v1/tags?last=4&before="+*previous).body != back.body {
		t.Error("page.previous does not lead to the first page")
	}
	if got := len(a.get(public, "/v1/tags").list().Data); got != 20 {
		t.Errorf("a page has %d elements without first, want 20", got)
	}
}

// A parameter that is not given filters nothing: documents without a tag are in the list
// too.
func TestParametersNarrowOnlyWhenGiven(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) { narrowed(t, newAPI(t, s)) })
}

func narrowed(t *testing.T, a *api) {
	a.exec(`mutation { createTag(input: {slug: "ports" label: "Ports" vocabulary: TOPIC}) { created } }`)
	for _, fields := range []string{`slug: "bare" kind: BRIEF`, `slug: "tagged" kind: BRIEF tags: ["ports"]`, `slug: "long" kind: RESEARCH tags: ["ports"]`} {
		a.exec(`mutation { createReport(input: {title: "T" language: "en" summary: "S." body: "B." ` + fields + `}) { created } }`)
	}
	for i, slug := range []string{"bare", "tagged", "long"} {
		a.exec(`mutation { publish(input: {documents: ["report:` + slug + `"], publishedAt: "202` + string(rune('0'+i)) + `-03-01T00:00:00Z"}) { state } }`)
	}
	for query, want := range map[string]string{
		"":                                    "long tagged bare",
		"order=ASC":                           "bare tagged long",
		"orderBy=SLUG":                        "tagged long bare",
		"tag=ports":                           "long tagged",
		"tag=none":                            "",
		"tag=none,ports&kind=BRIEF":           "tagged",
		"kind=BRIEF&kind=RESEARCH":            "long tagged bare",
		"publishedAfter=2021-03-01T00:00:00Z": "long tagged",
		"publishedAfter=2021-03-01T00:00:00Z&publishedBefore=2022-03-01T00:00:00Z": "tagged",
	} {
		var got []string
		for _, report := range a.get(public, "/v1/reports?"+query).list().Data {
			got = append(got, report["slug"].(string))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("?%s: got %q, want %q", query, got, want)
		}
	}
}

func everyParameterThatIsWrongIsNamed(t *testing.T, a *api) {
	for target, want := range map[string][]string{
		"/v1/reports?first=500&kind=POEM&publishedAfter=today&colour=red&tag=&totalCount=1&orderBy=colour": {
			"first: want 1 to 100, not 500", `kind: "POEM" is none of RESEARCH, BRIEF`, "tag: has no value", `publishedAfter: "today" is not a time`,
			`orderBy: "colour" is none of PUBLISHED_AT`, `totalCount: want true or false, not "1"`, "colour: is no parameter; there are after, before, contributor",
		},
		"/v1/reports?first=1&first=2":                        {"first: is given 2 times"},
		"/v1/reports?first=0":                                {"first: want 1 to 100, not 0"},
		"/v1/reports?first=many":                             {`first: "many" is not a whole number`},
		"/v1/reports?first=1&last=1":                         {"last: give first or last, not both"},
		"/v1/reports?after=nonsense":                         {"after: "},
		"/v1/reports?after=a&before=b":                       {"after: ", "before: "},
		"/v1/narratives?observedAfter=yesterday":             {`observedAfter: "yesterday" is not a date`},
		"/v1/reports/any?format=HTML":                        {"format: is no parameter; there are body"},
		"/v1/reports?slug=x&id=y":                            {"id: is no parameter", "slug: is no parameter"},
		"/v1/reports?tag=" + strings.Repeat("a,", 100) + "a": {"tag: has 101 values; at most 100"},
		"/v1/search?tag=a,%00&entity=%ff&within=" + strings.Repeat("t", 2001) + "&q=%00": {
			`tag: "\x00" has characters`, "within: a text of 2001 bytes is too long; at most 2000", `entity: "\xff" has characters`,
		},
		"/v1/entities/any/relationships?confidence=SURE": {`confidence: "SURE" is none of CONFIRMED, PROBABLE, POSSIBLE`},
	} {
		problem := a.get(public, target).problem(http.StatusBadRequest, "BAD_USER_INPUT")
		var got []string
		for _, e := range problem.Errors {
			got = append(got, e.Parameter+": "+e.Detail)
		}
		if len(got) != len(want) {
			t.Errorf("%s: got %q, want %q", target, got, want)
			continue
		}
		for i := range want {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("%s: got %q, want %q", target, got[i], want[i])
			}
		}
	}
	for _, target := range []string{"/v1/reports?first=%zz", "/v1/reports?a=1;b=2"} {
		a.get(public, target).problem(http.StatusBadRequest, "BAD_USER_INPUT")
	}
	// The error for a cursor of another list names the parameter, too.
	next := a.get(public, "/v1/tags?first=1").list().Page.Next
	problem := a.get(public, "/v1/reports?after="+*next).problem(http.StatusBadRequest, "BAD_USER_INPUT")
	if len(problem.Errors) != 1 || problem.Errors[0].Parameter != "after" {
		t.Errorf("a cursor of another list: got %+v", problem)
	}
}

func oneDocument(t *testing.T, a *api) {
	a.exec(`mutation { updateReport(input: {id: "carrow-strait-ja" slug: "carrow-strait-in-japanese"}) { changed } }`)
	a.exec(`mutation { publish(input: {documents: ["report:carrow-strait-in-japanese"]}) { state } }`)
	got := a.get(public, "/v1/reports/carrow-strait-in-japanese").ok()
	var report struct {
		ID, Slug, Body string
		Entities       list
	}
	got.into(&report)
	if report.Slug != "carrow-strait-in-japanese" || !strings.HasPrefix(report.ID, "rpt_") || report.Body == "" {
		t.Errorf("got %s", got.body)
	}
	if len(got.header["Link"]) > 0 || got.header.Get("TLP") != "TLP:CLEAR" || got.header.Get("RateLimit") == "" {
		t.Errorf("got header %v", got.header)
	}
	if again := a.get(public, "/v1/reports/"+report.ID).ok(); again.body != got.body {
		t.Errorf("by id: got %s", again.body)
	}
	if html := a.get(public, "/v1/reports/carrow-strait-in-japanese?body=HTML").ok(); !strings.Contains(html.body, `"body":"\u003cp\u003e`) && !strings.Contains(html.body, `"body":"<`) {
		t.Errorf("as HTML: got %s", html.body)
	}
	a.exec(`mutation { updateTag(input: {id: "ownership" slug: "owning"}) { changed } }`)
	was, is := a.get(public, "/v1/reports?tag=ownership&language=EN").ok(), a.get(public, "/v1/reports?tag=owning&language=en").ok()
	if was.body != is.body || len(is.list().Data) == 0 {
		t.Errorf("by a former slug, and a language in capitals: got %s, want %s", was.body, is.body)
	}
	for target, want := range map[string]string{
		"/v1/reports/carrow-strait-ja":                  "carrow-strait-in-japanese",
		"/v1/reports/carrow-strait-ja?body=HTML":        "carrow-strait-in-japanese?body=HTML",
		"/v1/reports/carrow-strait-ja/entities?first=1": "../carrow-strait-in-japanese/entities?first=1",
	} {
		got := a.get(public, target)
		if got.status != http.StatusPermanentRedirect || got.header.Get("Location") != want || got.body != "" {
			t.Errorf("%s: got %d to %q with %q, want %q", target, got.status, got.header.Get("Location"), got.body, want)
		}
	}
	for _, target := range []string{
		"/v1/reports/none", "/v1/reports/rpt_none", "/v1/reports/rpt_0000000000000", "/v1/entities/" + report.ID, "/v1/reports/none/entities",
		"/v1/reports/a%2Fb", "/v1/reports/", "/v1/reports/none/nothing", "/v1/nothing", "/v1/reports/%00",
	} {
		a.get(public, target).problem(http.StatusNotFound, "NOT_FOUND")
	}
}

// The index names every route, each of which exists.
func index(t *testing.T, a *api) {
	got := a.get(public, "/v1").ok()
	if slash := a.get(public, "/v1/").ok(); slash.body != got.body {
		t.Errorf("/v1/ is %s, not as /v1 %s", slash.body, got.body)
	}
	var result struct {
		Docs, OpenAPI string
		Routes        []struct{ Path, Summary string }
	}
	if err := json.Unmarshal([]byte(got.body), &result); err != nil {
		t.Fatal(err)
	}
	if result.Docs != "/docs" || result.OpenAPI != "/v1/openapi.json" || len(result.Routes) < 15 || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s", got.body)
	}
	slugs := map[string]string{"reports": "big-tech-ties-to-the-government", "entities": "alibaba", "tags": "ownership", "narratives": "fukushima-waste-water", "editions": "the-red-report-1", "series": "the-red-report"}
	for _, route := range result.Routes {
		if route.Summary == "" {
			t.Errorf("%s does not say what it does", route.Path)
		}
		path := route.Path
		if of := strings.Split(path, "/")[2]; strings.Contains(path, "{slug}") {
			first := slugs[of]
			if first == "" {
				t.Errorf("%s: the test knows no slug", path)
			}
			path = strings.Replace(path, "{slug}", first, 1)
		}
		for _, r := range a.rest.Routes() {
			if r.Path == route.Path && len(r.Required) > 0 {
				path = r.Examples[0]
			}
		}
		if got := a.get(public, path); got.status != http.StatusOK {
			t.Errorf("%s: got %d %s", path, got.status, got.body)
		}
	}
}

func methods(t *testing.T, a *api) {
	get, head := a.get(public, "/v1/tags?first=2").ok(), a.do(public, http.MethodHead, "/v1/tags?first=2")
	if head.status != http.StatusOK || head.body != "" {
		t.Errorf("HEAD: got %d %q", head.status, head.body)
	}
	for _, name := range []string{"Content-Length", "Content-Type", "Link", "TLP"} {
		if d := cmp.Diff(get.header.Values(name), head.header.Values(name)); d != "" || len(get.header.Values(name)) == 0 {
			t.Errorf("%s differs between GET and HEAD: %s", name, d)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
		got := a.do(public, method, "/v1/tags")
		got.problem(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
		if got.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: Allow is %q", method, got.header.Get("Allow"))
		}
	}
}

func theSameRequestIsAnsweredWithTheSameBytes(t *testing.T, a *api) {
	for _, r := range a.rest.Routes() {
		for _, example := range r.Examples {
			first, second := a.get(public, example).ok(), a.get(public, example).ok()
			if comparable(first) != comparable(second) {
				t.Errorf("%s: got %s and then %s", example, comparable(first), comparable(second))
			}
			if strings.Contains(comparable(first), requestID) {
				t.Errorf("%s: the response has the request's id", example)
			}
		}
	}
}

// fixedResponse is an executor that always returns the same response.
type fixedResponse transport.Response

func (a fixedResponse) Execute(context.Context, transport.Request) transport.Response {
	return transport.Response(a)
}

func TestErrorsOfTheExecutor(t *testing.T) {
	t.Parallel()
	const page = `{"tags":{"nodes":[],"pageInfo":{"hasNextPage":false,"endCursor":null,"hasPreviousPage":false,"startCursor":null}}}`
	fail := func(code string, header ...string) fixedResponse {
		a := fixedResponse{Errors: gqlerror.List{{Message: "why", Extensions: map[string]any{"code": code}}}, Header: http.Header{}}
		for i := 0; i < len(header); i += 2 {
			a.Header.Set(header[i], header[i+1])
		}
		return a
	}
	for name, row := range map[string]struct {
		reply  fixedResponse
		status int
		code   string
		header []string
	}{
		"BadUserInput":    {fail("BAD_USER_INPUT"), 400, "BAD_USER_INPUT", nil},
		"CostLimit":       {fail("COST_LIMIT"), 400, "COST_LIMIT", nil},
		"Unauthenticated": {fail("UNAUTHENTICATED"), 401, "UNAUTHENTICATED", []string{"WWW-Authenticate", `Bearer realm="redthread"`}},
		"Forbidden":       {fail("FORBIDDEN"), 403, "FORBIDDEN", nil},
		"NotFound":        {fail("NOT_FOUND"), 404, "NOT_FOUND", nil},
		"RateLimited":     {fail("RATE_LIMITED", "Retry-After", "7", "RateLimit", "r"), 429, "RATE_LIMITED", []string{"Retry-After", "7", "RateLimit", "r"}},
		"Unavailable":     {fail("UNAVAILABLE"), 503, "UNAVAILABLE", []string{"Retry-After", "10"}},
		"Internal":        {fail("INTERNAL"), 500, "INTERNAL", nil},
		"Unknown":         {fail("SOMETHING_NEW"), 500, "INTERNAL", nil},
		"PartOfTheResult": {fixedResponse{Data: []byte(page), Errors: fail("UNAVAILABLE").Errors, Status: 200}, 503, "UNAVAILABLE", nil},
		"NoCode":          {fixedResponse{Data: []byte(page), Errors: gqlerror.List{{Message: "why"}}}, 500, "INTERNAL", nil},
		"PathOfAVariable": {fixedResponse{Errors: gqlerror.List{{Message: "why", Extensions: map[string]any{"code": "GRAPHQL_VALIDATION_FAILED"}}}}, 400, "BAD_USER_INPUT", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			a := &api{t: t, rest: rest.New(row.reply, slog.New(slog.NewTextHandler(&log, nil)))}
			got := a.get(public, "/v1/tags")
			problem := got.problem(row.status, row.code)
			for i := 0; i < len(row.header); i += 2 {
				if got.header.Get(row.header[i]) != row.header[i+1] {
					t.Errorf("%s is %q, want %q", row.header[i], got.header.Get(row.header[i]), row.header[i+1])
				}
			}
			// The executor has logged its internal errors itself.
			if logged := strings.Contains(log.String(), "why"); logged != (row.code == "INTERNAL" && name != "Internal") {
				t.Errorf("the log has %s", log.String())
			}
			if row.code == "INTERNAL" && strings.Contains(got.body, "why") && name != "Internal" {
				t.Errorf("the cause is shown: %s", got.body)
			}
			if want := "/docs#problem-" + strings.ReplaceAll(strings.ToLower(row.code), "_", "-"); problem.Type != want {
				t.Errorf("the type is %s, want %s", problem.Type, want)
			}
		})
	}
	a := &api{t: t, rest: rest.New(fixedResponse{Data: []byte(page)}, slog.New(slog.DiscardHandler))}
	if got := a.get(public, "/v1/tags").ok().body; got != `{"data":[],"page":{"next":null,"previous":null}}`+"\n" {
		t.Errorf("a response: got %s", got)
	}
	// An error within an object names the parameter at that place.
	wrong := fail("BAD_USER_INPUT")
	wrong.Errors[0].Extensions["fields"] = []domain.FieldError{{Path: "filter.updatedAt.gte", Message: "no"}, {Path: "filter.parent.slug.in[2]", Message: "no"}, {Path: "elsewhere", Message: "no"}}
	a = &api{t: t, rest: rest.New(wrong, slog.New(slog.DiscardHandler))}
	problem := a.get(public, "/v1/tags").problem(400, "BAD_USER_INPUT")
	if d := cmp.Diff([]rest.ParameterError{{Parameter: "updatedAfter", Detail: "no"}, {Parameter: "parent", Detail: "no"}}, problem.Errors); d != "" {
		t.Error(d)
	}
}

func TestQuotaAndRegisteredOnly(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		spend(t, newAPI(t, s, func(c *graph.Config) {
			c.RegisteredOnly = true
			c.Limits = func(r domain.Role) limits.Limit {
				l := limits.Standard(r)
				l.PerMinute = 2_000
				return l
			}
		}))
	})
}

func spend(t *testing.T, a *api) {
	a.get(public, "/v1/editions?first=1").ok()
	for range 50 {
		if got := a.get(public, "/v1/editions?first=1"); got.status != http.StatusOK {
			got.problem(http.StatusTooManyRequests, "RATE_LIMITED")
			if got.header.Get("Retry-After") == "" {
				t.Error("it does not say when to come again")
			}
			return
		}
	}
	t.Error("the budget is never spent")
}

// Every list in a document has a route of the same name, with the same cursors.
func TestListsInDocumentsHaveRoutes(t *testing.T) {
	t.Parallel()
	a := &api{t: t, rest: rest.New(fixedResponse{}, slog.New(slog.DiscardHandler))}
	paths := map[string]bool{}
	for _, r := range a.rest.Routes() {
		paths[r.Path] = true
	}
	n := 0
	for _, r := range a.rest.Routes() {
		for _, name := range r.Nested {
			if n++; !paths[r.Path+"/"+name] {
				t.Errorf("%s has %s, and there is no route for the rest of them", r.Path, name)
			}
		}
	}
	if n < 5 {
		t.Errorf("%d lists in documents", n)
	}
	storetest.Each(t, func(t *testing.T, s *store.Stores) { goOn(t, newAPI(t, s)) })
}

func goOn(t *testing.T, a *api) {
	a.exec(`mutation { createEntity(input: {slug: "hub" kind: COMPANY name: "Hub" description: "D."}) { created } }`)
	a.exec(`mutation { createSource(input: {slug: "register" title: "Register" url: "https://example.org/"}) { created } }`)
	for i := range 25 {
		slug := "spoke-" + string(rune('a'+i))
		a.exec(`mutation { createEntity(input: {slug: "` + slug + `" kind: COMPANY name: "Spoke" description: "D."}) { created } }`)
		a.exec(`mutation { createRelationship(input: {slug: "tie-` + slug + `" from: "hub" to: "` + slug + `" kind: OWNS confidence: CONFIRMED citations: [{source: "register"}]}) { created } }`)
		a.exec(`mutation { publish(input: {references: INCLUDE documents: ["relationship:tie-` + slug + `"]}) { state } }`)
	}
	var hub struct{ Relationships list }
	a.get(public, "/v1/entities/hub").ok().into(&hub)
	if len(hub.Relationships.Data) != 20 || hub.Relationships.Page.Next == nil {
		t.Fatalf("got %d relationships, next %v", len(hub.Relationships.Data), hub.Relationships.Page.Next)
	}
	rest := a.get(public, "/v1/entities/hub/relationships?after="+*hub.Relationships.Page.Next).list()
	all := a.get(public, "/v1/entities/hub/relationships?first=100").list()
	if got := append(texts(hub.Relationships.Data), texts(rest.Data)...); !slices.Equal(got, texts(all.Data)) {
		t.Errorf("with the rest %q, want %q", got, texts(all.Data))
	}
}

func TestMistakesInDocumentsAreFound(t *testing.T) {
	t.Parallel()
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	const head = "# GET /v1/tags\n# Tags: List tags\n#\n# Them.\n#\n# Example: /v1/tags\n"
	const one = "# GET /v1/tags/{slug}\n# Tags: Get a tag\n#\n# It.\n#\n# Example: /v1/tags/x\n"
	for name, row := range map[string]struct{ source, want string }{
		"NoComment":          {`query q { tags { nodes { id } } }`, "want a comment"},
		"NoRoute":            {"# Tags\n# Tags: List tags\n", `want "GET /v1/…"`},
		"NoExample":          {"# GET /v1/tags\n# Tags: List tags\n#\n# Them.\n", "want a description and an example"},
		"NotGraphQL":         {head + `query q {`, "want a field"},
		"NotOfTheSchema":     {head + `query q { tags { nope } }`, "Cannot query field"},
		"NoName":             {head + `{ tags { nodes { id } } }`, "want one query that has a name"},
		"Mutation":           {head + `mutation m { deleteTag(input: {id: "x"}) { deletedId } }`, "want one query"},
		"TwoFields":          {head + `query q { tags { nodes { id } } reports { nodes { id } } }`, "want one field at the top"},
		"NoSlug":             {one + `query q($slug: String) { tag(slug: $slug) { id } }`, "want the slug"},
		"PathGoesOn":         {strings.Replace(one, "{slug}", "{slug}/children", 1) + `query q($slug: String) { tag(slug: $slug) { slug } }`, "is not selected"},
		"Object":             {head + `query q($f: TagFilter) { tags(filter: $f) { nodes { id } } }`, "is an object"},
		"ListOfVariables":    {head + `query q($s: String!) { tags(filter: {slug: {in: [$s]}}) { nodes { id } } }`, "which is not supported"},
		"DescribedForNaught": {strings.Replace(head, "# Example", "# $no: It is not there.\n# Example", 1) + `query q { tags { nodes { id } } }`, "is no variable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := rest.Parse(schema, row.source, ""); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
	if err := rest.Parse(schema, head+"query q { tags { nodes { id } } }", ""); err != nil {
		t.Errorf("a right one: %v", err)
	}
}

func TestDescriptionAndPage(t *testing.T) {
	t.Parallel()
	a := &api{t: t, rest: rest.New(fixedResponse{}, slog.New(slog.DiscardHandler))}
	for name, h := range map[string]http.Handler{"application/json": a.rest.Description(), "text/html; charset=utf-8": a.rest.Page()} {
		got := static(t, h, "/x")
		if got.status != http.StatusOK || got.header.Get("Content-Type") != name || got.header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: got %d %v", name, got.status, got.header)
		}
		if again := static(t, h, "/x", "If-None-Match", got.header.Get("ETag")); again.status != http.StatusNotModified {
			t.Errorf("%s: got %d for its own ETag", name, again.status)
		}
	}
	page := static(t, a.rest.Page(), "/docs")
	for _, r := range a.rest.Routes() {
		for _, want := range append([]string{`id="` + r.Operation + `"`, "<code>" + r.Path + "</code>"}, r.Parameters...) {
			if !strings.Contains(page.body, want) {
				t.Errorf("the page lacks %s", want)
			}
		}
	}
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'; style-src 'sha256-") {
		t.Errorf("the page's policy is %q", policy)
	}
	for _, bad := range []string{"<script", "style=\"", "onclick", "src=\"http", "@import", "url("} {
		if strings.Contains(page.body, bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Description string
			Parameters  []struct{ Name, In, Description string }
		}
	}
	if err := json.Unmarshal([]byte(static(t, a.rest.Description(), "/").body), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || len(doc.Paths) != len(a.rest.Routes()) {
		t.Errorf("OpenAPI %s with %d paths", doc.OpenAPI, len(doc.Paths))
	}
	for path, item := range doc.Paths {
		op := item["get"]
		if op.OperationID == "" || op.Description == "" {
			t.Errorf("%s is not described", path)
		}
		for _, p := range op.Parameters {
			if p.Description == "" {
				t.Errorf("%s: %s is not described", path, p.Name)
			}
		}
	}
}
