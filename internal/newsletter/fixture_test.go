package newsletter_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const publicURL = "https://api.example.org"

// desk is a desk with subscribers, two public series and one for partners.
type desk struct {
	*newsletter.Subscribers
	t      testing.TB
	stores *store.Stores
	clock  *storetest.Clock
	log    *bytes.Buffer

	mu     sync.Mutex
	mails  []newsletter.Outgoing
	fail   error
	sent   chan struct{}
	series []newsletter.Series
}

// The series of a desk.
var (
	report  = newsletter.Series{ID: seriesID(1), Slug: "the-red-report", Title: "The Red Report", Language: "en"}
	letter  = newsletter.Series{ID: seriesID(2), Slug: "harbour-letter", Title: "港湾だより", Language: "ja"}
	partner = newsletter.Series{ID: seriesID(3), Slug: "for-partners", Title: "For partners", Language: "en", Marking: domain.Amber}
)

// seriesID returns an id with a prefix; which type it is of does not matter.
func seriesID(n int64) domain.ID { return domain.ID(int64(domain.Tag)<<14 | n) }

func newDesk(t testing.TB, s *store.Stores, limits newsletter.Limits) *desk {
	t.Helper()
	d := &desk{t: t, stores: s, clock: storetest.NewSteppingClock(time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC), time.Millisecond),
		log: &bytes.Buffer{}, sent: make(chan struct{}, 100), series: []newsletter.Series{report, letter, partner}}
	log := slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	d.Subscribers = newsletter.NewSubscribers(newsletter.SubscribersConfig{
		Stores: s, Jobs: s.Jobs(log), Series: d, Mailer: d, Log: log, Now: d.clock.Now, PublicURL: publicURL + "/", Publisher: "Lantern Research", Limits: limits,
	})
	return d
}

// eachDesk runs a test with a desk on each engine.
func eachDesk(t *testing.T, fn func(t *testing.T, d *desk)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) { fn(t, newDesk(t, s, newsletter.Limits{})) })
}

// LiveSeries implements newsletter.SeriesFinder.
func (d *desk) LiveSeries(context.Context) ([]newsletter.Series, error) {
	return slices.Clone(d.series), nil
}

// Send implements newsletter.Mailer.
func (d *desk) Send(_ context.Context, mail newsletter.Outgoing) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return d.fail
	}
	d.mails = append(d.mails, mail)
	d.sent <- struct{}{}
	return nil
}

// take returns the mails since the last call.
func (d *desk) take() []newsletter.Outgoing {
	d.mu.Lock()
	defer d.mu.Unlock()
	mails := d.mails
	d.mails = nil
	return mails
}

// anyone is the context of a request without a credential, from a network.
func anyone(ctx context.Context, address string) context.Context {
	return domain.WithClient(domain.WithViewer(ctx, domain.Anonymous()), netip.MustParseAddr(address))
}

func (d *desk) public() context.Context { return anyone(d.t.Context(), "203.0.113.7") }

func (d *desk) admin() context.Context {
	return domain.WithViewer(d.t.Context(), &domain.Viewer{Name: "Ann", Role: domain.Admin, Clearance: domain.Red, KeyID: 1})
}

// must fails the test on an error.
func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// ask requests a subscription, and returns the mail of that.
func (d *desk) ask(email, series string) newsletter.Outgoing {
	d.t.Helper()
	d.must(d.Subscribe(d.public(), newsletter.SubscribeParams{Email: email, Series: series}))
	d.must(d.MailRequests(d.t.Context()))
	mails := d.take()
	if len(mails) != 1 {
		d.t.Fatalf("got %d mails, want 1", len(mails))
	}
	return mails[0]
}

// subscribe subscribes an address, and returns the link to its preferences.
func (d *desk) subscribe(email, series string) string {
	d.t.Helper()
	done, err := d.Confirm(d.public(), tokenIn(d.t, d.ask(email, series).Text))
	d.must(err)
	return tokenIn(d.t, done.Preferences)
}

// ids returns the ids of the subscribers.
func (d *desk) ids() []domain.ID {
	d.t.Helper()
	ids, err := d.IDs(d.t.Context(), "1 = 1")
	d.must(err)
	return ids
}

// person returns all that is stored of the subscriber with an address.
func (d *desk) person(email string) *newsletter.Person {
	d.t.Helper()
	hash, err := d.Hash(d.admin(), email)
	d.must(err)
	ids, err := d.IDs(d.t.Context(), "email_hash = ?", hash)
	d.must(err)
	if len(ids) != 1 {
		d.t.Fatalf("got %d subscribers, want 1", len(ids))
	}
	person, err := d.Person(d.admin(), ids[0])
	d.must(err)
	return person
}

// state returns the state of a subscription; empty if there is none.
func (d *desk) state(email string, series domain.ID) string {
	d.t.Helper()
	for _, s := range d.person(email).Subscriptions {
		if s.Series == series {
			return s.State
		}
	}
	return ""
}

// tokenIn returns the token of the first link in a text.
func tokenIn(t testing.TB, text string) string {
	t.Helper()
	found := regexp.MustCompile(`https://\S+`).FindString(text)
	link, err := url.Parse(found)
	if err != nil || link.Query().Get("token") == "" {
		t.Fatalf("there is no link with a token in %q", text)
	}
	return link.Query().Get("token")
}

// unsubscribeToken returns the token of the link to unsubscribe in a mail of a series.
func (d *desk) unsubscribeToken(id, series domain.ID) string {
	d.t.Helper()
	links, err := d.Links(d.t.Context(), id, series, d.clock.Now())
	d.must(err)
	return tokenIn(d.t, links.Unsubscribe)
}

func wantKind(t testing.TB, err error, kind domain.Kind) {
	t.Helper()
	if !errors.Is(err, &domain.Error{Kind: kind}) {
		t.Errorf("got %v, want an error of kind %d", err, kind)
	}
}

// text returns the text, or none for nil.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
