package editorialtest

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// datedLinks are the links of which live has copies of columns of their document: the table,
// the table of the documents, and the column with the document.
var datedLinks = [][3]string{
	{"report_tags", "reports", "report_id"}, {"report_entities", "reports", "report_id"},
	{"report_mentions", "reports", "report_id"}, {"report_narratives", "reports", "report_id"},
	{"entity_tags", "entities", "entity_id"}, {"narrative_tags", "narratives", "narrative_id"},
	{"narrative_targets", "narratives", "narrative_id"}, {"narrative_amplifiers", "narratives", "narrative_id"},
}

// LinksUnlikeDocuments returns which links in live have no right copies of the date and of the
// effective marking of their document, and how many links there are.
func LinksUnlikeDocuments(ctx context.Context, live store.Rows) (wrong []string, all int, err error) {
	for _, l := range datedLinks {
		query := fmt.Sprintf("SELECT l.id, l.owner_published, l.owner_marking, d.published_at, d.effective_marking FROM %s l JOIN %s d ON d.id = l.%s", l[0], l[1], l[2])
		err := store.QueryRows(ctx, live, query, nil, func(rows *sql.Rows) error {
			var id domain.ID
			var copied, marking sql.NullInt64
			var published time.Time
			var effective int64
			if err := rows.Scan(&id, &copied, &marking, &published, &effective); err != nil {
				return err
			}
			all++
			if !copied.Valid || copied.Int64 != published.UnixMicro() || !marking.Valid || marking.Int64 != effective {
				wrong = append(wrong, fmt.Sprintf("%s %d has %v and %v, want %d and %d", l[0], id, copied, marking, published.UnixMicro(), effective))
			}
			return nil
		})
		if err != nil {
			return nil, 0, fmt.Errorf("compare %s: %w", l[0], err)
		}
	}
	return wrong, all, nil
}
