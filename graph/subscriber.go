package graph

import (
	"context"
	"errors"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter"
)

func (r queryResolver) Subscribers(ctx context.Context, email *string, first *int, after *string, last *int, before *string) (*model.SubscriberConnection, error) {
	ctx, err := withRight(ctx, domain.ManageSubscribers)
	if err != nil {
		return nil, err
	}
	found, err := r.byAddress(ctx, email)
	if err != nil {
		return nil, err
	}
	return read.List(ctx, r.reader, catalog.Subscribers, args(first, after, last, before, found, newestFirst("CREATED_AT")))
}

func (r queryResolver) Suppressions(ctx context.Context, email *string, first *int, after *string, last *int, before *string) (*model.SuppressionConnection, error) {
	ctx, err := withRight(ctx, domain.ManageSubscribers)
	if err != nil {
		return nil, err
	}
	found, err := r.byAddress(ctx, email)
	if err != nil {
		return nil, err
	}
	return read.List(ctx, r.reader, catalog.Suppressions, args(first, after, last, before, found, newestFirst("AT")))
}

// byAddress returns a filter of an address; nil for nil.
func (r *Resolver) byAddress(ctx context.Context, email *string) (filter, error) {
	if email == nil {
		return nil, nil
	}
	hash, err := r.subscribers.Hash(ctx, *email)
	if err != nil {
		return nil, err
	}
	return oneOf("emailHash", []string{hash}), nil
}

func (r queryResolver) Subscriber(ctx context.Context, id string) (*newsletter.Person, error) {
	ctx, err := withRight(ctx, domain.ManageSubscribers)
	if err != nil {
		return nil, err
	}
	parsed, err := domain.ParseID(id)
	if err != nil {
		return nil, err
	}
	person, err := r.subscribers.Person(ctx, parsed)
	if errors.Is(err, domain.ErrNotFound) {
		return nil, nil
	}
	return person, err
}

func (r mutationResolver) Subscribe(ctx context.Context, in model.SubscribeInput) (*model.SubscribePayload, error) {
	params := newsletter.SubscribeParams{Email: in.Email, Series: in.Series}
	if in.Language != nil {
		params.Language = *in.Language
	}
	if in.Proof != nil {
		params.Proof = *in.Proof
	}
	err := r.subscribers.Subscribe(ctx, params)
	return orNil(model.SubscribePayload{Accepted: true}, err)
}

func (r mutationResolver) EraseSubscriber(ctx context.Context, in model.EraseSubscriberInput) (*model.EraseSubscriberPayload, error) {
	if _, err := domain.Require(ctx, domain.ManageSubscribers); err != nil {
		return nil, err // before an error describes the input
	}
	var params newsletter.EraseParams
	if in.ID != nil {
		id, err := domain.ParseID(*in.ID)
		if err != nil {
			return nil, err
		}
		params.ID = id
	}
	if in.Email != nil {
		params.Email = *in.Email
	}
	err := r.subscribers.Erase(ctx, params)
	return orNil(model.EraseSubscriberPayload{Erased: true}, err)
}

func (r mutationResolver) SuppressAddress(ctx context.Context, in model.AddressInput) (*model.SuppressAddressPayload, error) {
	err := r.subscribers.Suppress(ctx, in.Email)
	return orNil(model.SuppressAddressPayload{Suppressed: true}, err)
}

func (r mutationResolver) UnsuppressAddress(ctx context.Context, in model.AddressInput) (*model.SuppressAddressPayload, error) {
	err := r.subscribers.Unsuppress(ctx, in.Email)
	return orNil(model.SuppressAddressPayload{}, err)
}
