package bench_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// webhookSite is a desk with webhooks to a receiver on this machine.
type webhookSite struct {
	ctx  context.Context
	desk *editorial.Desk
	came atomic.Int64
	want atomic.Int64
	all  chan struct{} // as many came as are wanted
}

func newWebhookSite(b *testing.B, webhooks int) *webhookSite {
	b.Helper()
	t := &webhookSite{all: make(chan struct{}, 1)}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
		if t.came.Add(1) == t.want.Load() {
			t.all <- struct{}{}
		}
	}))
	b.Cleanup(receiver.Close)
	stores, err := store.Open(b.Context(), storetest.SQLiteConfig(b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = stores.Close() })
	log := slog.New(slog.DiscardHandler)
	t.desk = editorial.New(stores, projection.New(stores, log, time.Now), log, time.Now)
	if err := t.desk.Prepare(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := t.desk.Live().Project(b.Context()); err != nil {
		b.Fatal(err)
	}
	t.ctx = domain.WithViewer(b.Context(), &domain.Viewer{Name: "bench", Role: domain.Admin, Clearance: domain.Red, KeyID: 1})
	jobs := stores.Jobs(log)
	w := delivery.New(delivery.Config{Stores: stores, Live: t.desk.Live(), Jobs: jobs, Log: log, AllowPrivate: true})
	for range webhooks {
		if _, _, err := w.Create(t.ctx, delivery.CreateParams{URL: receiver.URL}); err != nil {
			b.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan error, 2)
	go func() { done <- w.Run(ctx) }()
	go func() { done <- jobs.Start(ctx) }()
	b.Cleanup(func() {
		stop()
		if err := errors.Join(<-done, <-done); err != nil {
			b.Error(err)
		}
	})
	return t
}

// save writes a new version of the given number of reports and returns their names.
func (t *webhookSite) save(b *testing.B, reports int) []string {
	b.Helper()
	names := make([]string, reports)
	for i := range names {
		slug := fmt.Sprintf("r%d", i)
		names[i] = "report:" + slug
		if _, err := t.desk.Save(t.ctx, editorial.SaveParams{Type: domain.Report, Mode: editorial.Upsert, Fields: map[string]any{
			"slug": slug, "title": fmt.Sprint("Version ", time.Now().UnixNano()), "kind": "BRIEF", "language": "en", "summary": "S.", "body": "B."}}); err != nil {
			b.Fatal(err)
		}
	}
	return names
}

func (t *webhookSite) publish(b *testing.B, names []string) {
	b.Helper()
	if _, err := t.desk.Publish(t.ctx, editorial.PublishParams{Documents: names}); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkWebhooks publishes 200 reports at once, and waits until five webhooks
// have delivered each.
func BenchmarkWebhooks(b *testing.B) {
	const reports, webhooks = 200, 5
	t := newWebhookSite(b, webhooks)
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		names := t.save(b, reports)
		t.want.Store(t.came.Load() + reports*webhooks)
		b.StartTimer()
		t.publish(b, names)
		<-t.all
	}
	b.ReportMetric(float64(reports*webhooks*b.N)/b.Elapsed().Seconds(), "deliveries/s")
}

// BenchmarkPublishWithWebhooks publishes one report after another, with several
// numbers of webhooks.
func BenchmarkPublishWithWebhooks(b *testing.B) {
	for _, webhooks := range []int{0, 5} {
		b.Run(fmt.Sprint(webhooks), func(b *testing.B) {
			t := newWebhookSite(b, webhooks)
			b.ResetTimer()
			for range b.N {
				b.StopTimer()
				names := t.save(b, 1)
				b.StartTimer()
				t.publish(b, names)
			}
		})
	}
}
