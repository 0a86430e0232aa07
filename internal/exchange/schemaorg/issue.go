package schemaorg

import (
	"encoding/json"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// Issue is an edition of a series, with those documents it refers to that the reader may
// see.
type Issue struct {
	ID, URL, Title, Language string
	Number                   int
	Series, SeriesURL        string
	Published                *time.Time
	Updated                  time.Time
	Parts                    []IssuePart
}

// IssuePart is an item of an edition.
type IssuePart struct {
	URL, Headline string
	Date          domain.Date // when it happened
	About         []Thing
	Sources       []Source
}

// Issue writes an edition as schema.org's PublicationIssue of a Periodical, with an
// Article for each item.
func (p Publisher) Issue(i Issue) (json.RawMessage, error) {
	o := node("PublicationIssue", i.URL).put("identifier", i.ID).put("name", i.Title).put("issueNumber", i.Number)
	o.put("inLanguage", i.Language).put("datePublished", i.Published).put("publisher", p.node())
	if !i.Updated.IsZero() {
		o["dateModified"] = formatTime(i.Updated)
	}
	if i.Series != "" {
		o["isPartOf"] = node("Periodical", i.SeriesURL).put("name", i.Series).put("publisher", p.node())
	}
	var parts []object
	for _, part := range i.Parts {
		a := node("Article", part.URL).put("headline", part.Headline).put("temporalCoverage", part.Date).put("about", things(part.About))
		var sources []object
		for _, s := range part.Sources {
			sources = append(sources, s.node())
		}
		parts = append(parts, a.put("citation", sources))
	}
	return document(o.put("hasPart", parts))
}
