package feeds

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/feeds"
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

// editionText is the full text of an edition. HTML from the API is sanitised; all other
// values are escaped.
var editionText = template.Must(template.New("edition").Parse(`{{.Introduction}}
{{- range .Items}}
<h2>{{.Headline}}</h2>
{{- with .OccurredOn}}
<p><time datetime="{{.}}">{{.}}</time></p>
{{- end}}
{{.Summary}}
{{- with .Analysis}}
{{.}}
{{- end}}
{{- with .Sources}}
<ul>
{{- range .}}
<li>{{if .URL}}<a href="{{.URL}}">{{.Title}}</a>{{else}}{{.Title}}{{end}}</li>
{{- end}}
</ul>
{{- end}}
{{- end}}
`))

func (h *handler) editionItems(rows []edition) ([]feeds.Item, error) {
	var items []feeds.Item
	for _, e := range rows {
		type item struct {
			editionItem
			Summary, Analysis template.HTML
		}
		text := struct {
			Introduction template.HTML
			Items        []item
		}{Introduction: template.HTML(e.Introduction)}
		var tags []tag
		for _, it := range e.Items {
			text.Items = append(text.Items, item{it, template.HTML(it.Summary), template.HTML(it.Analysis)})
			tags = append(tags, it.Tags...)
		}
		var html bytes.Buffer
		if err := editionText.Execute(&html, text); err != nil {
			return nil, fmt.Errorf("write %s: %w", e.Slug, err)
		}
		page := h.Site.Page(domain.Edition, e.Slug)
		items = append(items, feeds.Item{
			ID: feeds.URN(e.ID), URL: page, Title: e.DisplayName,
			Summary: e.Summary, Language: e.Language, HTML: feeds.Portable(html.String(), cmp.Or(page, h.Site.Home())),
			Published: e.PublishedAt, Updated: later(e.PublishedAt, e.UpdatedAt), Categories: categories(tags),
		})
	}
	return items, nil
}
