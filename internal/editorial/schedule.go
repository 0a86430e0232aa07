package editorial

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/schedule"
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// The states of a schedule.
const (
	schedulePending   = "PENDING"
	scheduleDone      = "DONE"
	scheduleFailed    = "FAILED"
	scheduleCancelled = "CANCELLED"
)

// ScheduleParams is the input of a scheduled publish or unpublish.
type ScheduleParams struct {
	Action     string // PUBLISH or UNPUBLISH
	Documents  []string
	At         time.Time
	References string
	Message    *string
}

// Schedule stores a schedule, by which documents are published or unpublished at a
// later time. It publishes the version that the documents have then. A schedule is
// for the documents that it names, and not for others that they are merged into.
// It is no error if they could not be published now: see [Desk.ScheduleWarnings].
// Needs the right PUBLISH.
func (d *Desk) Schedule(ctx context.Context, params ScheduleParams) (*db.Schedule, error) {
	var made *db.Schedule
	_, err := d.withTx(ctx, domain.PublishDocuments, func(ctx context.Context, e *editTx) (err error) {
		made, err = e.schedule(ctx, params)
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (e *editTx) schedule(ctx context.Context, params ScheduleParams) (*db.Schedule, error) {
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
	if err := e.enqueueSchedule(ctx, made); err != nil {
		return nil, err
	}
	return made, e.record(ctx, audit.Entry{Action: audit.Schedule, Subject: made.ID.String(), Documents: idsOf(docs),
		Detail: params.Action + " at " + made.At.Format(time.RFC3339)})
}

// CancelSchedule cancels a schedule. The error is KindConflict once it has been
// carried out. Needs the right PUBLISH.
func (d *Desk) CancelSchedule(ctx context.Context, id domain.ID) (*db.Schedule, error) {
	var cancelled *db.Schedule
	_, err := d.withTx(ctx, domain.PublishDocuments, func(ctx context.Context, e *editTx) error {
		found, err := e.tx.Client().Schedule.Get(ctx, id)
		if db.IsNotFound(err) {
			return domain.NotFound("there is no schedule with the id %s", id)
		}
		if err != nil {
			return err
		}
		if found.Status != schedulePending {
			return domain.Conflict("the schedule %s is %s already", id, found.Status)
		}
		cancelled, err = e.cancelSchedule(ctx, found, "")
		return err
	})
	return cancelled, err
}

// cancelSchedule cancels a pending schedule, and its job. why is for staff; it is
// empty if a person cancelled the schedule.
func (e *editTx) cancelSchedule(ctx context.Context, s *db.Schedule, why string) (*db.Schedule, error) {
	change := s.Update().SetStatus(scheduleCancelled).SetDoneAt(e.at)
	entry := audit.Entry{Action: audit.CancelSchedule, Subject: s.ID.String()}
	if why != "" {
		change.SetError(why)
		entry.Documents, entry.Detail = documentsOf(s), why
	}
	cancelled, err := change.Save(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.desk.jobs.Cancel(ctx, e.tx, scheduleJob{}.Kind(), "schedule", s.ID.String()); err != nil {
		return nil, err
	}
	return cancelled, e.record(ctx, entry)
}

// cancelSchedulesOf cancels the pending schedules that name one of the documents,
// and returns them. why is the text of their error and of the audit log entry.
func (e *editTx) cancelSchedulesOf(ctx context.Context, ids []domain.ID, why string) ([]*db.Schedule, error) {
	pending, err := e.tx.Client().Schedule.Query().Where(schedule.Status(schedulePending)).
		Order(schedule.ByAt(), schedule.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the schedules: %w", err)
	}
	var cancelled []*db.Schedule
	for _, s := range pending {
		if !slices.ContainsFunc(documentsOf(s), func(id domain.ID) bool { return slices.Contains(ids, id) }) {
			continue
		}
		s, err := e.cancelSchedule(ctx, s, why)
		if err != nil {
			return nil, fmt.Errorf("cancel a schedule: %w", err)
		}
		cancelled = append(cancelled, s)
	}
	return cancelled, nil
}

// documentsOf returns the documents that a schedule names.
func documentsOf(s *db.Schedule) []domain.ID {
	ids := make([]domain.ID, 0, len(s.Documents))
	for _, text := range s.Documents {
		if id, err := domain.ParseID(text); err == nil { // all are ids
			ids = append(ids, id)
		}
	}
	return ids
}

// releaseOf returns the parameters of the release that carries out a schedule for
// documents.
func releaseOf(s *db.Schedule, documents []string) ReleaseParams {
	if s.Action == projection.ActionUnpublish {
		return ReleaseParams{Unpublish: documents, References: s.References, Message: s.Message}
	}
	return ReleaseParams{Publish: documents, References: s.References, Message: s.Message}
}

// planScheduled plans the release of a schedule. It refuses if one of the documents
// no longer exists, also if its id now leads to another document.
func planScheduled(ctx context.Context, db store.Rows, at time.Time, s *db.Schedule) (*releasePlan, error) {
	ids := documentsOf(s)
	metas, err := aggregate.ReadMeta(ctx, db, ids)
	if err != nil {
		return nil, err
	}
	into, err := mergedInto(ctx, db, ids)
	if err != nil {
		return nil, err
	}
	var p domain.Problems
	var there []string
	places := map[string]string{} // paths in a release of those that are there, and here
	for i, id := range ids {
		path, meta := fmt.Sprintf("documents[%d]", i), metas[id]
		name := id.String()
		if meta != nil {
			name = meta.Name()
		}
		switch {
		case meta != nil && !meta.Deleted:
			places[fmt.Sprintf("documents[%d]", len(there))] = path
			there = append(there, id.String())
		case into[id] != nil:
			p.Add(path, "%s was merged into %s; a schedule is for the documents that it names", name, into[id].Name())
		case meta == nil:
			p.Add(path, "%s was deleted for good", name)
		default:
			p.Add(path, "%s is in the trash", name)
		}
	}
	const refused = "nothing was published"
	if p.Len() > 0 && len(there) == 0 {
		return nil, p.Err(refused)
	}
	pl, err := planRelease(ctx, db, at, releaseOf(s, there))
	if p.Len() == 0 {
		return pl, err
	}
	// The obstacles of the others are reported as well.
	if refusal, ok := refusalOf(err); ok {
		for _, f := range refusal.Fields {
			p.Add(places[f.Path], "%s", f.Message)
		}
	} else if err != nil {
		return nil, err
	}
	return nil, p.Err(refused)
}

// mergedInto finds the documents that some were merged into.
func mergedInto(ctx context.Context, db store.Rows, ids []domain.ID) (map[domain.ID]*aggregate.Meta, error) {
	engine := db.Dialect()
	successors := map[domain.ID]domain.ID{}
	err := store.QueryRows(ctx, db, "SELECT former_id, document_id FROM aliases WHERE former_id"+store.InSet(engine),
		[]any{store.IDSet(engine, ids)}, func(rows *sql.Rows) error {
			var from, to domain.ID
			err := rows.Scan(&from, &to)
			successors[from] = to
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("find what was merged: %w", err)
	}
	metas, err := aggregate.ReadMeta(ctx, db, slices.Collect(maps.Values(successors)))
	if err != nil {
		return nil, err
	}
	found := map[domain.ID]*aggregate.Meta{}
	for from, to := range successors {
		if metas[to] != nil {
			found[from] = metas[to]
		}
	}
	return found, nil
}

// ScheduleWarnings returns the reasons for which a schedule could not be carried out
// if it were due now; none if it is not pending. Needs the right READ_DESK.
func (d *Desk) ScheduleWarnings(ctx context.Context, s *db.Schedule) ([]string, error) {
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	warnings := []string{}
	if s.Status != schedulePending {
		return warnings, nil
	}
	_, err := planScheduled(ctx, d.stores.DeskRows(), d.clock(), s)
	if err == nil || errors.Is(err, errStalePlan) { // a concurrent write, no reason that lasts
		return warnings, nil
	}
	refusal, ok := refusalOf(err)
	if !ok {
		return nil, fmt.Errorf("look ahead at schedule %s: %w", s.ID, err)
	}
	for _, f := range refusal.Fields {
		warnings = append(warnings, f.Message)
	}
	if len(refusal.Fields) == 0 {
		warnings = append(warnings, refusal.Message)
	}
	return warnings, nil
}
