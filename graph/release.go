package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
)

func (r mutationResolver) Undelete(ctx context.Context, in model.UndeleteInput) (*content.Saved, error) {
	id, err := r.desk.Undelete(ctx, in.Document)
	return orNil(content.Saved{ID: id, Changed: true}, err)
}

func (r mutationResolver) RestoreRevision(ctx context.Context, in content.RestoreParams) (*content.Saved, error) {
	return orNil(r.desk.Restore(ctx, in))
}

func (r mutationResolver) MergeEntities(ctx context.Context, in content.MergeParams) (*content.Saved, error) {
	return orNil(r.desk.MergeEntities(ctx, in))
}

func (r mutationResolver) Publish(ctx context.Context, in content.PublishParams) (*content.Released, error) {
	return orNil(r.desk.Publish(ctx, in))
}

func (r mutationResolver) Unpublish(ctx context.Context, in content.UnpublishParams) (*content.Released, error) {
	return orNil(r.desk.Unpublish(ctx, in))
}

func (r mutationResolver) Release(ctx context.Context, in content.ReleaseParams) (*content.Released, error) {
	return orNil(r.desk.Release(ctx, in))
}

func (r mutationResolver) SchedulePublication(ctx context.Context, in content.ScheduleParams) (*model.SchedulePayload, error) {
	made, err := r.desk.Schedule(ctx, in)
	return r.scheduled(ctx, made, err)
}

func (r mutationResolver) CancelSchedule(ctx context.Context, in model.CancelScheduleInput) (*model.SchedulePayload, error) {
	var p domain.Problems
	id, err := domain.ParseID(in.ID)
	if err != nil || id.Type() != domain.Schedule {
		p.Add("id", "%q is not the id of a schedule", in.ID)
		return nil, p.Err("nothing was cancelled")
	}
	cancelled, err := r.desk.CancelSchedule(ctx, id)
	return r.scheduled(ctx, cancelled, err)
}

// scheduled is the answer to what was done to a schedule. It was done, also where
// the warnings cannot be worked out.
func (r mutationResolver) scheduled(ctx context.Context, s *ent.Schedule, err error) (*model.SchedulePayload, error) {
	if err != nil {
		return nil, err
	}
	warnings, err := r.desk.ScheduleWarnings(ctx, s)
	if err != nil {
		warnings = []string{"it could not be looked up whether it could be carried out now"}
	}
	return &model.SchedulePayload{Schedule: s, Warnings: warnings}, nil
}

// Warnings are why a schedule could not be carried out now.
func (r scheduleResolver) Warnings(ctx context.Context, obj *ent.Schedule) ([]string, error) {
	return r.desk.ScheduleWarnings(ctx, obj)
}

// Document reads the document that was saved, of whichever type.
func (r savedResolver) Document(ctx context.Context, obj *content.Saved) (model.Document, error) {
	found, err := r.byID(ctx, []domain.ID{obj.ID})
	return found[obj.ID], err
}

// The states of a release.
const (
	releaseApplied = "APPLIED"
	releasePending = "PENDING"
)

func (releasedResolver) State(_ context.Context, obj *content.Released) (string, error) {
	if obj.Applied {
		return releaseApplied, nil
	}
	return releasePending, nil
}

func (r releasedResolver) Published(ctx context.Context, obj *content.Released) ([]model.Document, error) {
	return r.inOrder(ctx, obj.Published)
}

func (r releasedResolver) Unpublished(ctx context.Context, obj *content.Released) ([]model.Document, error) {
	return r.inOrder(ctx, obj.Unpublished)
}

func (r releasedResolver) Omitted(ctx context.Context, obj *content.Released) ([]model.Document, error) {
	return r.inOrder(ctx, obj.Omitted)
}
