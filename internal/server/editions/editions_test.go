package editions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/newsletter/render"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/server/content"
	"github.com/redthread-api/redthread/internal/server/editions"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var (
	public = domain.Anonymous()
	editor = &domain.Viewer{Name: "edo", Role: domain.Editor, Clearance: domain.Red, KeyID: 3}
)

// cleared is a partner with a clearance.
func cleared(m domain.Marking) *domain.Viewer {
	return &domain.Viewer{Name: m.String(), Role: domain.Partner, Clearance: m, KeyID: 1}
}

// testServer is an API over stores, and the pages of its editions.
type testServer struct {
	t     testing.TB
	api   *transport.Handler
	desk  *editorial.Desk
	pages http.Handler
}

func newTestServer(t testing.TB, s *store.Stores) *testServer {
	t.Helper()
	now := storetest.NewSteppingClock(time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC), time.Minute).Now
	log := slog.New(slog.DiscardHandler)
	unlimited := func(r domain.Role) limits.Limit { // the tests exceed the quota of one viewer
		limit := limits.Standard(r)
		limit.PerMinute = 1 << 40
		return limit
	}
	desk := editorial.New(s, projection.New(s, log, now).WithPatience(storetest.Patience), log, now)
	p := &testServer{t: t, desk: desk, api: graph.Handler(graph.Config{
		Stores: s, Desk: desk, Log: log, Limits: unlimited, Meter: limits.NewMeter(time.Now),
	})}
	p.pages = editions.KnownParameters(editions.Handler(editions.Config{
		Content: p.api, Templates: render.Builtin(), Site: site.Site{Name: "Harbour Press", URL: "https://site.example"},
		PublicURL: "https://api.example", SubscribeURL: "https://api.example/subscribe",
		Writer: content.Writer{Changes: p, Log: log, Refuse: func(w http.ResponseWriter, _ *http.Request, status int, code, message string) {
			w.WriteHeader(status)
			fmt.Fprintf(w, "%s: %s\n", code, message)
		}},
	}))
	return p
}

// LastChange is that of the desk.
func (p *testServer) LastChange(ctx context.Context) (projection.Position, error) {
	return p.desk.Live().LastChange(ctx)
}

// mutate runs mutations as an editor.
func (p *testServer) mutate(format string, args ...any) {
	p.t.Helper()
	body, err := json.Marshal(map[string]string{"query": "mutation {" + fmt.Sprintf(format, args...) + "}"})
	if err != nil {
		p.t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(domain.WithViewer(p.t.Context(), editor), http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	p.api.ServeHTTP(w, r)
	if strings.Contains(w.Body.String(), `"errors"`) {
		p.t.Fatalf("%s: %s", body, w.Body)
	}
}

// response is an HTTP response.
type response struct {
	Status int
	Header http.Header
	Body   string
}

func (p *testServer) get(v *domain.Viewer, path string) response {
	p.t.Helper()
	w := httptest.NewRecorder()
	p.pages.ServeHTTP(w, httptest.NewRequestWithContext(domain.WithViewer(p.t.Context(), v), http.MethodGet, path, nil))
	return response{w.Code, w.Header(), w.Body.String()}
}

// levels are the markings, as in slugs.
var levels = []string{"clear", "green", "amber", "strict", "red"}

var levelInText = regexp.MustCompile(`-(clear|green|amber|strict|red|draft)\b`)

// TestVisibility publishes editions of one marking after the other, each of which refers
// to entities, tags and sources of all markings. A page of what is above the viewer's
// clearance is as one that does not exist, and no page names it: neither as a reference,
// nor as a neighbour, nor in a list.
func TestVisibility(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		p := newTestServer(t, s)
		p.createAll()
		viewers := []*domain.Viewer{public, {Name: "ana", Role: domain.Author, Clearance: domain.Clear, KeyID: 9}}
		for m := domain.Clear; m <= domain.Red; m++ {
			viewers = append(viewers, cleared(m))
		}
		paths := []string{"/editions", "/editions?series=shared", "/editions/nothing", "/editions/shared-draft"}
		for _, level := range levels {
			paths = append(paths, "/editions/shared-"+level, "/editions?series=series-"+level, "/editions/own-"+level)
		}
		before := map[*domain.Viewer]map[string]response{}
		for m, level := range levels {
			p.mutate(`publish(input: {references: OMIT, publishedAt: "20%d-01-01T00:00:00Z", documents: ["entity:entity-%[2]s", "edition:shared-%[2]s", "edition:own-%[2]s"]}) { state }`, 10+m, level)
			if err := p.desk.Live().Project(t.Context()); err != nil { // on a busy machine, the publication may be pending
				t.Fatal(err)
			}
			for _, v := range viewers {
				now := map[string]response{}
				nothing := p.get(v, "/editions/nothing")
				if nothing.Status != http.StatusNotFound {
					t.Errorf("a page of nothing: got %d", nothing.Status)
				}
				for _, path := range paths {
					got := p.get(v, path)
					now[path] = got
					for _, found := range levelInText.FindAllStringSubmatch(got.Body, -1) {
						if i := slices.Index(levels, found[1]); i < 0 || i > int(v.Clearance) {
							t.Fatalf("%s (TLP:%v) at %s sees %q: %s", v.Role, v.Clearance, path, found[0], got.Body)
						}
					}
					label := strings.ReplaceAll(strings.TrimPrefix(got.Header.Get("TLP"), "TLP:"), "+", "_")
					if marking, ok := domain.ParseMarking(label); got.Status == http.StatusOK && (!ok || marking > v.Clearance) {
						t.Errorf("%s (TLP:%v) at %s gets a response that is marked %q", v.Role, v.Clearance, path, label)
					}
					of := path[strings.LastIndexByte(path, '-')+1:]
					if hidden := slices.Index(levels, of) > int(v.Clearance) || of == "draft"; hidden {
						if d := cmp.Diff(nothing, got); d != "" {
							t.Errorf("%s (TLP:%v): %s differs from nothing (-nothing +it):\n%s", v.Role, v.Clearance, path, d)
						}
					}
				}
				if v.Clearance < domain.Marking(m) {
					if d := cmp.Diff(before[v], now); d != "" {
						t.Errorf("%s (TLP:%v) can tell that something %s was published (-before +after):\n%s", v.Role, v.Clearance, level, d)
					}
				}
				before[v] = now
			}
		}
		for path, got := range before[viewers[len(viewers)-1]] {
			if exists := path != "/editions/nothing" && path != "/editions/shared-draft"; exists && got.Status != http.StatusOK {
				t.Errorf("%s: who may see everything gets %d %s", path, got.Status, got.Body)
			}
		}
	})
}

// createAll creates, of each type, a document of each marking and a draft.
func (p *testServer) createAll() {
	p.t.Helper()
	list := func(prefix string) string {
		var all []string
		for _, level := range levels {
			all = append(all, fmt.Sprintf("%q", prefix+level))
		}
		return "[" + strings.Join(all, " ") + "]"
	}
	var citations strings.Builder
	for m, level := range levels {
		marking := domain.Marking(m).String()
		p.mutate(`createTag(input: {slug: "tag-%[1]s", label: "Label-%[1]s", vocabulary: TOPIC, marking: %[2]s}) { created }
			createSource(input: {slug: "source-%[1]s", title: "S-%[1]s", url: "https://example.org/s-%[1]s", marking: %[2]s}) { created }
			createEntity(input: {slug: "entity-%[1]s", kind: PERSON, name: "N-%[1]s", marking: %[2]s}) { created }
			createSeries(input: {slug: "series-%[1]s", title: "Of-%[1]s", cadence: WEEKLY, language: "en", marking: %[2]s}) { created }`, level, marking)
		fmt.Fprintf(&citations, `{source: "source-%[1]s", locator: "l-%[1]s", quote: "q-%[1]s"}`, level)
	}
	p.mutate(`createSeries(input: {slug: "shared", title: "Shared", cadence: WEEKLY, language: "en"}) { created }`)
	edition := func(slug, series string, number int, level, marking string) {
		p.mutate(`createEdition(input: {slug: %q, series: %q, number: %d, title: "T-%[4]s", introduction: "i-%[4]s", language: "en", marking: %[5]s, items: [{
			headline: "h-%[4]s", summary: "s-%[4]s", analysis: "a-%[4]s", tags: %[6]s, entities: %[7]s, citations: [%[8]s]}]}) { created }`,
			slug, series, number, level, marking, list("tag-"), list("entity-"), citations.String())
	}
	for m, level := range levels {
		edition("shared-"+level, "shared", m+1, level, domain.Marking(m).String())
		edition("own-"+level, "series-"+level, 1, level, domain.Marking(m).String())
	}
	edition("shared-draft", "shared", 9, "draft", "CLEAR")
}

// harbour creates and publishes three editions.
func (p *testServer) harbour() {
	p.t.Helper()
	p.mutate(`createSeries(input: {slug: "tides", title: "Tides", cadence: WEEKLY, language: "en", description: "What the sea does."}) { created }`)
	for n := 1; n <= 3; n++ {
		p.mutate(`createEdition(input: {slug: "tides-%[1]d", series: "tides", number: %[1]d, title: "Tide %[1]d", language: "en", periodStart: "2026-04-13", periodEnd: "2026-04-26",
			items: [{headline: "A <crane> fell", summary: "It *fell*.", occurredOn: "2026-04-14"}]}) { created }
			publish(input: {documents: ["edition:tides-%[1]d"], publishedAt: "2024-05-0%[1]dT00:00:00Z"}) { state }`, n)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		p := newTestServer(t, s)
		p.harbour()
		got := p.get(public, "/editions/tides-2?utm_source=x")
		for _, want := range []string{
			"<title>Tides 2: Tide 2</title>", "A &lt;crane&gt; fell", "It <em>fell</em>.", `<link rel="canonical" href="https://site.example/editions/tides-2">`,
			`<link rel="prev" href="https://site.example/editions/tides-1">`, `<link rel="next" href="https://site.example/editions/tides-3">`, "13–26 April 2026",
			`"@type":"PublicationIssue"`, `<meta property="og:title" content="Tides 2: Tide 2">`, `href="https://api.example/subscribe"`, `<section class="item" id="item-`,
		} {
			if !strings.Contains(got.Body, want) {
				t.Errorf("there is no %q in it", want)
			}
		}
		if got.Status != http.StatusOK || got.Header.Get("Content-Type") != "text/html; charset=utf-8" || got.Header.Get("TLP") != "TLP:CLEAR" || got.Header.Get("Last-Modified") == "" {
			t.Errorf("got %d with %v", got.Status, got.Header)
		}
		if links := got.Header.Values("Link"); len(links) != 4 || links[1] != `<https://api.example/feeds/series/tides.atom>; rel="alternate"; type="application/atom+xml"` {
			t.Errorf("got the links %q", links)
		}
		if policy := got.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'; style-src 'sha256-") || strings.Contains(policy, "unsafe") {
			t.Errorf("got the policy %s", policy)
		}
		p.mutate(`updateEdition(input: {id: "tides-2", slug: "tides-two", message: "x"}) { changed } publish(input: {documents: ["edition:tides-two"]}) { state }`)
		if moved := p.get(public, "/editions/tides-2"); moved.Status != http.StatusMovedPermanently || moved.Header.Get("Location") != "./tides-two" {
			t.Errorf("a former slug: got %d to %q", moved.Status, moved.Header.Get("Location"))
		}
		p.mutate(`unpublish(input: {documents: ["edition:tides-two"]}) { state }`)
		for _, path := range []string{"/editions/tides-two", "/editions/tides-2", "/editions/%00", "/editions/%ff", "/editions/A%20b", "/editions/tides-1/x", "/editions/"} {
			if gone := p.get(public, path); gone.Status != http.StatusNotFound {
				t.Errorf("%s: got %d, want 404", path, gone.Status)
			}
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		p := newTestServer(t, s)
		if empty := p.get(public, "/editions"); empty.Status != http.StatusOK || !strings.Contains(empty.Body, "There are no editions yet.") {
			t.Errorf("without editions: got %d %s", empty.Status, empty.Body)
		}
		p.harbour()
		for _, path := range []string{"/editions", "/editions?series=tides"} {
			got := p.get(public, path)
			third, first := strings.Index(got.Body, "Tide 3"), strings.Index(got.Body, "Tide 1")
			if got.Status != http.StatusOK || third < 0 || first < third {
				t.Errorf("%s: got %d, the newest at %d and the oldest at %d", path, got.Status, third, first)
			}
		}
		for path, want := range map[string]int{
			"/editions?series=nothing": http.StatusNotFound, "/editions?after=x": http.StatusBadRequest, "/editions?series=tides&after=x": http.StatusBadRequest,
			"/editions?series=tides&after=": http.StatusBadRequest, "/editions?series=tides&series=tides": http.StatusBadRequest, "/editions?series=%FF": http.StatusNotFound,
		} {
			if got := p.get(public, path); got.Status != want {
				t.Errorf("%s: got %d %s, want %d", path, got.Status, got.Body, want)
			}
		}
	})
}
