package graph

import (
	"context"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
)

func (r queryResolver) AuditLog(ctx context.Context, actions, actors []string, since, until *time.Time, first *int, after *string, last *int, before *string) (*model.AuditEntryConnection, error) {
	ctx, err := withRight(ctx, domain.ReadAudit)
	if err != nil {
		return nil, err
	}
	where := allOf(oneOf("action", actions), oneOf("actor", actors), timeFilter("gte", since), timeFilter("lt", until))
	return read.List(ctx, r.reader, catalog.AuditLog, args(first, after, last, before, where, newestFirst("SEQUENCE")))
}

// timeFilter returns a filter of the time of an entry; nil where at is nil.
func timeFilter(operator string, at *time.Time) filter {
	if at == nil {
		return nil
	}
	return filter{"at": map[string]any{operator: at.Format(time.RFC3339Nano)}}
}

func (auditResolver) Documents(_ context.Context, obj *db.AuditEntry) ([]string, error) {
	return append([]string{}, obj.Documents...), nil
}
