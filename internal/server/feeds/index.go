package feeds

import (
	"bytes"
	_ "embed" // the page and its style
	"fmt"
	"html/template"
	"net/http"
	"net/url"

	"github.com/redthread-api/redthread/internal/exchange/feeds"
	"github.com/redthread-api/redthread/internal/server/page"
)

//go:embed index.html
var indexPage string

//go:embed index.css
var indexStyle string

var indexTemplate = template.Must(template.New("index").Parse(indexPage))

// listed is a feed as the index shows it.
type listed struct {
	Title string
	Path  string // without the extension
}

// index is a page for people, and for readers that look for feeds in the head
// of a page.
func (h *handler) index(r *http.Request, _ string) (*answer, error) {
	t := &talk{executor: h.Content}
	var said struct {
		Editions struct{ Nodes []struct{ Series string } }
		Tags     struct{ Nodes []tag }
	}
	if err := t.execute(r.Context(), "Index", nil, &said); err != nil {
		return nil, err
	}
	style := page.Style + indexStyle
	shown := struct {
		Title, URL string
		Style      template.CSS
		Icon       template.URL
		Header     template.HTML
		Main, Tags []listed
		Formats    []feeds.Format
	}{
		Title: h.Site.Title(), URL: h.PublicURL, Formats: feeds.Formats(),
		Style: template.CSS(style), Icon: page.Icon, Header: page.Header("", page.Feeds, ""),
	}
	shown.Main = []listed{{h.Site.Title() + ": all reports", "/feeds/reports"}}
	seen := map[string]bool{}
	for _, e := range said.Editions.Nodes {
		if !seen[e.Series] {
			seen[e.Series] = true
			shown.Main = append(shown.Main, listed{h.Site.Title() + ": " + e.Series, "/feeds/series/" + url.PathEscape(e.Series)})
		}
	}
	for _, tag := range said.Tags.Nodes {
		shown.Tags = append(shown.Tags, listed{tag.Label, "/feeds/tags/" + tag.Slug})
	}
	var b bytes.Buffer
	if err := indexTemplate.Execute(&b, shown); err != nil {
		return nil, fmt.Errorf("write the index of feeds: %w", err)
	}
	return &answer{media: "text/html", body: b.Bytes(), policy: page.Policy(style), talk: t}, nil
}
