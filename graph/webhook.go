package graph

import (
	"context"
	"errors"
	"slices"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/idempotency"
)

// withWebhooks returns a context that reads the webhooks that the viewer may manage. It marks
// the response: as one from the desk, or with the clearance of an owner, whose deliveries
// have nothing that is marked higher.
func withWebhooks(ctx context.Context) (context.Context, error) {
	viewer, err := domain.RequireWebhooks(ctx)
	if err != nil {
		return ctx, err
	}
	marking := deskMarking
	if !viewer.May(domain.ManageWebhooks) {
		marking = viewer.Clearance
	}
	read.RaiseMarking(ctx, marking)
	return domain.WithStage(ctx, domain.Desk), nil
}

func (r queryResolver) Webhooks(ctx context.Context, owner *string, first *int, after *string, last *int, before *string) (*model.WebhookConnection, error) {
	ctx, err := withWebhooks(ctx)
	if err != nil {
		return nil, err
	}
	var owners []string
	if owner != nil {
		owners = []string{*owner}
	}
	return read.List(ctx, r.reader, catalog.Webhooks, args(first, after, last, before, oneOf("owner", owners), newestFirst("CREATED_AT")))
}

func (r queryResolver) Webhook(ctx context.Context, id string) (*db.Webhook, error) {
	ctx, err := withWebhooks(ctx)
	if err != nil {
		return nil, err
	}
	parsed, err := domain.ParseID(id)
	if err != nil {
		return nil, err
	}
	row, err := r.webhook(ctx, parsed)
	if errors.Is(err, domain.ErrNotFound) {
		return nil, nil
	}
	return row, err
}

func (r queryResolver) WebhookDeliveries(ctx context.Context, webhook *string, states []string, first *int, after *string, last *int, before *string) (*model.WebhookDeliveryConnection, error) {
	ctx, err := withWebhooks(ctx)
	if err != nil {
		return nil, err
	}
	var hooks []string
	if webhook != nil {
		hooks = []string{*webhook}
	}
	return read.List(ctx, r.reader, catalog.WebhookDeliveries,
		args(first, after, last, before, allOf(oneOf("webhook", hooks), oneOf("state", states)), newestFirst("CREATED_AT")))
}

func (deliveryResolver) Number(_ context.Context, obj *db.WebhookDelivery) (int, error) {
	return int(obj.Number), nil
}

// Body is null for an owner until a receiver has responded: what was not received may be
// about a document that the owner must not know of by now.
func (deliveryResolver) Body(ctx context.Context, obj *db.WebhookDelivery) (*string, error) {
	viewer, err := domain.RequireWebhooks(ctx)
	if err != nil {
		return nil, err
	}
	responded := func(a domain.WebhookAttempt) bool { return a.Status != 0 }
	if !viewer.May(domain.ManageWebhooks) && !slices.ContainsFunc(obj.Attempts, responded) {
		return nil, nil
	}
	return &obj.Body, nil
}

func (deliveryResolver) Attempts(_ context.Context, obj *db.WebhookDelivery) ([]*domain.WebhookAttempt, error) {
	all := make([]*domain.WebhookAttempt, len(obj.Attempts))
	for i := range obj.Attempts {
		all[i] = &obj.Attempts[i]
	}
	return all, nil
}

func (attemptResolver) Status(_ context.Context, obj *domain.WebhookAttempt) (*int, error) {
	return nilIfZero(obj.Status), nil
}

func (attemptResolver) Response(_ context.Context, obj *domain.WebhookAttempt) (*string, error) {
	return nilIfZero(obj.Response), nil
}

func (attemptResolver) Error(_ context.Context, obj *domain.WebhookAttempt) (*string, error) {
	return nilIfZero(obj.Error), nil
}

// webhook reads a webhook from the desk.
func (r *Resolver) webhook(ctx context.Context, id domain.ID) (*db.Webhook, error) {
	return one(ctx, r, catalog.Webhooks, id)
}

// refuseWebhookInTransaction is refuseInTransaction for viewers who may manage webhooks.
func refuseWebhookInTransaction(ctx context.Context, onlyDryRun bool, why string) error {
	if _, err := domain.RequireWebhooks(ctx); err != nil {
		return err
	}
	return notInTransaction(ctx, onlyDryRun, why)
}

func (r mutationResolver) CreateWebhook(ctx context.Context, in model.CreateWebhookInput) (*model.WebhookSecretPayload, error) {
	if err := refuseWebhookInTransaction(ctx, true, showsSecret); err != nil {
		return nil, err
	}
	params := delivery.CreateParams{URL: in.URL, Events: eventsOf(in.Events), Types: in.Types, Tags: in.Tags, MaxMarking: in.Ceiling}
	if in.Description != nil {
		params.Description = *in.Description
	}
	idempotency.Withhold(ctx)
	id, secret, err := r.webhooks.Create(ctx, params)
	if err != nil {
		return nil, err
	}
	row, err := r.webhook(ctx, id)
	return orNil(model.WebhookSecretPayload{Webhook: row, Secret: secret}, err)
}

func (r mutationResolver) UpdateWebhook(ctx context.Context, in input) (*model.WebhookPayload, error) {
	if _, err := domain.RequireWebhooks(ctx); err != nil {
		return nil, err // before an error describes the input
	}
	text, _ := in["id"].(string)
	id, err := domain.ParseID(text)
	if err != nil {
		return nil, err
	}
	params := delivery.UpdateParams{ID: id, URL: inputField[string](in, "url"), Enabled: inputField[bool](in, "enabled"),
		Types: inputList(in, "types"), Tags: inputList(in, "tags")}
	if _, some := in["description"]; some {
		none := ""
		if params.Description = inputField[string](in, "description"); params.Description == nil {
			params.Description = &none
		}
	}
	if names := inputList(in, "events"); names != nil {
		events := eventsOf(*names)
		params.Events = &events
	}
	if name := inputField[string](in, "ceiling"); name != nil {
		ceiling, _ := domain.ParseMarking(*name) // an enum
		params.MaxMarking = &ceiling
	}
	if err := r.webhooks.Update(ctx, params); err != nil {
		return nil, err
	}
	row, err := r.webhook(ctx, id)
	return orNil(model.WebhookPayload{Webhook: row}, err)
}

// eventsOf reads a list of an enum; nil for nil.
func eventsOf(names []string) []delivery.Event {
	if names == nil {
		return nil
	}
	events := make([]delivery.Event, len(names))
	for i, name := range names {
		events[i] = delivery.Event(name)
	}
	return events
}

func (r mutationResolver) DeleteWebhook(ctx context.Context, in model.DeleteWebhookInput) (*model.DeleteWebhookPayload, error) {
	err := r.withWebhook(ctx, in.ID, func(id domain.ID) error { return r.webhooks.Delete(ctx, id) })
	return orNil(model.DeleteWebhookPayload{DeletedID: in.ID}, err)
}

func (r mutationResolver) RotateWebhookSecret(ctx context.Context, in model.RotateWebhookSecretInput) (*model.WebhookSecretPayload, error) {
	if err := refuseWebhookInTransaction(ctx, true, showsSecret); err != nil {
		return nil, err
	}
	idempotency.Withhold(ctx)
	var payload model.WebhookSecretPayload
	err := r.withWebhook(ctx, in.ID, func(id domain.ID) (err error) {
		if payload.Secret, err = r.webhooks.Rotate(ctx, id, minutes(in.OverlapMinutes)); err == nil {
			payload.Webhook, err = r.webhook(ctx, id)
		}
		return err
	})
	return orNil(payload, err)
}

func (r mutationResolver) TestWebhook(ctx context.Context, in model.TestWebhookInput) (*model.TestWebhookPayload, error) {
	if err := refuseWebhookInTransaction(ctx, false, "it sends a request, which cannot be taken back"); err != nil {
		return nil, err
	}
	var payload model.TestWebhookPayload
	err := r.withWebhook(ctx, in.ID, func(id domain.ID) error {
		attempt, err := r.webhooks.Test(ctx, id)
		payload.Attempt = &attempt
		return err
	})
	return orNil(payload, err)
}

func (r mutationResolver) RetryWebhookDeliveries(ctx context.Context, in model.RetryWebhookDeliveriesInput) (*model.RetryWebhookDeliveriesPayload, error) {
	if _, err := domain.RequireWebhooks(ctx); err != nil {
		return nil, err // before an error describes the input
	}
	var params delivery.RetryParams
	if in.Webhook != nil {
		id, err := domain.ParseID(*in.Webhook)
		if err != nil {
			return nil, err
		}
		params.Webhook = &id
	}
	if in.Deliveries != nil {
		params.Deliveries = []domain.ID{}
		for _, text := range in.Deliveries {
			id, err := domain.ParseID(text)
			if err != nil {
				return nil, err
			}
			params.Deliveries = append(params.Deliveries, id)
		}
	}
	repeated, err := r.webhooks.Retry(ctx, params)
	ids := make([]string, len(repeated))
	for i, id := range repeated {
		ids[i] = id.String()
	}
	return orNil(model.RetryWebhookDeliveriesPayload{Deliveries: ids}, err)
}

// withWebhook calls fn with the id of a webhook, if the viewer may manage
// webhooks, or its own.
func (r *Resolver) withWebhook(ctx context.Context, text string, fn func(domain.ID) error) error {
	if _, err := domain.RequireWebhooks(ctx); err != nil {
		return err // before an error describes the input
	}
	id, err := domain.ParseID(text)
	if err != nil {
		return err
	}
	return fn(id)
}
