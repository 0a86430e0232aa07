package projection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/dependency"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// KeysChangedAt returns what the release whose changes have a time changed for the viewer
// of ctx, in order. ok is false where that is not known, and anything may have changed.
func (l *Live) KeysChangedAt(ctx context.Context, at time.Time) (keys []dependency.Key, ok bool, err error) {
	viewer, err := domain.Require(ctx, domain.ReadLive)
	if err != nil {
		return nil, false, err
	}
	done := errors.New("earlier steps are of no interest")
	err = store.QueryRows(ctx, l.stores.LiveRows(), "SELECT keys FROM live_steps ORDER BY id DESC", nil, func(rows *sql.Rows) error {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return err
		}
		step := decodeStep(b)
		switch {
		case step.moment < at.UnixMicro():
			return done
		case step.moment > at.UnixMicro():
			return nil
		}
		ok = !step.Everything
		for _, k := range step.Keys {
			if k.ChangedFor(viewer.Clearance) {
				keys = append(keys, k.Key)
			}
		}
		return done
	})
	if err != nil && !errors.Is(err, done) {
		return nil, false, fmt.Errorf("read what a release changed: %w", err)
	}
	return keys, ok, nil
}
