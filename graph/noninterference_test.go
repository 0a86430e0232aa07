package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/knowledge"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/ddl"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// TestNoninterference holds the whole of reading to one sentence: what a
// viewer gets is what they would get if the documents that they may not see
// did not exist at all. Not only the rows: the counts, the cursors, the
// errors and the number of statements as well, byte for byte.
//
// For random content, and for each clearance, there are two live stores: one as
// it was projected, and a copy without what the clearance hides and without
// every trace of it; see [withoutHidden]. Both get the same random queries. Fields, arguments, filters, orders and tables are taken from the
// schemas, so that new ones are asked for and removed without a line here.
//
// First each entry point of the schema is queried once, with fixed seeds. Then
// come queries at random, which rapid shrinks where one fails.
func TestNoninterference(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		others := map[domain.Marking]*store.Stores{}
		for m := domain.Clear; m < domain.Red; m++ {
			others[m] = another(t, s)
		}
		contents := 2
		if testing.Short() || s.Dialect() == dialect.Postgres {
			contents = 1 // the same code, at several times the cost
		}
		for seed := range contents {
			if seed > 0 {
				s = another(t, s)
			}
			w := newComparison(t, s, others, seed)
			if seed == 0 {
				w.everyEntryPoint(t)
			}
			if t.Failed() {
				return
			}
			questions := w.grammar.questions()
			rapid.Check(t, func(rt *rapid.T) {
				for range questionsAtOnce {
					v := pick(dice{rt}, w.viewers)
					w.compare(rt.Fatalf, v, questions.Draw(rt, "question"))
				}
			})
			w.check(t)
		}
	})
}

// questionsAtOnce are in each check of rapid, which makes 100.
const questionsAtOnce = 6

// another opens more stores of the same engine.
func another(t *testing.T, s *store.Stores) *store.Stores {
	t.Helper()
	if s.Dialect() == dialect.Postgres {
		return storetest.Postgres(t)
	}
	return storetest.SQLite(t)
}

// comparison is a live store with all content, and for each viewer a copy without
// what the viewer may not see.
type comparison struct {
	seed        int
	viewers     []*domain.Viewer
	full        http.Handler
	without     map[*domain.Viewer]http.Handler
	grammar     *grammar
	asked       int            // questions
	refused     int            // of them, those that are not for staff only
	entryPoints map[string]int // how often a question went through each
}

// newComparison fills empty stores with the content of a seed, and the others, of
// each clearance, with what is left of it there.
func newComparison(t *testing.T, s *store.Stores, others map[domain.Marking]*store.Stores, seed int) *comparison {
	t.Helper()
	w := &comparison{seed: seed, without: map[*domain.Viewer]http.Handler{}, entryPoints: map[string]int{}}
	publish(t, editorial.New(s, projection.New(s, slog.New(slog.DiscardHandler), time.Now).WithPatience(storetest.Patience), slog.New(slog.DiscardHandler), time.Now), rapid.Custom(randomContent).Example(seed))
	// Walks are answered from memory on one engine, and in every other content on the other.
	inMemory := seed%2 == 1 || s.Dialect() == dialect.Postgres
	over := func(s *store.Stores) http.Handler {
		if inMemory {
			return handlerInMemory(t, s)
		}
		return handlerOver(s)
	}
	w.full = over(s)
	if s.Dialect() == dialect.SQLite { // what is cached is the same on both
		w.full = throughCache(t, w.full, confirmed{})
	}
	all := liveRows(t, s)
	hidden := 0
	for m := domain.Clear; m < domain.Red; m++ {
		rest := withoutHidden(all, m)
		insertLive(t, others[m], rest)
		if err := search.NewMaintenance(others[m], time.Now).Reindex(t.Context(), func(int, int) {}); err != nil {
			t.Fatal(err)
		}
		viewers := []*domain.Viewer{{Name: m.String(), Role: domain.Partner, Clearance: m, KeyID: 1}}
		if m == domain.Clear {
			viewers = append(viewers, public)
		}
		for _, v := range viewers {
			w.viewers = append(w.viewers, v)
			w.without[v] = over(others[m])
		}
		hidden += len(all["reports"]) - len(rest["reports"])
	}
	if hidden == 0 {
		t.Fatalf("content %d hides no report from anybody", seed)
	}
	w.grammar = newGrammar(t, s, all, w.full)
	return w
}

// handlerOver is the API without limits on what an operation may cost: they
// do not depend on the content.
func handlerOver(s *store.Stores) http.Handler { return handlerWith(s, nil) }

// handlerInMemory is handlerOver with the relationships that live has now in memory.
func handlerInMemory(t *testing.T, s *store.Stores) http.Handler {
	t.Helper()
	g := knowledge.New(s)
	if _, err := g.Refresh(t.Context(), 1<<20); err != nil {
		t.Fatal(err)
	}
	return handlerWith(s, g)
}

func handlerWith(s *store.Stores, g *knowledge.Graph) http.Handler {
	log := slog.New(slog.DiscardHandler)
	return graph.Handler(graph.Config{Stores: s, Knowledge: g, Desk: editorial.New(s, projection.New(s, log, time.Now).WithPatience(storetest.Patience), log, time.Now), Log: log, Limits: noLimits})
}

// answer is what a client gets, and how many statements it took.
type answer struct {
	status     int
	body       string
	statements int64
}

func (a answer) String() string {
	return fmt.Sprintf("status %d, %d statements: %s", a.status, a.statements, a.body)
}

func put(ctx context.Context, h http.Handler, v *domain.Viewer, q question) answer {
	body, err := json.Marshal(map[string]any{"query": q.Document, "variables": q.Variables})
	if err != nil {
		panic(err)
	}
	ctx, statements := store.CountStatements(domain.WithViewer(ctx, v))
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	return answer{out.Code, out.Body.String(), *statements}
}

// compare sends a query to both stores and reports whether the responses are
// equal.
func (w *comparison) compare(errorf func(string, ...any), v *domain.Viewer, q question) bool {
	full, without := put(context.Background(), w.full, v, q), put(context.Background(), w.without[v], v, q)
	if searchesIn(q) {
		// How many blocks of the index are read, and which are in memory, depends on all that is indexed: what is
		// hidden shows there in the number of statements. The responses have to be equal.
		full.statements, without.statements = 0, 0
	}
	if full.body == without.body && full.statements != without.statements {
		// What was counted for a filter is remembered for some uses, and a question through the index may have used
		// it up on one side only. What is hidden would show again.
		full, without = put(context.Background(), w.full, v, q), put(context.Background(), w.without[v], v, q)
	}
	if full != without {
		errorf("a viewer of TLP:%v (%s) can tell that something is hidden from them, in content %d, by %s:\n%v\nwith it:    %v\nwithout it: %v",
			v.Clearance, v.Role, w.seed, difference(full, without), q, full, without)
		return false
	}
	if strings.Contains(full.body, `"INTERNAL"`) || strings.Contains(full.body, "GRAPHQL_") {
		errorf("a question that is none, or an error of the program:\n%v\n%v", q, full)
		return false
	}
	w.asked++
	if strings.Contains(full.body, `"errors"`) && !strings.Contains(full.body, domain.Author.String()) {
		w.refused++
	}
	for _, d := range q.EntryPoints {
		w.entryPoints[d]++
	}
	return true
}

// searchesIn reports whether a question goes through the search index.
func searchesIn(q question) bool {
	return slices.ContainsFunc(q.EntryPoints, func(name string) bool {
		return slices.Contains([]string{"Query.search", "Query.suggest", "Query.matchEntities", "Report.related", "Entity.related"}, name) ||
			strings.HasSuffix(name, "Filter.search")
	})
}

// difference says where two answers differ first.
func difference(a, b answer) string {
	if a.body == b.body {
		return "the number of statements or the status"
	}
	i := 0
	for i < min(len(a.body), len(b.body)) && a.body[i] == b.body[i] {
		i++
	}
	around := func(s string) string { return s[max(0, i-120):min(len(s), i+40)] }
	return fmt.Sprintf("%q instead of %q", around(a.body), around(b.body))
}

// everyEntryPoint goes through each entry point until each has been gone through twice.
func (w *comparison) everyEntryPoint(t *testing.T) {
	t.Helper()
	entryPoints := allEntryPoints(w.grammar.schema)
	for i, d := range entryPoints {
		if w.entryPoints[d.name] > 1 {
			continue
		}
		questions := w.grammar.questions(d.way...)
		for try := range 20 {
			q := questions.Example(i + try*len(entryPoints))
			if !slices.Contains(q.EntryPoints, d.name) {
				continue
			}
			for _, v := range []*domain.Viewer{w.viewers[i%len(w.viewers)], w.viewers[(i+2)%len(w.viewers)]} {
				if !w.compare(t.Errorf, v, q) {
					return // one is enough to look into
				}
			}
			break
		}
		if w.entryPoints[d.name] == 0 {
			t.Errorf("no question goes through %s, the way to which is %v", d.name, d.way)
		}
	}
}

// check wants the questions to have been worth asking.
func (w *comparison) check(t *testing.T) {
	t.Helper()
	t.Logf("content %d: %d questions, of which %d were refused, through %d entry points", w.seed, w.asked, w.refused, len(w.entryPoints))
	// Much of the schema is for staff alone, and is asked for by all.
	if w.refused*2 > w.asked {
		t.Errorf("%d of %d questions were refused: too many to tell much", w.refused, w.asked)
	}
}

// newGrammar reads from live, and from the desk what is not live, the values
// that questions are asked with.
func newGrammar(t *testing.T, s *store.Stores, all map[string][]row, full http.Handler) *grammar {
	t.Helper()
	g := &grammar{
		schema: generated.NewExecutableSchema(generated.Config{}).Schema(),
		texts:  map[string][]string{}, times: map[string][]string{}, numbers: map[string][]int64{},
		ids: map[string][]string{}, slugs: map[string][]string{}, cursors: map[string][]string{},
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, r := range all[name] {
			for _, column := range slices.Sorted(maps.Keys(r)) {
				switch v := r[column].(type) {
				case string:
					g.texts[column] = append(g.texts[column], v)
					g.texts[""] = append(g.texts[""], v)
				case time.Time:
					g.times[column] = append(g.times[column], moment(v))
					g.times[""] = append(g.times[""], moment(v))
				case int64:
					g.numbers[column] = append(g.numbers[column], v)
				}
			}
		}
	}
	tables, err := ddl.DeskTables()
	if err != nil {
		t.Fatal(err)
	}
	know := func(of domain.Type, id int64, slug any) {
		for _, name := range []string{"", of.Name()} {
			if id != 0 {
				g.ids[name] = append(g.ids[name], domain.ID(id).String())
			}
			if slug, ok := slug.(string); ok {
				g.slugs[name] = append(g.slugs[name], slug)
			}
		}
	}
	for _, table := range tables {
		rows := rowsOf(t, s.DeskRows(), table)
		for _, r := range rows {
			switch {
			case table.Name == "aliases":
				know(domain.Type(number(r["type"])), number(r["former_id"]), r["slug"])
			case r["effective_marking"] != nil:
				id := number(r["id"])
				know(domain.ID(id).Type(), id, r["slug"])
			}
		}
	}
	g.harvest(t, full)
	return g
}

// searchConnection is the list that has a query.
const searchConnection = "SearchResultConnection"

// harvest collects the cursors of each list in each order, as the viewer gets
// them who sees the most.
func (g *grammar) harvest(t *testing.T, full http.Handler) {
	t.Helper()
	aliases := map[string]string{}
	lists := func(of string) string {
		var b strings.Builder
		for _, f := range g.schema.Types[of].Fields {
			if f.Type.Name() == searchConnection {
				continue // its cursors depend on the query
			}
			orders := []any{nil}
			if arg := f.Arguments.ForName("orderBy"); arg != nil {
				for _, by := range g.schema.Types[g.schema.Types[arg.Type.Name()].Fields.ForName("field").Type.Name()].EnumValues {
					for _, direction := range []string{"ASC", "DESC"} {
						orders = append(orders, map[string]any{"field": enumValue(by.Name), "direction": enumValue(direction)})
					}
				}
			}
			if !strings.HasSuffix(f.Type.Name(), "Connection") || isDeskField(f.Name) {
				continue
			}
			for _, order := range orders {
				alias := fmt.Sprintf("h%d", len(aliases))
				aliases[alias] = listKey(of+"."+f.Name, order)
				args := "first: 30"
				if order != nil {
					args += ", orderBy: " + literal(order)
				}
				fmt.Fprintf(&b, "%s: %s(%s) { edges { cursor } } ", alias, f.Name, args)
			}
		}
		return b.String()
	}
	collect := func(document string) {
		r := put(t.Context(), full, everything, question{Document: document})
		var parsed any
		if err := json.Unmarshal([]byte(r.body), &parsed); err != nil || strings.Contains(r.body, `"errors"`) {
			t.Fatalf("%v of %s", r, document)
		}
		g.collect(parsed, aliases)
	}
	collect("{ " + lists("Query") + "}")
	for _, f := range g.schema.Query.Fields {
		of, isList := strings.CutSuffix(f.Type.Name(), "Connection")
		if !isList || isDeskField(f.Name) || f.Type.Name() == searchConnection {
			continue
		}
		if inner := lists(of); inner != "" {
			collect("{ " + f.Name + "(first: 100) { nodes { " + inner + "} } }")
		}
	}
	for name, list := range g.cursors {
		slices.Sort(list)
		g.cursors[name] = slices.Compact(list)
	}
}

func (g *grammar) collect(v any, aliases map[string]string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			g.collect(e, aliases)
		}
	case map[string]any:
		for name, inner := range v {
			list, isConnection := inner.(map[string]any)
			key, known := aliases[name]
			if !isConnection || !known {
				g.collect(inner, aliases)
				continue
			}
			for _, e := range list["edges"].([]any) {
				cursor := e.(map[string]any)["cursor"].(string)
				g.cursors[key] = append(g.cursors[key], cursor)
				g.cursors[""] = append(g.cursors[""], cursor)
			}
		}
	}
}
