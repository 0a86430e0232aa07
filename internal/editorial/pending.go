package editorial

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// The states of a document that differs from live.
const (
	StateNew     = "NEW"     // not live
	StateChanged = "CHANGED" // live in an earlier version
)

// PendingChange is a document with changes on the desk that are not live.
type PendingChange struct {
	ID          domain.ID
	State       string
	Version     int
	LiveVersion *int
}

// PendingChanges lists the documents that differ between desk and live, in order
// of id, after a given id (0: from the start), up to a limit. Supporting documents
// are not listed: they have no draft of their own. Without types, it lists all types.
func (d *Desk) PendingChanges(ctx context.Context, types []domain.Type, after domain.ID, limit int) ([]PendingChange, error) {
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	var parts []string
	var args []any
	for _, t := range domain.Types() {
		if t.Supporting() || len(types) > 0 && !slices.Contains(types, t) {
			continue
		}
		parts = append(parts, "SELECT id, version, live_version FROM "+aggregate.TableOf(t).Name+
			" WHERE deleted_at IS NULL AND (live_version IS NULL OR live_version <> version) AND id > ?")
		args = append(args, int64(after))
	}
	if len(parts) == 0 {
		return nil, nil
	}
	var out []PendingChange
	query := strings.Join(parts, " UNION ALL ") + " ORDER BY id LIMIT ?"
	err := store.QueryRows(ctx, d.stores.DeskRows(), query, append(args, int64(limit)), func(rows *sql.Rows) error {
		var p PendingChange
		var live sql.NullInt64
		if err := rows.Scan(&p.ID, &p.Version, &live); err != nil {
			return err
		}
		p.State = StateNew
		if live.Valid {
			n := int(live.Int64)
			p.State, p.LiveVersion = StateChanged, &n
		}
		out = append(out, p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list pending changes: %w", err)
	}
	return out, nil
}
