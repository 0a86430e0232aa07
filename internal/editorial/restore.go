package editorial

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// revise appends a revision with a snapshot of the present document.
func (e *editTx) revise(ctx context.Context, t domain.Type, root *aggregate.Row, number int, created time.Time, message string) error {
	if err := e.tx.CountDocuments(1); err != nil {
		return err
	}
	snap := &aggregate.Snapshot{Type: t, ID: root.ID, CreatedAt: created, Root: root}
	if number > 1 { // a new document was never called otherwise
		if err := e.readAliases(ctx, snap); err != nil {
			return err
		}
	}
	return aggregate.InsertRevisions(ctx, e.tx, []aggregate.NewRevision{{
		RowID: e.newID(domain.Revision), Snapshot: snap, Number: number, Author: e.viewer.Name, Message: message, At: e.at,
	}})
}

// readAliases reads what a document was called formerly.
func (e *editTx) readAliases(ctx context.Context, snap *aggregate.Snapshot) error {
	err := store.QueryRows(ctx, e.tx, "SELECT slug, former_id FROM aliases WHERE document_id = ? ORDER BY id", []any{int64(snap.ID)},
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

// Restore saves a document as it was at an earlier revision: as a new revision
// with the old content. The slug does not change. Errors are those of [Desk.Save]:
// documents that the old revision refers to may no longer exist.
func (d *Desk) Restore(ctx context.Context, params RestoreParams) (SaveResult, error) {
	var saved SaveResult
	_, err := d.withTx(ctx, domain.WriteDrafts, func(ctx context.Context, e *editTx) (err error) {
		if saved, err = e.restore(ctx, params); err != nil || !saved.Changed {
			return err
		}
		return e.record(ctx, audit.Entry{Action: audit.Restore, Documents: []domain.ID{saved.ID},
			Detail: fmt.Sprintf("revision %d as version %d", params.Revision, saved.Version)})
	})
	if err != nil {
		return SaveResult{}, err
	}
	return saved, nil
}

func (e *editTx) restore(ctx context.Context, params RestoreParams) (SaveResult, error) {
	var p domain.Problems
	id, err := aggregate.ResolveDocument(ctx, e.tx, params.Document, "document", &p)
	if err != nil {
		return SaveResult{}, err
	}
	message := optionalText(params.Message, "message", &p)
	if err := p.Err("the revision cannot be restored"); err != nil {
		return SaveResult{}, err
	}
	if message == "" {
		message = fmt.Sprintf("restored revision %d", params.Revision)
	}
	meta, err := e.header(ctx, id)
	if err != nil {
		return SaveResult{}, err
	}
	if params.Version != nil {
		if err := e.checkVersion(ctx, meta, *params.Version); err != nil {
			return SaveResult{}, err
		}
	}
	snap, err := aggregate.ReadRevision(ctx, e.tx, id, params.Revision)
	if err != nil {
		return SaveResult{}, err
	}
	s := aggregate.SpecOf(id.Type())
	loaded, err := aggregate.Load(ctx, e.tx, s.Type, []domain.ID{id})
	if err != nil {
		return SaveResult{}, err
	}
	old, next := loaded[id], snap.Root
	next.Set("slug", old.Text("slug"))
	if err := e.checkTargets(ctx, s, next, &p); err != nil {
		return SaveResult{}, err
	}
	all := &aggregate.Patch{Root: next, Present: map[string]bool{}, PresentLists: map[string]bool{}}
	if err := e.check(ctx, s, old, next, all, &p); err != nil {
		return SaveResult{}, err
	}
	if err := p.Err("the revision cannot be restored as it was"); err != nil {
		return SaveResult{}, err
	}
	return e.write(ctx, s, meta, old, next, true, message)
}

// checkTargets follows references to documents that were merged since, and
// reports those that are gone.
func (e *editTx) checkTargets(ctx context.Context, s *aggregate.Spec, r *aggregate.Row, p *domain.Problems) error {
	t := aggregate.TableOf(s.Type)
	names := map[domain.Type][]string{}
	for _, id := range r.Targets(t) {
		names[id.Type()] = append(names[id.Type()], id.String())
	}
	now := map[domain.ID]domain.ID{}
	for docType, ids := range names {
		found, err := aggregate.Lookup(ctx, e.tx, docType, ids)
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
	aggregate.EachReferencePath(t, s.Lists, "", r, func(path string, row *aggregate.Row, column string, id domain.ID) {
		if now[id] == 0 {
			gone = append(gone, placedRef{path, id})
			return
		}
		row.Set(column, now[id])
	})
	if err := aggregate.CheckKinds(ctx, e.tx, s, r, p); err != nil {
		return err
	}
	r.DropRepeats(t) // links to two documents that were merged into one
	return e.addGone(ctx, gone, p)
}

// placedRef is a reference with its path in the API.
type placedRef struct {
	path string
	id   domain.ID
}

// addGone adds a problem for each reference to a document that is in the trash
// or purged.
func (e *editTx) addGone(ctx context.Context, gone []placedRef, p *domain.Problems) error {
	if len(gone) == 0 {
		return nil
	}
	ids := make([]domain.ID, len(gone))
	for i, ref := range gone {
		ids[i] = ref.id
	}
	metas, err := aggregate.ReadMeta(ctx, e.tx, ids)
	if err != nil {
		return err
	}
	slices.SortStableFunc(gone, func(a, b placedRef) int { return strings.Compare(a.path, b.path) })
	for _, ref := range slices.Compact(gone) {
		if meta := metas[ref.id]; meta != nil {
			p.Add(ref.path, "referred to %s, which is in the trash", meta.Name())
		} else {
			p.Add(ref.path, "referred to %s, which was deleted for good", ref.id)
		}
	}
	return nil
}

// Snapshot returns the snapshot of a revision, as JSON.
func (d *Desk) Snapshot(ctx context.Context, id domain.ID, revision int) ([]byte, error) {
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	return aggregate.ReadSnapshotText(ctx, d.stores.DeskRows(), id, revision)
}

// Diff compares two revisions of a document.
func (d *Desk) Diff(ctx context.Context, id domain.ID, from, to int) ([]aggregate.FieldChange, error) {
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	return diffRevisions(ctx, d.stores.DeskRows(), id, from, to)
}

// LiveDiff compares the live version of a document with the one on the desk. For
// a document that is not live everything is new.
func (d *Desk) LiveDiff(ctx context.Context, id domain.ID) ([]aggregate.FieldChange, error) {
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	db := d.stores.DeskRows()
	metas, err := aggregate.ReadMeta(ctx, db, []domain.ID{id})
	if err != nil {
		return nil, err
	}
	meta := metas[id]
	if meta == nil {
		return nil, domain.NotFound("there is no %s with the id %s", id.Type(), id)
	}
	return diffRevisions(ctx, db, id, meta.LiveVersion, meta.Version)
}

// diffRevisions compares two revisions; number 0 is the empty document.
func diffRevisions(ctx context.Context, db store.Rows, id domain.ID, from, to int) ([]aggregate.FieldChange, error) {
	roots := [2]*aggregate.Row{aggregate.NewRow(), aggregate.NewRow()}
	for i, number := range []int{from, to} {
		if number == 0 {
			continue
		}
		snap, err := aggregate.ReadRevision(ctx, db, id, number)
		if err != nil {
			return nil, err
		}
		roots[i] = snap.Root
	}
	return aggregate.Diff(aggregate.SpecOf(id.Type()), roots[0], roots[1]), nil
}
