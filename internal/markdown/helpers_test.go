package markdown_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redthread-api/redthread/internal/markdown"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

func itoa(n int) string { return strconv.Itoa(n) }

// everything shows every entity and every source.
var everything = markdown.Names{
	Entity: func(slug string) (href, name string, ok bool) { return "/entities/" + slug, "The " + slug, true },
	Source: func(slug string) (href, title string, ok bool) {
		return "https://example.org/sources/" + slug, "Source " + slug, true
	},
}

// nothing shows no entity and no source.
var nothing = markdown.Names{
	Entity: func(string) (href, name string, ok bool) { return "/hidden", "Hidden", false },
	Source: func(string) (href, title string, ok bool) { return "/hidden", "Hidden", false },
}

// entities shows entities as link says.
func entities(link func(slug string) (href, name string, ok bool)) markdown.Names {
	return markdown.Names{Entity: link}
}

func golden(tb testing.TB, name, got string) {
	tb.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			tb.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		tb.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func bodyFile(tb testing.TB) string {
	tb.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", "report.md"))
	if err != nil {
		tb.Fatal(err)
	}
	return string(src)
}

func messages(problems []markdown.Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, itoa(p.Line)+": "+p.Message)
	}
	return all
}

var (
	allowedTags = func() map[string]bool {
		m := map[string]bool{}
		for _, n := range strings.Fields(`h1 h2 h3 h4 h5 h6 p br hr blockquote pre code ul ol li table thead
			tbody tr th td section em strong del details summary abbr b bdi bdo cite dfn i ins kbd mark q rp rt
			ruby s samp small span sub sup time u var wbr a img input`) {
			m[n] = true
		}
		return m
	}()
	allowedAttrs = map[string]*regexp.Regexp{
		"id":       regexp.MustCompile(`^[\p{L}\p{M}\p{N}-]+$`),
		"class":    regexp.MustCompile(`^(footnotes|footnote-ref|footnote-backref|entity|source|task-list-item|language-[a-z0-9+#.-]+|align-(left|center|right))$`),
		"role":     regexp.MustCompile(`^doc-(noteref|backlink|endnotes)$`),
		"rel":      regexp.MustCompile(`^nofollow noopener$`),
		"href":     regexp.MustCompile(`^(https?://|mailto:|[^:]*([/?#]|$))`),
		"src":      regexp.MustCompile(`^(https?://|[^:]*([/?#]|$))`),
		"alt":      regexp.MustCompile(``),
		"title":    regexp.MustCompile(``),
		"lang":     regexp.MustCompile(`^[A-Za-z0-9-]+$`),
		"dir":      regexp.MustCompile(`^(?i:ltr|rtl|auto)$`),
		"datetime": regexp.MustCompile(`^[0-9A-Za-z:.+ -]+$`),
		"open":     regexp.MustCompile(`^$`),
		"start":    regexp.MustCompile(`^[0-9]+$`),
		"type":     regexp.MustCompile(`^checkbox$`),
		"disabled": regexp.MustCompile(`^$`),
		"checked":  regexp.MustCompile(`^$`),
	}
)

// checkSafe fails the test unless out is HTML that may be put in any page:
// nothing but what is listed above, every tag closed in order, no id twice, no
// link in a link, and nothing left for the sanitiser to do.
func checkSafe(tb testing.TB, out string) {
	tb.Helper()
	if again := markdown.Sanitize(out); again != out {
		tb.Errorf("sanitising again changes the HTML (-first +second):\n%s", cmp.Diff(out, again))
	}
	if i := strings.IndexAny(out, "\uFDD0\uFDD1\x00"); i >= 0 {
		tb.Errorf("a mark of the renderer is left in the HTML: %q", out[i:])
	}
	var open []string
	ids := map[string]bool{}
	z := html.NewTokenizer(strings.NewReader(out))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			if z.Err() != io.EOF {
				tb.Fatalf("the HTML cannot be read: %v", z.Err())
			}
			break
		}
		t := z.Token()
		switch kind {
		case html.CommentToken, html.DoctypeToken, html.SelfClosingTagToken:
			tb.Errorf("got %v %q, want only tags and text", kind, t.String())
		case html.StartTagToken:
			if !allowedTags[t.Data] {
				tb.Errorf("got element %s", t.String())
			}
			attrs := map[string]string{}
			for _, a := range t.Attr {
				if p := allowedAttrs[a.Key]; p == nil || !p.MatchString(a.Val) {
					tb.Errorf("got attribute %q in %s", a.Key, t.String())
				}
				attrs[a.Key] = a.Val
			}
			if id, ok := attrs["id"]; ok {
				if ids[id] {
					tb.Errorf("id %q is there twice", id)
				}
				ids[id] = true
				if isNote := regexp.MustCompile(`^fn(ref)?-`).MatchString(id); isNote != (t.Data == "li" || t.Data == "sup") {
					tb.Errorf("id %q is on a %s", id, t.Data)
				}
			}
			if _, off := attrs["disabled"]; t.Data == "input" && (!off || attrs["type"] != "checkbox") || t.Data != "input" && attrs["type"] != "" {
				tb.Errorf("got %s, want no input but the box of a task", t.String())
			}
			if t.Data == "a" {
				for _, name := range open {
					if name == "a" {
						tb.Errorf("a link in a link: %s", t.String())
					}
				}
				if (strings.HasPrefix(attrs["href"], "http://") || strings.HasPrefix(attrs["href"], "https://")) && attrs["class"] != "entity" && attrs["rel"] == "" {
					tb.Errorf("link to another site without rel: %s", t.String())
				}
			}
			switch t.Data {
			case "br", "hr", "img", "input", "wbr":
			default:
				open = append(open, t.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != t.Data {
				tb.Fatalf("got </%s> where %v is open", t.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		tb.Errorf("%v is left open", open)
	}
	for _, m := range regexp.MustCompile(`href="#(fn[^"]*)"`).FindAllStringSubmatch(out, -1) {
		if strings.HasPrefix(m[1], "fnref-") && !ids[m[1]] {
			tb.Errorf("link to #%s, which is not there", m[1])
		}
	}
	// A browser builds a tree: it must have nothing that the tags did not say.
	nodes, err := html.ParseFragment(strings.NewReader(out), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		tb.Fatalf("the HTML cannot be parsed: %v", err)
	}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode {
			if !allowedTags[n.Data] || n.Namespace != "" {
				tb.Errorf("a browser would see element %s %s", n.Namespace, n.Data)
			}
			for _, a := range n.Attr {
				if allowedAttrs[a.Key] == nil {
					tb.Errorf("a browser would see attribute %s", a.Key)
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	for _, n := range nodes {
		walk(n)
	}
}
