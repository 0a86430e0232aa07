package editorial

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// DeleteParams names a document of one type by id or slug. Version, if given,
// is the version that the editor started from.
type DeleteParams struct {
	Type    domain.Type
	ID      string
	Version *int
}

// Delete puts a document in the trash. Its slug stays taken and its revisions
// stay. AUTHOR may; where that changes live (a supporting document that live
// still has), EDITOR.
//
// Errors: KindConflict while the document is live, or while another one
// refers to it; KindInvalid for an id of another type.
func (d *Desk) Delete(ctx context.Context, params DeleteParams) (domain.ID, error) {
	var id domain.ID
	_, err := d.withTx(ctx, domain.WriteDrafts, func(ctx context.Context, e *editTx) (err error) {
		if id, err = e.delete(ctx, params); err != nil {
			return err
		}
		return e.record(ctx, audit.Entry{Action: audit.Delete, Documents: []domain.ID{id}})
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

func (e *editTx) delete(ctx context.Context, params DeleteParams) (domain.ID, error) {
	if id, err := domain.ParseID(params.ID); err == nil && id.Type() != params.Type {
		var p domain.Problems
		p.Add("id", "is the id of %s %s; want %s %s", aggregate.Article(id.Type()), id.Type(), aggregate.Article(params.Type), params.Type)
		return 0, p.Err("nothing was deleted")
	}
	found, err := aggregate.Lookup(ctx, e.tx, params.Type, []string{params.ID})
	if err != nil {
		return 0, err
	}
	id, ok := found[params.ID]
	if !ok {
		message, err := aggregate.UnknownMessage(ctx, e.tx, params.Type, params.ID)
		if err != nil {
			return 0, err
		}
		return 0, domain.NotFound("%s", message)
	}
	meta, err := e.header(ctx, id)
	if err != nil {
		return 0, err
	}
	if params.Version != nil {
		if err := e.checkVersion(ctx, meta, *params.Version); err != nil {
			return 0, err
		}
	}
	if meta.IsLive() && !id.Type().Supporting() {
		return 0, domain.Conflict("%s is live: unpublish it first", meta.Name())
	}
	if err := e.refuseWhileReferred(ctx, meta); err != nil {
		return 0, err
	}
	if meta.IsLive() {
		if !e.viewer.May(domain.PublishDocuments) {
			return 0, &domain.Error{Kind: domain.KindForbidden, Message: "this " + id.Type().String() + " is live: to delete it needs the right PUBLISH"}
		}
		var p domain.Problems // stays empty: taking a document out of live breaks no rule
		if _, err := e.publishEntries(ctx, publication{entries: []projection.Entry{{Action: projection.ActionUnpublish, Document: id, PublishedAt: e.at}}}, &p); err != nil {
			return 0, err
		}
	}
	return id, e.trash(ctx, id)
}

func (e *editTx) trash(ctx context.Context, id domain.ID) error {
	if err := e.tx.CountDocuments(1); err != nil {
		return err
	}
	_, err := e.tx.Exec(ctx, store.Bind(e.tx.Dialect(),
		"UPDATE "+aggregate.TableOf(id.Type()).Name+" SET deleted_at = ?, deleted_by = ? WHERE id = ?"), e.at, e.viewer.Name, int64(id))
	if err != nil {
		return fmt.Errorf("put in the trash: %w", err)
	}
	return e.unindex(ctx, id)
}

// refuseWhileReferred returns KindConflict, with the names of the referrers, if other
// documents refer to one on the desk or in live.
func (e *editTx) refuseWhileReferred(ctx context.Context, meta *aggregate.Meta) error {
	ids, err := referring(ctx, e.tx, meta.ID, 10)
	if err != nil {
		return err
	}
	live, err := referringInLive(ctx, e.tx, []domain.ID{meta.ID}, 10)
	if err != nil {
		return err
	}
	named, err := e.documentsNaming(ctx, meta.ID)
	if err != nil {
		return err
	}
	ids = slices.Concat(ids, live, named)
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id domain.ID) bool { return id == meta.ID })
	if len(ids) == 0 {
		return nil
	}
	metas, err := aggregate.ReadMeta(ctx, e.tx, ids)
	if err != nil {
		return err
	}
	var names []string
	for _, id := range ids {
		names = append(names, metas[id].Name())
	}
	return domain.Conflict("other documents refer to %s: %s", meta.Name(), strings.Join(names, ", "))
}

// documentsNaming returns the documents whose texts name one, on the desk or in live,
// without those in the trash.
func (e *editTx) documentsNaming(ctx context.Context, target domain.ID) ([]domain.ID, error) {
	ids, err := textsNaming(ctx, e.tx, target)
	if err != nil {
		return nil, err
	}
	metas, err := aggregate.ReadMeta(ctx, e.tx, ids)
	return slices.DeleteFunc(ids, func(id domain.ID) bool { return metas[id] == nil || metas[id].Deleted }), err
}

// textsNaming lists documents whose texts name one, on the desk or in live, in the
// trash or not.
func textsNaming(ctx context.Context, db store.Rows, target domain.ID) ([]domain.ID, error) {
	ids, err := store.QueryIDs(ctx, db, "SELECT document_id FROM mentions WHERE target_id = ? UNION SELECT document_id FROM live_references WHERE mention AND target_id = ?",
		int64(target), int64(target))
	if err != nil {
		return nil, fmt.Errorf("find texts that name %s: %w", target, err)
	}
	return ids, nil
}

// referringInLive lists live documents that refer to one of some, up to a limit;
// 0 is no limit. Texts that only name them are left out.
func referringInLive(ctx context.Context, db store.Rows, targets []domain.ID, limit int) ([]domain.ID, error) {
	query := "SELECT DISTINCT document_id FROM live_references WHERE NOT mention AND target_id" + store.InSet(db.Dialect()) + " ORDER BY document_id"
	if limit > 0 {
		query += fmt.Sprintf(" LIMIT %d", limit)
	}
	ids, err := store.QueryIDs(ctx, db, query, store.IDSet(db.Dialect(), targets))
	if err != nil {
		return nil, fmt.Errorf("find what refers to documents in live: %w", err)
	}
	return ids, nil
}

// referring lists documents that refer to one and are not in the trash, up to
// a limit for each way to refer; 0 is no limit.
func referring(ctx context.Context, db store.Rows, target domain.ID, limit int) ([]domain.ID, error) {
	return referrersOf(ctx, db, target, " AND d.deleted_at IS NULL", limit)
}

// referrers lists a few documents that refer to one, those in the trash too.
func referrers(ctx context.Context, db store.Rows, target domain.ID) ([]domain.ID, error) {
	return referrersOf(ctx, db, target, "", maxPurged)
}

func referrersOf(ctx context.Context, db store.Rows, target domain.ID, condition string, limit int) ([]domain.ID, error) {
	var ids []domain.ID
	for _, r := range aggregate.Referrers(target.Type()) {
		query := fmt.Sprintf("SELECT DISTINCT d.id FROM %s WHERE %s = ?%s ORDER BY d.id", r.From, r.Column, condition)
		if limit > 0 {
			query += fmt.Sprintf(" LIMIT %d", limit)
		}
		err := store.QueryRows(ctx, db, query, []any{int64(target)}, func(rows *sql.Rows) error {
			var id domain.ID
			defer func() { ids = append(ids, id) }()
			return rows.Scan(&id)
		})
		if err != nil {
			return nil, fmt.Errorf("find what refers to %s: %w", target, err)
		}
	}
	return ids, nil
}

// Undelete takes a document ("type:slug" or id) out of the trash. References to
// documents that were merged since are replaced by references to the ones that they
// were merged into. AUTHOR may.
//
// Errors: KindNotFound if it is not in the trash; KindConflict if it was merged
// into another document; KindInvalid if it could not be saved as it is, because
// documents that it refers to are in the trash.
func (d *Desk) Undelete(ctx context.Context, document string) (domain.ID, error) {
	var id domain.ID
	_, err := d.withTx(ctx, domain.WriteDrafts, func(ctx context.Context, e *editTx) (err error) {
		if id, err = e.undelete(ctx, document); err != nil {
			return err
		}
		return e.record(ctx, audit.Entry{Action: audit.Undelete, Documents: []domain.ID{id}})
	})
	return id, err
}

func (e *editTx) undelete(ctx context.Context, document string) (domain.ID, error) {
	t, text, ok := aggregate.ParseName(document)
	if !ok {
		var p domain.Problems
		p.Add("document", "%q names no document: want an id, or a type and a slug as in \"report:harbour-cranes\"", aggregate.Clip(document))
		return 0, p.Err("nothing was restored")
	}
	id, err := inTrash(ctx, e.tx, t, text)
	if err != nil {
		return 0, err
	}
	if id == 0 {
		return 0, domain.NotFound("there is no %s in the trash that is called %q", t, aggregate.Clip(text))
	}
	var merged domain.ID
	if err := store.QueryRows(ctx, e.tx, "SELECT document_id FROM aliases WHERE former_id = ?", []any{int64(id)},
		func(rows *sql.Rows) error { return rows.Scan(&merged) }); err != nil {
		return 0, err
	}
	if merged != 0 {
		into, err := e.header(ctx, merged)
		if err != nil {
			return 0, err
		}
		return 0, domain.Conflict("%s:%s was merged into %s, which now answers for it", t, aggregate.Clip(text), into.Name())
	}
	if err := store.Exec(ctx, e.tx, "UPDATE "+aggregate.TableOf(t).Name+" SET deleted_at = NULL, deleted_by = NULL WHERE id = ?", int64(id)); err != nil {
		return 0, fmt.Errorf("take out of the trash: %w", err)
	}
	return id, e.checkReturned(ctx, id)
}

// checkReturned checks a document that was taken out of the trash like a save, and
// replaces its references to entities that were merged since.
func (e *editTx) checkReturned(ctx context.Context, id domain.ID) error {
	s := aggregate.SpecOf(id.Type())
	loaded, err := aggregate.Load(ctx, e.tx, s.Type, []domain.ID{id})
	if err != nil {
		return err
	}
	meta, err := e.header(ctx, id)
	if err != nil {
		return err
	}
	var p domain.Problems
	old := loaded[id]
	next := old.Clone()
	if err := e.checkTargets(ctx, s, next, &p); err != nil {
		return err
	}
	all := &aggregate.Patch{Root: next, Present: map[string]bool{}, PresentLists: map[string]bool{}}
	if err := e.check(ctx, s, old, next, all, &p); err != nil {
		return err
	}
	if err := e.checkNamed(ctx, id, next.Targets(aggregate.TableOf(id.Type())), &p); err != nil {
		return err
	}
	if err := p.Err(meta.Name() + " cannot come back as it is"); err != nil {
		return err
	}
	if _, err = e.write(ctx, s, meta, old, next, false, ""); err != nil {
		return err
	}
	return e.index(ctx, s.Type, false, next)
}

// inTrash finds a document in the trash by its id or slug; 0 where there is
// none.
func inTrash(ctx context.Context, db store.Rows, t domain.Type, text string) (domain.ID, error) {
	column, value := "slug", any(text)
	if id, err := domain.ParseID(text); err == nil {
		column, value = "id", int64(id)
	}
	var id domain.ID
	query := "SELECT id FROM " + aggregate.TableOf(t).Name + " WHERE deleted_at IS NOT NULL AND " + column + " = ?"
	err := store.QueryRows(ctx, db, query, []any{value}, func(rows *sql.Rows) error { return rows.Scan(&id) })
	return id, err
}

// checkNamed reports documents in the trash that the texts of a document name, except
// those that the document also refers to.
func (e *editTx) checkNamed(ctx context.Context, id domain.ID, besides []domain.ID, p *domain.Problems) error {
	named, err := store.QueryIDs(ctx, e.tx, "SELECT DISTINCT target_id FROM mentions WHERE document_id = ? ORDER BY target_id", int64(id))
	if err != nil {
		return fmt.Errorf("read what a text names: %w", err)
	}
	metas, err := aggregate.ReadMeta(ctx, e.tx, named)
	if err != nil {
		return err
	}
	for _, target := range named {
		if meta := metas[target]; meta != nil && meta.Deleted && target != id && !slices.Contains(besides, target) {
			p.Add("", "a text names %s, which is in the trash: take that out of the trash first", meta.Name())
		}
	}
	return nil
}
