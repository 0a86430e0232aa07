package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/queries"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// accessAPI is an API with keys, people and registered documents, over empty
// stores.
type accessAPI struct {
	*api
	clock    *storetest.Clock
	keys     *access.Keys
	people   *access.People
	refusals *audit.Buffer
	registry *queries.Registry
}

// clockStart is the time at which the clocks of tests begin.
var clockStart = time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)

// newAccessAPI returns an API over stores. change, where it is not nil, changes the
// configuration before it is used.
func newAccessAPI(t testing.TB, s *store.Stores, change func(*graph.Config)) *accessAPI {
	t.Helper()
	clock := storetest.NewClock(clockStart)
	logged := &bytes.Buffer{}
	log := slog.New(slog.NewTextHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	refusals := audit.NewBuffer(s, log, clock.Now)
	g := &accessAPI{
		api: &api{t: t, stores: s, log: logged}, clock: clock, refusals: refusals,
		keys:     access.NewKeys(s, refusals, log, clock.Now),
		people:   access.NewPeople(s, refusals, log, clock.Now, access.OIDC{}),
		registry: graph.NewRegistry(s, clock.Now),
	}
	c := graph.Config{
		Stores: s, Desk: editorial.New(s, projection.New(s, log, clock.Now).WithPatience(storetest.Patience), log, clock.Now), Log: log, Now: clock.Now, Limits: unhurried,
		Keys: g.keys, People: g.people, Refusals: refusals, Registry: g.registry,
	}
	if change != nil {
		change(&c)
	}
	g.handler = graph.Handler(c)
	return g
}

func eachAccessAPI(t *testing.T, change func(*graph.Config), fn func(t *testing.T, g *accessAPI)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Stores) { fn(t, newAccessAPI(t, s, change)) })
}

// holder is a viewer with a key of a role.
func holder(role domain.Role, scopes ...domain.Right) *domain.Viewer {
	return &domain.Viewer{
		Name: strings.ToLower(role.String()), Role: role, Scopes: scopes, Clearance: access.DefaultClearance(role),
		KeyID: domain.NewID(domain.Key, clockStart),
	}
}

// stored stores the key of a viewer, and returns the viewer.
func (g *accessAPI) stored(v *domain.Viewer) *domain.Viewer {
	g.t.Helper()
	err := g.stores.Desk(domain.AsSystem(g.t.Context(), "test"), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Client().ApiKey.Create().SetID(v.KeyID).SetName(v.Name).SetHint("rt_").SetHash(v.KeyID.String()).
			SetRole(v.Role).SetClearance(v.Clearance).SetCreatedBy("test").SetCreatedAt(clockStart).Save(ctx)
		return err
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return v
}

// scopeless is a viewer with an empty list of scopes.
func scopeless(role domain.Role) *domain.Viewer {
	v := holder(role)
	v.Scopes = []domain.Right{}
	return v
}

// reply is a response over HTTP.
type reply struct {
	*response
	status int
	header http.Header
}

// send asks as a viewer: the parameters are the body of a POST, or in the URL
// of a GET.
func (a *api) send(v *domain.Viewer, method string, parameters vars) reply {
	a.t.Helper()
	return a.sendIn(domain.WithViewer(a.t.Context(), v), method, parameters)
}

func (a *api) sendIn(ctx context.Context, method string, parameters vars) reply {
	a.t.Helper()
	ctx, statements := store.CountStatements(ctx)
	target, body := "/graphql", []byte(nil)
	if method == http.MethodGet {
		values := url.Values{}
		for name, v := range parameters {
			text, isText := v.(string)
			if !isText {
				encoded, err := json.Marshal(v)
				if err != nil {
					a.t.Fatal(err)
				}
				text = string(encoded)
			}
			values.Set(name, text)
		}
		target += "?" + values.Encode()
	} else {
		var err error
		if body, err = json.Marshal(parameters); err != nil {
			a.t.Fatal(err)
		}
	}
	r := httptest.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	out := &response{t: a.t, body: w.Body.String(), statements: *statements}
	if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
		a.t.Fatalf("%v in %s", err, w.Body)
	}
	return reply{out, w.Code, w.Header()}
}

// code is the code of an answer's first error; empty where there is none.
func (r *response) code() string {
	if len(r.Errors) == 0 {
		return ""
	}
	return r.Errors[0].Extensions.Code
}

// fields are the paths of the problems that the first error lists.
func (r *response) paths() string {
	r.t.Helper()
	if len(r.Errors) == 0 {
		return ""
	}
	var paths []string
	for _, f := range r.Errors[0].Extensions.Fields {
		paths = append(paths, f.Path)
	}
	return strings.Join(paths, " ")
}

// entries returns the audit log after a sequence, the oldest entry first.
func (g *accessAPI) entries(after int64) []audit.Line {
	g.t.Helper()
	var lines []audit.Line
	if err := audit.Export(domain.AsSystem(g.t.Context(), "test"), g.stores, audit.ExportParams{}, func(l audit.Line) error {
		if l.Sequence > after {
			lines = append(lines, l)
		}
		return nil
	}); err != nil {
		g.t.Fatal(err)
	}
	return lines
}

// person creates a person who has signed in.
func (g *accessAPI) person(name string, role domain.Role) domain.ID {
	g.t.Helper()
	id := domain.NewID(domain.Person, clockStart)
	err := g.stores.Desk(domain.AsSystem(g.t.Context(), "test"), func(ctx context.Context, tx *store.Tx) error {
		return tx.Client().Person.Create().SetID(id).SetIssuer("https://id.example").SetSubject(name).SetName(name).
			SetEmail(name + "@example.org").SetRole(role).SetClearance(access.DefaultClearance(role)).
			SetCreatedAt(g.clock.Now()).SetLastSeenAt(g.clock.Now()).Exec(ctx)
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return id
}
