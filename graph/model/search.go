package model

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/search/analysis"
)

// SearchResult is a row that search finds: one of a type of document, or an item of an edition.
type SearchResult any

// SearchResultConnection is a page of what a search finds. It is searched when it is first used.
type SearchResultConnection struct {
	Params    search.Params
	Stage     domain.Stage
	Truncated bool
	List      string // which cursors lead on in it
	Result    func(context.Context) (search.Result, error)
	Matcher   *analysis.Matcher // nil without words in the query
}

// SearchResultEdge is a result of a search.
type SearchResultEdge struct {
	Cursor  string
	Node    SearchResult
	Score   float64
	Matcher *analysis.Matcher // nil without words in the query
}

// Snippet is a fragment of a text in which something was found.
type Snippet struct {
	Field string
	Text  string
	HTML  string
	Spans []*Span
}

// Span is a part of a text, in code points.
type Span struct{ Start, End int }

// SearchFacets are the facets of a search.
type SearchFacets struct {
	Stage  domain.Stage
	Facets *search.Facets
}

// Suggestion is a name or title and what has it.
type Suggestion struct {
	Text     string
	NameKind *string
	Node     SearchResult
}

// NameMatches are the entities that a name may stand for.
type NameMatches struct {
	Name       string
	Candidates []*MatchCandidate
}

// MatchCandidate is an entity that a name may stand for.
type MatchCandidate struct {
	Entity                      *db.Entity
	Name                        string
	NameKind                    *string
	Score                       float64
	Reason                      string
	SameCountry, SameIdentifier *bool
}

// Related is something that has to do with a document.
type Related struct {
	Node    SearchResult
	Score   float64
	Reasons []*RelatedReason
}

// RelatedReason is why something has to do with a document.
type RelatedReason struct {
	Kind     string
	Document Document
	Word     *string
}
