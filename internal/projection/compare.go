package projection

import (
	"context"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Live is a projection of one log. The desk has the log's identity, a random
// text; live has the identity of the log that it was made from, and the hash of
// the last entry that it applied. They are compared before each release, so
// that entries of one log are never applied on top of another's: a desk or a live
// that was restored from a backup would mix two histories.

// compareWithLog reads the positions of live and of the log, and returns an error if
// live is no projection of the log.
func (l *Live) compareWithLog(ctx context.Context) (projection, LogState, error) {
	live, err := readProjection(ctx, l.stores.LiveRows())
	if err != nil || live.applied == 0 {
		l.stores.LiveMayBeIncomplete(live.history)
	}
	if err != nil {
		return live, LogState{}, err
	}
	desk := l.stores.DeskRows()
	log, err := ReadLog(ctx, desk)
	if err != nil {
		return live, log, err
	}
	mismatch := func(format string, args ...any) error {
		return domain.Conflict(format+": if the desk is as it should be, run \"redthread rebuild-live\"", args...)
	}
	switch {
	case live.log != "" && live.log != log.Identity:
		return live, log, mismatch("live was made from another publication log than the desk has")
	case live.applied == 0:
		return live, log, nil
	case live.applied > log.Last:
		return live, log, mismatch("live has applied entry %d of the publication log, and the desk has %d entries", live.applied, log.Last)
	case live.hash == "":
		return live, log, nil // written by a version of the program that stored no identity
	}
	applied, err := entryAt(ctx, desk, live.applied)
	if err == nil && (applied == nil || applied.Hash() != live.hash) {
		err = mismatch("entry %d of the publication log is not the one that live has applied", live.applied)
	}
	return live, log, err
}

// AppliedOf returns the last entry of the log that live has applied; 0 if it has none.
func AppliedOf(ctx context.Context, live store.Rows) (int64, error) {
	p, err := readProjection(ctx, live)
	return p.applied, err
}

// LogOf returns the identity of the publication log that live was made from; empty if live is new, or was made by a version of
// the program that stored none, or is incomplete.
func LogOf(ctx context.Context, live store.Rows) (identity string, err error) {
	p, err := readProjection(ctx, live)
	if p.incomplete() {
		return "", err
	}
	return p.log, err
}
