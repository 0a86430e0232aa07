package delivery_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
)

func TestRetries(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		hook, secret := s.hook(delivery.CreateParams{URL: r.URL})
		r.respond(always(http.StatusInternalServerError))
		s.report("cranes")
		s.publish("cranes")
		s.advance(48 * time.Hour)
		d := s.deliveries(hook)[0]
		if d.State != domain.DeliveryFailed || d.NextAttemptAt != nil || *d.Error != "the response has status 500" {
			t.Errorf("got %+v", d)
		}
		first, last := d.Attempts[0].At, d.Attempts[len(d.Attempts)-1].At
		if took := last.Sub(first).Round(time.Second); took != 24*time.Hour {
			t.Errorf("the last attempt was %s after the first, want 24h", took)
		}
		var pauses []string
		for i, a := range d.Attempts[1:] {
			pauses = append(pauses, a.At.Sub(d.Attempts[i].At).Round(time.Second).String())
		}
		want := []string{"10s", "30s", "1m30s", "4m30s", "13m30s", "40m30s", "2h1m30s", "4h0m0s", "4h0m0s", "4h0m0s", "4h0m0s", "4h0m0s", "57m50s"}
		if diff := cmp.Diff(want, pauses); diff != "" {
			t.Errorf("the longest pauses (-want +got):\n%s", diff)
		}
		got := r.take()
		if len(got) != len(d.Attempts) {
			t.Errorf("got %d requests for %d attempts", len(got), len(d.Attempts))
		}
		timestamps := map[string]bool{}
		for _, q := range got {
			timestamps[q.header.Get("webhook-timestamp")] = true
			if q.header.Get("webhook-id") != got[0].header.Get("webhook-id") || q.body != got[0].body || !signed(q, secret) {
				t.Errorf("a later attempt is another event: %+v", q)
			}
		}
		if len(timestamps) != len(got) {
			t.Errorf("got %d timestamps for %d attempts", len(timestamps), len(got))
		}
		if a := d.Attempts[0]; a.Status != 500 || a.URL != r.URL || a.Response != "status  [31m text" {
			t.Errorf("got the attempt %+v", a)
		}

		// A failed delivery does not block later ones, and can be retried.
		r.respond(always(http.StatusOK))
		s.report("cranes", fields{"title": "Cranes, again"})
		s.publish("cranes")
		s.advance(time.Minute)
		if got, want := r.takeSummary(), "report.updated cranes"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		retried, err := s.Retry(s.admin(), delivery.RetryParams{Webhook: &hook})
		if err != nil || len(retried) != 1 || retried[0] != d.ID {
			t.Fatalf("got %v, %v", retried, err)
		}
		s.advance(time.Minute)
		again := r.take()
		if len(again) != 1 || again[0].header.Get("webhook-id") != d.ID.String() || s.deliveries(hook)[0].State != domain.DeliveryDelivered {
			t.Errorf("got %+v", again)
		}
		retried, err = s.Retry(s.admin(), delivery.RetryParams{Deliveries: []domain.ID{d.ID}})
		if err != nil || len(retried) != 0 {
			t.Errorf("a successful delivery was retried: %v, %v", retried, err)
		}
	})
}

func TestNextAttempt(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		name  string
		share float64
		after time.Duration // since the first attempt
		tries int
		wish  time.Duration
		want  time.Duration // since the first attempt; 0: none
	}{
		{"AtOnce", 0, time.Minute, 3, 0, time.Minute},
		{"HalfOfTheBound", 0.5, 0, 1, 0, 5 * time.Second},
		{"AsWished", 0, time.Minute, 1, 20 * time.Minute, 21 * time.Minute},
		{"NotLongerThanAnHour", 0, 0, 1, 9 * time.Hour, time.Hour},
		{"LongerThanWished", 1, 0, 3, time.Second, 90 * time.Second},
		{"TheLastOne", 1, 23 * time.Hour, 20, 0, 24 * time.Hour},
		{"NotAnyMore", 1, 24 * time.Hour, 20, 0, 0},
	} {
		at, ok := delivery.NextAttempt(row.share, since.Add(row.after), since, row.tries, row.wish)
		if ok != (row.want != 0) || ok && at.Sub(since) != row.want {
			t.Errorf("%s: got %v, %v, want %v", row.name, at.Sub(since), ok, row.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		status int
		header string
		want   time.Duration
	}{
		{429, "120", 2 * time.Minute},
		{503, "Sun, 01 Mar 2026 09:05:00 GMT", 5 * time.Minute},
		{503, "Sun, 01 Mar 2026 08:05:00 GMT", 0},
		{429, "999999999999", time.Hour},
		{429, "-5", 0},
		{429, "soon", 0},
		{500, "120", 0},
	} {
		got := delivery.ParseRetryAfter(&http.Response{StatusCode: row.status, Header: http.Header{"Retry-After": {row.header}}}, at)
		if row.header == "999999999999" {
			got = min(got, time.Hour)
		}
		if got != row.want {
			t.Errorf("%d %s: got %v, want %v", row.status, row.header, got, row.want)
		}
	}
}
