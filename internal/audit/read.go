package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/auditentry"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Line is an exported entry of the log.
type Line struct {
	Sequence  int64      `json:"sequence"`
	At        time.Time  `json:"at"`
	Action    string     `json:"action"`
	Actor     string     `json:"actor"`
	ActorID   *domain.ID `json:"actorId"`
	Subject   *string    `json:"subject"`
	Documents []string   `json:"documents"`
	Detail    *string    `json:"detail"`
	Network   *string    `json:"network"`
	RequestID *string    `json:"requestId"`
	Times     int        `json:"times"`
}

// ExportParams selects the entries of an export. The zero value selects all.
type ExportParams struct {
	Since, Until *time.Time // Since is inclusive, Until exclusive
}

// exportBatch is how many entries an export reads at a time.
const exportBatch = 500

// Export calls each for the entries of the log, the oldest first, including those
// that are written during the export. It stops at the first error of each. It
// needs the right READ_AUDIT.
func Export(ctx context.Context, stores *store.Stores, params ExportParams, each func(Line) error) error {
	if _, err := domain.Require(ctx, domain.ReadAudit); err != nil {
		return err
	}
	ctx = domain.WithStage(ctx, domain.Desk)
	var after int64
	for {
		query := stores.Client(ctx).AuditEntry.Query().Where(auditentry.IDGT(after)).Order(auditentry.ByID()).Limit(exportBatch)
		if params.Since != nil {
			query.Where(auditentry.AtGTE(*params.Since))
		}
		if params.Until != nil {
			query.Where(auditentry.AtLT(*params.Until))
		}
		rows, err := query.All(ctx)
		if err != nil {
			return fmt.Errorf("export the audit log: %w", err)
		}
		for _, row := range rows {
			if err := each(lineOf(row)); err != nil {
				return err
			}
			after = row.ID
		}
		if len(rows) < exportBatch {
			return nil
		}
	}
}

func lineOf(row *db.AuditEntry) Line {
	return Line{
		Sequence: row.ID, At: row.At.UTC(), Action: row.Action, Actor: row.Actor, ActorID: row.ActorID, Subject: row.Subject,
		Documents: row.Documents, Detail: row.Detail, Network: row.Network, RequestID: row.RequestID, Times: row.Times,
	}
}
