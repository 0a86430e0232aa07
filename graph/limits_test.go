package graph_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// limited returns an API over testContent with changed limits.
func limited(t *testing.T, change func(*limits.Limit)) *api {
	t.Helper()
	s := storetest.SQLite(t)
	a := newAPI(t, s)
	a.createContent()
	log := slog.New(slog.NewTextHandler(a.log, nil))
	a.handler = graph.Handler(graph.Config{
		Stores: s, Desk: editorial.New(s, projection.New(s, log, time.Now).WithPatience(storetest.Patience), log, time.Now), Log: log,
		Limits: func(role domain.Role) limits.Limit {
			limit := limits.Standard(role)
			change(&limit)
			return limit
		},
	})
	return a
}

// costOf is what an operation cost.
func costOf(t *testing.T, a *api, document string, variables vars) float64 {
	t.Helper()
	r := a.as(public, document, variables).ok()
	var out struct {
		Extensions struct{ Cost struct{ Requested float64 } }
	}
	if err := json.Unmarshal([]byte(r.body), &out); err != nil || out.Extensions.Cost.Requested == 0 {
		t.Fatalf("%v in %s", err, r.body)
	}
	return out.Extensions.Cost.Requested
}

// A filter through relations costs what the joins cost, wherever it is written,
// and a filter that multiplies rows without end is refused before it is run.
func TestFilterCosts(t *testing.T) {
	t.Parallel()
	a := limited(t, func(*limits.Limit) {})
	const plain = `{ reports(filter: {slug: {ne: "x"}}) { totalCount } }`
	const one = `{ reports(filter: {tags: {slug: {ne: "x"}}}) { totalCount } }`
	const not = `{ reports(filter: {not: {and: [{tags: {slug: {ne: "x"}}}]}}) { totalCount } }`
	const two = `{ reports(filter: {entities: {tags: {slug: {ne: "x"}}}}) { totalCount } }`
	if p, o := costOf(t, a, plain, nil), costOf(t, a, one, nil); o < p+100 {
		t.Errorf("a relation costs %v, and without it is %v", o, p)
	}
	if o, n := costOf(t, a, one, nil), costOf(t, a, not, nil); n != o {
		t.Errorf("under a not: got %v, want %v", n, o)
	}
	if o, w := costOf(t, a, one, nil), costOf(t, a, two, nil); w < 3*o {
		t.Errorf("two relations in each other cost %v, one %v", w, o)
	}
	inVariables := costOf(t, a, `query($f: ReportFilter) { reports(filter: $f) { totalCount } }`, vars{"f": vars{"tags": vars{"slug": vars{"ne": "x"}}}})
	if o := costOf(t, a, one, nil); inVariables != o {
		t.Errorf("in variables: got %v, want %v", inVariables, o)
	}
	// What is asked for each of many rows is run once for all of them.
	nested := costOf(t, a, `{ reports(first: 100) { nodes { entities(filter: {tags: {slug: {ne: "x"}}}, first: 1) { nodes { id } } } } }`, nil)
	if nested > 5_000 {
		t.Errorf("a filter of 100 rows costs %v", nested)
	}

	loop := `{slug: {ne: "x"}}`
	for range 3 {
		loop = `{entities: {reports: ` + loop + `}}`
	}
	a.as(public, `{ `+aliases(30, `reports(filter: `+loop+`) { totalCount }`)+` }`, nil).refused("COST_LIMIT", "the operation costs")
}

// A list of conditions is as long as a filter may be, also when nothing is in
// them.
func TestEmptyConditionsCount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		empty := make([]any, 4_000)
		for i := range empty {
			empty[i] = vars{}
		}
		document := `query($f: ReportFilter) { reports(filter: $f) { totalCount } }`
		a.as(public, document, vars{"f": vars{"or": empty}}).refused("BAD_USER_INPUT", "conditions are too many; at most 100")
		a.as(public, document, vars{"f": vars{"or": empty[:99]}}).ok()
		a.silent()
	})
}

func TestManyValuesAreRefused(t *testing.T) {
	t.Parallel()
	a := limited(t, func(*limits.Limit) {})
	document := `query($f: ReportFilter) { reports(filter: $f) { totalCount } }`
	a.as(public, document, vars{"f": vars{"slug": vars{"in": make([]int, 6_000)}}}).refused("COST_LIMIT", "more than 5000 values")
}

// The size of an answer is bounded whatever it is made of: long texts, or
// short ones many times. Nothing of it is sent then.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	a := limited(t, func(l *limits.Limit) { l.ResponseBytes = 2_000 })
	a.as(public, `{ reports(first: 2) { nodes { slug } } }`, nil).ok()
	for _, document := range []string{
		`{ ` + aliases(30, `reports { nodes { id slug title publishedAt } }`) + ` }`,
		`{ reports { nodes { ` + aliases(90, `body`) + ` } } }`,
		`{ reports { nodes { ` + aliases(90, `body(format: HTML)`) + ` } } }`,
		`{ reports { nodes { ` + aliases(90, `body(format: TEXT)`) + ` } } }`,
		`{ ` + aliases(5, `__schema { types { name } }`) + ` }`,
	} {
		r := a.as(public, document, nil)
		r.refused("COST_LIMIT", "the answer has more than 2000 bytes")
		if len(r.Errors) != 1 || strings.Contains(r.body, `"data"`) {
			t.Errorf("%.60s: got %.300s", document, r.body)
		}
	}
	a.silent()
}

// An operation that has taken its time is ended, whatever the transport would
// allow.
func TestOperationsHaveTheirTime(t *testing.T) {
	t.Parallel()
	a := limited(t, func(l *limits.Limit) { l.Time = time.Nanosecond })
	a.as(public, `{ reports { totalCount } }`, nil).refused("UNAVAILABLE", "too long")
	a.silent()
}

// A long text is parsed once, however often an operation asks for what is made
// of it: each time counts as a text that is made.
func TestLongTextsAreParsedOnce(t *testing.T) {
	t.Parallel()
	a := limited(t, func(l *limits.Limit) { l.ResponseBytes = 1 << 20 })
	a.query(editor, `mutation { createReport(input: {slug: "long", title: "Long", kind: BRIEF, language: "en", summary: "A long one.", body: "# One\n\n`+
		strings.Repeat("word ", 14_000)+`"}) { report { slug } } }`)
	a.as(editor, `query @inContext(stage: DESK) { report(slug: "long") { `+aliases(90, `outline { text }`)+` } }`, nil).ok()
}

// aliases repeats a field under different names.
func aliases(n int, field string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("a" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + ": " + field + " ")
	}
	return b.String()
}
