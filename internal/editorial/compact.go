package editorial

import (
	"context"
	"fmt"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// compactBatch is how many revisions [Desk.Compact] compresses in one transaction, for
// which other writers wait.
const compactBatch = 200

// Compact compresses the revisions that are stored as text: those of a version of the
// program that did not compress them. Each transaction is short, and what is committed
// stays when ctx is done, so a run that was interrupted is continued by the next one.
// progress, if not nil, is called with the number of revisions looked at and of all.
// Needs the right OPERATE.
func (d *Desk) Compact(ctx context.Context, progress func(done, of int)) (aggregate.Compaction, error) {
	var out aggregate.Compaction
	if _, err := domain.Require(ctx, domain.Operate); err != nil {
		return out, err
	}
	db := d.stores.DeskRows()
	total, err := aggregate.CountUncompressed(ctx, db)
	if err != nil {
		return out, err
	}
	var after aggregate.RevisionKey
	for seen := 0; ; {
		keys, err := aggregate.Uncompressed(ctx, db, after, compactBatch)
		if err != nil || len(keys) == 0 {
			return out, err
		}
		var done aggregate.Compaction
		err = d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
			done, err = aggregate.CompactRevisions(ctx, tx, keys)
			return err
		})
		if err != nil {
			return out, fmt.Errorf("compress revisions: %w", err)
		}
		out.Revisions += done.Revisions
		out.Before += done.Before
		out.After += done.After
		out.Refused = append(out.Refused, done.Refused...)
		after = keys[len(keys)-1]
		seen += len(keys)
		if progress != nil {
			progress(seen, max(seen, total))
		}
	}
}
