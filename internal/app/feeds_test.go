package app_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Publications are in the feeds, the sitemap and the JSON-LD, with URLs of the same
// pages: the configured ones, or those of the server itself by default.
func TestFeedsOfTheServer(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, s store.Config) {
		c, p := config(t, s), parts(io.Discard)
		c.Demo = true
		c.Site = app.SiteConfig{URL: "https://site.example/", Name: "Harbour Press", ReportURL: "/r/{slug}", TagURL: "none"}
		a := start(t, c, p)
		key := a.DemoKey()
		query(t, a, key, write)
		if _, got := get(t, a.URL()+"/feeds/reports.atom"); strings.Contains(got, "harbour-cranes") {
			t.Errorf("a draft is in the feed: %s", got)
		}
		if got := query(t, a, key, publish); !strings.Contains(got, `"sequence":1`) {
			t.Fatalf("publish: got %s", got)
		}
		wantPages := func(a *app.App, api, page string) {
			t.Helper()
			for path, want := range map[string]string{
				"/feeds":             api + "/feeds/reports.rss",
				"/feeds/reports.rss": api + "/feeds/reports.rss",
				"/sitemap.xml":       "<loc>" + page + "</loc>",
			} {
				if status, got := get(t, a.URL()+path); status != http.StatusOK || !strings.Contains(got, want) {
					t.Errorf("%s: got %d %s, want %s", path, status, got, want)
				}
			}
			for _, ext := range []string{"rss", "atom", "json"} {
				if status, got := get(t, a.URL()+"/feeds/reports."+ext); status != http.StatusOK || !strings.Contains(got, page) || !strings.Contains(got, "draftsecret") {
					t.Errorf("%s: got %d %s, want %s", ext, status, got, page)
				}
			}
			if got := query(t, a, "", `{ report(slug: "harbour-cranes") { jsonLd } }`); !strings.Contains(got, `"@id":"`+page+`"`) {
				t.Errorf("JSON-LD: got %s, want %s", got, page)
			}
		}
		wantPages(a, a.URL(), "https://site.example/r/harbour-cranes")
		stop(t, a)

		c.Site = app.SiteConfig{PublicURL: "https://api.example"}
		a = start(t, c, p)
		wantPages(a, "https://api.example", "https://api.example/reports/harbour-cranes")
		stop(t, a)

		c.Site = app.SiteConfig{}
		a = start(t, c, p)
		wantPages(a, a.URL(), a.URL()+"/reports/harbour-cranes")
	})
}
