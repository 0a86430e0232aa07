package access_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/auditentry"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// from is the context of a request from an address.
func from(t testing.TB, address string) context.Context {
	return domain.WithClient(t.Context(), netip.MustParseAddr(address))
}

func audited(t testing.TB, s *store.Stores, action audit.Action) []*db.AuditEntry {
	t.Helper()
	ctx := domain.WithStage(admin(t), domain.Desk)
	rows, err := s.Client(ctx).AuditEntry.Query().Where(auditentry.Action(string(action))).Order(auditentry.ByID()).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestKeysAreRestrictedToNetworksAndOrigins(t *testing.T) {
	t.Parallel()
	networks := []netip.Prefix{netip.MustParsePrefix("203.0.113.9/24"), netip.MustParsePrefix("2001:db8::/32")}
	for _, row := range []struct {
		name            string
		restrictions    access.Restrictions
		address, origin string
		admitted        bool
	}{
		{"NoRestrictions", access.Restrictions{}, "198.51.100.1", "https://anywhere.example", true},
		{"OwnNetwork", access.Restrictions{Networks: networks}, "203.0.113.200", "", true},
		{"OwnNetworkMapped", access.Restrictions{Networks: networks}, "::ffff:203.0.113.200", "", true},
		{"OwnNetworkV6", access.Restrictions{Networks: networks}, "2001:db8:ffff::1", "", true},
		{"OtherNetwork", access.Restrictions{Networks: networks}, "203.0.114.1", "", false},
		{"NoAddress", access.Restrictions{Networks: networks}, "", "", false},
		{"NoNetworks", access.Restrictions{Networks: []netip.Prefix{}}, "203.0.113.200", "", false},
		{"OwnOrigin", access.Restrictions{Origins: []string{"HTTPS://Site.Example:443"}}, "198.51.100.1", "https://site.example", true},
		{"OtherOrigin", access.Restrictions{Origins: []string{"https://site.example"}}, "198.51.100.1", "https://site.example.evil.example", false},
		{"NullOrigin", access.Restrictions{Origins: []string{"https://site.example"}}, "198.51.100.1", "null", false},
		{"NoBrowser", access.Restrictions{Origins: []string{"https://site.example"}}, "198.51.100.1", "", false},
		{"NoOrigins", access.Restrictions{Origins: []string{}}, "198.51.100.1", "", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := storetest.SQLite(t)
			refusals := audit.NewBuffer(s, slog.New(slog.DiscardHandler), time.Now)
			keys := access.NewKeys(s, refusals, slog.New(slog.DiscardHandler), time.Now)
			key, secret := create(t, keys, access.CreateParams{Name: "k", Role: domain.Partner, Restrictions: row.restrictions})
			ctx := t.Context()
			if row.address != "" {
				ctx = from(t, row.address)
			}
			viewer, err := keys.Authenticate(ctx, access.Credential{Token: secret, Origin: row.origin})
			if admitted := err == nil; admitted != row.admitted || !admitted && !errors.Is(err, domain.ErrUnauthenticated) {
				t.Fatalf("got %v, %v", viewer, err)
			}
			if err := refusals.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			refused := audited(t, s, audit.RefuseCredential)
			if row.admitted != (len(refused) == 0) || !row.admitted && *refused[0].ActorID != key.ID {
				t.Errorf("on the audit log: %v", refused)
			}
		})
	}
}

func TestRestrictionsAreStored(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		for name, want := range map[string]access.Restrictions{
			"none":  {},
			"empty": {Scopes: []domain.Right{}, Origins: []string{}, Networks: []netip.Prefix{}},
			"some": {Scopes: []domain.Right{domain.ReadLive}, Origins: []string{"https://a.example"},
				Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, RateLimit: 5},
		} {
			made, _ := create(t, keys, access.CreateParams{Name: name, Role: domain.Partner, Restrictions: want})
			got, err := keys.Get(admin(t), made.ID.String())
			if err != nil {
				t.Fatal(err)
			}
			if (got.Scopes == nil) != (want.Scopes == nil) || (got.Origins == nil) != (want.Origins == nil) || (got.Networks == nil) != (want.Networks == nil) ||
				!slices.Equal(got.Scopes, want.Scopes) || !slices.Equal(got.Origins, want.Origins) ||
				!slices.Equal(got.Networks, want.Networks) || got.RateLimit != want.RateLimit {
				t.Errorf("%s: got %+v, want %+v", name, got.Restrictions, want)
			}
		}
	})
}

func TestScopesReachTheViewer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		_, secret := create(t, keys, access.CreateParams{Name: "k", Role: domain.Editor, Restrictions: access.Restrictions{Scopes: []domain.Right{domain.ReadDesk}, RateLimit: 7}})
		viewer, err := keys.Authenticate(t.Context(), access.Credential{Token: secret})
		if err != nil || !viewer.May(domain.ReadDesk) || viewer.May(domain.PublishDocuments) || viewer.RateLimit != 7 {
			t.Errorf("got %+v, %v", viewer, err)
		}
	})
}

func TestCreateRefusesLimitsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		_, _, err := keys.Create(admin(t), access.CreateParams{Name: "k", Role: domain.Partner, Restrictions: access.Restrictions{
			Scopes: []domain.Right{domain.PublishDocuments}, Origins: []string{"site.example", "https://a.example/path", "https://*.a.example", "null"},
			Networks: []netip.Prefix{{}}, RateLimit: -1,
		}})
		if !errors.Is(err, domain.ErrInvalid) {
			t.Fatalf("got %v, want KindInvalid", err)
		}
		for _, want := range []string{"scopes: PUBLISH is beyond", `"site.example"`, `"https://a.example/path"`, `"https://*.a.example"`, `"null"`, "networks:", "rateLimit:"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v lacks %s", err, want)
			}
		}
	})
}

// Nobody gives what they have not.
func TestAKeyCannotOutgrowItsMaker(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		narrow := domain.WithViewer(t.Context(), &domain.Viewer{Name: "n", Role: domain.Admin, Clearance: domain.Red, KeyID: 1,
			Scopes: []domain.Right{domain.ManageAccess, domain.ReadLive}})
		if _, _, err := keys.Create(narrow, access.CreateParams{Name: "all", Role: domain.Admin}); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("all rights: got %v, want KindForbidden", err)
		}
		if _, _, err := keys.Create(narrow, access.CreateParams{Name: "some", Role: domain.Editor,
			Restrictions: access.Restrictions{Scopes: []domain.Right{domain.ReadLive, domain.PublishDocuments}}}); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("a right of which it has none: got %v, want KindForbidden", err)
		}
		if _, _, err := keys.Create(narrow, access.CreateParams{Name: "own", Role: domain.Admin,
			Restrictions: access.Restrictions{Scopes: []domain.Right{domain.ReadLive}}}); err != nil {
			t.Errorf("its own rights: %v", err)
		}
		wide, _ := create(t, keys, access.CreateParams{Name: "wide", Role: domain.Admin})
		if _, _, _, err := keys.Rotate(narrow, access.RotateParams{Key: wide.ID.String()}); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("to rotate a wider key: got %v, want KindForbidden", err)
		}
	})
}

func TestRotate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		end := c.Now().Add(365 * 24 * time.Hour)
		old, oldSecret := create(t, keys, access.CreateParams{Name: "site", Role: domain.Partner, ExpiresAt: &end,
			Restrictions: access.Restrictions{Scopes: []domain.Right{domain.ReadLive}, RateLimit: 9}})
		c.Advance(30 * 24 * time.Hour)
		overlap := time.Hour
		made, ended, secret, err := keys.Rotate(admin(t), access.RotateParams{Key: "site", Overlap: &overlap})
		if err != nil {
			t.Fatal(err)
		}
		if made.Name != "site" || made.Role != old.Role || made.RateLimit != 9 || !slices.Equal(made.Scopes, old.Scopes) ||
			made.Replaces == nil || *made.Replaces != old.ID || !made.ExpiresAt.Equal(c.Now().Add(365*24*time.Hour)) {
			t.Errorf("got %+v", made)
		}
		if ended.ID != old.ID || !ended.ExpiresAt.Equal(c.Now().Add(time.Hour)) {
			t.Errorf("the old one ends %v", ended.ExpiresAt)
		}
		valid := func(token string) bool {
			_, err := keys.Authenticate(t.Context(), access.Credential{Token: token})
			return err == nil
		}
		if !valid(oldSecret) || !valid(secret) {
			t.Error("during the overlap one of the two does not open")
		}
		c.Advance(time.Hour)
		if valid(oldSecret) || !valid(secret) {
			t.Error("after the overlap the new key is not the only valid one")
		}
		if _, _, _, err := keys.Rotate(admin(t), access.RotateParams{Key: old.ID.String()}); !errors.Is(err, domain.ErrConflict) {
			t.Errorf("an expired key: got %v, want KindConflict", err)
		}
		tooLong := 10_000 * time.Hour
		past := c.Now()
		_, _, _, err = keys.Rotate(admin(t), access.RotateParams{Key: made.ID.String(), Overlap: &tooLong, ExpiresAt: &past})
		if !errors.Is(err, domain.ErrInvalid) || !strings.Contains(err.Error(), "overlapMinutes:") || !strings.Contains(err.Error(), "expiresAt:") {
			t.Errorf("got %v", err)
		}
		if entries := audited(t, s, audit.RotateKey); len(entries) != 1 || *entries[0].Subject != old.ID.String() {
			t.Errorf("on the audit log: %v", entries)
		}
	})
}

func TestRotateAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		_, leaked := create(t, keys, access.CreateParams{Name: "leaked", Role: domain.Partner})
		var none time.Duration
		if _, _, _, err := keys.Rotate(admin(t), access.RotateParams{Key: leaked, Overlap: &none}); err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Authenticate(t.Context(), access.Credential{Token: leaked}); !errors.Is(err, domain.ErrUnauthenticated) {
			t.Errorf("got %v, want KindUnauthenticated", err)
		}
	})
}

func TestANewNetworkIsAudited(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		key, secret := create(t, keys, access.CreateParams{Name: "k", Role: domain.Partner})
		for _, address := range []string{"203.0.113.1", "203.0.113.99", "198.51.100.1", "203.0.113.1", "2001:db8:1::1"} {
			if _, err := keys.Authenticate(from(t, address), access.Credential{Token: secret}); err != nil {
				t.Fatal(err)
			}
			if err := keys.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var networks []string
		for _, e := range audited(t, s, audit.KeyFromNewNetwork) {
			if *e.ActorID != key.ID || e.Actor != "k" {
				t.Errorf("got the actor %s %v", e.Actor, e.ActorID)
			}
			networks = append(networks, *e.Network)
		}
		if want := []string{"203.0.113.0/24", "198.51.100.0/24", "2001:db8:1::/48"}; !slices.Equal(networks, want) {
			t.Errorf("got %v, want %v", networks, want)
		}
	})
}

func TestKeyActsAreAudited(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		key, secret := create(t, keys, access.CreateParams{Name: "k", Role: domain.Partner})
		for range 2 { // the second changes nothing
			if _, err := keys.Revoke(admin(t), key.ID.String()); err != nil {
				t.Fatal(err)
			}
		}
		for _, action := range []audit.Action{audit.CreateKey, audit.RevokeKey} {
			entries := audited(t, s, action)
			if len(entries) != 1 || *entries[0].Subject != key.ID.String() || entries[0].Actor != "system: test" {
				t.Errorf("%s: got %v", action, entries)
			}
			for _, e := range entries {
				if strings.Contains(*e.Detail, secret) {
					t.Errorf("%s has the text of the key", action)
				}
			}
		}
	})
}

func TestParseNetwork(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"203.0.113.0/24": "203.0.113.0/24", "203.0.113.7/24": "203.0.113.0/24", "203.0.113.7": "203.0.113.7/32",
		"2001:db8::/32": "2001:db8::/32", "::ffff:1.2.3.4": "1.2.3.4/32", "::1": "::1/128",
		"": "", "everywhere": "", "1.2.3.4/33": "", "::ffff:1.2.3.4/96": "", "fe80::1%eth0": "",
	} {
		got, err := access.ParseNetwork(text)
		if want == "" != (err != nil) || err == nil && got.String() != want {
			t.Errorf("%q: got %v, %v, want %q", text, got, err, want)
		}
	}
}
