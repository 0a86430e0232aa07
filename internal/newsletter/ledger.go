package newsletter

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// frozenAtOnce is how many subscriptions are put on a list in one transaction, which blocks
// other writers of the desk.
const frozenAtOnce = 1000

// fromRecipients is the FROM and WHERE of a query for the subscriptions s and subscribers b that may receive an
// edition; its arguments are those of recipientsOf.
const fromRecipients = " FROM subscriptions s JOIN subscribers b ON b.id = s.subscriber_id" +
	" WHERE s.series_id = ? AND s.state = ? AND s.clearance >= ? AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.email_hash = b.email_hash)"

func recipientsOf(e Edition) []any {
	return []any{e.Series, SubscriptionActive, int(e.Marking)}
}

// freeze makes the list of a sending: a row for each subscriber whose subscription was confirmed before
// the time of the sending, and who may receive the edition. It can be interrupted and begun
// again.
func (r *run) freeze(ctx context.Context) error {
	type subscriber struct {
		subscription, id domain.ID
		hash             string
	}
	var last domain.ID
	for {
		at := r.txTime()
		var batch []subscriber
		err := r.Stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
			batch = batch[:0]
			if err := r.renew(ctx, tx, at); err != nil {
				return err
			}
			err := store.QueryRows(ctx, tx, "SELECT s.id, b.id, b.email_hash"+fromRecipients+" AND s.id > ? AND s.confirmed_at <= ? ORDER BY s.id LIMIT ?",
				append(recipientsOf(r.edition), last, r.sending.At, frozenAtOnce), func(rows *sql.Rows) error {
					var s subscriber
					err := rows.Scan(&s.subscription, &s.id, &s.hash)
					batch = append(batch, s)
					return err
				})
			if err != nil {
				return err
			}
			for _, s := range batch {
				if err := store.ExecLater(ctx, tx, "insert a recipient", "INSERT INTO sending_recipients (id, sending_id, subscriber_id, email_hash, state, worker, attempts)"+
					" VALUES (?, ?, ?, ?, ?, '', 0) ON CONFLICT (sending_id, email_hash) DO NOTHING", domain.NewID(domain.Row, at), r.sending.ID, s.id, s.hash, RecipientPending); err != nil {
					return err
				}
			}
			if len(batch) < frozenAtOnce {
				return store.Exec(ctx, tx, "UPDATE sendings SET frozen_at = ?, marking = ?, updated_at = ? WHERE id = ?", at, int(r.edition.Marking), at, r.sending.ID)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("make the list: %w", err)
		}
		if len(batch) < frozenAtOnce {
			r.Log.InfoContext(ctx, "the list of a sending is complete", "sending", r.sending.ID)
			return nil
		}
		last = batch[len(batch)-1].subscription
	}
}

// claim claims the recipients that are due, at most claimedAtOnce. Recipients that must not get the mail any
// more are skipped.
func (r *run) claim(ctx context.Context) ([]Recipient, error) {
	for {
		claimed, skipped, err := r.claimSome(ctx)
		if err != nil || len(claimed) > 0 || skipped == 0 {
			return claimed, err
		}
	}
}

func (r *run) claimSome(ctx context.Context) (claimed []Recipient, skipped int, err error) {
	at := r.txTime()
	err = r.Stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		claimed = claimed[:0]
		if err := r.renew(ctx, tx, at); err != nil {
			return err
		}
		edition, err := r.Editions.Edition(ctx, tx, r.sending.Edition.String())
		if err != nil {
			return fmt.Errorf("read the edition: %w", err)
		}
		if !edition.Live || edition.Marking != r.edition.Marking || edition.Series != r.edition.Series {
			return errEditionChanged
		}
		var take, skip []domain.ID
		for _, due := range []struct {
			where string
			args  []any
		}{
			{"r.state = ?", []any{RecipientPending}},
			{"r.state = ? AND r.next_attempt_at <= ?", []any{RecipientDeferred, at}},
		} {
			args := append(append([]any{r.sending.Series, r.sending.ID}, due.args...), claimedAtOnce-len(take)-len(skip))
			err := store.QueryRows(ctx, tx, "SELECT r.id, r.email_hash, r.attempts, r.first_attempt_at, b.id, b.email, b.language,"+
				" s.state, s.clearance, EXISTS (SELECT 1 FROM suppressions x WHERE x.email_hash = r.email_hash)"+
				" FROM sending_recipients r LEFT JOIN subscribers b ON b.id = r.subscriber_id"+
				" LEFT JOIN subscriptions s ON s.subscriber_id = b.id AND s.series_id = ?"+
				" WHERE r.sending_id = ? AND "+due.where+" ORDER BY r.next_attempt_at, r.id LIMIT ?", args, func(rows *sql.Rows) error {
				to := Recipient{Series: r.sending.Series}
				var first sql.NullTime
				var subscriber, clearance sql.NullInt64
				var email, language, state sql.NullString
				var suppressed bool
				if err := rows.Scan(&to.ID, &to.EmailHash, &to.attempts, &first, &subscriber, &email, &language, &state, &clearance, &suppressed); err != nil {
					return err
				}
				if suppressed || state.String != SubscriptionActive || domain.Marking(clearance.Int64) < edition.Marking {
					skip = append(skip, to.ID)
					return nil
				}
				to.first, to.Subscriber, to.Email, to.Language = first.Time, domain.ID(subscriber.Int64), email.String, language.String
				take, claimed = append(take, to.ID), append(claimed, to)
				return nil
			})
			if err != nil {
				return fmt.Errorf("read recipients: %w", err)
			}
		}
		skipped = len(skip)
		if err := store.ExecSet(ctx, tx, "UPDATE sending_recipients SET state = ?, ended_at = ?, next_attempt_at = NULL WHERE id", skip, RecipientSkipped, at); err != nil {
			return fmt.Errorf("skip recipients: %w", err)
		}
		if err := store.ExecSet(ctx, tx, "UPDATE sending_recipients SET state = ?, worker = ?, next_attempt_at = NULL WHERE id", take, RecipientClaimed, r.lease); err != nil {
			return fmt.Errorf("claim recipients: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	return claimed, skipped, nil
}

// nextDeferred returns the earliest next attempt of a sending; zero if there is none.
func nextDeferred(ctx context.Context, tx *store.Tx, id domain.ID) (time.Time, error) {
	var next time.Time
	err := store.QueryRows(ctx, tx, "SELECT next_attempt_at FROM sending_recipients WHERE sending_id = ? AND state = ? AND next_attempt_at IS NOT NULL ORDER BY next_attempt_at LIMIT 1",
		[]any{id, RecipientDeferred}, scanInto(&next))
	if err != nil {
		return time.Time{}, fmt.Errorf("read the next attempt: %w", err)
	}
	return next, nil
}

// outcome is what becomes of a recipient after an attempt.
type outcome struct {
	state    string
	code     string
	at       time.Time
	next     time.Time // of the next attempt
	suppress bool      // the address does not work
}

// step is a change of a recipient that waits to be written.
type step struct {
	to   Recipient
	at   time.Time
	end  *outcome // nil: the submission begins
	done chan bool
}

// maxSteps bounds the steps that are written in one transaction.
const maxSteps = 64

// ledger writes the steps of concurrent submissions, those that wait together in one transaction: a commit
// on its own for each would cost more than the mail.
type ledger struct {
	run   *run
	steps chan step
	ended chan struct{}
}

func newLedger(r *run) *ledger {
	l := &ledger{run: r, steps: make(chan step, maxSteps), ended: make(chan struct{})}
	go l.write()
	return l
}

// close returns when all steps are written.
func (l *ledger) close() {
	close(l.steps)
	<-l.ended
}

// begin records that the submission to a recipient begins, and reports whether it may: the run still holds
// the lease, the sending was not paused, and the subscription has not ended since the recipient was claimed. It
// has been written durably when begin returns true.
func (l *ledger) begin(ctx context.Context, to Recipient, at time.Time) bool {
	s := step{to: to, at: at, done: make(chan bool, 1)}
	select {
	case l.steps <- s:
		return <-s.done
	case <-ctx.Done():
		return false
	}
}

// end records the result of a submission. It returns before that is written; close waits.
func (l *ledger) end(to Recipient, out outcome) {
	l.steps <- step{to: to, end: &out, done: make(chan bool, 1)}
}

func (l *ledger) write() {
	defer close(l.ended)
	for first := range l.steps {
		batch := []step{first}
		for len(batch) < maxSteps {
			select {
			case s, ok := <-l.steps:
				if ok {
					batch = append(batch, s)
					continue
				}
			default:
			}
			break
		}
		begun := l.writeBatch(batch)
		for _, s := range batch {
			s.done <- s.end == nil && begun[s.to.ID]
		}
	}
}

// writePause is between attempts to write steps.
const writePause = 200 * time.Millisecond

// writeBatch writes steps. Ends are tried for as long as the lease holds: what is not written becomes
// UNKNOWN when the lease is taken over. It returns which submissions have begun.
func (l *ledger) writeBatch(batch []step) map[domain.ID]bool {
	ctx, cancel := context.WithTimeout(domain.AsSystem(context.Background(), "send an edition"), l.run.leaseFor)
	defer cancel()
	for {
		begun, err := l.tryBatch(ctx, batch)
		if err == nil {
			return begun
		}
		l.run.Log.ErrorContext(ctx, "the ledger of a sending could not be written; retrying", "sending", l.run.sending.ID, "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(writePause):
		}
	}
}

func (l *ledger) tryBatch(ctx context.Context, batch []step) (begun map[domain.ID]bool, err error) {
	r := l.run
	err = r.Stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		begun = map[domain.ID]bool{}
		var begin []domain.ID
		var at time.Time
		var again bool
		for _, s := range batch {
			if s.end == nil {
				begin, at = append(begin, s.to.ID), s.at
				continue
			}
			if err := l.writeEnd(ctx, tx, s); err != nil {
				return err
			}
			again = again || s.end.state == RecipientPending || s.end.state == RecipientDeferred
		}
		if again {
			// A sending that was stopped in the meantime has no other attempt.
			if stopped, err := count(ctx, tx, "SELECT count(*) FROM sendings WHERE id = ? AND state = ?", r.sending.ID, SendingStopped); err != nil {
				return fmt.Errorf("read the state of a sending: %w", err)
			} else if stopped > 0 {
				if err := skipRest(ctx, tx, r.sending.ID, r.txTime()); err != nil {
					return err
				}
			}
		}
		if len(begin) == 0 {
			return nil
		}
		err := store.ExecSet(ctx, tx, "UPDATE sending_recipients SET state = ?, attempts = attempts + 1, first_attempt_at = COALESCE(first_attempt_at, ?)"+
			" WHERE state = ? AND worker = ? AND EXISTS (SELECT 1 FROM sendings g WHERE g.id = ? AND g.state = ? AND g.worker = ?)"+
			// Unsubscribing, a suppression and an erasure all end the subscription.
			" AND EXISTS (SELECT 1 FROM subscriptions s WHERE s.subscriber_id = sending_recipients.subscriber_id AND s.series_id = ? AND s.state = ?) AND id",
			begin, RecipientSending, at, RecipientClaimed, r.lease, r.sending.ID, SendingRunning, r.lease, r.sending.Series, SubscriptionActive)
		if err != nil {
			return fmt.Errorf("begin submissions: %w", err)
		}
		ids, err := store.QueryIDs(ctx, tx, "SELECT id FROM sending_recipients WHERE state = ? AND worker = ? AND id"+store.InSet(tx.Dialect()),
			RecipientSending, r.lease, store.IDSet(tx.Dialect(), begin))
		for _, id := range ids {
			begun[id] = true
		}
		return err
	})
	return begun, err
}

// writeEnd writes the result of a submission that this run has begun, or of a mail that could not be made.
func (l *ledger) writeEnd(ctx context.Context, tx *store.Tx, s step) error {
	if s.end.state == RecipientPending {
		// The attempt does not count: the mail server was not reached.
		return store.ExecLater(ctx, tx, "return a recipient", "UPDATE sending_recipients SET state = ?, worker = '', attempts = attempts - 1,"+
			" first_attempt_at = CASE WHEN attempts = 1 THEN NULL ELSE first_attempt_at END WHERE id = ? AND worker = ? AND state = ?",
			RecipientPending, s.to.ID, l.run.lease, RecipientSending)
	}
	var next, ended, code any
	if s.end.next.IsZero() {
		ended = s.end.at
	} else {
		next = s.end.next
	}
	if s.end.code != "" {
		code = s.end.code
	}
	err := store.ExecLater(ctx, tx, "write a result", "UPDATE sending_recipients SET state = ?, code = ?, next_attempt_at = ?, ended_at = ? WHERE id = ? AND worker = ? AND state IN (?, ?, ?)",
		s.end.state, code, next, ended, s.to.ID, l.run.lease, RecipientClaimed, RecipientSending, RecipientUnknown)
	if err != nil || !s.end.suppress {
		return err
	}
	return suppress(ctx, tx, s.to.EmailHash, SuppressHardBounce, s.end.code, s.end.at)
}
