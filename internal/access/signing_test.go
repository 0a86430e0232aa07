package access_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

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
	stores   *store.Stores
	issuer   *oidctest.Issuer
	clock    *storetest.Clock
	log      *record
	refusals *audit.Buffer
	config   access.OIDC
	people   *access.People
}

// ada returns the claims of the person who signs in by default.
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
	s.issuer = oidctest.Start(t, s.clock.Now, algorithm)
	s.issuer.SetClaims(ada())
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
	s.refusals = audit.NewBuffer(s.stores, log, s.clock.Now)
	s.people = access.NewPeople(s.stores, s.refusals, log, s.clock.Now, s.config)
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
