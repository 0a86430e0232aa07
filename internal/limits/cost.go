package limits

import (
	"encoding/json"
	"maps"
	"math"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// surcharges has what some fields cost besides the one that each field costs:
// they take more work than a column. docs/access.md has the same table.
var surcharges = map[string]int{
	"totalCount":  10,  // a count of its own
	"diff":        200, // two snapshots, read and compared
	"liveDiff":    200,
	"snapshot":    50,
	"formerSlugs": 5,
	"displayName": 2,   // of a relationship, its ends
	"jsonLd":      300, // a document with all that it refers to

	"previewEdition": 1000, // the same, and its templates

	"search":        searchCost,
	"suggest":       50,
	"matchEntities": 50,  // and for each name: see matchCost
	"related":       200, // several searches
	"network":       200, // a walk through the graph
	"paths":         500,
	"timeline":      300,

	"ObservationConnection.counts":    1500, // of a whole list, by date
	"TimelineEntryConnection.buckets": 1000, // of a whole timeline
	"degree":                          20,   // a count

	"exposure": 500, // all that is above an entity
	"owners":   500,
	"holdings": 500,

	"exposureReport": 2000, // all that is below a list

	"possibleDuplicates": 3000, // up to 500 entities, with what is like them
	"checkEvidence":      3000, // all of the desk
	"snippets":           10,

	"citedBy":         200, // five lists, ranked
	"Entity.mentions": 100,
	"passages":        20, // a text, rendered and analysed
	"tree":            100,
	"narrativeActors": 1000,

	// Texts, which can be long.
	"body":         10,
	"outline":      10,
	"description":  2, // seldom long
	"assessment":   5,
	"introduction": 5,
	"analysis":     5,
}

// Surcharges returns what fields cost besides the one that each field costs.
func Surcharges() map[string]int { return maps.Clone(surcharges) }

const (
	// plainListSize is how many elements a list without a page size is taken to
	// have.
	plainListSize = 10
	// formatSurcharge is for a text in another format than the stored one.
	formatSurcharge = 5
	// matchCost is for each name that is looked for.
	matchCost = 20
	// facetSurcharge is for each facet of a list: a count of all of it, by value.
	facetSurcharge = 50
	// mutationSurcharge is for each field of a mutation.
	mutationSurcharge = 100
	// introspectionDivisor is how many fields of the schema's description cost
	// one: they are read from memory.
	introspectionDivisor = 20
	// A condition of a filter costs one, and one for each value in a list. A
	// condition through a relation is a join: it costs joinCost times the square
	// of its nesting depth, because each join multiplies the rows that are
	// looked at.
	joinCost = 300
	// maxLimit is the most that an argument limit can mean; more is refused.
	maxLimit = 150
	// searchCost is for a search, also as a condition of a filter.
	searchCost = 200
)

// storedAsText reports whether a field's text is stored as TEXT: a report's
// summary.
func storedAsText(f *ast.Field) bool {
	return f.Name == "summary" && f.ObjectDefinition != nil && f.ObjectDefinition.Name == "Report"
}

// bounded are the types whose lists have as many elements as an argument of the field says.
var bounded = map[string]bool{"Network": true, "Paths": true, "Holdings": true, "ExposureReport": true,
	"NarrativeTree": true, "NarrativeActors": true,
	"ObservationCounts": true, "TimelineBuckets": true}

// isFacet reports whether a field is a list of values of a facet.
func isFacet(f *ast.Field) bool {
	return f.ObjectDefinition != nil && strings.HasSuffix(f.ObjectDefinition.Name, "Facets")
}

// descriptionSizes has the sizes that the lists of the schema's description are
// taken to have.
var descriptionSizes = map[string]int{
	"types": 400, "fields": 15, "inputFields": 15, "args": 4, "enumValues": 10, "interfaces": 2, "possibleTypes": 9, "directives": 5,
}

// Costs computes what operations of a schema cost: about the number of fields
// in the largest response that an operation could have. A field costs one, and
// some have a surcharge. What is selected in a list costs as often as the list
// has elements; a connection has as many as its argument first or last says.
// A filter costs by its conditions, once for all rows whose connections it is
// of: they are read in one statement.
type Costs struct {
	Schema *ast.Schema
	// Arguments returns the coerced arguments of a field.
	Arguments func(f *ast.Field, variables map[string]any) map[string]any
	// DefaultPage is the size of a page without first and last, and MaxPage
	// that of the largest page.
	DefaultPage, MaxPage int
	// MaxFilterDepth is how deep filters may be nested in each other.
	MaxFilterDepth int
}

// fragmentKey names a fragment inside a connection with a page size.
type fragmentKey struct {
	name string
	page int
}

// coster computes the cost of one operation. Each fragment is measured once,
// wherever it is spread.
type coster struct {
	Costs
	variables map[string]any
	fragments map[fragmentKey]fragmentCost
	filters   int // of all filters so far
}

type fragmentCost struct{ fields, filters int }

// Of returns the cost of a valid operation. It stops at the largest int.
func (c Costs) Of(op *ast.OperationDefinition, variables map[string]any) int {
	m := coster{Costs: c, variables: variables, fragments: map[fragmentKey]fragmentCost{}}
	cost := m.selectionSet(op.SelectionSet, 1)
	cost = add(cost, m.filters)
	if op.Operation == ast.Mutation {
		cost = add(cost, times(mutationSurcharge, rootFields(op.SelectionSet, map[string]bool{})))
	}
	return cost
}

// rootFields counts the fields of an operation, with those of its fragments, each of
// which counts once. seen has the fragments that were counted.
func rootFields(set ast.SelectionSet, seen map[string]bool) int {
	n := 0
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			n++
		case *ast.InlineFragment:
			n += rootFields(sel.SelectionSet, seen)
		case *ast.FragmentSpread:
			if !seen[sel.Name] {
				seen[sel.Name] = true
				n += rootFields(sel.Definition.SelectionSet, seen)
			}
		}
	}
	return n
}

// selectionSet measures a selection set. page is the size of the connection
// that it is of.
func (c *coster) selectionSet(set ast.SelectionSet, page int) int {
	sum := 0
	for _, sel := range set {
		own := 0
		switch sel := sel.(type) {
		case *ast.Field:
			own = c.field(sel, page)
		case *ast.InlineFragment:
			own = c.selectionSet(sel.SelectionSet, page)
		case *ast.FragmentSpread:
			key := fragmentKey{sel.Name, page}
			cost, ok := c.fragments[key]
			if ok {
				c.filters = add(c.filters, cost.filters)
			} else {
				before := c.filters
				cost.fields = c.selectionSet(sel.Definition.SelectionSet, page)
				cost.filters = c.filters - before
				c.fragments[key] = cost
			}
			own = cost.fields
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
		return 1 + describedCost(f.SelectionSet, map[string]int{})/introspectionDivisor
	}
	inner := 1
	if strings.HasSuffix(f.Definition.Type.Name(), "Connection") {
		inner = c.pageSize(f)
	}
	if bounded[f.Definition.Type.Name()] {
		inner = c.pageSize(f)
	}
	children := c.selectionSet(f.SelectionSet, inner)
	elements := 1
	if f.Definition.Type.Elem != nil && len(f.SelectionSet) > 0 {
		elements = plainListSize
		switch {
		case f.Name == "matchEntities":
			elements = c.listSize(f, "names")
		case f.Name == "exposure":
			elements = c.listSize(f, "lists")
		case bounded[f.ObjectDefinition.Name]:
			elements = page
		case f.Definition.Arguments.ForName("first") != nil:
			elements = c.pageSize(f)
		case strings.HasSuffix(f.ObjectDefinition.Name, "Connection"):
			elements = page
		case f.Name == "nodes":
			elements = c.listSize(f, "ids")
		}
	}
	own := 1
	if f.ObjectDefinition == nil || f.ObjectDefinition.Name[0] != '_' { // not of the schema's description
		own += surcharges[f.Name]
		if f.Name == "mentions" && f.ObjectDefinition != nil { // a report has such a field that costs no more than others
			own += surcharges[f.ObjectDefinition.Name+"."+f.Name]
		}
		if isFacet(f) {
			own += facetSurcharge
		}
		if f.Name == "matchEntities" {
			own = add(own, times(matchCost, c.listSize(f, "names")))
		}
	}
	if len(f.Arguments) > 0 {
		arguments := c.Arguments(f, c.variables)
		if format, ok := arguments["format"]; ok && format != "MARKDOWN" && (format != "TEXT" || !storedAsText(f)) {
			own += formatSurcharge
		}
		if filter := f.Definition.Arguments.ForName("filter"); filter != nil {
			if given, ok := arguments["filter"].(map[string]any); ok {
				c.filters = add(c.filters, c.filter(filter.Type.Name(), given, 1))
			}
		}
	}
	return add(own, times(elements, children))
}

// filter measures a filter at a nesting depth. A filter that is too deep, or
// has too many conditions, is refused when it is read; so this takes bounded
// time.
func (c *coster) filter(of string, given map[string]any, depth int) int {
	def := c.Schema.Types[of]
	if def == nil || depth > c.MaxFilterDepth {
		return 0
	}
	sum := 0
	for name, value := range given {
		field := def.Fields.ForName(name)
		if field == nil || value == nil { // null counts as absent
			continue
		}
		inner := field.Type.Name()
		own := 1 + elements(value)
		switch target := c.Schema.Types[inner]; {
		case name == "search":
			own = searchCost
		case name == "within":
			own = times(joinCost, depth*depth) // a walk through a tree
		case name == "and" || name == "or" || name == "not":
			own = c.conditions(inner, value, depth)
		case target != nil && target.Fields.ForName("and") != nil:
			own = add(times(joinCost, depth*depth), c.conditions(inner, value, depth+1))
		}
		sum = add(sum, own)
	}
	return sum
}

// elements returns how many values the lists of an operator have.
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

// describedCost returns the number of fields of a part of the schema's description.
func describedCost(set ast.SelectionSet, fragments map[string]int) int {
	sum := 0
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			sum = add(sum, add(1, times(max(descriptionSizes[sel.Name], 1), describedCost(sel.SelectionSet, fragments))))
		case *ast.InlineFragment:
			sum = add(sum, describedCost(sel.SelectionSet, fragments))
		case *ast.FragmentSpread:
			cost, ok := fragments[sel.Name]
			if !ok {
				cost = describedCost(sel.Definition.SelectionSet, fragments)
				fragments[sel.Name] = cost
			}
			sum = add(sum, cost)
		}
	}
	return sum
}

// pageSize returns how many elements a connection asks for. A size over the
// maximum counts as the maximum: the list refuses it, with all else that is
// wrong with its arguments, before it reads anything.
func (c *coster) pageSize(f *ast.Field) int {
	args := c.Arguments(f, c.variables)
	for _, name := range []string{"first", "last", "limit"} {
		if n, ok := whole(args[name]); ok {
			if name == "limit" {
				return min(max(n, 1), maxLimit)
			}
			return min(max(n, 1), c.MaxPage)
		}
	}
	return c.DefaultPage
}

func (c *coster) listSize(f *ast.Field, argument string) int {
	list, _ := c.Arguments(f, c.variables)[argument].([]any)
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
