package newsletter_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

const reader = "Reader.One+news@Example.org"

func TestConfirm(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		mail := d.ask("  "+reader+" ", report.Slug)
		if mail.To != reader || mail.Language != "en" || mail.Subject != "Confirm your subscription to The Red Report" {
			t.Errorf("got a mail to %s in %s: %s", mail.To, mail.Language, mail.Subject)
		}
		token := tokenIn(t, mail.Text)
		if !strings.Contains(mail.HTML, token) {
			t.Error("the HTML has not the link of the text")
		}
		// A program that follows the link subscribes no address.
		for range 2 {
			shown, err := d.Confirmation(d.public(), token)
			d.must(err)
			if shown.Confirmed || shown.Email != "R…@Example.org" || shown.Series != report.Title {
				t.Errorf("got %+v", shown)
			}
		}
		if ids := d.ids(); len(ids) != 0 {
			t.Errorf("got %d subscribers before the confirmation", len(ids))
		}
		confirmed := anyone(t.Context(), "2001:db8:77:1::5")
		for range 2 {
			done, err := d.Confirm(confirmed, token)
			d.must(err)
			if !done.Confirmed {
				t.Errorf("got %+v", done)
			}
		}
		person := d.person(strings.ToUpper(reader))
		if person.Email != reader || len(person.Subscriptions) != 1 || person.Subscriptions[0].State != newsletter.SubscriptionActive ||
			person.Subscriptions[0].Clearance != domain.Clear {
			t.Errorf("got %+v", person)
		}
		var acts []string
		for _, c := range person.Consents {
			acts = append(acts, c.Act+" "+text(c.Network)+" "+text(c.TextVersion)+" "+text(c.Language))
		}
		want := "REQUESTED 203.0.113.0/24 " + newsletter.TextVersion + " en|CONFIRMED 2001:db8:77::/48 " + newsletter.TextVersion + " en"
		if got := strings.Join(acts, "|"); got != want {
			t.Errorf("got consents %s, want %s", got, want)
		}
	})
}

func TestLinkExpires(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		token := tokenIn(t, d.ask(reader, report.Slug).Text)
		d.clock.Advance(48*time.Hour + time.Second)
		_, err := d.Confirmation(d.public(), token)
		wantKind(t, err, domain.KindNotFound)
		_, err = d.Confirm(d.public(), token)
		wantKind(t, err, domain.KindNotFound)
		if ids := d.ids(); len(ids) != 0 {
			t.Errorf("got %d subscribers", len(ids))
		}
		d.must(d.Expire(t.Context()))
		if dump := strings.Join(storetest.DumpDesk(t, d.stores)["subscription_requests"], ""); strings.Contains(dump, "xample") {
			t.Error("the address of an expired sign-up is still there")
		}
		for _, bad := range []string{"", "x", token + "x", strings.Repeat("a", 5000)} {
			_, err := d.Confirm(d.public(), bad)
			wantKind(t, err, domain.KindNotFound)
		}
	})
}

// The token itself is nowhere in the database.
func TestTokenIsStoredAsHash(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		token := tokenIn(t, d.ask(reader, report.Slug).Text)
		for table, rows := range storetest.DumpDesk(t, d.stores) {
			if strings.Contains(strings.Join(rows, "\n"), token) {
				t.Errorf("the token is in %s", table)
			}
		}
	})
}

func TestInvalidInput(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		err := d.Subscribe(d.public(), newsletter.SubscribeParams{Email: "reader@localhost", Series: partner.Slug, Language: "tlh_x_!", Proof: strings.Repeat("x", 500)})
		wantKind(t, err, domain.KindInvalid)
		for _, path := range []string{"email:", "series:", "language:", "proof:"} {
			if err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want a problem with %s", err, path)
			}
		}
		if strings.Contains(err.Error(), "reader@") {
			t.Errorf("the error has the address: %v", err)
		}
		if err := d.Subscribe(t.Context(), newsletter.SubscribeParams{Email: reader, Series: report.Slug}); !errors.Is(err, domain.ErrNoViewer) {
			t.Errorf("got %v, want %v", err, domain.ErrNoViewer)
		}
	})
}

func TestKnownAddress(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.subscribe(reader, report.Slug)
		mail := d.ask(strings.ToLower(reader), report.Slug)
		if mail.Subject != "You already receive The Red Report" {
			t.Errorf("got the subject %q", mail.Subject)
		}
		if _, err := d.Preferences(d.public(), tokenIn(t, mail.Text)); err != nil {
			t.Errorf("the link of the mail: %v", err)
		}
		if ids := d.ids(); len(ids) != 1 {
			t.Errorf("got %d subscribers, want 1", len(ids))
		}
	})
}

func TestSuppressedAddressGetsNoMail(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.must(d.Suppress(d.admin(), reader))
		d.must(d.Subscribe(d.public(), newsletter.SubscribeParams{Email: reader, Series: report.Slug}))
		d.must(d.MailRequests(t.Context()))
		if mails := d.take(); len(mails) != 0 {
			t.Errorf("got %d mails", len(mails))
		}
		d.must(d.Unsuppress(d.admin(), reader))
		wantKind(t, d.Unsuppress(d.admin(), reader), domain.KindNotFound)
		d.subscribe(reader, report.Slug)
	})
}

func TestLimitOfAddress(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		mails := 0
		for i := range 6 {
			ctx := anyone(t.Context(), fmt.Sprintf("198.51.%d.1", i))
			d.must(d.Subscribe(ctx, newsletter.SubscribeParams{Email: reader, Series: report.Slug}))
			d.must(d.MailRequests(t.Context()))
			mails += len(d.take())
		}
		if mails != newsletter.DefaultLimits().PerAddress {
			t.Errorf("got %d mails, want %d", mails, newsletter.DefaultLimits().PerAddress)
		}
		d.clock.Advance(25 * time.Hour)
		d.ask(reader, report.Slug)
	})
}

func TestLimitOfNetwork(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		d := newDesk(t, s, newsletter.Limits{PerNetwork: 2})
		request := func(ctx context.Context, i int) error {
			return d.Subscribe(ctx, newsletter.SubscribeParams{Email: fmt.Sprintf("reader%d@example.org", i), Series: report.Slug})
		}
		d.must(request(anyone(t.Context(), "203.0.113.1"), 1))
		d.must(request(anyone(t.Context(), "203.0.113.2"), 2))
		var limit *newsletter.LimitError
		if err := request(anyone(t.Context(), "203.0.113.3"), 3); !errors.As(err, &limit) || limit.RetryAfter <= 0 {
			t.Errorf("got %v, want a LimitError", err)
		}
		d.must(request(anyone(t.Context(), "203.0.114.1"), 4))
		// The server of a site has a key, and all its readers come from one network.
		key := domain.WithViewer(d.public(), &domain.Viewer{Name: "site", Role: domain.Public, KeyID: 5})
		for i := range 5 {
			d.must(request(key, 10+i))
		}
		d.clock.Advance(time.Hour + time.Minute)
		d.must(request(anyone(t.Context(), "203.0.113.3"), 3))
	})
}

func TestAttack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		d := newDesk(t, s, newsletter.Limits{Attack: 3})
		for i := range 3 {
			d.must(d.Subscribe(d.public(), newsletter.SubscribeParams{Email: fmt.Sprintf("r%d@example.org", i), Series: report.Slug}))
		}
		params := newsletter.SubscribeParams{Email: reader, Series: report.Slug}
		var challenge *newsletter.ChallengeError
		if err := d.Subscribe(d.public(), params); !errors.As(err, &challenge) {
			t.Fatalf("got %v, want a ChallengeError", err)
		}
		params.Proof = prove(challenge)
		d.must(d.Subscribe(d.public(), params))
		params.Email = "other@example.org" // the proof is for one address
		if err := d.Subscribe(d.public(), params); !errors.As(err, &challenge) {
			t.Errorf("got %v, want a ChallengeError", err)
		}
		// A page makes the browser wait instead.
		stamp, err := d.FormStamp(t.Context())
		d.must(err)
		d.clock.Advance(5 * time.Second)
		form := newsletter.FormParams{SubscribeParams: newsletter.SubscribeParams{Email: "form@example.org", Series: report.Slug}, Stamp: stamp}
		var wait *newsletter.WaitError
		if err := d.SubscribeByForm(d.public(), form); !errors.As(err, &wait) {
			t.Fatalf("got %v, want a WaitError", err)
		}
		form.Wait = wait.Token
		if err := d.SubscribeByForm(d.public(), form); !errors.As(err, &wait) {
			t.Errorf("too early: got %v, want a WaitError", err)
		}
		d.clock.Advance(wait.After)
		other := form
		other.Email = "another@example.org"
		if err := d.SubscribeByForm(d.public(), other); !errors.As(err, &wait) {
			t.Errorf("for another address: got %v, want a WaitError", err)
		}
		d.must(d.SubscribeByForm(d.public(), form))
		d.clock.Advance(time.Hour)
		d.must(d.Subscribe(d.public(), newsletter.SubscribeParams{Email: "later@example.org", Series: report.Slug}))
	})
}

// prove finds a proof of work.
func prove(c *newsletter.ChallengeError) string {
	for n := 0; ; n++ {
		proof := fmt.Sprintf("%s:%d", c.Token, n)
		sum := sha256.Sum256([]byte(proof))
		if sum[0] == 0 && sum[1] == 0 && sum[2] < 1<<(24-c.Bits) {
			return proof
		}
	}
}

func TestForm(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		stamp, err := d.FormStamp(t.Context())
		d.must(err)
		form := newsletter.FormParams{SubscribeParams: newsletter.SubscribeParams{Email: reader, Series: report.Slug}, Stamp: stamp}
		if err := d.SubscribeByForm(d.public(), form); !errors.Is(err, newsletter.ErrFormStamp) {
			t.Errorf("at once: got %v", err)
		}
		d.clock.Advance(3 * time.Second)
		trapped := form
		trapped.Trap = "https://spam.example"
		d.must(d.SubscribeByForm(d.public(), trapped))
		d.must(d.MailRequests(t.Context()))
		if mails := d.take(); len(mails) != 0 {
			t.Errorf("a form with the trap filled in: got %d mails", len(mails))
		}
		d.must(d.SubscribeByForm(d.public(), form))
		forged := form
		forged.Stamp = "AAAA" + stamp[4:]
		for name, f := range map[string]newsletter.FormParams{"forged": forged, "without": {SubscribeParams: form.SubscribeParams}} {
			if err := d.SubscribeByForm(d.public(), f); !errors.Is(err, newsletter.ErrFormStamp) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		d.clock.Advance(25 * time.Hour)
		if err := d.SubscribeByForm(d.public(), form); !errors.Is(err, newsletter.ErrFormStamp) {
			t.Errorf("a day later: got %v", err)
		}
	})
}

// A mail that could not be sent is made again, the same, with the same id.
func TestMailIsRetried(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.must(d.Subscribe(d.public(), newsletter.SubscribeParams{Email: reader, Series: letter.Slug}))
		d.fail = errors.New("connection refused")
		if err := d.MailRequests(t.Context()); !errors.Is(err, d.fail) {
			t.Errorf("got %v", err)
		}
		d.fail = nil
		d.must(d.MailRequests(t.Context()))
		d.must(d.MailRequests(t.Context()))
		mails := d.take()
		if len(mails) != 1 || mails[0].Language != "ja" || !strings.Contains(mails[0].Subject, letter.Title) {
			t.Fatalf("got %+v", mails)
		}
		d.fail = newsletter.ErrMailRefused
		d.must(d.Subscribe(d.public(), newsletter.SubscribeParams{Email: "gone@example.org", Series: letter.Slug}))
		d.must(d.MailRequests(t.Context()))
		d.fail = nil
		d.must(d.MailRequests(t.Context()))
		if mails := d.take(); len(mails) != 0 {
			t.Errorf("a mail that was refused for good was sent again")
		}
	})
}

func TestJobSendsTheMail(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		d := newDesk(t, s, newsletter.Limits{})
		d.must(d.Subscribe(d.public(), newsletter.SubscribeParams{Email: reader, Series: report.Slug}))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.RunJobs(ctx) }()
		<-d.sent
		stop()
		d.must(<-done)
		if mails := d.take(); len(mails) != 1 || mails[0].To != reader {
			t.Errorf("got %d mails", len(mails))
		}
	})
}
