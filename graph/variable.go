package graph

import (
	"reflect"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// variableChecker gives variables one form. It refuses an enum value in other letter
// case, which the specification forbids and gqlparser allows, and turns a value that
// stands for a list of one into a list.
type variableChecker struct{ schema *ast.Schema }

func (e *variableChecker) checkAll(op *graphql.OperationContext) *gqlerror.Error {
	for name, value := range op.Variables {
		op.Variables[name] = normalizeLists(value)
	}
	for _, def := range op.Operation.VariableDefinitions {
		path := ast.Path{ast.PathName("variable"), ast.PathName(def.Variable)}
		if err := e.check(def.Type, op.Variables[def.Variable], path); err != nil {
			errcode.Set(err, errcode.ValidationFailed)
			return err
		}
	}
	return nil
}

// normalizeLists returns a variable with each list as []any. Where a value stands
// for a list of one, gqlparser makes a slice of the value's own type.
func normalizeLists(value any) any {
	switch v := value.(type) {
	case nil:
		return nil
	case map[string]any:
		for name, field := range v {
			v[name] = normalizeLists(field)
		}
		return v
	}
	slice := reflect.ValueOf(value)
	if slice.Kind() != reflect.Slice {
		return value
	}
	list := make([]any, slice.Len())
	for i := range list {
		list[i] = normalizeLists(slice.Index(i).Interface())
	}
	return list
}

func (e *variableChecker) check(t *ast.Type, value any, path ast.Path) *gqlerror.Error {
	if value == nil {
		return nil
	}
	if list, ok := value.([]any); ok && t.Elem != nil {
		for i, v := range list {
			if err := e.check(t.Elem, v, append(path, ast.PathIndex(i))); err != nil {
				return err
			}
		}
		return nil
	}
	def := e.schema.Types[t.Name()]
	switch def.Kind {
	case ast.Enum:
		s, _ := value.(string)
		if def.EnumValues.ForName(s) == nil {
			return gqlerror.ErrorPathf(slices.Clone(path), "%s is not a value of %s; letter case counts", strconv.Quote(s), def.Name)
		}
	case ast.InputObject:
		object, _ := value.(map[string]any)
		for _, f := range def.Fields {
			if err := e.check(f.Type, object[f.Name], append(path, ast.PathName(f.Name))); err != nil {
				return err
			}
		}
	}
	return nil
}
