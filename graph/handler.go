package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/idempotency"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/queries"
)

// Handler returns the handler that serves the API over HTTP, and to the other
// endpoints of the program; see package transport. The context of a request must
// carry a viewer. The caller limits the size of a request.
func Handler(c Config) *transport.Handler {
	c = c.complete()
	schema := New(c)
	exec := executor.New(schema)
	p := presenter{log: c.Log, requestID: c.RequestID, refusals: c.Refusals, onError: c.OnError}
	exec.SetErrorPresenter(p.present)
	exec.SetRecoverFunc(p.recovered)
	exec.AroundResponses(limitErrors)
	limit := newLimitExtension(c)
	exec.Use(limit)
	c.Transport.Idempotency = idempotency.New(c.Stores, c.Log, c.Now)
	if !c.RegisteredOnly { // nor is a query of introspection run then, unless it is registered
		c.Transport.MayReadSDL, c.Transport.SDL = limit.mayReadSDL, limit.sdl
	}
	return transport.New(&operationExecutor{
		Executor:     exec,
		schema:       schema.Schema(),
		cache:        documentCache{lru.New[document](limits.CachedDocuments)},
		silent:       c.Introspection != IntrospectionAll,
		withoutPlans: c.WithoutPlans,
		resolver:     queries.NewResolver(c.Registry, c.RegisteredOnly),
		limits:       limit,
		recover:      p.recovered,
		rootField:    readOwnWrites(c.Stores),
	}, c.Transport)
}

// document is a valid document.
type document struct {
	ast   *ast.QueryDocument
	plans *documentPlans // nil: it has none
}

// documentCache caches valid documents by their text, except long ones.
type documentCache struct{ *lru.LRU[document] }

func (c documentCache) Add(ctx context.Context, text string, doc document) {
	if len(text) <= limits.CachedDocumentSize {
		c.LRU.Add(ctx, text, doc)
	}
}

var _ graphql.Cache[document] = documentCache{}
