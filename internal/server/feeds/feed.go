package feeds

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/feeds"
	"github.com/redthread-api/redthread/internal/server/content"
)

// kinds are the documents that have feeds, by the operation that reads them.
var kinds = map[string]struct {
	folder string
	pages  domain.Type
}{
	"Tag":       {"tags", domain.Tag},
	"Entity":    {"entities", domain.Entity},
	"Narrative": {"narratives", domain.Narrative},
}

// reportsFeed is the feed of all reports.
func reportsFeed(h *handler, r *http.Request, file string) (*response, error) {
	name, format, err := formatOf(file)
	if err != nil {
		return nil, err
	}
	if name != "reports" {
		return nil, content.ErrNotFound
	}
	win, err := readWindow(r)
	if err != nil {
		return nil, err
	}
	queries := h.queries()
	var result struct{ List reportList }
	if err := queries.Execute(r.Context(), "Reports", win.variables(""), &result); err != nil {
		return nil, err
	}
	return h.feedResponse(queries, format, "/feeds/reports", win, result.List.PageInfo, feeds.Feed{
		ID: feeds.URN("feed:reports:" + h.Site.URL), Title: h.Site.Title(), Home: h.Site.Home(), Items: h.reportItems(result.List.Nodes),
	})
}

// feedOf returns the handler of the feeds of the reports that are linked to a document,
// which the operation reads.
func feedOf(operation string) serve {
	return func(h *handler, r *http.Request, file string) (*response, error) {
		slug, format, err := formatOf(file)
		if err != nil {
			return nil, err
		}
		win, err := readWindow(r)
		if err != nil {
			return nil, err
		}
		queries := h.queries()
		var result struct {
			Of   *subject
			List *reportList
		}
		if err := queries.Execute(r.Context(), operation, win.variables(slug), &result); err != nil {
			return nil, err
		}
		of := result.Of
		if of == nil {
			return nil, content.ErrNotFound
		}
		list := cmp.Or(result.List, of.List)
		kind := kinds[operation]
		path := "/feeds/" + kind.folder + "/"
		if of.Slug != slug { // it is a former slug
			// Relative, so that it holds behind a proxy.
			return &response{Queries: queries, Location: of.Slug + "." + format.Ext + win.query()}, nil
		}
		return h.feedResponse(queries, format, path+of.Slug, win, list.PageInfo, feeds.Feed{
			ID: feeds.URN("feed:" + of.ID), Title: h.Site.Title() + ": " + of.Name, Description: of.Description,
			Home: cmp.Or(h.Site.Page(kind.pages, of.Slug), h.Site.Home()), Updated: of.UpdatedAt, Items: h.reportItems(list.Nodes),
		})
	}
}

// series is the feed of the editions of a series.
func (h *handler) series(r *http.Request, file string) (*response, error) {
	name, format, err := formatOf(file)
	if err != nil {
		return nil, err
	}
	win, err := readWindow(r)
	if err != nil {
		return nil, err
	}
	queries := h.queries()
	var result struct {
		Of   struct{ Nodes []subject }
		List struct {
			PageInfo pageInfo
			Nodes    []edition
		}
	}
	if err := queries.Execute(r.Context(), "Series", win.variables(name), &result); err != nil {
		return nil, err
	}
	if len(result.Of.Nodes) == 0 {
		return nil, content.ErrNotFound
	}
	of := result.Of.Nodes[0]
	if of.Slug != name { // it is a former slug, or the title
		return &response{Queries: queries, Location: "./" + of.Slug + "." + format.Ext + win.query()}, nil
	}
	items, err := h.editionItems(result.List.Nodes)
	if err != nil {
		return nil, err
	}
	return h.feedResponse(queries, format, "/feeds/series/"+of.Slug, win, result.List.PageInfo, feeds.Feed{
		ID: feeds.URN("feed:" + of.ID), Title: h.Site.Title() + ": " + of.Name, Description: of.Description,
		Home: cmp.Or(h.Site.Page(domain.Series, of.Slug), h.Site.Home()), Updated: of.UpdatedAt, Items: items,
	})
}

// feedResponse completes a feed with what all feeds have, and encodes it. A feed was
// updated when the newest of its items was; without items, when its document was, if
// that is known.
func (h *handler) feedResponse(queries *content.Runner, format feeds.Format, path string, win window, info pageInfo, f feeds.Feed) (*response, error) {
	address := func(w window) string { return h.PublicURL + path + "." + format.Ext + w.query() }
	f.Self = address(win)
	if win.after != "" {
		f.First = address(window{first: win.first})
	}
	if info.HasNextPage {
		f.Next = address(window{win.first, info.EndCursor})
	}
	f.Publisher = feeds.Author{Name: h.Site.Title(), URL: h.Site.Home()}
	if len(f.Items) > 0 {
		f.Updated = slices.MaxFunc(f.Items, func(a, b feeds.Item) int { return a.Updated.Compare(b.Updated) }).Updated
		f.Language = f.Items[0].Language
		if slices.ContainsFunc(f.Items, func(it feeds.Item) bool { return it.Language != f.Language }) {
			f.Language = ""
		}
	}
	if f.Updated.IsZero() {
		f.Updated = time.Unix(0, 0) // Atom requires a time, and the present time would differ with each response
	}
	body, err := format.Write(f)
	return &response{Media: format.Type, Body: body, Queries: queries}, err
}

// later is when an item changed for its readers: an item that was saved before it was
// published changed when it was published.
func later(published, updated time.Time) time.Time {
	if published.After(updated) {
		return published
	}
	return updated
}
