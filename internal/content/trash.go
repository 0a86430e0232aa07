package content

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
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
	_, err := d.act(ctx, domain.WriteDrafts, func(ctx context.Context, e *edit) (err error) {
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

func (e *edit) delete(ctx context.Context, params DeleteParams) (domain.ID, error) {
	if id, err := domain.ParseID(params.ID); err == nil && id.Type() != params.Type {
		var p domain.Problems
		p.Add("id", "is the id of %s %s; want %s %s", article(id.Type()), id.Type(), article(params.Type), params.Type)
		return 0, p.Err("nothing was deleted")
	}
	found, err := lookup(ctx, e.tx, params.Type, []string{params.ID})
	if err != nil {
		return 0, err
	}
	id, ok := found[params.ID]
	if !ok {
		message, err := unknownRef(ctx, e.tx, params.Type, params.ID)
		if err != nil {
			return 0, err
		}
		return 0, domain.NotFound("%s", message)
	}
	head, err := e.header(ctx, id)
	if err != nil {
		return 0, err
	}
	if params.Version != nil {
		if err := e.checkVersion(ctx, head, *params.Version); err != nil {
			return 0, err
		}
	}
	if head.live() && !id.Type().Supporting() {
		return 0, domain.Conflict("%s is live: unpublish it first", e.name(head))
	}
	if err := e.refuseWhileReferred(ctx, head); err != nil {
		return 0, err
	}
	if head.live() {
		if !e.viewer.May(domain.PublishDocuments) {
			return 0, &domain.Error{Kind: domain.KindForbidden, Message: "this " + id.Type().String() + " is live: to delete it needs the right PUBLISH"}
		}
		if _, err := e.appendRelease(ctx, []entry{{Action: actionUnpublish, Document: id, PublishedAt: e.at}}, ""); err != nil {
			return 0, err
		}
		if err := e.markUnpublished(ctx, id); err != nil {
			return 0, err
		}
	}
	return id, e.trash(ctx, id)
}

func (e *edit) trash(ctx context.Context, id domain.ID) error {
	_, err := e.tx.Exec(ctx, store.Bind(e.tx.Dialect(),
		"UPDATE "+tableOf(id.Type()).name+" SET deleted_at = ?, deleted_by = ? WHERE id = ?"), e.at, e.viewer.Name, int64(id))
	if err != nil {
		return fmt.Errorf("put in the trash: %w", err)
	}
	return nil
}

// refuseWhileReferred lists the documents that refer to one, on the desk and
// in live.
func (e *edit) refuseWhileReferred(ctx context.Context, head *header) error {
	if head.live() {
		if err := e.desk.Project(ctx); err != nil {
			return err
		}
	}
	seen := map[domain.ID]bool{}
	var names []string
	for _, db := range []store.Rows{e.tx, e.desk.stores.LiveRows()} {
		ids, err := referring(ctx, db, head.ID, 10)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if seen[id] || id == head.ID {
				continue
			}
			seen[id] = true
			slug, err := slugOf(ctx, e.tx, id)
			if err != nil {
				return err
			}
			names = append(names, id.Type().String()+":"+slug)
		}
	}
	if len(names) > 0 {
		return domain.Conflict("other documents refer to %s: %s", e.name(head), strings.Join(names, ", "))
	}
	return nil
}

// referring lists documents that refer to one and are not in the trash, up to
// a limit for each way to refer; 0 is no limit.
func referring(ctx context.Context, db store.Rows, target domain.ID, limit int) ([]domain.ID, error) {
	return referrersOf(ctx, db, target, " AND d.deleted_at IS NULL", limit)
}

// holding lists a few documents that refer to one, those in the trash too.
func holding(ctx context.Context, db store.Rows, target domain.ID) ([]domain.ID, error) {
	return referrersOf(ctx, db, target, "", maxPurged)
}

func referrersOf(ctx context.Context, db store.Rows, target domain.ID, condition string, limit int) ([]domain.ID, error) {
	var ids []domain.ID
	for _, r := range referrers()[target.Type()] {
		query := fmt.Sprintf("SELECT DISTINCT d.id FROM %s WHERE %s = ?%s ORDER BY d.id", r.from, r.column, condition)
		if limit > 0 {
			query += fmt.Sprintf(" LIMIT %d", limit)
		}
		err := queryRows(ctx, db, query, []any{int64(target)}, func(rows *sql.Rows) error {
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

// Undelete takes a document ("type:slug" or id) out of the trash. AUTHOR may.
func (d *Desk) Undelete(ctx context.Context, document string) (domain.ID, error) {
	var id domain.ID
	_, err := d.act(ctx, domain.WriteDrafts, func(ctx context.Context, e *edit) (err error) {
		if id, err = e.undelete(ctx, document); err != nil {
			return err
		}
		return e.record(ctx, audit.Entry{Action: audit.Undelete, Documents: []domain.ID{id}})
	})
	return id, err
}

func (e *edit) undelete(ctx context.Context, document string) (domain.ID, error) {
	t, text, ok := splitName(document)
	if !ok {
		var p domain.Problems
		p.Add("document", "%q names no document: want an id, or a type and a slug as in \"report:harbour-cranes\"", clip(document))
		return 0, p.Err("nothing was restored")
	}
	id, err := inTrash(ctx, e.tx, t, text)
	if err != nil {
		return 0, err
	}
	if id == 0 {
		return 0, domain.NotFound("there is no %s in the trash that is called %q", t, clip(text))
	}
	var merged domain.ID
	if err := queryRows(ctx, e.tx, "SELECT document_id FROM aliases WHERE former_id = ?", []any{int64(id)},
		func(rows *sql.Rows) error { return rows.Scan(&merged) }); err != nil {
		return 0, err
	}
	if merged != 0 {
		return 0, domain.Conflict("%s was merged into %s, which now answers for it", id, merged)
	}
	_, err = e.tx.Exec(ctx, store.Bind(e.tx.Dialect(),
		"UPDATE "+tableOf(t).name+" SET deleted_at = NULL, deleted_by = NULL WHERE id = ?"), int64(id))
	return id, err
}

// inTrash finds a document in the trash by its id or slug; 0 where there is
// none.
func inTrash(ctx context.Context, db store.Rows, t domain.Type, text string) (domain.ID, error) {
	column, value := "slug", any(text)
	if id, err := domain.ParseID(text); err == nil {
		column, value = "id", int64(id)
	}
	var id domain.ID
	query := "SELECT id FROM " + tableOf(t).name + " WHERE deleted_at IS NOT NULL AND " + column + " = ?"
	err := queryRows(ctx, db, query, []any{value}, func(rows *sql.Rows) error { return rows.Scan(&id) })
	return id, err
}
