package delivery_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
)

// The test vector is from the libraries of the specification.
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
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		s.report("before")
		s.publish("before")
		hook, secret := s.hook(delivery.CreateParams{URL: r.URL + "/hooks?of=us"})
		id := s.report("cranes")
		s.publish("cranes")
		published := s.clock.Now()
		s.advance(time.Minute)
		got := r.take()
		if len(got) != 1 {
			t.Fatalf("got %d requests, want 1: publications before the registration of the webhook are not delivered", len(got))
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
		if _, err := projection.ParsePosition(cursor); err != nil || cursor == "" {
			t.Errorf("got the cursor %q", cursor)
		}
		want := fmt.Sprintf(`{"type":"report.published","timestamp":%q,"data":{"kind":"PUBLISH","documentId":%q,"type":"REPORT","at":%[1]q,"cursor":%[3]q,"slug":"cranes","title":"About cranes","version":1}}`,
			q.Data["at"], id, cursor)
		if q.body != want {
			t.Errorf("got  %s\nwant %s", q.body, want)
		}

		s.unpublish("cranes")
		s.advance(time.Minute)
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

// The deliveries of a document stay in order while the receiver fails, and other
// documents do not wait.
func TestOrder(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
		r.respond(func(q received) (int, map[string]string) {
			if q.Data["slug"] == "cranes" {
				return http.StatusInternalServerError, nil
			}
			return http.StatusOK, nil
		})
		s.report("cranes")
		s.report("docks")
		s.publish("cranes")
		s.advance(time.Second)
		s.publish("docks")
		s.report("cranes", fields{"title": "Cranes, again"})
		s.publish("cranes")
		s.unpublish("cranes")
		s.report("docks", fields{"title": "Docks, again"})
		s.publish("docks")
		s.advance(time.Second)
		if got, want := r.takeSummary(), "report.published cranes, report.published docks, report.updated docks"; got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
		r.respond(always(http.StatusOK))
		s.advance(time.Hour)
		// The document was unpublished in the meantime, so its title is not sent any
		// more.
		if got, want := r.takeSummary(), "report.unpublished"; got != want {
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
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		s.hook(delivery.CreateParams{URL: r.URL})
		r.respond(always(http.StatusBadGateway))
		for i := range 4 {
			s.report("cranes", fields{"title": fmt.Sprint("Cranes ", i)})
			s.publish("cranes")
			s.advance(time.Second)
		}
		if n := len(r.take()); n != 1 {
			t.Fatalf("got %d requests, want 1: the others wait for it", n)
		}
		r.respond(always(http.StatusOK))
		s.advance(time.Minute)
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

// A document with a marking above the ceiling never reaches the webhook, and one
// that gets such a marking is gone for the receiver.
func TestCeiling(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		low, high := newReceiver(t), newReceiver(t)
		s.hook(delivery.CreateParams{URL: low.URL})
		s.hook(delivery.CreateParams{URL: high.URL, MaxMarking: domain.Amber})
		s.report("secret", fields{"marking": "AMBER"})
		s.report("cranes")
		s.publish("secret", "cranes")
		s.advance(time.Minute)
		if got := low.takeSummary(); got != "report.published cranes" {
			t.Errorf("CLEAR got %q", got)
		}
		if got := high.takeSorted(); got != "report.published cranes, report.published secret" {
			t.Errorf("AMBER got %q", got)
		}
		s.report("cranes", fields{"marking": "AMBER", "title": "Only for few"})
		s.publish("cranes")
		s.unpublish("secret")
		s.advance(time.Minute)
		got := low.take()
		if len(got) != 1 || got[0].Type != "report.no_longer_visible" || strings.Contains(got[0].body, "few") || strings.Contains(got[0].body, "cranes") {
			t.Errorf("CLEAR got %+v", got)
		}
		if got := high.takeSorted(); got != "report.unpublished, report.updated cranes" {
			t.Errorf("AMBER got %q", got)
		}
		s.report("cranes", fields{"marking": "CLEAR"})
		s.publish("cranes")
		s.advance(time.Minute)
		if got := low.takeSummary(); got != "report.published cranes" {
			t.Errorf("CLEAR got %q", got)
		}
	})
}

// A pending delivery is dropped when the receiver may not see the document any
// more.
func TestCeilingOfPendingDeliveries(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL, MaxMarking: domain.Amber})
		r.respond(always(http.StatusInternalServerError))
		s.report("secret", fields{"marking": "AMBER"})
		s.publish("secret")
		s.advance(time.Second)
		r.take()
		clearly := domain.Clear
		if err := s.Update(s.admin(), delivery.UpdateParams{ID: hook, MaxMarking: &clearly}); err != nil {
			t.Fatal(err)
		}
		r.respond(always(http.StatusOK))
		s.advance(time.Hour)
		if got := r.take(); len(got) != 0 {
			t.Errorf("got %+v", got)
		}
		if d := s.deliveries(hook)[0]; d.State != domain.DeliveryDropped || !strings.Contains(*d.Error, "CLEAR") {
			t.Errorf("got %s: %v", d.State, *d.Error)
		}
	})
}

func TestFilters(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		s.save(domain.Tag, editorial.Create, fields{"slug": "harbours", "label": "Harbours", "vocabulary": "TOPIC"})
		s.save(domain.Tag, editorial.Create, fields{"slug": "hidden", "label": "Hidden", "vocabulary": "TOPIC", "marking": "RED"})
		all, events, types, tags, hidden := newReceiver(t), newReceiver(t), newReceiver(t), newReceiver(t), newReceiver(t)
		s.hook(delivery.CreateParams{URL: all.URL})
		s.hook(delivery.CreateParams{URL: events.URL, Events: []delivery.Event{delivery.Updated, delivery.Unpublished}})
		s.hook(delivery.CreateParams{URL: types.URL, Types: []string{"TAG", "ENTITY"}})
		s.hook(delivery.CreateParams{URL: tags.URL, Tags: []string{"harbours"}})
		s.hook(delivery.CreateParams{URL: hidden.URL, Tags: []string{"hidden"}})
		s.report("cranes", fields{"tags": []any{"harbours", "hidden"}})
		s.report("docks")
		receivers := map[*receiver]string{all: "all", events: "events", types: "types", tags: "tags", hidden: "hidden"}
		step := func(name string, want map[string]string) {
			t.Helper()
			s.advance(time.Minute)
			got := map[string]string{}
			for r, name := range receivers {
				got[name] = r.takeSorted()
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
		// The webhook "events" was never notified of cranes, so it is not notified of its
		// removal.
		s.unpublish("cranes")
		step("Unpublished", map[string]string{
			"all": "report.unpublished, report.unpublished, tag.no_longer_visible", "events": "report.unpublished",
			"types": "tag.no_longer_visible", "tags": "report.unpublished, tag.no_longer_visible", "hidden": ""})
	})
}
