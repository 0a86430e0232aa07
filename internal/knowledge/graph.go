package knowledge

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/ownership"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// Graph reads the relationships of both stores. It is safe for concurrent use.
type Graph struct {
	stores *store.Stores
	// maxEdges is how many relationships a search for paths reads before it gives up, and maxSteps how many steps it tries
	// among these.
	maxEdges, maxSteps int
	// maxChecked is how many rows of a table a check of evidence looks at, and maxFindings how many findings of a kind it returns.
	maxChecked, maxFindings int
	checked                 *lastCheck

	memory *memory
}

// New returns the graph of the stores. It reads from the database; see [Graph.Hold].
func New(stores *store.Stores) *Graph {
	return &Graph{stores: stores, maxEdges: 60_000, maxSteps: 200_000, maxChecked: maxChecked, maxFindings: maxFindings, checked: &lastCheck{},
		memory: &memory{wanted: make(chan struct{}, 1)}}
}

// Edge is a relationship.
type Edge struct {
	ID, From, To domain.ID
	Kind         string
	// Share is what an owner holds, by what is stated.
	Share        ownership.Range
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
	// view is the same in memory; nil where the database is read.
	view *view
}

// beginWalk is begin for a read that is answered from memory where it can be.
func (g *Graph) beginWalk(ctx context.Context, f Filter) (*reading, error) {
	r, err := g.begin(ctx, f)
	if err == nil {
		r.view, err = g.view(ctx, f)
	}
	return r, err
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
		day, err := time.Parse(time.DateOnly, string(f.At))
		if err != nil {
			return nil, domain.Invalid("%q is not a day: want YYYY-MM-DD", f.At)
		}
		// As [domain.MayHold]. Dates are texts of a year, a month or a day: those of each length are compared with the last
		// one that is over at the day.
		r.where += " AND (r.since IS NULL OR r.since <= ?)" +
			" AND (r.until IS NULL OR r.until = '' OR r.until > CASE length(r.until) WHEN 4 THEN ? WHEN 7 THEN ? ELSE ? END)"
		r.args = append(r.args, string(f.At), over(day, "2006"), over(day, "2006-01"), string(f.At))
	}
	return r, nil
}

// over returns the last year or month, as a text of a length, that is over at a day.
func over(day time.Time, layout string) string {
	if next := day.AddDate(0, 0, 1).Format(layout); next != day.Format(layout) {
		return day.Format(layout)
	}
	first, _ := time.Parse(layout, day.Format(layout)) // it was formatted so
	return first.AddDate(0, 0, -1).Format(layout)
}

// kindColumn is the kind of a relationship, written so that no engine looks relationships up by it: all of a
// kind are many more than those of the entities that are asked for.
const kindColumn = "(r.kind || '')"

// entityFence returns the condition under which the viewer of ctx sees the entity e, with its arguments.
func entityFence(ctx context.Context) (condition string, args []any, err error) {
	return fence(ctx, "e")
}

// fence returns the condition under which the viewer of ctx sees a document, by the alias of its table, with its arguments.
func fence(ctx context.Context, alias string) (condition string, args []any, err error) {
	scope, err := visibility.ScopeOf(ctx)
	if err != nil {
		return "", nil, err
	}
	if scope.Stage == domain.Live {
		return alias + "." + visibility.EffectiveMarking + " <= ?", []any{int(scope.Clearance())}, nil
	}
	return alias + ".deleted_at IS NULL", nil, nil
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

// What a walk reads of a relationship is in the indexes of its ends; the rest is read of those that are returned.
const (
	walkColumns = "r.id, r.from_id, r.to_id, r.kind, r.confidence"
	walkWidth   = 5

	edgeColumns = walkColumns + ", COALESCE(r.share, r.share_min, 0), COALESCE(r.share, r.share_max, 100000000), r.since, r.until"
	edgeWidth   = 9
)

func edgesIn(values *store.Values, width int) []Edge {
	edges := make([]Edge, 0, values.Len()/width)
	for i := 0; i < values.Len(); i += width {
		at := func(n int) store.Value { return values.At(i + n) }
		e := Edge{ID: domain.ID(at(0).Int()), From: domain.ID(at(1).Int()), To: domain.ID(at(2).Int()), Kind: vocabulary(at(3).Text), Confidence: vocabulary(at(4).Text)}
		if width == edgeWidth {
			e.Share = ownership.Range{Min: domain.Share(at(5).Int()), Max: domain.Share(at(6).Int())}
			e.Since, e.Until = domain.Date(at(7).Text), domain.Date(at(8).Text)
		}
		edges = append(edges, e)
	}
	return edges
}

// complete reads of edges what a walk does not.
func (r *reading) complete(ctx context.Context, edges ...*Edge) error {
	if len(edges) == 0 {
		return nil
	}
	ids := make([]domain.ID, len(edges))
	for i, e := range edges {
		ids[i] = e.ID
	}
	slices.Sort(ids)
	in, set := r.set(slices.Compact(ids))
	values, err := r.values(ctx, "SELECT "+edgeColumns+" FROM relationships r WHERE r.id"+in+" AND "+r.where, edgeWidth, append([]any{set}, r.args...)...)
	if err != nil {
		return err
	}
	whole := make(map[domain.ID]Edge, len(ids))
	for _, e := range edgesIn(values, edgeWidth) {
		whole[e.ID] = e
	}
	for _, e := range edges {
		if w, ok := whole[e.ID]; ok {
			*e = w
		}
	}
	return nil
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
	if r.view != nil {
		return r.view.edges(ids, d), nil
	}
	in, set := r.set(ids)
	var parts []string
	var args []any
	for _, of := range []struct {
		d      Direction
		column string
	}{{Outgoing, "r.from_id"}, {Incoming, "r.to_id"}} {
		if d&of.d != 0 {
			parts = append(parts, "SELECT "+walkColumns+" FROM relationships r WHERE "+of.column+in+" AND "+r.where)
			args = append(append(args, set), r.args...)
		}
	}
	values, err := r.values(ctx, strings.Join(parts, " UNION ALL "), walkWidth, args...)
	if err != nil {
		return nil, err
	}
	return distinct(edgesIn(values, walkWidth)), nil
}

// distinct sorts edges by their ids and removes the second of two.
func distinct(edges []Edge) []Edge {
	slices.SortFunc(edges, func(a, b Edge) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(edges, func(a, b Edge) bool { return a.ID == b.ID })
}

// between returns the relationships between entities of one set and of another, each once. With scan it goes through all
// relationships of the first ones, which are few; without, it looks for each pair.
func (r *reading) between(ctx context.Context, some, others []domain.ID, scan bool) ([]Edge, error) {
	if len(some) == 0 || len(others) == 0 {
		return nil, nil
	}
	if r.view != nil {
		return r.view.between(some, others), nil
	}
	in, a := r.set(some)
	_, b := r.set(others)
	other := map[bool]string{true: "(%s + 0)", false: "%s"}[scan] // no engine looks a sum up
	var parts []string
	var args []any
	for _, of := range [][2]string{{"r.from_id", "r.to_id"}, {"r.to_id", "r.from_id"}} {
		parts = append(parts, "SELECT "+walkColumns+" FROM relationships r WHERE "+of[0]+in+" AND "+fmt.Sprintf(other, of[1])+in+" AND "+r.where)
		args = append(append(args, a, b), r.args...)
	}
	values, err := r.values(ctx, strings.Join(parts, " UNION ALL "), walkWidth, args...)
	if err != nil {
		return nil, err
	}
	return distinct(edgesIn(values, walkWidth)), nil
}

// Degrees returns how many relationships that pass a filter entities have.
func (g *Graph) Degrees(ctx context.Context, ids []domain.ID, d Direction, f Filter) (map[domain.ID]int, error) {
	r, err := g.beginWalk(ctx, f)
	if err != nil {
		return nil, err
	}
	return r.degrees(ctx, ids, d, 0)
}

// degrees returns how many relationships entities have, counted at least to a bound; 0: without bound.
func (r *reading) degrees(ctx context.Context, ids []domain.ID, d Direction, bound int) (map[domain.ID]int, error) {
	if r.view != nil {
		return r.view.degrees(ids, d, bound), nil
	}
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

// strongest returns the relationships of an entity with the highest confidence, the first by id of equal ones, in any order.
func (r *reading) strongest(ctx context.Context, id domain.ID, limit int) ([]Edge, error) {
	if r.view != nil {
		return r.view.strongest(id, limit), nil
	}
	args := append(append([]any{int64(id), int64(id)}, r.args...), limit)
	values, err := r.values(ctx, "SELECT "+walkColumns+" FROM relationships r WHERE (r.from_id = ? OR r.to_id = ?) AND "+r.where+
		" ORDER BY "+byConfidence+", r.id LIMIT ?", walkWidth, args...)
	if err != nil {
		return nil, err
	}
	return edgesIn(values, walkWidth), nil
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
