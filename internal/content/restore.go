package content

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// revise appends a revision with the snapshot of a document as it now is.
func (e *edit) revise(ctx context.Context, t domain.Type, root *Row, number int, created time.Time, message string) error {
	snap := &Snapshot{Type: t, ID: root.ID, CreatedAt: created, Root: root}
	err := store.QueryRows(ctx, e.tx, "SELECT slug, former_id FROM aliases WHERE document_id = ? ORDER BY id", []any{int64(root.ID)},
		func(rows *sql.Rows) error {
			var slug sql.NullString
			var id sql.NullInt64
			if err := rows.Scan(&slug, &id); err != nil {
				return err
			}
			if slug.Valid {
				snap.FormerSlugs = append(snap.FormerSlugs, slug.String)
			}
			if id.Valid {
				snap.FormerIDs = append(snap.FormerIDs, domain.ID(id.Int64))
			}
			return nil
		})
	if err != nil {
		return fmt.Errorf("read aliases: %w", err)
	}
	encoded := snap.Encode()
	var note any
	if message != "" {
		note = message
	}
	_, err = e.tx.Exec(ctx, store.Bind(e.tx.Dialect(),
		"INSERT INTO revisions (id, document_id, number, snapshot, hash, author, message, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
		int64(e.newID(domain.Revision)), int64(root.ID), int64(number), string(encoded), hashOf(encoded), e.viewer.Name, note, e.at)
	if err != nil {
		return fmt.Errorf("write revision: %w", err)
	}
	return nil
}

// RestoreParams names the revision of a document ("type:slug" or id) to bring
// back. Version, if given, is the version that the editor started from.
type RestoreParams struct {
	Document string
	Revision int
	Version  *int
	Message  *string
}

// Restore saves a document as it was at an earlier revision: a new revision
// with the old content. The slug stays what it is now. Errors are those of
// [Desk.Save]: what the old revision refers to may be gone.
func (d *Desk) Restore(ctx context.Context, params RestoreParams) (Saved, error) {
	var saved Saved
	_, err := d.act(ctx, domain.WriteDrafts, func(ctx context.Context, e *edit) (err error) {
		if saved, err = e.restore(ctx, params); err != nil || !saved.Changed {
			return err
		}
		return e.record(ctx, audit.Entry{Action: audit.Restore, Documents: []domain.ID{saved.ID},
			Detail: fmt.Sprintf("revision %d as version %d", params.Revision, saved.Version)})
	})
	if err != nil {
		return Saved{}, err
	}
	return saved, nil
}

func (e *edit) restore(ctx context.Context, params RestoreParams) (Saved, error) {
	var p domain.Problems
	id, err := resolveDocument(ctx, e.tx, params.Document, "document", &p)
	if err != nil {
		return Saved{}, err
	}
	message := optionalText(params.Message, "message", &p)
	if err := p.Err("the revision cannot be restored"); err != nil {
		return Saved{}, err
	}
	if message == "" {
		message = fmt.Sprintf("restored revision %d", params.Revision)
	}
	head, err := e.header(ctx, id)
	if err != nil {
		return Saved{}, err
	}
	if params.Version != nil {
		if err := e.checkVersion(ctx, head, *params.Version); err != nil {
			return Saved{}, err
		}
	}
	snap, err := readRevision(ctx, e.tx, id, params.Revision)
	if err != nil {
		return Saved{}, err
	}
	s := shapes[id.Type()]
	loaded, err := load(ctx, e.tx, s.doc, []domain.ID{id})
	if err != nil {
		return Saved{}, err
	}
	old, next := loaded[id], snap.Root
	next.set("slug", old.text("slug"))
	if err := e.checkTargets(ctx, s, next, &p); err != nil {
		return Saved{}, err
	}
	all := &patch{root: next, gave: map[string]bool{}, sets: map[string]bool{}}
	if err := e.check(ctx, s, old, next, all, &p); err != nil {
		return Saved{}, err
	}
	if err := p.Err("the revision cannot be restored as it was"); err != nil {
		return Saved{}, err
	}
	return e.write(ctx, s, head, old, next, message)
}

// checkTargets follows references to documents that were merged since, and
// reports those that are gone.
func (e *edit) checkTargets(ctx context.Context, s *shape, r *Row, p *domain.Problems) error {
	t := tableOf(s.doc)
	names := map[domain.Type][]string{}
	for _, id := range r.targets(t) {
		names[id.Type()] = append(names[id.Type()], id.String())
	}
	now := map[domain.ID]domain.ID{}
	for docType, ids := range names {
		found, err := lookup(ctx, e.tx, docType, ids)
		if err != nil {
			return err
		}
		for name, id := range found {
			was, err := domain.ParseID(name)
			if err != nil {
				return err
			}
			now[was] = id
		}
	}
	var gone []placedRef
	eachRef(t, s.sets, "", r, func(path string, row *Row, column string, id domain.ID) {
		if now[id] == 0 {
			gone = append(gone, placedRef{path, id})
			return
		}
		row.set(column, now[id])
	})
	r.dropRepeats(t) // of two that were merged into one
	return e.addGone(ctx, gone, p)
}

// placedRef is a reference and its path in the API.
type placedRef struct {
	path string
	id   domain.ID
}

// eachRef calls f for each reference of a row and of what it owns, with its path
// in the API: "parent", "tags[0]", "items[1].citations[0].source". Rows that are
// derived from a report's body are at the body.
func eachRef(t *table, sets []setShape, prefix string, r *Row, f func(path string, row *Row, column string, id domain.ID)) {
	for _, ref := range t.refs {
		if id := r.id(ref.column); id != 0 {
			f(prefix+camel(strings.TrimSuffix(ref.column, "_id")), r, ref.column, id)
		}
	}
	for _, o := range t.owned {
		set := shapeOf(sets, o)
		for i, row := range r.Owned[o.name] {
			at := fmt.Sprintf("%s%s[%d]", prefix, set.name, i)
			eachRef(o.table, set.sets, at+".", row, func(path string, row *Row, column string, id domain.ID) {
				switch {
				case set.name == "":
					path = "body"
				case set.target != 0:
					path = at
				}
				f(path, row, column, id)
			})
		}
	}
}

// addGone adds a problem for each reference to a document that is in the trash
// or purged.
func (e *edit) addGone(ctx context.Context, gone []placedRef, p *domain.Problems) error {
	if len(gone) == 0 {
		return nil
	}
	ids := make([]domain.ID, len(gone))
	for i, ref := range gone {
		ids[i] = ref.id
	}
	heads, err := headers(ctx, e.tx, ids)
	if err != nil {
		return err
	}
	slices.SortStableFunc(gone, func(a, b placedRef) int { return strings.Compare(a.path, b.path) })
	for _, ref := range slices.Compact(gone) {
		if head := heads[ref.id]; head != nil {
			p.Add(ref.path, "referred to %s, which is in the trash", head.name())
		} else {
			p.Add(ref.path, "referred to %s, which was deleted for good", ref.id)
		}
	}
	return nil
}

// Diff compares two revisions of a document.
func (d *Desk) Diff(ctx context.Context, id domain.ID, from, to int) ([]FieldChange, error) {
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	return diffRevisions(ctx, d.stores.DeskRows(), id, from, to)
}

// LiveDiff compares what is live of a document with what is on the desk. For
// a document that is not live everything is new.
func (d *Desk) LiveDiff(ctx context.Context, id domain.ID) ([]FieldChange, error) {
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	db := d.stores.DeskRows()
	heads, err := headers(ctx, db, []domain.ID{id})
	if err != nil {
		return nil, err
	}
	head := heads[id]
	if head == nil {
		return nil, domain.NotFound("there is no %s with the id %s", id.Type(), id)
	}
	return diffRevisions(ctx, db, id, head.LiveVersion, head.Version)
}

// diffRevisions compares two revisions; number 0 is the empty document.
func diffRevisions(ctx context.Context, db store.Rows, id domain.ID, from, to int) ([]FieldChange, error) {
	roots := [2]*Row{newRow(), newRow()}
	for i, number := range []int{from, to} {
		if number == 0 {
			continue
		}
		snap, err := readRevision(ctx, db, id, number)
		if err != nil {
			return nil, err
		}
		roots[i] = snap.Root
	}
	return diff(shapes[id.Type()], roots[0], roots[1]), nil
}
