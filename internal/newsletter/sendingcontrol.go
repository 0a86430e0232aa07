package newsletter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// SendParams is the input of [Sendings.Send].
type SendParams struct {
	Edition string     // an id or a slug
	At      *time.Time // nil: now
}

// maxSendAhead is how far in the future a sending may be.
const maxSendAhead = 366 * 24 * time.Hour

// Send sends an edition to the confirmed subscribers of its series, now or at a time. An
// edition is sent once: a second sending of it is refused, unless the first one was stopped before its list was
// begun. Needs the right SEND_EDITION.
//
// Errors: KindInvalid with all problems of the input; KindConflict with all [Obstacle]
// messages, or if the edition has a sending; KindNotFound.
func (s *Sendings) Send(ctx context.Context, params SendParams) (*Sending, error) {
	viewer, err := domain.Require(ctx, domain.SendEditions)
	if err != nil {
		return nil, err
	}
	at := s.txTime()
	due := at
	var p domain.Problems
	if params.At != nil {
		due = params.At.UTC().Truncate(time.Microsecond)
		switch {
		case !due.After(at):
			p.Add("at", "is not in the future; leave it out to send now")
		case due.Sub(at) > maxSendAhead:
			p.Add("at", "is more than a year ahead")
		}
	}
	if err := p.Err("nothing is sent"); err != nil {
		return nil, err
	}
	edition, obstacles, err := s.Check(ctx, params.Edition)
	if err != nil {
		return nil, err
	}
	if len(obstacles) > 0 {
		return nil, obstacleError(obstacles)
	}
	id := domain.NewID(domain.Sending, at)
	err = s.Stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		if found, err := find(ctx, tx, " WHERE edition_id = ?", edition.ID); err != nil {
			return err
		} else if len(found) > 0 && found[0].State == SendingStopped && found[0].FrozenAt == nil && found[0].Total == 0 {
			if err := store.Exec(ctx, tx, "DELETE FROM sendings WHERE id = ?", found[0].ID); err != nil {
				return fmt.Errorf("delete a sending that never began: %w", err)
			}
		} else if len(found) > 0 {
			return domain.Conflict("the edition has the sending %s, which is %s", found[0].ID, found[0].State)
		}
		if err := store.Exec(ctx, tx, "INSERT INTO sendings (id, edition_id, series_id, marking, state, at, worker, failures, rate, created_by, created_at, updated_at)"+
			" VALUES (?, ?, ?, ?, ?, ?, '', 0, 0, ?, ?, ?)", id, edition.ID, edition.Series, int(edition.Marking), SendingScheduled, due, viewer.Name, at, at); err != nil {
			return fmt.Errorf("insert the sending: %w", err)
		}
		if err := s.enqueue(ctx, tx, id, due); err != nil {
			return err
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.SendEdition, Documents: []domain.ID{edition.ID}, Detail: "at " + due.Format(time.RFC3339)})
	})
	if err != nil {
		return nil, fmt.Errorf("send an edition: %w", err)
	}
	return one(ctx, s.Stores.DeskRows(), id)
}

// obstacleError returns the error of an edition that cannot be sent.
func obstacleError(obstacles []Obstacle) error {
	var p domain.Problems
	for _, o := range obstacles {
		p.Add("edition", "%s: %s", o.Code, o.Message)
	}
	return p.Err("the edition cannot be sent")
}

// Check returns an edition, and all that stands in the way of sending it now. Needs the
// right SEND_EDITION.
func (s *Sendings) Check(ctx context.Context, ref string) (Edition, []Obstacle, error) {
	if _, err := domain.Require(ctx, domain.SendEditions); err != nil {
		return Edition{}, nil, err
	}
	edition, err := s.Editions.Edition(ctx, s.Stores.DeskRows(), ref)
	if err != nil {
		return Edition{}, nil, err
	}
	var obstacles []Obstacle
	switch {
	case s.Composer == nil:
		obstacles = append(obstacles, Obstacle{"NO_MAIL_SERVER", "the server is not configured to send mails"})
	case !edition.Live:
		obstacles = append(obstacles, Obstacle{"NOT_PUBLISHED", "the edition is not published"})
	default:
		_, found, err := s.Composer.Prepare(ctx, edition)
		if errors.Is(err, domain.ErrNotFound) {
			found, err = []Obstacle{{"NOT_PUBLISHED", "live does not show the edition yet"}}, nil
		}
		if err != nil {
			return Edition{}, nil, err
		}
		obstacles = append(obstacles, found...)
	}
	recipients, err := count(ctx, s.Stores.DeskRows(), "SELECT count(*) FROM (SELECT 1"+fromRecipients+" LIMIT 1) t", recipientsOf(edition)...)
	if err != nil {
		return Edition{}, nil, fmt.Errorf("look for recipients: %w", err)
	}
	if recipients == 0 {
		obstacles = append(obstacles, Obstacle{"NO_RECIPIENTS", "the series has no confirmed subscriber who may receive the edition"})
	}
	return edition, obstacles, nil
}

// Pause pauses a sending that is scheduled or runs. Mails that are being submitted are
// finished. Needs the right SEND_EDITION.
func (s *Sendings) Pause(ctx context.Context, id domain.ID) (*Sending, error) {
	return s.change(ctx, id, audit.PauseSending, func(ctx context.Context, tx *store.Tx, g *Sending, at time.Time) error {
		if g.State != SendingScheduled && g.State != SendingRunning {
			return domain.Conflict("the sending is %s; only one that is SCHEDULED or RUNNING can be paused", g.State)
		}
		return setState(ctx, tx, id, SendingPaused, "", at)
	})
}

// Stop ends a sending. The recipients without a result are skipped. Needs the right
// SEND_EDITION.
func (s *Sendings) Stop(ctx context.Context, id domain.ID) (*Sending, error) {
	return s.change(ctx, id, audit.StopSending, func(ctx context.Context, tx *store.Tx, g *Sending, at time.Time) error {
		if g.State == SendingStopped || g.State == SendingDone {
			return domain.Conflict("the sending is %s", g.State)
		}
		if err := skipRest(ctx, tx, id, at); err != nil {
			return err
		}
		return setState(ctx, tx, id, SendingStopped, "", at)
	})
}

// skipRest skips the recipients without a result, except those whose submission goes on.
func skipRest(ctx context.Context, tx *store.Tx, id domain.ID, at time.Time) error {
	err := store.Exec(ctx, tx, "UPDATE sending_recipients SET state = ?, ended_at = ?, next_attempt_at = NULL WHERE sending_id = ? AND state IN (?, ?, ?)",
		RecipientSkipped, at, id, RecipientPending, RecipientClaimed, RecipientDeferred)
	if err != nil {
		return fmt.Errorf("skip recipients: %w", err)
	}
	return nil
}

// What to do with the recipients without a result when a sending is resumed.
const (
	ResumeSend = "SEND"
	ResumeSkip = "SKIP"
)

// ResumeParams is the input of [Sendings.Resume].
type ResumeParams struct {
	ID domain.ID
	// Remaining is ResumeSend or ResumeSkip. It must be there if the reason of the pause is
	// [ReasonRestored].
	Remaining string
}

// Resume continues a sending that is paused. Needs the right SEND_EDITION.
func (s *Sendings) Resume(ctx context.Context, params ResumeParams) (*Sending, error) {
	if params.Remaining != "" && params.Remaining != ResumeSend && params.Remaining != ResumeSkip {
		return nil, domain.Invalid("remaining: want %s or %s", ResumeSend, ResumeSkip)
	}
	return s.change(ctx, params.ID, audit.ResumeSending, func(ctx context.Context, tx *store.Tx, g *Sending, at time.Time) error {
		if g.State != SendingPaused {
			return domain.Conflict("the sending is %s; only one that is PAUSED can be resumed", g.State)
		}
		if g.Reason == ReasonRestored && params.Remaining == "" {
			return domain.Conflict("the sending was paused by a start with --paused, so mails may have been submitted that its ledger does not have: set remaining to %s or %s", ResumeSend, ResumeSkip)
		}
		if params.Remaining == ResumeSkip {
			if err := skipRest(ctx, tx, params.ID, at); err != nil {
				return err
			}
			// A list that was not complete gets no more recipients.
			if err := store.Exec(ctx, tx, "UPDATE sendings SET frozen_at = COALESCE(frozen_at, ?) WHERE id = ?", at, params.ID); err != nil {
				return fmt.Errorf("end the list: %w", err)
			}
		}
		state := SendingRunning
		if g.FrozenAt == nil && g.At.After(at) {
			state = SendingScheduled
		}
		if err := store.Exec(ctx, tx, "UPDATE sendings SET failures = 0, worker_until = CASE WHEN worker = '' THEN NULL ELSE worker_until END WHERE id = ?", params.ID); err != nil {
			return fmt.Errorf("reset the failures: %w", err)
		}
		if err := setState(ctx, tx, params.ID, state, "", at); err != nil {
			return err
		}
		due := at
		if g.At.After(at) {
			due = g.At
		}
		return s.enqueue(ctx, tx, params.ID, due)
	})
}

// change changes a sending in a transaction, and records that.
func (s *Sendings) change(ctx context.Context, id domain.ID, action audit.Action, fn func(ctx context.Context, tx *store.Tx, g *Sending, at time.Time) error) (*Sending, error) {
	if _, err := domain.Require(ctx, domain.SendEditions); err != nil {
		return nil, err
	}
	at := s.txTime()
	err := s.Stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		g, err := one(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := fn(ctx, tx, g, at); err != nil {
			return err
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: action, Documents: []domain.ID{g.Edition}})
	})
	if err != nil {
		return nil, err
	}
	return one(ctx, s.Stores.DeskRows(), id)
}

// PauseRestored pauses all sendings that have not ended, because the desk may be a restored
// backup. A server that is started with --paused calls it.
func (s *Sendings) PauseRestored(ctx context.Context) error {
	at := s.txTime()
	return s.Stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(
			store.Exec(ctx, tx, "UPDATE sendings SET state = ?, reason = ?, updated_at = ? WHERE state IN (?, ?)", SendingPaused, ReasonRestored, at, SendingScheduled, SendingRunning),
			store.Exec(ctx, tx, "UPDATE sendings SET reason = ?, updated_at = ? WHERE state = ?", ReasonRestored, at, SendingPaused))
	})
}

func setState(ctx context.Context, tx *store.Tx, id domain.ID, state, reason string, at time.Time) error {
	var why any
	if reason != "" {
		why = reason
	}
	if err := store.Exec(ctx, tx, "UPDATE sendings SET state = ?, reason = ?, updated_at = ? WHERE id = ?", state, why, at, id); err != nil {
		return fmt.Errorf("set the state of a sending: %w", err)
	}
	return nil
}
