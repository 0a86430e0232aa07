package graph_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/queries"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Each root field of a query is cacheable or not, as this test says once more. A
// new one fails the test until it is decided.
func TestEveryRootFieldIsCacheableOrNot(t *testing.T) {
	t.Parallel()
	want := map[string]bool{"node": true, "nodes": true, "viewer": false, "changes": true, "search": true, "suggest": true, "matchEntities": true, "network": true, "observations": true, "timeline": true, "paths": true, "exposureReport": true, "narrativeActors": true, "__typename": true, "__schema": true, "__type": true}
	for _, doc := range documents {
		want[doc.one], want[doc.many] = true, true
	}
	for field := range deskFields {
		want[field] = false
	}
	got := map[string]bool{"__typename": graph.IsCacheable("__typename")}
	for _, f := range generated.NewExecutableSchema(generated.Config{}).Schema().Query.Fields {
		got[f.Name] = graph.IsCacheable(f.Name)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("decide whether what a new field answers changes with publications only (-want +got):\n%s", d)
	}
}

// decision sends a request for a viewer and returns whether and how the response
// may be cached.
func (g *accessAPI) decision(v *domain.Viewer, body string) (transport.CacheTerms, bool) {
	g.t.Helper()
	ctx, decision := transport.WithCacheDecision(domain.WithViewer(g.t.Context(), v), nil)
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	g.handler.ServeHTTP(httptest.NewRecorder(), r)
	return decision.Terms()
}

// doubling returns fragments F0, F1, … on Query, of which each but the last spreads the
// next one twice. The last has the fields.
func doubling(n int, fields string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " fragment F%d on Query { ...F%d ...F%[2]d }", i, i+1)
	}
	fmt.Fprintf(&b, " fragment F%d on Query { %s }", n, fields)
	return b.String()
}

func TestCacheableOperations(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		g.createContent()
		for name, row := range map[string]struct {
			viewer *domain.Viewer
			query  string
			want   bool
		}{
			"List":                 {public, `{ reports { totalCount nodes { title tags { label } } } }`, true},
			"Several":              {public, `{ a: reports { totalCount } tags { totalCount } __typename }`, true},
			"OfStaffFromLive":      {editor, `{ reports { nodes { slug createdBy } } }`, true},
			"Nothing":              {public, `{ report(slug: "nothing") { title } }`, true},
			"Schema":               {public, `{ __schema { types { name } } }`, true},
			"InFragments":          {public, `{ ...F ... on Query { tags { totalCount } } } fragment F on Query { reports { totalCount } }`, true},
			"InFragmentsTwiceEach": {public, `{ ...F0 }` + doubling(32, `__typename`), true},
			"NoField":              {public, `{}`, true},
			"NoFieldBelow":         {public, `{ report(slug: \"bravo\") {} ... {} }`, true},
			"ViewerWithoutFields":  {public, `{ viewer {} }`, false},
			"Viewer":               {public, `{ viewer { role } }`, false},
			"ViewerBesides":        {public, `{ reports { totalCount } viewer { role } }`, false},
			"ViewerInAFragment":    {public, `{ ...F } fragment F on Query { ... { viewer { role } } }`, false},
			"ViewerThatIsLeftOut":  {public, `{ reports { totalCount } viewer @skip(if: true) { role } }`, false},
			"Log":                  {editor, `{ publicationLog { totalCount } }`, false},
			"Desk":                 {editor, `query @inContext(stage: DESK) { reports { totalCount } }`, false},
			"DeskRefused":          {public, `query @inContext(stage: DESK) { reports { totalCount } }`, false},
			"Mutation":             {editor, `mutation { updateReport(input: {id: \"nothing\", title: \"x\"}) { changed } }`, false},
			"Failing":              {public, `{ reports(first: 1000) { totalCount } }`, false},
			"FailingInPart":        {public, `{ tags { totalCount } report(id: \"x\") { slug } }`, false},
			"NotValid":             {public, `{ nothing }`, false},
			"NoRight":              {scopeless(domain.Partner), `{ reports { totalCount } }`, false},
			"TheExplicitLiveStage": {editor, `query @inContext(stage: LIVE) { reports { totalCount } }`, true},
		} {
			t.Run(name, func(t *testing.T) {
				terms, got := g.decision(row.viewer, `{"query":"`+strings.ReplaceAll(strings.ReplaceAll(row.query, `\"`, `"`), `"`, `\"`)+`"}`)
				if got != row.want {
					t.Errorf("got %v, want %v", got, row.want)
				}
				if got && (!terms.ExpiresAt.IsZero() || terms.StillValid != nil || terms.Credential != nil || terms.Sequence != -1) {
					t.Errorf("the terms are %+v", terms)
				}
			})
		}
	})
}

func TestCachedResponsesHaveTheirMarking(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		g.query(editor, `mutation { createTag(input: {slug: "t", label: "T", vocabulary: TOPIC, marking: AMBER}) { tag { id } } }`)
		g.query(editor, `mutation { createEntity(input: {slug: "e", name: "E", kind: COMPANY, marking: AMBER, tags: ["t"]}) { entity { id } } }`)
		g.query(editor, `mutation { publish(input: {documents: ["entity:e"], references: INCLUDE}) { state } }`)
		for v, want := range map[*domain.Viewer]domain.Marking{public: domain.Clear, editor: domain.Amber} {
			if terms, ok := g.decision(v, `{"query":"{ entities { nodes { slug } } }"}`); !ok || terms.Marking != want {
				t.Errorf("%s: got %v, %v, want %v", v.Role, terms.Marking, ok, want)
			}
		}
	})
}

// registeredTTL is how long a look-up of a registered document is cached.
const registeredTTL = 10 * time.Second

// The response to a request that names its document may be used for as long as
// the name stands for the document.
func TestCachedResponsesOfNamedDocuments(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		const count, mine = `query Count { reports { totalCount } }`, `query Mine { tags { totalCount } }`
		g.register(vars{"text": count}).ok()
		byHash := `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + sha(count) + `"}}}`
		for name, body := range map[string]string{"Id": `{"documentId":"` + sha(count) + `"}`, "Hash": byHash} {
			terms, ok := g.decision(public, body)
			if !ok || terms.ExpiresAt.Sub(g.clock.Now()) != registeredTTL || len(terms.StillValid) != 1 || !terms.StillValid[0]() {
				t.Errorf("%s: got %+v, %v", name, terms, ok)
			}
		}
		g.clock.Advance(registeredTTL / 2)
		terms, _ := g.decision(public, byHash)
		if got := terms.ExpiresAt.Sub(g.clock.Now()); got != registeredTTL/2 {
			t.Errorf("what was looked up before may be used for %s", got)
		}
		g.unregister(sha(count))
		if terms.StillValid[0]() {
			t.Error("the answer outlives the registration")
		}

		named, sent := sha(mine), `{"query":"`+mine+`","extensions":{"persistedQuery":{"version":1,"sha256Hash":"`+sha(mine)+`"}}}`
		if _, ok := g.decision(partner, sent); ok {
			t.Error("a document that is sent to be remembered is cacheable, and the next to send it is not remembered")
		}
		terms, ok := g.decision(partner, `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"`+named+`"}}}`)
		if !ok || terms.Credential == nil || *terms.Credential != partner.KeyID {
			t.Errorf("of a hash that only its sender knows: got %+v, %v", terms, ok)
		}
	})
}

func TestCachedResponsesUnderRegisteredOnly(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, func(c *graph.Config) { c.RegisteredOnly = true }, func(t *testing.T, g *accessAPI) {
		const count = `query Count { reports { totalCount } }`
		if _, _, err := g.registry.Register(domain.WithViewer(t.Context(), builder), []queries.Document{{Text: count}}); err != nil {
			t.Fatal(err)
		}
		if terms, ok := g.decision(public, `{"query":"`+count+`"}`); !ok || terms.ExpiresAt.IsZero() || len(terms.StillValid) != 1 {
			t.Errorf("got %+v, %v", terms, ok)
		}
		if _, ok := g.decision(public, `{"query":"{ tags { totalCount } }"}`); ok {
			t.Error("a refusal is cacheable")
		}
	})
}

// Where live is read from somewhere else than it is written to, the answer says
// how far what it was read from had come.
func TestCachedResponsesOfAReplica(t *testing.T) {
	t.Parallel()
	config := storetest.PostgresConfig(t)
	config.LiveDSN = config.DeskDSN
	s, err := store.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	g := newAccessAPI(t, s, nil)
	if terms, ok := g.decision(public, `{"query":"{ tags { totalCount } }"}`); !ok || terms.Sequence != 0 {
		t.Errorf("of nothing: got %+v, %v", terms, ok)
	}
	g.query(editor, `mutation { createEntity(input: {slug: "e", name: "E", kind: COMPANY}) { entity { id } } }`)
	g.query(editor, `mutation { publish(input: {documents: ["entity:e"]}) { state } }`)
	if terms, ok := g.decision(public, `{"query":"{ tags { totalCount } }"}`); !ok || terms.Sequence != 1 {
		t.Errorf("got %+v, %v", terms, ok)
	}
}

// A response from a replica that is too far behind is not cached, here or
// elsewhere. The replica of this test is another database, which gets what was
// published when the test says so.
func TestCachedResponsesOfAReplicaThatLags(t *testing.T) {
	t.Parallel()
	config, other := storetest.PostgresConfig(t), storetest.PostgresConfig(t)
	replica, err := store.Open(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = replica.Close() }()
	desk := editorial.New(replica, projection.New(replica, slog.New(slog.DiscardHandler), time.Now).WithPatience(storetest.Patience), slog.New(slog.DiscardHandler), time.Now)
	if err := errors.Join(desk.Prepare(t.Context()), desk.Live().Project(t.Context())); err != nil {
		t.Fatal(err)
	}
	config.LiveDSN = other.DeskDSN
	s, err := store.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	const most = 30 * time.Second
	g := newAccessAPI(t, s, func(c *graph.Config) { c.LiveMaxLag = most })
	wantCacheable := func(step string, want bool) {
		t.Helper()
		if _, ok := g.decision(public, `{"query":"{ tags { totalCount } }"}`); ok != want {
			t.Errorf("%s: cacheable is %v", step, ok)
		}
	}
	wantCacheable("nothing was published", true)
	g.query(editor, `mutation { createEntity(input: {slug: "e", name: "E", kind: COMPANY}) { entity { id } } }`)
	g.query(editor, `mutation { publish(input: {documents: ["entity:e"]}) { state } }`)
	wantCacheable("a moment behind", true)
	g.clock.Advance(most)
	wantCacheable("just within", true)
	g.clock.Advance(time.Second)
	wantCacheable("too far behind", false)
	if err := replica.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE projection SET applied_sequence = 1")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	wantCacheable("when it has arrived", true)
}
