package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

func (r mutationResolver) Undelete(ctx context.Context, in model.UndeleteInput) (*editorial.SaveResult, error) {
	id, err := r.desk.Undelete(ctx, in.Document)
	return orNil(editorial.SaveResult{ID: id, Changed: true}, err)
}

func (r mutationResolver) RestoreRevision(ctx context.Context, in editorial.RestoreParams) (*editorial.SaveResult, error) {
	return orNil(r.desk.Restore(ctx, in))
}

func (r mutationResolver) MergeEntities(ctx context.Context, in editorial.MergeParams) (*editorial.MergeResult, error) {
	return orNil(r.desk.MergeEntities(ctx, in))
}

func (r mutationResolver) Publish(ctx context.Context, in editorial.PublishParams) (*editorial.ReleaseResult, error) {
	return orNil(r.desk.Publish(ctx, in))
}

func (r mutationResolver) Unpublish(ctx context.Context, in editorial.UnpublishParams) (*editorial.ReleaseResult, error) {
	return orNil(r.desk.Unpublish(ctx, in))
}

func (r mutationResolver) Release(ctx context.Context, in editorial.ReleaseParams) (*editorial.ReleaseResult, error) {
	return orNil(r.desk.Release(ctx, in))
}

func (r mutationResolver) SchedulePublication(ctx context.Context, in editorial.ScheduleParams) (*model.SchedulePayload, error) {
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
func (r mutationResolver) scheduled(ctx context.Context, s *db.Schedule, err error) (*model.SchedulePayload, error) {
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
func (r scheduleResolver) Warnings(ctx context.Context, obj *db.Schedule) ([]string, error) {
	return r.desk.ScheduleWarnings(ctx, obj)
}

// Document reads the document that was saved, of whichever type.
func (r savedResolver) Document(ctx context.Context, obj *editorial.SaveResult) (model.Document, error) {
	found, err := r.byID(ctx, []domain.ID{obj.ID})
	return found[obj.ID], err
}

func (r mergedResolver) Entity(ctx context.Context, obj *editorial.MergeResult) (*db.Entity, error) {
	return saved(ctx, r.Resolver, catalog.Entities, &obj.SaveResult)
}

func (mergedResolver) Warnings(_ context.Context, obj *editorial.MergeResult) ([]*model.Warning, error) {
	return model.NewWarnings(obj.Warnings), nil
}

func (r mergedResolver) Repointed(ctx context.Context, obj *editorial.MergeResult) ([]model.Document, error) {
	return r.inOrder(ctx, obj.Repointed)
}

func (r mergedResolver) Removed(ctx context.Context, obj *editorial.MergeResult) ([]model.Document, error) {
	return r.alsoInTrash(ctx, obj.Removed)
}

func (r mergedResolver) Unpublished(ctx context.Context, obj *editorial.MergeResult) ([]model.Document, error) {
	return r.alsoInTrash(ctx, obj.Unpublished)
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
	if obj.Applied {
		return releaseApplied, nil
	}
	return releasePending, nil
}

func (releasedResolver) Warnings(_ context.Context, obj *editorial.ReleaseResult) ([]*model.Warning, error) {
	return model.NewWarnings(obj.Warnings), nil
}

func (savedResolver) Warnings(_ context.Context, obj *editorial.SaveResult) ([]*model.Warning, error) {
	return model.NewWarnings(obj.Warnings), nil
}

// Path is null for a warning about the document as a whole.
func (warningResolver) Path(_ context.Context, obj *model.Warning) (*string, error) {
	if obj.Path == "" {
		return nil, nil
	}
	return &obj.Path, nil
}

// Documents reads the documents of all warnings of the payload at once.
func (r warningResolver) Documents(ctx context.Context, obj *model.Warning) ([]model.Document, error) {
	docs := make([]model.Document, 0, len(obj.Documents))
	for _, id := range obj.Documents {
		doc, err := r.onDesk(ctx, obj.Page, id)
		if err != nil {
			return nil, err
		}
		if doc != nil {
			docs = append(docs, doc)
		}
	}
	return docs, nil
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
