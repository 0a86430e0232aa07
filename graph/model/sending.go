package model

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter"
)

// Sending is a sending with its progress.
type Sending struct {
	*db.Sending
	newsletter.Progress
}

// ETASeconds returns how many seconds the rest will take; nil where that is not known.
func (s *Sending) ETASeconds() *int {
	eta := int(s.ETA(s.Rate()).Seconds())
	if eta == 0 {
		return nil
	}
	return &eta
}

// Rate returns how many mails a second are submitted; 0 where it does not run.
func (s *Sending) Rate() float64 {
	if s.State != newsletter.SendingRunning {
		return 0
	}
	return s.Sending.Rate
}

// SendingEdge is a sending with its place in a list.
type SendingEdge struct {
	Node   *Sending
	Cursor string
}

// SendingConnection is a page of sendings, with their progress.
type SendingConnection struct {
	*read.Connection[db.Sending]
	Progress func(ctx context.Context, ids []domain.ID) (map[domain.ID]newsletter.Progress, error)
}

// Nodes returns the sendings of the page.
func (c *SendingConnection) Nodes(ctx context.Context) ([]*Sending, error) {
	rows, err := c.Connection.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	return NewSendings(ctx, rows, c.Progress)
}

// Edges returns the sendings of the page with their cursors.
func (c *SendingConnection) Edges(ctx context.Context) ([]*SendingEdge, error) {
	edges, err := c.Connection.Edges(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]*db.Sending, len(edges))
	for i, e := range edges {
		rows[i] = e.Node
	}
	sendings, err := NewSendings(ctx, rows, c.Progress)
	if err != nil {
		return nil, err
	}
	out := make([]*SendingEdge, len(edges))
	for i, e := range edges {
		out[i] = &SendingEdge{Node: sendings[i], Cursor: e.Cursor}
	}
	return out, nil
}

// NewSendings returns rows with their progress.
func NewSendings(ctx context.Context, rows []*db.Sending, progress func(context.Context, []domain.ID) (map[domain.ID]newsletter.Progress, error)) ([]*Sending, error) {
	ids := make([]domain.ID, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	found, err := progress(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]*Sending, len(rows))
	for i, row := range rows {
		out[i] = &Sending{Sending: row, Progress: found[row.ID]}
	}
	return out, nil
}
