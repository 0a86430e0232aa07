package graph

import (
	"context"

	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/internal/editorial"
)

func (r mutationResolver) Publish(ctx context.Context, in editorial.PublishParams) (*editorial.ReleaseResult, error) {
	return orNil(r.desk.Publish(ctx, in))
}

func (r mutationResolver) Unpublish(ctx context.Context, in editorial.UnpublishParams) (*editorial.ReleaseResult, error) {
	return orNil(r.desk.Unpublish(ctx, in))
}

func (r mutationResolver) Release(ctx context.Context, in editorial.ReleaseParams) (*editorial.ReleaseResult, error) {
	return orNil(r.desk.Release(ctx, in))
}

// The states of a release.
const (
	releaseApplied = "APPLIED"
	releasePending = "PENDING"
)

// Sequence is null for a release that changed nothing.
func (releasedResolver) Sequence(_ context.Context, obj *editorial.ReleaseResult) (*int, error) {
	if obj.Sequence == 0 {
		return nil, nil
	}
	sequence := int(obj.Sequence)
	return &sequence, nil
}

func (releasedResolver) State(_ context.Context, obj *editorial.ReleaseResult) (string, error) {
	return releaseState(obj.Applied), nil
}

func releaseState(applied bool) string {
	if applied {
		return releaseApplied
	}
	return releasePending
}

func (releasedResolver) Warnings(_ context.Context, obj *editorial.ReleaseResult) ([]*model.Warning, error) {
	return model.NewWarnings(obj.Warnings), nil
}

func (r releasedResolver) Published(ctx context.Context, obj *editorial.ReleaseResult) ([]model.Document, error) {
	return r.inOrder(ctx, obj.Published)
}

func (r releasedResolver) Unpublished(ctx context.Context, obj *editorial.ReleaseResult) ([]model.Document, error) {
	return r.inOrder(ctx, obj.Unpublished)
}

func (r releasedResolver) Omitted(ctx context.Context, obj *editorial.ReleaseResult) ([]model.Document, error) {
	return r.inOrder(ctx, obj.Omitted)
}
