package content

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// The actions of the publication log.
const (
	actionPublish   = "PUBLISH"
	actionUnpublish = "UNPUBLISH"
)

// entry is a line of the publication log.
type entry struct {
	Sequence    int64
	Release     int64 // the sequence of the release's last entry
	Action      string
	Document    domain.ID
	Revision    int
	At          time.Time
	PublishedAt time.Time
	Actor       string
}

// lastSequence is the sequence of the last entry; 0 for an empty log.
func lastSequence(ctx context.Context, db store.Rows) (int64, error) {
	var last sql.NullInt64
	err := queryRows(ctx, db, "SELECT max(sequence) FROM publication_entries", nil,
		func(rows *sql.Rows) error { return rows.Scan(&last) })
	if err != nil {
		return 0, fmt.Errorf("read the publication log: %w", err)
	}
	return last.Int64, nil
}

// appendRelease appends entries as one release and returns the sequence of
// its last. Desk transactions run one after another, so the sequence has no
// gap and is in order of commit.
func (e *edit) appendRelease(ctx context.Context, entries []entry, message string) (int64, error) {
	last, err := lastSequence(ctx, e.tx)
	if err != nil {
		return 0, err
	}
	release := last + int64(len(entries))
	var note any
	if message != "" {
		note = message
	}
	const columns = "(sequence, release, action, document_id, revision, at, published_at, actor, message)"
	for i := 0; i < len(entries); {
		n := batchSize(len(entries) - i)
		query := "INSERT INTO publication_entries " + columns + " VALUES "
		args := make([]any, 0, 9*n)
		for j, en := range entries[i : i+n] {
			if j > 0 {
				query += ", "
			}
			query += "(?, ?, ?, ?, ?, ?, ?, ?, ?)"
			args = append(args, last+int64(i+j)+1, release, en.Action, int64(en.Document), int64(en.Revision),
				e.at, en.PublishedAt, e.viewer.Name, note)
		}
		if _, err := e.tx.Exec(ctx, store.Bind(e.tx.Dialect(), query), args...); err != nil {
			return 0, fmt.Errorf("append to the publication log: %w", err)
		}
		i += n
	}
	e.appended = release
	return release, e.tx.Notify(ctx)
}

// markPublished notes on the desk which version of a document is live.
func (e *edit) markPublished(ctx context.Context, id domain.ID, version int, publishedAt time.Time) error {
	_, err := e.tx.Exec(ctx, store.Bind(e.tx.Dialect(),
		"UPDATE "+tableOf(id.Type()).name+" SET live_version = ?, published_at = ?, published_by = ? WHERE id = ?"),
		int64(version), publishedAt, e.viewer.Name, int64(id))
	if err != nil {
		return fmt.Errorf("mark as published: %w", err)
	}
	return nil
}

func (e *edit) markUnpublished(ctx context.Context, id domain.ID) error {
	_, err := e.tx.Exec(ctx, store.Bind(e.tx.Dialect(),
		"UPDATE "+tableOf(id.Type()).name+" SET live_version = NULL WHERE id = ?"), int64(id))
	if err != nil {
		return fmt.Errorf("mark as unpublished: %w", err)
	}
	return nil
}

// republishSupporting logs the new version of a supporting document that live
// knows. What live says about who may see the text must still hold.
func (e *edit) republishSupporting(ctx context.Context, head *header, r *Row, version int) error {
	var p domain.Problems
	if err := e.checkRaisedMarking(ctx, head, domain.Marking(r.int("marking")), "marking", nil, &p); err != nil {
		return err
	}
	if err := p.Err("the " + head.ID.Type().String() + " cannot be marked higher"); err != nil {
		return err
	}
	entries := []entry{{Action: actionPublish, Document: head.ID, Revision: version, PublishedAt: head.CreatedAt}}
	// What the new version refers to (a tag's parent) goes live with it.
	more, err := e.supportingClosure(ctx, r.targets(tableOf(head.ID.Type())), map[domain.ID]bool{head.ID: true})
	if err != nil {
		return err
	}
	entries = append(more, entries...)
	if _, err := e.appendRelease(ctx, entries, ""); err != nil {
		return err
	}
	for _, en := range entries {
		if err := e.markPublished(ctx, en.Document, en.Revision, en.PublishedAt); err != nil {
			return err
		}
	}
	return nil
}

// supportingClosure returns an entry for each supporting document among the
// targets, and among what those refer to, that is not live yet.
func (e *edit) supportingClosure(ctx context.Context, targets []domain.ID, done map[domain.ID]bool) ([]entry, error) {
	var entries []entry
	for len(targets) > 0 {
		var next []domain.ID
		for _, id := range targets {
			if id.Type().Supporting() && !done[id] {
				done[id] = true
				next = append(next, id)
			}
		}
		heads, err := headers(ctx, e.tx, next)
		if err != nil {
			return nil, err
		}
		numbers := map[domain.ID]int{}
		for id, h := range heads {
			if !h.live() && !h.Deleted {
				numbers[id] = h.Version
			}
		}
		snaps, err := readRevisions(ctx, e.tx, numbers)
		if err != nil {
			return nil, err
		}
		targets = nil
		for _, id := range next { // in the order of the references
			snap := snaps[id]
			if snap == nil {
				continue
			}
			// It goes live with whatever refers to it first, which not everybody
			// may see: that moment must not be told by its date.
			entries = append(entries, entry{Action: actionPublish, Document: id, Revision: numbers[id], PublishedAt: heads[id].CreatedAt})
			targets = append(targets, snap.Root.targets(tableOf(id.Type()))...)
		}
	}
	return entries, nil
}
