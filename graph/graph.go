package graph

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/site"
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
	// Site is where the publisher's pages are, which JSON-LD leads to.
	Site site.Site
	// Keys and People are managed by mutations; Registry is where registered
	// documents are.
	Keys     *access.Keys
	People   *access.People
	Registry *Registry
	// Webhooks are managed by mutations, too.
	Webhooks *delivery.Webhooks
	// RegisteredOnly refuses every document that is not registered.
	RegisteredOnly bool
	// Introspection says whom the schema's description is for:
	// IntrospectionAll, which it is where it is empty, or another.
	Introspection string
	// Limits are the limits of each role; nil stands for StandardLimits. Meter
	// keeps what viewers have spent of theirs.
	Limits func(domain.Role) Limit
	Meter  *access.Meter
	// Notes takes note of what viewers are refused.
	Notes *audit.Notes
	// LiveMaxLag is how far a replica from which live is read may be behind the
	// publication log for its answers to be kept; with 0 any.
	LiveMaxLag time.Duration
	// Now is the clock; nil stands for time.Now.
	Now func() time.Time
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
	c = c.complete()
	r := &Resolver{
		reader:   read.NewReader(c.Stores, catalog.Tables()),
		desk:     c.Desk,
		keys:     c.Keys,
		people:   c.People,
		webhooks: c.Webhooks,
		known:    c.Registry,
		now:      c.Now,
		texts:    newTexts(c.EntityURL),
		site:     c.Site,
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
		desk:   c.Desk,
		maxLag: c.LiveMaxLag,
		reader: r.reader,
	}
}

// complete puts in what a configuration leaves out.
func (c Config) complete() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Limits == nil {
		c.Limits = StandardLimits
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Meter == nil {
		c.Meter = access.NewMeter(c.Now)
	}
	if c.Notes == nil {
		c.Notes = audit.NewNotes(c.Stores, c.Log, c.Now)
	}
	if c.Keys == nil {
		c.Keys = access.NewKeys(c.Stores, c.Notes, c.Log, c.Now)
	}
	if c.People == nil {
		c.People = access.NewPeople(c.Stores, c.Notes, c.Log, c.Now, access.OIDC{})
	}
	if c.Registry == nil {
		c.Registry = NewRegistry(c.Stores, c.Now)
	}
	if c.Webhooks == nil {
		c.Webhooks = delivery.New(delivery.Config{Stores: c.Stores, Desk: c.Desk, Log: c.Log, Now: c.Now})
	}
	c.Introspection = cmp.Or(c.Introspection, IntrospectionAll)
	return c
}

// staged runs each operation at its stage: a query at the one that it asks
// for, under one snapshot, so that all its reads see one state; a mutation at
// the desk, without a snapshot, so that it sees what it wrote; a subscription
// in live, with a snapshot for each event.
type staged struct {
	graphql.ExecutableSchema
	stores *store.Stores
	desk   *content.Desk
	maxLag time.Duration
	reader *read.Reader
}

// Exec returns the handler of the operation in the context.
func (s staged) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	respond := s.ExecutableSchema.Exec(ctx)
	return func(ctx context.Context) *graphql.Response {
		stage, err := stageOf(ctx, op)
		kept := err == nil && mayKeep(op, stage)
		if !kept {
			transport.CacheDecisionFrom(ctx).Deny()
		}
		if err != nil {
			graphql.AddError(ctx, err)
			return &graphql.Response{}
		}
		ctx = domain.WithStage(ctx, stage)
		ctx, seen := read.WithSeen(ctx)
		if viewer, err := domain.ViewerFrom(ctx); err == nil && stage == domain.Desk && viewer.Role.Staff() {
			seen.Raise(deskMarking)
		}
		if op.Operation.Operation == ast.Subscription {
			raiseToClearance(ctx)
		}
		if op.Operation.Operation != ast.Mutation {
			// Of a subscription each event has its own, which begins when there is
			// something to read for it.
			var done func()
			ctx, done = s.stores.Snapshot(ctx)
			defer done()
		}
		response := respond(ctx)
		// Even what was refused on the way has been read.
		marking, err := seen.Highest(ctx, s.reader)
		if err != nil {
			graphql.AddError(ctx, err)
			return &graphql.Response{}
		}
		if kept {
			if err := s.keep(ctx, marking); err != nil {
				graphql.AddError(ctx, err)
				return &graphql.Response{}
			}
		}
		transport.Header(ctx).Set(MarkingHeader, "TLP:"+marking.Label())
		graphql.RegisterExtension(ctx, "marking", marking.String())
		return response
	}
}

// MarkingHeader is the header with the highest marking of an answer, in the
// words of TLP 2.0: "TLP:AMBER+STRICT". The answer has it as well, as
// extensions.marking, in those of the schema's enum.
const MarkingHeader = "TLP"

// deskMarking is the least that an answer from the desk is marked: drafts are
// for the publisher's own people, whatever they will be marked in live.
const deskMarking = domain.AmberStrict

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
	if op.Operation.Operation == ast.Subscription {
		return domain.Live, errLiveOnly
	}
	_, err := domain.Require(ctx, domain.ReadDesk)
	return domain.Desk, err
}
