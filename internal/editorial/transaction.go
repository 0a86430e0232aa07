package editorial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// TransactionParams describes several use cases that are one transaction on the desk.
type TransactionParams struct {
	// Name says what is done, for the audit log.
	Name string
	// MaxDocuments bounds the documents that are written, and Time how long the
	// transaction takes from when the desk is locked. 0 stands for no limit.
	MaxDocuments int
	Time         time.Duration
}

// TransactionResult is the result of a committed transaction.
type TransactionResult struct {
	Sequence int64 // the last entry that it appended to the publication log; 0 for none
	Applied  bool  // false: live has not caught up yet, and will
}

// Transact runs fn in one transaction on the desk: all that use cases do under its
// context is durable if fn returns nil, and else nothing of it; see [store.Stores.Join].
// Its releases become one release, so that readers of live see all of it at once. Within,
// no use case waits for live. Transact itself waits a short time after the commit.
//
// fn may run more than once, so it must start from the beginning each time. Each use
// case checks its own rights; Transact only refuses a viewer who may change nothing,
// because other writers wait for fn.
//
// Errors: that of fn; [*store.DocumentLimitError]; KindUnavailable if it takes too long.
func (d *Desk) Transact(ctx context.Context, params TransactionParams, fn func(context.Context) error) (TransactionResult, error) {
	if err := d.authorizeTransaction(ctx); err != nil {
		return TransactionResult{}, err
	}
	var sequence int64
	var late error
	err := d.stores.Join(ctx, params.MaxDocuments, func(ctx context.Context) error {
		before, err := projection.ReadLog(ctx, d.stores.DeskRows())
		if err != nil {
			return err
		}
		if late, err = limitTime(ctx, params.Time, fn); err != nil {
			return err
		}
		sequence, err = d.joinReleases(ctx, before.Last)
		return err
	})
	if err != nil {
		return TransactionResult{}, cmp.Or(late, err)
	}
	return TransactionResult{Sequence: sequence, Applied: d.awaitLive(ctx, sequence)}, nil
}

// joinReleases makes one release of all entries of the publication log after a sequence.
// It returns the sequence of the last, or 0 without any.
func (d *Desk) joinReleases(ctx context.Context, after int64) (sequence int64, err error) {
	err = d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		log, err := projection.ReadLog(ctx, tx)
		if err != nil || log.Last == after {
			return err
		}
		sequence = log.Last
		return store.Exec(ctx, tx, "UPDATE publication_entries SET release = ? WHERE sequence > ? AND release <> ?", sequence, after, sequence)
	})
	if err != nil {
		return 0, fmt.Errorf("make one release of several: %w", err)
	}
	return sequence, nil
}

// errDryRun ends the transaction of a dry run without a commit.
var errDryRun = errors.New("the dry run is over")

// DryRun runs fn like [Desk.Transact], and rolls back what it wrote. Of the dry run
// itself, it writes an entry to the audit log, which is no effect of the mutation: an
// idempotency key stays free. No id of the dry run is one of a series that ids of stored
// documents are of, so none of these can be derived from it.
func (d *Desk) DryRun(ctx context.Context, params TransactionParams, fn func(context.Context) error) error {
	if err := d.authorizeTransaction(ctx); err != nil {
		return err
	}
	domain.BeginIDSeries()
	var late error
	err := d.stores.Join(ctx, params.MaxDocuments, func(ctx context.Context) (err error) {
		if late, err = limitTime(ctx, params.Time, fn); err != nil {
			return err
		}
		return errDryRun
	})
	domain.BeginIDSeries()
	if !errors.Is(err, errDryRun) {
		return cmp.Or(late, err)
	}
	return d.stores.Desk(store.IgnoreCommits(ctx), func(ctx context.Context, tx *store.Tx) error {
		return audit.Append(ctx, tx, d.clock(), audit.Entry{Action: audit.DryRun, Detail: params.Name})
	})
}

// authorizeTransaction checks that the viewer has a right to change something, and
// prepares the desk.
func (d *Desk) authorizeTransaction(ctx context.Context) error {
	viewer, err := domain.ViewerFrom(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(domain.Rights(), func(r domain.Right) bool { return r.Changes() && viewer.May(r) }) {
		if _, err := domain.Require(ctx, domain.WriteDrafts); err != nil {
			return err
		}
	}
	return d.Prepare(ctx)
}

// limitTime runs fn with a deadline; 0 stands for none. Where it takes too long, late is
// that error, and err as well. [store.Stores.Join] may return the error of the statement
// that was cut off in the place of err.
func limitTime(ctx context.Context, limit time.Duration, fn func(context.Context) error) (late, err error) {
	if limit == 0 {
		return nil, fn(ctx)
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err = fn(limited)
	if limited.Err() != nil && ctx.Err() == nil {
		late = &domain.Error{Kind: domain.KindUnavailable, Message: fmt.Sprintf(
			"the transaction took longer than %s, and was rolled back: divide the operation", limit)}
		return late, late
	}
	return nil, err
}
