package model

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// PendingChange is a document that differs from live, and the documents that
// are on the same page, to be read with it.
type PendingChange struct {
	editorial.PendingChange
	Page *PageBatch
}

// Warning is a warning, and the documents that the warnings of the same payload
// are about, to be read with it.
type Warning struct {
	editorial.Warning
	Page *PageBatch
}

// NewWarnings makes the warnings of a payload.
func NewWarnings(found []editorial.Warning) []*Warning {
	page := &PageBatch{}
	warnings := make([]*Warning, len(found))
	for i, w := range found {
		warnings[i] = &Warning{w, page}
		page.IDs = append(page.IDs, w.Documents...)
	}
	return warnings
}

// PublicationEntry is a line of the publication log, and the documents that
// are on the same page.
type PublicationEntry struct {
	*db.PublicationEntry
	Page *PageBatch
}

// Sequence is the number of the line.
func (e *PublicationEntry) Sequence() int { return int(e.ID) }

// Published is the revision that went live; nil where something was taken
// from live.
func (e *PublicationEntry) Published() *int {
	if e.PublicationEntry.Revision == 0 {
		return nil
	}
	return &e.PublicationEntry.Revision
}

// PageBatch are documents that are read in one go, when the first of them is
// asked for. An operation resolves its fields one after the other.
type PageBatch struct {
	IDs  []domain.ID
	read bool
	docs map[domain.ID]Document
	err  error
}

// Get returns one of the documents, nil where it cannot be seen. load reads
// them all.
func (t *PageBatch) Get(id domain.ID, load func(ids []domain.ID) (map[domain.ID]Document, error)) (Document, error) {
	if !t.read {
		t.read = true
		t.docs, t.err = load(t.IDs)
	}
	return t.docs[id], t.err
}

// PublicationEntryConnection is a page of the publication log.
type PublicationEntryConnection struct {
	rows *read.Connection[db.PublicationEntry]
	page *PageBatch
}

// NewPublicationEntryConnection makes a page of the log of a page of rows.
func NewPublicationEntryConnection(rows *read.Connection[db.PublicationEntry]) *PublicationEntryConnection {
	return &PublicationEntryConnection{rows: rows, page: &PageBatch{}}
}

// PublicationEntryEdge is a line with its place in the log.
type PublicationEntryEdge struct {
	Cursor string
	Node   *PublicationEntry
}

// Nodes returns the lines.
func (c *PublicationEntryConnection) Nodes(ctx context.Context) ([]*PublicationEntry, error) {
	rows, err := c.rows.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	entries := make([]*PublicationEntry, len(rows))
	ids := make([]domain.ID, len(rows))
	for i, row := range rows {
		entries[i] = &PublicationEntry{PublicationEntry: row, Page: c.page}
		ids[i] = row.DocumentID
	}
	c.page.IDs = ids
	return entries, nil
}

// Edges returns the lines with their cursors.
func (c *PublicationEntryConnection) Edges(ctx context.Context) ([]*PublicationEntryEdge, error) {
	entries, err := c.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := c.rows.Edges(ctx)
	if err != nil {
		return nil, err
	}
	edges := make([]*PublicationEntryEdge, len(entries))
	for i, e := range entries {
		edges[i] = &PublicationEntryEdge{Cursor: rows[i].Cursor, Node: e}
	}
	return edges, nil
}

// PageInfo says where the page lies.
func (c *PublicationEntryConnection) PageInfo(ctx context.Context) (*read.PageInfo, error) {
	return c.rows.PageInfo(ctx)
}

// TotalCount counts the log.
func (c *PublicationEntryConnection) TotalCount(ctx context.Context) (int, error) {
	return c.rows.TotalCount(ctx)
}
