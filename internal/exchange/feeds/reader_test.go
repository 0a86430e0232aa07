package feeds_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/exchange/feeds"
	"github.com/redthread-api/redthread/internal/exchange/feeds/feedstest"
)

// A feed reader of others can read each format.
func TestReadersRead(t *testing.T) {
	t.Parallel()
	for _, format := range feeds.Formats() {
		t.Run(format.Ext, func(t *testing.T) {
			t.Parallel()
			want := full()
			body, err := format.Write(want)
			if err != nil {
				t.Fatal(err)
			}
			got := feedstest.Feed(t, format.Ext, body)
			if got.Title != want.Title || got.Description != want.Description || got.Link != want.Home || len(got.Items) != len(want.Items) {
				t.Errorf("got %q, %q, %q with %d items", got.Title, got.Description, got.Link, len(got.Items))
			}
			first, is := got.Items[0], want.Items[0]
			if first.GUID != is.ID || first.Link != is.URL || first.Title != `One "crane" ]]> & more` || first.Description != "In\ta paragraph: 5 < 6 & 港." {
				t.Errorf("got %+v", first)
			}
			if first.Content != `<p lang="ja">港 &amp; <a href="https://site.example/x">x</a> ]]></p>`+"\n" &&
				first.Content != `<p lang="ja">港 &amp; <a href="https://site.example/x">x</a> ]]></p>` {
				t.Errorf("the text is %q", first.Content)
			}
			if !first.PublishedParsed.Equal(is.Published.Truncate(1e9)) {
				t.Errorf("published %v, want %v", first.PublishedParsed, is.Published)
			}
			var authors []string
			for _, a := range first.Authors {
				authors = append(authors, a.Name)
			}
			if format.Ext == "rss" { // of several creators, this reader makes one author
				authors = first.DublinCoreExt.Creator
			}
			if d := cmp.Diff("Ann & Bo, Cy", strings.Join(authors, ", ")); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff([]string{"Cranes", "East Asia"}, first.Categories); d != "" {
				t.Error(d)
			}
			found := false
			for _, e := range first.Enclosures {
				found = found || e.URL == "https://site.example/one.pdf?a=1&b=2" && e.Type == "application/pdf" && (e.Length == "5000000000" || format.Ext == "json")
			}
			if !found {
				t.Errorf("the enclosures are %v", first.Enclosures)
			}
			if second := got.Items[1]; second.Title != "二" || second.GUID == first.GUID {
				t.Errorf("got %+v", second)
			}
		})
	}
	body, err := feeds.Sitemap([]feeds.Page{{URL: "https://site.example/?a=1&b=2"}})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"https://site.example/?a=1&b=2"}, feedstest.Sitemap(t, body)); d != "" {
		t.Error(d)
	}
}
