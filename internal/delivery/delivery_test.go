package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/ent/auditentry"
	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
)

// The vector is that of the specification's own libraries.
func TestSignature(t *testing.T) {
	t.Parallel()
	header := http.Header{}
	at := time.Unix(1614265330, 0)
	secrets := []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"}
	if err := delivery.Sign(header, secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, []byte(`{"test": 2432232314}`)); err != nil {
		t.Fatal(err)
	}
	signatures := strings.Split(header.Get("webhook-signature"), " ")
	if len(signatures) != 2 || signatures[0] != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" || !strings.HasPrefix(signatures[1], "v1,") {
		t.Errorf("got %q", signatures)
	}
	if header.Get("webhook-id") != "msg_p5jXN8AQM9LWM0D4loKWxJek" || header.Get("webhook-timestamp") != "1614265330" {
		t.Errorf("got %v", header)
	}
}

func TestRequest(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := newReceiver(t)
		s.report("before")
		s.publish("before")
		hook, secret := s.hook(delivery.CreateParams{URL: r.URL + "/hooks?of=us"})
		id := s.report("cranes")
		s.publish("cranes")
		published := s.clock.now()
		s.pass(time.Minute)
		got := r.take()
		if len(got) != 1 {
			t.Fatalf("got %d requests, want 1: what was published before the webhook was registered is not told", len(got))
		}
		q := got[0]
		if !signed(q, secret) || !regexp.MustCompile(`^whsec_[A-Za-z0-9+/]{43}=$`).MatchString(secret) {
			t.Errorf("the signature %q is not by %q", q.header.Get("webhook-signature"), secret)
		}
		if !strings.HasPrefix(q.header.Get("webhook-id"), "dlv_") || q.header.Get("Content-Type") != "application/json" || q.header.Get("User-Agent") != "Redthread" {
			t.Errorf("got the headers %v", q.header)
		}
		at, err := time.Parse(time.RFC3339Nano, q.Data["at"].(string))
		if err != nil || at.After(published) || at.Before(published.Add(-time.Second)) {
			t.Errorf("got the time %v, want one just before %v", q.Data["at"], published)
		}
		cursor := q.Data["cursor"].(string)
		if _, err := content.ParsePosition(cursor); err != nil || cursor == "" {
			t.Errorf("got the cursor %q", cursor)
		}
		want := fmt.Sprintf(`{"type":"report.published","timestamp":%q,"data":{"kind":"PUBLISH","documentId":%q,"type":"REPORT","at":%[1]q,"cursor":%[3]q,"slug":"cranes","title":"About cranes","version":1}}`,
			q.Data["at"], id, cursor)
		if q.body != want {
			t.Errorf("got  %s\nwant %s", q.body, want)
		}

		s.unpublish("cranes")
		s.pass(time.Minute)
		gone := r.take()
		if len(gone) != 1 || gone[0].Type != "report.unpublished" || gone[0].Data["slug"] != nil || gone[0].Data["title"] != nil || gone[0].Data["version"] != nil ||
			gone[0].Data["documentId"] != id.String() {
			t.Errorf("got %+v", gone)
		}

		log := s.deliveries(hook)
		if len(log) != 2 || log[0].State != domain.DeliveryDelivered || log[0].Body != q.body || log[0].ID.String() != q.header.Get("webhook-id") ||
			log[0].Number != 1 || log[0].DoneAt == nil || len(log[0].Attempts) != 1 || log[0].Attempts[0].Status != http.StatusNoContent {
			t.Errorf("got the log %+v", log)
		}
		if strings.Contains(s.log.String(), strings.TrimPrefix(secret, "whsec_")) || strings.Contains(s.log.String(), "of=us") {
			t.Errorf("the secret or the URL is in the log:\n%s", s.log)
		}
	})
}

// A receiver that fails hears of a document in order; others do not wait.
func TestOrder(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
		r.answers(func(q received) (int, map[string]string) {
			if q.Data["slug"] == "cranes" {
				return http.StatusInternalServerError, nil
			}
			return http.StatusOK, nil
		})
		s.report("cranes")
		s.report("docks")
		s.publish("cranes")
		s.pass(time.Second)
		s.publish("docks")
		s.report("cranes", fields{"title": "Cranes, again"})
		s.publish("cranes")
		s.unpublish("cranes")
		s.report("docks", fields{"title": "Docks, again"})
		s.publish("docks")
		s.pass(time.Second)
		if got, want := r.lines(), "report.published cranes, report.published docks, report.updated docks"; got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
		r.answers(always(http.StatusOK))
		s.pass(time.Hour)
		// It was unpublished meanwhile: who may not know of it is not told its
		// title after the fact.
		if got, want := r.lines(), "report.unpublished"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		var states []string
		for _, d := range s.deliveries(hook) {
			states = append(states, d.Event+" "+d.State)
		}
		want := []string{"report.published DROPPED", "report.published DELIVERED", "report.unpublished DELIVERED", "report.updated DELIVERED"}
		if diff := cmp.Diff(want, states); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestOrderOfUpdates(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := newReceiver(t)
		s.hook(delivery.CreateParams{URL: r.URL})
		r.answers(always(http.StatusBadGateway))
		for i := range 4 {
			s.report("cranes", fields{"title": fmt.Sprint("Cranes ", i)})
			s.publish("cranes")
			s.pass(time.Second)
		}
		if n := len(r.take()); n != 1 {
			t.Fatalf("got %d requests, want 1: the others wait for it", n)
		}
		r.answers(always(http.StatusOK))
		s.pass(time.Minute)
		var got []string
		for _, q := range r.take() {
			got = append(got, fmt.Sprint(q.Type, " ", q.Data["title"]))
		}
		want := []string{"report.published Cranes 0", "report.updated Cranes 1", "report.updated Cranes 2", "report.updated Cranes 3"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestRetries(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := newReceiver(t)
		hook, secret := s.hook(delivery.CreateParams{URL: r.URL})
		r.answers(always(http.StatusInternalServerError))
		s.report("cranes")
		s.publish("cranes")
		s.pass(48 * time.Hour)
		d := s.deliveries(hook)[0]
		if d.State != domain.DeliveryDead || d.NextAttemptAt != nil || *d.Error != "the answer has the status 500" {
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

		// What is dead does not keep what comes after it, and can be repeated.
		r.answers(always(http.StatusOK))
		s.report("cranes", fields{"title": "Cranes, again"})
		s.publish("cranes")
		s.pass(time.Minute)
		if got, want := r.lines(), "report.updated cranes"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		repeated, err := s.Retry(s.admin(), delivery.RetryParams{Webhook: &hook})
		if err != nil || len(repeated) != 1 || repeated[0] != d.ID {
			t.Fatalf("got %v, %v", repeated, err)
		}
		s.pass(time.Minute)
		again := r.take()
		if len(again) != 1 || again[0].header.Get("webhook-id") != d.ID.String() || s.deliveries(hook)[0].State != domain.DeliveryDelivered {
			t.Errorf("got %+v", again)
		}
		repeated, err = s.Retry(s.admin(), delivery.RetryParams{Deliveries: []domain.ID{d.ID}})
		if err != nil || len(repeated) != 0 {
			t.Errorf("what was delivered is repeated: %v, %v", repeated, err)
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
		got := delivery.WishOf(&http.Response{StatusCode: row.status, Header: http.Header{"Retry-After": {row.header}}}, at)
		if row.header == "999999999999" {
			got = min(got, time.Hour)
		}
		if got != row.want {
			t.Errorf("%d %s: got %v, want %v", row.status, row.header, got, row.want)
		}
	}
}

// The ceiling decides what is told: a document that is marked higher never
// reaches the webhook, and one that comes to be is gone for it.
func TestCeiling(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		low, high := newReceiver(t), newReceiver(t)
		s.hook(delivery.CreateParams{URL: low.URL})
		s.hook(delivery.CreateParams{URL: high.URL, Ceiling: domain.Amber})
		s.report("secret", fields{"marking": "AMBER"})
		s.report("cranes")
		s.publish("secret", "cranes")
		s.pass(time.Minute)
		if got := low.lines(); got != "report.published cranes" {
			t.Errorf("CLEAR got %q", got)
		}
		if got := high.lines(); got != "report.published cranes, report.published secret" && got != "report.published secret, report.published cranes" {
			t.Errorf("AMBER got %q", got)
		}
		s.report("cranes", fields{"marking": "AMBER", "title": "Only for few"})
		s.publish("cranes")
		s.unpublish("secret")
		s.pass(time.Minute)
		got := low.take()
		if len(got) != 1 || got[0].Type != "report.no_longer_visible" || strings.Contains(got[0].body, "few") || strings.Contains(got[0].body, "cranes") {
			t.Errorf("CLEAR got %+v", got)
		}
		if got := high.lines(); got != "report.updated cranes, report.unpublished" && got != "report.unpublished, report.updated cranes" {
			t.Errorf("AMBER got %q", got)
		}
		s.report("cranes", fields{"marking": "CLEAR"})
		s.publish("cranes")
		s.pass(time.Minute)
		if got := low.lines(); got != "report.published cranes" {
			t.Errorf("CLEAR got %q", got)
		}
	})
}

// What waits to be sent is not sent when the receiver may not know it any more.
func TestCeilingOfWhatWaits(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL, Ceiling: domain.Amber})
		r.answers(always(http.StatusInternalServerError))
		s.report("secret", fields{"marking": "AMBER"})
		s.publish("secret")
		s.pass(time.Second)
		r.take()
		clearly := domain.Clear
		if err := s.Update(s.admin(), delivery.UpdateParams{ID: hook, Ceiling: &clearly}); err != nil {
			t.Fatal(err)
		}
		r.answers(always(http.StatusOK))
		s.pass(time.Hour)
		if got := r.take(); len(got) != 0 {
			t.Errorf("got %+v", got)
		}
		if d := s.deliveries(hook)[0]; d.State != domain.DeliveryDropped || !strings.Contains(*d.Error, "CLEAR") {
			t.Errorf("got %s: %v", d.State, *d.Error)
		}
	})
}

func TestFilters(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.save(domain.Tag, content.Create, fields{"slug": "harbours", "label": "Harbours", "vocabulary": "TOPIC"})
		s.save(domain.Tag, content.Create, fields{"slug": "hidden", "label": "Hidden", "vocabulary": "TOPIC", "marking": "RED"})
		all, events, types, tags, hidden := newReceiver(t), newReceiver(t), newReceiver(t), newReceiver(t), newReceiver(t)
		s.hook(delivery.CreateParams{URL: all.URL})
		s.hook(delivery.CreateParams{URL: events.URL, Events: []delivery.Event{delivery.Updated, delivery.Unpublished}})
		s.hook(delivery.CreateParams{URL: types.URL, Types: []string{"TAG", "ENTITY"}})
		s.hook(delivery.CreateParams{URL: tags.URL, Tags: []string{"harbours"}})
		s.hook(delivery.CreateParams{URL: hidden.URL, Tags: []string{"hidden"}})
		s.report("cranes", fields{"tags": []any{"harbours", "hidden"}})
		s.report("docks")
		told := map[*receiver]string{all: "all", events: "events", types: "types", tags: "tags", hidden: "hidden"}
		step := func(name string, want map[string]string) {
			t.Helper()
			s.pass(time.Minute)
			got := map[string]string{}
			for r, name := range told {
				lines := strings.Split(r.lines(), ", ") // different documents are in no order
				slices.Sort(lines)
				got[name] = strings.Join(lines, ", ")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		s.publish("cranes", "docks")
		step("Published", map[string]string{
			"all": "report.published cranes, report.published docks, tag.published harbours", "events": "",
			"types": "tag.published harbours", "tags": "report.published cranes, tag.published harbours", "hidden": ""})
		s.report("docks", fields{"title": "Docks, again"})
		s.publish("docks")
		step("Updated", map[string]string{
			"all": "report.updated docks", "events": "report.updated docks", "types": "", "tags": "", "hidden": ""})
		s.unpublish("docks")
		// Of cranes the webhook "events" has not heard, so it is not told of its end.
		s.unpublish("cranes")
		step("Unpublished", map[string]string{
			"all": "report.unpublished, report.unpublished, tag.no_longer_visible", "events": "report.unpublished",
			"types": "tag.no_longer_visible", "tags": "report.unpublished, tag.no_longer_visible", "hidden": ""})
	})
}

func TestDisabling(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
		r.answers(always(http.StatusInternalServerError))
		for day := range 4 {
			s.report(fmt.Sprint("r", day))
			s.publish(fmt.Sprint("r", day))
			s.pass(20 * time.Hour)
		}
		row := s.row(hook)
		if row.State != domain.WebhookDisabled || row.Reason == nil || !strings.Contains(*row.Reason, "every attempt has failed since 2026-03-01T09:00:00Z") || row.DisabledAt == nil {
			t.Fatalf("got %s, %v", row.State, row.Reason)
		}
		if took := row.DisabledAt.Sub(*row.FailingSince); took < 72*time.Hour || took > 77*time.Hour {
			t.Errorf("it was disabled after %v", took)
		}
		if !strings.Contains(s.log.String(), `level=WARN msg="a webhook was disabled"`) {
			t.Errorf("there is no notice in the log:\n%s", s.log)
		}
		ctx := domain.WithStage(s.admin(), domain.Desk)
		entries, err := s.stores.Client(ctx).AuditEntry.Query().Where(auditentry.Action("DISABLE_WEBHOOK")).All(ctx)
		if err != nil || len(entries) != 1 || *entries[0].Subject != hook.String() || entries[0].Actor != "system: deliver to webhooks" {
			t.Errorf("got the audit entries %v, %v", entries, err)
		}

		// Nothing is sent, and nothing is lost.
		r.take()
		r.answers(always(http.StatusOK))
		s.report("later")
		s.publish("later")
		s.pass(48 * time.Hour)
		if got := r.lines(); got != "" {
			t.Errorf("while it was disabled it got %q", got)
		}
		if err := s.Update(s.admin(), delivery.UpdateParams{ID: hook, Enabled: new(true)}); err != nil {
			t.Fatal(err)
		}
		s.pass(time.Minute)
		if got, want := r.lines(), "report.published r3, report.published later"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if row := s.row(hook); row.State != domain.WebhookEnabled || row.Reason != nil || row.FailingSince != nil || row.DisabledAt != nil {
			t.Errorf("got %+v", row)
		}
	})
}

func TestGoneDisablesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
		r.answers(always(http.StatusGone))
		s.report("cranes")
		s.publish("cranes")
		s.pass(time.Hour)
		if row := s.row(hook); row.State != domain.WebhookDisabled || *row.Reason != "the receiver says that it is gone (410)" || len(r.take()) != 1 {
			t.Errorf("got %+v", row)
		}
		if d := s.deliveries(hook)[0]; d.State != domain.DeliveryPending {
			t.Errorf("what waits is %s", d.State)
		}
	})
}

// One that works now and then is not disabled.
func TestWorkingAgain(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
		for day := range 6 {
			status := http.StatusInternalServerError
			if day == 2 {
				status = http.StatusOK
			}
			r.answers(always(status))
			s.report(fmt.Sprint("r", day))
			s.publish(fmt.Sprint("r", day))
			s.pass(20 * time.Hour)
		}
		if row := s.row(hook); row.State != domain.WebhookEnabled {
			t.Errorf("got %s, %v", row.State, *row.Reason)
		}
	})
}

func TestRotation(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := newReceiver(t)
		hook, old := s.hook(delivery.CreateParams{URL: r.URL})
		fresh, err := s.Rotate(s.admin(), hook, new(time.Hour))
		if err != nil || fresh == old {
			t.Fatal(err)
		}
		s.report("cranes")
		s.publish("cranes")
		s.pass(time.Minute)
		if q := r.take()[0]; !signed(q, old) || !signed(q, fresh) || len(strings.Fields(q.header.Get("webhook-signature"))) != 2 {
			t.Errorf("during the overlap: got %q", q.header.Get("webhook-signature"))
		}
		s.pass(time.Hour)
		s.report("docks")
		s.publish("docks")
		s.pass(time.Minute)
		if q := r.take()[0]; signed(q, old) || !signed(q, fresh) {
			t.Errorf("after the overlap: got %q", q.header.Get("webhook-signature"))
		}
		last, err := s.Rotate(s.admin(), hook, new(time.Duration(0)))
		if err != nil {
			t.Fatal(err)
		}
		s.unpublish("docks")
		s.pass(time.Minute)
		if q := r.take()[0]; signed(q, fresh) || !signed(q, last) {
			t.Errorf("without an overlap: got %q", q.header.Get("webhook-signature"))
		}
	})
}

func TestTestButton(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := newReceiver(t)
		hook, secret := s.hook(delivery.CreateParams{URL: r.URL})
		a, err := s.Test(s.admin(), hook)
		if err != nil || a.Status != http.StatusNoContent || a.Error != "" {
			t.Errorf("got %+v, %v", a, err)
		}
		q := r.take()
		if len(q) != 1 || q[0].Type != "webhook.test" || !signed(q[0], secret) || q[0].Data["webhookId"] != hook.String() {
			t.Errorf("got %+v", q)
		}
		r.answers(func(received) (int, map[string]string) {
			return http.StatusFound, map[string]string{"Location": r.URL + "/elsewhere"}
		})
		a, err = s.Test(s.admin(), hook)
		if err != nil || a.Status != http.StatusFound || a.Error != "the answer has the status 302; redirects are not followed" || len(r.take()) != 1 {
			t.Errorf("got %+v, %v", a, err)
		}
		r.Close()
		_, _ = s.Test(s.admin(), hook) // may find the connection of before, and see it end
		a, err = s.Test(s.admin(), hook)
		if err != nil || a.Status != 0 || a.Error != "the host refuses the connection" {
			t.Errorf("got %+v, %v", a, err)
		}
		if len(s.deliveries(hook)) != 0 {
			t.Error("tests are in the delivery log")
		}
	})
}

// The requests go nowhere private unless that is allowed.
func TestPrivateAddresses(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
		strict := delivery.New(delivery.Config{Stores: s.stores, Desk: s.desk, Now: s.clock.now})
		a, err := strict.Test(s.admin(), hook)
		if err != nil || a.Status != 0 || !strings.Contains(a.Error, "public address") || strings.Contains(a.Error, "127.0.0.1") || len(r.take()) != 0 {
			t.Errorf("got %+v, %v", a, err)
		}
		_, _, err = strict.Create(s.admin(), delivery.CreateParams{URL: "http://site.example/hook"})
		if !errors.Is(err, domain.ErrInvalid) || !strings.Contains(err.Error(), "want https") {
			t.Errorf("got %v", err)
		}
	})
}

func TestInput(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		for name, row := range map[string]struct {
			params delivery.CreateParams
			want   string
		}{
			"NoURL":       {delivery.CreateParams{}, "url: want a URL"},
			"Script":      {delivery.CreateParams{URL: "javascript:alert(1)"}, "url: want a URL"},
			"Password":    {delivery.CreateParams{URL: "https://a:b@site.example/"}, "a password"},
			"Fragment":    {delivery.CreateParams{URL: "https://site.example/#x"}, "fragment"},
			"EmptyEvents": {delivery.CreateParams{URL: "https://site.example/", Events: []delivery.Event{}}, "events: an empty list is of nothing"},
			"EmptyTypes":  {delivery.CreateParams{URL: "https://site.example/", Types: []string{}}, "types: an empty list"},
			"EmptyTags":   {delivery.CreateParams{URL: "https://site.example/", Tags: []string{}}, "tags: an empty list"},
			"UnknownTag":  {delivery.CreateParams{URL: "https://site.example/", Tags: []string{"nothing"}}, `there is no tag "nothing"`},
			"UnknownType": {delivery.CreateParams{URL: "https://site.example/", Types: []string{"BOOK"}}, "no type of document"},
		} {
			_, _, err := s.Create(s.admin(), row.params)
			if !errors.Is(err, domain.ErrInvalid) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%s: got %v, want %q", name, err, row.want)
			}
		}
		editor := as(t.Context(), domain.Editor, domain.Red)
		if _, _, err := s.Create(editor, delivery.CreateParams{URL: "https://site.example/"}); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("an EDITOR: got %v", err)
		}
		low := as(t.Context(), domain.Admin, domain.Green)
		if _, _, err := s.Create(low, delivery.CreateParams{URL: "https://site.example/", Ceiling: domain.Amber}); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("a ceiling above the clearance: got %v", err)
		}
		hook, _ := s.hook(delivery.CreateParams{URL: "https://site.example/", Ceiling: domain.Amber})
		elsewhere := "https://elsewhere.example/"
		if err := s.Update(low, delivery.UpdateParams{ID: hook, URL: &elsewhere}); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("a webhook above the clearance can be led elsewhere: got %v", err)
		}
		if _, err := s.Rotate(low, hook, nil); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("the secret of a webhook above the clearance: got %v", err)
		}
		if err := s.Delete(s.admin(), hook); err != nil {
			t.Fatal(err)
		}
		if err := s.Update(s.admin(), delivery.UpdateParams{ID: hook}); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestPrune(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
		s.report("cranes")
		s.publish("cranes")
		s.pass(time.Minute)
		s.report("cranes", fields{"title": "Cranes, again"})
		s.publish("cranes")
		s.pass(40 * 24 * time.Hour)
		if err := s.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		// The last one stays: it says that the webhook knows of the document.
		if log := s.deliveries(hook); len(log) != 1 || log[0].Event != "report.updated" {
			t.Fatalf("got %v", log)
		}
		r.take()
		s.unpublish("cranes")
		s.pass(time.Minute)
		if got := r.lines(); got != "report.unpublished" {
			t.Errorf("got %q", got)
		}
	})
}

// Attempts that the end of the program cuts off are not held against the
// receiver.
func TestAttemptIsCutOff(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
		s.report("cranes")
		s.publish("cranes")
		if err := s.DispatchAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		job, ok := s.next(s.clock.now())
		if !ok {
			t.Fatal("there is no job")
		}
		ctx, stop := context.WithCancel(t.Context())
		r.answers(func(received) (int, map[string]string) { stop(); return http.StatusOK, nil })
		if err := s.Attempt(ctx, job); !errors.Is(err, context.Canceled) {
			// The answer may have come first.
			if d := s.deliveries(hook)[0]; err != nil || d.State != domain.DeliveryDelivered {
				t.Fatalf("got %v, %s", err, d.State)
			}
			return
		}
		if d := s.deliveries(hook)[0]; d.State != domain.DeliveryPending || len(d.Attempts) != 0 || d.Tries != 0 {
			t.Errorf("got %+v", d)
		}
		if err := s.Attempt(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		if d := s.deliveries(hook)[0]; d.State != domain.DeliveryDelivered {
			t.Errorf("got %s", d.State)
		}
	})
}
