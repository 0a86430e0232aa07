package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// demoView is what an anonymous client sees of the demo.
type demoView struct {
	Reports, Entities, Editions struct{ TotalCount int }
	Assets                      struct {
		TotalCount int
		Nodes      []struct {
			URL, MediaType, AltText string
			Size                    int64
		}
	}
}

func readDemo(t *testing.T, a *app.App) demoView {
	t.Helper()
	var body struct{ Data demoView }
	answer := query(t, a, "", `{ reports(first: 0) { totalCount } entities(first: 0) { totalCount } editions(first: 0) { totalCount }
		assets(first: 100) { totalCount nodes { url mediaType altText size } } }`)
	if err := json.Unmarshal([]byte(answer), &body); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	return body.Data
}

// fetchAll fetches each file of the demo from its URL in the API. For a server with
// a public URL, it fetches from the server itself.
func fetchAll(t *testing.T, a *app.App, public string) {
	t.Helper()
	for _, asset := range readDemo(t, a).Assets.Nodes {
		path, ok := strings.CutPrefix(asset.URL, public)
		if !ok {
			t.Errorf("%s is not at %s", asset.URL, public)
			continue
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Close = true
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, res.Body)
		res.Body.Close()
		h := res.Header
		if err != nil || res.StatusCode != http.StatusOK || n != asset.Size || h.Get("Content-Type") != asset.MediaType {
			t.Errorf("%s: got %d, %s, %d bytes, %v, want %s of %d bytes", asset.URL, res.StatusCode, h.Get("Content-Type"), n, err, asset.MediaType, asset.Size)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") ||
			!strings.HasPrefix(h.Get("Cache-Control"), "public, ") {
			t.Errorf("%s: got headers %v", asset.URL, h)
		}
	}
}

// The demo is loaded once, with two staff keys. At each start the URLs of its files
// are those of the server.
func TestDemoURLsFollowTheServer(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, s store.Config) {
		c, p := config(t, s), parts(io.Discard)
		c.Demo, p.Demo = true, app.BundledDemo()
		a := start(t, c, p)
		first, key, admin := readDemo(t, a), a.DemoKey(), a.DemoAdminKey()
		if first.Assets.TotalCount == 0 || first.Editions.TotalCount < 6 {
			t.Fatalf("got %+v", first)
		}
		fetchAll(t, a, a.URL())
		for key, role := range map[string]string{key: "EDITOR", admin: "ADMIN"} {
			if got := query(t, a, key, "{ viewer { role } }"); !strings.Contains(got, `"`+role+`"`) {
				t.Errorf("got %s, want %s", got, role)
			}
		}
		if got := query(t, a, admin, "{ apiKeys(first: 10) { nodes { name } } }"); !strings.Contains(got, "Demo admin") {
			t.Errorf("keys: got %s", got)
		}
		stop(t, a)

		a = start(t, c, p) // on another port
		again := readDemo(t, a)
		if again.Reports != first.Reports || again.Entities != first.Entities || again.Editions != first.Editions || again.Assets.TotalCount != first.Assets.TotalCount {
			t.Errorf("after a restart: got %+v, want %+v", again, first)
		}
		if a.DemoKey() != key || a.DemoAdminKey() != admin {
			t.Error("the keys changed with a restart")
		}
		fetchAll(t, a, a.URL())
		for path, want := range map[string]int{"/demo/": 404, "/demo/none.svg": 404, "/demo/quay.svg": 200} {
			if status, got := get(t, a.URL()+path); status != want {
				t.Errorf("%s: got %d %s, want %d", path, status, got, want)
			}
		}
		if status, _ := do(t, http.MethodPost, a.URL()+"/demo/quay.svg", "", ""); status != http.StatusMethodNotAllowed {
			t.Errorf("POST: got %d", status)
		}
		stop(t, a)

		c.Site.PublicURL = "https://api.site.example/redthread/"
		a = start(t, c, p)
		fetchAll(t, a, "https://api.site.example/redthread")
		stop(t, a)

		c.Demo = false
		a = start(t, c, p)
		if status, _ := get(t, a.URL()+"/demo/quay.svg"); status != http.StatusNotFound {
			t.Errorf("without --demo: got %d, want 404", status)
		}
		if a.DemoKey()+a.DemoAdminKey() != "" {
			t.Error("there are demo keys without --demo")
		}
	})
}

// The newest edition of the series is the first of the series' feeds.
func TestDemoSeriesHasAFeed(t *testing.T) {
	t.Parallel()
	c, p := config(t, storetest.SQLiteConfig(t)), parts(io.Discard)
	c.Demo, p.Demo = true, app.BundledDemo()
	a := start(t, c, p)
	answer := query(t, a, "", `{ editions(first: 1, filter: {series: {slug: {eq: "the-red-report"}}}, orderBy: {field: NUMBER, direction: DESC}) { nodes { title items { headline } } } }`)
	var body struct {
		Data struct {
			Editions struct {
				Nodes []struct {
					Title string
					Items []struct{ Headline string }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(answer), &body); err != nil || len(body.Data.Editions.Nodes) != 1 {
		t.Fatalf("%v: %s", err, answer)
	}
	newest := body.Data.Editions.Nodes[0]
	var feed struct {
		Items []struct {
			Title   string
			Content string `json:"content_html"`
		}
	}
	_, text := get(t, a.URL()+"/feeds/series/the-red-report.json?first=2")
	if err := json.Unmarshal([]byte(text), &feed); err != nil || len(feed.Items) != 2 {
		t.Fatalf("%v: %s", err, text)
	}
	if !strings.Contains(feed.Items[0].Title, newest.Title) || !strings.Contains(feed.Items[0].Content, newest.Items[0].Headline) {
		t.Errorf("got %+v, want %+v first", feed.Items[0], newest)
	}
	for _, ext := range []string{"rss", "atom"} {
		if status, got := get(t, a.URL()+"/feeds/series/The%20Red%20Report."+ext); status != http.StatusOK || !strings.Contains(got, newest.Title) {
			t.Errorf("%s: got %d %.300s", ext, status, got)
		}
	}
}

// The start of the demo prints both keys and their files.
func TestServePrintsDemoKeys(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	data := storetest.BareSQLiteConfig(t).Dir
	var errs bytes.Buffer
	out := &onPrint{until: "Read the drafts", do: cancel}
	if code := app.Main(ctx, process(out, &errs, nil, "serve", "--demo", "--addr", "127.0.0.1:0", "--data", data)); code != 0 {
		t.Fatalf("exit %d: %s", code, &errs)
	}
	for _, want := range []string{
		`  Staff key rt_\S+  \(EDITOR; kept in ` + regexp.QuoteMeta(filepath.Join(data, "demo-key")) + `\)\n`,
		`  Admin key rt_\S+  \(ADMIN; kept in ` + regexp.QuoteMeta(filepath.Join(data, "demo-admin-key")) + `\)\n`,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("got\n%s\nwant %s", out, want)
		}
	}
}

// onPrint is a writer that calls a function once a text was written.
type onPrint struct {
	record
	until string
	do    func()
}

func (w *onPrint) Write(b []byte) (int, error) {
	n, err := w.record.Write(b)
	if strings.Contains(w.String(), w.until) {
		w.do()
	}
	return n, err
}
