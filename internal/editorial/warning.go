package editorial

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// WarningCode is the kind of a [Warning].
type WarningCode string

// The codes of warnings.
const (
	SameName          WarningCode = "SAME_NAME"          // another document of the type has the name or title
	SameIdentifier    WarningCode = "SAME_IDENTIFIER"    // another entity has the identifier
	SameAddress       WarningCode = "SAME_ADDRESS"       // another source is at the address
	NotCited          WarningCode = "NOT_CITED"          // an item of an edition has no citation
	NotDescribed      WarningCode = "NOT_DESCRIBED"      // a picture has no alternative text
	DraftRelationship WarningCode = "DRAFT_RELATIONSHIP" // a relationship is a draft while both its ends are live
)

// WarningCodes are the codes, in the order of the schema.
var WarningCodes = []WarningCode{SameName, SameIdentifier, SameAddress, NotCited, NotDescribed, DraftRelationship}

// Warning is a possible mistake in what was written. It prevents neither a save
// nor a release.
type Warning struct {
	Code    WarningCode
	Path    string // of the field in the API; "" where it is about the document as a whole
	Message string
	// Documents are the other documents that it is about, at most maxNamed. A
	// viewer without the right READ_DESK gets no warning that is about others.
	Documents []domain.ID
}

const (
	maxWarnings = domain.MaxProblems
	maxNamed    = 10
)

// namesake is another document that shares a name, identifier or address with the
// saved one.
type namesake struct {
	key  string // the common value
	id   domain.ID
	slug string
}

// warnings returns the warnings about a document as it was saved.
func (e *editTx) warnings(ctx context.Context, t domain.Type, r *aggregate.Row) ([]Warning, error) {
	var out []Warning
	if e.viewer.May(domain.ReadDesk) {
		for _, look := range []func(context.Context, domain.Type, *aggregate.Row) ([]Warning, error){
			e.sameNames, e.sameIdentifiers, e.sameAddress,
		} {
			found, err := look(ctx, t, r)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
	}
	if t == domain.Edition {
		for i, item := range r.Owned["edition_items"] {
			if len(item.Owned["citations"]) == 0 {
				out = append(out, Warning{Code: NotCited, Path: fmt.Sprintf("items[%d]", i), Message: "this item cites no source"})
			}
		}
	}
	if t == domain.Asset && aggregate.IsPicture(r) && !aggregate.Describes(r.Text("alt_text")) {
		out = append(out, Warning{Code: NotDescribed, Path: "altText", Message: "a picture needs an alternative text to be published: say what it shows"})
	}
	for _, pic := range undescribed(aggregate.SpecOf(t), r) {
		out = append(out, Warning{Code: NotDescribed, Path: pic.path, Message: fmt.Sprintf(
			"line %d: an image needs an alternative text to be published: %s", pic.line, describeImage)})
	}
	return out[:min(len(out), maxWarnings)], nil
}

func (e *editTx) sameNames(ctx context.Context, t domain.Type, r *aggregate.Row) ([]Warning, error) {
	names := namesOf(t, r)
	if len(names) == 0 {
		return nil, nil
	}
	others, err := e.namesakes(ctx, sameNamesQuery(e.tx.Dialect(), t, names, r.ID))
	if err != nil {
		return nil, fmt.Errorf("look for documents of the same name: %w", err)
	}
	what := "title"
	if t == domain.Entity || t == domain.Tag {
		what = "name"
	}
	var out []Warning
	for _, n := range names {
		if same := others[n.key]; len(same) > 0 {
			out = append(out, alike(SameName, n.path, "the same "+what, same))
		}
	}
	return out, nil
}

func (e *editTx) sameIdentifiers(ctx context.Context, t domain.Type, r *aggregate.Row) ([]Warning, error) {
	rows := r.Owned["entity_identifiers"]
	if t != domain.Entity || len(rows) == 0 {
		return nil, nil
	}
	others, err := e.namesakes(ctx, sameIdentifiersQuery(rows, r.ID))
	if err != nil {
		return nil, fmt.Errorf("look for entities of the same identifier: %w", err)
	}
	var out []Warning
	for i, row := range rows {
		key := row.Text("scheme") + " " + row.Text("value")
		if same := others[key]; len(same) > 0 {
			out = append(out, alike(SameIdentifier, fmt.Sprintf("identifiers[%d]", i), "the identifier "+key+" too", same))
		}
	}
	return out, nil
}

func (e *editTx) sameAddress(ctx context.Context, t domain.Type, r *aggregate.Row) ([]Warning, error) {
	address := r.Text("url")
	if t != domain.Source || address == "" {
		return nil, nil
	}
	others, err := e.namesakes(ctx, sameAddressQuery(address, r.ID))
	if err != nil {
		return nil, fmt.Errorf("look for sources at the same address: %w", err)
	}
	if len(others[address]) == 0 {
		return nil, nil
	}
	return []Warning{alike(SameAddress, "url", "the same address", others[address])}, nil
}

// query is a statement and its parameters.
type query struct {
	text string
	args []any
}

// maxNamesakes bounds what one query for a warning reads.
const maxNamesakes = 200

func sameNamesQuery(engine string, t domain.Type, names []docName, id domain.ID) query {
	keys := make([]string, len(names))
	for i, n := range names {
		keys[i] = n.key
	}
	return namesakesQuery("k.name", "k.document_id", t, "name_keys k WHERE k.type = ? AND k.name"+store.InSet(engine)+" AND k.document_id <> ?",
		[]any{int64(t), store.TextSet(engine, keys), int64(id)})
}

// namesakesQuery returns the query for the value, id and slug of those documents of a type that rows refer to. The
// slugs are looked up one by one, and not joined: PostgreSQL keeps the plan that it has made for a new
// database, and of a join that plan reads all documents until it has statistics.
func namesakesQuery(value, id string, t domain.Type, rows string, args []any) query {
	return query{fmt.Sprintf("SELECT value, id, slug FROM (SELECT %[1]s AS value, %[2]s AS id, (SELECT d.slug FROM %[3]s d WHERE d.id = %[2]s AND d.deleted_at IS NULL) AS slug FROM %[4]s) n"+
		" WHERE slug IS NOT NULL LIMIT %[5]d", value, id, aggregate.TableOf(t).Name, rows, maxNamesakes), args}
}

func sameIdentifiersQuery(rows []*aggregate.Row, id domain.ID) query {
	// The list is filled up with its last pair, so that few texts of the
	// statement stay prepared.
	size := 1
	for size < len(rows) {
		size *= 4
	}
	args := make([]any, 0, 2*size+1)
	for i := range size {
		row := rows[min(i, len(rows)-1)]
		args = append(args, row.Text("scheme"), row.Text("value"))
	}
	return namesakesQuery("i.scheme || ' ' || i.value", "i.entity_id", domain.Entity,
		"entity_identifiers i WHERE (i.scheme, i.value) IN (VALUES "+strings.Repeat("(?, ?), ", size-1)+"(?, ?)) AND i.entity_id <> ?", append(args, int64(id)))
}

func sameAddressQuery(address string, id domain.ID) query {
	return query{"SELECT d.url, d.id, d.slug FROM sources d WHERE d.url = ? AND d.id <> ? AND d.deleted_at IS NULL" +
		fmt.Sprintf(" LIMIT %d", maxNamesakes), []any{address, int64(id)}}
}

func draftRelationshipsQuery(engine string, entities []domain.ID) query {
	set := store.IDSet(engine, entities)
	drafts := func(end string) string {
		return "SELECT id, slug, from_id, to_id FROM relationships WHERE " + end + store.InSet(engine) + " AND live_version IS NULL AND deleted_at IS NULL"
	}
	isLive := func(end string) string {
		return "(SELECT e.live_version FROM entities e WHERE e.id = draft." + end + ") IS NOT NULL"
	}
	// Not joined, see namesakesQuery.
	return query{"SELECT id, slug FROM (" + drafts("from_id") + " UNION " + drafts("to_id") + ") draft" +
		" WHERE " + isLive("from_id") + " AND " + isLive("to_id") + fmt.Sprintf(" ORDER BY id LIMIT %d", maxWarnings), []any{set, set}}
}

// namesakes runs a query for the shared value, id and slug of other documents, and
// returns the documents by shared value, oldest first.
func (e *editTx) namesakes(ctx context.Context, q query) (map[string][]namesake, error) {
	others := map[string][]namesake{}
	err := store.QueryRows(ctx, e.tx, q.text, q.args, func(rows *sql.Rows) error {
		var n namesake
		if err := rows.Scan(&n.key, &n.id, &n.slug); err != nil {
			return err
		}
		others[n.key] = append(others[n.key], n)
		return nil
	})
	for key, same := range others {
		slices.SortFunc(same, func(a, b namesake) int { return cmp.Compare(a.id, b.id) })
		others[key] = slices.CompactFunc(same, func(a, b namesake) bool { return a.id == b.id })
	}
	return others, err
}

// alike returns the warning that other documents have the same value.
func alike(code WarningCode, path, what string, others []namesake) Warning {
	w := Warning{Code: code, Path: path}
	var names []string
	for _, n := range others[:min(len(others), maxNamed)] {
		w.Documents = append(w.Documents, n.id)
		names = append(names, n.id.Type().String()+":"+n.slug)
	}
	verb := "has"
	if len(others) > 1 {
		verb = "have"
	}
	if len(others) > maxNamed {
		names = append(names, "and others")
	}
	w.Message = strings.Join(names, ", ") + " " + verb + " " + what
	return w
}

// draftRelationshipWarnings returns warnings for relationships of the given entities
// that are drafts while both their ends are live. It reads the desk: in the
// transaction of a release, that is the state after the release. It takes one query,
// whatever the number of entities, and returns at most maxWarnings warnings.
func (e *editTx) draftRelationshipWarnings(ctx context.Context, entities []domain.ID) ([]Warning, error) {
	if len(entities) == 0 || !e.viewer.May(domain.ReadDesk) {
		return nil, nil
	}
	q := draftRelationshipsQuery(e.tx.Dialect(), entities)
	var out []Warning
	err := store.QueryRows(ctx, e.tx, q.text, q.args, func(rows *sql.Rows) error {
		n := namesake{}
		if err := rows.Scan(&n.id, &n.slug); err != nil {
			return err
		}
		out = append(out, Warning{Code: DraftRelationship, Documents: []domain.ID{n.id},
			Message: "relationship:" + n.slug + " is a draft, and both its ends are live: publish it too, if readers are to see it"})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for relationships that are drafts: %w", err)
	}
	return out, nil
}
