package graph

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/graph/validation"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/queries"
	"github.com/redthread-api/redthread/internal/store"
)

// NewRegistry returns the documents that are registered on the desk. What is
// registered has to be valid in the schema. now is the clock.
func NewRegistry(stores *store.Stores, now func() time.Time) *queries.Registry {
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	check := func(text string) (operation string, problems []string) { return checkDocument(schema, text) }
	return queries.NewRegistry(stores, check, now)
}

// checkDocument returns the name of the operation of a document, which may be
// empty, and what is wrong with the document: at most maxErrors problems.
func checkDocument(schema *ast.Schema, text string) (operation string, problems []string) {
	doc, _, err := limits.Parse(text)
	if err != nil {
		return "", []string{withLine(err)}
	}
	if len(doc.Operations) != 1 {
		return "", []string{fmt.Sprintf("has %d operations: want one", len(doc.Operations))}
	}
	for i, err := range validation.Validate(schema, doc, true) {
		if i == maxErrors {
			break
		}
		problems = append(problems, withLine(err))
	}
	return doc.Operations[0].Name, problems
}

// withLine returns the message of an error in a document, after its line where
// that is known: "line 3: …".
func withLine(err error) string {
	located, ok := errors.AsType[*gqlerror.Error](err)
	switch {
	case !ok:
		return err.Error()
	case len(located.Locations) == 0:
		return located.Message
	}
	return fmt.Sprintf("line %d: %s", located.Locations[0].Line, located.Message)
}

// lookUpDocument puts the document into a request that names it. The documents of
// the program itself need not be registered.
func lookUpDocument(ctx context.Context, resolver *queries.Resolver, params *graphql.RawParams) *gqlerror.Error {
	viewer, err := domain.ViewerFrom(ctx)
	if err != nil {
		return gqlerror.Wrap(err)
	}
	if viewer.System || transport.IsInternal(ctx) {
		return nil
	}
	found, err := resolver.Resolve(ctx, queries.Request{Text: params.Query, Extensions: params.Extensions, Credential: viewer.CredentialID()})
	if err != nil {
		return documentError(err)
	}
	params.Query = found.Text
	if found.NotCacheable {
		transport.CacheDecisionFrom(ctx).Deny()
	}
	if found.Private {
		transport.CacheDecisionFrom(ctx).RestrictTo(viewer.CredentialID())
	}
	if found.Current != nil {
		transport.CacheDecisionFrom(ctx).ValidWhile(found.Until, found.Current)
	}
	return nil
}

// documentError returns an error of package queries as GraphQL clients get it.
func documentError(err error) *gqlerror.Error {
	code, message := "", ""
	if refused, ok := errors.AsType[*queries.Error](err); ok {
		code, message = refused.Code, refused.Message
	} else if invalid, ok := errors.AsType[*domain.Error](err); ok && invalid.Kind == domain.KindInvalid {
		code, message = codes[invalid.Kind], invalid.Message
	} else {
		return gqlerror.Wrap(err)
	}
	out := gqlerror.Errorf("%s", message)
	errcode.Set(out, code)
	return out
}

func (r mutationResolver) RegisterDocuments(ctx context.Context, in model.RegisterDocumentsInput) (*model.RegisterDocumentsPayload, error) {
	registered, created, err := r.registry.Register(ctx, documentsOf(in.Documents))
	return orNil(model.RegisterDocumentsPayload{Documents: registered, Created: created}, err)
}

func (r mutationResolver) UnregisterDocuments(ctx context.Context, in model.UnregisterDocumentsInput) (*model.UnregisterDocumentsPayload, error) {
	ended, err := r.registry.Unregister(ctx, in.DocumentIds)
	return orNil(model.UnregisterDocumentsPayload{DocumentIds: ended}, err)
}

func documentsOf(inputs []*model.RegisterDocumentInput) []queries.Document {
	documents := make([]queries.Document, len(inputs))
	for i, d := range inputs {
		documents[i].Text = d.Text
		if d.ID != nil {
			documents[i].ID = *d.ID
		}
		if d.Name != nil {
			documents[i].Name = *d.Name
		}
	}
	return documents
}

func (r queryResolver) RegisteredDocuments(ctx context.Context, first *int, after *string, last *int, before *string) (*model.RegisteredDocumentConnection, error) {
	ctx, err := withRight(ctx, domain.RegisterQueries)
	if err != nil {
		return nil, err
	}
	return read.List(ctx, r.reader, catalog.RegisteredDocuments, args(first, after, last, before, nil, newestFirst("REGISTERED_AT")))
}
