package model

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// PendingChange is a document that differs from live, with the documents of the same
// page, which are read together.
type PendingChange struct {
	editorial.PendingChange
	Page *PageBatch
}

// Warning is a warning, with the documents of all warnings of the same payload, which
// are read together.
type Warning struct {
	editorial.Warning
	Page *PageBatch
}

// NewWarnings returns the warnings of a payload.
func NewWarnings(found []editorial.Warning) []*Warning {
	page := &PageBatch{}
	warnings := make([]*Warning, len(found))
	for i, w := range found {
		warnings[i] = &Warning{w, page}
		page.IDs = append(page.IDs, w.Documents...)
	}
	return warnings
}

// PublicationEntry is an entry of the publication log, with the documents of the same
// page.
type PublicationEntry struct {
	*db.PublicationEntry
	Page *PageBatch
}

// Sequence returns the number of the entry in the log.
func (e *PublicationEntry) Sequence() int { return int(e.ID) }

// Published returns the revision that went live; nil if the document was unpublished.
func (e *PublicationEntry) Published() *int {
	if e.PublicationEntry.Revision == 0 {
		return nil
	}
	return &e.PublicationEntry.Revision
}

// PageBatch is a set of documents that are read together, when the first of them is
// needed. It is not safe for concurrent use: an operation resolves its fields one after
// the other.
type PageBatch struct {
	IDs  []domain.ID
	read bool
	docs map[domain.ID]Document
	err  error
}

// Get returns one of the documents; nil if the viewer may not see it. load reads all of
// them, and is called once.
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

// NewPublicationEntryConnection returns a page of the log from a page of rows.
func NewPublicationEntryConnection(rows *read.Connection[db.PublicationEntry]) *PublicationEntryConnection {
	return &PublicationEntryConnection{rows: rows, page: &PageBatch{}}
}

// PublicationEntryEdge is an entry with its cursor.
type PublicationEntryEdge struct {
	Cursor string
	Node   *PublicationEntry
}

// Nodes returns the entries.
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

// Edges returns the entries with their cursors.
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

// PageInfo returns the position of the page in the log.
func (c *PublicationEntryConnection) PageInfo(ctx context.Context) (*read.PageInfo, error) {
	return c.rows.PageInfo(ctx)
}

// TotalCount returns the number of entries in the log.
func (c *PublicationEntryConnection) TotalCount(ctx context.Context) (int, error) {
	return c.rows.TotalCount(ctx)
}
