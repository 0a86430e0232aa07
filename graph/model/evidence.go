package model

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/read"
)

// Places are a page of a list that is not of rows.
type Places[N any] struct {
	Nodes   []*N
	Cursors []string
	After   bool // it does not begin at the start
	More    bool
}

func (p *Places[N]) info() *read.PageInfo {
	info := &read.PageInfo{HasNextPage: p.More, HasPreviousPage: p.After}
	if n := len(p.Cursors); n > 0 {
		info.StartCursor, info.EndCursor = &p.Cursors[0], &p.Cursors[n-1]
	}
	return info
}

// ClaimConnection is a page of what rests on a source. It is read when it is first used.
type ClaimConnection struct {
	Page  func(context.Context) (*Places[Claim], error)
	Count func(context.Context) ([]*ClaimCount, error)
}

// ClaimEdge is a claim with its place in the list.
type ClaimEdge struct {
	Node   *Claim
	Cursor string
}

// Nodes returns the claims of the page.
func (c *ClaimConnection) Nodes(ctx context.Context) ([]*Claim, error) {
	p, err := c.Page(ctx)
	if err != nil {
		return nil, err
	}
	return p.Nodes, nil
}

// Edges returns the claims of the page with their cursors.
func (c *ClaimConnection) Edges(ctx context.Context) ([]*ClaimEdge, error) {
	p, err := c.Page(ctx)
	if err != nil {
		return nil, err
	}
	edges := make([]*ClaimEdge, len(p.Nodes))
	for i, n := range p.Nodes {
		edges[i] = &ClaimEdge{Node: n, Cursor: p.Cursors[i]}
	}
	return edges, nil
}

// PageInfo returns the position of the page in the list.
func (c *ClaimConnection) PageInfo(ctx context.Context) (*read.PageInfo, error) {
	p, err := c.Page(ctx)
	if err != nil {
		return nil, err
	}
	return p.info(), nil
}

// TotalCount counts the whole list.
func (c *ClaimConnection) TotalCount(ctx context.Context) (int, error) {
	counts, err := c.Count(ctx)
	n := 0
	for _, one := range counts {
		n += one.Count
	}
	return n, err
}

// Counts counts the whole list, by kind.
func (c *ClaimConnection) Counts(ctx context.Context) ([]*ClaimCount, error) { return c.Count(ctx) }

// ClaimCount is how many claims of a kind there are.
type ClaimCount struct {
	Kind  string
	Count int
}

// Claim is something that rests on a source.
type Claim struct {
	Kind           string
	Document       Document
	DisplayName    string
	Locator, Quote *string
	Relationship   *db.Relationship
	Listing        *db.Listing
	Observation    *db.Observation
	Item           *db.EditionItem
	Footnote       *db.Footnote
}

// MentionConnection is a page of where an entity is spoken of. It is read when it is first used.
type MentionConnection struct {
	Page  func(context.Context) (*Places[Mention], error)
	Total func(context.Context) (int, error)
}

// MentionEdge is a mention with its place in the list.
type MentionEdge struct {
	Node   *Mention
	Cursor string
}

// Nodes returns the mentions of the page.
func (c *MentionConnection) Nodes(ctx context.Context) ([]*Mention, error) {
	p, err := c.Page(ctx)
	if err != nil {
		return nil, err
	}
	return p.Nodes, nil
}

// Edges returns the mentions of the page with their cursors.
func (c *MentionConnection) Edges(ctx context.Context) ([]*MentionEdge, error) {
	p, err := c.Page(ctx)
	if err != nil {
		return nil, err
	}
	edges := make([]*MentionEdge, len(p.Nodes))
	for i, n := range p.Nodes {
		edges[i] = &MentionEdge{Node: n, Cursor: p.Cursors[i]}
	}
	return edges, nil
}

// PageInfo returns the position of the page in the list.
func (c *MentionConnection) PageInfo(ctx context.Context) (*read.PageInfo, error) {
	p, err := c.Page(ctx)
	if err != nil {
		return nil, err
	}
	return p.info(), nil
}

// TotalCount counts the whole list.
func (c *MentionConnection) TotalCount(ctx context.Context) (int, error) { return c.Total(ctx) }

// Mention is a document, or an item of an edition, in which an entity is spoken of.
type Mention struct {
	Document    Document
	Item        *db.EditionItem
	DisplayName string
	Linked      bool
	Entity      *db.Entity // which is spoken of
}

// Passage is a fragment of a text around a mention of an entity.
type Passage struct {
	Field string
	Link  bool
	Text  string
	HTML  string
	Spans []*Span
}

// NarrativeTree is a narrative with those below it.
type NarrativeTree struct {
	Path     []*db.Narrative
	Nodes    []*NarrativeTreeNode
	Complete bool
}

// NarrativeTreeNode is a narrative in a tree.
type NarrativeTreeNode struct {
	Narrative                                     *db.Narrative
	ParentID                                      *string
	Depth, ChildCount, Hidden                     int
	ObservationCount, TargetCount, AmplifierCount int
}

// NarrativeActors are entities with a part in narratives.
type NarrativeActors struct {
	Actors                     []*NarrativeActor
	TotalCount, NarrativeCount int
}

// NarrativeActor is an entity with a part in narratives.
type NarrativeActor struct {
	Entity                           *db.Entity
	NarrativeCount, ObservationCount int
}

// WithdrawnClaim is a claim whose source is taken back.
type WithdrawnClaim struct {
	Kind           string
	Document       Document
	DisplayName    string
	Locator, Quote *string
	Live           bool
	Citations      int
	Remaining      int
	Outcome        string
}
