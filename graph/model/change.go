package model

import (
	"strings"

	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/projection"
)

// Change is a line of the change feed, with the documents of the same page.
type Change struct {
	projection.Change
	Page *PageBatch
}

// NewChanges returns lines of the feed whose documents are read together.
func NewChanges(changes []projection.Change) []*Change {
	page := &PageBatch{}
	out := make([]*Change, len(changes))
	for i, c := range changes {
		if !c.Kind.Tombstone() {
			page.IDs = append(page.IDs, c.Document)
		}
		out[i] = &Change{c, page}
	}
	return out
}

// DocumentID returns the id of the document, also if it is not live any more.
func (c *Change) DocumentID() string { return c.Change.Document.String() }

// Type returns the type of the document as a value of the schema's enum.
func (c *Change) Type() string { return strings.ToUpper(c.Change.Document.Type().String()) }

// Cursor returns the position of the change in the feed.
func (c *Change) Cursor() string { return c.Position.String() }

// ChangeConnection is a page of the change feed.
type ChangeConnection struct {
	Nodes    []*Change
	PageInfo *read.PageInfo
}

// Edges returns the changes with their cursors.
func (c *ChangeConnection) Edges() []*ChangeEdge {
	edges := make([]*ChangeEdge, len(c.Nodes))
	for i, node := range c.Nodes {
		edges[i] = &ChangeEdge{Cursor: node.Cursor(), Node: node}
	}
	return edges
}
