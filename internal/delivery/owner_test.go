package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/store"
)

// owners are what the owners of webhooks may do, for tests; see delivery.Owners.
type owners struct {
	mu        sync.Mutex
	clearance map[domain.ID]domain.Marking
	problem   map[domain.ID]string
}

func (o *owners) WebhookOwner(_ context.Context, line domain.ID) (domain.Marking, string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.clearance[line], o.problem[line], nil
}

func (o *owners) set(line domain.ID, clearance domain.Marking, problem string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.clearance[line], o.problem[line] = clearance, problem
}

// partner is a context of a partner with webhooks of its own.
func (s *testDesk) partner(line domain.ID, clearance domain.Marking) context.Context {
	s.owners.set(line, clearance, "")
	return domain.WithViewer(s.t.Context(), &domain.Viewer{Name: "partner", Role: domain.Partner, Clearance: clearance,
		KeyID: line + 100, KeyLine: line, Grants: []domain.Right{domain.OwnWebhooks}})
}

func (s *testDesk) ownHook(ctx context.Context, p delivery.CreateParams) domain.ID {
	s.t.Helper()
	id, _, err := s.Create(ctx, p)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// A webhook with an owner gets what its ceiling and the clearance of its owner both permit,
// as long as the owner has the right to it.
func TestOwnWebhook(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		amber := s.partner(1, domain.Amber)
		if _, _, err := s.Create(amber, delivery.CreateParams{URL: r.URL, MaxMarking: domain.Red}); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("a ceiling above the clearance: got %v", err)
		}
		hook := s.ownHook(amber, delivery.CreateParams{URL: r.URL, MaxMarking: domain.Amber})
		if row := s.row(hook); row.Owner == nil || *row.Owner != 1 {
			t.Errorf("got the owner %v", row.Owner)
		}
		s.report("clear")
		s.report("amber", fields{"marking": "AMBER"})
		s.report("red", fields{"marking": "RED"})
		s.publish("clear", "amber", "red")
		s.advance(time.Minute)
		if got, want := r.takeSorted(), "report.published amber, report.published clear"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}

		// The clearance is lowered: between the dispatch and the attempt, and before the dispatch.
		s.report("amber", fields{"title": "Again"})
		s.publish("amber")
		if err := s.DispatchAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.owners.set(1, domain.Green, "")
		s.report("amber", fields{"title": "And again"})
		s.report("clear", fields{"title": "Again"})
		s.publish("clear", "amber")
		s.advance(time.Minute)
		if got, want := r.takeSummary(), "report.updated clear"; got != want {
			t.Errorf("after the clearance was lowered: got %q, want %q", got, want)
		}
		if d := s.deliveries(hook)[2]; d.State != domain.DeliveryDropped || *d.Error != "the document is no longer visible with the clearance GREEN" {
			t.Errorf("got %s, %v", d.State, d.Error)
		}

		// The right is taken away: with a delivery pending, and without.
		s.report("clear", fields{"title": "Third"})
		s.publish("clear")
		if err := s.DispatchAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.owners.set(1, domain.Green, "the key of its owner is revoked")
		s.advance(time.Minute)
		row := s.row(hook)
		if got := r.takeSummary(); got != "" || row.State != domain.WebhookDisabled || *row.Reason != "the key of its owner is revoked" || row.DisabledAt == nil {
			t.Errorf("got %q, and the webhook is %s", got, row.State)
		}
		if !strings.Contains(s.log.String(), `level=WARN msg="a webhook was disabled"`) {
			t.Errorf("there is no notice in the log:\n%s", s.log)
		}
		err := s.Update(s.admin(), delivery.UpdateParams{ID: hook, Enabled: new(true)})
		if !errors.Is(err, domain.ErrInvalid) || !strings.Contains(err.Error(), "enabled: cannot be true, because the key of its owner is revoked") {
			t.Errorf("an ADMIN enables it: got %v", err)
		}
		// The right is back: what was pending and what came meanwhile is sent.
		s.owners.set(1, domain.Green, "")
		s.report("later")
		s.publish("later")
		s.advance(time.Minute)
		if got := r.takeSummary(); got != "" {
			t.Errorf("while it was disabled it got %q", got)
		}
		if err := s.Update(amber, delivery.UpdateParams{ID: hook, Enabled: new(true)}); err != nil {
			t.Fatal(err)
		}
		s.advance(time.Minute)
		if got, want := r.takeSorted(), "report.published later, report.updated clear"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		// It is disabled without a change, too: an idle webhook shows that it is of no use.
		s.owners.set(1, domain.Green, "the key of its owner is expired")
		s.advance(time.Minute)
		if row := s.row(hook); row.State != domain.WebhookDisabled || *row.Reason != "the key of its owner is expired" {
			t.Errorf("got %s", row.State)
		}
		// Without owners, nothing is sent.
		unknown := delivery.NewWithQueue(delivery.Config{Stores: s.stores, Live: s.desk.Live(), Now: s.clock.Now}, s)
		if err := unknown.Update(s.admin(), delivery.UpdateParams{ID: hook, Enabled: new(true)}); err == nil || !strings.Contains(err.Error(), "not known") {
			t.Errorf("got %v", err)
		}
	})
}

// Webhooks of others do not exist for an owner: all that it does with one is the same as
// with an id of nothing, and takes the same statements.
func TestWebhooksOfOthers(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		one, two := s.partner(1, domain.Green), s.partner(2, domain.Green)
		own := s.ownHook(one, delivery.CreateParams{URL: r.URL})
		published, _ := s.hook(delivery.CreateParams{URL: r.URL})
		r.respond(always(http.StatusInternalServerError))
		s.report("cranes")
		s.publish("cranes")
		s.advance(25 * time.Hour)
		nothing := domain.NewID(domain.Webhook, s.clock.Now())
		dead := func(hook domain.ID) domain.ID {
			rows := s.deliveries(hook)
			if len(rows) != 1 || rows[0].State != domain.DeliveryFailed {
				t.Fatalf("got %v", rows)
			}
			return rows[0].ID
		}
		r.take()
		for name, do := range map[string]func(ctx context.Context, hook domain.ID) error{
			"Update": func(ctx context.Context, hook domain.ID) error {
				return s.Update(ctx, delivery.UpdateParams{ID: hook, Description: new("x")})
			},
			"Enable": func(ctx context.Context, hook domain.ID) error {
				return s.Update(ctx, delivery.UpdateParams{ID: hook, Enabled: new(true)})
			},
			"Delete": s.Delete,
			"Rotate": func(ctx context.Context, hook domain.ID) error { _, err := s.Rotate(ctx, hook, nil); return err },
			"Test":   func(ctx context.Context, hook domain.ID) error { _, err := s.Test(ctx, hook); return err },
			"Retry": func(ctx context.Context, hook domain.ID) error {
				_, err := s.Retry(ctx, delivery.RetryParams{Webhook: &hook})
				return err
			},
		} {
			text := map[domain.ID]string{}
			for _, hook := range []domain.ID{own, published, nothing} {
				ctx, statements := store.CountStatements(two)
				err := do(ctx, hook)
				if !errors.Is(err, domain.ErrNotFound) {
					t.Errorf("%s: got %v", name, err)
					continue
				}
				text[hook] = strings.ReplaceAll(err.Error(), hook.String(), "ID") + fmt.Sprint(" ", *statements)
			}
			if text[own] != text[nothing] || text[published] != text[nothing] {
				t.Errorf("%s: got %v", name, text)
			}
		}
		for _, d := range []domain.ID{dead(own), dead(published)} {
			if got, err := s.Retry(two, delivery.RetryParams{Deliveries: []domain.ID{d}}); err != nil || len(got) != 0 {
				t.Errorf("another's delivery: got %v, %v", got, err)
			}
		}
		if got, err := s.Retry(one, delivery.RetryParams{Deliveries: []domain.ID{dead(own), dead(published)}}); err != nil || len(got) != 1 {
			t.Errorf("its own delivery: got %v, %v", got, err)
		}
		if got := r.takeSummary(); got != "" || len(s.deliveries(own)) != 1 {
			t.Errorf("got %q", got)
		}
		// A viewer with neither right learns nothing.
		editor := as(t.Context(), domain.Editor, domain.Red)
		if err := s.Delete(editor, own); !errors.Is(err, domain.ErrForbidden) || !strings.Contains(err.Error(), "ADMIN") || !strings.Contains(err.Error(), "OWN_WEBHOOKS") {
			t.Errorf("got %v", err)
		}
		// An ADMIN manages them all.
		if err := s.Delete(s.admin(), own); err != nil {
			t.Error(err)
		}
	})
}

// The tags of an owner's webhook are those that it sees in live. Others are to it as tags that do
// not exist: the same error, after the same statements.
func TestTagsOfOwners(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		one := s.partner(1, domain.Green)
		for _, tag := range []string{"ports", "docks", "draft", "hidden"} {
			f := fields{"slug": "was-" + tag, "label": tag, "vocabulary": "TOPIC"}
			if tag == "hidden" {
				f["marking"] = "AMBER"
			}
			id := s.save(domain.Tag, editorial.Create, f)
			s.save(domain.Tag, editorial.Update, fields{"id": id.String(), "slug": tag})
		}
		s.report("quay", fields{"tags": []any{"ports"}})
		s.report("crane", fields{"tags": []any{"docks"}})
		s.report("secret", fields{"tags": []any{"hidden"}, "marking": "AMBER"})
		s.publish("quay", "crane", "secret")
		refused := map[string]string{}
		for _, ref := range []string{"nothing", "draft", "was-draft", "hidden", "was-hidden"} {
			ctx, statements := store.CountStatements(one)
			_, _, err := s.Create(ctx, delivery.CreateParams{URL: r.URL, Tags: []string{"ports", ref}})
			if !errors.Is(err, domain.ErrInvalid) || !strings.Contains(err.Error(), "tags.1: there is no tag") {
				t.Errorf("%s: got %v", ref, err)
				continue
			}
			refused[ref] = fmt.Sprint(strings.ReplaceAll(err.Error(), ref, "TAG"), " ", *statements)
			if refused[ref] != refused["nothing"] {
				t.Errorf("%s: got %s, and of nothing %s", ref, refused[ref], refused["nothing"])
			}
		}
		hook := s.ownHook(one, delivery.CreateParams{URL: r.URL, Tags: []string{" was-ports "}})
		if err := s.Update(one, delivery.UpdateParams{ID: hook, Tags: &[]string{"hidden"}}); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("got %v", err)
		}
		if err := s.Update(one, delivery.UpdateParams{ID: hook, Tags: &[]string{s.row(hook).Tags[0], "was-docks"}}); err != nil {
			t.Fatal(err)
		}
		for _, slug := range []string{"quay", "crane", "secret"} {
			s.report(slug, fields{"title": "Again"})
		}
		s.report("other")
		s.publish("quay", "crane", "secret", "other")
		s.advance(time.Minute)
		if got, want := r.takeSorted(), "report.updated crane, report.updated quay"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		// Who has disabled it is not for its owner to know.
		if err := s.Update(s.admin(), delivery.UpdateParams{ID: hook, Enabled: new(false)}); err != nil || *s.row(hook).Reason != "disabled by the publisher" {
			t.Errorf("got %v, %v", err, *s.row(hook).Reason)
		}
	})
}

// What the fence shows to an owner: its own webhooks, and deliveries from the first attempt on.
func TestFenceOfOwnWebhooks(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		one, two := s.partner(1, domain.Green), s.partner(2, domain.Green)
		s.ownHook(one, delivery.CreateParams{URL: r.URL})
		s.hook(delivery.CreateParams{URL: r.URL})
		s.report("cranes")
		s.publish("cranes")
		if err := s.DispatchAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		seen := func(ctx context.Context, wantHooks, wantDeliveries int) {
			t.Helper()
			ctx = domain.WithStage(ctx, domain.Desk)
			client := s.stores.Client(ctx)
			hooks, err := client.Webhook.Query().Count(ctx)
			if err != nil || hooks != wantHooks {
				t.Errorf("got %d webhooks, %v, want %d", hooks, err, wantHooks)
			}
			deliveries, err := client.WebhookDelivery.Query().Count(ctx)
			if err != nil || deliveries != wantDeliveries {
				t.Errorf("got %d deliveries, %v, want %d", deliveries, err, wantDeliveries)
			}
		}
		seen(one, 1, 0)
		seen(two, 0, 0)
		seen(s.admin(), 2, 2)
		s.advance(time.Minute)
		seen(one, 1, 1)
		seen(two, 0, 0)
		seen(s.admin(), 2, 2)
	})
}

func TestLimitsOfOwners(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		params := delivery.CreateParams{URL: r.URL}
		var hook domain.ID
		for line := domain.ID(1); line <= 8; line++ {
			ctx := s.partner(line, domain.Green)
			for range delivery.MaxOwnWebhooks {
				hook = s.ownHook(ctx, params)
			}
			if _, _, err := s.Create(ctx, params); !errors.Is(err, domain.ErrInvalid) || !strings.Contains(err.Error(), "the limit of 5 webhooks of one key") {
				t.Fatalf("got %v", err)
			}
		}
		if _, _, err := s.Create(s.partner(9, domain.Green), params); !errors.Is(err, domain.ErrConflict) || !strings.Contains(err.Error(), "no room") {
			t.Errorf("got %v", err)
		}
		for range 10 {
			s.hook(params)
		}
		if _, _, err := s.Create(s.admin(), params); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("got %v", err)
		}

		// Tests: one at a time, and 20 in an hour, also if the webhook is another one by then.
		ctx := s.partner(8, domain.Green)
		r.respond(func(received) (int, map[string]string) {
			if _, err := s.Test(ctx, hook); !errors.Is(err, domain.ErrConflict) {
				t.Errorf("a second test at the same time: got %v", err)
			}
			return http.StatusNoContent, nil
		})
		if a, err := s.Test(ctx, hook); err != nil || a.Status != http.StatusNoContent {
			t.Fatalf("got %+v, %v", a, err)
		}
		r.respond(nil)
		first := s.clock.Now()
		for range 19 {
			if _, err := s.Test(ctx, hook); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Delete(ctx, hook); err != nil {
			t.Fatal(err)
		}
		hook = s.ownHook(ctx, params)
		r.take()
		_, err := s.Test(ctx, hook)
		limited, ok := errors.AsType[*domain.RateLimitError](err)
		if !ok || limited.RetryAfter <= 0 || limited.RetryAfter > time.Hour || len(r.take()) != 0 {
			t.Errorf("got %v", err)
		}
		if _, err := s.Test(s.admin(), hook); err != nil {
			t.Errorf("an ADMIN: got %v", err)
		}
		s.clock.AdvanceTo(first.Add(time.Hour))
		if _, err := s.Test(ctx, hook); err != nil {
			t.Errorf("an hour later: got %v", err)
		}

		// A webhook that was disabled is enabled again a minute later: all that is pending is sent then.
		set := func(ctx context.Context, enabled bool) error {
			return s.Update(ctx, delivery.UpdateParams{ID: hook, Enabled: &enabled})
		}
		if err := set(ctx, false); err != nil {
			t.Fatal(err)
		}
		if err := set(ctx, true); !isLimited(err) {
			t.Errorf("got %v", err)
		}
		s.clock.Advance(time.Minute)
		if err := set(ctx, true); err != nil {
			t.Error(err)
		}
		if err := errors.Join(set(s.admin(), false), set(s.admin(), true)); err != nil {
			t.Errorf("an ADMIN: got %v", err)
		}
	})
}

func isLimited(err error) bool {
	_, ok := errors.AsType[*domain.RateLimitError](err)
	return ok
}
