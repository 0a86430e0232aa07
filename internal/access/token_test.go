package access_test

import (
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
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/access/oidctest"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

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
				t.Errorf("want another person for the same subject of another issuer: got %d people, %v", len(all), err)
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
			t.Error("a code was accepted from another client")
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
		now := s.clock.Now()
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
					t.Errorf("its error differs: %s", got)
				}
			})
		}
		if got := s.issuer.Requests("/mine"); got != 0 {
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
		if got := s.issuer.Requests(oidctest.DiscoveryPath); got != 0 {
			t.Errorf("the issuer got %d requests", got)
		}
	})
}

func TestATokenIsCheckedOnce(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		token := s.issuer.Token(t, map[string]any{"exp": s.clock.Now().Add(7 * time.Minute).Unix()})
		s.in(t, token)
		ctx, statements := store.CountStatements(t.Context())
		if _, err := s.people.Authenticate(ctx, token); err != nil || *statements != 1 {
			t.Errorf("%d statements, %v, want the one that reads the person", *statements, err)
		}
		s.clock.Advance(6 * time.Minute)
		s.in(t, token)
		s.clock.Advance(2*time.Minute + time.Second)
		s.refused(t, token)
	})
}

func TestWithoutAnIssuerATokenIsABadKey(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		token := s.issuer.Token(t, nil)
		s.config = access.OIDC{}
		s.start()
		keys := newKeys(s.stores, slog.New(slog.DiscardHandler), s.clock.Now)
		_, badKey := keys.Authenticate(t.Context(), access.Credential{Token: access.NewSecret()})
		if got := s.refused(t, token); badKey == nil || got != badKey.Error() {
			t.Errorf("got %s, want %v", got, badKey)
		}
		both := access.NewAuthenticator(keys, s.people)
		_, secret := create(t, keys, access.CreateParams{Name: "k", Role: domain.Author})
		if viewer, err := both.Authenticate(t.Context(), access.Credential{Token: secret}); err != nil || viewer.KeyID == 0 {
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
			{map[string]any{"name": domain.NewID(domain.Person, s.clock.Now()).String()}, "ada"},
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
