package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

func (r queryResolver) Schedules(ctx context.Context, statuses []string, first *int, after *string, last *int, before *string) (*model.ScheduleConnection, error) {
	ctx, err := atDesk(ctx)
	if err != nil {
		return nil, err
	}
	by := order{Field: "AT", Direction: read.Ascending}
	return read.List(ctx, r.reader, catalog.Schedules, args(first, after, last, before, oneOf("status", statuses), &by))
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

// scheduled returns the payload of a mutation of a schedule. The mutation is done,
// also where the warnings cannot be read.
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

// Warnings returns why a schedule could not be carried out now.
func (r scheduleResolver) Warnings(ctx context.Context, obj *db.Schedule) ([]string, error) {
	return r.desk.ScheduleWarnings(ctx, obj)
}
