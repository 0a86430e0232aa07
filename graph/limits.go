package graph

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
)

// Limit is what one operation may be, and what all of a viewer's may cost in a
// minute.
type Limit struct {
	Tokens     int // of the document
	Depth      int // of the fields that are selected in each other
	Roots      int // fields at the top, as a client would batch
	Aliases    int
	Directives int
	Fragments  int // definitions, spreads and inline ones
	Values     int // in the variables
	Cost       int // of one operation; see coster
	PerMinute  int // cost of all operations in a minute

	// Answer is the size of the largest answer, in bytes, and Time how long an
	// operation may run. Zero stands for no limit but that of the transport.
	Answer int
	Time   time.Duration
}

// standardLimits are the limits of each role; docs/access.md has the same
// table. Who has no credential shares what PUBLIC has with all of the same
// network address.
var standardLimits = map[domain.Role]Limit{
	domain.Public:  {Tokens: 5_000, Depth: 15, Roots: 30, Aliases: 100, Directives: 50, Fragments: 100, Values: 5_000, Cost: 200_000, PerMinute: 2_000_000, Answer: 8 << 20, Time: 10 * time.Second},
	domain.Partner: {Tokens: 10_000, Depth: 15, Roots: 50, Aliases: 200, Directives: 100, Fragments: 200, Values: 10_000, Cost: 300_000, PerMinute: 10_000_000, Answer: 16 << 20, Time: 20 * time.Second},
	domain.Author:  staffLimit,
	domain.Editor:  staffLimit,
	domain.Admin:   staffLimit,
}

var staffLimit = Limit{Tokens: 15_000, Depth: 20, Roots: 200, Aliases: 500, Directives: 200, Fragments: 500, Values: 50_000, Cost: 500_000, PerMinute: 20_000_000, Answer: 32 << 20, Time: 30 * time.Second}

// StandardLimits returns the standard limits of a role.
func StandardLimits(role domain.Role) Limit { return standardLimits[role] }

// maxTokens is the most that any role may send: whatever is longer is not
// parsed at all.
const maxTokens = 15_000

const codeCostLimit = "COST_LIMIT"

// tooMuch is the error of an operation that is beyond a limit.
func tooMuch(format string, args ...any) *gqlerror.Error {
	err := gqlerror.Errorf(format, args...)
	errcode.Set(err, codeCostLimit)
	return err
}

// What some fields are worth besides the one that each field costs: more work
// goes into them than into a column. docs/access.md has the same table.
var surcharges = map[string]int{
	"totalCount":  10,  // a count of its own
	"diff":        200, // two snapshots, read and compared
	"liveDiff":    200,
	"snapshot":    50,
	"formerSlugs": 5,
	"displayName": 2,   // of a relationship, its ends
	"jsonLd":      300, // a document with all that it refers to

	// Texts, which can be long.
	"body":         10,
	"outline":      10,
	"description":  2, // seldom long
	"assessment":   5,
	"introduction": 5,
	"analysis":     5,
}

// Surcharges returns what fields are worth besides the one that each costs.
func Surcharges() map[string]int { return maps.Clone(surcharges) }

const (
	// plainList is how many elements a list without a page size is taken to
	// have.
	plainList = 10
	// rendered is the surcharge of a text in another format than it is kept in.
	rendered = 5
	// mutation is the surcharge of each field of a mutation.
	mutation = 100
	// described is how many fields of the schema's description cost one: they
	// are at hand.
	described = 20
	// A condition of a filter costs one, and one for each value in a list. One
	// through a relation is a join: it
	// costs joined, times the square of how deep it is in others, because each
	// multiplies the rows that are looked at.
	joined = 300
)

// plainText reports whether a field's text is kept as TEXT: a report's summary.
func plainText(f *ast.Field) bool {
	return f.Name == "summary" && f.ObjectDefinition != nil && f.ObjectDefinition.Name == "Report"
}

// descriptionSizes are the sizes that the lists of a schema's description are
// taken to have.
var descriptionSizes = map[string]int{
	"types": 400, "fields": 15, "inputFields": 15, "args": 4, "enumValues": 10, "interfaces": 2, "possibleTypes": 9, "directives": 5,
}

// fragmentKey names a fragment inside a connection with a page size.
type fragmentKey struct {
	name string
	page int
}

// coster works out what an operation costs: about the number of fields in the
// largest answer that it could have. A field costs one, some a surcharge, and
// what is selected in a list costs as often as the list has elements; a
// connection has as many as its first or last says. Each fragment is measured
// once, wherever it is spread. A filter costs by its conditions, once for all
// rows whose connections it is of: they are read in one statement.
type coster struct {
	schema    *ast.Schema
	variables map[string]any
	fragments map[fragmentKey]fragmentCost
	filters   int // of all filters so far
}

type fragmentCost struct{ fields, filters int }

// costOf measures an operation.
func costOf(schema *ast.Schema, op *graphql.OperationContext) int {
	c := coster{schema: schema, variables: op.Variables, fragments: map[fragmentKey]fragmentCost{}}
	cost := c.set(op.Operation.SelectionSet, 1)
	cost = add(cost, c.filters)
	if op.Operation.Operation == ast.Mutation {
		cost = add(cost, times(mutation, len(op.Operation.SelectionSet)))
	}
	return cost
}

// set measures a selection set. page is the size of the connection that it is
// of.
func (c *coster) set(set ast.SelectionSet, page int) int {
	sum := 0
	for _, sel := range set {
		own := 0
		switch sel := sel.(type) {
		case *ast.Field:
			own = c.field(sel, page)
		case *ast.InlineFragment:
			own = c.set(sel.SelectionSet, page)
		case *ast.FragmentSpread:
			key := fragmentKey{sel.Name, page}
			known, ok := c.fragments[key]
			if ok {
				c.filters = add(c.filters, known.filters)
			} else {
				before := c.filters
				known.fields = c.set(sel.Definition.SelectionSet, page)
				known.filters = c.filters - before
				c.fragments[key] = known
			}
			own = known.fields
		}
		sum = add(sum, own)
	}
	return sum
}

func (c *coster) field(f *ast.Field, page int) int {
	switch f.Name {
	case "__typename":
		return 0
	case "__schema", "__type":
		return 1 + describedCost(f.SelectionSet, map[string]int{})/described
	}
	inner := 1
	if strings.HasSuffix(f.Definition.Type.Name(), "Connection") {
		inner = c.pageSize(f)
	}
	children := c.set(f.SelectionSet, inner)
	elements := 1
	if f.Definition.Type.Elem != nil && len(f.SelectionSet) > 0 {
		elements = plainList
		switch {
		case strings.HasSuffix(f.ObjectDefinition.Name, "Connection"):
			elements = page
		case f.Name == "nodes":
			elements = c.listSize(f, "ids")
		}
	}
	own := 1
	if f.ObjectDefinition == nil || f.ObjectDefinition.Name[0] != '_' { // not of the schema's description
		own += surcharges[f.Name]
	}
	if len(f.Arguments) > 0 {
		arguments := f.ArgumentMap(c.variables)
		if format, ok := arguments["format"]; ok && format != "MARKDOWN" && (format != "TEXT" || !plainText(f)) {
			own += rendered
		}
		if filter := f.Definition.Arguments.ForName("filter"); filter != nil {
			if given, ok := arguments["filter"].(map[string]any); ok {
				c.filters = add(c.filters, c.filter(filter.Type.Name(), given, 1))
			}
		}
	}
	return add(own, times(elements, children))
}

// filter measures a filter that is so deep in others. What is too deep, or has
// too many conditions, is refused when the filter is read; so nothing goes on
// here for long.
func (c *coster) filter(of string, given map[string]any, depth int) int {
	def := c.schema.Types[of]
	if def == nil || depth > read.MaxFilterDepth {
		return 0
	}
	sum := 0
	for name, value := range given {
		field := def.Fields.ForName(name)
		if field == nil {
			continue
		}
		inner := field.Type.Name()
		own := 1 + elements(value)
		switch target := c.schema.Types[inner]; {
		case name == "and" || name == "or" || name == "not":
			own = c.conditions(inner, value, depth)
		case target != nil && target.Fields.ForName("and") != nil:
			own = add(times(joined, depth*depth), c.conditions(inner, value, depth+1))
		}
		sum = add(sum, own)
	}
	return sum
}

// elements is how many values the lists of an operator have.
func elements(operators any) int {
	n := 0
	given, _ := operators.(map[string]any)
	for _, v := range given {
		list, _ := v.([]any)
		n += len(list)
	}
	return n
}

func (c *coster) conditions(of string, value any, depth int) int {
	switch value := value.(type) {
	case map[string]any:
		return c.filter(of, value, depth)
	case []any:
		sum := 0
		for _, v := range value {
			sum = add(sum, c.conditions(of, v, depth))
		}
		return sum
	}
	return 0
}

// describedCost is the number of fields of a part of the schema's description.
func describedCost(set ast.SelectionSet, fragments map[string]int) int {
	sum := 0
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			sum = add(sum, add(1, times(max(descriptionSizes[sel.Name], 1), describedCost(sel.SelectionSet, fragments))))
		case *ast.InlineFragment:
			sum = add(sum, describedCost(sel.SelectionSet, fragments))
		case *ast.FragmentSpread:
			known, ok := fragments[sel.Name]
			if !ok {
				known = describedCost(sel.Definition.SelectionSet, fragments)
				fragments[sel.Name] = known
			}
			sum = add(sum, known)
		}
	}
	return sum
}

// pageSize is how many elements a connection asks for. A size beyond the most
// counts as that: the list refuses it, with all else that is wrong with its
// arguments, before it reads anything.
func (c *coster) pageSize(f *ast.Field) int {
	args := f.ArgumentMap(c.variables)
	for _, name := range []string{"first", "last"} {
		if n, ok := whole(args[name]); ok {
			return min(max(n, 1), read.MaxPage)
		}
	}
	return read.DefaultPage
}

func (c *coster) listSize(f *ast.Field, argument string) int {
	list, _ := f.ArgumentMap(c.variables)[argument].([]any)
	return max(len(list), 1)
}

func whole(v any) (int, bool) {
	switch n := v.(type) {
	case int64:
		return int(n), true
	case int:
		return n, true
	case float64:
		return int(n), true
	case json.Number:
		i, err := n.Int64()
		return int(i), err == nil
	case string:
		i, err := strconv.Atoi(n)
		return i, err == nil
	}
	return 0, false
}

// add and times stop at the largest int.
func add(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}

func times(a, b int) int {
	if b != 0 && a > math.MaxInt/b {
		return math.MaxInt
	}
	return a * b
}

// limitOf is the limit of the viewer of ctx.
func limitOf(ctx context.Context, limits func(domain.Role) Limit) (*domain.Viewer, Limit, error) {
	viewer, err := domain.ViewerFrom(ctx)
	if err != nil {
		return nil, Limit{}, err
	}
	limit := limits(viewer.Role)
	if viewer.RateLimit > 0 {
		limit.PerMinute = viewer.RateLimit
	}
	return viewer, limit, nil
}
