package graph

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/bounded"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/graph/plan"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/knowledge"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/newsletter"
	"github.com/redthread-api/redthread/internal/newsletter/render"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/queries"
	"github.com/redthread-api/redthread/internal/search"
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
	// Search is the index that is searched; nil stands for that of the stores.
	Search *search.Index
	// Webhooks is managed by mutations.
	Webhooks *delivery.Webhooks
	// Subscribers is managed by mutations. Nil stands for one whose jobs another process runs.
	Subscribers *newsletter.Subscribers
	// Sendings is managed by mutations. Nil stands for one that has nothing to send with.
	Sendings *newsletter.Sendings
	// Knowledge reads relationships as a graph; nil for one that holds nothing in memory.
	Knowledge *knowledge.Graph
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
	// WithoutPlans leaves all queries to the executor. OnQuery is called for each query,
	// with whether a plan has run it; it may be nil.
	WithoutPlans bool
	OnQuery      func(planned bool)
	// Templates render previews of editions; nil for the built-in ones.
	Templates *render.Templates
	// Now is the clock; nil stands for time.Now.
	Now func() time.Time
	// RequestID returns the id of the request of a context, for error messages
	// and the log. It may be nil.
	RequestID func(context.Context) string
	// OnError, if not nil, is called with the code of each error of an operation.
	OnError func(code string)
	// Transport configures how [Handler] serves the API: deadlines, limits, and
	// the origins that may open a WebSocket.
	Transport transport.Config
}

// New returns the executable schema. The contexts that it is run with must
// carry a viewer.
func New(c Config) graphql.ExecutableSchema {
	c = c.complete()
	r := &Resolver{
		reader:      read.NewReader(c.Stores, catalog.Tables()),
		index:       c.Search,
		knowledge:   c.Knowledge,
		desk:        c.Desk,
		keys:        c.Keys,
		people:      c.People,
		webhooks:    c.Webhooks,
		sendings:    c.Sendings,
		subscribers: c.Subscribers,
		registry:    c.Registry,
		quotas:      limits.NewQuotas(c.Limits, c.Meter),
		now:         c.Now,
		texts:       newTextRenderer(c.EntityURL),
		site:        c.Site,

		templates: sync.OnceValue(func() *render.Templates { return cmp.Or(c.Templates, render.Builtin()) }),
	}
	r.reader.SearchBy(r)
	s := stagedSchema{
		ExecutableSchema: generated.NewExecutableSchema(generated.Config{
			Resolvers: r,
			Directives: generated.DirectiveRoot{
				// The stage is set around the whole operation, by staged.
				InContext: func(ctx context.Context, _ any, next graphql.Resolver, _ string) (any, error) {
					return next(ctx)
				},
			},
		}),
		stores:  c.Stores,
		desk:    c.Desk,
		live:    c.Desk.Live(),
		maxLag:  c.LiveMaxLag,
		reader:  r.reader,
		onQuery: c.OnQuery,
		runner:  plan.Runner{Reader: r.reader, Renderer: plannedTexts{r.texts}},
	}
	s.planTypes, s.plans = r.planTypes(s.Schema()), newPlanCache()
	return s
}

// complete returns the configuration with the defaults of what is not set.
func (c Config) complete() Config {
	if c.Search == nil {
		c.Search = search.New(c.Stores)
	}
	if c.Knowledge == nil {
		c.Knowledge = knowledge.New(c.Stores)
	}
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
		c.Webhooks = delivery.New(delivery.Config{Stores: c.Stores, Live: c.Desk.Live(), Log: c.Log, Now: c.Now, Owners: c.Keys})
	}
	if c.Subscribers == nil {
		c.Subscribers = newsletter.NewSubscribers(newsletter.SubscribersConfig{
			Stores: c.Stores, Jobs: c.Stores.Jobs(c.Log), Series: newsletter.Desk{Stores: c.Stores}, Log: c.Log, Now: c.Now})
	}
	if c.Sendings == nil {
		c.Sendings = newsletter.NewSendings(newsletter.SendingsConfig{Stores: c.Stores, Editions: newsletter.Desk{Stores: c.Stores}, Log: c.Log, Now: c.Now})
	}
	if c.OnQuery == nil {
		c.OnQuery = func(bool) {}
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
	desk   *editorial.Desk
	live   *projection.Live
	maxLag time.Duration
	reader *read.Reader

	planTypes plan.Types
	plans     *planCache
	runner    plan.Runner
	onQuery   func(planned bool)
}

// Exec returns the handler of the operation in the context.
func (s stagedSchema) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	respond := s.ExecutableSchema.Exec(ctx)
	return func(ctx context.Context) *graphql.Response {
		if !transport.IsInternal(ctx) { // the program's own requests have no such header
			transport.Header(ctx).Add("Vary", domain.StageHeader)
		}
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
		if atomic, dryRun := isAtomic(op); atomic {
			return s.atomically(ctx, op, dryRun, func(ctx context.Context) *graphql.Response {
				return s.respond(ctx, op, stage, false, s.ExecutableSchema.Exec(ctx))
			})
		}
		if p := s.planOf(op, stage); p != nil {
			if response := s.respond(ctx, op, stage, cacheable, s.runPlan(p, op)); response != nil {
				return response
			}
			ctx = bounded.Restart(ctx)
		}
		if op.Operation.Operation == ast.Query {
			s.onQuery(false)
		}
		return s.respond(ctx, op, stage, cacheable, respond)
	}
}

// respond runs an operation at its stage, and puts the marking into its response. It
// returns nil where run does.
func (s stagedSchema) respond(ctx context.Context, op *graphql.OperationContext, stage domain.Stage, cacheable bool, run graphql.ResponseHandler) *graphql.Response {
	ctx, seen := read.WithMarkingTracker(ctx)
	ctx, named := aggregate.WithSeenMarkings(ctx)
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
	var dependencies *read.Dependencies
	if cacheable {
		ctx, dependencies = read.WithDependencies(ctx)
	}
	response := run(withRootField(ctx, op))
	if response == nil {
		return nil
	}
	if len(graphql.GetErrors(ctx)) > 0 {
		seen.Raise(named.Highest()) // the errors of a mutation name documents of the desk
	}
	// Rows that were read count, also when a later step refused them.
	marking, err := seen.Highest(ctx, s.reader)
	if err != nil {
		graphql.AddError(ctx, err)
		return &graphql.Response{}
	}
	if cacheable && !dependencies.Clock() {
		if err := s.setCacheable(ctx, marking, dependencies.Keys()); err != nil {
			graphql.AddError(ctx, err)
			return &graphql.Response{}
		}
	}
	transport.Header(ctx).Set(MarkingHeader, "TLP:"+marking.Label())
	graphql.RegisterExtension(ctx, "marking", marking.String())
	return response
}

// withRootField returns a context with the root field of a subscription, with which the
// path of an error in an event begins. gqlgen leaves it out.
func withRootField(ctx context.Context, op *graphql.OperationContext) context.Context {
	if op.Operation.Operation != ast.Subscription {
		return ctx
	}
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Subscription"})
	if len(fields) != 1 {
		return ctx
	}
	return graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: "Subscription", Field: fields[0]})
}

// MarkingHeader is the name of the header with the highest marking in a response,
// as a label of TLP 2.0: "TLP:AMBER+STRICT". The response has it as a value of
// the schema's enum as well, in extensions.marking.
const MarkingHeader = "TLP"

// deskMarking is the lowest marking of a response from the desk: drafts are for
// the publisher's own staff, whatever their marking in live will be.
const deskMarking = domain.AmberStrict

// stageOf returns the stage of an operation, which the directive @inContext and the
// header [domain.StageHeader] set; both must then set the same. A query of the desk needs
// the right READ_DESK; each mutation checks its own rights.
func stageOf(ctx context.Context, op *graphql.OperationContext) (domain.Stage, error) {
	wanted, err := stageOfHeader(op.Headers)
	if err != nil {
		return domain.Live, err
	}
	if op.Operation.Operation == ast.Mutation {
		// Also with LIVE: a client that sets the header once has to be able to write.
		return domain.Desk, nil
	}
	if d := op.Operation.Directives.ForName("inContext"); d != nil {
		stage := domain.Live.String()
		if d.ArgumentMap(op.Variables)["stage"] == domain.Desk.String() { // as checkDirectives checked
			stage = domain.Desk.String()
		}
		if wanted != "" && wanted != stage {
			return domain.Live, domain.Invalid("the header %s is %s, and @inContext(stage:) is %s; leave one out, or let both be the same",
				domain.StageHeader, wanted, stage)
		}
		wanted = stage
	}
	if wanted != domain.Desk.String() {
		return domain.Live, nil
	}
	if op.Operation.Operation == ast.Subscription {
		return domain.Live, errLiveOnly
	}
	_, err = domain.Require(ctx, domain.ReadDesk)
	return domain.Desk, err
}

// stageOfHeader returns the stage that a request's header names; empty where it names none.
func stageOfHeader(header http.Header) (string, error) {
	values := header[domain.StageHeader]
	if len(values) == 0 {
		return "", nil
	}
	if len(values) > 1 || !slices.Contains(domain.Stages, values[0]) {
		return "", domain.Invalid("the header %s: want %s, once", domain.StageHeader, strings.Join(domain.Stages, " or "))
	}
	return values[0], nil
}
