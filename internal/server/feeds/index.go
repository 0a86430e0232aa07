package feeds

import (
	"bytes"
	_ "embed" // the page and its style
	"fmt"
	"html/template"
	"net/http"

	"github.com/redthread-api/redthread/internal/exchange/feeds"
	"github.com/redthread-api/redthread/internal/server/page"
)

//go:embed index.html
var indexPage string

//go:embed index.css
var indexStyle string

var indexTemplate = template.Must(template.New("index").Parse(indexPage))

// indexEntry is a feed in the index.
type indexEntry struct {
	Title string
	Path  string // without the extension
}

// index is the HTML page that lists the feeds, also in its head, for feed readers.
func (h *handler) index(r *http.Request, _ string) (*response, error) {
	queries := h.queries()
	var result struct {
		AllSeries, Tags struct{ Nodes []tag }
	}
	if err := queries.Execute(r.Context(), "Index", nil, &result); err != nil {
		return nil, err
	}
	style := page.Style + indexStyle
	shown := struct {
		Title, URL string
		Style      template.CSS
		Icon       template.URL
		Header     template.HTML
		Main, Tags []indexEntry
		Formats    []feeds.Format
	}{
		Title: h.Site.Title(), URL: h.PublicURL, Formats: feeds.Formats(),
		Style: template.CSS(style), Icon: page.Icon, Header: page.Header("", page.Feeds, ""),
	}
	shown.Main = []indexEntry{{h.Site.Title() + ": all reports", "/feeds/reports"}}
	for _, series := range result.AllSeries.Nodes {
		shown.Main = append(shown.Main, indexEntry{h.Site.Title() + ": " + series.Label, "/feeds/series/" + series.Slug})
	}
	for _, tag := range result.Tags.Nodes {
		shown.Tags = append(shown.Tags, indexEntry{tag.Label, "/feeds/tags/" + tag.Slug})
	}
	var b bytes.Buffer
	if err := indexTemplate.Execute(&b, shown); err != nil {
		return nil, fmt.Errorf("write the index of feeds: %w", err)
	}
	return &response{Media: "text/html", Body: b.Bytes(), Policy: page.Policy(style), Queries: queries}, nil
}
