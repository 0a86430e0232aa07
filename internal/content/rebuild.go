package content

import (
	"context"
	"errors"
	"fmt"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// RebuildLive makes live anew from the log and the revisions; see [Live.Rebuild].
// Needs the right OPERATE.
func (d *Desk) RebuildLive(ctx context.Context) (Rebuilt, error) {
	if _, err := domain.Require(ctx, domain.Operate); err != nil {
		return Rebuilt{}, err
	}
	if err := d.Prepare(ctx); err != nil {
		return Rebuilt{}, err
	}
	if _, err := d.Lag(ctx); errors.Is(err, domain.ErrConflict) {
		if err := d.notePutBack(ctx); err != nil {
			return Rebuilt{}, fmt.Errorf("rebuild live: %w", err)
		}
	}
	out, err := d.Rebuild(ctx)
	if err != nil {
		return Rebuilt{}, fmt.Errorf("rebuild live: %w", err)
	}
	if err := d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		return audit.Append(ctx, tx, d.clock(), audit.Entry{Action: audit.RebuildLive, Detail: fmt.Sprintf("up to sequence %d", out.Sequence)})
	}); err != nil {
		return Rebuilt{}, err
	}
	d.log.InfoContext(ctx, "live was rebuilt", "documents", out.Documents, "sequence", out.Sequence)
	return out, d.Project(ctx)
}
