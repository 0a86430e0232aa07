package access_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func newClock() *storetest.Clock {
	return storetest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
}

func each(t *testing.T, fn func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		c := newClock()
		fn(t, s, newKeys(s, slog.New(slog.DiscardHandler), c.Now), c)
	})
}

func newKeys(s *store.Stores, log *slog.Logger, now func() time.Time) *access.Keys {
	return access.NewKeys(s, audit.NewBuffer(s, log, now), log, now)
}

func admin(t testing.TB) context.Context { return domain.AsSystem(t.Context(), "test") }

func create(t testing.TB, keys *access.Keys, params access.CreateParams) (access.Key, string) {
	t.Helper()
	key, secret, err := keys.Create(admin(t), params)
	if err != nil {
		t.Fatalf("create %q: %v", params.Name, err)
	}
	return key, secret
}

func list(t testing.TB, keys *access.Keys) []access.Key {
	t.Helper()
	all, err := keys.List(admin(t))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSecretsHaveAFormThatScannersFind(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^rt_[0-9a-hjkmnp-tv-z]{39}$`)
	seen := map[string]bool{}
	for range 1000 {
		secret := access.NewSecret()
		if !form.MatchString(secret) {
			t.Fatalf("%q has not the documented form", secret)
		}
		if !access.WellFormed(secret) {
			t.Fatalf("%q is refused", secret)
		}
		if seen[secret] {
			t.Fatalf("%q came twice", secret)
		}
		seen[secret] = true
	}
}

func TestOneWrongCharacterIsAlwaysNoticed(t *testing.T) {
	t.Parallel()
	secret := access.NewSecret()
	for i := range len(secret) {
		for _, c := range []byte("0az_-A ") {
			if secret[i] == c {
				continue
			}
			if wrong := secret[:i] + string(c) + secret[i+1:]; access.WellFormed(wrong) {
				t.Errorf("%q passes for %q", wrong, secret)
			}
		}
	}
	for _, wrong := range []string{"", "rt_", secret[:len(secret)-1], secret + "0", strings.ToUpper(secret), "x" + secret[1:]} {
		if access.WellFormed(wrong) {
			t.Errorf("%q passes", wrong)
		}
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		expires := c.Now().Add(time.Hour)
		good, goodSecret := create(t, keys, access.CreateParams{Name: " Desk of Ada ", Role: domain.Editor})
		_, shortSecret := create(t, keys, access.CreateParams{Name: "short", Role: domain.Author, ExpiresAt: &expires})
		revoked, revokedSecret := create(t, keys, access.CreateParams{Name: "revoked", Role: domain.Author})
		if _, err := keys.Revoke(admin(t), revoked.ID.String()); err != nil {
			t.Fatal(err)
		}

		viewer, err := keys.Authenticate(t.Context(), access.Credential{Token: goodSecret})
		if err != nil {
			t.Fatal(err)
		}
		want := domain.Viewer{Name: "Desk of Ada", Role: domain.Editor, Clearance: domain.Red, KeyID: good.ID}
		if d := cmp.Diff(want, *viewer); d != "" {
			t.Errorf("the viewer (-want +got):\n%s", d)
		}
		if _, err := keys.Authenticate(t.Context(), access.Credential{Token: shortSecret}); err != nil {
			t.Errorf("before it expires: %v", err)
		}
		c.Advance(time.Hour)

		refused := map[string]error{}
		for name, secret := range map[string]string{
			"expired": shortSecret, "revoked": revokedSecret, "unknown": access.NewSecret(),
			"malformed": "rt_nonsense", "empty": "",
		} {
			ctx, statements := store.CountStatements(t.Context())
			viewer, err := keys.Authenticate(ctx, access.Credential{Token: secret})
			if viewer != nil || !errors.Is(err, domain.ErrUnauthenticated) {
				t.Errorf("%s: got %+v and %v, want KindUnauthenticated", name, viewer, err)
			}
			wantStatements := int64(1)
			if name == "malformed" || name == "empty" {
				wantStatements = 0
			}
			if *statements != wantStatements {
				t.Errorf("%s: %d statements, want %d", name, *statements, wantStatements)
			}
			refused[name] = err
		}
		for name, err := range refused {
			if err.Error() != refused["unknown"].Error() {
				t.Errorf("the error of %s differs: %v", name, err)
			}
		}
	})
}

func TestDefaultClearance(t *testing.T) {
	t.Parallel()
	for role, want := range map[domain.Role]domain.Marking{
		domain.Public: domain.Clear, domain.Partner: domain.Green,
		domain.Author: domain.Red, domain.Editor: domain.Red, domain.Admin: domain.Red,
	} {
		if got := access.DefaultClearance(role); got != want {
			t.Errorf("%s: got %s, want %s", role, got, want)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		past, unseen, red := c.Now().Add(-time.Second), domain.Unseen, domain.Red
		_, _, err := keys.Create(admin(t), access.CreateParams{Name: "a\nb", Role: 9, Clearance: &unseen, ExpiresAt: &past})
		if !errors.Is(err, domain.ErrInvalid) {
			t.Fatalf("got %v, want KindInvalid", err)
		}
		for _, field := range []string{"name:", "role:", "clearance:", "expiresAt:"} {
			if !strings.Contains(err.Error(), field) {
				t.Errorf("%v lacks %s", err, field)
			}
		}
		for _, name := range []string{"", "  ", strings.Repeat("x", 101), "rt_something", "System: publish",
			domain.NewID(domain.Key, c.Now()).String(), "bell\a"} {
			if _, _, err := keys.Create(admin(t), access.CreateParams{Name: name, Role: domain.Public}); !errors.Is(err, domain.ErrInvalid) {
				t.Errorf("name %q: got %v, want KindInvalid", name, err)
			}
		}
		modest := domain.WithViewer(t.Context(), &domain.Viewer{Name: "m", Role: domain.Admin, Clearance: domain.Amber, KeyID: 1})
		if _, _, err := keys.Create(modest, access.CreateParams{Name: "above", Role: domain.Partner, Clearance: &red}); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("a clearance above one's own: got %v, want KindForbidden", err)
		}
		if got := list(t, keys); len(got) != 0 {
			t.Errorf("%d keys were made", len(got))
		}
	})
}

func TestOnlyAdminsManageKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		key, _ := create(t, keys, access.CreateParams{Name: "a", Role: domain.Public})
		doors := map[string]func(context.Context) error{
			"Create": func(ctx context.Context) error {
				_, _, err := keys.Create(ctx, access.CreateParams{Name: "b", Role: domain.Public})
				return err
			},
			"List": func(ctx context.Context) error { _, err := keys.List(ctx); return err },
			"Get":  func(ctx context.Context) error { _, err := keys.Get(ctx, key.ID.String()); return err },
			"Rotate": func(ctx context.Context) error {
				_, _, _, err := keys.Rotate(ctx, access.RotateParams{Key: key.ID.String()})
				return err
			},
			"Revoke": func(ctx context.Context) error { _, err := keys.Revoke(ctx, key.ID.String()); return err },
		}
		for name, door := range doors {
			if err := door(t.Context()); !errors.Is(err, domain.ErrNoViewer) {
				t.Errorf("%s without a viewer: got %v, want ErrNoViewer", name, err)
			}
			if err := door(domain.WithViewer(t.Context(), domain.Anonymous())); !errors.Is(err, domain.ErrUnauthenticated) {
				t.Errorf("%s by anonymous: got %v, want KindUnauthenticated", name, err)
			}
			editor := &domain.Viewer{Name: "e", Role: domain.Editor, Clearance: domain.Red, KeyID: 1}
			if err := door(domain.WithViewer(t.Context(), editor)); !errors.Is(err, domain.ErrForbidden) {
				t.Errorf("%s by an editor: got %v, want KindForbidden", name, err)
			}
		}
		if got := list(t, keys); len(got) != 1 || got[0].RevokedAt != nil {
			t.Errorf("got %+v, want the one key untouched", got)
		}
	})
}

func TestListShowsTheNewestFirstAndNoSecret(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		amber := domain.Amber
		create(t, keys, access.CreateParams{Name: "first", Role: domain.Author})
		c.Advance(time.Minute)
		second, secret := create(t, keys, access.CreateParams{Name: "second", Role: domain.Partner, Clearance: &amber})
		all := list(t, keys)
		if len(all) != 2 || all[0].Name != "second" || all[1].Name != "first" {
			t.Fatalf("got %+v, want second, first", all)
		}
		got := all[0]
		if got.ID != second.ID || got.Clearance != domain.Amber || got.CreatedBy != "system: test" ||
			!got.CreatedAt.Equal(c.Now()) || got.LastUsedAt != nil || got.ExpiresAt != nil {
			t.Errorf("got %+v", got)
		}
		if !strings.HasPrefix(secret, got.Hint) || len(got.Hint) > 11 {
			t.Errorf("hint %q of %q", got.Hint, secret)
		}
	})
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		byID, s1 := create(t, keys, access.CreateParams{Name: "by id", Role: domain.Author})
		byHint, s2 := create(t, keys, access.CreateParams{Name: "by hint", Role: domain.Author})
		byName, s3 := create(t, keys, access.CreateParams{Name: "by name", Role: domain.Author})
		leaked, s4 := create(t, keys, access.CreateParams{Name: "leaked", Role: domain.Author})
		_, unchanged := create(t, keys, access.CreateParams{Name: "unchanged", Role: domain.Author})
		for ref, key := range map[string]access.Key{
			byID.ID.String(): byID, byHint.Hint + "…": byHint, byName.Name: byName, s4: leaked,
		} {
			got, err := keys.Revoke(admin(t), ref)
			if err != nil || got.ID != key.ID || got.RevokedAt == nil {
				t.Errorf("revoke %q: got %+v, %v, want %s revoked", ref, got, err, key.ID)
			}
		}
		for _, secret := range []string{s1, s2, s3, s4} {
			if _, err := keys.Authenticate(t.Context(), access.Credential{Token: secret}); !errors.Is(err, domain.ErrUnauthenticated) {
				t.Errorf("a revoked key: got %v, want KindUnauthenticated", err)
			}
		}
		if _, err := keys.Authenticate(t.Context(), access.Credential{Token: unchanged}); err != nil {
			t.Errorf("another key: %v", err)
		}

		first, err := keys.Revoke(admin(t), byID.ID.String())
		if err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Hour)
		again, err := keys.Revoke(admin(t), "by id")
		if err != nil || !again.RevokedAt.Equal(*first.RevokedAt) {
			t.Errorf("revoked again: got %v, %v, want the time of the first", again.RevokedAt, err)
		}
		for _, ref := range []string{"nobody", "", domain.NewID(domain.Key, c.Now()).String(), access.NewSecret()} {
			if _, err := keys.Revoke(admin(t), ref); !errors.Is(err, domain.ErrNotFound) {
				t.Errorf("revoke %q: got %v, want KindNotFound", ref, err)
			}
		}
	})
}

func TestANameThatSeveralKeysHaveIsAskedBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		old, _ := create(t, keys, access.CreateParams{Name: "site", Role: domain.Partner})
		next, _ := create(t, keys, access.CreateParams{Name: "site", Role: domain.Partner})
		_, err := keys.Revoke(admin(t), "site")
		if !errors.Is(err, domain.ErrInvalid) || !strings.Contains(err.Error(), old.ID.String()) || !strings.Contains(err.Error(), next.ID.String()) {
			t.Fatalf("got %v, want KindInvalid that names both", err)
		}
		if _, err := keys.Revoke(admin(t), old.ID.String()); err != nil {
			t.Fatal(err)
		}
		if got, err := keys.Revoke(admin(t), "site"); err != nil || got.ID != next.ID {
			t.Errorf("got %v, %v, want the key that is left", got.ID, err)
		}
		if _, err := keys.Revoke(admin(t), "site"); err != nil {
			t.Errorf("both revoked already: %v", err)
		}
	})
}

func TestUsesAreWrittenOnceAMinute(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		_, secret := create(t, keys, access.CreateParams{Name: "a", Role: domain.Author})
		use := func() {
			t.Helper()
			if _, err := keys.Authenticate(t.Context(), access.Credential{Token: secret}); err != nil {
				t.Fatal(err)
			}
		}
		lastUse := func() *time.Time {
			t.Helper()
			if err := keys.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			return list(t, keys)[0].LastUsedAt
		}
		if got := lastUse(); got != nil {
			t.Fatalf("used at %v before it was", got)
		}
		began := c.Now()
		use()
		c.Advance(30 * time.Second)
		use()
		if got := lastUse(); got == nil || !got.Equal(began) {
			t.Errorf("got %v, want %v", got, began)
		}
		use()
		if got := lastUse(); !got.Equal(began) {
			t.Errorf("within the minute: got %v, want %v", got, began)
		}
		c.Advance(30 * time.Second)
		use()
		if got := lastUse(); !got.Equal(c.Now()) {
			t.Errorf("after the minute: got %v, want %v", got, c.Now())
		}
	})
}

// The writer of the desk is held while keys are used: no request waits for it, and
// the uses are written in the end.
func TestUsesDoNotWaitForTheWriter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Stores, keys *access.Keys, c *storetest.Clock) {
		_, secret := create(t, keys, access.CreateParams{Name: "a", Role: domain.Author})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		err := s.Desk(t.Context(), func(context.Context, *store.Tx) error {
			go func() { done <- keys.Run(ctx) }()
			for range 10 {
				if _, err := keys.Authenticate(t.Context(), access.Credential{Token: secret}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		stop()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if got := list(t, keys)[0].LastUsedAt; got == nil || !got.Equal(c.Now()) {
			t.Errorf("used at %v, want %v", got, c.Now())
		}
	})
}

func TestNoSecretIsLoggedOrKept(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		var out bytes.Buffer
		keys := newKeys(s, slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})), time.Now)
		key, secret := create(t, keys, access.CreateParams{Name: "a", Role: domain.Author})
		if _, err := keys.Authenticate(t.Context(), access.Credential{Token: secret}); err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Revoke(admin(t), secret); err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Authenticate(t.Context(), access.Credential{Token: secret}); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("got %v, want an error without the key", err)
		}
		if got := out.String(); !strings.Contains(got, key.ID.String()) || strings.Contains(got, secret[3:]) {
			t.Errorf("want a log with the key's id and without the key:\n%s", got)
		}
		rows, err := s.DeskRows().Query(t.Context(), "SELECT name, hint, hash FROM api_keys")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var name, hint, hash string
			if err := rows.Scan(&name, &hint, &hash); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(name+hint+hash, secret[3:]) || strings.Contains(secret, hash) {
				t.Error("the desk keeps the key itself")
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	})
}

// What a client sends as a key may be anything.
func FuzzWellFormed(f *testing.F) {
	f.Add("rt_0123456789abcdefghjkmnpqrstvwxyz0000000")
	f.Add(access.NewSecret())
	f.Add("")
	f.Fuzz(func(t *testing.T, secret string) {
		if access.WellFormed(secret) && (len(secret) != 42 || !strings.HasPrefix(secret, "rt_")) {
			t.Errorf("%q passes", secret)
		}
	})
}
