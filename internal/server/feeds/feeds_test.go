package feeds_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mmcdole/gofeed"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/feeds/feedstest"
	"github.com/redthread-api/redthread/internal/server/feeds"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// each runs fn on each engine, over a server with a few documents.
func each(t *testing.T, fn func(t *testing.T, p *testServer)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		p := newTestServer(t, s, 0)
		p.createReports()
		fn(t, p)
	})
}

// createReports creates three reports on cranes, one of which is GREEN, and a series.
func (p *testServer) createReports() {
	p.t.Helper()
	p.mutate(`a: createTag(input: {slug: "cranes", label: "Cranes & more", description: "On *cranes*.", vocabulary: TOPIC}) { created }
		b: createAsset(input: {slug: "pdf", title: "One (PDF)", url: "https://files.example/one.pdf", mediaType: "application/pdf", size: 1234, altText: "x"}) { created }
		c: createAsset(input: {slug: "photo", url: "https://files.example/crane.jpg", mediaType: "image/jpeg", altText: "A crane"}) { created }
		d: createSource(input: {slug: "gazette", title: "Gazette <1>", url: "https://gazette.example/1"}) { created }
		e: createEntity(input: {slug: "works", kind: COMPANY, name: "Crane Works"}) { created }
		f: createEntity(input: {slug: "ann", kind: PERSON, name: "Ann", description: "At [[works]]."}) { created }
		g: createEntity(input: {slug: "bo", kind: PERSON, name: "Bo"}) { created }
		h: createNarrative(input: {slug: "safe", title: "Cranes are safe", claim: "All cranes are safe.", status: ACTIVE}) { created }`)
	p.mutate(`a: createReport(input: {slug: "old", title: "Old", kind: BRIEF, language: "en", summary: "The old one.", body: "See [[works]]."}) { created }
		b: createReport(input: {slug: "new", title: "New", kind: RESEARCH, language: "ja", summary: "The new one.", body: "On [[works|them]].[^1]\n\n![p](/p.png)\n\n[^1]: Known. [@gazette, p. 2]",
			tags: ["cranes"], entities: ["ann"], narratives: ["safe"], hero: "photo", attachments: ["pdf"],
			contributions: [{entity: "ann", role: AUTHOR}, {entity: "ann", role: ANALYST}, {entity: "bo", role: REVIEWER}]}) { created }
		c: createReport(input: {slug: "green", title: "Green", kind: BRIEF, language: "en", summary: "For some.", body: "x", marking: GREEN, tags: ["cranes"]}) { created }
		s: createSeries(input: {title: "Weekly & more", description: "By [[works]].", cadence: WEEKLY, language: "en"}) { created }
		d: createEdition(input: {series: "weekly-more", number: 7, title: "Week seven", introduction: "Of [[works]].", language: "en", items: [
			{headline: "A <crane> fell", occurredOn: "2024-02", summary: "It *fell*.", analysis: "Why.", tags: ["cranes"], citations: [{source: "gazette"}]}, {headline: "Nothing", summary: "No.", tags: ["cranes"]}]}) { created }`)
	for at, document := range map[string]string{"2024-01-01": "report:old", "2024-02-01": "report:new", "2024-03-01": "report:green", "2024-02-02": "edition:weekly-more-7"} {
		p.mutate(`publish(input: {documents: [%q], references: INCLUDE, publishedAt: "%sT08:00:00Z"}) { state }`, document, at)
	}
}

func titles(f *gofeed.Feed) string {
	var all []string
	for _, it := range f.Items {
		all = append(all, it.Title)
	}
	return strings.Join(all, ", ")
}

func TestFeeds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *testServer) {
		for path, want := range map[string]struct{ title, home, public, green string }{
			"/feeds/reports":            {"Harbour Press", "/", "New, Old", "Green, New, Old"},
			"/feeds/tags/cranes":        {"Harbour Press: Cranes & more", "/tags/cranes", "New", "Green, New"},
			"/feeds/entities/works":     {"Harbour Press: Crane Works", "/entities/works", "New, Old", "New, Old"}, // which mention them
			"/feeds/entities/ann":       {"Harbour Press: Ann", "/entities/ann", "New", "New"},                     // which is about her
			"/feeds/narratives/safe":    {"Harbour Press: Cranes are safe", "/narratives/safe", "New", "New"},
			"/feeds/series/weekly-more": {"Harbour Press: Weekly & more", "/", "Weekly & more 7: Week seven", "Weekly & more 7: Week seven"},
		} {
			for _, ext := range []string{"rss", "atom", "json"} {
				for v, items := range map[*domain.Viewer]string{public: want.public, cleared(domain.Green): want.green} {
					g := p.getOK(v, path+"."+ext)
					f := feedstest.Feed(t, ext, []byte(g.body))
					if f.Title != want.title || f.Link != siteURL+want.home || titles(f) != items {
						t.Errorf("%s.%s: got %q, %q, %q; want %q, %q, %q", path, ext, f.Title, f.Link, titles(f), want.title, siteURL+want.home, items)
					}
					if self := publicURL + strings.ReplaceAll(path, "&", "&amp;") + "." + ext; ext == "rss" && !strings.Contains(g.body, self) {
						t.Errorf("%s.%s does not link to %s: %s", path, ext, self, g.body)
					}
				}
			}
		}
	})
}

func TestItems(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *testServer) {
		g := p.getOK(public, "/feeds/tags/cranes.atom")
		if want := "application/atom+xml; charset=utf-8"; g.header.Get("Content-Type") != want {
			t.Errorf("the type is %q, want %q", g.header.Get("Content-Type"), want)
		}
		it := feedstest.Feed(t, "atom", []byte(g.body)).Items[0]
		const page = siteURL + "/reports/new"
		if it.Link != page || it.Description != "The new one." || it.Published != "2024-02-01T08:00:00Z" || it.Authors[0].Name != "Ann" || len(it.Authors) != 1 ||
			!slices.Equal(it.Categories, []string{"Cranes & more"}) {
			t.Errorf("got %+v", it)
		}
		for _, want := range []string{`<a href="` + siteURL + `/entities/works" class="entity">them</a>`, `href="` + page + `#fn-1"`,
			`<cite><a href="https://gazette.example/1" class="source" rel="nofollow noopener">Gazette &lt;1&gt;</a></cite>, p. 2`, `src="` + siteURL + `/p.png"`} {
			if !strings.Contains(it.Content, want) {
				t.Errorf("the text lacks %s: %s", want, it.Content)
			}
		}
		for _, want := range []string{
			`<contributor>
      <name>Bo</name>`, `xml:lang="ja"`, `<category term="cranes"`,
			`<link rel="enclosure" href="https://files.example/one.pdf" type="application/pdf" length="1234" title="One (PDF)">`,
			`<link rel="enclosure" href="https://files.example/crane.jpg" type="image/jpeg" title="A crane">`,
		} {
			if !strings.Contains(g.body, want) {
				t.Errorf("there is no %s in %s", want, g.body)
			}
		}
		if of := feedstest.Feed(t, "rss", []byte(p.getOK(public, "/feeds/entities/ann.rss").body)); of.Description != "At Crane Works." {
			t.Errorf("the feed of an entity says %q of it", of.Description)
		}
		edition := feedstest.Feed(t, "json", []byte(p.getOK(public, "/feeds/series/weekly-more.json").body)).Items[0]
		const text = `<p>Of <a href="https://site.example/entities/works" class="entity">Crane Works</a>.</p>
<h2>A &lt;crane&gt; fell</h2>
<p><time datetime="2024-02">February 2024</time></p>
<p>It <em>fell</em>.</p>
<p>Why.</p>
<p>Topics: <a href="https://site.example/tags/cranes">Cranes &amp; more</a></p>
<p>Sources:<br>
[1] <a href="https://gazette.example/1">Gazette &lt;1&gt;</a></p>
<h2>Nothing</h2>
<p>No.</p>
<p>Topics: <a href="https://site.example/tags/cranes">Cranes &amp; more</a></p>
`
		if d := cmp.Diff(text, edition.Content); d != "" {
			t.Error(d)
		}
		if edition.Link != siteURL+"/e/weekly-more-7" || edition.Description != "Of Crane Works." && edition.Description != "Of works." {
			t.Errorf("got %q, %q", edition.Link, edition.Description)
		}
	})
}

// The pages of a feed together are the feed.
func TestPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *testServer) {
		v := cleared(domain.Green)
		first := feedstest.Feed(t, "json", []byte(p.getOK(v, "/feeds/reports.json?first=2").body))
		g := p.getOK(v, "/feeds/reports.atom?first=2")
		next := between(t, g.body, `<link rel="next" href="`, `"`)
		if !strings.HasPrefix(next, publicURL+"/feeds/reports.atom?after=") || strings.Contains(g.body, `rel="first"`) {
			t.Errorf("the next page of the first is %s: %s", next, g.body)
		}
		g = p.getOK(v, strings.TrimPrefix(strings.ReplaceAll(next, "&amp;", "&"), publicURL))
		second := feedstest.Feed(t, "atom", []byte(g.body))
		if got := titles(first) + ", " + titles(second); got != "Green, New, Old" {
			t.Errorf("got %s", got)
		}
		if strings.Contains(g.body, `rel="next"`) || between(t, g.body, `<link rel="first" href="`, `"`) != publicURL+"/feeds/reports.atom?first=2" ||
			between(t, g.body, `<link rel="self" href="`, `"`) != next {
			t.Errorf("the links of the last page are wrong: %s", g.body)
		}
	})
}

func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, from)
	found, _, more := strings.Cut(rest, to)
	if !ok || !more {
		t.Fatalf("no %s in %s", from, text)
	}
	return found
}

func TestInvalidURLs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *testServer) {
		for path, want := range map[string]string{
			"/feeds/reports.rss?first=1&first=2":                  "400 BAD_USER_INPUT: first: give it once",
			"/feeds/reports.rss?first=":                           "400 BAD_USER_INPUT: first: want a whole number from 1 to 50",
			"/feeds/reports.rss?first=0":                          "400 BAD_USER_INPUT: first: want a whole number from 1 to 50",
			"/feeds/reports.rss?first=51":                         "400 BAD_USER_INPUT: first: want a whole number from 1 to 50",
			"/feeds/tags/cranes.rss?first=1.5":                    "400 BAD_USER_INPUT: first: want a whole number from 1 to 50",
			"/feeds/tags/cranes.rss?after=":                       "400 BAD_USER_INPUT: after: want the cursor of a page, or leave it out",
			"/feeds/tags/cranes.rss?after=x":                      "400 BAD_USER_INPUT: after: this is not the cursor of a page of this list",
			"/feeds/reports.rss?first=%zz":                        "400 BAD_USER_INPUT: first: the value is not encoded correctly",
			"/sitemaps/tags.xml?after=x":                          "400 BAD_USER_INPUT: after: this is not the cursor of a page of this list",
			"/feeds/reports":                                      "404 NOT_FOUND: there is nothing at this address",
			"/feeds/reports.xml":                                  "404 NOT_FOUND: there is nothing at this address",
			"/feeds/other.rss":                                    "404 NOT_FOUND: there is nothing at this address",
			"/feeds/":                                             "404 NOT_FOUND: there is nothing at this address",
			"/feeds/tags/.rss":                                    "404 NOT_FOUND: there is nothing at this address",
			"/feeds/tags/nothing.rss":                             "404 NOT_FOUND: there is nothing at this address",
			"/feeds/tags/Cranes.rss":                              "404 NOT_FOUND: there is nothing at this address",
			"/feeds/tags/%00.rss":                                 "404 NOT_FOUND: there is nothing at this address",
			"/feeds/series/%ff%00.rss":                            "404 NOT_FOUND: there is nothing at this address",
			"/feeds/series/a%2Fb.rss":                             "404 NOT_FOUND: there is nothing at this address",
			"/feeds/series/" + strings.Repeat("x", 9000) + ".rss": "404 NOT_FOUND: there is nothing at this address",
			"/feeds/tags/" + url.PathEscape(`" or 1=1`) + ".rss":  "404 NOT_FOUND: there is nothing at this address",
			"/feeds/narratives/nothing.atom":                      "404 NOT_FOUND: there is nothing at this address",
			"/sitemaps/sources.xml":                               "404 NOT_FOUND: there is nothing at this address",
			"/sitemaps/tags.json":                                 "404 NOT_FOUND: there is nothing at this address",
		} {
			g := p.get(public, path)
			if got := fmt.Sprintf("%d %s", g.status, strings.TrimSpace(g.body)); got != want {
				t.Errorf("%.80s: got %s, want %s", path, got, want)
			}
		}
	})
}

// The URL of a feed with a former slug redirects to the present one.
func TestFormerSlug(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *testServer) {
		p.mutate(`updateTag(input: {id: "cranes", slug: "lifting"}) { changed }`)
		g := p.get(public, "/feeds/tags/cranes.atom?first=7")
		if want := "lifting.atom?first=7"; g.status != http.StatusMovedPermanently || g.header.Get("Location") != want || g.body != "" {
			t.Errorf("got %d to %q, want %q", g.status, g.header.Get("Location"), want)
		}
		p.getOK(public, "/feeds/tags/lifting.atom?first=7")
	})
}

// Feeds of series had the name of the series in their address, before series had slugs. The
// name is the same in each Unicode normal form.
func TestSeriesByTheirNames(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *testServer) {
		p.mutate(`createSeries(input: {slug: "buecher", title: "Bücher: Blätter", cadence: WEEKLY, language: "de"}) { created }`)
		p.mutate(`createEdition(input: {slug: "bb-1", series: "buecher", number: 1, title: "One", language: "de", items: [{headline: "h", summary: "s"}]}) { created }`)
		p.mutate(`publish(input: {documents: ["edition:bb-1"], references: INCLUDE}) { state }`)
		g := p.get(public, "/feeds/series/"+url.PathEscape("Bu\u0308cher: Bla\u0308tter")+".rss?first=3")
		if want := "./buecher.rss?first=3"; g.status != http.StatusMovedPermanently || g.header.Get("Location") != want || g.body != "" {
			t.Errorf("got %d to %q, want %q", g.status, g.header.Get("Location"), want)
		}
		p.getOK(public, "/feeds/series/buecher.rss?first=3")
	})
}

// The bytes are the same whatever the header of the request: responses are cached.
func TestRequestHeadersHaveNoEffect(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *testServer) {
		for _, path := range []string{"/feeds", "/feeds/reports.rss", "/feeds/reports.atom", "/feeds/tags/cranes.json", "/sitemap.xml", "/sitemaps/reports.xml"} {
			want := p.getOK(public, path)
			got := p.get(public, path, "Host", "evil.example", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "gopher", "Forwarded", "host=evil.example",
				"Accept", "text/html", "Accept-Language", "ja", "If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")
			if d := cmp.Diff(want, got, cmp.AllowUnexported(want)); d != "" {
				t.Errorf("%s differs:\n%s", path, d)
			}
		}
	})
}

// Feed readers and shared links have parameters of their own.
func TestUnknownParametersAreIgnored(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *testServer) {
		for _, path := range []string{"/feeds", "/feeds/reports.rss", "/feeds/tags/cranes.json", "/sitemap.xml", "/sitemaps/tags.xml"} {
			want := p.getOK(public, path)
			for _, query := range []string{"utm_source=x&utm_medium=y", "x", "a=%zz", "%zz", "a;b", "First=1", "&&", "utm=1&utm=2"} {
				if d := cmp.Diff(want, p.get(public, path+"?"+query), cmp.AllowUnexported(want)); d != "" {
					t.Errorf("%s?%s differs:\n%s", path, query, d)
				}
			}
		}
		one, same := p.getOK(public, "/feeds/reports.rss?first=1"), p.getOK(public, "/feeds/reports.rss?fbclid=1&first=1&x;y")
		if d := cmp.Diff(one, same, cmp.AllowUnexported(one)); d != "" {
			t.Errorf("known ones beside others:\n%s", d)
		}
		for given, want := range map[string]string{
			"": "", "utm_source=x": "", "a=1&first=%32&b&after=x%2By": "first=%32&after=x%2By", "first": "first=",
		} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/feeds/reports.rss?"+given, http.NoBody)
			feeds.IgnoreUnknown(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if r.URL.RawQuery != want {
					t.Errorf("%s becomes %s, want %s", given, r.URL.RawQuery, want)
				}
			})).ServeHTTP(httptest.NewRecorder(), r)
		}
	})
}

// When the newest report is unpublished, the feed has changed, and its
// Last-Modified says so.
func TestUnpublish(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *testServer) {
		p.mutate(`updateReport(input: {id: "new", title: "Newer"}) { changed } publish(input: {documents: ["report:new"]}) { state }`)
		before := p.getOK(public, "/feeds/reports.rss")
		p.mutate(`unpublish(input: {documents: ["report:new"]}) { state }`)
		after := p.get(public, "/feeds/reports.rss", "If-Modified-Since", before.header.Get("Last-Modified"))
		was, err := http.ParseTime(before.header.Get("Last-Modified"))
		is, err2 := http.ParseTime(after.header.Get("Last-Modified"))
		if err != nil || err2 != nil || !is.After(was) || after.status != http.StatusOK || strings.Contains(after.body, "New") {
			t.Errorf("got %d, %v after %v: %s", after.status, is, was, after.body)
		}
	})
}

func TestNothingPublished(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		p := newTestServer(t, s, 0)
		for _, ext := range []string{"rss", "atom", "json"} {
			g := p.getOK(public, "/feeds/reports."+ext)
			if f := feedstest.Feed(t, ext, []byte(g.body)); len(f.Items) != 0 || g.header.Get("Last-Modified") != "" {
				t.Errorf("%s: got %d items and %v", ext, len(f.Items), g.header)
			}
		}
		if got := feedstest.Sitemap(t, []byte(p.getOK(public, "/sitemap.xml").body)); !slices.Equal(got, []string{siteURL + "/"}) {
			t.Errorf("the sitemap has %v", got)
		}
		if g := p.getOK(public, "/feeds"); !strings.Contains(g.body, "/feeds/reports.rss") {
			t.Errorf("got %s", g.body)
		}
	})
}

func TestIndex(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *testServer) {
		g := p.getOK(public, "/feeds")
		for _, want := range []string{
			`<link rel="alternate" type="application/rss&#43;xml" title="Harbour Press: all reports (RSS 2.0)" href="https://api.example/feeds/reports.rss">`,
			`<link rel="alternate" type="application/feed&#43;json" title="Harbour Press: Weekly &amp; more (JSON Feed)" href="https://api.example/feeds/series/weekly-more.json">`,
			`<a href="feeds" aria-current="page">Feeds</a>`,
			`<li><span>Cranes &amp; more</span><span class="formats"> <a href="https://api.example/feeds/tags/cranes.rss">RSS 2.0</a>`,
		} {
			if !strings.Contains(g.body, want) {
				t.Errorf("there is no %s in %s", want, g.body)
			}
		}
		_, style, _ := strings.Cut(g.body, "<style>")
		style, _, _ = strings.Cut(style, "</style>")
		sum := sha256.Sum256([]byte(style))
		if want := base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(g.header.Get("Content-Security-Policy"), want) {
			t.Errorf("the policy %q does not allow the page's style, %s", g.header.Get("Content-Security-Policy"), want)
		}
	})
}

func TestSitemap(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *testServer) {
		want := []string{
			siteURL + "/", siteURL + "/reports/old", siteURL + "/reports/new", siteURL + "/narratives/safe", siteURL + "/e/weekly-more-7",
			siteURL + "/entities/works", siteURL + "/entities/ann", siteURL + "/entities/bo", siteURL + "/tags/cranes",
		}
		got := feedstest.Sitemap(t, []byte(p.getOK(public, "/sitemap.xml").body))
		if d := cmp.Diff(sorted(want), sorted(got)); d != "" {
			t.Error(d)
		}
		g := p.getOK(cleared(domain.Green), "/sitemap.xml")
		if !strings.Contains(g.body, siteURL+"/reports/green") || g.header.Get("TLP") != "TLP:GREEN" {
			t.Errorf("a partner gets, marked %q, %s", g.header.Get("TLP"), g.body)
		}
	})
}

func sorted(all []string) []string {
	all = slices.Clone(all)
	slices.Sort(all)
	return all
}

// A large sitemap is an index of parts, which have each page once.
func TestSitemapInParts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		p := newTestServer(t, s, 100)
		p.createReports()
		var want, publish []string
		for i := range 230 {
			p.mutate(`createEntity(input: {slug: "more-%[1]d", kind: PLACE, name: "More %[1]d"}) { created }`, i)
			publish = append(publish, fmt.Sprintf(`"entity:more-%d"`, i))
			want = append(want, fmt.Sprintf("%s/entities/more-%d", siteURL, i))
		}
		p.mutate(`publish(input: {documents: [%s]}) { state }`, strings.Join(publish, " "))
		g := p.getOK(public, "/sitemap.xml")
		if !strings.Contains(g.body, "<sitemapindex") {
			t.Fatalf("got no index: %s", g.body)
		}
		var pages []string
		parts := feedstest.Sitemap(t, []byte(g.body))
		for _, part := range parts {
			path, ok := strings.CutPrefix(part, publicURL)
			if !ok {
				t.Fatalf("a part is at %s", part)
			}
			pages = append(pages, feedstest.Sitemap(t, []byte(p.getOK(public, path).body))...)
		}
		if len(parts) != 7 { // entities in three, each other type in one
			t.Errorf("the parts are %v", parts)
		}
		want = append(want, siteURL+"/reports/old", siteURL+"/reports/new", siteURL+"/narratives/safe", siteURL+"/e/weekly-more-7",
			siteURL+"/entities/works", siteURL+"/entities/ann", siteURL+"/entities/bo", siteURL+"/tags/cranes")
		if d := cmp.Diff(sorted(want), sorted(pages)); d != "" {
			t.Error(d)
		}
	})
}

// refusing is an executor that always returns the same error.
type refusing transport.Response

func (r refusing) Execute(context.Context, transport.Request) transport.Response {
	return transport.Response(r)
}

func TestErrorsOfTheExecutor(t *testing.T) {
	t.Parallel()
	p := &testServer{t: t}
	for code, want := range map[string]struct {
		status int
		body   string
	}{
		"RATE_LIMITED": {429, "RATE_LIMITED: not now\n"}, "UNAVAILABLE": {503, "UNAVAILABLE: not now\n"}, "COST_LIMIT": {400, "COST_LIMIT: not now\n"},
		"INTERNAL": {500, "INTERNAL: not now\n"}, "GRAPHQL_VALIDATION_FAILED": {500, "INTERNAL: internal error\n"}, "": {500, "INTERNAL: internal error\n"},
	} {
		p.log.Reset()
		h := p.handler(refusing{
			Errors: gqlerror.List{{Message: "not now", Extensions: map[string]any{"code": code}}},
			Header: http.Header{"Retry-After": {"7"}, "Tlp": {"TLP:RED"}}, Status: http.StatusOK, Data: []byte(`{"list":null}`),
		}, 0)
		for _, path := range []string{"/feeds", "/feeds/reports.rss", "/feeds/tags/a.atom", "/feeds/series/a.json", "/sitemap.xml", "/sitemaps/tags.xml"} {
			g := get(t, h, public, path)
			if g.status != want.status || g.body != want.body || g.header.Get("TLP") != "" {
				t.Errorf("%s at %s: got %d %q with %v", code, path, g.status, g.body, g.header)
			}
			_, unknown := strings.CutSuffix(g.body, ": internal error\n")
			if logged := strings.Contains(p.log.String(), "not now"); logged != unknown || g.header.Get("Retry-After") != "7" && !unknown {
				t.Errorf("%s at %s: got %v; the log has %s", code, path, g.header, p.log.String())
			}
		}
	}
	// An unknown error is not shown to clients.
	h := p.handler(refusing{Data: []byte(`{"list": "secret"}`), Status: http.StatusOK}, 0)
	if g := get(t, h, public, "/feeds/reports.rss"); g.status != http.StatusInternalServerError || g.body != "INTERNAL: internal error\n" {
		t.Errorf("got %d %q", g.status, g.body)
	}
}

// A result without a marking gets the highest.
func TestUnmarked(t *testing.T) {
	t.Parallel()
	p := &testServer{t: t}
	h := p.handler(refusing{Data: []byte(`{"list": {"nodes": []}}`), Status: http.StatusOK}, 0)
	if g := get(t, h, public, "/feeds/reports.rss"); g.status != http.StatusOK || g.header.Get("TLP") != "TLP:RED" {
		t.Errorf("got %d with %v", g.status, g.header)
	}
}
