package editions

import (
	_ "embed" // the queries
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/feeds"
	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/newsletter/render"
	"github.com/redthread-api/redthread/internal/server/content"
)

// Config configures the pages of editions.
type Config struct {
	Content   content.Executor
	Templates *render.Templates
	// Site is the publisher's website, to which pages link. Its URL must be set.
	Site site.Site
	// PublicURL is the URL of this server, without a slash at the end.
	PublicURL string
	// SubscribeURL is the URL of the form for readers; empty: there is none.
	SubscribeURL string
	// Writer writes the responses.
	Writer content.Writer
}

type handler struct{ Config }

// The paths of the pages, as patterns of http.ServeMux.
const (
	listPath = "/editions"
	pagePath = "/editions/{slug}"
)

// Paths returns the paths that [Handler] serves, as patterns of http.ServeMux.
func Paths() []string { return []string{listPath, pagePath} }

// KnownParameters is middleware that removes the parameters from the URL that the pages
// do not have.
func KnownParameters(next http.Handler) http.Handler {
	return content.KeepParameters("series", "after")(next)
}

// Handler serves the pages of editions, for GET and HEAD; the caller refuses other
// methods. The contexts of its requests must carry a viewer.
func Handler(c Config) http.Handler {
	h := &handler{c}
	mux := http.NewServeMux()
	for path, serve := range map[string]func(r *http.Request) (*content.Response, error){
		listPath: h.list, pagePath: h.page,
		"/": func(*http.Request) (*content.Response, error) { return nil, content.ErrNotFound },
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { h.Writer.Serve(w, r, serve) })
	}
	return mux
}

//go:embed queries.graphql
var queriesDocument string

// The types of the queries' results.
type (
	editionResult struct {
		render.Document
		Previous, Next *neighbour
	}
	neighbour struct {
		Slug, Title string
		Number      int
	}
)

// page is the page of one edition. A former slug redirects to the current one.
func (h *handler) page(r *http.Request) (*content.Response, error) {
	slug := r.PathValue("slug")
	if !utf8.ValidString(slug) || strings.ContainsFunc(slug, unicode.IsControl) {
		return nil, content.ErrNotFound
	}
	queries := content.NewRunner(h.Content, queriesDocument+render.Fragment)
	var result struct{ Edition *editionResult }
	if err := queries.Execute(r.Context(), "Edition", map[string]any{"slug": slug}, &result); err != nil {
		return nil, err
	}
	if result.Edition == nil {
		return nil, content.ErrNotFound
	}
	e := render.New(result.Edition.Document, h.Site)
	if e.Slug != slug {
		// Relative, so that it holds behind a proxy.
		return &content.Response{Queries: queries, Location: "./" + url.PathEscape(e.Slug)}, nil
	}
	page := render.Page{
		Edition: e, Site: render.NameOf(h.Site), Editions: h.PublicURL + listPath, Subscribe: h.SubscribeURL, Feeds: h.feeds(e.Series.Slug, e.Series.Title),
		Previous: h.neighbour(result.Edition.Previous), Next: h.neighbour(result.Edition.Next),
	}
	body, err := h.Templates.Page(page)
	if err != nil {
		return nil, err
	}
	response := &content.Response{Media: "text/html", Body: body, Policy: h.Templates.Policy(), Queries: queries, Link: links(page.Feeds)}
	if e.URL != "" {
		response.Link = append(response.Link, "<"+e.URL+`>; rel="canonical"`)
	}
	return response, nil
}

// neighbour returns the edition before or after another one; nil for none.
func (h *handler) neighbour(n *neighbour) *render.Neighbour {
	if n == nil {
		return nil
	}
	return &render.Neighbour{Title: n.Title, URL: h.address(n.Slug), Number: n.Number}
}

// address returns the address of the page of an edition: that of the site or, where the
// site has no such pages, that of this server.
func (h *handler) address(slug string) string {
	if page := h.Site.Page(domain.Edition, slug); page != "" {
		return page
	}
	return h.PublicURL + listPath + "/" + url.PathEscape(slug)
}

// feeds returns the feeds of a series; none for an edition without a series.
func (h *handler) feeds(series, title string) []render.Feed {
	if series == "" {
		return nil
	}
	var all []render.Feed
	for _, f := range feeds.Formats() {
		all = append(all, render.Feed{Title: f.Title, Type: f.Type, URL: h.PublicURL + "/feeds/series/" + url.PathEscape(series) + "." + f.Ext})
	}
	return all
}

// links returns feeds as values of the header field Link (RFC 8288).
func links(all []render.Feed) []string {
	var values []string
	for _, f := range all {
		values = append(values, "<"+f.URL+`>; rel="alternate"; type="`+f.Type+`"`)
	}
	return values
}
