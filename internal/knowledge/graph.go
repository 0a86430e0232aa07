package knowledge

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// Graph reads the relationships of both stores. It is safe for concurrent use.
type Graph struct {
	stores *store.Stores
	// maxEdges is how many relationships a search for paths reads before it gives up, and maxSteps how many steps it tries
	// among these.
	maxEdges, maxSteps int
}

// New returns the graph of the stores.
func New(stores *store.Stores) *Graph {
	return &Graph{stores: stores, maxEdges: 60_000, maxSteps: 200_000}
}

// Edge is a relationship.
type Edge struct {
	ID, From, To domain.ID
	Kind         string
	Share        domain.Share
	HasShare     bool
	Since, Until domain.Date
	Confidence   string
}

// Other returns the end of an edge that is not the given one; of an edge from an entity to itself, that entity.
func (e *Edge) Other(than domain.ID) domain.ID {
	if e.From == than {
		return e.To
	}
	return e.From
}

// Filter says which relationships count.
type Filter struct {
	// Kinds are the kinds that count. Nil stands for all; what is empty and not nil denies.
	Kinds []string
	// At is the day at which a relationship must hold, or may; none if empty.
	At domain.Date
	// MinConfidence is the least confidence; any if empty.
	MinConfidence string
}

// Check adds what is wrong to problems.
func (f *Filter) Check(problems *domain.Problems) {
	for _, kind := range f.Kinds {
		if !slices.Contains(domain.RelationshipKinds, kind) {
			problems.Add("kinds", "%q is no kind of relationship", kind)
		}
	}
	if f.At != "" {
		CheckDay(problems, "at", f.At)
	}
	if f.MinConfidence != "" && !slices.Contains(domain.Confidences, f.MinConfidence) {
		problems.Add("minConfidence", "%q is no confidence; want one of %s", f.MinConfidence, strings.Join(domain.Confidences, ", "))
	}
}

// CheckDay adds a problem unless the date is a day.
func CheckDay(problems *domain.Problems, path string, date domain.Date) {
	if _, err := domain.ParseDate(string(date)); err != nil || len(date) != len("2006-01-02") {
		problems.Add(path, "%q is not a day: want YYYY-MM-DD", date)
	}
}

// reading is a read for a viewer.
type reading struct {
	graph *Graph
	// where is the condition on the relationship r, with the arguments after it.
	where string
	args  []any
}

// begin returns a read of relationships that the viewer of ctx sees and that pass a filter.
func (g *Graph) begin(ctx context.Context, f Filter) (*reading, error) {
	scope, err := visibility.ScopeOf(ctx)
	if err != nil {
		return nil, err
	}
	r := &reading{graph: g}
	if scope.Stage == domain.Live {
		r.where, r.args = "r."+visibility.EffectiveMarking+" <= ?", []any{int(scope.Clearance())}
	} else {
		r.where = "r.deleted_at IS NULL AND EXISTS (SELECT 1 FROM entities e WHERE e.id = r.from_id AND e.deleted_at IS NULL)" +
			" AND EXISTS (SELECT 1 FROM entities e WHERE e.id = r.to_id AND e.deleted_at IS NULL)"
	}
	if f.Kinds != nil {
		r.where += " AND " + oneOf(kindColumn, f.Kinds)
	}
	if i := slices.Index(domain.Confidences, f.MinConfidence); i >= 0 {
		r.where += " AND " + oneOf("r.confidence", domain.Confidences[:i+1])
	}
	if f.At != "" {
		// Dates are texts of a year, a month or a day. What began or ended in the year or month of the day may hold at it.
		r.where += " AND (r.since IS NULL OR r.since <= ?)" +
			" AND (r.until IS NULL OR r.until = '' OR r.until <> ? AND r.until >= substr(?, 1, length(r.until)))"
		r.args = append(r.args, string(f.At), string(f.At), string(f.At))
	}
	return r, nil
}

// kindColumn is the kind of a relationship, written so that no engine looks relationships up by it: all of a
// kind are many more than those of the entities that are asked for.
const kindColumn = "(r.kind || '')"

// entityFence returns the condition under which the viewer of ctx sees the entity e, with its arguments.
func entityFence(ctx context.Context) (condition string, args []any, err error) {
	scope, err := visibility.ScopeOf(ctx)
	if err != nil {
		return "", nil, err
	}
	if scope.Stage == domain.Live {
		return "e." + visibility.EffectiveMarking + " <= ?", []any{int(scope.Clearance())}, nil
	}
	return "e.deleted_at IS NULL", nil, nil
}

// oneOf returns the condition that a column has one of the words of a vocabulary.
func oneOf(column string, words []string) string {
	if len(words) == 0 {
		return "1 = 0"
	}
	return column + " IN ('" + strings.Join(words, "', '") + "')"
}

// values runs a query, with its arguments in the order of its marks.
func (r *reading) values(ctx context.Context, query string, width int, args ...any) (*store.Values, error) {
	values, err := r.graph.stores.ReadValues(ctx, store.Bind(r.engine(), query), args, width)
	if err != nil {
		return nil, fmt.Errorf("read the graph: %w", err)
	}
	return values, nil
}

func (r *reading) engine() string { return r.graph.stores.Dialect() }

// set returns the condition "is one of the ids" and its argument.
func (r *reading) set(ids []domain.ID) (string, any) {
	return store.InSet(r.engine()), store.IDSet(r.engine(), ids)
}

// eachOf returns a table v with a column value, of ids, which are its argument.
func (r *reading) eachOf() string {
	if r.engine() == dialect.Postgres {
		return "unnest(?::bigint[]) AS v (value)"
	}
	return "json_each(?) AS v"
}

const edgeColumns = "r.id, r.from_id, r.to_id, r.kind, r.share, r.since, r.until, r.confidence"

const edgeWidth = 8

func edgesIn(values *store.Values) []Edge {
	edges := make([]Edge, 0, values.Len()/edgeWidth)
	for i := 0; i < values.Len(); i += edgeWidth {
		at := func(n int) store.Value { return values.At(i + n) }
		e := Edge{ID: domain.ID(at(0).Int()), From: domain.ID(at(1).Int()), To: domain.ID(at(2).Int()), Kind: vocabulary(at(3).Text),
			Share: domain.Share(at(4).Int()), HasShare: at(4).Kind != store.Null,
			Since: domain.Date(at(5).Text), Until: domain.Date(at(6).Text), Confidence: vocabulary(at(7).Text)}
		edges = append(edges, e)
	}
	return edges
}

// vocabulary returns a word of a vocabulary without an allocation.
func vocabulary(word []byte) string {
	for _, words := range [][]string{domain.RelationshipKinds, domain.Confidences} {
		for _, w := range words {
			if w == string(word) {
				return w
			}
		}
	}
	return string(word)
}

// Direction is which end of its relationships an entity is.
type Direction int

// The directions.
const (
	Outgoing Direction = 1 << iota // it is the start
	Incoming                       // it is the end
	Both     = Outgoing | Incoming
)

// edges returns all relationships of entities, each once, in the order of their ids.
func (r *reading) edges(ctx context.Context, ids []domain.ID, d Direction) ([]Edge, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in, set := r.set(ids)
	var parts []string
	var args []any
	for _, of := range []struct {
		d      Direction
		column string
	}{{Outgoing, "r.from_id"}, {Incoming, "r.to_id"}} {
		if d&of.d != 0 {
			parts = append(parts, "SELECT "+edgeColumns+" FROM relationships r WHERE "+of.column+in+" AND "+r.where)
			args = append(append(args, set), r.args...)
		}
	}
	values, err := r.values(ctx, strings.Join(parts, " UNION ALL "), edgeWidth, args...)
	if err != nil {
		return nil, err
	}
	return distinct(edgesIn(values)), nil
}

// distinct sorts edges by their ids and removes the second of two.
func distinct(edges []Edge) []Edge {
	slices.SortFunc(edges, func(a, b Edge) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(edges, func(a, b Edge) bool { return a.ID == b.ID })
}

// between returns the relationships between entities of one set and of another, each once.
func (r *reading) between(ctx context.Context, some, others []domain.ID) ([]Edge, error) {
	if len(some) == 0 || len(others) == 0 {
		return nil, nil
	}
	in, a := r.set(some)
	_, b := r.set(others)
	query := "SELECT " + edgeColumns + " FROM relationships r WHERE r.from_id" + in + " AND r.to_id" + in + " AND " + r.where
	args := append([]any{a, b}, r.args...)
	args = append(append(args, b, a), r.args...)
	values, err := r.values(ctx, query+" UNION ALL "+query, edgeWidth, args...)
	if err != nil {
		return nil, err
	}
	return distinct(edgesIn(values)), nil
}

// Degrees returns how many relationships that pass a filter entities have.
func (g *Graph) Degrees(ctx context.Context, ids []domain.ID, d Direction, f Filter) (map[domain.ID]int, error) {
	r, err := g.begin(ctx, f)
	if err != nil {
		return nil, err
	}
	return r.degrees(ctx, ids, d, 0)
}

// degrees returns how many relationships entities have, counted to a bound in each direction; 0: without bound.
func (r *reading) degrees(ctx context.Context, ids []domain.ID, d Direction, bound int) (map[domain.ID]int, error) {
	degrees := make(map[domain.ID]int, len(ids))
	if len(ids) == 0 {
		return degrees, nil
	}
	count := func(condition string) string {
		if bound == 0 {
			return "(SELECT count(*) FROM relationships r WHERE " + condition + " AND " + r.where + ")"
		}
		return fmt.Sprintf("(SELECT count(*) FROM (SELECT 1 FROM relationships r WHERE %s AND %s LIMIT %d) AS counted)", condition, r.where, bound)
	}
	_, set := r.set(ids)
	args := slices.Clone(r.args)
	var number string
	switch d {
	case Outgoing:
		number = count("r.from_id = v.value")
	case Incoming:
		number = count("r.to_id = v.value")
	default: // a relationship of an entity with itself counts once
		number = count("r.from_id = v.value") + " + " + count("r.to_id = v.value AND r.from_id <> v.value")
		args = append(args, r.args...)
	}
	values, err := r.values(ctx, "SELECT v.value, "+number+" FROM "+r.eachOf(), 2, append(args, set)...)
	if err != nil {
		return nil, err
	}
	for i := 0; i < values.Len(); i += 2 {
		degrees[domain.ID(values.At(i).Int())] = int(values.At(i + 1).Int())
	}
	return degrees, nil
}

// strongest returns the relationships of an entity with the highest confidence, the first by id of equal ones.
func (r *reading) strongest(ctx context.Context, id domain.ID, limit int) ([]Edge, error) {
	args := append(append([]any{int64(id), int64(id)}, r.args...), limit)
	values, err := r.values(ctx, "SELECT "+edgeColumns+" FROM relationships r WHERE (r.from_id = ? OR r.to_id = ?) AND "+r.where+
		" ORDER BY "+byConfidence+", r.id LIMIT ?", edgeWidth, args...)
	if err != nil {
		return nil, err
	}
	return edgesIn(values), nil
}

// byConfidence orders the highest confidence first.
var byConfidence = func() string {
	var b strings.Builder
	b.WriteString("CASE r.confidence")
	for i, c := range domain.Confidences {
		fmt.Fprintf(&b, " WHEN '%s' THEN %d", c, i)
	}
	return b.String() + " ELSE 9 END"
}()

// weakness is the place of a confidence, the highest first.
func weakness(confidence string) int {
	if i := slices.Index(domain.Confidences, confidence); i >= 0 {
		return i
	}
	return len(domain.Confidences)
}
