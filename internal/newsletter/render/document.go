package render

import (
	_ "embed" // the fragment
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// Fragment is the GraphQL fragment RenderedEdition, which selects the fields of a
// [Document]. A document that spreads it appends it.
//
//go:embed edition.graphql
var Fragment string

// Document is an edition as the fragment [Fragment] selects it. The markings are not in the fragment: they are for
// [Document.UpTo], after a query that selects them as well.
type Document struct {
	Marking                   domain.Marking
	ID, Slug, Title, Language string
	Number                    int
	PeriodStart, PeriodEnd    string
	PublishedAt, UpdatedAt    time.Time // of a draft, the zero time
	Series                    *DocumentSeries
	Introduction              string // HTML
	Items                     []DocumentItem
}

// DocumentSeries is the series of a [Document].
type DocumentSeries struct {
	Marking                  domain.Marking
	Slug, Title, Description string
}

// DocumentItem is an item of a [Document].
type DocumentItem struct {
	Anchor, Headline, OccurredOn string
	Summary, Analysis            string // HTML
	Entities                     []DocumentEntity
	Tags                         []DocumentTag
	Citations                    []DocumentCitation
}

// DocumentEntity is an entity that an item is about.
type DocumentEntity struct {
	Marking                    domain.Marking
	Slug, Kind, Name, Language string
}

// DocumentTag is a tag of an item.
type DocumentTag struct {
	Marking     domain.Marking
	Slug, Label string
}

// DocumentCitation is a citation of an item.
type DocumentCitation struct {
	Locator, Quote string
	Source         DocumentSource
}

// DocumentSource is the source of a citation.
type DocumentSource struct {
	Marking                                                 domain.Marking
	Slug, Title, URL, ArchiveURL, Publisher, Date, Language string
}

// UpTo removes the entities, tags and citations that are marked higher than a clearance, as live does.
func (d *Document) UpTo(clearance domain.Marking) {
	for i := range d.Items {
		it := &d.Items[i]
		it.Entities = slices.DeleteFunc(it.Entities, func(e DocumentEntity) bool { return e.Marking > clearance })
		it.Tags = slices.DeleteFunc(it.Tags, func(t DocumentTag) bool { return t.Marking > clearance })
		it.Citations = slices.DeleteFunc(it.Citations, func(c DocumentCitation) bool { return c.Source.Marking > clearance })
	}
}
