package feeds

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"

	"github.com/redthread-api/redthread/internal/exchange/feeds"
)

//go:embed index.html
var indexPage string

//go:embed index.css
var indexStyle string

// indexPolicy is the page's content security policy. Nothing is loaded: its one
// style is in it, and known by its hash.
var indexPolicy = func() string {
	sum := sha256.Sum256([]byte(indexStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

var indexTemplate = template.Must(template.New("index").Parse(indexPage))

// listed is a feed as the index shows it.
type listed struct {
	Title string
	Path  string // without the extension
}

// index is a page for people, and for readers that look for feeds in the head
// of a page.
func (h *handler) index(r *http.Request, _ string) (*answer, error) {
	t := &talk{asker: h.Content}
	var said struct {
		Editions struct{ Nodes []struct{ Series string } }
		Tags     struct{ Nodes []tag }
	}
	if err := t.ask(r.Context(), "Index", nil, &said); err != nil {
		return nil, err
	}
	page := struct {
		Title, URL string
		Style      template.CSS
		Main, Tags []listed
		Formats    []feeds.Format
	}{Title: h.Site.Title(), URL: h.PublicURL, Style: template.CSS(indexStyle), Formats: feeds.Formats()}
	page.Main = []listed{{h.Site.Title(), "/feeds/reports"}}
	seen := map[string]bool{}
	for _, e := range said.Editions.Nodes {
		if !seen[e.Series] {
			seen[e.Series] = true
			page.Main = append(page.Main, listed{h.Site.Title() + ": " + e.Series, "/feeds/series/" + url.PathEscape(e.Series)})
		}
	}
	for _, tag := range said.Tags.Nodes {
		page.Tags = append(page.Tags, listed{tag.Label, "/feeds/tags/" + tag.Slug})
	}
	var b bytes.Buffer
	if err := indexTemplate.Execute(&b, page); err != nil {
		return nil, fmt.Errorf("write the index of feeds: %w", err)
	}
	return &answer{media: "text/html", body: b.Bytes(), policy: indexPolicy, talk: t}, nil
}
