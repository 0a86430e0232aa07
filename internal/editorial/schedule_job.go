package editorial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/riverqueue/river"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/predicate"
	"github.com/redthread-api/redthread/ent/db/schedule"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

const (
	scheduleQueue = "schedules"
	// schedulesAtOnce is how many schedules a process carries out at once, so that
	// one that hangs does not delay the others.
	schedulesAtOnce = 4
	// scheduleTimeout bounds an attempt. After a process was killed during one,
	// another process makes the next attempt that much later, or when one starts.
	scheduleTimeout = 2 * time.Minute
	// scheduleAttempts are those of a day, with the back-off.
	scheduleAttempts = 297
	// schedulePatience is the number of times, a second apart, that a schedule
	// waits for earlier schedules of its documents.
	schedulePatience = 60
	// maxScheduleWait bounds how long the job of a schedule waits that begins ahead of the schedule's time, as after
	// the clock was put back: the clock may be put right before that time is over.
	maxScheduleWait = 5 * time.Minute

	scheduleUpkeepTimeout  = 5 * time.Minute
	scheduleUpkeepAttempts = 10 // the next hour brings another one
	// scheduleSweepBatch is how many schedules get their jobs in one transaction.
	scheduleSweepBatch = 50
	// maxScheduleRuns is the number of processes that a schedule may seem to have
	// killed before a starting process no longer gives it a new job and leaves it
	// to its jobs and their limit of attempts.
	maxScheduleRuns = 3
)

// scheduleBackoff returns the time until the next attempt of a schedule that
// failed for a temporary reason.
var scheduleBackoff = store.ExponentialBackoff(time.Second, 5*time.Minute)

// scheduleJob is the job that carries out a schedule.
type scheduleJob struct {
	Schedule domain.ID `json:"schedule"`
}

// Kind is the name of the job in river's tables.
func (scheduleJob) Kind() string { return "schedule" }

// scheduleUpkeep is the periodic job that gives a job to schedules without one.
type scheduleUpkeep struct{}

// Kind is the name of the job in river's tables.
func (scheduleUpkeep) Kind() string { return "schedule_upkeep" }

// UseJobs makes the desk enqueue schedules in the given job queue, which is that
// of the process. Schedules are carried out while jobs run, in this process or
// another. Call it before the desk is used.
func (d *Desk) UseJobs(jobs *store.Jobs) {
	d.jobs = jobs
	store.AddKind(jobs, store.Kind[scheduleJob]{
		Timeout: scheduleTimeout, MaxAttempts: scheduleAttempts, Backoff: scheduleBackoff, Run: d.runSchedule})
	store.AddKind(jobs, store.Kind[scheduleUpkeep]{
		Timeout: scheduleUpkeepTimeout, MaxAttempts: scheduleUpkeepAttempts, Backoff: scheduleBackoff,
		Run: func(ctx context.Context, _ *river.Job[scheduleUpkeep]) error {
			err := d.sweepSchedules(domain.AsSystem(ctx, "look after schedules"))
			if err != nil && ctx.Err() == nil {
				d.log.ErrorContext(ctx, "not all schedules without a job got one; retrying", "error", err)
			}
			return err
		}})
	jobs.AddQueue(store.Queue{Name: scheduleQueue, AtOnce: schedulesAtOnce, Prompt: true})
	jobs.Every(time.Hour, scheduleUpkeep{})
}

// enqueueSchedule writes the job of a schedule. River uses the machine's clock;
// the job itself uses the desk's.
func (e *editTx) enqueueSchedule(ctx context.Context, s *db.Schedule) error {
	options := &river.InsertOpts{Queue: scheduleQueue}
	if s.At.After(time.Now()) {
		options.ScheduledAt = s.At
	}
	return e.desk.jobs.Enqueue(ctx, e.tx, river.InsertManyParams{Args: scheduleJob{s.ID}, InsertOpts: options})
}

// scheduleViewer is the system viewer that carries out schedules. It is not the
// person who made the schedule, who may have left by then.
func scheduleViewer(s *db.Schedule) *domain.Viewer {
	return &domain.Viewer{Name: "schedule of " + s.CreatedBy, Role: domain.Editor, Clearance: domain.Red, System: true}
}

// refusalOf returns the error of a rule that refused a release; a retry would
// fail in the same way. A conflict in the database with a concurrent write is
// no refusal.
func refusalOf(err error) (*domain.Error, bool) {
	e, ok := errors.AsType[*domain.Error](err)
	if !ok || e.Unwrap() != nil {
		return nil, false
	}
	return e, e.Kind != domain.KindInternal && e.Kind != domain.KindUnavailable
}

// runSchedule runs the job of a schedule. A refusal by a rule ends the schedule.
// After a temporary error it is retried for a day; then it ends as failed.
func (d *Desk) runSchedule(ctx context.Context, job *river.Job[scheduleJob]) error {
	ctx = domain.AsSystem(ctx, "publish due releases")
	id, snoozes := job.Args.Schedule, store.Snoozes(job.JobRow)
	wait, err := d.carryOut(ctx, id, snoozes < schedulePatience)
	if err == nil && wait > 0 {
		return river.JobSnooze(wait)
	}
	if err == nil || errors.Is(err, context.Canceled) {
		return err // the process ends, and the job is taken up by the next one
	}
	var why string
	if refusal, ok := refusalOf(err); ok {
		why = refusal.Error()
	} else if job.Attempt >= job.MaxAttempts {
		why = "it could not be carried out for a day because of an internal error; the log says more"
		if e, ok := errors.AsType[*domain.Error](err); ok && e.Kind != domain.KindInternal {
			why = "it could not be carried out for a day: " + e.Message
		}
	}
	if why == "" {
		d.log.ErrorContext(ctx, "a schedule could not be carried out; retrying",
			"schedule", id.String(), "error", err, "attempts", job.Attempt, "in", scheduleBackoff(job.Attempt).String())
		d.recordAttempt(ctx, id)
		return err
	}
	d.log.ErrorContext(ctx, "a schedule has failed", "schedule", id.String(), "error", err, "attempts", job.Attempt)
	if err := d.failSchedule(ctx, id, why); err != nil {
		d.log.ErrorContext(ctx, "a schedule could not be marked as failed; retrying", "schedule", id.String(), "error", err)
		return river.JobSnooze(scheduleBackoff(snoozes + 1)) // which uses up no attempt
	}
	return nil
}

// carryOut carries out a schedule in one transaction with its release, so that it happens
// once even if several processes try. If the schedule is not due, it returns how long to
// wait. With waitForEarlier it also waits for earlier pending schedules of the same
// documents.
func (d *Desk) carryOut(ctx context.Context, id domain.ID, waitForEarlier bool) (wait time.Duration, err error) {
	ahead, err := d.planAhead(ctx, id)
	if err != nil {
		return 0, err
	}
	var done bool
	var appended int64
	err = d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		wait, done, appended = 0, false, 0
		due, err := tx.Client().Schedule.Get(ctx, id)
		if db.IsNotFound(err) {
			return nil
		}
		if err != nil || due.Status != schedulePending {
			return err
		}
		e := &editTx{desk: d, tx: tx, viewer: scheduleViewer(due), at: d.clock()}
		if due.At.After(e.at) {
			wait = min(due.At.Sub(e.at), maxScheduleWait)
			return nil
		}
		earlier, overtaken, err := e.scheduleOrder(ctx, due)
		if err != nil {
			return err
		}
		if overtaken != 0 {
			return domain.Conflict("the schedule %s, which is for a later time and for one of the same documents, was carried out before", overtaken)
		}
		if earlier && waitForEarlier {
			wait = time.Second
			return nil
		}
		pl := ahead
		if pl != nil && pl.confirm(ctx, tx) != nil {
			pl = nil
		}
		if pl == nil {
			if pl, err = planScheduled(ctx, tx, e.at, due); err != nil {
				return err
			}
		}
		released, err := e.appendPlan(domain.WithViewer(ctx, e.viewer), pl)
		if err != nil {
			return err
		}
		done, appended = true, e.appended
		change := due.Update().SetStatus(scheduleDone).SetDoneAt(e.at).ClearError()
		if released.Sequence > 0 {
			change.SetSequence(released.Sequence)
		}
		return change.Exec(ctx)
	})
	if err != nil {
		return 0, err
	}
	if done {
		d.log.InfoContext(ctx, "schedule was carried out", "schedule", id.String())
		d.awaitLive(ctx, appended)
	}
	return wait, nil
}

// planAhead plans the release of a schedule that is due, before the desk's lock is
// taken. It returns nil if planning fails: the release is then planned under the
// lock, and the error comes from there.
func (d *Desk) planAhead(ctx context.Context, id domain.ID) (*releasePlan, error) {
	if err := d.Prepare(ctx); err != nil {
		return nil, err
	}
	staff := domain.WithStage(ctx, domain.Desk)
	due, err := d.stores.Client(staff).Schedule.Get(staff, id)
	if db.IsNotFound(err) {
		return nil, nil
	}
	if err != nil || due.Status != schedulePending || due.At.After(d.clock()) {
		return nil, err
	}
	pl, err := planScheduled(ctx, d.stores.DeskRows(), d.clock(), due)
	if _, refused := refusalOf(err); refused || errors.Is(err, errStalePlan) {
		return nil, nil
	}
	return pl, err
}

// maxNamedDocuments is the most documents of a schedule that are searched for one
// by one among the documents of other schedules; for a schedule with more, all
// others are read.
const maxNamedDocuments = 20

// scheduleOrder reads the other schedules of a schedule's documents: whether
// an earlier one is still pending, and which later one has been carried out.
func (e *editTx) scheduleOrder(ctx context.Context, s *db.Schedule) (earlier bool, overtaken domain.ID, err error) {
	others, err := e.tx.Client().Schedule.Query().Where(schedule.IDNEQ(s.ID), schedule.Or(
		schedule.And(schedule.Status(schedulePending), schedule.AtLTE(s.At)),
		schedule.And(schedule.Status(scheduleDone), schedule.AtGT(s.At))), namesOne(s.Documents)).
		Order(schedule.ByAt(), schedule.ByID()).All(ctx)
	if err != nil {
		return false, 0, fmt.Errorf("read the other schedules: %w", err)
	}
	for _, o := range others {
		switch {
		case !slices.ContainsFunc(o.Documents, func(id string) bool { return slices.Contains(s.Documents, id) }):
		case o.Status == scheduleDone:
			overtaken = o.ID
		case o.At.Before(s.At) || o.ID < s.ID:
			earlier = true
		}
	}
	return earlier, overtaken, nil
}

// namesOne is the SQL condition that a schedule names one of the documents. With
// thousands of schedules due at once, each reads only the few of its documents.
func namesOne(documents []string) predicate.Schedule {
	return func(s *entsql.Selector) {
		if len(documents) > maxNamedDocuments {
			return
		}
		s.Where(entsql.P(func(b *entsql.Builder) {
			b.WriteString("(1 = 0")
			for _, id := range documents { // ids have no wildcards in them but "_", which does no harm
				b.WriteString(" OR CAST(").Ident(s.C(schedule.FieldDocuments)).WriteString(" AS text) LIKE ").Arg("%" + id + "%")
			}
			b.WriteString(")")
		}))
	}
}

// recordAttempt records a failed attempt on a schedule, for staff: the schedule is
// retried. If that cannot be written, the error is logged.
func (d *Desk) recordAttempt(ctx context.Context, id domain.ID) {
	err := d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.Client().Schedule.Update().Where(schedule.ID(id), schedule.Status(schedulePending), schedule.ErrorIsNil()).
			SetError("it could not be carried out yet because of an internal error, and is tried again; the log says more").Exec(ctx)
	})
	if err != nil && ctx.Err() == nil {
		d.log.WarnContext(ctx, "the failed attempt of a schedule could not be recorded", "schedule", id.String(), "error", err)
	}
}

// failSchedule marks a schedule as failed, with the reason for staff.
func (d *Desk) failSchedule(ctx context.Context, id domain.ID, why string) error {
	return d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Client().Schedule.Update().
			Where(schedule.ID(id), schedule.Status(schedulePending)).
			SetStatus(scheduleFailed).SetError(why).SetDoneAt(d.clock()).Save(ctx)
		return err
	})
}

// sweepSchedules gives a job to each pending schedule that has none: a schedule
// from a database of an older version, or one whose process was killed while
// carrying it out.
func (d *Desk) sweepSchedules(ctx context.Context) error {
	lost, err := d.withoutJob(ctx)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(lost, scheduleSweepBatch) {
		if err := d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
			e := &editTx{desk: d, tx: tx, at: d.clock()}
			for _, s := range batch {
				now, err := tx.Client().Schedule.Get(ctx, s.ID)
				switch {
				case db.IsNotFound(err) || err == nil && now.Status != schedulePending:
					continue
				case err != nil:
				case s.givenUp:
					err = now.Update().SetStatus(scheduleFailed).SetDoneAt(e.at).
						SetError(fmt.Sprintf("it was begun %d times, and the program never came to its end", scheduleAttempts)).Exec(ctx)
				default:
					// A job that was added in the meantime does no harm.
					err = e.enqueueSchedule(ctx, now)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return fmt.Errorf("give schedules their jobs: %w", err)
		}
	}
	return nil
}

// lostSchedule is a pending schedule that has no job.
type lostSchedule struct {
	*db.Schedule
	givenUp bool // it had a job, which used up its attempts
}

// withoutJob finds the pending schedules that have no job. It reads outside a
// transaction, since nearly always there are none. For a schedule that is due, a
// running job does not count: its process may have been killed, and carryOut makes
// sure that a schedule is carried out only once.
func (d *Desk) withoutJob(ctx context.Context) ([]lostSchedule, error) {
	ctx = domain.WithStage(ctx, domain.Desk)
	pending, err := d.stores.Client(ctx).Schedule.Query().Where(schedule.Status(schedulePending)).
		Order(schedule.ByAt(), schedule.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the schedules: %w", err)
	}
	type jobs struct{ waiting, running, givenUp int }
	unfinished := map[domain.ID]jobs{}
	err = d.jobs.Unfinished(ctx, d.stores.DeskRows(), scheduleJob{}.Kind(), scheduleQueue, func(k store.UnfinishedJob) error {
		var args scheduleJob
		if err := json.Unmarshal(k.Args, &args); err != nil {
			return nil // not a job of a schedule, and cannot be run
		}
		n := unfinished[args.Schedule]
		switch {
		case k.Running:
			n.running++
		case k.Discarded:
			n.givenUp++
		default:
			n.waiting++
		}
		unfinished[args.Schedule] = n
		return nil
	})
	if err != nil {
		return nil, err
	}
	var lost []lostSchedule
	for _, s := range pending {
		n := unfinished[s.ID]
		if n.waiting > 0 || n.running >= maxScheduleRuns || n.running > 0 && s.At.After(d.clock()) {
			continue
		}
		lost = append(lost, lostSchedule{s, n.givenUp > 0 && n.running == 0})
	}
	return lost, nil
}
