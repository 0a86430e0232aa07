package editorial

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// DryRun is a desk whose writes are rolled back at the end. Its reads see its
// writes, and a write that the desk would refuse is refused. See [Desk.DryRun].
type DryRun struct {
	desk *Desk
	tx   *store.Tx
}

// errDryRun ends the transaction of a dry run without a commit.
var errDryRun = errors.New("the dry run is over")

// DryRun runs fn on a desk whose writes are rolled back at the end. It is one
// transaction on the desk, so other writers wait for its end. fn may run more than
// once: it must start from the beginning each time. Needs the right PUBLISH,
// whatever fn does.
func (d *Desk) DryRun(ctx context.Context, fn func(ctx context.Context, r *DryRun) error) error {
	if _, err := d.authorize(ctx, domain.PublishDocuments); err != nil {
		return err
	}
	err := d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := fn(ctx, &DryRun{desk: d, tx: tx}); err != nil {
			return err
		}
		return errDryRun
	})
	if errors.Is(err, errDryRun) {
		return nil
	}
	return err
}

// edit begins an operation at the present time.
func (r *DryRun) edit(ctx context.Context, right domain.Right) (*editTx, error) {
	viewer, err := domain.Require(ctx, right)
	if err != nil {
		return nil, err
	}
	return &editTx{desk: r.desk, tx: r.tx, viewer: viewer, at: r.desk.clock()}, nil
}

// Find is [Desk.Find].
func (r *DryRun) Find(ctx context.Context, t domain.Type, name string) (*StoredDocument, error) {
	return findStored(ctx, r.tx, t, name)
}

// PublicationStatuses is [Desk.PublicationStatuses].
func (r *DryRun) PublicationStatuses(ctx context.Context, ids []domain.ID) (map[domain.ID]PublicationStatus, error) {
	return publicationStatuses(ctx, r.tx, ids)
}

// Authors is [Desk.Authors].
func (r *DryRun) Authors(ctx context.Context, id domain.ID, after int) ([]string, error) {
	return authors(ctx, r.tx, id, after)
}

// Save is [Desk.Save].
func (r *DryRun) Save(ctx context.Context, params SaveParams) (SaveResult, error) {
	e, err := r.edit(ctx, domain.WriteDrafts)
	if err != nil {
		return SaveResult{}, err
	}
	var saved SaveResult
	err = r.withSavepoint(ctx, func() (err error) {
		if saved, err = e.save(ctx, params); err != nil {
			return err
		}
		return e.recordSave(ctx, saved)
	})
	if err != nil {
		return SaveResult{}, err
	}
	return saved, nil
}

// Release is [Desk.Release]. Live does not show it.
func (r *DryRun) Release(ctx context.Context, params ReleaseParams) (ReleaseResult, error) {
	e, err := r.edit(ctx, domain.PublishDocuments)
	if err != nil {
		return ReleaseResult{}, err
	}
	var released ReleaseResult
	err = r.withSavepoint(ctx, func() (err error) {
		released, err = e.planAndAppend(ctx, params)
		return err
	})
	if err != nil {
		return ReleaseResult{}, err
	}
	return released, nil
}

// withSavepoint runs one operation and rolls it back if it fails: on the desk itself
// each operation is a transaction of its own.
func (r *DryRun) withSavepoint(ctx context.Context, fn func() error) error {
	if _, err := r.tx.Exec(ctx, "SAVEPOINT rehearsed"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	err := fn()
	if err != nil {
		if _, undo := r.tx.Exec(ctx, "ROLLBACK TO SAVEPOINT rehearsed"); undo != nil {
			return errors.Join(err, fmt.Errorf("undo: %w", undo))
		}
	}
	if _, end := r.tx.Exec(ctx, "RELEASE SAVEPOINT rehearsed"); end != nil {
		return errors.Join(err, fmt.Errorf("end: %w", end))
	}
	return err
}

// Authors lists the authors of a document's revisions after the one with the given
// number; 0 for all of them. Needs the right READ_DESK.
func (d *Desk) Authors(ctx context.Context, id domain.ID, after int) ([]string, error) {
	return authors(ctx, d.stores.DeskRows(), id, after)
}

func authors(ctx context.Context, db store.Rows, id domain.ID, after int) ([]string, error) {
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	var names []string
	query := "SELECT DISTINCT author FROM revisions WHERE document_id = ? AND number > ? ORDER BY author"
	err := store.QueryRows(ctx, db, query, []any{int64(id), int64(after)}, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read who wrote revisions: %w", err)
	}
	return names, nil
}
