// Package feedstest validates feeds and sitemaps in tests, by the rules of public
// validators. It shares no code with package feeds.
package feedstest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html"
)

// Feed validates a feed in the format of an extension ("rss", "atom" or "json"), and
// returns it as a feed reader parses it. It fails the test if the feed is not valid.
func Feed(tb testing.TB, ext string, body []byte) *gofeed.Feed {
	tb.Helper()
	c := &checker{ids: map[string]bool{}}
	switch ext {
	case "rss":
		c.rss(c.parse(body))
	case "atom":
		c.atom(c.parse(body))
	case "json":
		c.json(body)
	default:
		tb.Fatalf("no format %q", ext)
	}
	c.report(tb, body)
	read, err := gofeed.NewParser().Parse(bytes.NewReader(body))
	if err != nil {
		tb.Fatalf("a feed reader cannot read it: %v", err)
	}
	return read
}

// Sitemap validates a sitemap, or an index of sitemaps, and returns its URLs.
func Sitemap(tb testing.TB, body []byte) []string {
	tb.Helper()
	c := &checker{ids: map[string]bool{}}
	root := c.parse(body)
	entry := map[string]string{"urlset": "url", "sitemapindex": "sitemap"}[root.XMLName.Local]
	c.want(entry != "" && root.XMLName.Space == "http://www.sitemaps.org/schemas/sitemap/0.9", "the root is %v", root.XMLName)
	c.want(len(root.Children) >= 1 && len(root.Children) <= 50_000, "it has %d entries", len(root.Children))
	var all []string
	for _, n := range root.Children {
		c.want(n.XMLName.Local == entry, "an entry is <%s>", n.XMLName.Local)
		loc := c.one(n, "loc")
		c.address(loc)
		c.id(loc)
		c.want(len(loc) < 2048, "%s is too long", loc)
		if n.count("lastmod") > 0 {
			c.moment(time.RFC3339, c.one(n, "lastmod"))
		}
		all = append(all, loc)
	}
	c.report(tb, body)
	return all
}

// node is an element of XML.
type node struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []node     `xml:",any"`
}

func (n node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// all returns the children with a name. A name without a prefix is in the namespace of
// the parent.
func (n node) all(name string) []node {
	space := n.XMLName.Space
	if prefix, local, ok := strings.Cut(name, ":"); ok {
		space, name = spaces[prefix], local
	}
	var found []node
	for _, c := range n.Children {
		if c.XMLName == (xml.Name{Space: space, Local: name}) {
			found = append(found, c)
		}
	}
	return found
}

func (n node) count(name string) int { return len(n.all(name)) }

var spaces = map[string]string{
	"atom": "http://www.w3.org/2005/Atom", "content": "http://purl.org/rss/1.0/modules/content/", "dc": "http://purl.org/dc/elements/1.1/",
}

// checker collects the problems of a feed.
type checker struct {
	problems []string
	ids      map[string]bool
}

func (c *checker) want(ok bool, format string, args ...any) {
	if !ok {
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	}
}

func (c *checker) report(tb testing.TB, body []byte) {
	tb.Helper()
	if len(c.problems) > 0 {
		tb.Fatalf("it is not valid: %s\n%s", strings.Join(c.problems, "; "), body)
	}
}

func (c *checker) parse(body []byte) (root node) {
	c.want(bytes.HasPrefix(body, []byte(`<?xml version="1.0" encoding="UTF-8"?>`)), "it has no XML declaration")
	if err := xml.Unmarshal(body, &root); err != nil {
		c.want(false, "it is not XML: %v", err)
	}
	return root
}

// one returns the text of the only child with a name.
func (c *checker) one(n node, name string) string {
	all := n.all(name)
	c.want(len(all) == 1, "<%s> has %d of <%s>", n.XMLName.Local, len(all), name)
	if len(all) == 0 {
		return ""
	}
	return strings.TrimSpace(all[0].Text)
}

func (c *checker) address(s string) {
	u, err := url.Parse(s)
	c.want(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(s, " <>\""), "%q is no absolute address", s)
}

var urn = regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// id checks that no other item has the id.
func (c *checker) id(s string) {
	c.want(s != "" && !c.ids[s], "the id %q is there twice", s)
	c.ids[s] = true
}

func (c *checker) moment(layout, s string) {
	_, err := time.Parse(layout, s)
	c.want(err == nil, "%q is no date", s)
}

var language = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)

func (c *checker) language(s string) {
	c.want(s == "" || language.MatchString(s), "%q is no language", s)
}

// html checks that HTML has absolute URLs and nothing that runs.
func (c *checker) html(s string) {
	for z := html.NewTokenizer(strings.NewReader(s)); z.Next() != html.ErrorToken; {
		t := z.Token()
		c.want(t.Type != html.StartTagToken || t.Data != "script" && t.Data != "style" && t.Data != "iframe", "<%s> in a text", t.Data)
		for _, a := range t.Attr {
			if a.Key == "src" || a.Key == "href" && !strings.HasPrefix(a.Val, "mailto:") {
				c.address(a.Val)
			}
			c.want(!strings.HasPrefix(a.Key, "on") && a.Key != "style" && a.Key != "role", "the attribute %s in a text", a.Key)
		}
	}
}

func (c *checker) rss(root node) {
	c.want(root.XMLName.Local == "rss" && root.attr("version") == "2.0" && root.count("channel") == 1, "the root is %v", root.XMLName)
	if root.count("channel") == 0 {
		return
	}
	channel := root.all("channel")[0]
	c.want(c.one(channel, "title") != "", "no title")
	c.want(c.one(channel, "description") != "", "no description")
	c.address(c.one(channel, "link"))
	c.moment(http.TimeFormat, c.one(channel, "lastBuildDate"))
	self := 0
	for _, l := range channel.all("atom:link") {
		c.address(l.attr("href"))
		if l.attr("rel") == "self" {
			self++
		}
	}
	c.want(self == 1, "%d links to itself", self)
	for _, l := range channel.all("language") {
		c.language(l.Text)
	}
	for _, it := range channel.all("item") {
		c.want(c.one(it, "title") != "", "an item without a title")
		c.id(c.one(it, "guid"))
		c.want(it.all("guid")[0].attr("isPermaLink") == "false", "a guid that is no address")
		c.moment(http.TimeFormat, c.one(it, "pubDate"))
		for _, l := range it.all("link") {
			c.address(l.Text)
		}
		for _, l := range it.all("dc:language") {
			c.language(l.Text)
		}
		for _, content := range it.all("content:encoded") {
			c.html(content.Text)
		}
		c.want(it.count("content:encoded") == 0 || it.count("description") == 1, "a text without a description")
		c.want(it.count("enclosure") <= 1 && it.count("link") <= 1 && it.count("description") <= 1 && it.count("content:encoded") <= 1, "too much in an item")
		for _, e := range it.all("enclosure") {
			c.address(e.attr("url"))
			c.want(regexp.MustCompile(`^[1-9][0-9]*$`).MatchString(e.attr("length")) && strings.Contains(e.attr("type"), "/"), "an enclosure with %v", e.Attrs)
		}
	}
}

func (c *checker) atom(root node) {
	c.want(root.XMLName == (xml.Name{Space: spaces["atom"], Local: "feed"}), "the root is %v", root.XMLName)
	c.atomCommon(root)
	c.want(root.count("author") >= 1, "no author")
	self := 0
	for _, l := range root.all("link") {
		if l.attr("rel") == "self" {
			self++
		}
	}
	c.want(self == 1, "%d links to itself", self)
	for _, e := range root.all("entry") {
		c.atomCommon(e)
		c.moment(time.RFC3339, c.one(e, "published"))
		c.one(e, "content")
		content := e.all("content")[0]
		c.want(content.attr("type") == "html", "content of type %q", content.attr("type"))
		c.html(content.Text)
		for _, category := range e.all("category") {
			c.want(category.attr("term") != "", "a category without a term")
		}
	}
}

// atomCommon checks what feeds and entries have in common.
func (c *checker) atomCommon(n node) {
	id := c.one(n, "id")
	c.id(id)
	c.want(urn.MatchString(id), "%q is no URN", id)
	c.want(c.one(n, "title") != "", "no title")
	c.moment(time.RFC3339, c.one(n, "updated"))
	c.language(n.attr("lang"))
	alternates := 0
	for _, l := range n.all("link") {
		c.address(l.attr("href"))
		if l.attr("rel") == "alternate" {
			alternates++
		}
	}
	c.want(alternates <= 1, "%d alternates of one type", alternates)
	for _, name := range []string{"author", "contributor"} {
		for _, person := range n.all(name) {
			c.want(c.one(person, "name") != "", "a person without a name")
			for _, uri := range person.all("uri") {
				c.address(uri.Text)
			}
		}
	}
}

func (c *checker) json(body []byte) {
	type author struct{ Name, URL string }
	var feed struct {
		Version, Title, Description, Language string
		Home                                  string  `json:"home_page_url"`
		Self                                  string  `json:"feed_url"`
		Next                                  *string `json:"next_url"`
		Authors                               []author
		Items                                 *[]struct {
			ID, Title, Summary, Language string
			URL, Image                   *string
			HTML                         *string `json:"content_html"`
			Published                    string  `json:"date_published"`
			Modified                     string  `json:"date_modified"`
			Authors                      []author
			Tags                         []string
			Attachments                  []struct {
				URL, Title string
				Type       string `json:"mime_type"`
				Size       int64  `json:"size_in_bytes"`
			}
		}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&feed); err != nil || feed.Items == nil {
		c.want(false, "it is no JSON Feed: %v", err)
		return
	}
	c.want(feed.Version == "https://jsonfeed.org/version/1.1" && feed.Title != "", "version %q, title %q", feed.Version, feed.Title)
	c.address(feed.Home)
	c.address(feed.Self)
	c.language(feed.Language)
	if feed.Next != nil {
		c.address(*feed.Next)
		c.want(*feed.Next != feed.Self, "the next page is this one")
	}
	for _, it := range *feed.Items {
		c.id(it.ID)
		c.want(it.HTML != nil, "an item without content")
		if it.HTML != nil {
			c.html(*it.HTML)
		}
		c.moment(time.RFC3339, it.Published)
		c.moment(time.RFC3339, it.Modified)
		c.language(it.Language)
		for _, address := range []*string{it.URL, it.Image} {
			if address != nil {
				c.address(*address)
			}
		}
		for _, a := range append(feed.Authors, it.Authors...) {
			c.want(a.Name != "", "an author without a name")
		}
		for _, a := range it.Attachments {
			c.address(a.URL)
			c.want(strings.Contains(a.Type, "/"), "an attachment of type %q", a.Type)
		}
	}
}
