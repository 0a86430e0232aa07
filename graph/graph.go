package graph

import (
	"context"
	"log/slog"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Config is what the API is built from.
type Config struct {
	Stores *store.Stores
	Desk   *content.Desk
	Log    *slog.Logger
	// EntityURL is where HTML links to entities lead, with {slug} in the
	// place of the slug: "/entities/{slug}" where it is empty.
	EntityURL string
	// MaxCost and MaxDepth limit one operation; see [Limits]. Zero stands for
	// DefaultMaxCost and DefaultMaxDepth.
	MaxCost, MaxDepth int
	// RequestID returns the id of the request that a context is of, for error
	// messages and the log. It may be nil.
	RequestID func(context.Context) string
	// Transport says how [Handler] serves the API: deadlines, limits, and who
	// may open a WebSocket.
	Transport transport.Config
}

// New returns the executable schema. The contexts that it is run with must
// carry a viewer.
func New(c Config) graphql.ExecutableSchema {
	r := &Resolver{
		reader: read.NewReader(c.Stores, catalog.Tables()),
		desk:   c.Desk,
		texts:  newTexts(c.EntityURL),
	}
	return staged{
		ExecutableSchema: generated.NewExecutableSchema(generated.Config{
			Resolvers: r,
			Directives: generated.DirectiveRoot{
				// The stage is set around the whole operation, by staged.
				InContext: func(ctx context.Context, _ any, next graphql.Resolver, _ string) (any, error) {
					return next(ctx)
				},
			},
		}),
		stores: c.Stores,
	}
}

// staged runs each operation at its stage: a query at the one that it asks
// for, under one snapshot, so that all its reads see one state; a mutation at
// the desk, without a snapshot, so that it sees what it wrote.
type staged struct {
	graphql.ExecutableSchema
	stores *store.Stores
}

// Exec returns the handler of the operation in the context.
func (s staged) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	respond := s.ExecutableSchema.Exec(ctx)
	return func(ctx context.Context) *graphql.Response {
		stage, err := stageOf(ctx, op)
		if err != nil {
			graphql.AddError(ctx, err)
			return &graphql.Response{}
		}
		ctx = domain.WithStage(ctx, stage)
		if op.Operation.Operation == ast.Query {
			var done func()
			ctx, done = s.stores.Snapshot(ctx)
			defer done()
		}
		return respond(ctx)
	}
}

// stageOf returns the stage of an operation. The desk needs a member of staff;
// a mutation asks for the right to do what it does by itself.
func stageOf(ctx context.Context, op *graphql.OperationContext) (domain.Stage, error) {
	if op.Operation.Operation == ast.Mutation {
		return domain.Desk, nil
	}
	d := op.Operation.Directives.ForName("inContext")
	if d == nil || d.ArgumentMap(op.Variables)["stage"] != domain.Desk.String() {
		return domain.Live, nil
	}
	_, err := domain.Require(ctx, domain.ReadDesk)
	return domain.Desk, err
}
