package graph_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/internal/domain"
)

// hint says what a value is for: the name of the argument or of the field
// that a filter compares, the operator, the type that it is about, the list
// that a cursor is of, and how deep a filter may go.
type hint struct {
	name, operator, of, list string
	depth                    int
}

// enumValue is a value of an enum, which is bare in a document.
type enumValue string

// value makes up a value of an input type.
func (a *asking) value(t *ast.Type, at hint) any {
	if t.Elem != nil {
		n := 1 + a.below(3)
		if a.chance(6) {
			n = 0
		}
		list := make([]any, n)
		for i := range list {
			list[i] = a.value(t.Elem, at)
		}
		if n == 1 && a.chance(10) {
			return list[0] // one value stands for a list of one
		}
		return list
	}
	switch d := a.schema.Types[t.NamedType]; d.Kind {
	case ast.Enum:
		v := pick(a.dice, d.EnumValues)
		for _, must := range d.EnumValues {
			if a.must[d.Name+"."+must.Name] {
				v = must
			}
		}
		a.entryPoints[d.Name+"."+v.Name] = true
		return enumValue(v.Name)
	case ast.InputObject:
		return a.object(d, at)
	case ast.Scalar:
		return a.scalar(d.Name, at)
	}
	panic(fmt.Sprintf("%s is no input", t))
}

func (a *asking) object(d *ast.Definition, at hint) any {
	out := map[string]any{}
	isFilter := d.Fields.ForName("and") != nil
	give := func(f *ast.FieldDefinition) {
		a.entryPoints[d.Name+"."+f.Name] = true
		inner := at
		switch {
		case isFilter:
			inner.name = f.Name
			inner.of = strings.TrimSuffix(d.Name, "Filter")
			inner.depth--
		case strings.HasSuffix(d.Name, "Filter"):
			inner.operator = f.Name
		default:
			inner.name = f.Name
		}
		if !f.Type.NonNull && a.chance(1) {
			out[f.Name] = nil
			return
		}
		out[f.Name] = a.value(f.Type, inner)
	}
	if d.Directives.ForName("oneOf") != nil {
		one := pick(a.dice, d.Fields)
		for _, f := range d.Fields {
			if a.must[d.Name+"."+f.Name] {
				one = f
			}
		}
		a.entryPoints[d.Name+"."+one.Name] = true
		out[one.Name] = a.value(one.Type, hint{name: one.Name, of: at.of})
		return out
	}
	var optional ast.FieldList
	for _, f := range d.Fields {
		inner := a.schema.Types[f.Type.Name()]
		nested := inner.Kind == ast.InputObject && inner.Fields.ForName("and") != nil
		switch {
		case nested && at.depth <= 0:
		case f.Type.NonNull && f.DefaultValue == nil, a.must[d.Name+"."+f.Name]:
			give(f)
		default:
			optional = append(optional, f)
		}
	}
	switch {
	case len(optional) == 0 || a.chance(2):
	case len(out) == 0:
		give(pick(a.dice, optional))
	}
	if len(optional) > 0 && a.chance(25) {
		give(pick(a.dice, optional))
	}
	// An order always says its direction, so that it tells which cursors are
	// its own.
	if f := d.Fields.ForName("direction"); f != nil && out["direction"] == nil {
		give(f)
	}
	return out
}

// scalar makes up a scalar. One that it does not know fails the test: there
// is then a kind of value that questions are not asked with.
func (a *asking) scalar(name string, at hint) any {
	column := snake(at.name)
	switch name {
	case "Boolean":
		return a.chance(50)
	case "Int", "Long", "Float":
		return a.number(name, column, at)
	case "ID":
		return a.id(at)
	case "CountryCode":
		return pick(a.dice, []string{"JP", "CN", "ZM"})
	case "String", "LanguageTag":
		return a.text(column, at)
	case "DateTime":
		return pick(a.dice, a.known(a.times, column))
	case "Date":
		date := pick(a.dice, a.known(a.texts, column))
		if _, err := domain.ParseDate(date); err != nil {
			date = "2020"
		}
		return date[:pick(a.dice, []int{len(date), min(len(date), 7), 4})]
	}
	panic(fmt.Sprintf("questions have no values for the scalar %s: add some", name))
}

func (a *asking) number(name, column string, at hint) any {
	if at.name == "first" || at.name == "last" {
		if a.chance(4) {
			return pick(a.dice, []int{-1, 101})
		}
		return pick(a.dice, []int{100, 0, 1, 2, 3, 5})
	}
	if at.name == "minScore" {
		return pick(a.dice, []json.Number{"0", "0.5", "0.8", "1"})
	}
	n := int64(a.below(10))
	if known := a.numbers[column]; len(known) > 0 && a.chance(70) {
		n = pick(a.dice, known)
	}
	if name == "Float" {
		return json.Number(domain.Share(n).String())
	}
	return n
}

func (a *asking) id(at hint) string {
	switch a.below(24) {
	case 1:
		return "rpt_0000000000000"
	case 2:
		return a.slug(at)
	case 3, 4:
		return pick(a.dice, a.known(a.ids, ""))
	}
	return pick(a.dice, a.known(a.ids, at.of))
}

func (a *asking) slug(at hint) string { return pick(a.dice, a.known(a.slugs, at.of)) }

func (a *asking) text(column string, at hint) string {
	switch {
	case at.name == "after" && at.list == "Query.search": // which has cursors of its own for each query
		return pick(a.dice, a.known(a.cursors, ""))
	case at.name == "after" || at.name == "before":
		return a.cursor(at)
	case at.name == "slug" || at.name == "within":
		return a.slug(at)
	}
	text := pick(a.dice, a.known(a.texts, column))
	if at.operator == "startsWith" {
		runes := []rune(text)
		text = string(runes[:a.below(min(len(runes), 12)+1)])
	}
	if len(text) > 200 {
		return "x"
	}
	return text
}

// cursor is one of the list, most of the time: also one that another viewer
// got, of a row that this one does not see.
func (a *asking) cursor(at hint) string {
	foreign := pick(a.dice, a.known(a.cursors, ""))
	own := pick(a.dice, a.known(a.cursors, at.list))
	switch a.below(30) {
	case 1:
		return foreign
	case 2:
		return own[:a.below(len(own))]
	case 3: // the place of one row with the id of another
		var ours, theirs map[string]json.RawMessage
		if unpack(own, &ours) && unpack(foreign, &theirs) {
			ours["i"] = theirs["i"]
			packed, err := json.Marshal(ours)
			if err != nil {
				panic(err)
			}
			return base64.RawURLEncoding.EncodeToString(packed)
		}
	}
	return own
}

func unpack(cursor string, into any) bool {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	return err == nil && json.Unmarshal(text, into) == nil
}

// known returns the values of a name; all there are where there are none.
func (a *asking) known(values map[string][]string, name string) []string {
	if list := values[name]; len(list) > 0 {
		return list
	}
	return values[""]
}

// literal writes a value as it stands in a document.
func literal(v any) string {
	switch v := v.(type) {
	case enumValue:
		return string(v)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = literal(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, name+": "+literal(v[name]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// snake turns publishedAt into published_at.
func snake(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
