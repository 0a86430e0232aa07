package model

import (
	"strings"

	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/projection"
)

// Change is a line of the change feed, and the documents that are on the same
// page.
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

// DocumentID is the id of the document, whatever became of it.
func (c *Change) DocumentID() string { return c.Change.Document.String() }

// Type is the type of the document, as the schema's enum has it.
func (c *Change) Type() string { return strings.ToUpper(c.Change.Document.Type().String()) }

// Cursor is the place of the change in the feed.
func (c *Change) Cursor() string { return c.Position.String() }

// ChangeConnection is a page of the change feed.
type ChangeConnection struct {
	Nodes    []*Change
	PageInfo *read.PageInfo
}

// Edges are the changes with their cursors.
func (c *ChangeConnection) Edges() []*ChangeEdge {
	edges := make([]*ChangeEdge, len(c.Nodes))
	for i, node := range c.Nodes {
		edges[i] = &ChangeEdge{Cursor: node.Cursor(), Node: node}
	}
	return edges
}
