package newsletter

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

const (
	// requestQueue is the queue of jobs that send the mails of sign-ups.
	requestQueue   = "newsletter_requests"
	requestAtOnce  = 4
	requestTimeout = 3 * time.Minute
	// maxRequestAttempts is enough for the back-off to last as long as the link is valid.
	maxRequestAttempts = 100
	maxRequestBackoff  = time.Hour
	maxUpkeepAttempts  = 10
)

// requestArgs is the arguments of the job that sends the mail of a sign-up, as river stores
// them.
type requestArgs struct {
	Request domain.ID `json:"request"`
}

// Kind is the name of the job in river's tables.
func (requestArgs) Kind() string { return "newsletter_request" }

// expireArgs is the arguments of the periodic job that deletes requests.
type expireArgs struct{}

// Kind is the name of the job in river's tables.
func (expireArgs) Kind() string { return "newsletter_expire" }

func (s *Subscribers) register() {
	s.jobs.AddQueue(store.Queue{Name: requestQueue, AtOnce: requestAtOnce})
	store.AddKind(s.jobs, store.Kind[requestArgs]{Timeout: requestTimeout, MaxAttempts: maxRequestAttempts,
		Backoff: store.ExponentialBackoff(10*time.Second, maxRequestBackoff),
		Run: func(ctx context.Context, job *river.Job[requestArgs]) error {
			err := s.mailRequest(domain.AsSystem(ctx, "mail of a sign-up"), job.Args.Request)
			if err != nil && ctx.Err() == nil {
				s.log.ErrorContext(ctx, "the mail of a sign-up could not be sent; retrying", "request", job.Args.Request, "attempt", job.Attempt, "error", err)
			}
			return err
		}})
	store.AddKind(s.jobs, store.Kind[expireArgs]{Timeout: requestTimeout, MaxAttempts: maxUpkeepAttempts,
		Run: func(ctx context.Context, _ *river.Job[expireArgs]) error {
			return s.expire(domain.AsSystem(ctx, "delete expired sign-ups"))
		}})
	s.jobs.Every(time.Hour, expireArgs{})
}

func (s *Subscribers) enqueueRequest(ctx context.Context, tx *store.Tx, id domain.ID) error {
	return s.jobs.Enqueue(ctx, tx, river.InsertManyParams{Args: requestArgs{id}, InsertOpts: &river.InsertOpts{Queue: requestQueue}})
}

// expire deletes the requests whose links have expired, with their addresses.
func (s *Subscribers) expire(ctx context.Context) error {
	err := s.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		return store.Exec(ctx, tx, "DELETE FROM subscription_requests WHERE expires_at < ?", s.txTime())
	})
	if err != nil {
		return fmt.Errorf("delete expired sign-ups: %w", err)
	}
	return nil
}

// request is a row of subscription_requests.
type request struct {
	id                       domain.ID
	email, hash              string
	series                   domain.ID
	language, network, words string
	state                    string
	created, expires         time.Time
}

// findRequest returns the request that meets a condition; false if there is none.
func findRequest(ctx context.Context, db store.Rows, where string, arg any) (request, bool, error) {
	var found request
	var some bool
	err := store.QueryRows(ctx, db, "SELECT id, email, email_hash, series_id, language, network, text_version, state, created_at, expires_at"+
		" FROM subscription_requests WHERE "+where, []any{arg}, func(rows *sql.Rows) error {
		some = true
		var network sql.NullString
		err := rows.Scan(&found.id, &found.email, &found.hash, &found.series, &found.language, &network, &found.words, &found.state, &found.created, &found.expires)
		found.network = network.String
		return err
	})
	if err != nil {
		return request{}, false, fmt.Errorf("read a sign-up: %w", err)
	}
	return found, some, nil
}

// mailRequest sends the mail of a request: a link to confirm it, or, if the subscription
// exists, a mail that says so. It sends none to an address that is suppressed, or that
// has had the mails of a day.
//
// A run after one that was interrupted makes the same mail with the same id.
func (s *Subscribers) mailRequest(ctx context.Context, id domain.ID) error {
	all, err := s.series.LiveSeries(ctx)
	if err != nil {
		return fmt.Errorf("find the series: %w", err)
	}
	keys, err := s.keys.get(ctx)
	if err != nil {
		return err
	}
	at := s.txTime()
	var out *Outgoing
	err = s.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		out = nil
		r, found, err := findRequest(ctx, tx, "id = ?", id)
		if err != nil || !found || r.state != requestNew {
			return err
		}
		series, live := seriesByID(all, r.series)
		mayMail, err := s.mayMail(ctx, tx, r)
		if err != nil {
			return err
		}
		if !mayMail || !live || at.After(r.expires) {
			return endRequest(ctx, tx, r.id, requestDropped, at)
		}
		who, known, err := findSubscriber(ctx, tx, "email_hash = ?", r.hash)
		if err != nil {
			return err
		}
		if known {
			has, err := subscriptionsOf(ctx, tx, who.id)
			if err != nil {
				return err
			}
			if has[r.series].active() {
				links, err := s.Links(ctx, who.id, r.series, r.created)
				if err != nil {
					return err
				}
				out = s.alreadyMail(r, series, links)
				return nil
			}
		}
		token := keys.sign(forConfirm, binary.BigEndian.AppendUint64(nil, uint64(r.id)))
		if err := store.Exec(ctx, tx, "UPDATE subscription_requests SET token_hash = ? WHERE id = ?", tokenHash(token), r.id); err != nil {
			return fmt.Errorf("store the hash of a token: %w", err)
		}
		out = s.confirmMail(r, series, s.page("subscribe/confirm", token))
		return nil
	})
	if err != nil || out == nil {
		return err
	}
	state := requestMailed
	if err := s.mailer.Send(ctx, *out); errors.Is(err, ErrMailRefused) {
		state = requestDropped
	} else if err != nil {
		return err
	}
	return s.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		if state == requestDropped {
			return endRequest(ctx, tx, id, requestDropped, at)
		}
		// It may have been confirmed by now.
		return store.Exec(ctx, tx, "UPDATE subscription_requests SET state = ? WHERE id = ? AND state = ?", state, id, requestNew)
	})
}

// mayMail reports whether the address of a request may be sent a mail.
func (s *Subscribers) mayMail(ctx context.Context, tx *store.Tx, r request) (bool, error) {
	barred, err := suppressed(ctx, tx, r.hash)
	if err != nil || barred {
		return false, err
	}
	mails, err := count(ctx, tx, "SELECT count(*) FROM subscription_requests WHERE email_hash = ? AND created_at > ? AND state <> ?"+
		" AND (created_at < ? OR created_at = ? AND id < ?)", r.hash, r.created.Add(-addressWindow), requestDropped, r.created, r.created, r.id)
	if err != nil {
		return false, fmt.Errorf("count the mails to an address: %w", err)
	}
	return mails < s.limits.PerAddress, nil
}

func endRequest(ctx context.Context, tx *store.Tx, id domain.ID, state string, at time.Time) error {
	if err := store.Exec(ctx, tx, "UPDATE subscription_requests SET state = ?, ended_at = ? WHERE id = ?", state, at, id); err != nil {
		return fmt.Errorf("end a sign-up: %w", err)
	}
	return nil
}

// tokenHash is the form in which the token of a mailed link is stored. The token has 128
// bits that cannot be guessed, so the hash needs no key.
func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
