package graph_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// subscription is one that runs, as server-sent events.
type subscription struct {
	t    *testing.T
	body *bufio.Reader
}

// subscribe begins a subscription for a viewer.
func (a *api) subscribe(t *testing.T, v *domain.Viewer, document string, variables vars, proof func() error) *subscription {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := domain.WithViewer(r.Context(), v)
		if proof != nil {
			ctx = access.WithRecheck(ctx, func(context.Context) (*domain.Viewer, error) { return v, proof() })
		}
		a.handler.ServeHTTP(w, r.WithContext(ctx))
	}))
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = res.Body.Close()
		server.Close()
	})
	return &subscription{t, bufio.NewReader(res.Body)}
}

// next returns the data of the next event; "" at the end.
func (s *subscription) next() string {
	s.t.Helper()
	for {
		line, err := s.body.ReadString('\n')
		if err != nil {
			return ""
		}
		if data, ok := strings.CutPrefix(strings.TrimSpace(line), "data:"); ok {
			return strings.TrimSpace(data)
		}
	}
}

// wants reads as many events as it wants, each with a text in it.
func (s *subscription) wants(texts ...string) {
	s.t.Helper()
	for _, want := range texts {
		if got := s.next(); !strings.Contains(got, want) {
			s.t.Errorf("got %s, want it with %s", got, want)
		}
	}
}

// The test content is published by now; these subscriptions are sent it from the beginning.
const fromTheStart = `head: changes(first: 1) { edges { cursor } }`

func TestSubscriptionsHearWhatTheyAskedFor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		first := a.query(public, `{ `+fromTheStart+` }`).at("head.edges.0.cursor")
		feed := a.query(public, `{ changes(first: 100) { nodes { kind documentId type document { ... on Document { slug } } } } }`).at("changes.nodes").([]any)
		heard := func(keep func(node map[string]any) bool) (want []string) {
			for _, n := range feed[1:] {
				if n := n.(map[string]any); keep(n) {
					want = append(want, fmt.Sprintf(`"documentId":%q`, n["documentId"]))
				}
			}
			return want
		}
		tagged := func(field string) []string {
			return strings.Fields(a.query(public, `{ list: `+field+`(first: 100, filter: {tags: {slug: {in: ["ports"]}}}) { nodes { id } } }`).list("list.nodes", "id"))
		}
		a.in(t).subscribe(t, public, `subscription { contentChanged(after: "start") { kind documentId } }`, nil, nil).
			wants(append([]string{fmt.Sprintf(`"documentId":%q`, feed[0].(map[string]any)["documentId"])}, heard(func(map[string]any) bool { return true })...)...)
		ports := slices.Concat(tagged("reports"), tagged("entities"), tagged("narratives"))
		one := feed[len(feed)-1].(map[string]any)["documentId"]
		for _, tt := range []struct {
			name, arguments string
			want            []string
		}{
			{"All", "", heard(func(map[string]any) bool { return true })},
			{"Types", "types: [TAG, ENTITY]", heard(func(n map[string]any) bool { return n["type"] == "TAG" || n["type"] == "ENTITY" })},
			{"Ids", fmt.Sprintf("ids: [%q]", one), heard(func(n map[string]any) bool { return n["documentId"] == one })},
			{"Tags", `tags: ["ports"]`, heard(func(n map[string]any) bool { return slices.Contains(ports, n["documentId"].(string)) })},
		} {
			t.Run(tt.name, func(t *testing.T) {
				if len(tt.want) == 0 {
					t.Fatal("there is nothing to hear")
				}
				s := a.in(t).subscribe(t, public, `subscription($after: String) { contentChanged(after: $after `+tt.arguments+`) { kind documentId document { slug } } }`,
					vars{"after": first}, nil)
				s.wants(tt.want...)
			})
		}
	})
}

func TestSubscriptionsThatAreRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		for _, tt := range []struct{ name, document, code, text string }{
			{"AtTheDesk", `subscription @inContext(stage: DESK) { contentChanged { kind } }`, "BAD_USER_INPUT", "live"},
			{"OfABadCursor", `subscription { contentChanged(after: "x") { kind } }`, "BAD_USER_INPUT", "after"},
			{"OfATagThatIsNotThere", `subscription { contentChanged(tags: ["no-such-tag"]) { kind } }`, "BAD_USER_INPUT", "tags[0]"},
			{"OfABadId", `subscription { contentChanged(ids: ["x"]) { kind } }`, "BAD_USER_INPUT", "ids[0]"},
			{"OfAnotherFeed", `subscription { contentChanged(after: "cAAAAAQAAAAAAAAAAAAAAAAAAAAA") { kind } }`, "CURSOR_EXPIRED", ""},
			{"ThatCostTooMuch", `subscription { contentChanged { document { ... on Report { entities(first: 100) { nodes { reports(first: 100) { nodes { body } } } } } } } }`, "COST_LIMIT", "3000"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				got := a.in(t).subscribe(t, public, tt.document, nil, nil).next()
				if !strings.Contains(got, tt.code) || !strings.Contains(got, tt.text) || strings.Contains(got, `"data"`) {
					t.Errorf("got %s, want %s with %q", got, tt.code, tt.text)
				}
			})
		}
	})
}

func TestASubscriptionEndsWithItsCredential(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		s := a.subscribe(t, partner, `subscription($after: String) { contentChanged(after: $after) { kind } }`,
			vars{"after": a.query(partner, `{ `+fromTheStart+` }`).at("head.edges.0.cursor")},
			func() error { return &domain.Error{Kind: domain.KindUnauthenticated, Message: "revoked"} })
		s.wants("UNAUTHENTICATED", "")
		if got := s.next(); got != "" {
			t.Errorf("after the end: %s", got)
		}
	})
}

func TestASubscriptionEndsWithItsBudget(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.handler = graph.Handler(graph.Config{Stores: a.stores, Desk: editorial.New(a.stores, projection.New(a.stores, slog.New(slog.DiscardHandler), time.Now).WithPatience(storetest.Patience), slog.New(slog.DiscardHandler), time.Now), Limits: func(role domain.Role) limits.Limit {
			limit := limits.Standard(role)
			limit.PerMinute = 60
			return limit
		}})
		first := a.query(public, `{ `+fromTheStart+` }`).at("head.edges.0.cursor")
		s := a.subscribe(t, public, `subscription($after: String) { contentChanged(after: $after) { kind documentId type at cursor } }`, vars{"after": first}, nil)
		for range 20 {
			if got := s.next(); strings.Contains(got, "RATE_LIMITED") {
				return
			}
		}
		t.Error("it goes on without end")
	})
}
