package graph

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"
)

// Bounds of a document.
const (
	maxTokens     = 15_000
	cachedQueries = 1_000
	cachedQuery   = 16 << 10 // bytes; a parsed document takes many times as much
)

// Handler serves the API over HTTP: GET for queries, POST for all. The
// requests' contexts must carry a viewer. Limits on the size and the duration
// of a request are the caller's.
func Handler(c Config) http.Handler {
	h := handler.New(New(c))
	h.AddTransport(transport.Options{})
	h.AddTransport(transport.GET{})
	h.AddTransport(transport.POST{})
	h.SetParserTokenLimit(maxTokens)
	cache := queryCache{lru.New[*ast.QueryDocument](cachedQueries)}
	h.SetQueryCache(cache)

	p := presenter{log: c.Log, requestID: c.RequestID}
	h.SetErrorPresenter(p.present)
	h.SetRecoverFunc(p.recovered)
	h.AroundResponses(bounded)
	h.Use(extension.Introspection{})
	h.Use(overlap{cache})
	h.Use(&exactEnums{})
	h.Use(NewLimits(c.MaxCost, c.MaxDepth))
	return h
}

// queryCache keeps parsed documents, save those that are unusually long.
type queryCache struct{ *lru.LRU[*ast.QueryDocument] }

func (c queryCache) Add(ctx context.Context, query string, doc *ast.QueryDocument) {
	if len(query) <= cachedQuery {
		c.LRU.Add(ctx, query, doc)
	}
}

var _ graphql.Cache[*ast.QueryDocument] = queryCache{}
