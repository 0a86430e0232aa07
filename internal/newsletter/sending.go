package newsletter

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/store"
)

// The states of a sending.
const (
	SendingScheduled = "SCHEDULED" // its time has not come
	SendingRunning   = "RUNNING"
	SendingPaused    = "PAUSED"
	SendingStopped   = "STOPPED" // for good; the remaining recipients are skipped
	SendingDone      = "DONE"
)

// The states of a recipient in the ledger.
const (
	RecipientPending   = "PENDING"
	RecipientClaimed   = "CLAIMED"   // by a run, which has not begun it
	RecipientSending   = "SENDING"   // the submission has begun
	RecipientSubmitted = "SUBMITTED" // the mail server has accepted it
	RecipientDeferred  = "DEFERRED"  // refused for now; there will be another attempt
	RecipientFailed    = "FAILED"    // refused for good, or for longer than retryFor
	RecipientUnknown   = "UNKNOWN"   // the submission was interrupted; it may or may not have been accepted
	RecipientSkipped   = "SKIPPED"   // unsubscribed, suppressed or erased since the list was made
)

// RecipientStates lists the states of a recipient.
var RecipientStates = []string{RecipientPending, RecipientClaimed, RecipientSending, RecipientSubmitted, RecipientDeferred, RecipientFailed, RecipientUnknown, RecipientSkipped}

// ReasonRestored is the reason of sendings that were paused because the desk may be a
// restored backup: its ledger may lack what was submitted since.
const ReasonRestored = "the ledger may be older than what was sent; say what is to be done with the remaining recipients"

// Edition is what a sending has to know of an edition.
type Edition struct {
	ID, Series domain.ID
	Title      string
	Live       bool
	Marking    domain.Marking // the effective one in live
}

// Editions finds editions on the desk.
type Editions interface {
	// Edition returns an edition by id or slug, or an error of [domain.KindNotFound].
	Edition(ctx context.Context, desk store.Rows, ref string) (Edition, error)
}

// Obstacle is something that stands in the way of sending an edition.
type Obstacle struct {
	Code    string // a word in capitals: NOT_PUBLISHED
	Message string
}

// Composer makes the mails of editions.
type Composer interface {
	// Prepare renders an edition that is live, as a viewer with the clearance of its marking sees it, and returns
	// the obstacles in its content. The error is of [domain.KindNotFound] if live does not show the edition yet.
	Prepare(ctx context.Context, edition Edition) (Mailing, []Obstacle, error)
	// PrepareDraft renders an edition as it is on the desk, for a test.
	PrepareDraft(ctx context.Context, edition Edition) (Mailing, error)
}

// Mailing is a rendered edition. It is safe for concurrent use.
type Mailing interface {
	// Mail returns the mail for a recipient, and its envelope. For the same recipient and time it
	// is the same, except for signatures.
	Mail(ctx context.Context, to Recipient, at time.Time) (mail.Envelope, []byte, error)
}

// Recipient is a row of the ledger with its subscriber.
type Recipient struct {
	ID         domain.ID // of the row; it identifies the mail
	Subscriber domain.ID
	Series     domain.ID
	Email      string
	EmailHash  string
	Language   string

	attempts int
	first    time.Time // the first attempt; zero if there was none
}

// Submitter submits mails to a mail server. [mail.Client] is one.
type Submitter interface {
	Submit(ctx context.Context, envelope mail.Envelope, message []byte) mail.Result
}

// SendingsConfig is what [NewSendings] needs.
type SendingsConfig struct {
	Stores   *store.Stores
	Jobs     *store.Jobs
	Editions Editions
	Composer Composer
	Mail     Submitter
	Log      *slog.Logger
	Now      func() time.Time
	// AtOnce is how many mails are submitted concurrently; 0 stands for 8.
	AtOnce int
}

// Sendings sends editions to the subscribers of their series.
//
// Each sending has a ledger with a row for each recipient. A row is claimed, then its
// submission begins, then it has a result, and each step is durable before the next. A run
// holds a lease on its sending. A run that takes over an expired lease returns claimed
// rows, and marks those that had begun as UNKNOWN: SMTP has no way to ask whether a
// message was accepted (RFC 1047), so these are never submitted again by themselves.
type Sendings struct {
	SendingsConfig
	leaseFor time.Duration
	sliceFor time.Duration
	grace    time.Duration
}

const (
	// leaseFor is how long a run may be silent until another one takes its sending over.
	leaseFor = 20 * time.Second
	// sliceFor is how long one job sends; another one goes on.
	sliceFor = time.Minute
	// retryFor is how long after the first attempt a mail is attempted again.
	retryFor = 48 * time.Hour
)

// NewSendings returns the sendings, and registers their jobs.
func NewSendings(c SendingsConfig) *Sendings {
	if c.AtOnce == 0 {
		c.AtOnce = 8
	}
	s := &Sendings{SendingsConfig: c, leaseFor: leaseFor, sliceFor: sliceFor, grace: grace}
	s.register()
	return s
}

// txTime returns the time of a transaction.
func (s *Sendings) txTime() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// Sending is an edition that is sent, and how far it is.
type Sending struct {
	ID, Edition, Series domain.ID
	Marking             domain.Marking
	State, Reason       string
	At                  time.Time
	CreatedBy           string
	CreatedAt           time.Time
	FrozenAt, DoneAt    *time.Time // when the list was complete; when the last recipient had a result
	Progress
}

// Progress is how many of the recipients of a sending are in which state.
type Progress struct {
	Total     int // the recipients on the list
	Submitted int // accepted by the mail server, which does not mean delivered
	Deferred  int
	Failed    int
	Unknown   int
	Skipped   int
	Left      int // no attempt yet, or one that goes on
}

// ETA returns how long the recipients that are left will take at a rate of submissions a second; 0 if that is
// not known.
func (p Progress) ETA(rate float64) time.Duration {
	if rate <= 0 {
		return 0
	}
	return time.Duration(float64(p.Left+p.Deferred) / rate * float64(time.Second))
}

const sendingColumns = "SELECT id, edition_id, series_id, marking, state, reason, at, created_by, created_at, frozen_at, done_at FROM sendings"

// find returns the sendings that meet a condition, without their counts.
func find(ctx context.Context, db store.Rows, where string, args ...any) ([]*Sending, error) {
	var found []*Sending
	err := store.QueryRows(ctx, db, sendingColumns+where, args, func(rows *sql.Rows) error {
		var g Sending
		var reason sql.NullString
		var frozen, done sql.NullTime
		if err := rows.Scan(&g.ID, &g.Edition, &g.Series, &g.Marking, &g.State, &reason, &g.At, &g.CreatedBy, &g.CreatedAt, &frozen, &done); err != nil {
			return err
		}
		g.Reason = reason.String
		if frozen.Valid {
			g.FrozenAt = &frozen.Time
		}
		if done.Valid {
			g.DoneAt = &done.Time
		}
		found = append(found, &g)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read sendings: %w", err)
	}
	return found, nil
}

// progressOf returns the progress of sendings, in one statement.
func progressOf(ctx context.Context, db store.Rows, ids []domain.ID) (map[domain.ID]Progress, error) {
	all := make(map[domain.ID]Progress, len(ids))
	err := store.QueryRows(ctx, db, "SELECT sending_id, state, count(*) FROM sending_recipients WHERE sending_id"+store.InSet(db.Dialect())+" GROUP BY sending_id, state",
		[]any{store.IDSet(db.Dialect(), ids)}, func(rows *sql.Rows) error {
			var id domain.ID
			var state string
			var n int
			if err := rows.Scan(&id, &state, &n); err != nil {
				return err
			}
			p := all[id]
			p.add(state, n)
			all[id] = p
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("count recipients: %w", err)
	}
	return all, nil
}

// add counts n recipients in a state.
func (p *Progress) add(state string, n int) {
	p.Total += n
	switch state {
	case RecipientSubmitted:
		p.Submitted = n
	case RecipientDeferred:
		p.Deferred = n
	case RecipientFailed:
		p.Failed = n
	case RecipientUnknown:
		p.Unknown = n
	case RecipientSkipped:
		p.Skipped = n
	default:
		p.Left += n
	}
}

// one returns a sending without its counts.
func one(ctx context.Context, db store.Rows, id domain.ID) (*Sending, error) {
	found, err := find(ctx, db, " WHERE id = ?", id)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, domain.NotFound("there is no sending %s", id)
	}
	return found[0], nil
}

// Find returns a sending. Needs the right SEND_EDITION.
func (s *Sendings) Find(ctx context.Context, id domain.ID) (*Sending, error) {
	if _, err := domain.Require(ctx, domain.SendEditions); err != nil {
		return nil, err
	}
	g, err := one(ctx, s.Stores.DeskRows(), id)
	if err != nil {
		return nil, err
	}
	all, err := progressOf(ctx, s.Stores.DeskRows(), []domain.ID{id})
	if err != nil {
		return nil, err
	}
	g.Progress = all[id]
	return g, nil
}

// OfEdition returns the id of the sending of an edition, or an error of [domain.KindNotFound]. Needs the right
// SEND_EDITION.
func (s *Sendings) OfEdition(ctx context.Context, ref string) (domain.ID, error) {
	if _, err := domain.Require(ctx, domain.SendEditions); err != nil {
		return 0, err
	}
	edition, err := s.Editions.Edition(ctx, s.Stores.DeskRows(), ref)
	if err != nil {
		return 0, err
	}
	ids, err := store.QueryIDs(ctx, s.Stores.DeskRows(), "SELECT id FROM sendings WHERE edition_id = ?", edition.ID)
	if err != nil {
		return 0, fmt.Errorf("read sendings: %w", err)
	}
	if len(ids) == 0 {
		return 0, domain.NotFound("the edition has no sending")
	}
	return ids[0], nil
}

// Progress returns the progress of sendings.
func (s *Sendings) Progress(ctx context.Context, ids []domain.ID) (map[domain.ID]Progress, error) {
	return progressOf(ctx, s.Stores.DeskRows(), ids)
}
