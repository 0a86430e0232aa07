package schemaorg

import (
	"encoding/json"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// Series is a series of editions.
type Series struct {
	ID, URL, Title, Description, Language string // the description is plain text

	Published *time.Time
	Updated   time.Time
}

// Edition is an edition, with those documents it refers to that the reader may see.
type Edition struct {
	ID, URL, Name, Introduction, Language string // the introduction is plain text

	Number      int
	PeriodStart domain.Date
	PeriodEnd   domain.Date
	Published   *time.Time
	Updated     time.Time
	Series      *Series
	Items       []Item
}

// Item is an item of an edition.
type Item struct {
	Headline, Anchor string
	About            []Thing
	Tags             []string
}

func (s Series) node() object { return node("Periodical", s.URL).put("name", s.Title) }

// Series writes a series as a Periodical.
func (p Publisher) Series(s Series) (json.RawMessage, error) {
	return document(s.node().put("identifier", s.ID).put("description", s.Description).put("inLanguage", s.Language).
		put("datePublished", s.Published).put("dateModified", formatTime(s.Updated)).put("publisher", p.node()))
}

// Edition writes an edition as a PublicationIssue of its series.
func (p Publisher) Edition(e Edition) (json.RawMessage, error) {
	issue := node("PublicationIssue", e.URL).put("identifier", e.ID).put("name", e.Name).put("issueNumber", e.Number).
		put("abstract", e.Introduction).put("inLanguage", e.Language).
		put("datePublished", e.Published).put("dateModified", formatTime(e.Updated)).put("publisher", p.node())
	if e.PeriodStart != "" && e.PeriodEnd != "" {
		issue.put("temporalCoverage", string(e.PeriodStart)+"/"+string(e.PeriodEnd))
	}
	if e.Series != nil {
		issue["isPartOf"] = e.Series.node()
	}
	var parts []object
	for _, item := range e.Items {
		address := ""
		if e.URL != "" {
			address = e.URL + "#" + item.Anchor
		}
		parts = append(parts, node("CreativeWork", address).put("name", item.Headline).
			put("about", things(item.About)).put("keywords", item.Tags))
	}
	return document(issue.put("hasPart", parts))
}
