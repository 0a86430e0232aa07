package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/server/feeds"
	"github.com/redthread-api/redthread/internal/server/respcache"
	"github.com/redthread-api/redthread/internal/server/rest"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// TestCacheThroughAHistory: after each of many random acts, a cached response is the same
// as a new one, bytes and headers, for viewers of each clearance: in the process that did
// the act, and in another on the same databases.
//
// REDTHREAD_TEST_ACTS is how many acts there are, and REDTHREAD_TEST_SEED the seed.
func TestCacheThroughAHistory(t *testing.T) {
	t.Parallel()
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return otherwise
	}
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		acts := 40
		if testing.Short() || s.Dialect() == dialect.Postgres {
			acts = 15
		}
		h := newCacheHistory(t, s, number("REDTHREAD_TEST_SEED", 1))
		for range number("REDTHREAD_TEST_ACTS", acts) {
			if h.act(); t.Failed() {
				return
			}
		}
		h.checkCounts()
	})
}

// cacheHistory is two caches in front of one API, of which one learns what is published
// as another process does.
type cacheHistory struct {
	t       *testing.T
	random  *rand.Rand
	seed    int
	acts    int
	log     []string // of the acts
	desk    *editorial.Desk
	other   *projection.Live
	fresh   http.Handler
	caches  []*respcache.Cache
	cached  []http.Handler
	viewers []*domain.Viewer
	asked   []func(context.Context) *http.Request
}

func newCacheHistory(t *testing.T, s *store.Stores, seed int) *cacheHistory {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	h := &cacheHistory{t: t, seed: seed, random: rand.New(rand.NewPCG(uint64(seed), 1)),
		desk: editorial.New(s, projection.New(s, log, time.Now).WithPatience(storetest.Patience), log, time.Now), other: projection.New(s, log, time.Now).WithPatience(storetest.Patience)}
	t.Cleanup(h.other.Close)
	publish(t, h.desk, rapid.Custom(randomContent).Example(seed))
	h.project()
	api := graph.Handler(graph.Config{Stores: s, Desk: h.desk, Log: log, Limits: noLimits})
	h.fresh = serverOver(api, h.desk, newCache(0, confirmed{h.desk}))
	for _, live := range []respcache.Live{confirmed{h.desk}, confirmedLive{h.other}} {
		cache := newCache(256<<20, live)
		h.caches, h.cached = append(h.caches, cache), append(h.cached, serverOver(api, h.desk, cache))
	}
	h.viewers = []*domain.Viewer{public}
	for m := domain.Clear; m <= domain.Red; m++ {
		h.viewers = append(h.viewers, &domain.Viewer{Name: m.String(), Role: domain.Partner, Clearance: m, KeyID: 1})
	}
	questions := newGrammar(t, s, liveRows(t, s), api).questions()
	for i := range 150 {
		q := questions.Example(seed<<20 + i)
		h.ask(q.Document, q.Variables)
	}
	h.askByHand()
	// Of fewer, each is asked more often.
	h.random.Shuffle(len(h.asked), func(i, j int) { h.asked[i], h.asked[j] = h.asked[j], h.asked[i] })
	h.asked = h.asked[:80]
	return h
}

func newCache(size int64, live respcache.Live) *respcache.Cache {
	return respcache.New(respcache.Config{Size: size, Live: live, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Quotas: limits.NewQuotas(noLimits, limits.NewMeter(time.Now))})
}

// confirmedLive is a live that another process reads.
type confirmedLive struct{ *projection.Live }

func (c confirmedLive) Version() projection.Version {
	v := c.Live.Version()
	v.ConfirmedAt = time.Now()
	return v
}

// serverOver has the endpoints whose responses are cached.
func serverOver(api *transport.Handler, desk *editorial.Desk, cache *respcache.Cache) http.Handler {
	log := slog.New(slog.DiscardHandler)
	mux := http.NewServeMux()
	mux.Handle("/graphql", cache.Wrap(api))
	mux.Handle("/v1/", cache.Wrap(rest.New(api, log)))
	mux.Handle("/", cache.Wrap(feeds.Handler(feeds.Config{
		Content: api, PublicURL: "https://api.example", Changes: desk.Live(), Log: log,
		Site: site.Site{URL: "https://example.org"},
		Refuse: func(w http.ResponseWriter, _ *http.Request, status int, code, _ string) {
			http.Error(w, code, status)
		},
	})))
	return mux
}

// ask adds a query, which is sent with the method QUERY: its responses have validators.
func (h *cacheHistory) ask(document string, variables map[string]any) {
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		h.t.Fatal(err)
	}
	h.asked = append(h.asked, func(ctx context.Context) *http.Request {
		r := httptest.NewRequestWithContext(ctx, transport.MethodQuery, "/graphql", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		return r
	})
}

func (h *cacheHistory) get(target string) {
	h.asked = append(h.asked, func(ctx context.Context) *http.Request {
		return httptest.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	})
}

// askByHand adds the queries that sites send, for many documents.
func (h *cacheHistory) askByHand() {
	for _, kind := range howMany {
		for n := range kind.n {
			slug, of := fmt.Sprintf("%s-%d", kind.of, n), kind.of.String()
			if n%3 == 1 {
				slug = "was-" + slug
			}
			h.ask(fmt.Sprintf("{ %s(slug: %q) { __typename id slug marking displayName } }", of, slug), nil)
			if n < 4 {
				h.get(fmt.Sprintf("/v1/%ss/%s", of, slug))
			}
			switch kind.of {
			case domain.Tag:
				h.ask(fmt.Sprintf(`{ reports(first: 3, filter: {tags: {slug: {eq: %q}}}) { totalCount nodes { slug title tags { label } entities { totalCount nodes { name } } } } }`, slug), nil)
				h.ask(fmt.Sprintf(`{ narratives(filter: {and: [{tags: {slug: {in: [%q, "tag-1"]}}}, {not: {targets: {}}}]}) { totalCount nodes { slug } } }`, slug), nil)
				h.ask(fmt.Sprintf(`{ tag(slug: %q) { label parent { label } children { slug } reports(first: 2) { totalCount nodes { slug } } entities { nodes { name } } narratives { totalCount } } }`, slug), nil)
				h.ask(fmt.Sprintf(`{ tag(slug: %q) { editions(first: 2) { totalCount nodes { displayName } } } }`, slug), nil)
				h.get("/feeds/tags/" + slug + ".atom")
				h.get("/v1/reports?tag=" + slug + "&totalCount=true")
			case domain.Entity:
				h.ask(fmt.Sprintf(`{ reports(filter: {entities: {slug: {eq: %q}}, tags: {slug: {in: ["tag-1", "tag-2", "tag-3"]}}}) { totalCount nodes { slug } } }`, slug), nil)
				h.ask(fmt.Sprintf(`{ entity(slug: %q) { name relationships(first: 20) { totalCount nodes { kind from { slug name relationships { totalCount nodes { to { name } } } } to { name tags { label } } citations { source { title } } } } mentionedIn { nodes { slug } } } }`, slug), nil)
				h.ask(fmt.Sprintf(`{ entity(slug: %q) { editions { nodes { slug } } mentions(first: 4) { totalCount nodes { displayName linked document { slug } passages(first: 2) { field html } } } } }`, slug), nil)
				h.get("/v1/entities/" + slug + "/relationships")
				h.get("/feeds/entities/" + slug + ".rss")
			case domain.Report:
				h.ask(fmt.Sprintf(`{ report(slug: %q) { title summary(format: HTML) body(format: HTML) footnotes { source { title } } contributions { role entity { name } } hero { url } attachments { slug } narratives { slug status } } }`, slug), nil)
			case domain.Source:
				h.ask(fmt.Sprintf(`{ source(slug: %q) { title reports { totalCount nodes { slug } } } }`, slug), nil)
				h.ask(fmt.Sprintf(`{ source(slug: %q) { citedBy(first: 5) { totalCount counts { kind count } nodes { kind displayName locator document { slug } } } } }`, slug), nil)
			case domain.Narrative:
				h.ask(fmt.Sprintf(`{ narrative(slug: %q) { title description(format: HTML) parent { slug } children { nodes { slug } } targets(first: 2, orderBy: {field: NAME, direction: ASC}) { nodes { name } } amplifiers { totalCount nodes { slug } } observations(first: 3) { totalCount nodes { citations { source { slug } } platform { slug } } } reports { totalCount } } }`, slug), nil)
				h.ask(fmt.Sprintf(`{ narrative(slug: %q) { tree { complete path { slug } nodes { depth childCount hidden observationCount targetCount amplifierCount narrative { slug title } } } } }`, slug), nil)
				h.ask(fmt.Sprintf(`{ narrativeActors(role: TARGET, filter: {within: %q}) { totalCount narrativeCount actors { narrativeCount observationCount entity { name } } } }`, slug), nil)
			case domain.Edition:
				h.ask(fmt.Sprintf(`{ edition(slug: %q) { title items { headline tags { slug } entities { name } citations { quote source { title } } } } }`, slug), nil)
			}
		}
	}
	for _, target := range []string{"/feeds", "/feeds/reports.atom", "/feeds/reports.json", "/sitemap.xml", "/v1/changes", "/v1/tags", "/v1/reports?first=5&totalCount=true", "/v1/entities?orderBy=NAME"} {
		h.get(target)
	}
	h.ask(`{ changes(first: 10) { nodes { kind documentId } head } }`, nil)
	h.ask(`{ __schema { queryType { name } } }`, nil)
	for name, query := range map[string]string{"reports": "", "entities": "", "tags": "", "relationships": "", "sources": "", "assets": ""} {
		h.ask(fmt.Sprintf("{ %s(first: 4%s) { totalCount nodes { slug } pageInfo { hasNextPage } } }", name, query), nil)
	}
}

func (h *cacheHistory) project() {
	h.t.Helper()
	if err := h.other.Project(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// act does something, and compares some responses with new ones.
func (h *cacheHistory) act() {
	h.t.Helper()
	h.acts++
	what := rapid.Custom(h.randomAct).Example(h.seed<<20 + h.acts)
	err := what.do(domain.WithViewer(h.t.Context(), editor), h.desk)
	switch domain.KindOf(err) {
	case domain.KindConflict, domain.KindInvalid, domain.KindNotFound:
	default:
		if err != nil {
			h.t.Fatalf("%s: %v", what.name, err)
		}
	}
	h.log = append(h.log, fmt.Sprintf("%s (%v)", what.name, err))
	h.project()
	for range 150 {
		v, request := h.viewers[h.random.IntN(len(h.viewers))], h.asked[h.random.IntN(len(h.asked))]
		ctx := domain.WithViewer(h.t.Context(), v)
		want := recorded(h.fresh, request(ctx))
		for i, cached := range h.cached {
			got := recorded(cached, request(ctx))
			warm := got.Header().Get("Age") != ""
			if got.Code == want.Code && got.Body.String() == want.Body.String() && reflect.DeepEqual(comparable(got), comparable(want)) {
				continue
			}
			r := request(ctx)
			body, err := io.ReadAll(r.Body)
			if err != nil {
				h.t.Fatal(err)
			}
			h.t.Errorf("seed %d: a viewer of TLP:%v gets from cache %d (warm: %t) for %s %s %s\n%d %v %s\ninstead of\n%d %v %s\nafter\n%s",
				h.seed, v.Clearance, i, warm, r.Method, r.URL, body, got.Code, comparable(got), got.Body, want.Code, comparable(want), want.Body,
				strings.Join(h.log[max(len(h.log)-12, 0):], "\n"))
			return
		}
	}
}

func recorded(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	out := httptest.NewRecorder()
	out.Header().Set("Cache-Control", "no-store")
	handler.ServeHTTP(out, r)
	return out
}

// comparable is the header of a response without what differs between two of the same
// content: a cached one has an age, the rest of the quota, and the Last-Modified of when
// it was made, which is that of the last release that changed it or any later one.
func comparable(out *httptest.ResponseRecorder) http.Header {
	header := out.Header().Clone()
	for _, name := range []string{"Age", "Ratelimit", "Ratelimit-Policy", "Last-Modified"} {
		header.Del(name)
	}
	return header
}

// checkCounts wants most of the responses to have been cached.
func (h *cacheHistory) checkCounts() {
	h.t.Helper()
	done := 0
	for _, line := range h.log {
		if strings.HasSuffix(line, "(<nil>)") {
			done++
		}
	}
	h.t.Logf("%d of %d acts were done; %+v; %+v", done, h.acts, h.caches[0].Stats(), h.caches[1].Stats())
	for _, cache := range h.caches {
		if s := cache.Stats(); s.Hits*4 < s.Misses || s.Dropped == 0 {
			h.t.Errorf("little came from the cache, or nothing was dropped: %+v", s)
		}
	}
	if done*3 < h.acts {
		h.t.Errorf("%d of %d acts were done: too few to tell much", done, h.acts)
	}
}

// historyAct is something that staff do.
type historyAct struct {
	name string
	do   func(context.Context, *editorial.Desk) error
}

// randomAct makes up an act. Documents are named by the slugs of the content, which they
// have or had.
func (h *cacheHistory) randomAct(rt *rapid.T) historyAct {
	l := &contentGenerator{dice: dice{rt}, docs: map[domain.Type][]made{}}
	for _, kind := range howMany {
		for n := range kind.n {
			l.docs[kind.of] = append(l.docs[kind.of], made{fmt.Sprintf("%s-%d", kind.of, n), domain.Clear})
		}
	}
	kind := pick(l.dice, howMany)
	n := l.below(kind.n)
	slug := fmt.Sprintf("%s-%d", kind.of, n)
	name := kind.of.String() + ":" + slug
	marking := pick(l.dice, []domain.Marking{domain.Clear, domain.Clear, domain.Green, domain.Amber, domain.AmberStrict, domain.Red})
	release := func(ctx context.Context, desk *editorial.Desk) error {
		if kind.of.Supporting() {
			return nil
		}
		_, err := desk.Publish(ctx, editorial.PublishParams{Documents: []string{name}, References: editorial.Omit})
		return err
	}
	save := func(what string, f fields) historyAct {
		return historyAct{what + " " + name, func(ctx context.Context, desk *editorial.Desk) error {
			f["id"] = slug
			if _, err := desk.Save(ctx, editorial.SaveParams{Type: kind.of, Mode: editorial.Update, Fields: f}); err != nil {
				return err
			}
			return release(ctx, desk)
		}}
	}
	unpublish := func(ctx context.Context, desk *editorial.Desk) error {
		_, err := desk.Unpublish(ctx, editorial.UnpublishParams{Documents: []string{name}})
		return err
	}
	switch d := l.below(100); {
	case d < 30:
		f := l.fields(kind.of, n, marking)
		if l.chance(30) {
			f["marking"] = marking.String()
		}
		return save("rewrite", f)
	case d < 45:
		return save("mark as "+marking.String(), fields{"marking": marking.String()})
	case d < 55:
		to := pick(l.dice, []string{slug, slug + "-b", slug + "-c"})
		return save("rename to "+to, fields{"slug": to})
	case d < 65:
		return historyAct{"unpublish " + name, unpublish}
	case d < 72:
		return historyAct{"publish " + name, release}
	case d < 78:
		return historyAct{"delete " + name, func(ctx context.Context, desk *editorial.Desk) error {
			if !kind.of.Supporting() {
				if err := unpublish(ctx, desk); err != nil && domain.KindOf(err) == domain.KindInternal {
					return err
				}
			}
			_, err := desk.Delete(ctx, editorial.DeleteParams{Type: kind.of, ID: slug})
			return err
		}}
	case d < 83:
		return historyAct{"undelete " + name, func(ctx context.Context, desk *editorial.Desk) error {
			if _, err := desk.Undelete(ctx, name); err != nil {
				return err
			}
			return release(ctx, desk)
		}}
	case d < 87:
		merge := editorial.MergeParams{From: []string{l.one(domain.Entity)}, Into: l.one(domain.Entity), AllowKindChange: true}
		return historyAct{fmt.Sprintf("merge %v into %s", merge.From, merge.Into), func(ctx context.Context, desk *editorial.Desk) error {
			_, err := desk.MergeEntities(ctx, merge)
			return err
		}}
	case d < 95:
		var in, out []string
		for range 4 {
			kind := pick(l.dice, howMany)
			name := kind.of.String() + ":" + l.one(kind.of)
			switch {
			case kind.of.Supporting(), slices.Contains(in, name), slices.Contains(out, name):
			case l.chance(60):
				in = append(in, name)
			default:
				out = append(out, name)
			}
		}
		return historyAct{fmt.Sprintf("publish %v and unpublish %v", in, out), func(ctx context.Context, desk *editorial.Desk) error {
			_, err := desk.Release(ctx, editorial.ReleaseParams{Publish: in, Unpublish: out, References: editorial.Omit})
			return err
		}}
	case d < 98:
		slug := fmt.Sprintf("%s-n%d", kind.of, h.acts)
		f := l.fields(kind.of, n, marking)
		f["slug"], f["marking"] = slug, marking.String()
		return historyAct{"create " + slug, func(ctx context.Context, desk *editorial.Desk) error {
			if _, err := desk.Save(ctx, editorial.SaveParams{Type: kind.of, Mode: editorial.Create, Fields: f}); err != nil || kind.of.Supporting() {
				return err
			}
			_, err := desk.Publish(ctx, editorial.PublishParams{Documents: []string{kind.of.String() + ":" + slug}, References: editorial.Omit})
			return err
		}}
	}
	return historyAct{"rebuild", func(ctx context.Context, desk *editorial.Desk) error {
		admin := &domain.Viewer{Name: "ada", Role: domain.Admin, Clearance: domain.Red, KeyID: 9}
		_, err := desk.RebuildLive(domain.WithViewer(ctx, admin), nil)
		return err
	}}
}
