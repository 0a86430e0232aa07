package editorial

import (
	"context"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// editTx is a write transaction on the desk, at one moment, by one viewer.
type editTx struct {
	desk     *Desk
	tx       *store.Tx
	viewer   *domain.Viewer
	at       time.Time
	appended int64 // the last sequence that this transaction appended to the log, or 0
	// names, if not nil, stores what documents are called; see [saveBatch].
	names *aggregate.NameCache
	// parsed has texts that were parsed ahead of the transaction.
	parsed parsedTexts
}

// rows returns the reads of the transaction.
func (e *editTx) rows() store.Rows {
	if e.names != nil {
		return e.names
	}
	return e.tx
}

// authorize checks the viewer's right to an editorial operation, and prepares the desk
// (see [Desk.Prepare]).
func (d *Desk) authorize(ctx context.Context, right domain.Right) (*domain.Viewer, error) {
	viewer, err := domain.Require(ctx, right)
	if err != nil {
		return nil, err
	}
	return viewer, d.Prepare(ctx)
}

// edit runs fn in one write transaction on the desk, as a viewer whose right was checked
// already. fn may run more than once, so it must not depend on an earlier run.
func (d *Desk) edit(ctx context.Context, viewer *domain.Viewer, fn func(context.Context, *editTx) error) error {
	return d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		return fn(ctx, &editTx{desk: d, tx: tx, viewer: viewer, at: d.clock()})
	})
}

// awaitLive waits a short time for live to show an entry of the publication log, and
// reports whether it does. With sequence 0 it returns true at once, and within a
// transaction of [Desk.Transact] or [Desk.DryRun] false: nothing is in the log yet.
func (d *Desk) awaitLive(ctx context.Context, sequence int64) bool {
	return sequence == 0 || !store.Joined(ctx) && d.live.Await(ctx, sequence)
}

// withTx runs an editorial operation: it checks the viewer's right, and runs fn in one
// transaction on the desk, in which fn also writes the audit log. If fn appended to the
// publication log, withTx waits a short time after the commit for live to show that;
// applied is false if live does not show it by then.
func (d *Desk) withTx(ctx context.Context, right domain.Right, fn func(context.Context, *editTx) error) (applied bool, err error) {
	viewer, err := d.authorize(ctx, right)
	if err != nil {
		return false, err
	}
	return d.withViewer(ctx, viewer, fn)
}

// withViewer is withTx for a viewer whose right was checked already.
func (d *Desk) withViewer(ctx context.Context, viewer *domain.Viewer, fn func(context.Context, *editTx) error) (applied bool, err error) {
	var appended int64
	err = d.edit(ctx, viewer, func(ctx context.Context, e *editTx) error {
		err := fn(ctx, e)
		appended = e.appended
		return err
	})
	if err != nil {
		return false, err
	}
	return d.awaitLive(ctx, appended), nil
}

// record appends the operation to the audit log.
func (e *editTx) record(ctx context.Context, entry audit.Entry) error {
	return audit.Append(ctx, e.tx, e.at, entry)
}

// recordSave records a save, unless nothing changed.
func (e *editTx) recordSave(ctx context.Context, saved SaveResult) error {
	if !saved.Changed {
		return nil
	}
	action := audit.Update
	if saved.Created {
		action = audit.Create
	}
	return e.record(ctx, audit.Entry{Action: action, Documents: []domain.ID{saved.ID}, Detail: fmt.Sprintf("version %d", saved.Version)})
}
