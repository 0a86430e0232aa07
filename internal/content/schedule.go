package content

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redthread-api/redthread/ent"
	"github.com/redthread-api/redthread/ent/schedule"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// The states of a schedule.
const (
	schedulePending   = "PENDING"
	scheduleDone      = "DONE"
	scheduleFailed    = "FAILED"
	scheduleCancelled = "CANCELLED"
)

// ScheduleParams is a publication, or its end, at a time to come.
type ScheduleParams struct {
	Action     string // PUBLISH or UNPUBLISH
	Documents  []string
	At         time.Time
	References string
	Message    *string
}

// Schedule notes that documents are to be published or unpublished at a time.
// What is published is the version that the documents have then. Needs the right PUBLISH.
func (d *Desk) Schedule(ctx context.Context, params ScheduleParams) (*ent.Schedule, error) {
	var made *ent.Schedule
	_, err := d.act(ctx, domain.PublishDocuments, func(ctx context.Context, e *edit) (err error) {
		made, err = e.schedule(ctx, params)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.wakeUp()
	return made, nil
}

func (e *edit) schedule(ctx context.Context, params ScheduleParams) (*ent.Schedule, error) {
	var p domain.Problems
	if !slices.Contains(domain.PublicationActions, params.Action) {
		p.Add("action", "want one of %v", domain.PublicationActions)
	}
	if params.References == "" {
		params.References = Refuse
	}
	if !slices.Contains(domain.ReferencePolicies, params.References) {
		p.Add("references", "want one of %v", domain.ReferencePolicies)
	}
	if !params.At.After(e.at) {
		p.Add("at", "is not in the future")
	}
	if len(params.Documents) == 0 {
		p.Add("documents", "name at least one document")
	}
	message := optionalText(params.Message, "message", &p)
	docs, err := resolveDocuments(ctx, e.tx, params.Documents, "documents", &p)
	if err != nil {
		return nil, err
	}
	if err := p.Err("nothing was scheduled"); err != nil {
		return nil, err
	}
	var ids []string
	for _, doc := range docs {
		ids = append(ids, doc.id.String())
	}
	create := e.tx.Client().Schedule.Create().
		SetID(e.newID(domain.Schedule)).SetAction(params.Action).
		SetAt(params.At.UTC().Truncate(time.Microsecond)).SetDocuments(ids).SetReferences(params.References).
		SetStatus(schedulePending).SetCreatedBy(e.viewer.Name).SetCreatedAt(e.at)
	if message != "" {
		create.SetMessage(message)
	}
	made, err := create.Save(ctx)
	if err != nil {
		return nil, err
	}
	return made, e.record(ctx, audit.Entry{Action: audit.Schedule, Subject: made.ID.String(), Documents: idsOf(docs),
		Detail: params.Action + " at " + made.At.Format(time.RFC3339)})
}

// CancelSchedule calls a schedule off. KindConflict once it has been carried
// out. Needs the right PUBLISH.
func (d *Desk) CancelSchedule(ctx context.Context, id domain.ID) (*ent.Schedule, error) {
	var cancelled *ent.Schedule
	_, err := d.act(ctx, domain.PublishDocuments, func(ctx context.Context, e *edit) error {
		found, err := e.tx.Client().Schedule.Get(ctx, id)
		if ent.IsNotFound(err) {
			return domain.NotFound("there is no schedule with the id %s", id)
		}
		if err != nil {
			return err
		}
		if found.Status != schedulePending {
			return domain.Conflict("the schedule %s is %s already", id, found.Status)
		}
		if cancelled, err = found.Update().SetStatus(scheduleCancelled).SetDoneAt(e.at).Save(ctx); err != nil {
			return err
		}
		return e.record(ctx, audit.Entry{Action: audit.CancelSchedule, Subject: id.String()})
	})
	return cancelled, err
}

// PublishDue carries out the schedules whose time has come, oldest first, each
// in a transaction with its release, so that it happens once however many
// processes try. It returns how many were carried out, well or badly.
func (d *Desk) PublishDue(ctx context.Context) (int, error) {
	ctx = domain.AsSystem(ctx, "publish due releases")
	done := 0
	for {
		// A look without a transaction first: most of the time nothing is due.
		due, err := d.nextDue(ctx)
		if err != nil || due.IsZero() || due.After(d.clock()) {
			return done, err
		}
		id, err := d.publishNextDue(ctx)
		if err != nil || id == 0 {
			return done, err
		}
		done++
	}
}

func (d *Desk) publishNextDue(ctx context.Context) (domain.ID, error) {
	var due *ent.Schedule
	var appended int64
	err := d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		due, appended = nil, 0
		at := d.clock()
		next, err := tx.Client().Schedule.Query().
			Where(schedule.Status(schedulePending), schedule.AtLTE(at)).
			Order(schedule.ByAt(), schedule.ByID()).First(ctx)
		if ent.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		due = next
		viewer := &domain.Viewer{Name: "schedule of " + due.CreatedBy, Role: domain.Editor, Clearance: domain.Red, System: true}
		ctx = domain.WithViewer(ctx, viewer)
		e := &edit{desk: d, tx: tx, viewer: viewer, at: at}
		params := ReleaseParams{References: due.References, Message: due.Message, Publish: due.Documents}
		if due.Action == actionUnpublish {
			params.Publish, params.Unpublish = nil, due.Documents
		}
		released, err := e.releaseParams(ctx, params)
		if err != nil {
			return err
		}
		appended = e.appended
		return due.Update().SetStatus(scheduleDone).SetSequence(released.Sequence).SetDoneAt(at).Exec(ctx)
	})
	switch {
	case due == nil || ctx.Err() != nil:
		return 0, err
	case err == nil:
		d.log.InfoContext(ctx, "schedule was carried out", "schedule", due.ID.String())
		d.await(ctx, appended)
		return due.ID, nil
	case domain.KindOf(err) == domain.KindInternal || domain.KindOf(err) == domain.KindUnavailable:
		return 0, fmt.Errorf("schedule %s: %w", due.ID, err) // it stays due
	}
	d.log.ErrorContext(ctx, "schedule could not be carried out", "schedule", due.ID.String(), "error", err)
	return due.ID, d.failSchedule(ctx, due.ID, err)
}

// failSchedule notes why a schedule cannot be carried out, for staff to see.
func (d *Desk) failSchedule(ctx context.Context, id domain.ID, why error) error {
	message := why.Error()
	if e, ok := errors.AsType[*domain.Error](why); ok {
		message = e.Error()
	}
	return d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Client().Schedule.Update().
			Where(schedule.ID(id), schedule.Status(schedulePending)).
			SetStatus(scheduleFailed).SetError(message).SetDoneAt(d.clock()).Save(ctx)
		return err
	})
}

// nextDue is when the next schedule is due; the zero time where none is.
func (d *Desk) nextDue(ctx context.Context) (time.Time, error) {
	staff := domain.WithStage(domain.AsSystem(ctx, "publish due releases"), domain.Desk)
	next, err := d.stores.Client(staff).Schedule.Query().
		Where(schedule.Status(schedulePending)).Order(schedule.ByAt()).First(staff)
	if ent.IsNotFound(err) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return next.At, nil
}
