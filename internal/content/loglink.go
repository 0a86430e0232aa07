package content

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Live is a projection of one log. The desk has the log's identity, a random
// text; live has the identity of the log that it was made from, and the hash of
// the last entry that it applied. They are compared ahead of each release, so
// that entries of one log are never applied on top of another's: a desk or a
// live that was put back from a backup would mix what never was together.

// logState is the publication log as the desk has it.
type logState struct {
	identity string // empty before the first use of the desk
	last     int64  // the sequence of the last entry; 0 without one
}

func readLog(ctx context.Context, db store.Rows) (logState, error) {
	var s logState
	var identity sql.NullString
	var last sql.NullInt64
	err := queryRows(ctx, db, "SELECT (SELECT identity FROM publication_log), (SELECT max(sequence) FROM publication_entries)", nil,
		func(rows *sql.Rows) error { return rows.Scan(&identity, &last) })
	if err != nil {
		return s, fmt.Errorf("read the publication log: %w", err)
	}
	s.identity, s.last = identity.String, last.Int64
	return s, nil
}

// newIdentity is the identity of a new log.
func newIdentity() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: it crashes the program instead
	return hex.EncodeToString(b[:])
}

// hash is that of an entry of the log, whatever the engine.
func (e entry) hash() string {
	const form = "2006-01-02T15:04:05.000000Z"
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %s %s %d %s %s", e.Sequence, e.Release, e.Action, e.Document, e.Revision,
		e.At.UTC().Format(form), e.PublishedAt.UTC().Format(form)))
	return hex.EncodeToString(sum[:])
}

// entryAt reads one entry of the log; nil where there is none.
func entryAt(ctx context.Context, db store.Rows, sequence int64) (*entry, error) {
	entries, err := readEntries(ctx, db, "SELECT "+entryColumns+" FROM publication_entries WHERE sequence = ?", sequence)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	return &entries[0], nil
}

// compareWithLog reads how far live has come and where the log is, and refuses
// where live is no projection of the log.
func (d *Desk) compareWithLog(ctx context.Context) (projection, logState, error) {
	if err := d.prepare(ctx); err != nil {
		return projection{}, logState{}, err
	}
	live, err := readProjection(ctx, d.stores.LiveRows())
	if err != nil {
		return live, logState{}, err
	}
	desk := d.stores.DeskRows()
	log, err := readLog(ctx, desk)
	if err != nil {
		return live, log, err
	}
	mismatch := func(format string, args ...any) error {
		return domain.Conflict(format+": if the desk is as it should be, run \"redthread rebuild-live\"", args...)
	}
	switch {
	case live.log != "" && live.log != log.identity:
		return live, log, mismatch("live was made from another publication log than the desk has")
	case live.applied == 0:
		return live, log, nil
	case live.applied > log.last:
		return live, log, mismatch("live has applied entry %d of the publication log, and the desk has %d entries", live.applied, log.last)
	case live.hash == "":
		return live, log, nil // of a program that kept none
	}
	applied, err := entryAt(ctx, desk, live.applied)
	if err == nil && (applied == nil || applied.hash() != live.hash) {
		err = mismatch("entry %d of the publication log is not the one that live has applied", live.applied)
	}
	return live, log, err
}

// prepare gives the log its identity, and the desk its index of live, where they
// are missing: on a new desk, and on one of a program that kept none.
func (d *Desk) prepare(ctx context.Context) error {
	if d.prepared.Load() {
		return nil
	}
	log, err := readLog(ctx, d.stores.DeskRows())
	if err == nil && log.identity == "" {
		err = d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
			present, err := readLog(ctx, tx)
			if err != nil || present.identity != "" {
				return err // another process was faster
			}
			if err := indexLive(ctx, tx); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, store.Bind(tx.Dialect(), "INSERT INTO publication_log (id, identity, created_at) VALUES (1, ?, ?)"),
				newIdentity(), d.clock())
			return err
		})
		if err == nil && log.last > 0 {
			d.reportTexts(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("prepare the desk: %w", err)
	}
	d.prepared.Store(true)
	return nil
}

// reportTexts logs the live texts that name what has a higher marking: an older
// program let them through. It names them by id.
func (d *Desk) reportTexts(ctx context.Context) {
	found, err := allNamings(ctx, d.stores.DeskRows())
	if err != nil {
		d.log.ErrorContext(ctx, "live texts could not be looked through", "error", err)
		return
	}
	for _, n := range found {
		d.log.ErrorContext(ctx, "a live text names what is marked higher, and everybody who may read it learns of that: change the text, or raise its marking, and publish it",
			"document", n.document.String(), "marking", n.documentMark.String(), "names", n.target.String(), "of_marking", n.targetMark.String())
	}
}

// notePutBack notes that the desk was put back from a backup: it does not know
// all that was sent to others before this moment.
func (d *Desk) notePutBack(ctx context.Context) error {
	err := d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		return execSQL(ctx, tx, "UPDATE publication_log SET put_back_at = ?", d.clock())
	})
	if err != nil {
		return fmt.Errorf("note that the desk was put back: %w", err)
	}
	return nil
}

// setApplied notes how far live has come: up to an entry of a log.
func (p *projector) setApplied(ctx context.Context, identity string, last *entry, at time.Time) error {
	var sequence int64
	var hash string
	if last != nil {
		sequence, hash = last.Sequence, last.hash()
	}
	_, err := p.tx.Exec(ctx, store.Bind(p.tx.Dialect(),
		"UPDATE projection SET applied_sequence = ?, applied_at = ?, log = ?, entry_hash = ? WHERE id = 1"), sequence, at, identity, hash)
	if err != nil {
		return fmt.Errorf("note how far live has come: %w", err)
	}
	return p.tx.Notify(ctx)
}
