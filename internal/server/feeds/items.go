package feeds

import (
	"cmp"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/feeds"
	"github.com/redthread-api/redthread/internal/newsletter/render"
)

func (h *handler) reportItems(rows []report) []feeds.Item {
	var items []feeds.Item
	for _, r := range rows {
		page := h.Site.Page(domain.Report, r.Slug)
		it := feeds.Item{
			ID: feeds.URN(r.ID), URL: page, Title: r.Title, Summary: r.Summary, Language: r.Language,
			HTML:      feeds.Portable(r.Body, cmp.Or(page, h.Site.Home())),
			Published: r.PublishedAt, Updated: later(r.PublishedAt, r.UpdatedAt), Categories: categories(r.Tags),
		}
		for _, c := range r.Contributions {
			by := feeds.Author{Name: c.Entity.Name, URL: h.Site.Page(domain.Entity, c.Entity.Slug)}
			list := &it.Contributors
			if c.Role == "AUTHOR" || c.Role == "ANALYST" {
				list = &it.Authors
			}
			if !slices.Contains(*list, by) {
				*list = append(*list, by)
			}
		}
		if r.Hero != nil {
			it.Image = new(r.Hero.file())
		}
		for _, a := range r.Attachments {
			it.Files = append(it.Files, a.file())
		}
		items = append(items, it)
	}
	return items
}

func (a asset) file() feeds.File {
	return feeds.File{URL: a.URL, Type: a.MediaType, Size: a.Size, Title: cmp.Or(a.Title, a.AltText)}
}

func categories(tags []tag) []feeds.Category {
	var all []feeds.Category
	for _, t := range tags {
		if c := (feeds.Category{Term: t.Slug, Label: t.Label}); !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

// editionItems returns the items of a feed of editions, each with its full text.
func (h *handler) editionItems(rows []edition) ([]feeds.Item, error) {
	var items []feeds.Item
	for _, row := range rows {
		e := render.New(row.Document, h.Site)
		text, err := e.FeedHTML()
		if err != nil {
			return nil, err
		}
		var tags []tag
		for _, it := range row.Items {
			for _, t := range it.Tags {
				tags = append(tags, tag{t.Slug, t.Label})
			}
		}
		items = append(items, feeds.Item{
			ID: feeds.URN(e.ID), URL: e.URL, Title: e.FullTitle(), Summary: row.Summary, Language: e.Language,
			HTML:      feeds.Portable(text, cmp.Or(e.URL, h.Site.Home())),
			Published: e.Published, Updated: e.Updated, Categories: categories(tags),
		})
	}
	return items, nil
}
