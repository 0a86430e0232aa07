package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/ent/db/auditentry"
	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

func TestDisabling(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
		r.respond(always(http.StatusInternalServerError))
		for day := range 4 {
			s.report(fmt.Sprint("r", day))
			s.publish(fmt.Sprint("r", day))
			s.advance(20 * time.Hour)
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

		// While it is disabled, nothing is sent, and nothing is lost.
		r.take()
		r.respond(always(http.StatusOK))
		s.report("later")
		s.publish("later")
		s.advance(48 * time.Hour)
		if got := r.takeSummary(); got != "" {
			t.Errorf("while it was disabled it got %q", got)
		}
		if err := s.Update(s.admin(), delivery.UpdateParams{ID: hook, Enabled: new(true)}); err != nil {
			t.Fatal(err)
		}
		s.advance(time.Minute)
		if got, want := r.takeSorted(), "report.published later, report.published r3"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if row := s.row(hook); row.State != domain.WebhookEnabled || row.Reason != nil || row.FailingSince != nil || row.DisabledAt != nil {
			t.Errorf("got %+v", row)
		}
	})
}

// A tag is found by a former slug, and stays subscribed when its slug changes.
func TestTagsByFormerSlugs(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		s.save(domain.Tag, editorial.Create, fields{"slug": "ports", "label": "Ports", "vocabulary": "TOPIC"})
		s.save(domain.Tag, editorial.Update, fields{"id": "ports", "slug": "harbours"})
		s.hook(delivery.CreateParams{URL: r.URL, Tags: []string{" ports "}})
		s.report("quay", fields{"tags": []any{"harbours"}})
		s.report("crane")
		s.save(domain.Tag, editorial.Update, fields{"id": "harbours", "slug": "docks"})
		s.publish("quay", "crane")
		s.advance(time.Minute)
		if got, want := r.takeSorted(), "report.published quay, tag.published docks"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestGoneDisablesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
		r.respond(always(http.StatusGone))
		s.report("cranes")
		s.publish("cranes")
		s.advance(time.Hour)
		if row := s.row(hook); row.State != domain.WebhookDisabled || *row.Reason != "the receiver responded 410 Gone" || len(r.take()) != 1 {
			t.Errorf("got %+v", row)
		}
		if d := s.deliveries(hook)[0]; d.State != domain.DeliveryPending {
			t.Errorf("what waits is %s", d.State)
		}
	})
}

// A webhook that succeeds from time to time is not disabled.
func TestSuccessKeepsEnabled(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
		for day := range 6 {
			status := http.StatusInternalServerError
			if day == 2 {
				status = http.StatusOK
			}
			r.respond(always(status))
			s.report(fmt.Sprint("r", day))
			s.publish(fmt.Sprint("r", day))
			s.advance(20 * time.Hour)
		}
		if row := s.row(hook); row.State != domain.WebhookEnabled {
			t.Errorf("got %s, %v", row.State, *row.Reason)
		}
	})
}

func TestRotation(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		hook, old := s.hook(delivery.CreateParams{URL: r.URL})
		fresh, err := s.Rotate(s.admin(), hook, new(time.Hour))
		if err != nil || fresh == old {
			t.Fatal(err)
		}
		s.report("cranes")
		s.publish("cranes")
		s.advance(time.Minute)
		if q := r.take()[0]; !signed(q, old) || !signed(q, fresh) || len(strings.Fields(q.header.Get("webhook-signature"))) != 2 {
			t.Errorf("during the overlap: got %q", q.header.Get("webhook-signature"))
		}
		s.advance(time.Hour)
		s.report("docks")
		s.publish("docks")
		s.advance(time.Minute)
		if q := r.take()[0]; signed(q, old) || !signed(q, fresh) {
			t.Errorf("after the overlap: got %q", q.header.Get("webhook-signature"))
		}
		last, err := s.Rotate(s.admin(), hook, new(time.Duration(0)))
		if err != nil {
			t.Fatal(err)
		}
		s.unpublish("docks")
		s.advance(time.Minute)
		if q := r.take()[0]; signed(q, fresh) || !signed(q, last) {
			t.Errorf("without an overlap: got %q", q.header.Get("webhook-signature"))
		}
	})
}

func TestTestEvent(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
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
		r.respond(func(received) (int, map[string]string) {
			return http.StatusFound, map[string]string{"Location": r.URL + "/elsewhere"}
		})
		a, err = s.Test(s.admin(), hook)
		if err != nil || a.Status != http.StatusFound || a.Error != "the response has status 302; redirects are not followed" || len(r.take()) != 1 {
			t.Errorf("got %+v, %v", a, err)
		}
		r.Close()
		_, _ = s.Test(s.admin(), hook) // may find the connection of before, and see it end
		a, err = s.Test(s.admin(), hook)
		if err != nil || a.Status != 0 || a.Error != "the host refused the connection" {
			t.Errorf("got %+v, %v", a, err)
		}
		if len(s.deliveries(hook)) != 0 {
			t.Error("tests are in the delivery log")
		}
	})
}

// Requests to private addresses are refused unless they are allowed.
func TestPrivateAddresses(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
		strict := delivery.New(delivery.Config{Stores: s.stores, Live: s.desk.Live(), Now: s.clock.Now})
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
	each(t, func(t *testing.T, s *testDesk) {
		for name, row := range map[string]struct {
			params delivery.CreateParams
			want   string
		}{
			"NoURL":       {delivery.CreateParams{}, "url: want a URL"},
			"Script":      {delivery.CreateParams{URL: "javascript:alert(1)"}, "url: want a URL"},
			"Password":    {delivery.CreateParams{URL: "https://a:b@site.example/"}, "a password"},
			"Fragment":    {delivery.CreateParams{URL: "https://site.example/#x"}, "fragment"},
			"Control":     {delivery.CreateParams{URL: "https://site.example/", Description: "a\x00b"}, "description: has control characters"},
			"EmptyEvents": {delivery.CreateParams{URL: "https://site.example/", Events: []delivery.Event{}}, "events: must not be empty; omit it"},
			"EmptyTypes":  {delivery.CreateParams{URL: "https://site.example/", Types: []string{}}, "types: must not be empty"},
			"EmptyTags":   {delivery.CreateParams{URL: "https://site.example/", Tags: []string{}}, "tags: must not be empty"},
			"UnknownTag":  {delivery.CreateParams{URL: "https://site.example/", Tags: []string{"nothing"}}, `there is no tag "nothing"`},
			"UnknownType": {delivery.CreateParams{URL: "https://site.example/", Types: []string{"BOOK"}}, "is not a document type"},
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
		if _, _, err := s.Create(low, delivery.CreateParams{URL: "https://site.example/", MaxMarking: domain.Amber}); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("a ceiling above the clearance: got %v", err)
		}
		hook, _ := s.hook(delivery.CreateParams{URL: "https://site.example/", MaxMarking: domain.Amber})
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
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
		s.report("cranes")
		s.publish("cranes")
		s.advance(time.Minute)
		s.report("cranes", fields{"title": "Cranes, again"})
		s.publish("cranes")
		s.advance(40 * 24 * time.Hour)
		if err := s.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		// The last one is kept: it says that the receiver knows the document.
		if log := s.deliveries(hook); len(log) != 1 || log[0].Event != "report.updated" {
			t.Fatalf("got %v", log)
		}
		r.take()
		s.unpublish("cranes")
		s.advance(time.Minute)
		if got := r.takeSummary(); got != "report.unpublished" {
			t.Errorf("got %q", got)
		}
	})
}

// An attempt that the end of the program interrupts is not a failure of the
// receiver.
func TestInterruptedAttempt(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
		s.report("cranes")
		s.publish("cranes")
		if err := s.DispatchAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		job, ok := s.next(s.clock.Now())
		if !ok {
			t.Fatal("there is no job")
		}
		ctx, stop := context.WithCancel(t.Context())
		r.respond(func(received) (int, map[string]string) { stop(); return http.StatusOK, nil })
		if err := s.Attempt(ctx, job); !errors.Is(err, context.Canceled) {
			// The response may have come first.
			if d := s.deliveries(hook)[0]; err != nil || d.State != domain.DeliveryDelivered {
				t.Fatalf("got %v, %s", err, d.State)
			}
			return
		}
		if d := s.deliveries(hook)[0]; d.State != domain.DeliveryPending || len(d.Attempts) != 0 || d.AttemptCount != 0 {
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
