package audit

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/auditentry"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// findBatch bounds the entries that Find reads.
const findBatch = 1000

// Last returns the sequence of the last entry; 0 for an empty log.
func Last(ctx context.Context, stores *store.Stores) (int64, error) {
	ctx = domain.WithStage(domain.AsSystem(ctx, "follow the audit log"), domain.Desk)
	last, err := stores.Client(ctx).AuditEntry.Query().Order(auditentry.ByID(sql.OrderDesc())).FirstID(ctx)
	if db.IsNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the audit log: %w", err)
	}
	return last, nil
}

// Find reports whether the next entries after a sequence have one with the action.
// It returns the sequence of the last entry that it has read, from which the next
// call can continue.
func Find(ctx context.Context, stores *store.Stores, action Action, after int64) (found bool, last int64, err error) {
	ctx = domain.WithStage(domain.AsSystem(ctx, "follow the audit log"), domain.Desk)
	rows, err := stores.Client(ctx).AuditEntry.Query().Where(auditentry.IDGT(after)).Order(auditentry.ByID()).Limit(findBatch).
		Select(auditentry.FieldID, auditentry.FieldAction).All(ctx)
	if err != nil {
		return false, after, fmt.Errorf("read the audit log: %w", err)
	}
	for _, row := range rows {
		found = found || row.Action == string(action)
		after = row.ID
	}
	return found, after, nil
}

// LastOf returns the sequence of the last entry with an action; 0 if there is none.
func LastOf(ctx context.Context, stores *store.Stores, action Action) (int64, error) {
	ctx = domain.WithStage(domain.AsSystem(ctx, "follow the audit log"), domain.Desk)
	last, err := stores.Client(ctx).AuditEntry.Query().Where(auditentry.Action(string(action))).Order(auditentry.ByID(sql.OrderDesc())).FirstID(ctx)
	if db.IsNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the audit log: %w", err)
	}
	return last, nil
}
