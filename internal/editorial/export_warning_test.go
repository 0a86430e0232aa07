package editorial

import (
	"context"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
)

// DraftRelationshipWarnings looks for relationships that stay drafts, in a
// transaction of its own.
func (d *Desk) DraftRelationshipWarnings(ctx context.Context, entities []domain.ID) (found []Warning, err error) {
	_, err = d.withTx(ctx, domain.PublishDocuments, func(ctx context.Context, e *editTx) (err error) {
		found, err = e.draftRelationshipWarnings(ctx, entities)
		return err
	})
	return found, err
}

// WarningQuery is a statement behind a warning, the tables that it must not
// read in full, and an index that serves it.
type WarningQuery struct {
	Text   string
	Args   []any
	Tables []string // by alias in SQLite, by name in PostgreSQL
	Index  string
}

// WarningQueries are the statements behind the warnings of saves and releases.
func WarningQueries(engine string) []WarningQuery {
	id := domain.NewID(domain.Entity, time.Now())
	identifiers := make([]*aggregate.Row, 3)
	for i := range identifiers {
		identifiers[i] = aggregate.NewRow()
	}
	names := []docName{{"name", "COMPANY acme"}, {"names[0]", "COMPANY a"}}
	var all []WarningQuery
	add := func(q query, index string, tables ...string) {
		all = append(all, WarningQuery{q.text, q.args, tables, index})
	}
	for _, t := range domain.Types() {
		if aggregate.SpecOf(t).Names == nil {
			continue
		}
		add(sameNamesQuery(engine, t, names, id), "namekey_type_name_document_id", "k", "d", "name_keys", aggregate.TableOf(t).Name)
	}
	add(sameIdentifiersQuery(identifiers, id), "entityidentifier_scheme_value", "i", "d", "entity_identifiers", "entities")
	add(sameAddressQuery("https://example.org/", id), "source_url", "d", "sources")
	add(draftRelationshipsQuery(engine, []domain.ID{id}), "relationship_from_id_to_id", "r", "f", "t", "relationships", "entities")
	return all
}
