package feeds

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/feeds"
	"github.com/redthread-api/redthread/internal/server/content"
)

// sitemapTypes are the types of document whose pages sitemaps list, and the operations
// that read them.
var sitemapTypes = []struct {
	of        domain.Type
	name      string // of the parts, and in the result of Counts
	operation string
}{
	{domain.Report, "reports", "ReportPages"},
	{domain.Narrative, "narratives", "NarrativePages"},
	{domain.Edition, "editions", "EditionPages"},
	{domain.Entity, "entities", "EntityPages"},
	{domain.Tag, "tags", "TagPages"},
	{domain.Series, "series", "SeriesPages"},
}

// sitemap is the sitemap of all pages or, where they are too many for one, the index of
// its parts.
func (h *handler) sitemap(r *http.Request, _ string) (*response, error) {
	queries := h.queries()
	var counts map[string]struct{ TotalCount int }
	if err := queries.Execute(r.Context(), "Counts", nil, &counts); err != nil {
		return nil, err
	}
	total := 1
	for _, m := range sitemapTypes {
		if h.Site.HasPages(m.of) {
			total += counts[m.name].TotalCount
		}
	}
	if total > h.SitemapSize {
		return h.sitemapIndex(r.Context(), queries)
	}
	pages := []feeds.Page{{URL: h.Site.Home()}}
	for _, m := range sitemapTypes {
		if !h.Site.HasPages(m.of) {
			continue
		}
		more, _, err := h.pages(r.Context(), queries, m.of, m.operation, "", h.SitemapSize)
		if err != nil {
			return nil, err
		}
		pages = append(pages, more...)
	}
	return sitemapResponse(queries, feeds.Sitemap, pages)
}

// sitemapIndex reads all pages to find where each part begins. The URL of a part has the
// cursor after which it begins, so that it can be read without those before it.
func (h *handler) sitemapIndex(ctx context.Context, queries *content.Runner) (*response, error) {
	var parts []feeds.Page
	for _, m := range sitemapTypes {
		if !h.Site.HasPages(m.of) {
			continue
		}
		for after, more := "", true; more; {
			pages, next, err := h.pages(ctx, queries, m.of, m.operation, after, h.SitemapSize)
			if err != nil {
				return nil, err
			}
			if len(pages) > 0 {
				part := feeds.Page{URL: h.PublicURL + "/sitemaps/" + m.name + ".xml", Updated: newest(pages)}
				if after != "" {
					part.URL += "?after=" + url.QueryEscape(after)
				}
				parts = append(parts, part)
			}
			after, more = next, next != ""
		}
	}
	return sitemapResponse(queries, feeds.SitemapIndex, parts)
}

// sitemapPart is a part of the sitemap, with pages of one type.
func (h *handler) sitemapPart(r *http.Request, file string) (*response, error) {
	name, ext, _ := split(file)
	for _, m := range sitemapTypes {
		if m.name != name || ext != "xml" || !h.Site.HasPages(m.of) {
			continue
		}
		given, err := content.Parameters(r, "after")
		if err != nil {
			return nil, err
		}
		queries := h.queries()
		pages, _, err := h.pages(r.Context(), queries, m.of, m.operation, given["after"], h.SitemapSize)
		if err != nil {
			return nil, err
		}
		if len(pages) == 0 {
			return nil, content.ErrNotFound // a sitemap must not be empty
		}
		return sitemapResponse(queries, feeds.Sitemap, pages)
	}
	return nil, content.ErrNotFound
}

// pages reads up to limit pages of a type after a cursor. next is the cursor of the last
// one; empty where there are no more.
func (h *handler) pages(ctx context.Context, queries *content.Runner, of domain.Type, operation, after string, limit int) (all []feeds.Page, next string, err error) {
	for len(all) < limit {
		var result struct {
			List struct {
				PageInfo pageInfo
				Nodes    []struct {
					Slug      string
					UpdatedAt time.Time
				}
			}
		}
		variables := map[string]any{}
		if after != "" {
			variables["after"] = after
		}
		if err := queries.Execute(ctx, operation, variables, &result); err != nil {
			return nil, "", err
		}
		for _, n := range result.List.Nodes {
			all = append(all, feeds.Page{URL: h.Site.Page(of, n.Slug), Updated: n.UpdatedAt})
		}
		if !result.List.PageInfo.HasNextPage {
			return all, "", nil
		}
		after = result.List.PageInfo.EndCursor
	}
	return all, after, nil
}

func newest(pages []feeds.Page) time.Time {
	var at time.Time
	for _, p := range pages {
		if p.Updated.After(at) {
			at = p.Updated
		}
	}
	return at
}

func sitemapResponse(queries *content.Runner, write func([]feeds.Page) ([]byte, error), pages []feeds.Page) (*response, error) {
	body, err := write(pages)
	return &response{Media: "application/xml", Body: body, Queries: queries}, err
}
