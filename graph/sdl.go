package graph

import (
	"context"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

// schemaText returns the text that a schema was read from, in the schema definition
// language, without the comment at its beginning, which is for its authors.
func schemaText(s *ast.Schema) string {
	text := s.Query.Position.Src.Input
	for strings.HasPrefix(text, "#") {
		_, text, _ = strings.Cut(text, "\n")
	}
	return strings.TrimLeft(text, "\n")
}

// mayReadSDL reports whether the schema is for the viewer of ctx: whether it may use
// introspection.
func (e *limitExtension) mayReadSDL(ctx context.Context) bool {
	viewer, err := domain.ViewerFrom(ctx)
	return err == nil && e.mayIntrospect(viewer)
}

// sdl returns the schema, and charges the viewer for the request.
func (e *limitExtension) sdl(ctx context.Context) (string, error) {
	if err := e.admission.ChargeRequest(ctx, transport.Header(ctx)); err != nil {
		return "", limitError(ctx, err)
	}
	return schemaText(e.costs.Schema), nil
}
