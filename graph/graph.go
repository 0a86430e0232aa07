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
	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/queries"
	"github.com/redthread-api/redthread/internal/store"
)

// Config configures the API.
type Config struct {
	Stores *store.Stores
	Desk   *editorial.Desk
	Log    *slog.Logger
	// EntityURL is the target of links to entities in HTML, with {slug} for the
	// slug. Empty stands for "/entities/{slug}".
	EntityURL string
	// Site has the URLs of the publisher's pages, for JSON-LD.
	Site site.Site
	// Keys and People are managed by mutations. Registry has the registered
	// documents.
	Keys     *access.Keys
	People   *access.People
	Registry *queries.Registry
	// Webhooks is managed by mutations.
	Webhooks *delivery.Webhooks
	// RegisteredOnly refuses every document that is not registered.
	RegisteredOnly bool
	// Introspection says for whom the schema's description is: one of the
	// constants. Empty stands for IntrospectionAll.
	Introspection string
	// Limits returns the limits of each role; nil stands for limits.Standard.
	// Meter keeps how much of the quotas is used.
	Limits func(domain.Role) limits.Limit
	Meter  *limits.Meter
	// Refusals buffers entries of the audit log about what viewers are refused.
	Refusals *audit.Buffer
	// LiveMaxLag is how far a replica from which live is read may lag behind the
	// publication log for its responses to be cached. With 0 there is no limit.
	LiveMaxLag time.Duration
	// Now is the clock; nil stands for time.Now.
	Now func() time.Time
	// RequestID returns the id of the request of a context, for error messages
	// and the log. It may be nil.
	RequestID func(context.Context) string
	// Transport configures how [Handler] serves the API: deadlines, limits, and
	// the origins that may open a WebSocket.
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
		registry: c.Registry,
		now:      c.Now,
		texts:    newTextRenderer(c.EntityURL),
		site:     c.Site,
	}
	return stagedSchema{
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
		live:   c.Desk.Live(),
		maxLag: c.LiveMaxLag,
		reader: r.reader,
	}
}

// complete returns the configuration with the defaults of what is not set.
func (c Config) complete() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Limits == nil {
		c.Limits = limits.Standard
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Meter == nil {
		c.Meter = limits.NewMeter(c.Now)
	}
	if c.Refusals == nil {
		c.Refusals = audit.NewBuffer(c.Stores, c.Log, c.Now)
	}
	if c.Keys == nil {
		c.Keys = access.NewKeys(c.Stores, c.Refusals, c.Log, c.Now)
	}
	if c.People == nil {
		c.People = access.NewPeople(c.Stores, c.Refusals, c.Log, c.Now, access.OIDC{})
	}
	if c.Registry == nil {
		c.Registry = NewRegistry(c.Stores, c.Now)
	}
	if c.Webhooks == nil && c.Desk != nil {
		c.Webhooks = delivery.New(delivery.Config{Stores: c.Stores, Live: c.Desk.Live(), Log: c.Log, Now: c.Now})
	}
	c.Introspection = cmp.Or(c.Introspection, IntrospectionAll)
	return c
}

// stagedSchema is the executable schema with each operation run at its stage: a
// query at the one that it asks for, in one snapshot, so that all its reads see
// one state; a mutation at the desk, without a snapshot, so that it sees what it
// wrote; a subscription in live, with a snapshot for each event.
type stagedSchema struct {
	graphql.ExecutableSchema
	stores *store.Stores
	live   *projection.Live
	maxLag time.Duration
	reader *read.Reader
}

// Exec returns the handler of the operation in the context.
func (s stagedSchema) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	respond := s.ExecutableSchema.Exec(ctx)
	return func(ctx context.Context) *graphql.Response {
		stage, err := stageOf(ctx, op)
		cacheable := err == nil && isCacheable(op, stage)
		if !cacheable {
			transport.CacheDecisionFrom(ctx).Deny()
		}
		if err != nil {
			graphql.AddError(ctx, err)
			return &graphql.Response{}
		}
		ctx = domain.WithStage(ctx, stage)
		ctx, seen := read.WithMarkingTracker(ctx)
		if viewer, err := domain.ViewerFrom(ctx); err == nil && stage == domain.Desk && viewer.Role.Staff() {
			seen.Raise(deskMarking)
		}
		if op.Operation.Operation == ast.Subscription {
			raiseToClearance(ctx)
		}
		if op.Operation.Operation != ast.Mutation {
			// Each event of a subscription has its own snapshot, which begins at
			// its first read.
			var done func()
			ctx, done = s.stores.Snapshot(ctx)
			defer done()
		}
		response := respond(ctx)
		// Rows that were read count, also when a later step refused them.
		marking, err := seen.Highest(ctx, s.reader)
		if err != nil {
			graphql.AddError(ctx, err)
			return &graphql.Response{}
		}
		if cacheable {
			if err := s.setCacheable(ctx, marking); err != nil {
				graphql.AddError(ctx, err)
				return &graphql.Response{}
			}
		}
		transport.Header(ctx).Set(MarkingHeader, "TLP:"+marking.Label())
		graphql.RegisterExtension(ctx, "marking", marking.String())
		return response
	}
}

// MarkingHeader is the name of the header with the highest marking in a response,
// as a label of TLP 2.0: "TLP:AMBER+STRICT". The response has it as a value of
// the schema's enum as well, in extensions.marking.
const MarkingHeader = "TLP"

// deskMarking is the lowest marking of a response from the desk: drafts are for
// the publisher's own staff, whatever their marking in live will be.
const deskMarking = domain.AmberStrict

// stageOf returns the stage of an operation. A query of the desk needs the right
// READ_DESK; each mutation checks its own rights.
func stageOf(ctx context.Context, op *graphql.OperationContext) (domain.Stage, error) {
	if op.Operation.Operation == ast.Mutation {
		return domain.Desk, nil
	}
	d := op.Operation.Directives.ForName("inContext")
	if d == nil || d.ArgumentMap(op.Variables)["stage"] != domain.Desk.String() { // as checkDirectives checked
		return domain.Live, nil
	}
	if op.Operation.Operation == ast.Subscription {
		return domain.Live, errLiveOnly
	}
	_, err := domain.Require(ctx, domain.ReadDesk)
	return domain.Desk, err
}
