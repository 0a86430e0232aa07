package bench_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/redthread-api/redthread/internal/domain"
	publisher "github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/newsletter"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/newsletter/render"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// BenchmarkSendEdition sends an edition of 12 items to subscribers: rendered, composed, signed with RSA, and submitted
// to an SMTP server in this process, with a durable ledger.
func BenchmarkSendEdition(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *store.Stores{"SQLite": storetest.SQLite, "PostgreSQL": storetest.Postgres} {
		for _, subscribers := range []int{2_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", name, subscribers), func(b *testing.B) {
				if subscribers > 2_000 && testing.Short() {
					b.Skip("it takes minutes; not with -short")
				}
				p := newPostBench(b, open(b), subscribers)
				for b.Loop() {
					p.send(b)
				}
			})
		}
	}
}

// postBench is a publisher with subscribers.
type postBench struct {
	stores   *store.Stores
	sendings *newsletter.Sendings
	ctx      context.Context // of an editor
	edition  newsletter.Edition
	count    int
}

func newPostBench(b *testing.B, s *store.Stores, subscribers int) *postBench {
	b.Helper()
	p := &postBench{stores: s, count: subscribers,
		ctx:     domain.WithViewer(b.Context(), &domain.Viewer{Name: "editor", Role: domain.Editor, Clearance: domain.Red, KeyID: 1}),
		edition: newsletter.Edition{Series: domain.NewID(domain.Series, time.Now()), Title: "Twelve items", Live: true}}
	p.subscribe(b)
	discard := slog.New(slog.DiscardHandler)
	client, err := mail.NewClient(mail.Server{Host: "127.0.0.1", Port: smtpPort(b), TLS: mail.NoTLS, Name: "news.example.org", MaxConnections: 8}, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.Close)
	composer := newsletter.NewComposer(newsletter.ComposerConfig{
		Query: func(_ context.Context, _ string, _ map[string]any, out any) error {
			return json.Unmarshal([]byte(twelveItems()), out)
		},
		Templates: render.Builtin(), Site: publisher.Site{Name: "Bench", URL: "https://news.example.org", Pages: map[domain.Type]string{domain.Entity: "/entities/{slug}"}},
		Mail: client, From: mail.Address{Name: "Report", Addr: "report@news.example.org"}, BounceDomain: "news.example.org", Signer: rsaSigner(b), Now: time.Now,
	})
	composer.Subscribers = newsletter.NewSubscribers(newsletter.SubscribersConfig{Stores: s, Jobs: s.Jobs(discard), Mailer: composer, Log: discard, Now: time.Now, PublicURL: "https://news.example.org"})
	p.sendings = newsletter.NewSendings(newsletter.SendingsConfig{Stores: s, Editions: p, Composer: composer, Mail: client, Log: discard, Now: time.Now, AtOnce: 8})
	return p
}

// Edition implements newsletter.Editions.
func (p *postBench) Edition(context.Context, store.Rows, string) (newsletter.Edition, error) {
	return p.edition, nil
}

// send sends a new edition to all subscribers.
func (p *postBench) send(b *testing.B) {
	b.Helper()
	p.edition.ID = domain.NewID(domain.Edition, time.Now())
	sending, err := p.sendings.Send(p.ctx, newsletter.SendParams{Edition: p.edition.ID.String()})
	if err != nil {
		b.Fatal(err)
	}
	cpu, began := cpuTime(b), time.Now()
	var most uint64
	for range 10_000 {
		next, err := p.sendings.Run(domain.AsSystem(b.Context(), "bench"), sending.ID)
		if err != nil {
			b.Fatal(err)
		}
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		most = max(most, memory.HeapAlloc)
		if next.IsZero() {
			break
		}
	}
	took, wall := cpuTime(b)-cpu, time.Since(began)
	done, err := p.sendings.Find(p.ctx, sending.ID)
	if err != nil || done.Submitted != p.count || done.State != newsletter.SendingDone {
		b.Fatalf("got %+v, %v; want %d submitted", done, err, p.count)
	}
	b.ReportMetric(float64(took.Microseconds())/float64(p.count), "cpu-µs/mail")
	b.ReportMetric(float64(p.count)/wall.Seconds(), "mails/s")
	b.ReportMetric(float64(most)/1e6, "heap-MB")
}

func (p *postBench) subscribe(b *testing.B) {
	b.Helper()
	at := time.Now().UTC().Add(-time.Hour).Truncate(time.Microsecond)
	for from := 0; from < p.count; from += 1000 {
		err := p.stores.Desk(domain.AsSystem(b.Context(), "bench"), func(ctx context.Context, tx *store.Tx) error {
			for i := from; i < min(from+1000, p.count); i++ {
				id, email := domain.NewID(domain.Subscriber, at), fmt.Sprintf("reader-%06d@example.org", i)
				if err := store.ExecLater(ctx, tx, "insert", "INSERT INTO subscribers (id, email, email_hash, language, soft_bounces, created_at, updated_at) VALUES (?, ?, ?, 'en', 0, ?, ?)", id, email, "hash of "+email, at, at); err != nil {
					return err
				}
				if err := store.ExecLater(ctx, tx, "insert", "INSERT INTO subscriptions (id, subscriber_id, series_id, clearance, state, created_at, confirmed_at) VALUES (?, ?, ?, 0, 'ACTIVE', ?, ?)",
					domain.NewID(domain.Row, at), id, p.edition.Series, at, at); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// twelveItems returns the data of a query for an edition.
func twelveItems() string {
	item := map[string]any{"anchor": "a", "headline": "A company is on a list", "occurredOn": "2026-06-08", "summary": "<p>" + strings.Repeat("The ministry has published its list. ", 8) + "</p>",
		"analysis":  "<p>" + strings.Repeat("A reason can be checked; a date can only be noted. ", 10) + "</p>",
		"entities":  []any{map[string]any{"slug": "acme", "name": "Acme", "kind": "COMPANY", "language": "en"}},
		"citations": []any{map[string]any{"locator": "p. 1", "source": map[string]any{"slug": "list", "title": "The list", "url": "https://example.org/list"}}}}
	items := make([]any, 12)
	for i := range items {
		items[i] = item
	}
	raw, err := json.Marshal(map[string]any{"edition": map[string]any{"slug": "report-1", "title": "Twelve items", "number": 1, "language": "en",
		"series": map[string]any{"slug": "report", "title": "Report"}, "introduction": "<p>Twelve.</p>", "items": items}})
	if err != nil {
		panic(err) // it is made of texts
	}
	return string(raw)
}

func rsaSigner(b *testing.B) *mail.Signer {
	b.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		b.Fatal(err)
	}
	key, err := mail.ParseKey("s1", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		b.Fatal(err)
	}
	signer, err := mail.NewSigner("news.example.org", []mail.Key{key})
	if err != nil {
		b.Fatal(err)
	}
	return signer
}

// smtpPort starts an SMTP server that accepts everything, and returns its port.
func smtpPort(b *testing.B) int {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return acceptAll{}, nil }))
	server.Domain, server.ErrorLog = "mx.example.org", log.New(io.Discard, "", 0)
	go func() { _ = server.Serve(listener) }() // ends with Close
	b.Cleanup(func() { _ = server.Close() })
	return listener.Addr().(*net.TCPAddr).Port
}

type acceptAll struct{}

func (acceptAll) Mail(string, *smtp.MailOptions) error { return nil }
func (acceptAll) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (acceptAll) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}
func (acceptAll) Reset()        {}
func (acceptAll) Logout() error { return nil }
