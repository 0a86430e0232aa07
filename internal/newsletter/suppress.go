package newsletter

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// The reasons of suppressions.
const (
	SuppressHardBounce = "HARD_BOUNCE"
	SuppressSoftBounce = "SOFT_BOUNCE" // too many in a row
	SuppressComplaint  = "COMPLAINT"
	SuppressErased     = "ERASED"
	SuppressManual     = "MANUAL"
)

// suppress puts an address on the suppression list, and ends its subscriptions. The first
// reason stays, except that a complaint or an erasure replaces a bounce.
func suppress(ctx context.Context, tx *store.Tx, hash, reason, code string, at time.Time) error {
	had, err := count(ctx, tx, "SELECT count(*) FROM suppressions WHERE email_hash = ?", hash)
	if err != nil {
		return fmt.Errorf("read the suppression list: %w", err)
	}
	switch {
	case had == 0:
		err = store.Exec(ctx, tx, "INSERT INTO suppressions (id, email_hash, reason, code, at) VALUES (?, ?, ?, ?, ?)",
			domain.NewID(domain.Row, at), hash, reason, nullIfEmpty(code), at)
	case reason == SuppressComplaint || reason == SuppressErased:
		err = store.Exec(ctx, tx, "UPDATE suppressions SET reason = ?, code = ?, at = ? WHERE email_hash = ? AND reason <> ?", reason, nullIfEmpty(code), at, hash, SuppressErased)
	}
	if err != nil {
		return fmt.Errorf("write the suppression list: %w", err)
	}
	who, found, err := findSubscriber(ctx, tx, "email_hash = ?", hash)
	if err != nil || !found || reason == SuppressErased {
		return err
	}
	has, err := subscriptionsOf(ctx, tx, who.id)
	if err != nil {
		return err
	}
	for _, one := range has {
		if !one.active() {
			continue
		}
		if err := errors.Join(end(ctx, tx, one.id, at),
			insertConsent(ctx, tx, consent{hash: hash, series: one.series, act: ConsentSuppressed, at: at, from: reason})); err != nil {
			return err
		}
	}
	return nil
}

// Suppress puts an address on the suppression list. Needs the right MANAGE_SUBSCRIBERS.
func (s *Subscribers) Suppress(ctx context.Context, email string) error {
	return s.change(ctx, email, audit.SuppressAddress, func(ctx context.Context, tx *store.Tx, hash string, at time.Time) error {
		return suppress(ctx, tx, hash, SuppressManual, "", at)
	})
}

// Unsuppress takes an address off the suppression list. Its subscriptions stay ended: the
// person has to sign up again. Needs the right MANAGE_SUBSCRIBERS.
//
// Errors: KindInvalid for what is no address; KindNotFound if it is not on the list.
func (s *Subscribers) Unsuppress(ctx context.Context, email string) error {
	return s.change(ctx, email, audit.UnsuppressAddress, func(ctx context.Context, tx *store.Tx, hash string, _ time.Time) error {
		barred, err := suppressed(ctx, tx, hash)
		if err != nil {
			return err
		}
		if !barred {
			return domain.NotFound("the address is not on the suppression list")
		}
		return errors.Join(
			store.Exec(ctx, tx, "DELETE FROM suppressions WHERE email_hash = ?", hash),
			store.Exec(ctx, tx, "UPDATE subscribers SET soft_bounces = 0, soft_bounces_since = NULL WHERE email_hash = ?", hash))
	})
}

// change changes what is known of an address in a transaction, and records that without the
// address.
func (s *Subscribers) change(ctx context.Context, email string, action audit.Action, fn func(ctx context.Context, tx *store.Tx, hash string, at time.Time) error) error {
	if _, err := domain.Require(ctx, domain.ManageSubscribers); err != nil {
		return err
	}
	hash, err := s.hashOf(ctx, email)
	if err != nil {
		return err
	}
	at := s.txTime()
	return s.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := fn(ctx, tx, hash, at); err != nil {
			return err
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: action, Subject: subjectOf(hash)})
	})
}

// subjectOf names an address in the audit log: by the beginning of its keyed hash.
func subjectOf(hash string) string { return "address " + hash[:12] }

// hashOf returns the keyed hash of an address.
func (s *Subscribers) hashOf(ctx context.Context, email string) (string, error) {
	a, problem := parseAddress(email)
	if problem != "" {
		var p domain.Problems
		p.Add("email", "%s", problem)
		return "", p.Err("this is no address")
	}
	keys, err := s.keys.get(ctx)
	if err != nil {
		return "", err
	}
	return keys.hash(a), nil
}

// BounceClass is what a bounce means.
type BounceClass int

// The classes of bounces.
const (
	BounceHard      BounceClass = iota + 1 // the address does not exist
	BounceSoft                             // refused for now, or for a reason that may pass
	BounceComplaint                        // the reader has marked the mail as spam
)

const (
	// A subscriber is suppressed after maxSoftBounces soft bounces that are more than
	// minSoftSpan apart. A soft bounce more than maxSoftSpan after the first is the first of
	// a new row.
	maxSoftBounces = 5
	minSoftSpan    = 7 * 24 * time.Hour
	maxSoftSpan    = 90 * 24 * time.Hour
)

// ApplyBounce applies a bounce or a complaint. mail identifies the mail: the id of a row of
// the ledger, of a subscriber, or of the mail of a sign-up ([Outgoing].Bounces). A bounce of a mail that
// is not known is ignored. code is the enhanced status code, such as 5.1.1.
func (s *Subscribers) ApplyBounce(ctx context.Context, mail domain.ID, class BounceClass, code string) error {
	at := s.txTime()
	err := s.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		var hash string
		for _, table := range []string{"sending_recipients", "subscribers", "subscription_requests"} {
			err := store.QueryRows(ctx, tx, "SELECT email_hash FROM "+table+" WHERE id = ?", []any{mail}, func(rows *sql.Rows) error { return rows.Scan(&hash) })
			if err != nil {
				return fmt.Errorf("find the recipient of a bounce: %w", err)
			}
			if hash != "" {
				break
			}
		}
		switch {
		case hash == "":
			return nil
		case class == BounceHard:
			return suppress(ctx, tx, hash, SuppressHardBounce, code, at)
		case class == BounceComplaint:
			return suppress(ctx, tx, hash, SuppressComplaint, code, at)
		case class == BounceSoft:
			return softBounce(ctx, tx, hash, code, at)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("apply a bounce: %w", err)
	}
	return nil
}

// softBounce counts a soft bounce.
func softBounce(ctx context.Context, tx *store.Tx, hash, code string, at time.Time) error {
	var n int
	var since sql.NullTime
	err := store.QueryRows(ctx, tx, "SELECT soft_bounces, soft_bounces_since FROM subscribers WHERE email_hash = ?", []any{hash},
		func(rows *sql.Rows) error { return rows.Scan(&n, &since) })
	if err != nil {
		return fmt.Errorf("read soft bounces: %w", err)
	}
	first := since.Time
	if !since.Valid || at.Sub(first) > maxSoftSpan {
		n, first = 0, at
	}
	n++
	if n >= maxSoftBounces && at.Sub(first) > minSoftSpan {
		return suppress(ctx, tx, hash, SuppressSoftBounce, code, at)
	}
	if err := store.Exec(ctx, tx, "UPDATE subscribers SET soft_bounces = ?, soft_bounces_since = ? WHERE email_hash = ?", n, first, hash); err != nil {
		return fmt.Errorf("count a soft bounce: %w", err)
	}
	return nil
}
