package projection

import (
	"context"
	"fmt"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
)

// Resume converts a position in a former history of changes (see [Live.Changes]) to
// one in the present history: after the last change that is not later. A history
// that was rebuilt from the publication log has the times of the former one, so a
// follower that continues there misses no change, and may get some changes twice.
// It is for followers that cannot start again from the beginning.
func (l *Live) Resume(ctx context.Context, from Position) (Position, error) {
	viewer, err := domain.Require(ctx, domain.ReadLive)
	if err != nil {
		return Position{}, err
	}
	ctx = domain.WithStage(ctx, domain.Live)
	history, err := l.history(ctx, Position{})
	if err != nil {
		return Position{}, err
	}
	rows, err := l.stores.Client(ctx).Change.Query().
		Where(func(s *entsql.Selector) {
			s.Where(entsql.P(func(b *entsql.Builder) {
				b.WriteString("(").Ident(s.C("at")).Comma().Ident(s.C("document_id")).WriteString(") <= (")
				b.Args(from.at, int64(from.document)).WriteString(")")
			}))
		}).
		Order(db.Desc("at", "document_id")).Limit(1).All(ctx)
	if err != nil {
		return Position{}, fmt.Errorf("find a place in the changes: %w", err)
	}
	if len(rows) == 0 {
		return Position{history: history}, nil
	}
	return changeOf(rows[0], viewer.Clearance, history).Position, nil
}
