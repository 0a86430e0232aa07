package newsletter_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// The series and the edition of these tests.
var (
	series  = domain.NewID(domain.Row, start)
	edition = domain.NewID(domain.Edition, start)
)

// post is a publisher with one edition, and the mail server of its sendings.
type post struct {
	*newsletter.Sendings
	t      testing.TB
	ctx    context.Context // of an editor
	stores *store.Stores
	clock  *storetest.Clock

	mu        sync.Mutex
	edition   newsletter.Edition
	obstacles []newsletter.Obstacle
	lags      bool                                                    // live does not show the edition yet
	got       map[string]int                                          // how often the server accepted a mail for an address
	attempts  map[string]int                                          // how often it was offered one
	reply     func(ctx context.Context, to string, n int) mail.Result // to the nth attempt; nil accepts
}

// atOnce is how many mails are submitted concurrently.
const atOnce = 4

func newPost(t testing.TB, s *store.Stores) *post { return newPostAt(t, s, storetest.NewClock(start)) }

func newPostAt(t testing.TB, s *store.Stores, clock *storetest.Clock) *post {
	p := &post{t: t, stores: s, clock: clock, got: map[string]int{}, attempts: map[string]int{},
		ctx:     domain.WithViewer(t.Context(), &domain.Viewer{Name: "editor", Role: domain.Editor, Clearance: domain.Red}),
		edition: newsletter.Edition{ID: edition, Series: series, Title: "The Red Report 7", Live: true, Marking: domain.Clear}}
	p.Sendings = newsletter.NewSendings(newsletter.SendingsConfig{Stores: s, Editions: p, Composer: p, Mail: p, Log: slog.New(slog.DiscardHandler), Now: p.clock.Now, AtOnce: atOnce})
	return p
}

func eachPost(t *testing.T, fn func(t *testing.T, p *post)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) { fn(t, newPost(t, s)) })
}

// Edition implements newsletter.Editions.
func (p *post) Edition(_ context.Context, _ store.Rows, ref string) (newsletter.Edition, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ref != p.edition.ID.String() {
		return newsletter.Edition{}, domain.NotFound("there is no edition %s", ref)
	}
	return p.edition, nil
}

// Prepare implements newsletter.Composer.
func (p *post) Prepare(context.Context, newsletter.Edition) (newsletter.Mailing, []newsletter.Obstacle, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lags {
		return nil, nil, domain.NotFound("there is no edition")
	}
	return p, p.obstacles, nil
}

// PrepareDraft implements newsletter.Composer.
func (p *post) PrepareDraft(context.Context, newsletter.Edition) (newsletter.Mailing, error) {
	return p, nil
}

// Mail implements newsletter.Mailing.
func (p *post) Mail(_ context.Context, to newsletter.Recipient, at time.Time) (mail.Envelope, []byte, error) {
	if to.Email == "unmade@example.org" {
		return mail.Envelope{}, nil, fmt.Errorf("no text")
	}
	return mail.Envelope{From: "bounces@example.net", To: to.Email}, []byte("Date: " + at.Format(time.RFC1123Z) + "\r\n\r\nNews\r\n"), nil
}

// Submit implements newsletter.Submitter.
func (p *post) Submit(ctx context.Context, e mail.Envelope, _ []byte) mail.Result {
	p.mu.Lock()
	p.attempts[e.To]++
	n, reply := p.attempts[e.To], p.reply
	p.mu.Unlock()
	result := mail.Result{Status: mail.Submitted, Step: mail.StepReply, Code: 250, Enhanced: "2.0.0"}
	if reply != nil {
		result = reply(ctx, e.To, n)
	}
	if result.Status == mail.Submitted || result.Status == mail.Unknown {
		p.mu.Lock()
		p.got[e.To]++
		p.mu.Unlock()
	}
	return result
}

func (p *post) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// subscriberOf describes a subscriber of these tests.
type subscriberOf struct {
	email      string
	clearance  domain.Marking
	state      string // ACTIVE if empty
	suppressed bool
	confirmed  time.Time // an hour ago if zero
}

func (p *post) subscribe(all ...subscriberOf) {
	p.t.Helper()
	p.exec(func(ctx context.Context, tx *store.Tx) error {
		for _, s := range all {
			id, hash := domain.NewID(domain.Subscriber, start), "hash of "+s.email
			if s.state == "" {
				s.state = newsletter.SubscriptionActive
			}
			if s.confirmed.IsZero() {
				s.confirmed = start.Add(-time.Hour)
			}
			if err := store.ExecLater(ctx, tx, "insert", "INSERT INTO subscribers (id, email, email_hash, language, soft_bounces, created_at, updated_at) VALUES (?, ?, ?, 'en', 0, ?, ?)", id, s.email, hash, start, start); err != nil {
				return err
			}
			if err := store.ExecLater(ctx, tx, "insert", "INSERT INTO subscriptions (id, subscriber_id, series_id, clearance, state, created_at, confirmed_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
				domain.NewID(domain.Row, start), id, series, int(s.clearance), s.state, start, s.confirmed); err != nil {
				return err
			}
			if s.suppressed {
				if err := store.ExecLater(ctx, tx, "insert", "INSERT INTO suppressions (id, email_hash, reason, at) VALUES (?, ?, 'MANUAL', ?)", domain.NewID(domain.Row, start), hash, start); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// subscribeMany subscribes n addresses, and returns them.
func (p *post) subscribeMany(n int) []string {
	p.t.Helper()
	all := make([]subscriberOf, n)
	emails := make([]string, n)
	for i := range all {
		emails[i] = fmt.Sprintf("reader-%05d@example.org", i)
		all[i].email = emails[i]
	}
	p.subscribe(all...)
	return emails
}

func (p *post) exec(fn func(ctx context.Context, tx *store.Tx) error) {
	p.t.Helper()
	if err := p.stores.Desk(domain.AsSystem(p.t.Context(), "test"), fn); err != nil {
		p.t.Fatal(err)
	}
}

// send starts the sending of the edition.
func (p *post) send() domain.ID {
	p.t.Helper()
	g, err := p.Send(p.ctx, newsletter.SendParams{Edition: edition.String()})
	if err != nil {
		p.t.Fatal(err)
	}
	return g.ID
}

// run runs a sending once, and returns when it is to be run again.
func (p *post) run(id domain.ID) time.Time {
	p.t.Helper()
	next, err := p.Run(domain.AsSystem(p.t.Context(), "test"), id)
	if err != nil {
		p.t.Fatal(err)
	}
	return next
}

// finish runs a sending until it is not to be run again, at the times it asks for.
func (p *post) finish(id domain.ID) {
	p.t.Helper()
	for range 100 {
		next := p.run(id)
		if next.IsZero() {
			return
		}
		if next.After(p.clock.Now()) {
			p.clock.AdvanceTo(next)
		}
	}
	p.t.Fatal("the sending does not end")
}

func (p *post) find(id domain.ID) *newsletter.Sending {
	p.t.Helper()
	g, err := p.Find(p.ctx, id)
	if err != nil {
		p.t.Fatal(err)
	}
	return g
}

// states returns the state and code of each recipient by address.
func (p *post) states() map[string]string {
	p.t.Helper()
	all := map[string]string{}
	err := store.QueryRows(p.t.Context(), p.stores.DeskRows(), "SELECT b.email, r.state, r.code FROM sending_recipients r JOIN subscribers b ON b.id = r.subscriber_id", nil, func(rows *sql.Rows) error {
		var email, state string
		var code sql.NullString
		err := rows.Scan(&email, &state, &code)
		if all[email] = state; code.Valid {
			all[email] += " " + code.String
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

// suppressed returns the hashes on the suppression list with their reasons.
func (p *post) suppressed() map[string]string {
	p.t.Helper()
	all := map[string]string{}
	err := store.QueryRows(p.t.Context(), p.stores.DeskRows(), "SELECT email_hash, reason FROM suppressions", nil, func(rows *sql.Rows) error {
		var hash, reason string
		err := rows.Scan(&hash, &reason)
		all[hash] = reason
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

// faults are faults of the desk's database.
type faults struct {
	*storetest.Faults
	sync.Once
}

func (f *faults) once(fn func()) { f.Do(fn) }

func eachFaulty(t *testing.T, fn func(t *testing.T, p *post, f *faults)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, f := storetest.OpenFaulty(t, c)
		fn(t, newPost(t, s), &faults{Faults: f})
	})
}
