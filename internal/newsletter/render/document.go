package render

import (
	_ "embed" // the fragment
	"fmt"
	"time"
)

// Fragment is the GraphQL fragment RenderedEdition, which selects the fields of a
// [Document]. A document that spreads it appends it.
//
//go:embed edition.graphql
var Fragment string

// Document is an edition as the fragment [Fragment] selects it.
type Document struct {
	ID, Slug, Title, Language string
	Number                    int
	PeriodStart, PeriodEnd    string
	PublishedAt, UpdatedAt    time.Time // of a draft, the zero time
	Series                    *DocumentSeries
	Introduction              string // HTML
	Items                     []DocumentItem
}

// DocumentSeries is the series of a [Document].
type DocumentSeries struct{ Slug, Title, Description string }

// DocumentItem is an item of a [Document].
type DocumentItem struct {
	Headline, OccurredOn string
	Summary, Analysis    string // HTML
	Entities             []DocumentEntity
	Tags                 []DocumentTag
	Citations            []DocumentCitation
}

// DocumentEntity is an entity that an item is about.
type DocumentEntity struct{ Slug, Kind, Name, Language string }

// DocumentTag is a tag of an item.
type DocumentTag struct{ Slug, Label string }

// DocumentCitation is a citation of an item.
type DocumentCitation struct {
	Locator, Quote string
	Source         DocumentSource
}

// DocumentSource is the source of a citation.
type DocumentSource struct {
	Slug, Title, URL, ArchiveURL, Publisher, Date, Language string
}

// anchor returns the id of an item in HTML; position counts from 1.
func (DocumentItem) anchor(position int) string { return fmt.Sprintf("item-%d", position) }
