package newsletter

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter/bounce"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/store"
)

// claimedAtOnce is how many recipients a run claims in one transaction.
const claimedAtOnce = 64

// errEditionChanged says that the edition is not what was rendered any more.
var errEditionChanged = errors.New("the edition has changed")

// errLeaseLost says that another run has the sending, or that it does not run any more.
var errLeaseLost = errors.New("the lease of the sending is lost")

// run is a sending that is being run by this process.
type run struct {
	*Sendings
	sending *Sending
	edition Edition
	lease   string
	mailing Mailing
	ledger  *ledger

	held bool // another run has the lease

	mu          sync.Mutex
	submitted   int   // since the last renewal of the lease
	unreachable error // the mail server could not be reached, or refuses the sender
}

// Run runs a sending for a slice of time. It returns when it is to be run next: zero if it
// has ended, is not to be run, or another job will do it. An error means that it could not go on.
func (s *Sendings) Run(ctx context.Context, id domain.ID) (next time.Time, err error) {
	return s.newRun().do(ctx, id)
}

func (s *Sendings) newRun() *run { return &run{Sendings: s, lease: rand.Text()} }

// do is [Sendings.Run].
func (r *run) do(ctx context.Context, id domain.ID) (next time.Time, err error) {
	until, err := r.acquire(ctx, id)
	if err != nil || r.sending == nil {
		return until, err
	}
	defer func() {
		err = errors.Join(err, r.afterwards(ctx, r.release))
		if errors.Is(err, errLeaseLost) {
			next, err = time.Time{}, nil
		}
	}()
	if err := r.prepare(ctx); err != nil || r.mailing == nil {
		return time.Time{}, err
	}
	if err := r.sendSlice(ctx); errors.Is(err, errEditionChanged) {
		return r.txTime(), nil
	} else if err != nil {
		return time.Time{}, err
	}
	if r.unreachable != nil {
		err := r.afterwards(ctx, func(ctx context.Context) (err error) {
			next, err = r.backOff(ctx)
			return err
		})
		return next, err
	}
	if ctx.Err() != nil {
		return time.Time{}, ctx.Err()
	}
	return r.next(ctx)
}

// afterwards calls f, which writes how a run has ended, also when ctx has.
func (r *run) afterwards(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.leaseFor)
	defer cancel()
	return f(ctx)
}

// maxClockSkew is how far the clocks of two processes may differ. A lease that ends later than that was taken before the
// clock was put back, and holds no longer.
const maxClockSkew = 10 * time.Minute

// acquire takes the lease of a sending that is due. Without it, it returns when to try again, or zero.
// Recipients that a run whose lease has expired had claimed become pending again, and those that it had
// begun become UNKNOWN.
func (r *run) acquire(ctx context.Context, id domain.ID) (until time.Time, err error) {
	at := r.txTime()
	err = r.Stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		r.sending, until = nil, time.Time{}
		g, err := one(ctx, tx, id)
		if domain.KindOf(err) == domain.KindNotFound {
			return nil
		}
		if err != nil {
			return err
		}
		if g.State != SendingScheduled && g.State != SendingRunning {
			return nil
		}
		if g.At.After(at) {
			until = g.At
			return nil
		}
		taken, err := tx.Exec(ctx, store.Bind(tx.Dialect(), "UPDATE sendings SET worker = ?, worker_until = ?, state = ?, updated_at = ? WHERE id = ? AND (worker_until IS NULL OR worker_until <= ? OR worker_until > ?)"),
			r.lease, at.Add(r.leaseFor), SendingRunning, at, id, at, at.Add(r.leaseFor+maxClockSkew))
		if err != nil {
			return fmt.Errorf("take the lease: %w", err)
		}
		if r.held = taken == 0; r.held {
			return store.QueryRows(ctx, tx, "SELECT worker_until FROM sendings WHERE id = ?", []any{id}, scanInto(&until))
		}
		if err := store.Exec(ctx, tx, "UPDATE sending_recipients SET state = ?, ended_at = ? WHERE sending_id = ? AND state = ?", RecipientUnknown, at, id, RecipientSending); err != nil {
			return fmt.Errorf("end interrupted submissions: %w", err)
		}
		if err := store.Exec(ctx, tx, "UPDATE sending_recipients SET state = ?, worker = '' WHERE sending_id = ? AND state = ?", RecipientPending, id, RecipientClaimed); err != nil {
			return fmt.Errorf("return claimed recipients: %w", err)
		}
		r.sending = g
		return nil
	})
	return until, err
}

// release gives the lease back, and the recipients that were claimed and not begun.
func (r *run) release(ctx context.Context) error {
	return r.Stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := store.Exec(ctx, tx, "UPDATE sending_recipients SET state = ?, worker = '' WHERE sending_id = ? AND state = ? AND worker = ?",
			RecipientPending, r.sending.ID, RecipientClaimed, r.lease); err != nil {
			return fmt.Errorf("return claimed recipients: %w", err)
		}
		// After an outage of the mail server, worker_until is the time of the next attempt.
		if err := store.Exec(ctx, tx, "UPDATE sendings SET worker = '', worker_until = NULL WHERE id = ? AND worker = ?", r.sending.ID, r.lease); err != nil {
			return fmt.Errorf("give the lease back: %w", err)
		}
		return nil
	})
}

// prepare reads and renders the edition, and makes the list if there is none. The mailing remains nil if the
// sending was paused because of the edition.
func (r *run) prepare(ctx context.Context) error {
	reason, err := r.readEdition(ctx)
	if err != nil {
		return err
	}
	if reason != "" {
		return r.pause(ctx, reason)
	}
	mailing, obstacles, err := r.Composer.Prepare(ctx, r.edition)
	if err != nil {
		return fmt.Errorf("render the edition: %w", err)
	}
	if len(obstacles) > 0 {
		return r.pause(ctx, obstacleError(obstacles).Error())
	}
	if r.sending.FrozenAt == nil {
		if err := r.freeze(ctx); err != nil {
			return err
		}
	}
	r.mailing = mailing
	return nil
}

// readEdition reads the edition. It returns a reason if it cannot be sent any more.
func (r *run) readEdition(ctx context.Context) (reason string, err error) {
	r.edition, err = r.Editions.Edition(ctx, r.Stores.DeskRows(), r.sending.Edition.String())
	switch {
	case domain.KindOf(err) == domain.KindNotFound || err == nil && !r.edition.Live:
		return "the edition is not published", nil
	case err != nil:
		return "", fmt.Errorf("read the edition: %w", err)
	case r.edition.Series != r.sending.Series:
		return "the edition is in another series now", nil
	}
	return "", nil
}

// pause pauses the sending, because of its edition.
func (r *run) pause(ctx context.Context, reason string) error {
	r.Log.WarnContext(ctx, "a sending was paused", "sending", r.sending.ID, "reason", reason)
	at := r.txTime()
	return r.Stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := r.renew(ctx, tx, at); err != nil {
			return err
		}
		return setState(ctx, tx, r.sending.ID, SendingPaused, reason, at)
	})
}

// renew extends the lease. It returns errLeaseLost if the run does not hold it, or the sending does not
// run any more.
func (r *run) renew(ctx context.Context, tx *store.Tx, at time.Time) error {
	n, err := tx.Exec(ctx, store.Bind(tx.Dialect(), "UPDATE sendings SET worker_until = ? WHERE id = ? AND worker = ? AND state = ?"),
		at.Add(r.leaseFor), r.sending.ID, r.lease, SendingRunning)
	if err != nil {
		return fmt.Errorf("renew the lease: %w", err)
	}
	if n == 0 {
		return errLeaseLost
	}
	return nil
}

// sendSlice submits mails until no recipient is due, the slice is over, ctx ends, the lease is lost, or the
// mail server cannot be reached.
func (r *run) sendSlice(ctx context.Context) error {
	work, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r.ledger = newLedger(r)
	defer r.ledger.close()

	var renewals sync.WaitGroup
	renewals.Go(func() { r.renewUntil(work, stop) })
	defer renewals.Wait()
	defer stop(nil)

	todo := make(chan Recipient)
	var workers sync.WaitGroup
	for range r.AtOnce {
		workers.Go(func() {
			for to := range todo {
				r.submit(work, to)
			}
		})
	}
	defer workers.Wait()
	defer close(todo)
	for end := r.Now().Add(r.sliceFor); r.Now().Before(end); {
		claimed, err := r.claim(work)
		if err != nil || len(claimed) == 0 {
			return r.ended(work, err)
		}
		for _, to := range claimed {
			if r.failed() != nil {
				return nil
			}
			select {
			case todo <- to:
			case <-work.Done():
				return r.ended(work, nil)
			}
		}
	}
	return nil
}

// ended returns why a slice ended before its time: nil if ctx of the job ended or nothing is due.
func (r *run) ended(work context.Context, err error) error {
	if errors.Is(context.Cause(work), errLeaseLost) {
		return errLeaseLost
	}
	if work.Err() != nil {
		return nil
	}
	return err
}

func (r *run) failed() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unreachable
}

// renewUntil renews the lease, and notes the rate, until ctx ends. It calls stop if that fails for as long as
// the lease holds.
func (r *run) renewUntil(ctx context.Context, stop context.CancelCauseFunc) {
	ticker := time.NewTicker(r.leaseFor / 4)
	defer ticker.Stop()
	renewed, counted := time.Now(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		r.mu.Lock()
		n := r.submitted
		r.submitted = 0
		r.mu.Unlock()
		rate := float64(n) / time.Since(counted).Seconds()
		counted = time.Now()
		at := r.txTime()
		err := r.Stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
			// Also of a sending that was paused: what is being submitted is finished.
			n, err := tx.Exec(ctx, store.Bind(tx.Dialect(), "UPDATE sendings SET worker_until = ?, rate = ? WHERE id = ? AND worker = ?"), at.Add(r.leaseFor), rate, r.sending.ID, r.lease)
			if err == nil && n == 0 {
				return errLeaseLost
			}
			return err
		})
		switch {
		case err == nil:
			renewed = time.Now()
		case errors.Is(err, errLeaseLost) || time.Since(renewed) > r.leaseFor/2:
			stop(errLeaseLost)
			return
		}
	}
}

// submit submits the mail of a recipient, and records the result.
func (r *run) submit(ctx context.Context, to Recipient) {
	if ctx.Err() != nil || r.failed() != nil {
		return // it is returned with the lease
	}
	at := r.txTime()
	if to.first.IsZero() {
		to.first = at
	}
	envelope, message, err := r.mailing.Mail(ctx, to, to.first)
	if err != nil {
		r.Log.ErrorContext(ctx, "a mail could not be made", "sending", r.sending.ID, "recipient", to.ID, "error", err)
		r.ledger.end(to, outcome{state: RecipientFailed, code: "not made", at: at})
		return
	}
	if !r.ledger.begin(ctx, to, at) {
		return
	}
	submission, cancel := withGrace(ctx, r.grace)
	result := r.Mail.Submit(submission, envelope, message)
	cancel()
	if result.Status == mail.Failed && result.Step == mail.StepSender {
		// All mails of the sending have this sender: it is no failure of this one.
		result.Status, result.Step, result.Text = mail.Deferred, mail.StepConnect, "the sender is refused: "+codeOf(result)+" "+result.Text
	}
	out := r.outcomeOf(to, result, r.txTime())
	if result.Status == mail.Deferred && result.Step == mail.StepConnect {
		r.mu.Lock()
		if r.unreachable == nil && ctx.Err() == nil {
			r.unreachable = errors.New(result.Text)
		}
		r.mu.Unlock()
	}
	if out.state == RecipientSubmitted {
		r.mu.Lock()
		r.submitted++
		r.mu.Unlock()
	}
	r.ledger.end(to, out)
}

// grace is how long a submission goes on when its process stops.
const grace = 4 * time.Second

// withGrace returns a context that ends some time after ctx.
func withGrace(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	later, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return later, func() {
		stop()
		cancel()
	}
}

// retryBackoff is the back-off of a mail that was refused for now. Greylisting servers accept it some
// minutes later; RFC 5321 section 4.5.4.1 wants at least 30 minutes in the long run.
var retryBackoff = store.ExponentialBackoff(5*time.Minute, 4*time.Hour)

// outcomeOf returns what the result of an attempt makes of a recipient.
func (r *run) outcomeOf(to Recipient, result mail.Result, at time.Time) outcome {
	out := outcome{at: at, code: codeOf(result)}
	switch result.Status {
	case mail.Submitted:
		out.state = RecipientSubmitted
	case mail.Unknown:
		out.state = RecipientUnknown
	case mail.Failed:
		out.state = RecipientFailed
		out.suppress = result.Step == mail.StepRecipient && bounce.Classify(result.Code, result.Enhanced, result.Text) == bounce.Hard
	case mail.Deferred:
		if result.Step == mail.StepConnect {
			out.state = RecipientPending // nothing was said about this mail
			break
		}
		next := at.Add(retryBackoff(to.attempts + 1))
		if next.Sub(to.first) > retryFor {
			out.state = RecipientFailed
			break
		}
		out.state, out.next = RecipientDeferred, next
	}
	return out
}

// codeOf returns the reply of a server for the ledger: "451 4.7.1", or the step at which the connection was
// lost.
func codeOf(result mail.Result) string {
	if result.Code == 0 {
		return "connection lost: " + string(result.Step)
	}
	if result.Enhanced == "" {
		return fmt.Sprint(result.Code)
	}
	return fmt.Sprint(result.Code, " ", result.Enhanced)
}

// backOff notes that the mail server cannot be reached, and returns when to try again.
func (r *run) backOff(ctx context.Context) (next time.Time, err error) {
	at := r.txTime()
	var failures int
	err = r.Stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		var err error
		if failures, err = count(ctx, tx, "SELECT failures FROM sendings WHERE id = ?", r.sending.ID); err != nil {
			return err
		}
		failures++
		next = at.Add(sendBackoff(failures))
		return store.Exec(ctx, tx, "UPDATE sendings SET failures = ?, worker = '', worker_until = ?, rate = 0 WHERE id = ? AND worker = ?", failures, next, r.sending.ID, r.lease)
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("note that the mail server cannot be reached: %w", err)
	}
	r.Log.ErrorContext(ctx, "the mail server accepts no mail; retrying", "sending", r.sending.ID, "error", r.unreachable, "times", failures, "at", next)
	return next, nil
}

// next returns when the sending is to be run next, and ends it if all recipients have a result.
func (r *run) next(ctx context.Context) (next time.Time, err error) {
	at := r.txTime()
	err = r.Stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		next = time.Time{}
		if err := r.renew(ctx, tx, at); err != nil {
			return err
		}
		if err := store.Exec(ctx, tx, "UPDATE sendings SET failures = 0 WHERE id = ?", r.sending.ID); err != nil {
			return err
		}
		left, err := count(ctx, tx, "SELECT count(*) FROM (SELECT 1 FROM sending_recipients WHERE sending_id = ? AND state IN (?, ?, ?) LIMIT 1) t",
			r.sending.ID, RecipientPending, RecipientClaimed, RecipientSending)
		if err != nil {
			return err
		}
		if left > 0 {
			next = at
			return nil
		}
		due, err := nextDeferred(ctx, tx, r.sending.ID)
		if err != nil || !due.IsZero() {
			next = due
			return err
		}
		r.Log.InfoContext(ctx, "a sending has ended", "sending", r.sending.ID)
		if err := store.Exec(ctx, tx, "UPDATE sendings SET done_at = ? WHERE id = ?", at, r.sending.ID); err != nil {
			return err
		}
		return setState(ctx, tx, r.sending.ID, SendingDone, "", at)
	})
	return next, err
}
