package graph

import (
	"context"
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

// persisted puts the text in the place of what names a document: the id of a
// registered one, or the hash of one that has been sent before (Apollo's
// automatic persisted queries). It runs before anything looks at the text.
type persisted struct {
	registry *Registry
	only     bool                     // nothing but registered documents is run
	sent     *lru.Cache[sent, string] // texts
}

// sent is a document that a client has sent. Each credential has its own: a
// hash that is known must not tell what others ask. Those without one share
// what they send.
type sent struct {
	by   domain.ID
	hash string
}

const (
	sentDocuments = 1000

	codeNotPersisted = "PERSISTED_QUERY_NOT_FOUND"
	codeOnly         = "REGISTERED_DOCUMENTS_ONLY"
)

func newPersisted(registry *Registry, only bool) *persisted {
	known, err := lru.New[sent, string](sentDocuments)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &persisted{registry, only, known}
}

func (*persisted) ExtensionName() string                   { return "Persisted" }
func (*persisted) Validate(graphql.ExecutableSchema) error { return nil }

func (p *persisted) MutateOperationParameters(ctx context.Context, params *graphql.RawParams) *gqlerror.Error {
	viewer, err := domain.ViewerFrom(ctx)
	if err != nil {
		return gqlerror.Wrap(err)
	}
	if viewer.System || transport.IsInternal(ctx) {
		return nil // the program's own documents
	}
	if id, ok := params.Extensions["documentId"]; ok {
		return p.byID(ctx, params, id)
	}
	if extension, ok := params.Extensions["persistedQuery"]; ok {
		return p.byHash(ctx, viewer, params, extension)
	}
	if !p.only {
		return nil
	}
	// A client that always sends the text may go on doing so.
	_, ok, err := p.registered(ctx, hashOf(params.Query))
	if err != nil {
		return gqlerror.Wrap(err)
	}
	if !ok {
		return refusal(codeOnly, "only registered documents are run here; send the documentId of one")
	}
	return nil
}

func (p *persisted) byID(ctx context.Context, params *graphql.RawParams, id any) *gqlerror.Error {
	name, ok := id.(string)
	if !ok || name == "" {
		return refusal(codes[domain.KindInvalid], "documentId: want a text")
	}
	if params.Query != "" {
		return refusal(codes[domain.KindInvalid], "give query or documentId, not both")
	}
	text, ok, err := p.registered(ctx, name)
	if err != nil {
		return gqlerror.Wrap(err)
	}
	if !ok {
		return refusal(codeNotPersisted, "there is no registered document with this id")
	}
	params.Query = text
	return nil
}

func (p *persisted) byHash(ctx context.Context, viewer *domain.Viewer, params *graphql.RawParams, extension any) *gqlerror.Error {
	fields, _ := extension.(map[string]any)
	hash, _ := fields["sha256Hash"].(string)
	if version := fmt.Sprint(fields["version"]); version != "1" || !sha256Hex.MatchString(hash) {
		return refusal(codes[domain.KindInvalid], `extensions.persistedQuery: want {"version": 1, "sha256Hash": "…"} with a SHA-256 in hex`)
	}
	hash = plainID(hash)
	if params.Query != "" && hashOf(params.Query) != hash {
		return refusal(codes[domain.KindInvalid], "extensions.persistedQuery.sha256Hash: is not the SHA-256 of the query")
	}
	text, ok, err := p.registered(ctx, hash)
	if err != nil {
		return gqlerror.Wrap(err)
	}
	switch {
	case ok:
		params.Query = text
		return nil
	case p.only && params.Query != "":
		return refusal(codeOnly, "only registered documents are run here; this one is not")
	case params.Query != "":
		// The next who sends it is to be remembered as well.
		transport.CacheDecisionFrom(ctx).Deny()
		if len(params.Query) <= cachedQuery {
			p.sent.Add(sent{viewer.CredentialID(), hash}, params.Query)
		}
		return nil
	}
	if text, ok := p.sent.Get(sent{viewer.CredentialID(), hash}); ok && !p.only {
		transport.CacheDecisionFrom(ctx).RestrictTo(viewer.CredentialID())
		params.Query = text
		return nil
	}
	// The message is what Apollo's clients look for.
	return refusal(codeNotPersisted, "PersistedQueryNotFound")
}

// registered is [Registry.Text], for an answer that may be used for as long as
// the document may be.
func (p *persisted) registered(ctx context.Context, id string) (text string, ok bool, err error) {
	found, err := p.registry.lookUp(ctx, id)
	if err == nil && found.ok {
		transport.CacheDecisionFrom(ctx).ValidWhile(found.until, func() bool { return p.registry.changes.Load() == found.changes })
	}
	return found.text, found.ok, err
}

func refusal(code, message string) *gqlerror.Error {
	err := gqlerror.Errorf("%s", strings.TrimSpace(message))
	errcode.Set(err, code)
	return err
}
