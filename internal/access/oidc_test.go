package access_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/access/oidctest"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// record is a log that can be read while it is written.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

// signing is a desk with an issuer, which runs.
type signing struct {
	stores *store.Stores
	issuer *oidctest.Issuer
	clock  *clock
	log    *record
	notes  *audit.Notes
	config access.OIDC
	people *access.People
}

// ada is who signs in where a test says nothing else.
func ada() map[string]any {
	return map[string]any{
		"sub": "f:1:ada", "name": "Ada Lovelace", "email": "ada@press.example", "email_verified": true,
		"realm_access": map[string]any{"roles": []any{"offline_access", "staff-authors", "staff-editors"}},
	}
}

func roles(names ...any) map[string]any {
	return map[string]any{"realm_access": map[string]any{"roles": names}}
}

// eachSigning runs fn on both engines. The log of each run is searched for what
// has no business there.
func eachSigning(t *testing.T, fn func(t *testing.T, s *signing)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, stores *store.Stores) { fn(t, newSigning(t, stores, "ES256")) })
}

func newSigning(t *testing.T, stores *store.Stores, algorithm string) *signing {
	t.Helper()
	s := &signing{stores: stores, clock: newClock(), log: &record{}}
	s.issuer = oidctest.Start(t, s.clock.now, algorithm)
	s.issuer.Be(ada())
	s.config = access.OIDC{
		Issuer: s.issuer.URL, Audiences: []string{"redthread", oidctest.ClientID},
		RoleClaim: "realm_access.roles",
		Roles: map[string]domain.Role{"staff-authors": domain.Author, "staff-editors": domain.Editor,
			"staff-admins": domain.Admin, "partners": domain.Partner},
		AllowPrivate: true,
	}
	s.start()
	t.Cleanup(func() {
		if got := s.log.String(); strings.Contains(got, "eyJ") || strings.Contains(got, "press.example") {
			t.Errorf("the log has a token or an e-mail address:\n%s", got)
		}
	})
	return s
}

// start starts anew with the configuration, as another process would.
func (s *signing) start() {
	log := slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.notes = audit.NewNotes(s.stores, log, s.clock.now)
	s.people = access.NewPeople(s.stores, s.notes, log, s.clock.now, s.config)
}

func (s *signing) in(t testing.TB, token string) *domain.Viewer {
	t.Helper()
	viewer, err := s.people.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log)
	}
	return viewer
}

// refused fails unless a token is refused, and returns in which words.
func (s *signing) refused(t testing.TB, token string) string {
	t.Helper()
	viewer, err := s.people.Authenticate(t.Context(), token)
	if viewer != nil || !errors.Is(err, domain.ErrUnauthenticated) {
		t.Errorf("got %+v, %v, want KindUnauthenticated", viewer, err)
		return ""
	}
	return err.Error()
}

func TestTokensOfEachAlgorithm(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, stores *store.Stores) {
		for i, algorithm := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"} {
			s := newSigning(t, stores, algorithm)
			got := s.in(t, s.issuer.Token(t, nil))
			if got.Role != domain.Editor || got.Name != "Ada Lovelace" {
				t.Errorf("%s: got %+v", algorithm, got)
			}
			if all, err := s.people.List(admin(t)); err != nil || len(all) != i+1 {
				t.Errorf("the same subject of another issuer is somebody else: got %d people, %v", len(all), err)
			}
			s.config.Algorithms = []string{"RS256", "HS256", "none"}
			s.start()
			if algorithm != "RS256" {
				s.refused(t, s.issuer.Token(t, nil))
			}
		}
	})
}

// A client gets a code with PKCE, and tokens for it, as a studio would.
func TestAuthorizationCodeFlow(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		provider, err := oidc.NewProvider(t.Context(), s.issuer.URL)
		if err != nil {
			t.Fatal(err)
		}
		client := oauth2.Config{ClientID: oidctest.ClientID, Endpoint: provider.Endpoint(),
			RedirectURL: "https://studio.example/signed-in", Scopes: []string{oidc.ScopeOpenID, "profile"}}
		client.Endpoint.AuthStyle = oauth2.AuthStyleInParams
		verifier := oauth2.GenerateVerifier()
		code := func() string {
			t.Helper()
			browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
				client.AuthCodeURL("the state", oauth2.S256ChallengeOption(verifier), oidc.Nonce("n")), nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := browser.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			back, err := response.Location()
			if err != nil || back.Host != "studio.example" || back.Query().Get("state") != "the state" {
				t.Fatalf("got %v, %v", back, err)
			}
			return back.Query().Get("code")
		}
		if _, err := client.Exchange(t.Context(), code(), oauth2.VerifierOption(oauth2.GenerateVerifier())); err == nil {
			t.Error("a code is worth something to who has not asked for it")
		}
		once := code()
		got, err := client.Exchange(t.Context(), once, oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Exchange(t.Context(), once, oauth2.VerifierOption(verifier)); err == nil {
			t.Error("a code is good twice")
		}
		id, _ := got.Extra("id_token").(string)
		for name, token := range map[string]string{"access token": got.AccessToken, "ID token": id} {
			if viewer := s.in(t, token); viewer.Role != domain.Editor {
				t.Errorf("%s: got %+v", name, viewer)
			}
		}
	})
}

func TestTokensThatAreRefused(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		s.in(t, s.issuer.Token(t, nil))
		now := s.clock.now()
		at := func(d time.Duration) int64 { return now.Add(d).Unix() }
		good := s.issuer.Token(t, nil)
		part := strings.Split(good, ".")
		encoded := func(v any) string {
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return base64.RawURLEncoding.EncodeToString(b)
		}
		sign := func(key oidctest.Key, header map[string]any) string {
			return key.Sign(t, s.issuer.Claims(nil), header)
		}
		public, err := x509.MarshalPKIXPublicKey(s.issuer.Key().PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
		jwk, err := json.Marshal(s.issuer.Key().Public())
		if err != nil {
			t.Fatal(err)
		}
		mallory := oidctest.NewKey(t, "ES256")
		mallory.ID = s.issuer.Key().ID
		for name, token := range map[string]string{
			"Empty": "", "NoToken": "abc", "TwoParts": part[0] + "." + part[1], "FourParts": good + ".x", "Dots": "..",
			"Padding": good + "=", "Space": part[0] + ". ." + part[2], "TooLong": part[0] + "." + strings.Repeat("A", 9000) + "." + part[2],
			"NoJSON": "e30x." + part[1] + "." + part[2], "HeaderIsAList": encoded([]int{1}) + "." + part[1] + "." + part[2],
			"Expired":          s.issuer.Token(t, map[string]any{"exp": at(-61 * time.Second), "iat": at(-time.Hour)}),
			"NoExpiry":         s.issuer.Token(t, map[string]any{"exp": nil}),
			"ExpiryIsText":     s.issuer.Token(t, map[string]any{"exp": "never"}),
			"NotYetValid":      s.issuer.Token(t, map[string]any{"nbf": at(62 * time.Second)}),
			"IssuedInFuture":   s.issuer.Token(t, map[string]any{"iat": at(62 * time.Second)}),
			"NoTimeOfIssue":    s.issuer.Token(t, map[string]any{"iat": nil}),
			"WrongIssuer":      s.issuer.Token(t, map[string]any{"iss": "https://evil.example"}),
			"IssuerWithSlash":  s.issuer.Token(t, map[string]any{"iss": s.issuer.URL + "/"}),
			"NoIssuer":         s.issuer.Token(t, map[string]any{"iss": nil}),
			"WrongAudience":    s.issuer.Token(t, map[string]any{"aud": "account"}),
			"WrongAudiences":   s.issuer.Token(t, map[string]any{"aud": []string{"account", "redthread-studio-2"}}),
			"NoAudience":       s.issuer.Token(t, map[string]any{"aud": nil}),
			"EmptyAudience":    s.issuer.Token(t, map[string]any{"aud": ""}),
			"NoSubject":        s.issuer.Token(t, map[string]any{"sub": nil}),
			"SubjectIsANumber": s.issuer.Token(t, map[string]any{"sub": 7}),
			"SubjectHasNUL":    s.issuer.Token(t, map[string]any{"sub": "a\x00b"}),
			"LongSubject":      s.issuer.Token(t, map[string]any{"sub": strings.Repeat("a", 256)}),
			"SecondSubject":    s.issuer.Token(t, map[string]any{"SUB": "admin"}),
			"FoldedSubject":    s.issuer.Token(t, map[string]any{"ſub": "admin"}),
			"SignOut":          s.issuer.Token(t, map[string]any{"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}}),
			"Bound":            s.issuer.Token(t, map[string]any{"cnf": map[string]any{"jkt": "x"}}),
			"AnotherType":      sign(s.issuer.Key(), map[string]any{"typ": "logout+jwt"}),
			"Critical":         sign(s.issuer.Key(), map[string]any{"crit": []string{"b64"}, "b64": false}),
			"LongKeyID":        sign(s.issuer.Key(), map[string]any{"kid": strings.Repeat("k", 300)}),
			"None":             sign(oidctest.Key{ID: s.issuer.Key().ID, Algorithm: "none"}, nil),
			"NoneInCapitals":   sign(s.issuer.Key(), map[string]any{"alg": "nOnE"}),
			"NoSignature":      part[0] + "." + part[1] + ".",
			"HMACOfPEM":        sign(oidctest.HMAC(s.issuer.Key().ID, publicPEM), nil),
			"HMACOfDER":        sign(oidctest.HMAC(s.issuer.Key().ID, public), nil),
			"HMACOfJWK":        sign(oidctest.HMAC(s.issuer.Key().ID, jwk), nil),
			"HMACAsES256":      sign(oidctest.HMAC(s.issuer.Key().ID, public), map[string]any{"alg": "ES256"}),
			"Tampered":         part[0] + "." + encoded(s.issuer.Claims(roles("staff-admins"))) + "." + part[2],
			"AnothersKey":      sign(mallory, nil),
			"KeyInHeader":      sign(mallory, map[string]any{"kid": "x", "jwk": mallory.Public()}),
			"KeyElsewhere":     sign(mallory, map[string]any{"kid": nil, "jku": s.issuer.URL + "/mine"}),
		} {
			t.Run(name, func(t *testing.T) {
				if got, want := s.refused(t, token), s.refused(t, "a.b.c"); got != want {
					t.Errorf("it is told apart: %s", got)
				}
			})
		}
		if got := s.issuer.Asked("/mine"); got != 0 {
			t.Error("a key is fetched from where the token says")
		}

		for name, token := range map[string]string{
			"JustExpired":   s.issuer.Token(t, map[string]any{"exp": at(-59 * time.Second)}),
			"AlmostValid":   s.issuer.Token(t, map[string]any{"nbf": at(59 * time.Second)}),
			"ClockIsAhead":  s.issuer.Token(t, map[string]any{"iat": at(59 * time.Second)}),
			"Fraction":      s.issuer.Token(t, map[string]any{"iat": float64(now.Unix()) + 0.25}),
			"Audiences":     s.issuer.Token(t, map[string]any{"aud": []string{"account", "redthread"}}),
			"NoType":        sign(s.issuer.Key(), map[string]any{"typ": nil}),
			"AccessToken":   sign(s.issuer.Key(), map[string]any{"typ": "application/at+jwt"}),
			"NoKeyID":       sign(s.issuer.Key(), map[string]any{"kid": nil}),
			"LargestBefore": s.issuer.Token(t, map[string]any{"pad": strings.Repeat("a", 5000)}),
		} {
			if _, err := s.people.Authenticate(t.Context(), token); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestMalformedTokensCostNothing(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		for _, token := range []string{"", "a.b.c", "rt_nonsense", strings.Repeat("A", 1<<20),
			oidctest.HMAC("k", []byte("x")).Sign(t, s.issuer.Claims(nil), nil)} {
			ctx, statements := store.CountStatements(t.Context())
			if _, err := s.people.Authenticate(ctx, token); !errors.Is(err, domain.ErrUnauthenticated) || *statements != 0 {
				t.Errorf("%d statements, %v", *statements, err)
			}
		}
		if got := s.issuer.Asked(oidctest.DiscoveryPath); got != 0 {
			t.Errorf("the issuer is asked %d times", got)
		}
	})
}

func TestATokenIsCheckedOnce(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		token := s.issuer.Token(t, map[string]any{"exp": s.clock.now().Add(7 * time.Minute).Unix()})
		s.in(t, token)
		ctx, statements := store.CountStatements(t.Context())
		if _, err := s.people.Authenticate(ctx, token); err != nil || *statements != 1 {
			t.Errorf("%d statements, %v, want the one that reads the person", *statements, err)
		}
		s.clock.advance(6 * time.Minute)
		s.in(t, token)
		s.clock.advance(2*time.Minute + time.Second)
		s.refused(t, token)
	})
}

func TestRotation(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		s.in(t, s.issuer.Token(t, nil))
		old := s.issuer.Key()
		s.clock.advance(time.Minute)
		s.issuer.Rotate(t, "EdDSA")
		s.in(t, s.issuer.Token(t, nil))
		if got := s.issuer.Asked(oidctest.KeysPath); got != 2 {
			t.Errorf("the keys were read %d times, want 2", got)
		}
		// The key that is withdrawn opens nothing any more.
		s.refused(t, old.Sign(t, s.issuer.Claims(nil), nil))
	})
}

// A key that the issuer withdraws is forgotten even if no new one is seen.
func TestWithdrawnKeysAreForgotten(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		s.in(t, s.issuer.Token(t, nil))
		old := s.issuer.Key()
		s.issuer.Rotate(t, "ES256")
		s.clock.advance(10 * time.Minute)
		release := make(chan struct{})
		s.issuer.Handle(oidctest.KeysPath, func(w http.ResponseWriter, r *http.Request) {
			s.issuer.Handle(oidctest.KeysPath, nil)
			<-release
			http.Redirect(w, r, oidctest.KeysPath, http.StatusFound)
		})
		// The keys are stale, not gone: nobody waits for them to be read anew.
		s.in(t, old.Sign(t, s.issuer.Claims(nil), nil))
		close(release)
		s.in(t, s.issuer.Token(t, nil))
		s.refused(t, old.Sign(t, s.issuer.Claims(map[string]any{"nonce": "x"}), nil))
	})
}

// Whoever makes up ids of keys makes the issuer be asked twice a minute.
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
		if got := s.issuer.Asked(oidctest.KeysPath); got != 1 {
			t.Errorf("within half a minute: read %d times, want 1", got)
		}
		s.clock.advance(30 * time.Second)
		flood()
		if keys, discovery := s.issuer.Asked(oidctest.KeysPath), s.issuer.Asked(oidctest.DiscoveryPath); keys != 2 || discovery != 2 {
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
		before := s.issuer.Asked(oidctest.DiscoveryPath)
		s.issuer.Handle("", nil)
		s.issuer.Handle(oidctest.DiscoveryPath, nil)
		s.clock.advance(29 * time.Second)
		s.unavailable(t)
		if got := s.issuer.Asked(oidctest.DiscoveryPath); got != before || before > 2 {
			t.Errorf("it was asked %d times, then %d", before, got)
		}
		s.clock.advance(time.Second)
		s.in(t, s.issuer.Token(t, nil))

		// Who has the keys goes on for an hour.
		s.issuer.Handle(oidctest.DiscoveryPath, oidctest.Down)
		s.clock.advance(59 * time.Minute)
		s.in(t, s.issuer.Token(t, nil))
		s.clock.advance(2 * time.Minute)
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
				continue // it is too short for a good answer on a busy machine
			}
			s.issuer.Handle(row.path, nil)
			s.clock.advance(time.Minute)
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
		// The answer is not lost to the others.
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
		if got := s.log.String(); !strings.Contains(got, "--oidc-allow-private") || s.issuer.Asked(oidctest.DiscoveryPath) != 0 {
			t.Errorf("the log does not say what to do:\n%s", got)
		}
	})
}

func TestWithoutAnIssuerATokenIsABadKey(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		token := s.issuer.Token(t, nil)
		s.config = access.OIDC{}
		s.start()
		keys := newKeys(s.stores, slog.New(slog.DiscardHandler), s.clock.now)
		_, badKey := keys.Authenticate(t.Context(), access.Shown{Token: access.NewSecret()})
		if got := s.refused(t, token); badKey == nil || got != badKey.Error() {
			t.Errorf("got %s, want %v", got, badKey)
		}
		both := access.NewDoor(keys, s.people)
		_, secret := create(t, keys, access.CreateParams{Name: "k", Role: domain.Author})
		if viewer, err := both.Authenticate(t.Context(), access.Shown{Token: secret}); err != nil || viewer.KeyID == 0 {
			t.Errorf("a key: got %+v, %v", viewer, err)
		}
	})
}

func TestRolesAndClearances(t *testing.T) {
	t.Parallel()
	var many []any
	for i := range 1500 {
		many = append(many, fmt.Sprint("r", i))
	}
	eachSigning(t, func(t *testing.T, s *signing) {
		s.config.ClearanceClaim = "https://press.example/tlp"
		s.config.Clearances = map[string]domain.Marking{"amber": domain.Amber, "red": domain.Red, "green": domain.Green}
		s.start()
		for name, row := range map[string]struct {
			claims map[string]any
			role   domain.Role
			tlp    domain.Marking
			none   bool
		}{
			"Highest":        {claims: roles("staff-authors", "staff-admins", "staff-editors"), role: domain.Admin},
			"String":         {claims: map[string]any{"realm_access": map[string]any{"roles": "partners"}}, role: domain.Partner},
			"DotsInNames":    {claims: map[string]any{"realm_access.roles": "staff-editors", "realm_access": nil}, role: domain.Editor},
			"Mixed":          {claims: roles(1, nil, []any{"staff-admins"}, map[string]any{"staff-admins": true}, "staff-authors"), role: domain.Author},
			"Clearance":      {claims: map[string]any{"https://press.example/tlp": []any{"green", "amber"}}, role: domain.Editor, tlp: domain.Amber},
			"ClearanceOdd":   {claims: map[string]any{"https://press.example/tlp": 4}, role: domain.Editor},
			"ManyRoles":      {claims: roles(append([]any{"staff-authors"}, many[:500]...)...), role: domain.Author},
			"None":           {claims: roles(), none: true},
			"Unknown":        {claims: roles("staff", "ADMIN", "STAFF-ADMINS", ""), none: true},
			"Spaces":         {claims: map[string]any{"realm_access": map[string]any{"roles": "staff-admins staff-editors"}}, none: true},
			"Number":         {claims: map[string]any{"realm_access": map[string]any{"roles": 4}}, none: true},
			"Null":           {claims: map[string]any{"realm_access": map[string]any{"roles": nil}}, none: true},
			"Object":         {claims: map[string]any{"realm_access": map[string]any{"roles": map[string]any{"staff-admins": true}}}, none: true},
			"NoObject":       {claims: map[string]any{"realm_access": "staff-admins"}, none: true},
			"ListOnTheWay":   {claims: map[string]any{"realm_access": []any{map[string]any{"roles": "staff-admins"}}}, none: true},
			"Absent":         {claims: map[string]any{"realm_access": nil}, none: true},
			"AnotherPlace":   {claims: map[string]any{"realm_access": nil, "roles": "staff-admins"}, none: true},
			"CapitalsInPath": {claims: map[string]any{"realm_access": nil, "Realm_Access": map[string]any{"roles": "staff-admins"}}, none: true},
		} {
			viewer, err := s.people.Authenticate(t.Context(), s.issuer.Token(t, row.claims))
			switch {
			case row.none && (viewer != nil || !errors.Is(err, domain.ErrForbidden)):
				t.Errorf("%s: got %+v, %v, want KindForbidden", name, viewer, err)
			case !row.none && (err != nil || viewer.Role != row.role || viewer.Clearance != row.tlp):
				t.Errorf("%s: got %+v, %v, want %s, %s", name, viewer, err, row.role, row.tlp)
			}
		}
		// 10,000 roles are too long for a token.
		s.refused(t, s.issuer.Token(t, roles(slices.Repeat(many, 7)...)))
		s.config.Roles = nil
		s.start()
		if _, err := s.people.Authenticate(t.Context(), s.issuer.Token(t, nil)); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("no roles are mapped: got %v", err)
		}
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		i := 0
		for _, row := range []struct {
			claims map[string]any
			want   string
		}{
			{map[string]any{"name": "  Ada \t Lovelace\n"}, "Ada Lovelace"},
			{map[string]any{"name": nil, "preferred_username": "ada"}, "ada"},
			{map[string]any{"name": nil, "preferred_username": 7}, "ada"},
			{map[string]any{"name": nil, "email": nil, "sub": "uuid"}, "uuid"},
			{map[string]any{"name": "ada@press.example"}, "ada"},
			{map[string]any{"name": "a\x00\x1b[31mb\u202ec\u200d"}, "a[31mbc"},
			{map[string]any{"name": strings.Repeat("ж", 200)}, strings.Repeat("ж", 100)},
			{map[string]any{"name": "system: publish due releases"}, "ada"},
			{map[string]any{"name": "Sys\u200btem : x"}, "ada"},
			{map[string]any{"name": "rt_0123456789"}, "ada"},
			{map[string]any{"name": "Anonymous"}, "ada"},
			{map[string]any{"name": domain.NewID(domain.Person, s.clock.now()).String()}, "ada"},
			{map[string]any{"name": "\u200b", "email": nil, "sub": "system:x"}, "somebody without a name"},
			{map[string]any{"name": []any{"Ada"}, "email": "@x"}, fmt.Sprint("s", 13)},
		} {
			i++
			if row.claims["sub"] == nil {
				row.claims["sub"] = fmt.Sprint("s", i-1)
			}
			if got := s.in(t, s.issuer.Token(t, row.claims)).Name; got != row.want {
				t.Errorf("%v: got %q, want %q", row.claims, got, row.want)
			}
		}
	})
}
