package access_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// holding returns a context of the holder of a key.
func holding(t testing.TB, keys *access.Keys, secret string) context.Context {
	t.Helper()
	viewer, err := keys.Authenticate(t.Context(), access.Credential{Token: secret})
	if err != nil {
		t.Fatal(err)
	}
	return domain.WithViewer(t.Context(), viewer)
}

func rotateOwn(t testing.TB, keys *access.Keys, secret string, overlap time.Duration) (created, old access.Key, text string) {
	t.Helper()
	created, old, text, err := keys.RotateOwn(holding(t, keys, secret), &overlap)
	if err != nil {
		t.Fatal(err)
	}
	return created, old, text
}

func wantValid(t testing.TB, keys *access.Keys, valid map[string]bool) {
	t.Helper()
	for secret, want := range valid {
		if _, err := keys.Authenticate(t.Context(), access.Credential{Token: secret}); (err == nil) != want {
			t.Errorf("the key %s…: got %v, want it valid: %v", secret[:6], err, want)
		}
	}
}

// A key that rotates itself has what it had, and ends when it would have ended.
func TestRotateOwn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		amber, end := domain.Amber, c.Now().Add(30*24*time.Hour)
		first, one := create(t, keys, access.CreateParams{Name: "partner", Role: domain.Partner, Clearance: &amber, ExpiresAt: &end,
			Grants: []domain.Right{domain.OwnWebhooks, domain.OwnWebhooks},
			Restrictions: access.Restrictions{RateLimit: 500, Scopes: []domain.Right{domain.ReadLive}, Origins: []string{"https://site.example"},
				Networks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}})
		viewer := &domain.Viewer{Name: "partner", Role: domain.Partner, KeyID: first.ID}
		ctx := domain.WithViewer(t.Context(), viewer)
		c.Advance(time.Hour)
		second, old, two, err := keys.RotateOwn(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if second.Name != "partner" || second.Role != domain.Partner || second.Clearance != amber || !second.ExpiresAt.Equal(end) || second.RateLimit != 500 ||
			len(second.Scopes) != 1 || len(second.Grants) != 1 || len(second.Origins) != 1 || len(second.Networks) != 1 ||
			*second.Replaces != first.ID || second.Line != first.ID || second.CreatedBy != "partner" || *second.CreatorID != first.ID || second.LastUsedAt != nil {
			t.Errorf("got %+v", second)
		}
		if old.ID != first.ID || !old.ExpiresAt.Equal(c.Now().Add(access.DefaultOverlap)) || one == two {
			t.Errorf("the old key: got %+v", old)
		}
		// The viewer of the new key belongs to the line of the first.
		inside := domain.WithClient(t.Context(), netip.MustParseAddr("203.0.113.9"))
		got, err := keys.Authenticate(inside, access.Credential{Token: two, Origin: "https://site.example"})
		if err != nil || got.Line() != first.ID || got.KeyID != second.ID || !got.May(domain.OwnWebhooks) || got.May(domain.ManageWebhooks) {
			t.Errorf("got %+v, %v", got, err)
		}
		ctx = domain.WithStage(admin(t), domain.Desk)
		entries, err := s.Client(ctx).AuditEntry.Query().All(ctx)
		if err != nil || len(entries) != 3 || entries[2].Action != string(audit.KeyFromNewNetwork) || entries[1].Action != string(audit.RotateKey) || *entries[1].ActorID != first.ID || *entries[1].Subject != first.ID.String() {
			t.Errorf("got the audit entries %v, %v", entries, err)
		}
		if own, err := keys.Own(domain.WithViewer(t.Context(), got)); err != nil || own.ID != second.ID || own.LastUsedAt == nil { // its first use is not written behind
			t.Errorf("its own key: got %+v, %v", own, err)
		}

		_, open := create(t, keys, access.CreateParams{Name: "public", Role: domain.Public})
		for name, row := range map[string]struct {
			ctx  context.Context
			want error
		}{
			"NoViewer":  {t.Context(), domain.ErrNoViewer},
			"Anonymous": {domain.WithViewer(t.Context(), domain.Anonymous()), domain.ErrUnauthenticated},
			"Public":    {holding(t, keys, open), domain.ErrForbidden},
			"Person":    {domain.WithViewer(t.Context(), &domain.Viewer{Name: "p", Role: domain.Admin, PersonID: 1}), domain.ErrForbidden},
			"System":    {admin(t), domain.ErrForbidden},
			"Unknown":   {domain.WithViewer(t.Context(), &domain.Viewer{Name: "x", Role: domain.Admin, KeyID: 1}), domain.ErrUnauthenticated},
		} {
			if _, _, text, err := keys.RotateOwn(row.ctx, nil); !errors.Is(err, row.want) || text != "" {
				t.Errorf("%s: got %v, want %v", name, err, row.want)
			}
		}
		for _, overlap := range []time.Duration{-time.Minute, 8 * 24 * time.Hour} {
			if _, _, _, err := keys.RotateOwn(domain.WithViewer(t.Context(), got), &overlap); !errors.Is(err, domain.ErrInvalid) || !strings.Contains(err.Error(), "overlapMinutes: want from 0 to 10080") {
				t.Errorf("an overlap of %v: got %v", overlap, err)
			}
		}
	})
}

// At most two keys of a line are valid, and a key that was replaced replaces no other: unless
// the new one was never used, because its text may have been lost.
func TestRotateOwnAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		end := c.Now().Add(30 * 24 * time.Hour)
		_, one := create(t, keys, access.CreateParams{Name: "partner", Role: domain.Partner, ExpiresAt: &end})
		lost, _, two := rotateOwn(t, keys, one, 48*time.Hour)
		refused := func(secret, want string) {
			t.Helper()
			if _, _, _, err := keys.RotateOwn(holding(t, keys, secret), nil); !errors.Is(err, domain.ErrConflict) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want a conflict with %q", err, want)
			}
		}
		refused(one, "rotate this one again after 2026-03-01T09:05:00Z")
		c.Advance(5 * time.Minute)
		third, old, three := rotateOwn(t, keys, one, 7*24*time.Hour)
		if !third.ExpiresAt.Equal(end) || third.Line != lost.Line || !old.ExpiresAt.Equal(c.Now().Add(48*time.Hour-5*time.Minute)) {
			t.Errorf("the expiry or the overlap became longer: got %+v and %+v", third, old)
		}
		wantValid(t, keys, map[string]bool{one: true, two: false, three: true}) // three is used by that
		if err := keys.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Hour)
		refused(one, "use the new one")
		_, _, four := rotateOwn(t, keys, three, time.Hour)
		wantValid(t, keys, map[string]bool{one: false, two: false, three: true, four: true})

		// What an ADMIN has put in its place is not lost.
		_, _, five := rotateOwn(t, keys, four, 0)
		wantValid(t, keys, map[string]bool{three: false, four: false, five: true})
		if _, _, _, err := keys.Rotate(admin(t), access.RotateParams{Key: five}); err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Hour)
		refused(five, "use the new one")
	})
}

func TestRotateOwnIsRare(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		_, secret := create(t, keys, access.CreateParams{Name: "partner", Role: domain.Partner})
		for range 5 {
			_, _, secret = rotateOwn(t, keys, secret, 0)
			c.Advance(time.Minute)
		}
		_, _, _, err := keys.RotateOwn(holding(t, keys, secret), nil)
		limited, ok := errors.AsType[*domain.RateLimitError](err)
		if !ok || limited.RetryAfter != 24*time.Hour-5*time.Minute || !strings.Contains(limited.Message, "after 2026-03-02T09:00:00Z") {
			t.Errorf("got %v", err)
		}
		c.Advance(24*time.Hour - 5*time.Minute)
		rotateOwn(t, keys, secret, 0)
	})
}

// Of rotations at once, one is done, and the key that it makes is valid.
func TestConcurrentRotateOwn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		_, one := create(t, keys, access.CreateParams{Name: "partner", Role: domain.Partner})
		ctx := holding(t, keys, one)
		var done atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				_, _, two, err := keys.RotateOwn(ctx, nil)
				if err == nil {
					done.Add(1)
					wantValid(t, keys, map[string]bool{one: true, two: true})
				} else if !errors.Is(err, domain.ErrConflict) {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		if got := list(t, keys); done.Load() != 1 || len(got) != 2 {
			t.Errorf("%d rotations were done, and there are %d keys", done.Load(), len(got))
		}
	})
}

// A key that is revoked takes those along that it has made itself, and not those that an
// ADMIN has made in its place.
func TestRevokeWithSuccessors(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		first, one := create(t, keys, access.CreateParams{Name: "stolen", Role: domain.Partner})
		_, _, two := rotateOwn(t, keys, one, time.Hour)
		c.Advance(time.Minute)
		_, _, three := rotateOwn(t, keys, two, time.Hour)
		if _, err := keys.Revoke(admin(t), first.ID.String()); err != nil {
			t.Fatal(err)
		}
		wantValid(t, keys, map[string]bool{one: false, two: false, three: false})

		second, four := create(t, keys, access.CreateParams{Name: "leaked", Role: domain.Partner})
		_, _, five, err := keys.Rotate(admin(t), access.RotateParams{Key: four})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Revoke(admin(t), second.ID.String()); err != nil {
			t.Fatal(err)
		}
		wantValid(t, keys, map[string]bool{four: false, five: true})
	})
}

// A change of a key is one of its line, and decides whether it gets webhooks.
func TestUpdateAndWebhookOwner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		amber, end := domain.Amber, c.Now().Add(10*24*time.Hour)
		first, one := create(t, keys, access.CreateParams{Name: "partner", Role: domain.Partner, Clearance: &amber, ExpiresAt: &end})
		owner := func(wantClearance domain.Marking, wantProblem string) {
			t.Helper()
			clearance, problem, err := keys.WebhookOwner(t.Context(), first.ID)
			if err != nil || problem != wantProblem || problem == "" && clearance != wantClearance {
				t.Errorf("got %s, %q, %v, want %s, %q", clearance, problem, err, wantClearance, wantProblem)
			}
		}
		owner(0, "the key of its owner lacks the right OWN_WEBHOOKS or READ_LIVE")
		update := func(params access.UpdateParams) {
			t.Helper()
			if _, err := keys.Update(admin(t), params); err != nil {
				t.Fatal(err)
			}
		}
		update(access.UpdateParams{Key: one, Grants: &[]domain.Right{domain.OwnWebhooks}})
		owner(domain.Amber, "")
		c.Advance(time.Minute)
		second, _, two := rotateOwn(t, keys, one, 24*time.Hour)
		green := domain.Green
		update(access.UpdateParams{Key: second.ID.String(), Clearance: &green})
		owner(domain.Green, "")
		for _, secret := range []string{one, two} {
			if v, _ := domain.ViewerFrom(holding(t, keys, secret)); v.Clearance != domain.Green || !v.May(domain.OwnWebhooks) {
				t.Errorf("got %+v", v)
			}
		}
		update(access.UpdateParams{Key: one, Grants: &[]domain.Right{}, DefaultClearance: true})
		owner(0, "the key of its owner lacks the right OWN_WEBHOOKS or READ_LIVE")
		update(access.UpdateParams{Key: two, Grants: &[]domain.Right{domain.OwnWebhooks}})
		update(access.UpdateParams{Key: two}) // changes nothing
		ctx := domain.WithStage(admin(t), domain.Desk)
		if entries, err := s.Client(ctx).AuditEntry.Query().All(ctx); err != nil || len(entries) != 6 || *entries[5].Detail != `"partner", grants [OWN_WEBHOOKS]` {
			t.Errorf("got the audit entries %v, %v", entries, err)
		}
		c.Advance(10 * 24 * time.Hour)
		owner(0, "the key of its owner is expired")
		if _, err := keys.Revoke(admin(t), second.ID.String()); err != nil {
			t.Fatal(err)
		}
		owner(0, "the key of its owner is revoked")

		for name, row := range map[string]struct {
			err  error
			want string
		}{
			"Revoked":     {errorOf(keys.Update(admin(t), access.UpdateParams{Key: two, DefaultClearance: true})), "is revoked: make a new one"},
			"NoGrant":     {errorOf(keys.Update(admin(t), access.UpdateParams{Key: one, Grants: &[]domain.Right{domain.ReadLive}})), "grants: READ_LIVE comes with the role PUBLIC; want OWN_WEBHOOKS"},
			"NoRight":     {errorOf(keys.Update(holderOf(domain.Editor), access.UpdateParams{Key: one})), "this needs the role ADMIN"},
			"NotOneself":  {errorOf(keys.Update(holderOf(domain.Admin, domain.ManageAccess, domain.ReadLive), access.UpdateParams{Key: one, Grants: &[]domain.Right{domain.OwnWebhooks}})), "needs that right or MANAGE_WEBHOOKS"},
			"PublicGrant": {errorOf2(keys.Create(admin(t), access.CreateParams{Name: "x", Role: domain.Public, Grants: []domain.Right{domain.OwnWebhooks}})), "grants: OWN_WEBHOOKS needs the role PARTNER"},
			"GrantAsScope": {errorOf2(keys.Create(admin(t), access.CreateParams{Name: "x", Role: domain.Partner,
				Restrictions: access.Restrictions{Scopes: []domain.Right{domain.OwnWebhooks}}})), "scopes: OWN_WEBHOOKS is no right of a role: name it in grants"},
		} {
			if row.err == nil || !strings.Contains(row.err.Error(), row.want) {
				t.Errorf("%s: got %v, want %q", name, row.err, row.want)
			}
		}
	})
}

func holderOf(role domain.Role, scopes ...domain.Right) context.Context {
	return domain.WithViewer(context.Background(), &domain.Viewer{Name: "h", Role: role, Scopes: scopes, Clearance: domain.Red, KeyID: 1})
}

func errorOf[A any](_ A, err error) error { return err }

func errorOf2[A, B any](_ A, _ B, err error) error { return err }

// A name means the keys of one line that are valid: rotating and revoking by it goes on working, however often it was rotated.
func TestNameOfALine(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ *store.Stores, keys *access.Keys, c *storetest.Clock) {
		_, last := create(t, keys, access.CreateParams{Name: "desk", Role: domain.Partner})
		valid := map[string]bool{last: true}
		for range 3 {
			c.Advance(time.Hour)
			_, _, secret, err := keys.Rotate(admin(t), access.RotateParams{Key: "desk"})
			if err != nil {
				t.Fatal(err)
			}
			valid[secret] = true
		}
		wantValid(t, keys, valid)
		if _, err := keys.Revoke(admin(t), "desk"); err != nil {
			t.Fatal(err)
		}
		for secret := range valid {
			valid[secret] = false
		}
		wantValid(t, keys, valid)
		// Another line of the same name is another key.
		_, one := create(t, keys, access.CreateParams{Name: "desk", Role: domain.Partner})
		create(t, keys, access.CreateParams{Name: "desk", Role: domain.Partner})
		if _, err := keys.Revoke(admin(t), "desk"); domain.KindOf(err) != domain.KindInvalid {
			t.Errorf("got %v", err)
		}
		wantValid(t, keys, map[string]bool{one: true})
	})
}
