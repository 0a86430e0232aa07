package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/access/oidctest"
	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestOIDCSettings(t *testing.T) {
	t.Parallel()
	got, err := app.Resolve([]string{"--oidc-issuer", "https://id.example/realms/press", "--oidc-audience", "a", "--oidc-audience", "b,c",
		"--oidc-roles", "staff-editors=EDITOR, cn=admins = ADMIN"}, map[string]string{
		"REDTHREAD_OIDC_ROLE_CLAIM": "realm_access.roles", "REDTHREAD_OIDC_CLEARANCE_CLAIM": "tlp", "REDTHREAD_OIDC_CLEARANCES": "cleared=RED",
		"REDTHREAD_OIDC_ALLOW_PRIVATE": "true", "REDTHREAD_OIDC_AUDIENCES": "d", "REDTHREAD_OIDC_ROLES": "x=ADMIN",
	})
	want := app.OIDCConfig{Issuer: "https://id.example/realms/press", Audiences: []string{"a", "b", "c"}, RoleClaim: "realm_access.roles",
		Roles: []string{"staff-editors=EDITOR", " cn=admins = ADMIN"}, ClearanceClaim: "tlp", Clearances: []string{"cleared=RED"}, AllowPrivate: true}
	if d := cmp.Diff(want, got.OIDC); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
}

func TestInvalidOIDCSettings(t *testing.T) {
	t.Parallel()
	issuer := []string{"--oidc-issuer", "https://id.example", "--oidc-audience", "a", "--oidc-roles", "a=ADMIN"}
	for name, row := range map[string]struct {
		args []string
		want []string
	}{
		"Alone": {[]string{"--oidc-issuer", "https://id.example"}, []string{"--oidc-audience:", "--oidc-roles:"}},
		"NoIssuer": {[]string{"--oidc-audience", "a", "--oidc-roles", "a=CHIEF", "--oidc-role-claim", "r", "--oidc-clearances", "a", "--oidc-allow-private"},
			[]string{"--oidc-audience: has no effect", "--oidc-roles: has no effect", "--oidc-role-claim: has", "--oidc-clearances: has", "--oidc-allow-private: has", `"a=CHIEF"`}},
		"PlainHTTP":       {append(issuer, "--oidc-issuer", "http://id.example"), []string{"--oidc-issuer: want https"}},
		"NoURL":           {append(issuer, "--oidc-issuer", "id.example"), []string{"--oidc-issuer: want a URL"}},
		"Password":        {append(issuer, "--oidc-issuer", "https://u:issuersecret@id.example"), []string{"--oidc-issuer: want a URL"}},
		"Query":           {append(issuer, "--oidc-issuer", "https://id.example?x"), []string{"--oidc-issuer: want a URL"}},
		"EmptyAudience":   {append(issuer, "--oidc-audience", " "), []string{"--oidc-audience: must not be empty"}},
		"Twice":           {append(issuer, "--oidc-roles", "a=EDITOR"), []string{`--oidc-roles: "a" is given twice`}},
		"NoValue":         {append(issuer, "--oidc-roles", "=EDITOR,EDITOR"), []string{`"=EDITOR"`, `"EDITOR"`}},
		"ClaimOnly":       {append(issuer, "--oidc-clearance-claim", "tlp"), []string{"--oidc-clearances: must be set together with"}},
		"ClearancesOnly":  {append(issuer, "--oidc-clearances", "a=RED"), []string{"--oidc-clearances: must be set together with"}},
		"UnknownMarking":  {append(issuer, "--oidc-clearance-claim", "tlp", "--oidc-clearances", "a=PINK"), []string{`"a=PINK"`, "AMBER_STRICT"}},
		"EmptyRolesGiven": {[]string{"--oidc-issuer", "https://id.example", "--oidc-audience", "a", "--oidc-roles", ""}, []string{"--oidc-roles: must not be empty"}},
	} {
		_, err := app.Resolve(row.args, nil)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		for _, want := range row.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v lacks %q", name, err, want)
			}
		}
		if strings.Contains(err.Error(), "issuersecret") {
			t.Errorf("%s: the password is shown: %v", name, err)
		}
	}
}

// The server starts while the issuer is unavailable, and people can sign in once it
// is available.
func TestPeopleSignIn(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, stores store.Config) {
		clock := storetest.NewRunningClock()
		issuer := oidctest.Start(t, clock.Now, "RS256")
		issuer.SetClaims(map[string]any{"sub": "1", "name": "Ada Lovelace", "email": "ada@press.example", "roles": []string{"editors"}})
		issuer.Handle(oidctest.DiscoveryPath, oidctest.Down)

		resolved, err := app.Resolve([]string{"--oidc-issuer", issuer.URL, "--oidc-audience", oidctest.ClientID,
			"--oidc-roles", "editors=EDITOR", "--oidc-allow-private"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		c := config(t, stores)
		c.OIDC = resolved.OIDC
		log := &record{}
		p := parts(log)
		p.Now = clock.Now
		a := start(t, c, p)

		status := func(token string) (int, string) {
			t.Helper()
			return do(t, http.MethodPost, a.URL()+"/graphql", `{"query":"{ __typename }"}`, token)
		}
		if code, body := status(issuer.Token(t, nil)); code != http.StatusServiceUnavailable || !strings.Contains(body, "UNAVAILABLE") {
			t.Errorf("the issuer is unavailable: got %d %s", code, body)
		}
		if code, body := get(t, a.URL()+"/readyz"); code != http.StatusOK {
			t.Errorf("got %d %s", code, body)
		}
		issuer.Handle(oidctest.DiscoveryPath, nil)
		clock.Advance(time.Minute)
		if got := query(t, a, issuer.Token(t, nil), write); !strings.Contains(got, `"harbour-cranes"`) {
			t.Errorf("got %s\n%s", got, log)
		}
		if got := query(t, a, issuer.Token(t, nil), `query @inContext(stage: DESK) { report(slug: "harbour-cranes") { revisions(first: 1) { nodes { author } } } }`); !strings.Contains(got, "Ada Lovelace") {
			t.Errorf("got %s", got)
		}
		for token, want := range map[string]int{
			issuer.Token(t, map[string]any{"roles": nil}):                                  http.StatusForbidden,
			issuer.Token(t, map[string]any{"aud": "another"}):                              http.StatusUnauthorized,
			issuer.Token(t, map[string]any{"exp": clock.Now().Add(-2 * time.Hour).Unix()}): http.StatusUnauthorized,
			"rt_nonsense": http.StatusUnauthorized,
			"nonsense":    http.StatusUnauthorized,
		} {
			if code, body := status(token); code != want {
				t.Errorf("got %d %s, want %d", code, body, want)
			}
		}
		stop(t, a)
		if got := log.String(); strings.Contains(got, "eyJ") || strings.Contains(got, "press.example") {
			t.Errorf("the log has a token or an e-mail address:\n%s", got)
		}
	})
}
