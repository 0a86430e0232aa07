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
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/queries"
)

// Handler serves the API over HTTP, and to the program's other doors; see the
// package transport. The requests' contexts must carry a viewer. The limit of a
// request's size is the caller's.
func Handler(c Config) *transport.Handler {
	c = c.complete()
	exec := executor.New(New(c))
	exec.SetParserTokenLimit(limits.MaxTokens)
	cache := queryCache{lru.New[*ast.QueryDocument](limits.CachedDocuments)}
	exec.SetQueryCache(cache)

	p := presenter{log: c.Log, requestID: c.RequestID, refusals: c.Refusals}
	exec.SetErrorPresenter(p.present)
	exec.SetRecoverFunc(p.recovered)
	exec.AroundResponses(fewErrors)
	exec.AroundRootFields(readOwnWrites(c.Stores))
	exec.Use(extension.Introspection{})
	if c.Introspection != IntrospectionAll {
		// What is not for everybody is not suggested to anybody.
		exec.SetDisableSuggestion(true)
		exec.SetDefaultRulesFn(silentRules)
	}
	limit := newLimitExtension(c)
	exec.Use(&requestCharge{limit.admission}) // first: a look-up of an unknown document is charged too
	exec.Use(&documentExtension{queries.NewResolver(c.Registry, c.RegisteredOnly)})
	exec.Use(&exactEnums{})
	exec.Use(limit)
	return transport.New(limitedExecutor{exec, limit.admission}, c.Transport)
}

// silentRules are those of validation, without suggestions. The executor's own
// switch is for two of them.
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

// queryCache keeps parsed documents, save those that are unusually long.
type queryCache struct{ *lru.LRU[*ast.QueryDocument] }

func (c queryCache) Add(ctx context.Context, query string, doc *ast.QueryDocument) {
	if len(query) <= limits.CachedDocumentSize {
		c.LRU.Add(ctx, query, doc)
	}
}

var _ graphql.Cache[*ast.QueryDocument] = queryCache{}
