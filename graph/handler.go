package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"

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
	exec := executor.New(New(c))
	exec.SetParserTokenLimit(limits.MaxTokens)
	cache := queryCache{lru.New[*ast.QueryDocument](limits.CachedDocuments)}
	exec.SetQueryCache(cache)

	p := presenter{log: c.Log, requestID: c.RequestID, refusals: c.Refusals}
	exec.SetErrorPresenter(p.present)
	exec.SetRecoverFunc(p.recovered)
	exec.AroundResponses(limitErrors)
	exec.AroundRootFields(readOwnWrites(c.Stores))
	exec.Use(extension.Introspection{})
	if c.Introspection != IntrospectionAll {
		// Suggestions in errors would describe the schema to all viewers.
		exec.SetDisableSuggestion(true)
		exec.SetDefaultRulesFn(silentRules)
	}
	limit := newLimitExtension(c)
	exec.Use(&requestCharge{limit.admission}) // first: a look-up of an unknown document is charged too
	exec.Use(&documentExtension{queries.NewResolver(c.Registry, c.RegisteredOnly)})
	exec.Use(&variableExtension{})
	exec.Use(limit)
	c.Transport.Idempotency = idempotency.New(c.Stores, c.Log, c.Now)
	if !c.RegisteredOnly { // nor is a query of introspection run then, unless it is registered
		c.Transport.MayReadSDL, c.Transport.SDL = limit.mayReadSDL, limit.sdl
	}
	return transport.New(limitedExecutor{exec, limit.admission}, c.Transport)
}

// silentRules returns the rules of validation without suggestions. The executor's
// own switch turns off two of them.
func silentRules() *rules.Rules {
	all := rules.NewDefaultRules()
	for name, silent := range map[string]core.Rule{
		rules.KnownArgumentNamesRule.Name:  rules.KnownArgumentNamesRuleWithoutSuggestions,
		rules.KnownTypeNamesRule.Name:      rules.KnownTypeNamesRuleWithoutSuggestions,
		rules.ValuesOfCorrectTypeRule.Name: rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
	} {
		all.ReplaceRule(name, silent.RuleFunc)
	}
	return all
}

// queryCache caches parsed documents, except long ones.
type queryCache struct{ *lru.LRU[*ast.QueryDocument] }

func (c queryCache) Add(ctx context.Context, query string, doc *ast.QueryDocument) {
	if len(query) <= limits.CachedDocumentSize {
		c.LRU.Add(ctx, query, doc)
	}
}

var _ graphql.Cache[*ast.QueryDocument] = queryCache{}
