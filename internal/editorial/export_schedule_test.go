package editorial

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/schedule"
	"github.com/redthread-api/redthread/internal/domain"
)

// ScheduleAttempts is how often the job of a schedule may be begun.
const ScheduleAttempts = scheduleAttempts

// ScheduleBackoff is how long a schedule waits after so many attempts.
var ScheduleBackoff = scheduleBackoff

// RunSchedule runs the job of a schedule as river does for the nth time, put off
// so many times before. It returns for how long it is put off now, and an error
// where it is to be attempted again.
func (d *Desk) RunSchedule(ctx context.Context, id domain.ID, attempt, snoozes int) (time.Duration, error) {
	err := d.runSchedule(ctx, &river.Job[scheduleJob]{
		JobRow: &rivertype.JobRow{Attempt: attempt, MaxAttempts: scheduleAttempts, Metadata: fmt.Appendf(nil, `{"snoozes": %d}`, snoozes)},
		Args:   scheduleJob{id},
	})
	if snooze, ok := errors.AsType[*rivertype.JobSnoozeError](err); ok {
		return snooze.Duration, nil
	}
	return 0, err
}

// CarryOutDue runs the jobs of the schedules that are due, and returns how many
// of them have ended, well or badly.
func (d *Desk) CarryOutDue(ctx context.Context) (int, error) {
	staff := domain.WithStage(domain.AsSystem(ctx, "test"), domain.Desk)
	pending := func() ([]*db.Schedule, error) {
		return d.stores.Client(staff).Schedule.Query().
			Where(schedule.Status(schedulePending), schedule.AtLTE(d.clock())).Order(schedule.ByAt(), schedule.ByID()).All(staff)
	}
	due, err := pending()
	if err != nil {
		return 0, err
	}
	for _, s := range due {
		if _, err := d.RunSchedule(ctx, s.ID, 1, 0); err != nil {
			return 0, err
		}
	}
	left, err := pending()
	return len(due) - len(left), err
}

// SweepSchedules gives a job to the schedules that have none.
func (d *Desk) SweepSchedules(ctx context.Context) error {
	return d.sweepSchedules(domain.AsSystem(ctx, "test"))
}

// SchedulesWithoutJob are the pending schedules that have no job.
func (d *Desk) SchedulesWithoutJob(ctx context.Context) ([]domain.ID, error) {
	lost, err := d.withoutJob(domain.AsSystem(ctx, "test"))
	var ids []domain.ID
	for _, s := range lost {
		ids = append(ids, s.ID)
	}
	return ids, err
}

// CancelSchedulesOf calls off the schedules that name one of the documents.
func (d *Desk) CancelSchedulesOf(ctx context.Context, ids []domain.ID, why string) (cancelled []*db.Schedule, err error) {
	_, err = d.withTx(ctx, domain.PublishDocuments, func(ctx context.Context, e *editTx) (err error) {
		cancelled, err = e.cancelSchedulesOf(ctx, ids, why)
		return err
	})
	return cancelled, err
}
