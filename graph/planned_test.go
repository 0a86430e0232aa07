package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	syncatomic "sync/atomic"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// ways are two handlers of the same stores: with plans, and without.
type ways struct {
	planned, executed http.Handler
	runs              syncatomic.Int64 // of plans
}

func newWays(s *store.Stores) *ways { return newLimitedWays(s, noLimits) }

func newLimitedWays(s *store.Stores, within func(domain.Role) limits.Limit) *ways {
	w := &ways{}
	log := slog.New(slog.DiscardHandler)
	config := graph.Config{
		Stores: s, Desk: editorial.New(s, projection.New(s, log, time.Now).WithPatience(storetest.Patience), log, time.Now), Log: log, Limits: within,
		OnQuery: func(planned bool) {
			if planned {
				w.runs.Add(1)
			}
		},
	}
	w.planned = graph.Handler(config)
	config.WithoutPlans = true
	w.executed = graph.Handler(config)
	return w
}

// compare sends a query both ways and reports whether a plan has run it.
func (w *ways) compare(errorf func(string, ...any), v *domain.Viewer, q question) (planned bool) {
	before := w.runs.Load()
	got, header := sent(w.planned, v, q)
	planned = w.runs.Load() > before
	want, wantHeader := sent(w.executed, v, q)
	if got.status != want.status || got.body != want.body {
		errorf("%s of %v (%s): %s\n%v\nplan:     %v\nexecutor: %v", planOrNot(planned), v.Clearance, v.Role, difference(got, want), q, got, want)
	}
	if planned && got.statements > want.statements {
		errorf("a plan of %v takes %d statements, the executor %d:\n%v", v.Clearance, got.statements, want.statements, q)
	}
	if a, b := fmt.Sprint(header), fmt.Sprint(wantHeader); a != b {
		errorf("%s of %v: header %s, want %s\n%v", planOrNot(planned), v.Clearance, a, b, q)
	}
	return planned
}

func planOrNot(planned bool) string {
	if planned {
		return "a plan"
	}
	return "no plan"
}

func sent(h http.Handler, v *domain.Viewer, q question) (answer, http.Header) {
	body, err := json.Marshal(map[string]any{"query": q.Document, "variables": q.Variables})
	if err != nil {
		panic(err)
	}
	ctx, statements := store.CountStatements(domain.WithViewer(context.Background(), v))
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	header := out.Header()
	header.Del("RateLimit") // refills with time; the cost is in the response
	return answer{out.Code, out.Body.String(), *statements}, header
}

// A query gets the same response from its plan as from the executor, for each viewer:
// data, errors, positions, marking, cost; and takes no more statements.
func TestPlanEqualsExecutor(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		contents := 2
		if testing.Short() || s.Dialect() == dialect.Postgres {
			contents = 1
		}
		for seed := range contents {
			if seed > 0 {
				s = another(t, s)
			}
			log := slog.New(slog.DiscardHandler)
			publish(t, editorial.New(s, projection.New(s, log, time.Now).WithPatience(storetest.Patience), log, time.Now), rapid.Custom(randomContent).Example(seed))
			viewers := []*domain.Viewer{public, {Name: "editor", Role: domain.Editor, Clearance: domain.Amber, KeyID: 2}}
			for m := domain.Clear; m <= domain.Red; m++ {
				viewers = append(viewers, &domain.Viewer{Name: m.String(), Role: domain.Partner, Clearance: m, KeyID: 1})
			}
			w := newWays(s)
			g := newGrammar(t, s, liveRows(t, s), w.executed)
			known := *g
			known.avoided = graph.UnplannedFields(g.schema)
			all, plannable := g.questions(), known.questions()
			var asked, planned int
			rapid.Check(t, func(rt *rapid.T) {
				for i := range questionsAtOnce {
					questions := plannable
					if i == 0 {
						questions = all
					}
					v, q := pick(dice{rt}, viewers), questions.Draw(rt, "question")
					ran := w.compare(rt.Fatalf, v, q)
					if searchesIn(q) {
						continue // plans leave filters that search to the executor
					}
					asked++
					if ran {
						planned++
					}
				}
			})
			if planned*5 < asked*3 {
				t.Errorf("content %d: only %d of %d queries were run by plans", seed, planned, asked)
			}
			t.Logf("content %d: %d of %d queries were run by plans", seed, planned, asked)
		}
	})
}

// withExample returns stores with a random content that is always the same.
func withExample(t *testing.T) *store.Stores {
	t.Helper()
	s := storetest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	publish(t, editorial.New(s, projection.New(s, log, time.Now).WithPatience(storetest.Patience), log, time.Now), rapid.Custom(randomContent).Example(0))
	return s
}

// A response may have as many bytes with a plan as with the executor, to the byte.
func TestSizesOfPlannedResponses(t *testing.T) {
	t.Parallel()
	s := withExample(t)
	var bytes syncatomic.Int64
	w := newLimitedWays(s, func(role domain.Role) limits.Limit {
		limit := noLimits(role)
		limit.ResponseBytes = int(bytes.Load())
		return limit
	})
	g := newGrammar(t, s, liveRows(t, s), w.executed)
	g.avoided = graph.UnplannedFields(g.schema)
	questions := g.questions()
	var planned int
	rapid.Check(t, func(rt *rapid.T) {
		for range questionsAtOnce {
			q := questions.Draw(rt, "question")
			bytes.Store(1 << 30)
			w.compare(rt.Fatalf, public, q)
			whole, _ := sent(w.planned, public, q)
			var response struct{ Data json.RawMessage }
			if err := json.Unmarshal([]byte(whole.body), &response); err != nil {
				rt.Fatal(err)
			}
			size := int64(len(response.Data))
			for _, limit := range []int64{size, size - 1, size/2 + 1} {
				bytes.Store(limit)
				if w.compare(rt.Fatalf, public, q) {
					planned++
				}
			}
		}
	})
	if planned == 0 {
		t.Error("no plan has run")
	}
}

// An operation that expands to many fields has no plan, whatever it costs: a plan is stored,
// and its size has no relation to what is charged.
func TestPlansAreBounded(t *testing.T) {
	t.Parallel()
	w := newWays(storetest.SQLite(t))
	for depth, planned := range map[int]bool{2: true, 8: false, 12: false} {
		var b strings.Builder
		b.WriteString(`{ tag(slug: "nope") { ...F0 } }`)
		for d := range depth {
			fmt.Fprintf(&b, " fragment F%d on Tag { a: parent { ...F%d } b: parent { ...F%d } }", d, d+1, d+1)
		}
		fmt.Fprintf(&b, " fragment F%d on Tag { ", depth)
		for i := range 40 {
			fmt.Fprintf(&b, "t%d: __typename ", i)
		}
		b.WriteString("}")
		if got := w.compare(t.Errorf, public, question{Document: b.String()}); got != planned {
			t.Errorf("%d levels: got planned %v, want %v", depth, got, planned)
		}
	}
}

// An argument that is wrong is found before anything is read, so that the executor does not
// read again what a plan has read.
func TestWrongArgumentsAreReadOnce(t *testing.T) {
	t.Parallel()
	s := withExample(t)
	w := newWays(s)
	for _, query := range []string{
		`{ reports { nodes { slug entities(after: "garbage") { nodes { slug } } } } tags { nodes { slug } } }`,
		`{ reports { nodes { slug entities(first: 101) { nodes { slug } } } } }`,
		`{ tags { nodes { slug } } reports(filter: {publishedAt: {gte: "soon"}}) { nodes { slug } } }`,
		`query($f: TextFormat! = HTML) { reports { nodes { slug } } tags(last: -1) { totalCount } report(slug: "x") { summary(format: $f) } }`,
	} {
		q := question{Document: query}
		w.compare(t.Errorf, public, q)
		got, _ := sent(w.planned, public, q)
		want, _ := sent(w.executed, public, q)
		if got.statements > want.statements {
			t.Errorf("%s\ngot %d statements, want at most %d", query, got.statements, want.statements)
		}
	}
}

// A statement that fails within a plan gives the response that it gives within the
// executor.
func TestStatementsOfPlansFail(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, faults := storetest.OpenFaulty(t, c)
		log := slog.New(slog.DiscardHandler)
		publish(t, editorial.New(s, projection.New(s, log, time.Now).WithPatience(storetest.Patience), log, time.Now), rapid.Custom(randomContent).Example(0))
		w := newWays(s)
		const query = `{ list: reports(first: 5) { n: totalCount edges { cursor node { slug t: tags { label parent { label } }
			entities(first: 3) { totalCount nodes { name tags { slug } relationships(first: 2) { nodes { to { name } } } } } } } } tags { totalCount } }`
		for name, err := range map[string]error{
			"Full": storetest.TooManyConnections(), "Conflict": storetest.RecoveryConflict(), "Internal": errors.New("disk failure"),
		} {
			failed := 0
			for _, word := range []string{"FROM", "COUNT", "report_tags", "report_entities", "entity_tags", "relationships", "nothing"} {
				faults.Fail("live", word, 0, err)
				w.compare(t.Errorf, public, question{Document: query})
				failed += faults.Hits()
			}
			faults.Set(nil)
			if failed == 0 {
				t.Errorf("%s: no statement has failed", name)
			}
			if !w.compare(t.Errorf, public, question{Document: query}) {
				t.Errorf("%s: no plan has run the query afterwards", name)
			}
		}
	})
}

// A document that many requests send first at once has one plan for each variant, and all
// get their own response.
func TestPlansAreSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	s := withExample(t)
	w := newWays(s)
	const query = `query($n: Int, $with: Boolean!, $f: TextFormat! = TEXT) { reports(first: $n) { nodes { slug summary(format: $f) tags @include(if: $with) { label } } pageInfo { endCursor } } }`
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			q := question{Document: query, Variables: vars{"n": i % 4, "with": i%2 == 0, "f": []string{"TEXT", "HTML"}[i/2%2]}}
			got, _ := sent(w.planned, public, q)
			want, _ := sent(w.executed, public, q)
			if got.body != want.body {
				t.Errorf("got %s, want %s", got.body, want.body)
			}
		})
	}
	all.Wait()
}
