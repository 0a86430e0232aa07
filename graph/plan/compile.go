package plan

import (
	"slices"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/read"
)

// Plan is a query as it is run. It is safe for concurrent use.
type Plan struct {
	schema *ast.Schema
	roots  []root
	args   []arguments // of all fields
	pages  []*edge
	texts  []textArguments
	reads  int // at most; see last.go
	size   int
	// keepsSnapshot says that a run has read on after what had looked like its last read.
	keepsSnapshot atomic.Bool
	// responses is about the size of the last responses, in bytes.
	responses atomic.Int64
}

// Size returns how many fields the plan has, which is about how much memory it takes; of
// no plan it is 1.
func (p *Plan) Size() int {
	if p == nil {
		return 1
	}
	return p.size
}

// maxExpected bounds [Plan.ResponseSize]: few responses are longer.
const maxExpected = 128 << 10

// ResponseSize returns about how many bytes the next response will have.
func (p *Plan) ResponseSize() int { return int(p.responses.Load()) }

// responded takes note of the size of a response.
func (p *Plan) responded(size int) {
	if expected := p.ResponseSize(); size > expected || size < expected/2 {
		p.responses.Store(int64(min(size+size/8, maxExpected)))
	}
}

// name is how a field is named in the response, and the field.
type name struct {
	key   []byte // `"reports":`
	field *ast.Field
}

// root is a field of the query.
type root struct {
	name
	typename bool
	args     int // in args of the plan
	rows     *source
	object   *object     // of one document
	list     *connection // of a list
}

// source is a set of rows that are read together. Selections of the same rows share it.
type source struct {
	table *read.Table
	// columns is allocated by itself, because the reader keeps it for longer than a plan.
	columns *read.Selection
	edges   []*edge
	texts   []textColumn
	reads   int // of edges, and of what they lead to
}

func newSource(t *read.Table) *source { return &source{table: t, columns: &read.Selection{}} }

// textColumn is a column with texts whose names are read together.
type textColumn struct {
	column int
	plain  bool
}

// textArguments are the arguments of a text, by place in the plan.
type textArguments struct {
	args  int
	plain bool
}

// edge is a relation that is followed from the rows of a source.
type edge struct {
	kind     edgeKind
	relation *read.Relation // nil for pages
	of       func(arguments map[string]any) *read.Relation
	args     int         // of a page, in args of the plan
	listing  int         // of a page, in pages of the plan
	column   int         // of one: where the id is
	list     *connection // of a page
	rows     *source
}

type edgeKind int

const (
	one edgeKind = iota
	list
	page
)

// object is what is selected of a row.
type object struct {
	outputs []output
}

// output is a field of an object.
type output struct {
	name
	kind    outputKind
	nonNull bool
	column  int
	write   Writer
	literal string // JSON
	// text:
	args    int // in args of the plan
	text    int // in texts of the source
	columns []int
	value   func(values []read.Value) (string, bool)
	of      []int // columns of the row that the edge leads to
	through func(of, values []read.Value) string
	edge    int // in edges of the source
	object  *object
	list    *connection
}

type outputKind int

const (
	literal outputKind = iota
	column
	text
	computed
	through
	oneObject
	objectList
	connectionPage
)

// connection is what is selected of a connection.
type connection struct {
	outputs []connectionOutput
}

type connectionOutput struct {
	name
	kind    connectionKind
	literal string
	object  *object          // of nodes
	edge    []edgeOutput     // of edges
	info    []pageInfoOutput // of pageInfo
}

type connectionKind int

const (
	connectionLiteral connectionKind = iota
	totalCount
	nodes // this and the following need the page
	edges
	pageInfo
)

// edgeOutput is a field of an edge of a connection.
type edgeOutput struct {
	name
	literal string // for __typename
	object  *object
	cursor  bool
}

type pageInfoOutput struct {
	name
	literal string
}

// Compile returns the plan of a query of live or of the desk, for what its variables make
// of @skip and @include; nil where it has a field that no plan knows, or more fields than
// limit. The operation must be valid.
func Compile(types Types, schema *ast.Schema, op *graphql.OperationContext, desk bool, limit int) *Plan {
	if op.Operation.Operation != ast.Query {
		return nil
	}
	c := &compiler{types: types, schema: schema, op: op, desk: desk, left: limit}
	p := &Plan{schema: schema}
	query := c.types[schema.Query.Name]
	for _, f := range c.collect(op.Operation.SelectionSet, schema.Query.Name) {
		r, ok := c.root(query, f)
		if !ok {
			return nil
		}
		p.roots = append(p.roots, r)
	}
	if c.left < 0 {
		return nil
	}
	p.args, p.pages, p.texts, p.size = c.args, c.pages, c.texts, limit-c.left
	p.countReads()
	return p
}

type compiler struct {
	types  Types
	schema *ast.Schema
	op     *graphql.OperationContext
	desk   bool
	left   int // fields that the plan may still have
	args   []arguments
	pages  []*edge
	texts  []textArguments
}

// collect merges the selections of an object, as the executor does. It returns none where
// the plan has too many fields.
func (c *compiler) collect(set ast.SelectionSet, typeName string) []graphql.CollectedField {
	def := c.schema.Types[typeName]
	satisfies := append([]string{typeName}, def.Interfaces...)
	for _, union := range c.schema.GetImplements(def) {
		if !slices.Contains(satisfies, union.Name) {
			satisfies = append(satisfies, union.Name)
		}
	}
	if c.left < 0 {
		return nil
	}
	fields := graphql.CollectFields(c.op, set, satisfies)
	c.left -= len(fields) + 1
	return fields
}

func nameOf(f graphql.CollectedField) name {
	return name{key: []byte(`"` + f.Alias + `":`), field: f.Field}
}

func (c *compiler) root(query *Type, f graphql.CollectedField) (root, bool) {
	r := root{name: nameOf(f), args: c.arguments(f.Field)}
	if f.Name == "__typename" {
		r.typename = true
		return r, true
	}
	if query == nil {
		return r, false
	}
	switch known := query.Fields[f.Name].(type) {
	case Find:
		typ := c.types[known.Type]
		if typ == nil {
			return r, false
		}
		r.rows = newSource(typ.Table)
		r.object = c.object(f.Selections, known.Type, r.rows)
		return r, r.object != nil
	case All:
		typ := c.types[known.Type]
		if typ == nil {
			return r, false
		}
		r.rows = newSource(typ.Table)
		r.list = c.connection(f.Selections, f.Definition.Type.Name(), known.Type, r.rows)
		return r, r.list != nil
	}
	return r, false
}

// object compiles what is selected of rows of a source; nil where no plan knows it.
func (c *compiler) object(set ast.SelectionSet, typeName string, from *source) *object {
	typ := c.types[typeName]
	if typ == nil {
		return nil
	}
	o := &object{}
	for _, f := range c.collect(set, typeName) {
		out := output{name: nameOf(f)}
		if f.Name == "__typename" {
			out.literal = `"` + typeName + `"`
			o.outputs = append(o.outputs, out)
			continue
		}
		out.nonNull = f.Definition.Type.NonNull
		if !c.field(&out, typ.Fields[f.Name], f, from) {
			return nil
		}
		o.outputs = append(o.outputs, out)
	}
	return o
}

// field compiles a field of rows of a source, and reports whether a plan knows it.
func (c *compiler) field(out *output, known any, f graphql.CollectedField, from *source) bool {
	switch known := known.(type) {
	case Column:
		if known.Desk && !c.desk {
			out.literal = "null"
			return !out.nonNull
		}
		out.kind, out.column, out.write = column, from.columns.Add(known.Name), known.Write
		return true
	case DeskOnly:
		out.literal = "null"
		return !c.desk && !out.nonNull
	case Text:
		out.kind, out.column, out.write = text, from.columns.Add(known.Column), StringOrEmpty
		if known.Nullable {
			out.write = String
		}
		out.args = c.arguments(f.Field)
		out.text = from.text(textColumn{out.column, known.Plain})
		c.texts = append(c.texts, textArguments{out.args, known.Plain})
		return true
	case Computed:
		out.kind, out.value = computed, known.Value
		for _, name := range known.Columns {
			out.columns = append(out.columns, from.columns.Add(name))
		}
		return true
	case Through:
		e := &edge{kind: one, relation: known.Relation, column: from.columns.Add(known.Relation.Column())}
		out.kind, out.edge, out.through = through, from.edge(e), known.Value
		for _, name := range known.Of {
			out.of = append(out.of, from.edges[out.edge].rows.columns.Add(name))
		}
		for _, name := range known.Columns {
			out.columns = append(out.columns, from.columns.Add(name))
		}
		return true
	case One:
		e := &edge{kind: one, relation: known.Relation, column: from.columns.Add(known.Relation.Column())}
		out.kind, out.edge = oneObject, from.edge(e)
		out.object = c.object(f.Selections, f.Definition.Type.Name(), from.edges[out.edge].rows)
		return out.object != nil
	case List:
		out.kind, out.edge = objectList, from.edge(&edge{kind: list, relation: known.Relation})
		out.object = c.object(f.Selections, f.Definition.Type.Name(), from.edges[out.edge].rows)
		return out.object != nil
	case Page:
		return c.page(out, known, f, from)
	}
	return false
}

func (c *compiler) page(out *output, known Page, f graphql.CollectedField, from *source) bool {
	connectionType := f.Definition.Type.Name()
	typeName := c.nodeType(connectionType)
	typ := c.types[typeName]
	if typ == nil {
		return false
	}
	e := &edge{kind: page, of: known.Relation, args: c.arguments(f.Field), listing: len(c.pages)}
	e.rows = newSource(typ.Table)
	out.kind, out.edge = connectionPage, len(from.edges)
	from.edges = append(from.edges, e)
	c.pages = append(c.pages, e)
	out.list = c.connection(f.Selections, connectionType, typeName, e.rows)
	e.list = out.list
	return out.list != nil
}

// nodeType returns the type of the nodes of a type of connections.
func (c *compiler) nodeType(connectionType string) string {
	def := c.schema.Types[connectionType]
	if def == nil {
		return ""
	}
	if nodes := def.Fields.ForName("nodes"); nodes != nil {
		return nodes.Type.Name()
	}
	return ""
}

func (c *compiler) connection(set ast.SelectionSet, connectionType, typeName string, from *source) *connection {
	l := &connection{}
	for _, f := range c.collect(set, connectionType) {
		out := connectionOutput{name: nameOf(f)}
		switch f.Name {
		case "__typename":
			out.literal = `"` + connectionType + `"`
		case "totalCount":
			out.kind = totalCount
		case "nodes":
			out.kind = nodes
			if out.object = c.object(f.Selections, typeName, from); out.object == nil {
				return nil
			}
		case "edges":
			out.kind = edges
			if !c.edges(&out, f, typeName, from) {
				return nil
			}
		case "pageInfo":
			out.kind = pageInfo
			for _, f := range c.collect(f.Selections, f.Definition.Type.Name()) {
				field := pageInfoOutput{name: nameOf(f)}
				if f.Name == "__typename" {
					field.literal = `"PageInfo"`
				}
				out.info = append(out.info, field)
			}
		default:
			return nil
		}
		l.outputs = append(l.outputs, out)
	}
	return l
}

func (c *compiler) edges(out *connectionOutput, f graphql.CollectedField, typeName string, from *source) bool {
	edgeType := f.Definition.Type.Name()
	for _, f := range c.collect(f.Selections, edgeType) {
		field := edgeOutput{name: nameOf(f)}
		switch f.Name {
		case "__typename":
			field.literal = `"` + edgeType + `"`
		case "cursor":
			field.cursor = true
		case "node":
			if field.object = c.object(f.Selections, typeName, from); field.object == nil {
				return false
			}
		default:
			return false
		}
		out.edge = append(out.edge, field)
	}
	return true
}

// text returns where the source has a column of texts.
func (s *source) text(t textColumn) int {
	i := slices.Index(s.texts, t)
	if i < 0 {
		i = len(s.texts)
		s.texts = append(s.texts, t)
	}
	return i
}

// edge returns where the source has an edge: a field that leads to the same rows may have
// added it.
func (s *source) edge(e *edge) int {
	i := slices.IndexFunc(s.edges, func(known *edge) bool { return known.kind == e.kind && known.relation == e.relation })
	if i < 0 {
		i = len(s.edges)
		e.rows = newSource(e.relation.To)
		s.edges = append(s.edges, e)
	}
	return i
}
