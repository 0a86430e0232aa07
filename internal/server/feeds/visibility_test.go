package feeds_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/feeds/feedstest"
	"github.com/redthread-api/redthread/internal/server/feeds"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// levels are the markings, as in slugs.
var levels = []string{"clear", "green", "amber", "strict", "red"}

// samples are addresses of each route: those that all viewers can see,
// and, with "%s", those of what is marked with one of the levels.
var samples = map[string][]string{
	"/feeds":                   {"/feeds"},
	"/feeds/{file}":            {"/feeds/reports.rss", "/feeds/reports.atom", "/feeds/reports.json?first=1"},
	"/feeds/tags/{file}":       {"/feeds/tags/tag-%s.rss", "/feeds/tags/tag-%s.atom", "/feeds/tags/tag-%s.json?first=1"},
	"/feeds/entities/{file}":   {"/feeds/entities/entity-%s.rss", "/feeds/entities/entity-%s.atom", "/feeds/entities/entity-%s.json?first=1"},
	"/feeds/narratives/{file}": {"/feeds/narratives/narrative-%s.rss", "/feeds/narratives/narrative-%s.atom", "/feeds/narratives/narrative-%s.json?first=1"},
	"/feeds/series/{file}":     {"/feeds/series/shared.rss", "/feeds/series/of-%s.rss", "/feeds/series/of-%s.atom", "/feeds/series/shared.json?first=1"},
	"/sitemap.xml":             {"/sitemap.xml"},
	"/sitemaps/{file}":         {"/sitemaps/reports.xml", "/sitemaps/narratives.xml", "/sitemaps/editions.xml", "/sitemaps/entities.xml", "/sitemaps/tags.xml"},
}

// addresses are all samples.
func addresses(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, route := range feeds.Paths() {
		if len(samples[route]) == 0 {
			t.Fatalf("the route %s has no sample: give it one in samples", route)
		}
		for _, s := range samples[route] {
			if !strings.Contains(s, "%s") {
				all = append(all, s)
				continue
			}
			for _, level := range levels {
				all = append(all, fmt.Sprintf(s, level))
			}
		}
	}
	return all
}

// TestVisibility publishes documents of one marking after the other, each
// referring to all others, and checks that no response shows a trace of documents marked above the viewer's
// clearance: it stays what it was before they were
// published, byte for byte, with its dates and its header. So a new route
// needs no more than a sample.
func TestVisibility(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		p := newTestServer(t, s, 0)
		p.createAll()
		viewers := []*domain.Viewer{public, {Name: "ana", Role: domain.Author, Clearance: domain.Clear, KeyID: 9}}
		for m := domain.Clear; m <= domain.Red; m++ {
			viewers = append(viewers, cleared(m))
		}
		all := addresses(t)
		before := map[*domain.Viewer]map[string]response{}
		for m, level := range levels {
			p.mutate(`publish(input: {references: OMIT, publishedAt: "20%d-01-01T00:00:00Z", documents: ["entity:entity-%[2]s", "narrative:narrative-%[2]s",
				"report:report-%[2]s", "edition:of-%[2]s-1", "edition:shared-%[3]d"]}) { state }`, 10+m, level, m+1)
			if err := p.desk.Live().Project(t.Context()); err != nil { // on a busy machine, the publication may be pending
				t.Fatal(err)
			}
			for _, v := range viewers {
				now := p.everything(v, all)
				if v.Clearance < domain.Marking(m) {
					if d := cmp.Diff(before[v], now, cmp.AllowUnexported(response{})); d != "" {
						t.Errorf("%s (TLP:%v) can tell that something %s was published (-before +after):\n%s", v.Role, v.Clearance, level, d)
					}
				}
				before[v] = now
				for address, g := range now {
					p.wantNoLeak(v, address, g)
				}
				p.wantHiddenUnknown(v)
			}
		}
		for _, address := range all {
			if g := before[viewers[len(viewers)-1]][address]; g.status != http.StatusOK {
				t.Errorf("%s: who may see everything gets %d %s", address, g.status, g.body)
			}
		}
	})
}

// createAll creates, of each type, a document of each marking, and drafts.
func (p *testServer) createAll() {
	p.t.Helper()
	list := func(one string, more ...string) string {
		var all []string
		for _, level := range slices.Concat(levels, more) {
			all = append(all, fmt.Sprintf("%q", one+"-"+level))
		}
		return "[" + strings.Join(all, " ") + "]"
	}
	each := func(write func(level, marking string)) {
		for m, level := range levels {
			write(level, domain.Marking(m).String())
		}
		write("draft", "CLEAR")
	}
	each(func(l, m string) {
		p.mutate(`createTag(input: {slug: "tag-%[1]s", label: "Label-%[1]s", description: "d-%[1]s", vocabulary: TOPIC, marking: %s}) { created }`, l, m)
		p.mutate(`createAsset(input: {slug: "asset-%[1]s", title: "A-%[1]s", altText: "a-%[1]s", url: "https://files.example/f-%[1]s", mediaType: "image/png", size: 9, marking: %s}) { created }`, l, m)
		p.mutate(`createSource(input: {slug: "source-%[1]s", title: "S-%[1]s", url: "https://example.org/s-%[1]s", marking: %s}) { created }`, l, m)
		p.mutate(`createEntity(input: {slug: "entity-%[1]s", kind: PERSON, name: "N-%[1]s", description: "d-%[1]s", marking: %s}) { created }`, l, m)
	})
	each(func(l, m string) {
		p.mutate(`createNarrative(input: {slug: "narrative-%[1]s", title: "T-%[1]s", claim: "c-%[1]s", status: ACTIVE, description: "d-%[1]s", marking: %s}) { created }`, l, m)
	})
	each(func(l, m string) {
		var contributions string
		for _, level := range levels {
			contributions += fmt.Sprintf(`{entity: "entity-%s", role: AUTHOR}`, level)
		}
		p.mutate(`createReport(input: {slug: "report-%[1]s", title: "T-%[1]s", kind: BRIEF, language: "en", summary: "s-%[1]s", body: "b-%[1]s [[entity-clear]]", marking: %[2]s,
			tags: %[3]s, entities: %[4]s, narratives: %[5]s, attachments: %[6]s, hero: "asset-%[1]s", contributions: [%[7]s]}) { created }`,
			l, m, list("tag"), list("entity", "draft"), list("narrative", "draft"), list("asset"), contributions)
	})
	p.mutate(`createSeries(input: {slug: "shared", title: "Shared", cadence: WEEKLY, language: "en"}) { created }`)
	for m, level := range levels {
		p.mutate(`createSeries(input: {slug: "of-%[1]s", title: "Of-%[1]s", description: "d-%[1]s", cadence: WEEKLY, language: "en"}) { created }`, level)
		for series, number := range map[string]int{"of-" + level: 1, "shared": m + 1} {
			p.mutate(`createEdition(input: {series: %q, number: %d, title: "T-%[3]s", introduction: "i-%[3]s", language: "en", marking: %[4]s, items: [{
				headline: "h-%[3]s", summary: "s-%[3]s", analysis: "a-%[3]s", tags: %[5]s, citations: [{source: "source-clear"}, {source: "source-red"}]}]}) { created }`,
				series, number, level, domain.Marking(m), list("tag"))
		}
	}
}

// everything gets all URLs, and all pages after them.
func (p *testServer) everything(v *domain.Viewer, addresses []string) map[string]response {
	p.t.Helper()
	all := map[string]response{}
	for _, address := range addresses {
		for more := address; more != ""; {
			g := p.get(v, more)
			all[more] = g
			more = ""
			ext := strings.TrimPrefix(path.Ext(strings.Split(address, "?")[0]), ".")
			switch {
			case g.status != http.StatusOK:
			case ext == "xml":
				feedstest.Sitemap(p.t, []byte(g.body))
			case ext != "":
				feedstest.Feed(p.t, ext, []byte(g.body))
			}
			if ext == "json" && g.status == http.StatusOK {
				var page struct {
					Next string `json:"next_url"`
				}
				if err := json.Unmarshal([]byte(g.body), &page); err != nil {
					p.t.Fatal(err)
				}
				more = strings.TrimPrefix(page.Next, publicURL)
			}
		}
	}
	return all
}

var levelInText = regexp.MustCompile(`-(clear|green|amber|strict|red|draft)\b`)

func (p *testServer) wantNoLeak(v *domain.Viewer, address string, g response) {
	p.t.Helper()
	for _, found := range levelInText.FindAllStringSubmatch(g.body, -1) {
		if level := slices.Index(levels, found[1]); level < 0 || level > int(v.Clearance) {
			p.t.Fatalf("%s (TLP:%v) at %s sees %q: %s", v.Role, v.Clearance, address, found[0], g.body)
		}
	}
	if g.status != http.StatusOK {
		return
	}
	label := strings.ReplaceAll(strings.TrimPrefix(g.header.Get("TLP"), "TLP:"), "+", "_")
	if m, ok := domain.ParseMarking(label); !ok || m > v.Clearance {
		p.t.Errorf("%s (TLP:%v) at %s gets a response that is marked %q", v.Role, v.Clearance, address, label)
	}
}

// wantHiddenUnknown checks that the response is the same for a document above the
// viewer's clearance, published or not, and for a missing one.
func (p *testServer) wantHiddenUnknown(v *domain.Viewer) {
	p.t.Helper()
	for _, all := range samples {
		for _, sample := range all {
			if !strings.Contains(sample, "%s") {
				continue
			}
			unknown := p.get(v, fmt.Sprintf(sample, "nothing"))
			if unknown.status != http.StatusNotFound {
				p.t.Errorf("%s of nothing: got %d %s", sample, unknown.status, unknown.body)
			}
			for _, level := range slices.Concat(levels[v.Clearance+1:], []string{"draft"}) {
				if d := cmp.Diff(unknown, p.get(v, fmt.Sprintf(sample, level)), cmp.AllowUnexported(response{})); d != "" {
					p.t.Errorf("%s (TLP:%v): %s of %s differs from nothing (-nothing +it):\n%s", v.Role, v.Clearance, sample, level, d)
				}
			}
		}
	}
}
