package feeds

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/feeds"
)

// kinds are what there are feeds of, by their question.
var kinds = map[string]struct {
	folder string
	pages  domain.Type
}{
	"Tag":       {"tags", domain.Tag},
	"Entity":    {"entities", domain.Entity},
	"Narrative": {"narratives", domain.Narrative},
}

// reportsFeed is the feed of all reports.
func reportsFeed(h *handler, r *http.Request, file string) (*answer, error) {
	name, format, err := formatOf(file)
	if err != nil {
		return nil, err
	}
	if name != "reports" {
		return nil, errNotFound
	}
	win, err := readWindow(r)
	if err != nil {
		return nil, err
	}
	t := &talk{executor: h.Content}
	var said struct{ List reportList }
	if err := t.execute(r.Context(), "Reports", win.variables(""), &said); err != nil {
		return nil, err
	}
	return h.answer(t, format, "/feeds/reports", win, said.List.PageInfo, feeds.Feed{
		ID: feeds.URN("feed:reports:" + h.Site.URL), Title: h.Site.Title(), Home: h.Site.Home(), Items: h.reports(said.List.Nodes),
	})
}

// feedOf is the feed of the reports that have something to do with a document,
// for which there is a question.
func feedOf(question string) serve {
	return func(h *handler, r *http.Request, file string) (*answer, error) {
		slug, format, err := formatOf(file)
		if err != nil {
			return nil, err
		}
		win, err := readWindow(r)
		if err != nil {
			return nil, err
		}
		t := &talk{executor: h.Content}
		var said struct {
			Of   *subject
			List *reportList
		}
		if err := t.execute(r.Context(), question, win.variables(slug), &said); err != nil {
			return nil, err
		}
		of := said.Of
		if of == nil {
			return nil, errNotFound
		}
		list := cmp.Or(said.List, of.List)
		kind := kinds[question]
		path := "/feeds/" + kind.folder + "/"
		if of.Slug != slug { // it is a former one
			// Beside this address, wherever that is for the client.
			return &answer{talk: t, moved: of.Slug + "." + format.Ext + win.query()}, nil
		}
		return h.answer(t, format, path+of.Slug, win, list.PageInfo, feeds.Feed{
			ID: feeds.URN("feed:" + of.ID), Title: h.Site.Title() + ": " + of.Name, Description: of.Description,
			Home: cmp.Or(h.Site.Page(kind.pages, of.Slug), h.Site.Home()), Updated: of.UpdatedAt, Items: h.reports(list.Nodes),
		})
	}
}

// series is the feed of the editions of a series, which is named in the address
// as it is named in them.
func (h *handler) series(r *http.Request, file string) (*answer, error) {
	name, format, err := formatOf(file)
	if err != nil {
		return nil, err
	}
	win, err := readWindow(r)
	if err != nil {
		return nil, err
	}
	t := &talk{executor: h.Content}
	var said struct {
		Any struct {
			Nodes []struct {
				Series    string
				UpdatedAt time.Time
			}
		}
		List struct {
			PageInfo pageInfo
			Nodes    []edition
		}
	}
	if err := t.execute(r.Context(), "Series", win.variables(name), &said); err != nil {
		return nil, err
	}
	if len(said.Any.Nodes) == 0 {
		return nil, errNotFound
	}
	if series := said.Any.Nodes[0].Series; series != name { // it is written in another way
		return &answer{talk: t, moved: "./" + url.PathEscape(series) + "." + format.Ext + win.query()}, nil
	}
	items, err := h.editions(said.List.Nodes)
	if err != nil {
		return nil, err
	}
	return h.answer(t, format, "/feeds/series/"+url.PathEscape(name), win, said.List.PageInfo, feeds.Feed{
		ID: feeds.URN("feed:series:" + h.Site.URL + ":" + name), Title: h.Site.Title() + ": " + name,
		Home: h.Site.Home(), Updated: said.Any.Nodes[0].UpdatedAt, Items: items,
	})
}

// answer completes a feed with what all feeds have, and writes it. A feed was
// updated when the newest of its items was; where there are none, when what it
// is of was, if that is known.
func (h *handler) answer(t *talk, format feeds.Format, path string, win window, info pageInfo, f feeds.Feed) (*answer, error) {
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
		f.Updated = time.Unix(0, 0) // Atom wants a moment, and the present would be another each time
	}
	body, err := format.Write(f)
	return &answer{media: format.Type, body: body, talk: t}, err
}

// later is the moment that an item changed for its readers: what was saved
// before it was published changed when it was published.
func later(published, updated time.Time) time.Time {
	if published.After(updated) {
		return published
	}
	return updated
}
