package editorial

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// newIdentity is the identity of a new log.
func newIdentity() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: it crashes the program instead
	return hex.EncodeToString(b[:])
}

// Prepare gives the log its identity, the desk its index of live, and editions their
// series, where they are missing: on a new desk, and on one written by a version of the
// program without them.
func (d *Desk) Prepare(ctx context.Context) error {
	if d.prepared.Load() {
		return nil
	}
	log, err := projection.ReadLog(ctx, d.stores.DeskRows())
	if err == nil && log.Identity == "" {
		err = d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
			present, err := projection.ReadLog(ctx, tx)
			if err != nil || present.Identity != "" {
				return err // another process was faster
			}
			if err := indexLive(ctx, tx); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, store.Bind(tx.Dialect(), "INSERT INTO publication_log (id, identity, created_at) VALUES (1, ?, ?)"),
				newIdentity(), d.clock())
			return err
		})
		if err == nil && log.Last > 0 {
			d.reportTexts(ctx)
		}
	}
	if err == nil {
		err = d.makeSeries(ctx)
	}
	if err != nil {
		return fmt.Errorf("prepare the desk: %w", err)
	}
	store.AfterCommit(ctx, func() { d.prepared.Store(true) })
	return nil
}

// reportTexts logs the live texts that name a document of higher marking: an older
// program let them through. It names them by id.
func (d *Desk) reportTexts(ctx context.Context) {
	found, err := allTextBreaches(ctx, d.stores.DeskRows())
	if err != nil {
		d.log.ErrorContext(ctx, "live texts could not be looked through", "error", err)
		return
	}
	for _, n := range found {
		d.log.ErrorContext(ctx, "a live text names what is marked higher, and everybody who may read it learns of that: change the text, or raise its marking, and publish it",
			"document", n.document.String(), "marking", n.documentMark.String(), "names", n.target.String(), "of_marking", n.targetMark.String())
	}
}

// recordPutBack records the time at which the desk was restored from a backup: the desk
// does not know everything that was sent to others before that time.
func (d *Desk) recordPutBack(ctx context.Context) error {
	err := d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		return store.Exec(ctx, tx, "UPDATE publication_log SET put_back_at = ?", d.clock())
	})
	if err != nil {
		return fmt.Errorf("note that the desk was put back: %w", err)
	}
	return nil
}
