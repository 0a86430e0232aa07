package editorial

import (
	"context"
	"errors"
	"fmt"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// RebuildLive rebuilds live from the log and the revisions; see [Live.Rebuild].
// progress may be nil. Needs the right OPERATE.
func (d *Desk) RebuildLive(ctx context.Context, progress projection.RebuildProgress) (projection.RebuildResult, error) {
	if _, err := domain.Require(ctx, domain.Operate); err != nil {
		return projection.RebuildResult{}, err
	}
	if err := d.Prepare(ctx); err != nil {
		return projection.RebuildResult{}, err
	}
	if _, err := d.live.Lag(ctx); errors.Is(err, domain.ErrConflict) {
		if err := d.recordPutBack(ctx); err != nil {
			return projection.RebuildResult{}, fmt.Errorf("rebuild live: %w", err)
		}
	}
	out, err := d.live.Rebuild(ctx, progress)
	if err != nil {
		return projection.RebuildResult{}, fmt.Errorf("rebuild live: %w", err)
	}
	if err := d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		return audit.Append(ctx, tx, d.clock(), audit.Entry{Action: audit.RebuildLive, Detail: fmt.Sprintf("up to sequence %d", out.Sequence)})
	}); err != nil {
		return projection.RebuildResult{}, err
	}
	d.log.InfoContext(ctx, "live was rebuilt", "documents", out.Documents, "sequence", out.Sequence)
	return out, d.live.Project(ctx)
}
