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
)

// What is kept of documents that have been.
const (
	cachedQueries = 1_000
	cachedQuery   = 16 << 10 // bytes; a parsed document takes many times as much
)

// Handler serves the API over HTTP, and to the program's other doors; see the
// package transport. The requests' contexts must carry a viewer. The limit of a
// request's size is the caller's.
func Handler(c Config) *transport.Handler {
	c = c.complete()
	exec := executor.New(New(c))
	exec.SetParserTokenLimit(maxTokens)
	cache := queryCache{lru.New[*ast.QueryDocument](cachedQueries)}
	exec.SetQueryCache(cache)

	p := presenter{log: c.Log, requestID: c.RequestID, notes: c.Notes}
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
	guard := newGuard(c)
	exec.Use(&requestCharge{guard}) // first: also a look-up of what is not there is paid for
	exec.Use(newPersisted(c.Registry, c.RegisteredOnly))
	exec.Use(&exactEnums{})
	exec.Use(guard)
	return transport.New(gated{exec, guard}, c.Transport)
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
	if len(query) <= cachedQuery {
		c.LRU.Add(ctx, query, doc)
	}
}

var _ graphql.Cache[*ast.QueryDocument] = queryCache{}
