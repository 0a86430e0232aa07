package render

import (
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/schemaorg"
)

// linkedData returns the JSON-LD of a page.
func linkedData(p Page) ([]byte, error) {
	issue := schemaorg.Issue{
		ID: p.ID, URL: p.URL, Title: p.Title, Number: p.Number, Language: p.Edition.Language,
		Series: p.Series.Title, SeriesURL: p.Series.URL, Updated: p.Updated,
	}
	if !p.Published.IsZero() {
		issue.Published = &p.Published
	}
	for _, it := range p.Items {
		part := schemaorg.IssuePart{URL: it.URL, Headline: it.Headline, Date: domain.Date(it.OccurredOn)}
		for _, n := range it.Notes {
			part.Sources = append(part.Sources, schemaorg.Source{
				Title: n.Title, URL: n.URL, ArchiveURL: n.ArchiveURL, Publisher: n.Publisher, Language: n.Language, Date: domain.Date(n.Date),
			})
		}
		for _, x := range it.Entities {
			part.About = append(part.About, schemaorg.Thing{Kind: x.Kind, Name: x.Text, URL: x.URL})
		}
		issue.Parts = append(issue.Parts, part)
	}
	return schemaorg.Publisher{Name: p.Site.Name, URL: p.Site.URL}.Issue(issue)
}
