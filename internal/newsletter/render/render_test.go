package render_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/redthread-api/redthread/internal/newsletter/render"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// renderings are all renderings of an edition.
type renderings struct{ page, mailHTML, mailText, feed string }

func renderAll(t testing.TB, templates *render.Templates, d render.Document) renderings {
	t.Helper()
	e := render.New(d, render.SampleSite)
	page, err := templates.Page(render.Page{Edition: e, Site: render.NameOf(render.SampleSite)})
	if err != nil {
		t.Fatal(err)
	}
	mail, err := templates.Mail(e, render.SampleSite)
	if err != nil {
		t.Fatal(err)
	}
	feed, err := e.FeedHTML()
	if err != nil {
		t.Fatal(err)
	}
	return renderings{string(page), mail.HTML(render.PreviewLinks), mail.Text(render.PreviewLinks), feed}
}

// TestGolden compares the renderings of the samples with the files in testdata.
func TestGolden(t *testing.T) {
	t.Parallel()
	style := regexp.MustCompile(`(?s)<style>.*?</style>`) // which the files of the templates show
	for _, d := range render.Samples() {
		r := renderAll(t, render.Builtin(), d)
		for ext, got := range map[string]string{"page.html": style.ReplaceAllString(r.page, "<style></style>"), "mail.html": r.mailHTML, "mail.txt": r.mailText} {
			file := filepath.Join("testdata", d.Slug+"."+ext)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("%s (-want +got):\n%s", file, d)
			}
		}
	}
}

// TestRenderingsAgree compares the headlines, the notes and the addresses of the
// renderings of one edition.
func TestRenderingsAgree(t *testing.T) {
	t.Parallel()
	for _, d := range render.Samples() {
		t.Run(d.Slug, func(t *testing.T) {
			t.Parallel()
			r := renderAll(t, render.Builtin(), d)
			e := render.New(d, render.SampleSite)
			for name, text := range map[string]string{"page": textOf(t, r.page), "HTML mail": textOf(t, r.mailHTML), "text mail": r.mailText, "feed": textOf(t, r.feed)} {
				text = strings.Join(strings.Fields(text), " ")
				for _, it := range e.Items {
					if !strings.Contains(text, it.Headline) {
						t.Errorf("the %s has no headline %q", name, it.Headline)
					}
				}
				for _, n := range e.Notes {
					if !strings.Contains(text, n.Title) || !strings.Contains(text, n.Quote) {
						t.Errorf("the %s has no note %d", name, n.Number)
					}
				}
			}
			inMail, inText := webLinks(render.LinksOf(r.mailHTML)), webLinks(addresses(r.mailText))
			if d := cmp.Diff(inMail, inText); d != "" {
				t.Errorf("the links of HTML and text differ (-HTML +text):\n%s", d)
			}
			inPage, inFeed := webLinks(render.LinksOf(r.page)), webLinks(render.LinksOf(r.feed))
			for _, link := range inMail {
				if link == e.URL || link == render.SampleSite.Home() || strings.Contains(link, ".invalid/") {
					continue
				}
				if !slices.Contains(inPage, link) {
					t.Errorf("the page has no link to %s", link)
				}
				if !slices.Contains(inFeed, link) {
					t.Errorf("the feed has no link to %s", link)
				}
			}
		})
	}
}

// webLinks returns links without those within the edition, which plain text has not.
func webLinks(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(link string) bool { return strings.Contains(link, "#") })
}

func addresses(text string) []string {
	all := regexp.MustCompile(`https?://\S+`).FindAllString(text, -1)
	slices.Sort(all)
	return slices.Compact(all)
}

func textOf(t testing.TB, page string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "script" {
			out.WriteString(n.Data)
		}
	}
	return out.String()
}

// TestMailIsSelfContained checks that a mail loads nothing, has no script, and none of
// the values that html/template refuses.
func TestMailIsSelfContained(t *testing.T) {
	t.Parallel()
	for _, d := range render.Samples() {
		r := renderAll(t, render.Builtin(), d)
		for _, bad := range []string{"<img", "<script", "<link", "url(", "@import", "ZgotmplZ", "src=", "background=", "var("} {
			if strings.Contains(r.mailHTML, bad) {
				t.Errorf("the mail of %s has %q", d.Slug, bad)
			}
		}
		for line := range strings.Lines(r.mailText) {
			if len(line) > 400 {
				t.Errorf("the text of %s has a line of %d bytes", d.Slug, len(line))
			}
		}
		if e := render.New(d, render.SampleSite); d.Slug != "bare" {
			for _, w := range append(e.Check(r.page, true, false), e.Check(r.mailHTML, true, true)...) {
				if w.Code == render.WarnLink && !strings.Contains(w.Message, "hearsay") {
					t.Errorf("%s: %v", d.Slug, w)
				}
			}
		}
	}
}

// TestManyItems checks that an edition of forty items fits a mail.
func TestManyItems(t *testing.T) {
	t.Parallel()
	d := render.Samples()[0]
	one := d.Items[0]
	one.Summary = "<p>" + strings.Repeat("Words that say what happened at the quay. ", 6) + "</p>"
	one.Analysis = "<p>" + strings.Repeat("Words that say why it matters to us all. ", 8) + "</p>"
	d.Items = nil
	for range 40 {
		d.Items = append(d.Items, one)
	}
	r := renderAll(t, render.Builtin(), d)
	if len(r.mailHTML) > render.MaxMail {
		t.Errorf("got %d bytes, want at most %d", len(r.mailHTML), render.MaxMail)
	}
	if e := render.New(d, render.SampleSite); len(e.Notes) != 2 || len(e.Notes[0].Items) != 40 {
		t.Errorf("got %d notes, want 2 that each item cites", len(e.Notes))
	}
}

func TestReaderLinksAreEscaped(t *testing.T) {
	t.Parallel()
	mail, err := render.Builtin().Mail(render.New(render.Samples()[0], render.SampleSite), render.SampleSite)
	if err != nil {
		t.Fatal(err)
	}
	links := render.MailLinks{Unsubscribe: `https://x.example/u?a=1&b="2"`, Preferences: "https://x.example/p"}
	if got := mail.HTML(links); !strings.Contains(got, `href="https://x.example/u?a=1&amp;b=&#34;2&#34;"`) || strings.Contains(got, "reader.invalid") {
		t.Errorf("the HTML has another link")
	}
	if got := mail.Text(links); !strings.Contains(got, "\nhttps://x.example/u?a=1&b=\"2\"\n") || strings.Contains(got, "reader.invalid") {
		t.Errorf("the text has another link")
	}
	if want := "Tides 7: A title"; mail.Subject != want {
		t.Errorf("got the subject %q, want %q", mail.Subject, want)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for _, c := range []struct {
		name  string
		files fstest.MapFS
		want  []string // parts of the error; none: it loads
	}{
		{"Nothing", fstest.MapFS{}, nil},
		{"OwnText", fstest.MapFS{"mail.txt": file("{{.Title}}\n{{.Unsubscribe}}\n{{.Preferences}}\n")}, nil},
		{"Hidden", fstest.MapFS{".mail.txt.swp": file("\x00"), "page.css~": file("x")}, nil},
		{"UnknownFile", fstest.MapFS{"mail.htm": file("x")}, []string{"mail.htm: no template has this name; want list.html"}},
		{"Syntax", fstest.MapFS{"mail.txt": file("a\nb {{if}}\n"), "page.html": file("{{end}}")}, []string{"mail.txt:2: missing value for if", "page.html:1: unexpected {{end}}"}},
		{"UnknownField", fstest.MapFS{"page.html": file("<p>\n{{.Titel}}</p>")}, []string{"page.html:2:", "Titel"}},
		{"NoUnsubscribe", fstest.MapFS{"mail.html": file("{{.Preferences}}")}, []string{"mail.html: there is no link to {{.Unsubscribe}}"}},
		{"Unsafe", fstest.MapFS{"list.html": file(`<a href="{{.Site.Name}}:x">`), "page.html": file(`<p style="color:{{"rgb(1,2,3)"}}">`)}, []string{"page.html: a value is not safe"}},
		{"EndOfStyle", fstest.MapFS{"page.css": file("a{}</STYLE><script>")}, []string{"page.css, print.css: leave out </style"}},
		{"MissingPartial", fstest.MapFS{"partials.html": file(`{{define "head"}}{{end}}`)}, []string{`page.html:64:`, `no such template "invitation"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := render.Load(c.files)
			if (err != nil) != (c.want != nil) {
				t.Fatalf("got %v, want an error: %v", err, c.want != nil)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{
		"en": "en", "en-GB": "en", "ar": "en", "he": "en", "": "en", "x-none": "en", "ja": "ja", "ja-JP": "ja",
		"zh": "zh-Hans", "zh-CN": "zh-Hans", "zh-SG": "zh-Hans", "zh-Hans-HK": "zh-Hans", "zh-Hans": "zh-Hans",
		"zh-Hant": "zh-Hant", "zh-TW": "zh-Hant", "zh-HK": "zh-Hant", "zh-MO": "zh-Hant", "yue": "zh-Hant", "zh-Hant-SG": "zh-Hant",
	} {
		if got := render.WordsFor(tag).Lang; got != want {
			t.Errorf("%s: got %s, want %s", tag, got, want)
		}
	}
	for _, c := range []struct{ lang, from, to, want string }{
		{"en", "2026-04-13", "2026-04-26", "13–26 April 2026"}, {"en", "2026-04-27", "2026-05-10", "27 April – 10 May 2026"},
		{"en", "2025-12-29", "2026-01-11", "29 December 2025 – 11 January 2026"}, {"en", "2026-04", "", "April 2026"}, {"en", "", "2026", "2026"}, {"en", "", "", ""},
		{"en", "2026-04-13", "2026-04-13", "13 April 2026"}, {"en", "2026-03", "2026-04", "March 2026–April 2026"},
		{"ja", "2026-04-13", "2026-04-26", "2026年4月13日〜26日"}, {"zh-TW", "2026-04-27", "2026-05-10", "2026年4月27日至5月10日"},
		{"zh", "2025-12-29", "2026-01-11", "2025年12月29日至2026年1月11日"},
	} {
		if got := render.WordsFor(c.lang).Period(c.from, c.to); got != c.want {
			t.Errorf("%s %s %s: got %q, want %q", c.lang, c.from, c.to, got, c.want)
		}
	}
}

func TestPlainText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ html, want string }{
		{"<p>One\n  two</p>\n<p>Three</p>", "One two\n\nThree"},
		{`<ol start="3"><li>three<ul><li>a</li><li>b</li></ul></li><li><p>four</p><p>more</p></li></ol><p>end</p>`, "3. three\n   - a\n   - b\n4. four\n\n   more\n\nend"},
		{"<p>a</p><blockquote><p>b</p><p>c</p></blockquote><p>d</p>", "a\n\n> b\n>\n> c\n\nd"},
		{"<table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>", "A | B\n1 | 2"},
		{"<pre><code>x\n  y\n</code></pre>", "\x01x\n\x01  y"},
		{`<p>See <a href="https://x.example/">it</a> and <a href="#fn-1" class="footnote-ref">1</a></p>`, "See it\u00a0[1] and (1)"},
		{`<p>a<br>b <em>c</em>d</p><hr><p>e</p>`, "a\nb cd\n\n* * *\n\ne"},
		{`<p><img src="x" alt="A crane"> <q>so</q></p>`, "[A crane] “so”"},
		{"", ""},
	} {
		if d := cmp.Diff(c.want, render.PlainText(c.html, func(string) string { return "[1]" })); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.html, d)
		}
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	long := "https://site.example/" + strings.Repeat("x", 90)
	for _, c := range []struct{ text, want string }{
		{strings.Repeat("word ", 15) + "end", strings.TrimSpace(strings.Repeat("word ", 14)) + "\nword end\n"},
		{"- " + strings.Repeat("word ", 15), "- " + strings.TrimSpace(strings.Repeat("word ", 14)) + "\n  word\n"},
		{"> " + strings.Repeat("word ", 15), "> " + strings.TrimSpace(strings.Repeat("word ", 14)) + "\n> word\n"},
		{"[12] " + strings.Repeat("word ", 15), "[12] " + strings.TrimSpace(strings.Repeat("word ", 13)) + "\n     word word\n"},
		{"see " + long + " there", "see\n" + long + "\nthere\n"},
		{strings.Repeat("漢", 37), strings.Repeat("漢", 36) + "\n漢\n"},
		{strings.Repeat("漢", 36) + "。字", strings.Repeat("漢", 35) + "\n漢。字\n"},
		{strings.Repeat("漢", 35) + "「字」", strings.Repeat("漢", 35) + "\n「字」\n"},
		{"\x01" + strings.Repeat("x", 100), strings.Repeat("x", 100) + "\n"},
		{strings.Repeat("שלום ", 15), strings.TrimSpace(strings.Repeat("שלום ", 14)) + "\nשלום\n"},
	} {
		got := render.Wrap(c.text)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", c.text, d)
		}
	}
}

// FuzzPlainText checks that no HTML makes the writer of plain text or its wrapping fail,
// and that no line but one long word is wider than the text.
func FuzzPlainText(f *testing.F) {
	for _, d := range render.Samples() {
		for _, it := range d.Items {
			f.Add(it.Summary)
			f.Add(it.Analysis)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		plain := render.PlainText(text, func(url string) string { return fmt.Sprintf("[%d]", len(url)) })
		wrapped := render.Wrap(plain)
		if strings.Contains(text, "\x01") {
			return
		}
		got, want := strings.Join(strings.Fields(wrapped), ""), strings.Join(strings.Fields(strings.ReplaceAll(plain, "\x01", "")), "")
		if len(got) < len(want) {
			t.Errorf("wrapping loses text: got %q, want %q", got, want)
		}
	})
}
