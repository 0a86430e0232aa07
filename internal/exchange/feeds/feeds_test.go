package feeds_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/exchange/feeds"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, d)
	}
}

// full returns a feed with all that a feed can have: a page from its middle.
func full() feeds.Feed {
	at := time.Date(2026, 1, 20, 9, 30, 0, 123456000, time.FixedZone("JST", 9*3600))
	return feeds.Feed{
		ID: feeds.URN("feed:tag_1"), Title: "Harbour Press: Cranes & <ships>", Description: "What is said of cranes.",
		Home: "https://site.example/tags/cranes", Self: "https://api.example/feeds/tags/cranes.rss?after=a&first=2",
		First: "https://api.example/feeds/tags/cranes.rss?first=2", Next: "https://api.example/feeds/tags/cranes.rss?after=b&first=2",
		Updated: at.Add(time.Hour), Publisher: feeds.Author{Name: "Harbour Press", URL: "https://site.example/"},
		Items: []feeds.Item{
			{
				ID: feeds.URN("rpt_1"), URL: "https://site.example/reports/one", Title: "One\n \"crane\" ]]> & \x00more",
				Summary: "In\ta paragraph: 5 < 6 & 港.\uFFFE", HTML: "<p lang=\"ja\">港 &amp; <a href=\"https://site.example/x\">x</a> ]]>\x0b\x1b\u0085\x7f</p>\n",
				Language: "en", Published: at, Updated: at.Add(time.Hour),
				Authors:      []feeds.Author{{Name: "Ann & Bo", URL: "https://site.example/entities/ann"}, {Name: "Cy"}},
				Contributors: []feeds.Author{{Name: "Dee"}},
				Categories:   []feeds.Category{{Term: "cranes", Label: "Cranes"}, {Term: "east-asia", Label: "East Asia"}},
				Image:        &feeds.File{URL: "https://site.example/crane.png", Type: "image/png", Size: 10, Title: "A crane"},
				Files: []feeds.File{
					{URL: "https://site.example/unsized.pdf", Type: "application/pdf"},
					{URL: "https://site.example/one.pdf?a=1&b=2", Type: "application/pdf", Size: 5_000_000_000, Title: "One (PDF)"},
					{URL: "https://site.example/untyped", Size: 7},
				},
			},
			{ID: feeds.URN("rpt_2"), Title: "二", HTML: "<p>2</p>", Language: "ja", Published: at.AddDate(0, -1, 0), Updated: at},
		},
	}
}

func empty() feeds.Feed {
	return feeds.Feed{
		ID: feeds.URN("feed:none"), Title: "Harbour Press", Home: "https://site.example/", Self: "https://api.example/feeds/reports.rss",
		Updated: time.Unix(0, 0), Publisher: feeds.Author{Name: "Harbour Press"},
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for _, format := range feeds.Formats() {
		for name, feed := range map[string]feeds.Feed{"full": full(), "empty": empty()} {
			t.Run(format.Ext+"/"+name, func(t *testing.T) {
				t.Parallel()
				got, err := format.Write(feed)
				if err != nil {
					t.Fatal(err)
				}
				golden(t, name+"."+format.Ext, got)
				again, err := format.Write(feed)
				if err != nil || string(again) != string(got) {
					t.Errorf("the second time it is different, %v", err)
				}
				if strings.HasSuffix(format.Type, "json") {
					var v any
					if err := json.Unmarshal(got, &v); err != nil {
						t.Error(err)
					}
					return
				}
				wellFormed(t, got)
			})
		}
	}
}

// wellFormed reads XML to its end.
func wellFormed(t *testing.T, text []byte) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(string(text))); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSitemaps(t *testing.T) {
	t.Parallel()
	pages := []feeds.Page{
		{URL: "https://site.example/"},
		{URL: "https://site.example/r?a=1&b=2", Updated: time.Date(2026, 1, 20, 9, 30, 0, 123456000, time.UTC)},
	}
	set, err := feeds.Sitemap(pages)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "sitemap.xml", set)
	index, err := feeds.SitemapIndex(pages)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "sitemapindex.xml", index)
	wellFormed(t, set)
	wellFormed(t, index)
}

func TestURN(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for _, name := range []string{"", "rpt_1", "rpt_2"} {
		if got := feeds.URN(name); !form.MatchString(got) || got != feeds.URN(name) {
			t.Errorf("%q: got %s", name, got)
		}
	}
	if feeds.URN("rpt_1") == feeds.URN("rpt_2") {
		t.Error("two names have one URN")
	}
	// Feed readers have stored these, so they must never change.
	if got, want := feeds.URN("rpt_0sagjwqdc0s4s"), "urn:uuid:5b5239dc-144e-5bfb-af25-0422071dc953"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPortable(t *testing.T) {
	t.Parallel()
	const base = "https://site.example/reports/one"
	for text, want := range map[string]string{
		``:                                    ``,
		`a = b`:                               `a = b`,
		`<p>5 < 6 &amp; "x" <b>y</b><br></p>`: `<p>5 < 6 &amp; "x" <b>y</b><br></p>`,
		`<a href="#fn-1" id="x">1</a>`:        `<a href="https://site.example/reports/one#fn-1" id="x">1</a>`,
		`<a href="/entities/a&amp;b">a</a>`:   `<a href="https://site.example/entities/a&amp;b">a</a>`,
		`<a href="two">2</a>`:                 `<a href="https://site.example/reports/two">2</a>`,
		`<a href="//cdn.example/x">2</a>`:     `<a href="https://cdn.example/x">2</a>`,
		`<a href="mailto:a@b.example">m</a>`:  `<a href="mailto:a@b.example">m</a>`,
		`<A HREF='https://x.example/'>x</A>`:  `<A HREF='https://x.example/'>x</A>`,
		`<img src="/a.png" alt="&lt;b&gt;">`:  `<img src="https://site.example/a.png" alt="&lt;b&gt;">`,
		`<img src="/a.png"/>`:                 `<img src="https://site.example/a.png"/>`,
		`<a href="%zz">broken</a>`:            `<a href="%zz">broken</a>`,
		`<time datetime="2014">2014</time>`:   `<time datetime="2014">2014</time>`,
		`<a role="doc-noteref" href="https://x.example/">x</a><section role="doc-endnotes">y</section>`: `<a href="https://x.example/">x</a><section>y</section>`,
		`<!-- <a href="/x"> -->`: `<!-- <a href="/x"> -->`,
	} {
		if got := feeds.Portable(text, base); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// FuzzWriters checks that feeds with any texts can be parsed.
func FuzzWriters(f *testing.F) {
	f.Add("title", "<p>text</p>", "https://site.example/")
	f.Add("\x00\xff\uFFFE]]>", "<a href='", "&")
	f.Fuzz(func(t *testing.T, title, html, address string) {
		feed := full()
		feed.Title, feed.Items[0].Title, feed.Items[0].URL = title, title, address
		feed.Items[0].HTML = feeds.Portable(html, "https://site.example/reports/one")
		feed.Items[0].Categories[0].Term = title
		for _, format := range feeds.Formats() {
			got, err := format.Write(feed)
			if err != nil {
				t.Fatal(err)
			}
			if format.Ext != "json" {
				wellFormed(t, got)
			} else if !json.Valid(got) {
				t.Fatalf("not JSON: %s", got)
			}
		}
	})
}
