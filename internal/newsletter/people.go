package newsletter

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Person is all that is stored of one subscriber.
type Person struct {
	ID            domain.ID            `json:"id"`
	Email         string               `json:"email"`
	EmailHash     string               `json:"emailHash"`
	Language      string               `json:"language"`
	CreatedAt     time.Time            `json:"createdAt"`
	Suppression   *Suppression         `json:"suppression"`
	Subscriptions []PersonSubscription `json:"subscriptions"`
	Consents      []PersonConsent      `json:"consents"`
	Mails         []PersonMail         `json:"mails"`
}

// Suppression is why an address gets no mail.
type Suppression struct {
	Reason string    `json:"reason"`
	Code   string    `json:"code,omitempty"`
	At     time.Time `json:"at"`
}

// PersonSubscription is a subscription.
type PersonSubscription struct {
	Series      domain.ID      `json:"series"`
	State       string         `json:"state"`
	Clearance   domain.Marking `json:"clearance"`
	CreatedAt   time.Time      `json:"createdAt"`
	ConfirmedAt *time.Time     `json:"confirmedAt"`
	EndedAt     *time.Time     `json:"endedAt"`
}

// PersonConsent is an act of consent, or its end.
type PersonConsent struct {
	Act         string     `json:"act"`
	Series      *domain.ID `json:"series"`
	At          time.Time  `json:"at"`
	Network     *string    `json:"network"`
	TextVersion *string    `json:"textVersion"`
	Language    *string    `json:"language"`
	Source      *string    `json:"source"`
}

// PersonMail is a row of the ledger.
type PersonMail struct {
	Sending domain.ID  `json:"sending"`
	Edition domain.ID  `json:"edition"`
	State   string     `json:"state"`
	EndedAt *time.Time `json:"endedAt"`
}

// SuppressionReason returns why the address gets no mail; nil if it does.
func (p *Person) SuppressionReason() *string {
	if p.Suppression == nil {
		return nil
	}
	return &p.Suppression.Reason
}

// Person returns all that is stored of a subscriber, except what is about series or
// subscriptions above the viewer's clearance. Needs the right MANAGE_SUBSCRIBERS.
func (s *Subscribers) Person(ctx context.Context, id domain.ID) (*Person, error) {
	viewer, err := domain.Require(ctx, domain.ManageSubscribers)
	if err != nil {
		return nil, err
	}
	all, err := s.series.LiveSeries(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the series: %w", err)
	}
	var person *Person
	at := s.txTime()
	err = s.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		who, found, err := findSubscriber(ctx, tx, "id = ?", id)
		if err != nil {
			return err
		}
		if !found {
			return domain.NotFound("there is no subscriber %s", id)
		}
		person = &Person{ID: who.id, Email: who.email, EmailHash: who.hash, Language: who.language, CreatedAt: who.created,
			Subscriptions: []PersonSubscription{}, Consents: []PersonConsent{}, Mails: []PersonMail{}}
		if err := person.load(ctx, tx, all, viewer.Clearance); err != nil {
			return err
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.ExportSubscribers, Subject: id.String(), Detail: "all that is stored of one subscriber"})
	})
	if err != nil {
		return nil, err
	}
	return person, nil
}

// load reads what other tables have of a subscriber, up to a clearance.
func (p *Person) load(ctx context.Context, db store.Rows, all []Series, clearance domain.Marking) error {
	has, err := subscriptionsOf(ctx, db, p.ID)
	if err != nil {
		return err
	}
	hidden := func(id domain.ID) bool {
		series, live := seriesByID(all, id)
		had := has[id]
		return live && series.Marking > clearance || had != nil && had.clearance > clearance
	}
	for _, one := range slices.SortedFunc(maps.Values(has), func(a, b *subscription) int { return cmp.Compare(a.id, b.id) }) {
		if hidden(one.series) {
			continue
		}
		p.Subscriptions = append(p.Subscriptions, PersonSubscription{Series: one.series, State: one.state, Clearance: one.clearance,
			CreatedAt: one.created, ConfirmedAt: one.confirmed, EndedAt: one.ended})
	}
	err = errors.Join(
		store.QueryRows(ctx, db, "SELECT act, series_id, at, network, text_version, language, source FROM consents WHERE email_hash = ? ORDER BY at, id", []any{p.EmailHash},
			func(rows *sql.Rows) error {
				var c PersonConsent
				var series sql.NullInt64
				if err := rows.Scan(&c.Act, &series, &c.At, &c.Network, &c.TextVersion, &c.Language, &c.Source); err != nil {
					return err
				}
				if series.Valid {
					id := domain.ID(series.Int64)
					c.Series = &id
				}
				if hidden(domain.ID(series.Int64)) {
					return nil
				}
				p.Consents = append(p.Consents, c)
				return nil
			}),
		store.QueryRows(ctx, db, "SELECT r.sending_id, s.edition_id, s.series_id, s.marking, r.state, r.ended_at FROM sending_recipients r JOIN sendings s ON s.id = r.sending_id"+
			" WHERE r.email_hash = ? ORDER BY r.id", []any{p.EmailHash},
			func(rows *sql.Rows) error {
				var m PersonMail
				var ended sql.NullTime
				var series domain.ID
				var marking domain.Marking
				if err := rows.Scan(&m.Sending, &m.Edition, &series, &marking, &m.State, &ended); err != nil {
					return err
				}
				if hidden(series) || marking > clearance {
					return nil
				}
				m.EndedAt = timeOrNil(ended)
				p.Mails = append(p.Mails, m)
				return nil
			}),
		store.QueryRows(ctx, db, "SELECT reason, code, at FROM suppressions WHERE email_hash = ?", []any{p.EmailHash}, func(rows *sql.Rows) error {
			var found Suppression
			var code sql.NullString
			err := rows.Scan(&found.Reason, &code, &found.At)
			found.Code = code.String
			p.Suppression = &found
			return err
		}))
	if err != nil {
		return fmt.Errorf("read what is stored of a subscriber: %w", err)
	}
	return nil
}

// EraseParams says which person is erased: one of the two.
type EraseParams struct {
	ID    domain.ID
	Email string
}

// Erase deletes what is stored of a person: address, subscriptions, consents, sign-ups. Rows of
// the ledger stay, with the keyed hash alone. The hash is put on the suppression list, so that
// no import of an old list mails the person again; this is done as well for an address that is not
// known. Needs the right MANAGE_SUBSCRIBERS.
//
// Errors: KindInvalid for what is no address; KindNotFound for an id without a subscriber.
func (s *Subscribers) Erase(ctx context.Context, params EraseParams) error {
	if _, err := domain.Require(ctx, domain.ManageSubscribers); err != nil {
		return err
	}
	if (params.ID == 0) == (params.Email == "") {
		return domain.Invalid("want either an id or an email")
	}
	var hash string
	if params.Email != "" {
		var err error
		if hash, err = s.hashOf(ctx, params.Email); err != nil {
			return err
		}
	}
	at := s.txTime()
	err := s.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		var subject string
		who, found, err := findSubscriber(ctx, tx, "id = ?", params.ID)
		if params.Email != "" {
			who, found, err = findSubscriber(ctx, tx, "email_hash = ?", hash)
		}
		switch {
		case err != nil:
			return err
		case found:
			hash, subject = who.hash, who.id.String()
		case params.Email == "":
			return domain.NotFound("there is no subscriber %s", params.ID)
		default:
			subject = subjectOf(hash)
		}
		for _, statement := range []string{
			"DELETE FROM subscriptions WHERE subscriber_id IN (SELECT id FROM subscribers WHERE email_hash = ?)",
			"DELETE FROM subscribers WHERE email_hash = ?",
			"DELETE FROM subscription_requests WHERE email_hash = ?",
			"DELETE FROM consents WHERE email_hash = ?",
			"UPDATE sending_recipients SET subscriber_id = NULL WHERE email_hash = ?",
		} {
			if err := store.Exec(ctx, tx, statement, hash); err != nil {
				return err
			}
		}
		if err := suppress(ctx, tx, hash, SuppressErased, "", at); err != nil {
			return err
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.EraseSubscriber, Subject: subject})
	})
	if err != nil {
		return fmt.Errorf("erase a subscriber: %w", err)
	}
	return nil
}

// Hash returns the keyed hash of an address, by which it is found. Needs the right
// MANAGE_SUBSCRIBERS. The error of what is no address is of KindInvalid.
func (s *Subscribers) Hash(ctx context.Context, email string) (string, error) {
	if _, err := domain.Require(ctx, domain.ManageSubscribers); err != nil {
		return "", err
	}
	return s.hashOf(ctx, email)
}
