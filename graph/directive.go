package graph

import (
	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/coerce"
	"github.com/redthread-api/redthread/internal/domain"
)

// checkDirectives returns the error of a request whose variables give null to a
// directive of the operation that takes no null, such as @inContext. Nothing runs then.
func checkDirectives(schema *ast.Schema, op *graphql.OperationContext) *gqlerror.Error {
	for _, d := range op.Operation.Directives {
		err := coerce.CheckDirective(schema, d, op.Variables)
		if err == nil {
			continue
		}
		refused := gqlerror.WrapPath(nil, err)
		if d.Position != nil {
			refused.Locations = []gqlerror.Location{{Line: d.Position.Line, Column: d.Position.Column}}
		}
		errcode.Set(refused, codes[domain.KindInvalid])
		return refused
	}
	return nil
}
