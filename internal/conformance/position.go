package conformance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// introspection asks for what positions are looked for in. ONEOF is replaced.
const introspection = `{
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types {
      kind name ONEOF
      fields(includeDeprecated: true) { name type { ...T } args { name type { ...T } defaultValue } }
      inputFields { name type { ...T } defaultValue }
      enumValues { name }
    }
  }
}
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }`

type named struct{ Name string }

// schema is what introspection says of a schema.
type schema struct {
	QueryType, MutationType, SubscriptionType *named
	Types                                     []schemaType
}

type schemaType struct {
	Kind, Name  string
	IsOneOf     bool
	Fields      []schemaField
	InputFields []schemaInput
	EnumValues  []named
}

type schemaField struct {
	Name string
	Type typeRef
	Args []schemaInput
}

type schemaInput struct {
	Name         string
	Type         typeRef
	DefaultValue *string
}

type typeRef struct {
	Kind, Name string
	OfType     *typeRef
}

// String returns the type as it is written.
func (r typeRef) String() string {
	switch {
	case r.Kind == "NON_NULL" && r.OfType != nil:
		return r.OfType.String() + "!"
	case r.Kind == "LIST" && r.OfType != nil:
		return "[" + r.OfType.String() + "]"
	}
	return r.Name
}

func (r typeRef) base() typeRef {
	for r.OfType != nil {
		r = *r.OfType
	}
	return r
}

func (i schemaInput) required() bool { return i.Type.Kind == "NON_NULL" && i.DefaultValue == nil }

func (s schema) typ(name string) schemaType {
	for _, t := range s.Types {
		if t.Name == name {
			return t
		}
	}
	return schemaType{}
}

// has says whether the schema has a type, or a field of a type.
func (s schema) has(coordinate string) bool {
	name, field, isField := strings.Cut(coordinate, ".")
	t := s.typ(name)
	if !isField || t.Name == "" {
		return t.Name != ""
	}
	return slices.ContainsFunc(t.Fields, func(f schemaField) bool { return f.Name == field }) ||
		slices.ContainsFunc(t.InputFields, func(f schemaInput) bool { return f.Name == field })
}

// A position is a place in a query that takes a value of a type.
type position struct {
	// typ is the type as it is written; with a symbolic type its real one.
	typ string
	// before and after are the text of the root field around the value.
	before, after string
	// echo is where the response has the value, in a server with the reference schema.
	echo []any
	// value is a value of the enum type.
	value string

	mutation bool
	rank     int
}

// The symbolic types of positions: any nullable type of the kind.
const (
	anyEnum  = "an enum"
	anyInput = "an input object"
	anyOneOf = "a one-of input object with the members id and slug"
	anyList  = "a list of an enum"
)

// paging are names of arguments that limit how much is returned. Servers put bounds on
// them, so that they are the last choice for a position.
var paging = []string{"first", "last", "limit", "offset", "skip", "take", "page", "perPage", "pageSize"}

// position looks for a place for values of a type: an argument of a field of the query
// type, or a member of an input object there, where nothing else must be given. A
// field that returns its argument, as those of the reference schema do, is the first
// choice, and arguments for paging the last. It reports whether there is one.
func (s schema) position(at string) (position, bool) {
	var found []position
	for _, f := range s.typ(s.QueryType.Name).Fields {
		for _, arg := range f.Args {
			if slices.ContainsFunc(f.Args, func(o schemaInput) bool { return o.Name != arg.Name && o.required() }) {
				continue
			}
			rank := 1
			switch {
			case strings.HasPrefix(f.Name, "echo"):
				rank = 0
			case slices.Contains(paging, arg.Name):
				rank = 4
			}
			selection := ""
			if base := f.Type.base(); base.Kind != "SCALAR" && base.Kind != "ENUM" {
				selection = " { __typename }"
			}
			p := position{before: fmt.Sprintf("%s(%s: ", f.Name, arg.Name), after: ")" + selection, rank: rank}
			if rank == 0 {
				p.echo = []any{f.Name}
			}
			found = append(found, s.within(at, arg, p, 2)...)
		}
	}
	if at == "String!" {
		found = append(found, position{typ: at, before: "__type(name: ", after: ") { name }", rank: 9})
	}
	if len(found) == 0 {
		return position{}, false
	}
	return slices.MinFunc(found, func(a, b position) int { return cmp.Compare(a.rank, b.rank) }), true
}

// within returns the positions of a type at an input, and in its input objects down to
// a depth.
func (s schema) within(at string, in schemaInput, p position, depth int) []position {
	var found []position
	if typ, value, ok := s.matches(at, in.Type); ok {
		here := p
		here.typ, here.value = typ, value
		if in.DefaultValue != nil {
			here.rank++ // its default makes null of it something else
		}
		found = append(found, here)
	}
	inner := in.Type
	if inner.Kind == "NON_NULL" {
		inner = *inner.OfType
	}
	object := s.typ(inner.Name)
	if inner.Kind != "INPUT_OBJECT" || depth == 0 || object.IsOneOf {
		return found
	}
	for _, member := range object.InputFields {
		if slices.ContainsFunc(object.InputFields, func(o schemaInput) bool { return o.Name != member.Name && o.required() }) {
			continue
		}
		next := p
		next.before, next.after, next.echo, next.rank = p.before+"{"+member.Name+": ", "}"+p.after, nil, max(p.rank, 1)+1
		found = append(found, s.within(at, member, next, depth-1)...)
	}
	return found
}

// matches says whether a type is the one that is looked for, and returns how it is
// written and, of an enum, a value.
func (s schema) matches(at string, r typeRef) (typ, value string, ok bool) {
	named := s.typ(r.Name)
	switch at {
	case anyEnum:
		if r.Kind == "ENUM" && len(named.EnumValues) > 0 {
			return r.Name, named.EnumValues[0].Name, true
		}
	case anyInput:
		return r.Name, "", r.Kind == "INPUT_OBJECT" && !named.IsOneOf &&
			!slices.ContainsFunc(named.InputFields, schemaInput.required)
	case anyOneOf:
		return r.Name, "", r.Kind == "INPUT_OBJECT" && named.IsOneOf && named.takes("id") && named.takes("slug")
	case anyList:
		if base := r.base(); r.Kind == "LIST" && base.Kind == "ENUM" && r.OfType.Kind != "LIST" {
			return r.String(), s.typ(base.Name).EnumValues[0].Name, true
		}
	default:
		return at, "", r.String() == at
	}
	return "", "", false
}

// document returns a query with a literal at the position and, unless it is empty, the
// definitions of the variables in it.
func (p position) document(literal, defines string) string {
	if defines != "" {
		defines = "(" + defines + ") "
	}
	switch {
	case p.mutation:
		defines = "mutation " + defines
	case defines != "":
		defines = "query " + defines
	}
	return defines + "{ " + p.before + literal + p.after + " }"
}

// takes says whether an input object has a member.
func (t schemaType) takes(member string) bool {
	return slices.ContainsFunc(t.InputFields, func(f schemaInput) bool { return f.Name == member })
}

// event returns a field of the subscription type in two parts, between which
// directives can stand. Its required arguments are 1. It is empty where the schema has
// no such field.
func (s schema) event() (head, tail string) {
	if s.SubscriptionType == nil {
		return "", ""
	}
	fields := s.typ(s.SubscriptionType.Name).Fields
	if len(fields) == 0 {
		return "", ""
	}
	f := fields[0]
	var args []string
	for _, a := range f.Args {
		if a.required() {
			args = append(args, a.Name+": 1")
		}
	}
	head = f.Name
	if len(args) > 0 {
		head += "(" + strings.Join(args, ", ") + ")"
	}
	if base := f.Type.base(); base.Kind != "SCALAR" && base.Kind != "ENUM" {
		tail = "{ __typename }"
	}
	return head, tail
}

// position returns the position of a type: that of the configuration, or one in the
// schema.
func (t *target) position(at string) (position, bool) {
	if e, ok := t.echo[at]; ok {
		return position{typ: at, before: e.Before, after: e.After, echo: e.Path, mutation: e.Mutation}, true
	}
	return t.schema.position(at)
}
