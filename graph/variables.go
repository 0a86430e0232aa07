package graph

import (
	"context"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// exactEnums refuses variables with an enum value in other letter case, which
// gqlparser lets through though the specification does not, and which nothing
// behind it expects.
type exactEnums struct{ schema *ast.Schema }

func (*exactEnums) ExtensionName() string { return "ExactEnums" }

func (e *exactEnums) Validate(schema graphql.ExecutableSchema) error {
	e.schema = schema.Schema()
	return nil
}

func (e *exactEnums) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	for _, def := range op.Operation.VariableDefinitions {
		path := ast.Path{ast.PathName("variable"), ast.PathName(def.Variable)}
		if err := e.check(def.Type, op.Variables[def.Variable], path); err != nil {
			errcode.Set(err, errcode.ValidationFailed)
			return err
		}
	}
	return nil
}

func (e *exactEnums) check(t *ast.Type, value any, path ast.Path) *gqlerror.Error {
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
