package editions

import (
	"net/http"
	"net/url"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter/render"
	"github.com/redthread-api/redthread/internal/server/content"
)

// The types of the queries' results.
type (
	series struct {
		Slug, Title, Language, Description string
		Editions                           struct {
			PageInfo struct {
				HasNextPage bool
				EndCursor   string
			}
			Nodes []listed
		}
	}
	listed struct {
		Slug, Title, Language  string
		Number                 int
		PeriodStart, PeriodEnd string
		PublishedAt            time.Time
		Items                  []struct{ Headline string }
	}
)

// list is the page of all series, with the newest editions of each, or of the editions
// of the series that the parameter series names. A former slug redirects.
func (h *handler) list(r *http.Request) (*content.Response, error) {
	given, err := content.Parameters(r, "series", "after")
	if err != nil {
		return nil, err
	}
	slug, one := given["series"]
	after, later := given["after"]
	if later && (!one || after == "") {
		return nil, content.BadRequest("after: want the cursor of a page, with series; or leave it out")
	}
	queries := content.NewRunner(h.Content, queriesDocument+render.Fragment)
	if !one {
		var result struct{ AllSeries struct{ Nodes []series } }
		if err := queries.Execute(r.Context(), "AllSeries", nil, &result); err != nil {
			return nil, err
		}
		return h.listPage(queries, result.AllSeries.Nodes, "")
	}
	variables := map[string]any{"slug": slug}
	if later {
		variables["after"] = after
	}
	var result struct{ Series *series }
	if err := queries.Execute(r.Context(), "Series", variables, &result); err != nil {
		return nil, err
	}
	of := result.Series
	if of == nil {
		return nil, content.ErrNotFound
	}
	if of.Slug != slug {
		return &content.Response{Queries: queries, Location: "?series=" + url.QueryEscape(of.Slug)}, nil
	}
	return h.listPage(queries, []series{*of}, of.Editions.PageInfo.EndCursor)
}

// listPage writes a list. The rest of a series is behind the cursor after; without one,
// it is on the page of the series.
func (h *handler) listPage(queries *content.Runner, all []series, after string) (*content.Response, error) {
	page := render.List{Site: render.NameOf(h.Site), Subscribe: h.SubscribeURL}
	var feeds []render.Feed
	for _, s := range all {
		if len(s.Editions.Nodes) == 0 {
			continue
		}
		shown := render.ListedSeries{
			Series:   render.Series{Slug: s.Slug, Title: s.Title, Description: s.Description, URL: h.Site.Page(domain.Series, s.Slug)},
			Language: s.Language, Dir: render.Direction(s.Language), Feeds: h.feeds(s.Slug, s.Title),
		}
		feeds = append(feeds, shown.Feeds...)
		if s.Editions.PageInfo.HasNextPage {
			shown.More = h.PublicURL + listPath + "?series=" + url.QueryEscape(s.Slug)
			if after != "" {
				shown.More += "&after=" + url.QueryEscape(after)
			}
		}
		for _, e := range s.Editions.Nodes {
			one := render.ListedEdition{
				Title: e.Title, URL: h.address(e.Slug), Language: e.Language, Dir: render.Direction(e.Language), Number: e.Number,
				PeriodStart: e.PeriodStart, PeriodEnd: e.PeriodEnd, Published: e.PublishedAt,
			}
			for _, it := range e.Items {
				one.Headlines = append(one.Headlines, it.Headline)
			}
			shown.Editions = append(shown.Editions, one)
		}
		page.Series = append(page.Series, shown)
	}
	body, err := h.Templates.List(page)
	if err != nil {
		return nil, err
	}
	return &content.Response{Media: "text/html", Body: body, Policy: h.Templates.Policy(), Queries: queries, Link: links(feeds)}, nil
}
