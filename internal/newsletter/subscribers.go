package newsletter

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// The states of a subscription. One that was not confirmed yet is a request.
const (
	SubscriptionActive       = "ACTIVE"
	SubscriptionUnsubscribed = "UNSUBSCRIBED"
)

// The acts of consents.
const (
	ConsentRequested    = "REQUESTED"
	ConsentConfirmed    = "CONFIRMED" // by the button of the page behind the mailed link
	ConsentImported     = "IMPORTED"
	ConsentSubscribed   = "SUBSCRIBED" // on the page of preferences, by a confirmed address
	ConsentUnsubscribed = "UNSUBSCRIBED"
	ConsentSuppressed   = "SUPPRESSED"
)

// Series is what has to be known of a series to subscribe to it.
type Series struct {
	ID       domain.ID
	Slug     string
	Title    string
	Language string
	Marking  domain.Marking
}

// SeriesFinder finds series.
type SeriesFinder interface {
	// LiveSeries returns all series that are live, of any marking, by title.
	LiveSeries(ctx context.Context) ([]Series, error)
}

// Outgoing is a mail to one address.
type Outgoing struct {
	ID       string // the same for each attempt of the same mail
	To       string
	Language string
	Subject  string
	Text     string
	HTML     string
	// Bounces identifies the mail in a bounce: see [Subscribers.ApplyBounce].
	Bounces domain.ID
}

// Mailer sends mails. Its errors have no address in their texts.
type Mailer interface {
	// Send submits a mail. The error is [ErrMailRefused] if another attempt would be in vain.
	Send(ctx context.Context, mail Outgoing) error
}

// ErrMailRefused is the error of a mail that was refused for good.
var ErrMailRefused = errors.New("newsletter: the mail server refused the mail for good")

// Limits bound the requests for subscriptions.
type Limits struct {
	// PerAddress is how many mails an address is sent within a day.
	PerAddress int
	// PerNetwork is how many requests are accepted within an hour from a network (see
	// [domain.NetworkOf]). Requests with a credential are not limited so.
	PerNetwork int
	// Attack is the number of requests within ten minutes from which a request needs a wait
	// or a proof of work.
	Attack int
}

// DefaultLimits are the limits where none are configured.
func DefaultLimits() Limits { return Limits{PerAddress: 3, PerNetwork: 20, Attack: 200} }

// SubscribersConfig is what [NewSubscribers] needs.
type SubscribersConfig struct {
	Stores *store.Stores
	Jobs   *store.Jobs
	Series SeriesFinder
	// Mailer sends mails; nil: there are no sign-ups.
	Mailer Mailer
	Log    *slog.Logger
	Now    func() time.Time
	// PublicURL is the URL of the pages, without a slash at the end.
	PublicURL string
	// Publisher is the name that mails and pages have.
	Publisher string
	// Limits that are 0 have their defaults.
	Limits Limits
}

// Subscribers has the subscribers of the desk. It is safe for concurrent use.
type Subscribers struct {
	stores    *store.Stores
	jobs      *store.Jobs
	series    SeriesFinder
	mailer    Mailer
	log       *slog.Logger
	now       func() time.Time
	keys      *keyring
	publicURL string
	publisher string
	limits    Limits
}

// NewSubscribers returns the subscribers of the desk, and registers their jobs.
func NewSubscribers(c SubscribersConfig) *Subscribers {
	defaults := DefaultLimits()
	s := &Subscribers{
		stores: c.Stores, jobs: c.Jobs, series: c.Series, mailer: c.Mailer, log: c.Log, now: c.Now,
		keys: &keyring{stores: c.Stores, now: c.Now}, publicURL: strings.TrimSuffix(c.PublicURL, "/"), publisher: c.Publisher,
		limits: Limits{
			PerAddress: cmp.Or(c.Limits.PerAddress, defaults.PerAddress),
			PerNetwork: cmp.Or(c.Limits.PerNetwork, defaults.PerNetwork),
			Attack:     cmp.Or(c.Limits.Attack, defaults.Attack),
		},
	}
	s.register()
	return s
}

// Publisher returns the name of the publisher.
func (s *Subscribers) Publisher() string { return s.publisher }

// txTime returns the time for a transaction: in UTC, truncated to the microseconds that both
// engines store.
func (s *Subscribers) txTime() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// PublicSeries returns the series that can be subscribed to without more than an address.
func (s *Subscribers) PublicSeries(ctx context.Context) ([]Series, error) {
	all, err := s.series.LiveSeries(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the series: %w", err)
	}
	var public []Series
	for _, one := range all {
		if one.Marking == domain.Clear {
			public = append(public, one)
		}
	}
	return public, nil
}

// findSeries returns the series with an id or slug.
func findSeries(all []Series, ref string) (Series, bool) {
	for _, one := range all {
		if one.Slug == ref || one.ID.String() == ref {
			return one, true
		}
	}
	return Series{}, false
}

// seriesByID returns the series with an id.
func seriesByID(all []Series, id domain.ID) (Series, bool) {
	for _, one := range all {
		if one.ID == id {
			return one, true
		}
	}
	return Series{}, false
}

// consent is a row of consents.
type consent struct {
	hash                         string
	series                       domain.ID // 0: of all
	act                          string
	at                           time.Time
	network, version, lang, from string
}

func insertConsent(ctx context.Context, tx *store.Tx, c consent) error {
	var series any
	if c.series != 0 {
		series = c.series
	}
	err := store.Exec(ctx, tx, "INSERT INTO consents (id, email_hash, series_id, act, at, network, text_version, language, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		domain.NewID(domain.Row, c.at), c.hash, series, c.act, c.at, nullIfEmpty(c.network), nullIfEmpty(c.version), nullIfEmpty(c.lang), nullIfEmpty(c.from))
	if err != nil {
		return fmt.Errorf("insert a consent: %w", err)
	}
	return nil
}

func nullIfEmpty(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// network returns the network of the request of ctx; empty for work of the program.
func network(ctx context.Context) string {
	if n := domain.NetworkOf(domain.ClientFrom(ctx)); n.IsValid() {
		return n.String()
	}
	return ""
}

// count runs a query whose result is one number.
func count(ctx context.Context, db store.Rows, query string, args ...any) (int, error) {
	var n int
	err := store.QueryRows(ctx, db, query, args, func(rows *sql.Rows) error { return rows.Scan(&n) })
	return n, err
}

// subscriber is a row of subscribers.
type subscriber struct {
	id                    domain.ID
	email, hash, language string
	created               time.Time
}

// findSubscriber returns the subscriber that meets a condition; false if there is none.
func findSubscriber(ctx context.Context, db store.Rows, where string, arg any) (subscriber, bool, error) {
	var found subscriber
	var some bool
	err := store.QueryRows(ctx, db, "SELECT id, email, email_hash, language, created_at FROM subscribers WHERE "+where, []any{arg}, func(rows *sql.Rows) error {
		some = true
		return rows.Scan(&found.id, &found.email, &found.hash, &found.language, &found.created)
	})
	if err != nil {
		return subscriber{}, false, fmt.Errorf("read a subscriber: %w", err)
	}
	return found, some, nil
}

// putSubscriber inserts the subscriber with an address, or changes the one that is there.
func putSubscriber(ctx context.Context, tx *store.Tx, email, hash, language string, at time.Time) (domain.ID, error) {
	found, some, err := findSubscriber(ctx, tx, "email_hash = ?", hash)
	if err != nil {
		return 0, err
	}
	if some {
		err := store.Exec(ctx, tx, "UPDATE subscribers SET email = ?, language = ?, soft_bounces = 0, soft_bounces_since = NULL, updated_at = ? WHERE id = ?",
			email, language, at, found.id)
		return found.id, err
	}
	id := domain.NewID(domain.Subscriber, at)
	err = store.Exec(ctx, tx, "INSERT INTO subscribers (id, email, email_hash, language, soft_bounces, created_at, updated_at) VALUES (?, ?, ?, ?, 0, ?, ?)",
		id, email, hash, language, at, at)
	if err != nil {
		return 0, fmt.Errorf("insert a subscriber: %w", err)
	}
	return id, nil
}

// subscription is a row of subscriptions.
type subscription struct {
	id, series       domain.ID
	clearance        domain.Marking
	state            string
	created          time.Time
	confirmed, ended *time.Time
}

func (s *subscription) active() bool { return s != nil && s.state == SubscriptionActive }

// subscriptionsOf returns the subscriptions of a subscriber by series.
func subscriptionsOf(ctx context.Context, db store.Rows, id domain.ID) (map[domain.ID]*subscription, error) {
	found := map[domain.ID]*subscription{}
	err := store.QueryRows(ctx, db, "SELECT id, series_id, clearance, state, created_at, confirmed_at, ended_at FROM subscriptions WHERE subscriber_id = ?", []any{id},
		func(rows *sql.Rows) error {
			var one subscription
			var confirmed, ended sql.NullTime
			if err := rows.Scan(&one.id, &one.series, &one.clearance, &one.state, &one.created, &confirmed, &ended); err != nil {
				return err
			}
			one.confirmed, one.ended = timeOrNil(confirmed), timeOrNil(ended)
			found[one.series] = &one
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read subscriptions: %w", err)
	}
	return found, nil
}

func timeOrNil(t sql.NullTime) *time.Time {
	if !t.Valid {
		return nil
	}
	return &t.Time
}

// activate makes a subscription active. before is the subscription that is there; nil if
// there is none. One that was active stays as it is; one that had ended loses its clearance.
func activate(ctx context.Context, tx *store.Tx, who, series domain.ID, before *subscription, clearance domain.Marking, confirmed, at time.Time) error {
	var err error
	switch {
	case before.active():
		return nil
	case before != nil:
		err = store.Exec(ctx, tx, "UPDATE subscriptions SET state = ?, clearance = ?, confirmed_at = ?, ended_at = NULL WHERE id = ?",
			SubscriptionActive, int(clearance), confirmed, before.id)
	default:
		err = store.Exec(ctx, tx, "INSERT INTO subscriptions (id, subscriber_id, series_id, clearance, state, created_at, confirmed_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
			domain.NewID(domain.Row, at), who, series, int(clearance), SubscriptionActive, at, confirmed)
	}
	if err != nil {
		return fmt.Errorf("write a subscription: %w", err)
	}
	return nil
}

// end ends an active subscription.
func end(ctx context.Context, tx *store.Tx, id domain.ID, at time.Time) error {
	if err := store.Exec(ctx, tx, "UPDATE subscriptions SET state = ?, ended_at = ? WHERE id = ? AND state = ?", SubscriptionUnsubscribed, at, id, SubscriptionActive); err != nil {
		return fmt.Errorf("end a subscription: %w", err)
	}
	return nil
}

// suppressed reports whether an address gets no mail.
func suppressed(ctx context.Context, db store.Rows, hash string) (bool, error) {
	n, err := count(ctx, db, "SELECT count(*) FROM suppressions WHERE email_hash = ?", hash)
	if err != nil {
		return false, fmt.Errorf("read the suppression list: %w", err)
	}
	return n > 0, nil
}
