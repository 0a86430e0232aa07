package feeds

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/feeds"
)

// mapped are the types of document with pages that sitemaps list, and the
// questions for them.
var mapped = []struct {
	of       domain.Type
	name     string // of the parts, and in the answer to Counts
	question string
}{
	{domain.Report, "reports", "ReportPages"},
	{domain.Narrative, "narratives", "NarrativePages"},
	{domain.Edition, "editions", "EditionPages"},
	{domain.Entity, "entities", "EntityPages"},
	{domain.Tag, "tags", "TagPages"},
}

// sitemap is the map of all pages, or, where they are too many for one, the
// index of its parts.
func (h *handler) sitemap(r *http.Request, _ string) (*answer, error) {
	t := &talk{executor: h.Content}
	var counts map[string]struct{ TotalCount int }
	if err := t.execute(r.Context(), "Counts", nil, &counts); err != nil {
		return nil, err
	}
	total := 1
	for _, m := range mapped {
		if h.Site.HasPages(m.of) {
			total += counts[m.name].TotalCount
		}
	}
	if total > h.SitemapSize {
		return h.sitemapIndex(r.Context(), t)
	}
	pages := []feeds.Page{{URL: h.Site.Home()}}
	for _, m := range mapped {
		if !h.Site.HasPages(m.of) {
			continue
		}
		more, _, err := h.pages(r.Context(), t, m.of, m.question, "", h.SitemapSize)
		if err != nil {
			return nil, err
		}
		pages = append(pages, more...)
	}
	return sitemapAnswer(t, feeds.Sitemap, pages)
}

// sitemapIndex walks through all pages to tell where each part begins. A part
// is named by the cursor that it begins behind, so that it can be read without
// those before it.
func (h *handler) sitemapIndex(ctx context.Context, t *talk) (*answer, error) {
	var parts []feeds.Page
	for _, m := range mapped {
		if !h.Site.HasPages(m.of) {
			continue
		}
		for after, more := "", true; more; {
			pages, next, err := h.pages(ctx, t, m.of, m.question, after, h.SitemapSize)
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
	return sitemapAnswer(t, feeds.SitemapIndex, parts)
}

// sitemapPart is a part of the map of the pages of one type.
func (h *handler) sitemapPart(r *http.Request, file string) (*answer, error) {
	name, ext, _ := split(file)
	for _, m := range mapped {
		if m.name != name || ext != "xml" || !h.Site.HasPages(m.of) {
			continue
		}
		given, err := parameters(r, "after")
		if err != nil {
			return nil, err
		}
		t := &talk{executor: h.Content}
		pages, _, err := h.pages(r.Context(), t, m.of, m.question, given["after"], h.SitemapSize)
		if err != nil {
			return nil, err
		}
		if len(pages) == 0 {
			return nil, errNotFound // a sitemap must not be empty
		}
		return sitemapAnswer(t, feeds.Sitemap, pages)
	}
	return nil, errNotFound
}

// pages reads up to limit pages of a type behind a cursor. next is the cursor
// of the last one, where there are more.
func (h *handler) pages(ctx context.Context, t *talk, of domain.Type, question, after string, limit int) (all []feeds.Page, next string, err error) {
	for len(all) < limit {
		var said struct {
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
		if err := t.execute(ctx, question, variables, &said); err != nil {
			return nil, "", err
		}
		for _, n := range said.List.Nodes {
			all = append(all, feeds.Page{URL: h.Site.Page(of, n.Slug), Updated: n.UpdatedAt})
		}
		if !said.List.PageInfo.HasNextPage {
			return all, "", nil
		}
		after = said.List.PageInfo.EndCursor
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

func sitemapAnswer(t *talk, write func([]feeds.Page) ([]byte, error), pages []feeds.Page) (*answer, error) {
	body, err := write(pages)
	return &answer{media: "application/xml", body: body, talk: t}, err
}
