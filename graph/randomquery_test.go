package graph_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"
)

// question is an operation that was made up from the schema. EntryPoints are the
// fields, arguments, input fields and enum values that it goes through, as
// "Report.tags", "Query.reports(filter)", "ReportFilter.tags" and
// "ReportOrderField.TITLE".
type question struct {
	Document    string
	Variables   map[string]any
	EntryPoints []string
}

func (q question) String() string {
	variables, err := json.Marshal(q.Variables)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s\nvariables %s", q.Document, variables)
}

// dice draw evenly. Rapid's own generators prefer what is small, and would
// leave most entry points shut.
type dice struct{ t *rapid.T }

var coin = rapid.Bool()

func (d dice) below(n int) int {
	v := 0
	for top := 1; top < 8*n; top *= 2 {
		v *= 2
		if coin.Draw(d.t, "bit") {
			v++
		}
	}
	return v % n
}

// chance is true in so many of a hundred cases, and false when it is shrunk.
func (d dice) chance(percent int) bool { return d.below(100) >= 100-percent }

func pick[E any](d dice, list []E) E { return list[d.below(len(list))] }

// grammar is what questions are made from: the schema, and the values that
// the content has, so that conditions match something.
type grammar struct {
	schema *ast.Schema
	// texts, times and numbers are the values of columns, by the name of the
	// column.
	texts   map[string][]string
	times   map[string][]string
	numbers map[string][]int64
	ids     map[string][]string // by type of document
	slugs   map[string][]string // by type of document
	cursors map[string][]string // by listKey
	// avoided are fields that questions have only in must, as "Report.jsonLd".
	avoided map[string]bool
}

// listKey names a list in an order: cursors lead on in their own list only.
func listKey(field string, order any) string {
	if order == nil {
		return field
	}
	return field + " " + literal(order)
}

// questions generates questions that go through all entry points in must, which are
// those of one way through the schema, and any others.
func (g *grammar) questions(must ...string) *rapid.Generator[question] {
	wanted := map[string]bool{}
	for _, entryPoint := range must {
		wanted[entryPoint] = true
	}
	return rapid.Custom(func(t *rapid.T) question {
		a := &asking{grammar: g, dice: dice{t}, must: wanted, variables: map[string]any{}, entryPoints: map[string]bool{}}
		return a.question()
	})
}

// asking is a question in the making.
type asking struct {
	*grammar
	dice
	must        map[string]bool
	names       int
	declared    []string
	variables   map[string]any
	fragments   []string
	entryPoints map[string]bool
}

// The depths of a question: of selections, counted in documents and what they
// own, and of filters.
const (
	questionDepth = 4
	filterDepth   = 3
)

func (a *asking) question() question {
	query := a.schema.Query
	var roots []string
	for _, f := range query.Fields {
		if a.must[query.Name+"."+f.Name] {
			roots = append(roots, a.field(query, f, questionDepth, false))
		}
	}
	for range a.below(3) {
		f := pick(a.dice, query.Fields)
		if strings.HasPrefix(f.Name, "__") || a.avoided[query.Name+"."+f.Name] || isDeskField(f.Name) && !a.chance(5) {
			continue
		}
		roots = append(roots, a.field(query, f, questionDepth, false))
	}
	for len(roots) == 0 {
		f := query.Fields.ForName("nodes")
		if a.avoided["Query.nodes"] {
			f = query.Fields.ForName("reports")
		}
		roots = append(roots, a.field(query, f, questionDepth, false))
	}
	head := "query"
	if len(a.declared) > 0 {
		head += "(" + strings.Join(a.declared, ", ") + ")"
	}
	if a.chance(3) {
		head += " @inContext(stage: " + pick(a.dice, []string{"LIVE", "DESK"}) + ")"
	}
	return question{
		Document:    head + " { " + strings.Join(roots, " ") + " } " + strings.Join(a.fragments, " "),
		Variables:   a.variables,
		EntryPoints: slices.Sorted(maps.Keys(a.entryPoints)),
	}
}

func (a *asking) name(prefix string) string {
	a.names++
	return prefix + strconv.Itoa(a.names)
}

// field writes a field with arguments and selections. Among fields of several
// types each has a name of its own: two enums of one name would not merge.
func (a *asking) field(parent *ast.Definition, f *ast.FieldDefinition, depth int, named bool) string {
	a.entryPoints[parent.Name+"."+f.Name] = true
	out := f.Name + a.arguments(parent, f)
	target := a.schema.Types[f.Type.Name()]
	leaf := target.Kind == ast.Scalar || target.Kind == ast.Enum
	if named || !leaf || len(f.Arguments) > 0 || a.chance(20) {
		out = a.name("a") + ": " + out
	}
	switch a.below(60) {
	case 1:
		out += " @include(if: true)"
	case 2:
		out += " @skip(if: " + a.variable("Boolean!", a.chance(50)) + ")"
	}
	if leaf {
		return out
	}
	if !plumbing(target) {
		depth--
	}
	return out + " { " + a.selection(target, depth, false) + " }"
}

// ofQuota are the fields that depend on what the viewer has asked for before.
var ofQuota = map[string]bool{"RateLimit.remaining": true, "RateLimit.reset": true}

// plumbing are the types between a list and its elements.
func plumbing(t *ast.Definition) bool {
	return strings.HasSuffix(t.Name, "Connection") || strings.HasSuffix(t.Name, "Edge") || t.Name == "PageInfo"
}

// selection writes what is selected of a type.
func (a *asking) selection(t *ast.Definition, depth int, named bool) string {
	var parts []string
	var leaves, others ast.FieldList
	for _, f := range t.Fields {
		inner := a.schema.Types[f.Type.Name()]
		switch {
		case strings.HasPrefix(f.Name, "__") || ofQuota[t.Name+"."+f.Name]:
		case a.must[t.Name+"."+f.Name] && depth > -questionDepth:
			parts = append(parts, a.field(t, f, depth, named))
		case a.avoided[t.Name+"."+f.Name]:
		case inner.Kind == ast.Scalar || inner.Kind == ast.Enum:
			leaves = append(leaves, f)
		default:
			others = append(others, f)
		}
	}
	if strings.HasSuffix(t.Name, "Edge") {
		depth-- // nodes and edges lead to the same
	}
	for range a.below(3) {
		if len(leaves) > 0 {
			parts = append(parts, a.field(t, pick(a.dice, leaves), depth, named))
		}
	}
	if depth > 0 && len(others) > 0 {
		for range 1 + a.below(2) {
			parts = append(parts, a.field(t, pick(a.dice, others), depth, named))
		}
	}
	if t.IsAbstractType() {
		parts = append(parts, a.possible(t, depth)...)
	}
	if len(parts) == 0 {
		parts = append(parts, "__typename")
		if t.Fields.ForName("id") != nil && !named {
			parts = append(parts, "id")
		}
	}
	all := strings.Join(parts, " ")
	switch a.below(24) {
	case 1:
		return "... { " + all + " }"
	case 2:
		return "... on " + t.Name + " @include(if: " + a.variable("Boolean!", true) + ") { " + all + " }"
	case 3:
		name := a.name("F")
		a.fragments = append(a.fragments, "fragment "+name+" on "+t.Name+" { "+all+" }")
		return "..." + name + " ..." + name
	}
	return all
}

// possible writes fragments on some of the types that an interface stands for.
func (a *asking) possible(t *ast.Definition, depth int) []string {
	var parts []string
	types := a.schema.GetPossibleTypes(t)
	for _, p := range types {
		for entryPoint := range a.must {
			if strings.HasPrefix(entryPoint, p.Name+".") {
				parts = append(parts, "... on "+p.Name+" { "+a.selection(p, depth, true)+" }")
				break
			}
		}
	}
	for range a.below(3) {
		p := pick(a.dice, types)
		parts = append(parts, "... on "+p.Name+" { "+a.selection(p, depth, true)+" }")
	}
	return parts
}

// variable declares a variable with a value and returns its use.
func (a *asking) variable(of string, value any) string {
	name := a.name("v")
	a.declared = append(a.declared, "$"+name+": "+of)
	a.variables[name] = value
	return "$" + name
}

// arguments writes the arguments of a field.
func (a *asking) arguments(parent *ast.Definition, f *ast.FieldDefinition) string {
	entryPoint := parent.Name + "." + f.Name
	given := map[string]any{}
	give := func(arg *ast.ArgumentDefinition, value any) {
		a.entryPoints[entryPoint+"("+arg.Name+")"] = true
		given[arg.Name] = value
	}
	var order any
	if arg := f.Arguments.ForName("orderBy"); arg != nil && (a.must[entryPoint+"(orderBy)"] || a.chance(50)) {
		order = a.value(arg.Type, hint{name: arg.Name})
		give(arg, order)
	}
	by := f.Arguments.ForName("by") != nil && (a.must[entryPoint+"(by)"] || a.chance(20))
	identity := 0 // arguments of which one wants one
	for _, arg := range f.Arguments {
		at := hint{name: arg.Name, of: f.Type.Name(), list: listKey(entryPoint, order), depth: filterDepth}
		required := arg.Type.NonNull && arg.DefaultValue == nil
		likely := 25
		switch arg.Name {
		case "orderBy":
			continue
		case "last":
			if given["first"] != nil {
				likely = 3
			}
		case "id", "slug":
			if !required {
				likely = 50
				if identity > 0 {
					likely = 2
				} else if arg.Name == "slug" {
					likely = 98
				}
				if by || a.must[entryPoint+"(slug)"] && arg.Name == "id" {
					likely = 2
				}
			}
		case "by":
			likely = 2
			if by {
				likely = 98
			}
		case "filter":
			likely = 45
		case "after":
			if entryPoint == "Query.search" {
				likely = 2 // it is refused
			}
		}
		if !required && !a.must[entryPoint+"("+arg.Name+")"] && !a.chance(likely) {
			continue
		}
		if identity++; !arg.Type.NonNull && a.chance(2) {
			give(arg, nil)
			continue
		}
		give(arg, a.value(arg.Type, at))
	}
	if len(given) == 0 {
		return ""
	}
	var parts []string
	for _, arg := range f.Arguments {
		v, ok := given[arg.Name]
		switch {
		case !ok:
		case a.chance(20):
			parts = append(parts, arg.Name+": "+a.variable(arg.Type.String(), v))
		default:
			parts = append(parts, arg.Name+": "+literal(v))
		}
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// entryPoint is something of the schema that a question can go through, with the
// entry points on the shortest way to it from the query.
type entryPoint struct {
	name string
	way  []string
}

// allEntryPoints walks the schema from the query to everything that a question can
// have.
func allEntryPoints(s *ast.Schema) []entryPoint {
	var entryPoints []entryPoint
	seen := map[string]bool{}
	type stop struct {
		t   *ast.Definition
		way []string
	}
	queue := []stop{{s.Query, nil}}
	visited := map[string]bool{s.Query.Name: true}
	enter := func(name, of string, way []string) {
		way = append(slices.Clone(way), name)
		if !seen[name] {
			seen[name] = true
			entryPoints = append(entryPoints, entryPoint{name, way})
		}
		if s.Types[of].Kind == ast.Enum && !onInput(way) {
			return
		}
		if !visited[of] {
			visited[of] = true
			queue = append(queue, stop{s.Types[of], way})
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, v := range at.t.EnumValues {
			enter(at.t.Name+"."+v.Name, at.t.Name, at.way)
		}
		for _, f := range at.t.Fields {
			name := at.t.Name + "." + f.Name
			if strings.HasPrefix(f.Name, "__") || ofQuota[name] {
				continue
			}
			enter(name, f.Type.Name(), at.way)
			for _, arg := range f.Arguments {
				enter(name+"("+arg.Name+")", arg.Type.Name(), append(slices.Clone(at.way), name))
			}
		}
	}
	return entryPoints
}

// onInput reports whether a way went through an argument: enums of answers
// are no entry points.
func onInput(way []string) bool {
	return slices.ContainsFunc(way, func(entryPoint string) bool { return strings.HasSuffix(entryPoint, ")") })
}

// moment writes a time as the API does.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999Z07:00") }
