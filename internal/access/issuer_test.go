package access_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/access/oidctest"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestRotation(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		s.in(t, s.issuer.Token(t, nil))
		old := s.issuer.Key()
		s.clock.Advance(time.Minute)
		s.issuer.Rotate(t, "EdDSA")
		s.in(t, s.issuer.Token(t, nil))
		if got := s.issuer.Requests(oidctest.KeysPath); got != 2 {
			t.Errorf("the keys were read %d times, want 2", got)
		}
		// A token of the withdrawn key is refused.
		s.refused(t, old.Sign(t, s.issuer.Claims(nil), nil))
	})
}

// A token whose key is withdrawn is refused from when the keys are read
// again, also where it was accepted before, and on a stream that is still
// connected.
func TestAcceptedTokensOfWithdrawnKeys(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		token := s.issuer.Token(t, nil)
		viewer := s.in(t, token)
		stream := access.WithRecheck(domain.WithViewer(t.Context(), viewer), func(ctx context.Context) (*domain.Viewer, error) {
			return s.people.Authenticate(ctx, token)
		})
		var rechecker access.Rechecker
		if err := rechecker.Check(stream); err != nil {
			t.Fatal(err)
		}
		s.issuer.Rotate(t, "ES256")
		s.clock.Advance(time.Minute)
		s.in(t, token) // the keys were read a minute ago
		s.in(t, s.issuer.Token(t, nil))
		s.refused(t, token)
		if err := access.Recheck(stream); !errors.Is(err, domain.ErrUnauthenticated) {
			t.Errorf("on an open stream: got %v, want KindUnauthenticated", err)
		}
	})
}

// Ten minutes after the keys were read a token waits for them to be read
// again: the one that comes first is not let in by a key that was withdrawn.
func TestKeysAreNeverOld(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		token := s.issuer.Token(t, nil)
		s.in(t, token)
		old := s.issuer.Key()
		s.issuer.Rotate(t, "ES256")
		s.clock.Advance(10 * time.Minute)
		s.refused(t, token)
		s.refused(t, old.Sign(t, s.issuer.Claims(nil), nil))

		// While the issuer gives no answer the keys that are known are used,
		// for an hour.
		good := s.issuer.Token(t, nil)
		s.in(t, good)
		s.issuer.Handle(oidctest.KeysPath, oidctest.Down)
		s.clock.Advance(20 * time.Minute)
		s.in(t, good)
		s.clock.Advance(39 * time.Minute)
		s.in(t, good)
		s.clock.Advance(time.Minute)
		s.unavailable(t)
	})
}

// A key that the issuer withdraws is forgotten even if no new one is seen.
func TestWithdrawnKeysAreForgotten(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		s.in(t, s.issuer.Token(t, nil))
		old := s.issuer.Key()
		s.issuer.Rotate(t, "ES256")
		s.clock.Advance(5 * time.Minute)
		release := make(chan struct{})
		s.issuer.Handle(oidctest.KeysPath, func(w http.ResponseWriter, r *http.Request) {
			s.issuer.Handle(oidctest.KeysPath, nil)
			<-release
			http.Redirect(w, r, oidctest.KeysPath, http.StatusFound)
		})
		// The keys are still fresh: no token waits for them to be read again.
		s.in(t, old.Sign(t, s.issuer.Claims(nil), nil))
		close(release)
		s.in(t, s.issuer.Token(t, nil))
		s.refused(t, old.Sign(t, s.issuer.Claims(map[string]any{"nonce": "x"}), nil))
	})
}

// Tokens with made-up ids of keys cause two fetches a minute.
func TestAFloodOfUnknownKeys(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		s.in(t, s.issuer.Token(t, nil))
		good := s.issuer.Token(t, map[string]any{"sub": "2", "name": "Bob"})
		flood := func() {
			t.Helper()
			var wait sync.WaitGroup
			for range 8 {
				wait.Go(func() {
					key := oidctest.NewKey(t, "ES256")
					for i := range 25 {
						key.ID = fmt.Sprint(key.ID, i)
						s.refused(t, key.Sign(t, s.issuer.Claims(nil), nil))
					}
				})
			}
			wait.Wait()
		}
		flood()
		if got := s.issuer.Requests(oidctest.KeysPath); got != 1 {
			t.Errorf("within half a minute: read %d times, want 1", got)
		}
		s.clock.Advance(30 * time.Second)
		flood()
		if keys, discovery := s.issuer.Requests(oidctest.KeysPath), s.issuer.Requests(oidctest.DiscoveryPath); keys != 2 || discovery != 2 {
			t.Errorf("after it: read %d and %d times, want 2", keys, discovery)
		}
		s.in(t, good)
	})
}

func (s *signing) unavailable(t testing.TB) {
	t.Helper()
	viewer, err := s.people.Authenticate(t.Context(), s.issuer.Token(t, nil))
	if viewer != nil || !errors.Is(err, &domain.Error{Kind: domain.KindUnavailable}) {
		t.Errorf("got %+v, %v, want KindUnavailable", viewer, err)
	}
}

func TestTheIssuerIsAway(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		s.issuer.Handle("", oidctest.Down)
		s.issuer.Handle(oidctest.DiscoveryPath, oidctest.Down)
		for range 10 {
			s.unavailable(t)
		}
		// net/http tries again where a connection broke off.
		before := s.issuer.Requests(oidctest.DiscoveryPath)
		s.issuer.Handle("", nil)
		s.issuer.Handle(oidctest.DiscoveryPath, nil)
		s.clock.Advance(29 * time.Second)
		s.unavailable(t)
		if got := s.issuer.Requests(oidctest.DiscoveryPath); got != before || before > 2 {
			t.Errorf("it was asked %d times, then %d", before, got)
		}
		s.clock.Advance(time.Second)
		s.in(t, s.issuer.Token(t, nil))

		// Who has the keys goes on for an hour.
		s.issuer.Handle(oidctest.DiscoveryPath, oidctest.Down)
		s.clock.Advance(59 * time.Minute)
		s.in(t, s.issuer.Token(t, nil))
		s.clock.Advance(2 * time.Minute)
		s.unavailable(t)
	})
}

func TestIssuersThatAreNoGood(t *testing.T) {
	t.Parallel()
	text := func(format string, args ...any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, format, args...)
		}
	}
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	key, err := json.Marshal(oidctest.NewKey(t, "ES256").Public())
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]struct {
		path    string
		handler http.HandlerFunc
		log     string
	}{
		"Hangs":             {oidctest.DiscoveryPath, hang, "read the issuer's configuration: "},
		"KeysHang":          {oidctest.KeysPath, hang, "read the issuer's keys: "},
		"NoDiscovery":       {oidctest.DiscoveryPath, http.NotFound, "404"},
		"AnotherIssuer":     {oidctest.DiscoveryPath, text(`{"issuer":"https://evil.example","jwks_uri":"https://evil.example/keys"}`), "did not match"},
		"NoJSON":            {oidctest.DiscoveryPath, text("<html>"), "configuration"},
		"HugeConfiguration": {oidctest.DiscoveryPath, text(`{"a":%q}`, strings.Repeat("a", 1<<20)), "too large"},
		"NoKeys":            {oidctest.KeysPath, text(`{"keys":[]}`), "no key"},
		"KeysAreGone":       {oidctest.KeysPath, http.NotFound, "404"},
		"KeysAreNull":       {oidctest.KeysPath, text(`null`), "no key"},
		"KeysAreOdd":        {oidctest.KeysPath, text(`{"keys":[null,1,{},{"kty":"oct","k":"AAAA"},{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`), "no key"},
		"HugeKeys":          {oidctest.KeysPath, text(`{"keys":[],"a":%q}`, strings.Repeat("a", 1<<20)), "too large"},
		"ThousandsOfKeys":   {oidctest.KeysPath, text(`{"keys":[%s]}`, strings.Repeat(string(key)+",", 1000)+string(key)), "1001 keys"},
	}
	storetest.Each(t, func(t *testing.T, stores *store.Stores) {
		for name, row := range rows {
			s := newSigning(t, stores, "ES256")
			if strings.Contains(name, "Hang") {
				s.config.Timeout = 50 * time.Millisecond
			}
			s.start()
			s.issuer.Handle(row.path, row.handler)
			s.unavailable(t)
			if got := s.log.String(); !strings.Contains(got, row.log) || len(got) > 2000 {
				t.Errorf("%s: want %q in a log of few words:\n%s", name, row.log, got)
			}
			if s.config.Timeout > 0 {
				continue // it is too short for a response on a busy machine
			}
			s.issuer.Handle(row.path, nil)
			s.clock.Advance(time.Minute)
			s.in(t, s.issuer.Token(t, nil))
		}
	})
}

// A request doesn't wait longer than its client does.
func TestARequestThatEndsDoesNotWait(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		asked := make(chan struct{})
		release := make(chan struct{})
		s.issuer.Handle(oidctest.KeysPath, func(w http.ResponseWriter, r *http.Request) {
			s.issuer.Handle(oidctest.KeysPath, nil)
			close(asked)
			<-release
			http.Redirect(w, r, oidctest.KeysPath, http.StatusFound)
		})
		ctx, cancel := context.WithCancel(t.Context())
		token := s.issuer.Token(t, nil)
		first := make(chan error)
		go func() {
			_, err := s.people.Authenticate(ctx, token)
			first <- err
		}()
		<-asked
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		// The others get the result of the fetch.
		close(release)
		s.in(t, token)
	})
}

func TestAPrivateIssuerIsRefusedUnlessAllowed(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		s.config.AllowPrivate = false
		s.start()
		s.unavailable(t)
		if got := s.log.String(); !strings.Contains(got, "--oidc-allow-private") || s.issuer.Requests(oidctest.DiscoveryPath) != 0 {
			t.Errorf("the log does not say what to do:\n%s", got)
		}
	})
}
