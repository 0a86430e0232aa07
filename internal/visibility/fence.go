package visibility

import (
	"context"
	"maps"
	"strings"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/intercept"
	"github.com/redthread-api/redthread/ent/db/webhook"
	"github.com/redthread-api/redthread/ent/db/webhookdelivery"
	"github.com/redthread-api/redthread/internal/domain"
)

// deskOnly maps the ent types of the desk that are not documents to the right
// to read them.
var deskOnly = map[string]domain.Right{
	db.TypeRevision:         domain.ReadDesk,
	db.TypePublicationEntry: domain.ReadDesk,
	db.TypePublicationLog:   domain.ReadDesk,
	db.TypeLiveDocument:     domain.ReadDesk,
	db.TypeLiveReference:    domain.ReadDesk,
	db.TypeMention:          domain.ReadDesk,
	db.TypeSchedule:         domain.ReadDesk,
	db.TypeApiKey:           domain.ManageAccess,
	db.TypeKeyNetwork:       domain.ManageAccess,
	db.TypePerson:           domain.ManageAccess,
	db.TypeAuditEntry:       domain.ReadAudit,
	// The documents that clients name are looked up by the program itself.
	db.TypeRegisteredDocument: domain.RegisterQueries,
	db.TypeWebhook:            domain.ManageWebhooks,
	db.TypeWebhookDelivery:    domain.ManageWebhooks,
	// They are read in transactions of the desk only, each for its own credential.
	db.TypeIdempotencyKey: domain.ManageAccess,

	db.TypeSubscriber:          domain.ManageSubscribers,
	db.TypeSubscription:        domain.ManageSubscribers,
	db.TypeSubscriptionRequest: domain.ManageSubscribers,
	db.TypeConsent:             domain.ManageSubscribers,
	db.TypeSuppression:         domain.ManageSubscribers,
	db.TypeNewsletterKey:       domain.ManageSubscribers,
	db.TypeSendingRecipient:    domain.ManageSubscribers,
	db.TypeSending:             domain.SendEditions,
}

func isDocument(entType string) bool {
	t, ok := domain.ParseType(entType)
	return ok && t.Name() == entType
}

// DeskOnly returns the ent types that exist only on the desk and belong to no document,
// each with the right that is required to read it. The map is a copy.
func DeskOnly() map[string]domain.Right { return maps.Clone(deskOnly) }

// Intercept adds the fence of a stage to every query of a client. Queries of rows that
// are reached only through their documents (citations, for example) are not changed.
func Intercept(client *db.Client, stage domain.Stage) {
	client.Intercept(intercept.TraverseFunc(func(ctx context.Context, q intercept.Query) error {
		var condition func(*entsql.Selector)
		var err error
		switch {
		case isDeskOnly(q.Type()):
			condition, err = DeskFence(ctx, q.Type())
		case q.Type() == db.TypeChange:
			condition, err = changeFence(ctx)
		case isDocument(q.Type()):
			condition, err = fence(ctx, stage)
		default:
			return nil
		}
		if err != nil || condition == nil {
			return err
		}
		q.WhereP(condition)
		return nil
	}))
}

func isDeskOnly(entType string) bool {
	_, ok := deskOnly[entType]
	return ok
}

// DeskFence returns the condition under which a row of an ent type of [DeskOnly] exists for
// the viewer of ctx; nil where all rows do, and for other types. A viewer without the right to
// read the type gets an error.
//
// For a viewer with the right OWN_WEBHOOKS, and not MANAGE_WEBHOOKS, the webhooks of its line
// exist, and of their deliveries those that an attempt was made of. Before that it may be that
// the viewer must not know of the document: each attempt checks that.
func DeskFence(ctx context.Context, entType string) (func(*entsql.Selector), error) {
	right, ok := deskOnly[entType]
	if !ok {
		return nil, nil
	}
	if right != domain.ManageWebhooks {
		_, err := domain.Require(ctx, right)
		return nil, err
	}
	viewer, err := domain.RequireWebhooks(ctx)
	if err != nil || viewer.May(right) {
		return nil, err
	}
	owner := int64(viewer.Line())
	if entType == db.TypeWebhook {
		return func(s *entsql.Selector) { s.Where(entsql.EQ(s.C(webhook.FieldOwner), owner)) }, nil
	}
	return func(s *entsql.Selector) {
		b := entsql.Dialect(s.Dialect())
		hooks := b.Table(webhook.Table)
		s.Where(entsql.And(entsql.NotNull(s.C(webhookdelivery.FieldAttempts)), entsql.In(s.C(webhookdelivery.FieldWebhookID),
			b.Select(hooks.C(webhook.FieldID)).From(hooks).Where(entsql.EQ(hooks.C(webhook.FieldOwner), owner)))))
	}, nil
}

// Scope is what the condition of [Fence] depends on: two statements of the same scope have
// the same one.
type Scope struct {
	Stage     domain.Stage
	clearance domain.Marking // in live
	trash     bool           // on the desk
}

// Clearance returns the clearance that rows of live are compared with.
func (s Scope) Clearance() domain.Marking { return s.clearance }

// ScopeOf returns the scope of the viewer and the stage of ctx. A viewer without the right
// to read the stage gets an error.
func ScopeOf(ctx context.Context) (Scope, error) { return scopeAt(ctx, domain.StageFrom(ctx)) }

func scopeAt(ctx context.Context, stage domain.Stage) (Scope, error) {
	right := domain.ReadLive
	if stage == domain.Desk {
		right = domain.ReadDesk
	}
	viewer, err := domain.Require(ctx, right)
	if err != nil {
		return Scope{}, err
	}
	if stage == domain.Live {
		return Scope{Stage: stage, clearance: viewer.Clearance}, nil
	}
	trash, _ := ctx.Value(trashKey{}).(bool)
	return Scope{Stage: stage, trash: trash}, nil
}

// Fence returns the condition under which a row of a document table exists
// for the viewer of ctx, at the stage of ctx. [Intercept] adds it to every
// query of documents. A subquery over documents (a filter through a relation, a
// count) must add it itself, because the fence of the outer query does not cover
// it.
//
// In live the row's effective marking must be within the viewer's clearance.
// On the desk the viewer must be staff, and the row must not be in the trash. A
// viewer without the right to read the stage gets an error.
func Fence(ctx context.Context) (func(*entsql.Selector), error) {
	return fence(ctx, domain.StageFrom(ctx))
}

func fence(ctx context.Context, stage domain.Stage) (func(*entsql.Selector), error) {
	scope, err := scopeAt(ctx, stage)
	if err != nil {
		return nil, err
	}
	switch {
	case stage == domain.Live:
		return func(s *entsql.Selector) {
			s.Where(entsql.LTE(s.C(EffectiveMarking), int(scope.clearance)))
		}, nil
	case scope.trash:
		return func(s *entsql.Selector) { s.Where(entsql.NotNull(s.C("deleted_at"))) }, nil
	}
	return func(s *entsql.Selector) { s.Where(entsql.IsNull(s.C("deleted_at"))) }, nil
}

// changeFence returns the condition under which a change in live is visible to
// the viewer of ctx. It matches the predicate of the partial index for that clearance.
func changeFence(ctx context.Context) (func(*entsql.Selector), error) {
	viewer, err := domain.Require(ctx, domain.ReadLive)
	if err != nil {
		return nil, err
	}
	column := ChangeColumn(viewer.Clearance)
	return func(s *entsql.Selector) {
		s.Where(entsql.P(func(b *entsql.Builder) { b.WriteString(column + " > 0") }))
	}, nil
}

// ChangeColumn returns the column of the table changes with the kind of change for
// viewers of a clearance.
func ChangeColumn(clearance domain.Marking) string {
	return strings.ToLower(min(clearance, domain.Red).String())
}

type trashKey struct{}

// WithTrash returns a context under which reads of the desk see only the
// documents in the trash.
func WithTrash(ctx context.Context) context.Context {
	return context.WithValue(ctx, trashKey{}, true)
}
