package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// atomic is the extension "atomic" of a response; empty where there is none.
type atomic struct {
	Outcome  string
	Sequence *int
	State    *string
}

func (a atomic) String() string {
	text := a.Outcome
	if a.Sequence != nil {
		text += fmt.Sprintf(" %d %s", *a.Sequence, *a.State)
	}
	return text
}

func (r *response) atomic() string {
	r.t.Helper()
	var parts struct{ Extensions struct{ Atomic atomic } }
	if err := json.Unmarshal([]byte(r.body), &parts); err != nil {
		r.t.Fatalf("%v in %s", err, r.body)
	}
	return parts.Extensions.Atomic.String()
}

// dumpDesk returns all of the desk but the entries of dry runs in the audit log, and
// the details of these.
func dumpDesk(t testing.TB, s *store.Stores) (tables map[string][]string, dryRuns int) {
	t.Helper()
	tables = storetest.DumpDesk(t, s)
	others := []string{}
	for _, line := range tables["audit_entries"] {
		if strings.Contains(line, string(audit.DryRun)) {
			dryRuns++
			continue
		}
		others = append(others, line)
	}
	tables["audit_entries"] = others
	return tables, dryRuns
}

const seed = `
	tag: upsertTag(input: {slug: "new-tag", label: "New", vocabulary: TOPIC}) { created tag { slug } }
	source: upsertSource(input: {slug: "new-source", title: "New", url: "https://example.org/new"}) { created }
	report: createReport(input: {slug: "new-report", title: "New", kind: BRIEF, language: "en", summary: "S.",
		body: "It is so.[^1]\n\n[^1]: [@new-source]", tags: ["new-tag"]}) { created report { id tags { slug } footnotes { source { slug } } version liveVersion } }
	published: publish(input: {documents: ["report:new-report"]}) { state sequence published { __typename slug } }
	again: updateReport(input: {id: "new-report", title: "Newer"}) { changed report { title version liveVersion } }
	scheduled: schedulePublication(input: {documents: ["report:new-report"], action: UNPUBLISH, at: "2090-01-01T00:00:00Z"}) { schedule { warnings } }`

// All fields of an atomic mutation are done as one, and later ones see what earlier ones
// wrote.
func TestAtomicMutation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		before := a.query(editor, `{ publicationLog(first: 1) { nodes { sequence } } }`).at("publicationLog.nodes.0.sequence").(float64)
		r := a.query(editor, `mutation Seed @atomic {`+seed+`}`)
		for path, want := range map[string]any{
			"tag.created": true, "source.created": true, "report.report.tags.0.slug": "new-tag", "report.report.footnotes.0.source.slug": "new-source",
			"report.report.version": 1.0, "report.report.liveVersion": nil, "published.state": "PENDING", "published.sequence": before + 3,
			"published.published.0.slug": "new-report", "again.report.title": "Newer", "again.report.version": 2.0, "again.report.liveVersion": 1.0,
		} {
			if got := r.at(path); got != want {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
		if got, want := r.atomic(), fmt.Sprintf("COMMITTED %v APPLIED", before+3); got != want {
			t.Errorf("got the outcome %q, want %q", got, want)
		}
		live := a.query(public, `{ report(slug: "new-report") { title tags { slug } } }`)
		if live.at("report.title") != "New" || live.at("report.tags.0.slug") != "new-tag" {
			t.Errorf("live has %s", live.body)
		}
		if got := a.query(editor, `mutation @atomic { updateReport(input: {id: "new-report", title: "Newer"}) { changed } }`).atomic(); got != "COMMITTED" {
			t.Errorf("nothing published: got the outcome %q", got)
		}
		// The id of a document that an earlier field has made finds it too.
		a.query(editor, `mutation @atomic { again: upsertReport(input: {slug: "new-report", summary: "T."}) { changed } undelete: deleteTag(input: {id: "`+
			a.query(editor, `mutation @atomic { createTag(input: {slug: "short", label: "S", vocabulary: TOPIC}) { tag { id } } }`).at("createTag.tag.id").(string)+`"}) { deletedId } }`)
	})
}

// An error of one field undoes all of an atomic mutation. The response has the errors of
// all fields, and no data.
func TestAtomicMutationIsAllOrNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		before := storetest.DumpDesk(t, a.stores)
		for name, failing := range map[string]string{
			"Last":  seed + ` bad: createTag(input: {slug: "new-tag", label: "", vocabulary: TOPIC}) { created } worse: publish(input: {documents: ["report:none", "report:nothing"]}) { state }`,
			"First": `bad: createTag(input: {slug: "Bad Slug", label: "", vocabulary: TOPIC}) { created } worse: publish(input: {documents: ["report:none", "report:nothing"]}) { state }` + seed,
		} {
			r := a.as(editor, `mutation @atomic {`+failing+`}`, nil)
			if r.data() != "null" || r.atomic() != "ROLLED_BACK" || len(r.Errors) != 2 {
				t.Fatalf("%s: got %s", name, r.body)
			}
			for i, path := range []string{"bad", "worse"} {
				if e := r.Errors[i]; len(e.Path) != 1 || e.Path[0] != path || e.Extensions.Code != "BAD_USER_INPUT" || len(e.Extensions.Fields) != 2 {
					t.Errorf("%s: got the error %+v, want two fields of %s", name, e, path)
				}
			}
			if diff := cmp.Diff(before, storetest.DumpDesk(t, a.stores)); diff != "" {
				t.Errorf("%s left something (-before +after):\n%s", name, diff)
			}
		}
		// The next one is done as if nothing had been.
		a.query(editor, `mutation @atomic {`+seed+`}`)
	})
}

// A dry run answers what the mutation would, with the problems of each field beside the
// data of the others, and leaves an entry in the audit log alone.
func TestDryRunMutation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		before, _ := dumpDesk(t, a.stores)
		for i, directives := range []string{"@dryRun", "@atomic @dryRun", "@dryRun @atomic"} {
			r := a.query(editor, `mutation Seed `+directives+` {`+seed+`}`)
			if r.at("report.report.tags.0.slug") != "new-tag" || r.at("published.published.0.slug") != "new-report" || r.at("again.report.liveVersion") != 1.0 || r.atomic() != "DRY_RUN" {
				t.Errorf("%s: got %s", directives, r.body)
			}
			if after, n := dumpDesk(t, a.stores); n != i+1 || cmp.Diff(before, after) != "" {
				t.Errorf("%s: %d entries of dry runs, and (-before +after):\n%s", directives, n, cmp.Diff(before, after))
			}
		}
		r := a.as(editor, `mutation @dryRun {`+seed+` bad: createTag(input: {slug: "Bad Slug", label: "", vocabulary: TOPIC}) { created } }`, nil)
		if r.at("published.published.0.slug") != "new-report" || r.at("bad") != nil || len(r.Errors) != 1 || len(r.Errors[0].Extensions.Fields) != 2 || r.atomic() != "DRY_RUN" {
			t.Errorf("one bad field: got %s", r.body)
		}
		if after, n := dumpDesk(t, a.stores); n != 4 || cmp.Diff(before, after) != "" {
			t.Errorf("%d entries of dry runs, and (-before +after):\n%s", n, cmp.Diff(before, after))
		}
		details, err := store.QueryIDs(t.Context(), a.stores.DeskRows(), "SELECT count(*) FROM audit_entries WHERE action = 'DRY_RUN' AND actor = 'edo' AND detail = 'Seed: 6 fields'")
		if err != nil || details[0] != 3 {
			t.Errorf("got %v entries with the name of the operation, %v", details, err)
		}
		if r := a.query(public, `{ report(slug: "new-report") { title } }`); r.at("report") != nil {
			t.Errorf("live has %s", r.body)
		}
		a.query(editor, `mutation @atomic {`+seed+`}`)
	})
}

// Every mutation of the schema works with @dryRun, where it leaves nothing, and with
// @atomic, or is refused with the reason. None waits for something that waits for it.
func TestEveryMutationInATransaction(t *testing.T) {
	t.Parallel()
	refused := map[string]string{
		"testWebhook": "it sends a request, which cannot be taken back", "sendTestEdition": "mails that were sent cannot be taken back",
		"createApiKey": "it shows a secret", "rotateApiKey": "it shows a secret", "rotateOwnApiKey": "it shows a secret", "createWebhook": "it shows a secret", "rotateWebhookSecret": "it shows a secret",
	}
	eachAccessAPI(t, withPost, func(t *testing.T, g *accessAPI) {
		ctx, cancel := context.WithTimeout(domain.WithViewer(t.Context(), g.stored(holder(domain.Admin))), 2*time.Minute)
		defer cancel()
		values := map[string]string{"$person": g.person("pat", domain.Author).String()}
		g.query(holder(domain.Admin), `mutation { createTag(input: {slug: "prepared", label: "P", vocabulary: TOPIC}) { created } }`)
		for _, m := range mutations {
			input := m.input
			for name, value := range values {
				input = strings.ReplaceAll(input, name, fmt.Sprintf("%q", value))
			}
			document := func(directive string) vars {
				return vars{"query": fmt.Sprintf("mutation %s { %s(input: {%s}) { %s } }", directive, m.name, input, m.answer)}
			}
			g.clock.Advance(time.Second)
			before, n := dumpDesk(t, g.stores)
			tried := g.sendIn(ctx, http.MethodPost, document("@dryRun"))
			if refused[m.name] != "" {
				tried.refused("BAD_USER_INPUT", refused[m.name])
			} else if len(tried.Errors) > 0 || tried.atomic() != "DRY_RUN" {
				t.Fatalf("%s with @dryRun: %s", m.name, tried.body)
			}
			if after, tries := dumpDesk(t, g.stores); tries != n+1 || cmp.Diff(before, after) != "" {
				t.Errorf("%s with @dryRun left %d entries, and (-before +after):\n%s", m.name, tries-n, cmp.Diff(before, after))
			}
			directive := "@atomic"
			sends := m.name == "testWebhook" || m.name == "sendTestEdition"
			if sends {
				g.sendIn(ctx, http.MethodPost, document(directive)).refused("BAD_USER_INPUT", refused[m.name])
				directive = ""
			}
			done := g.sendIn(ctx, http.MethodPost, document(directive))
			if len(done.Errors) > 0 || directive != "" && !strings.HasPrefix(done.atomic(), "COMMITTED") {
				t.Fatalf("%s with @atomic: %s", m.name, done.body)
			}
			if after, _ := dumpDesk(t, g.stores); cmp.Equal(before, after) && !sends {
				t.Errorf("%s with @atomic changed nothing", m.name)
			}
			if m.keep != "" {
				values["$"+m.keep] = done.at(m.name + "." + m.at).(string)
			}
		}
		if strings.Contains(g.log.String(), "panic") {
			t.Errorf("logged: %s", g.log)
		}
	})
}

// A whole list of mutations as one is what each of them alone leaves.
func TestAtomicEqualsOneByOne(t *testing.T) {
	t.Parallel()
	var fields []string
	for i, m := range mutations {
		if !strings.Contains(m.input, "$") && m.name != "testWebhook" && m.name != "sendTestEdition" {
			fields = append(fields, fmt.Sprintf("f%d: %s(input: {%s}) { __typename }", i, m.name, m.input))
		}
	}
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		g := newAccessAPI(t, s, withPost)
		admin := g.stored(holder(domain.Admin))
		g.as(admin, `mutation @atomic {`+strings.Join(fields, "\n")+` bad: createTag(input: {slug: "x", label: "", vocabulary: TOPIC}) { created } }`, nil).refused("BAD_USER_INPUT", "label")
		if got := contentOf(t, s); strings.Join(got, "") != "" {
			t.Errorf("after an error: got %v", got)
		}
		g.query(admin, `mutation @atomic {`+strings.Join(fields, "\n")+`}`)
		together := contentOf(t, s)

		plain := storetest.SQLite(t)
		if s.Dialect() != plain.Dialect() {
			plain = storetest.Postgres(t)
		}
		one := newAccessAPI(t, plain, withPost)
		one.stored(admin)
		for _, f := range fields {
			one.query(admin, `mutation {`+f+`}`)
		}
		if diff := cmp.Diff(contentOf(t, plain), together); diff != "" {
			t.Errorf("one by one and together differ (-one by one +together):\n%s", diff)
		}
	})
}

// keyID is the id of a key, which differs from one run to the next.
var keyID = regexp.MustCompile(`key_[0-9a-z]+`)

// contentOf returns the slugs and versions of all documents, the publication log and
// the actions of the audit log.
func contentOf(t testing.TB, s *store.Stores) []string {
	t.Helper()
	var out []string
	for _, query := range []string{
		"SELECT 'revision ' || cast((document_id >> 14) & 255 AS text) || ' ' || cast(number AS text) FROM revisions ORDER BY 1",
		"SELECT action || ' ' || cast(sequence AS text) || ' ' || cast(revision AS text) FROM publication_entries ORDER BY sequence",
		"SELECT action || ' ' || coalesce(detail, '') FROM audit_entries ORDER BY sequence",
	} {
		rows, err := s.DeskRows().Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			out = append(out, keyID.ReplaceAllString(line, "key_"))
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// Readers of live see all of an atomic mutation or nothing, and plain and atomic
// mutations of many clients all come to an end.
func TestAtomicAmongOthers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		const clients, rounds = 8, 4
		var working sync.WaitGroup
		done := make(chan struct{})
		reading := make(chan string, 1)
		go func() {
			defer close(reading)
			for range 2000 {
				select {
				case <-done:
					return
				default:
				}
				r := a.as(public, `{ first: reports(filter: {slug: {in: ["pair-a-0","pair-a-1","pair-a-2","pair-a-3"]}}) { totalCount } second: reports(filter: {slug: {in: ["pair-b-0","pair-b-1","pair-b-2","pair-b-3"]}}) { totalCount } }`, nil)
				if len(r.Errors) > 0 || r.at("first.totalCount") != r.at("second.totalCount") {
					reading <- r.body
					return
				}
			}
		}()
		for client := range clients {
			working.Go(func() {
				for round := range rounds {
					switch {
					case client == 0:
						document := func(slug string) string {
							return fmt.Sprintf(`c%[2]s: createReport(input: {slug: %[1]q, title: "P", kind: BRIEF, language: "en", summary: "S.", body: "B."}) { created }
								p%[2]s: publish(input: {documents: ["report:%[1]s"]}) { state }`, slug, strings.ReplaceAll(slug, "-", ""))
						}
						if r := a.as(editor, "mutation @atomic {"+document(fmt.Sprint("pair-a-", round))+document(fmt.Sprint("pair-b-", round))+"}", nil); len(r.Errors) > 0 {
							t.Errorf("got %s", r.body)
						}
					case client%3 == 0:
						a.as(editor, `mutation @dryRun {`+seed+`}`, nil)
					case client%3 == 1:
						if r := a.as(author, fmt.Sprintf(`mutation @atomic { a: createTag(input: {slug: "at-%d-%d", label: "T", vocabulary: TOPIC}) { tag { slug } } b: updateTag(input: {id: "at-%[1]d-%[2]d", label: "U"}) { tag { label } } }`, client, round), nil); len(r.Errors) > 0 || r.at("b.tag.label") != "U" {
							t.Errorf("got %s", r.body)
						}
					default:
						if r := a.as(author, fmt.Sprintf(`mutation { createTag(input: {slug: "pt-%d-%d", label: "T", vocabulary: TOPIC}) { tag { slug } } }`, client, round), nil); len(r.Errors) > 0 {
							t.Errorf("got %s", r.body)
						}
					}
				}
			})
		}
		working.Wait()
		close(done)
		if torn, some := <-reading; some {
			t.Errorf("a reader saw a part: %s", torn)
		}
		if got := a.query(public, `{ reports(filter: {slug: {in: ["pair-a-3", "pair-b-3"]}}) { totalCount } }`).at("reports.totalCount"); got != 2.0 {
			t.Errorf("got %v reports of the last pair", got)
		}
	})
}

// A transaction has bounds, and only viewers who may change something can begin one.
func TestAtomicBounds(t *testing.T) {
	t.Parallel()
	if got := graph.CodeOf(t.Context(), fmt.Errorf("save: %w", &store.DocumentLimitError{Max: 2000})); got != limits.CodeCostLimit {
		t.Errorf("too many documents: got the code %v", got)
	}
	small := func(c *graph.Config) {
		c.Limits = func(r domain.Role) limits.Limit {
			l := limits.Standard(r)
			if r == domain.Author {
				l.ResponseBytes = 2000
			}
			return l
		}
	}
	eachAccessAPI(t, small, func(t *testing.T, g *accessAPI) {
		admin := holder(domain.Admin)
		g.query(admin, `mutation { createTag(input: {slug: "prepared", label: "P", vocabulary: TOPIC}) { created } }`)
		before, _ := dumpDesk(t, g.stores)
		field := func(i int) string {
			return fmt.Sprintf("f%d: upsertTag(input: {slug: \"t%[1]d\", label: \"T\", vocabulary: TOPIC}) { tag { slug label } }\n", i)
		}
		var many strings.Builder
		for i := range 101 {
			many.WriteString(field(i))
		}
		for _, directive := range []string{"@atomic", "@dryRun"} {
			r := g.as(admin, `mutation `+directive+` {`+many.String()+`}`, nil)
			r.refused("COST_LIMIT", "at most 100 fields, and not 101")
			for viewer, code := range map[*domain.Viewer]string{
				public: "UNAUTHENTICATED", holder(domain.Public): "FORBIDDEN", holder(domain.Partner): "FORBIDDEN", scopeless(domain.Admin): "FORBIDDEN",
			} {
				g.as(viewer, `mutation `+directive+` {`+field(1)+`}`, nil).refused(code, "")
			}
			g.as(holder(domain.Author), `mutation `+directive+` { t: createTag(input: {slug: "big", label: "`+strings.Repeat("x", 90)+`", vocabulary: TOPIC}) { `+
				strings.Join([]string{"a: tag { label slug }", "b: tag { label slug }", "c: tag { label slug }", "d: tag { label slug }", "e: tag { label slug }", "f: tag { label slug }",
					"g: tag { label slug }", "h: tag { label slug }", "i: tag { label slug }", "j: tag { label slug }", "k: tag { label slug }", "l: tag { label slug }",
					"m: tag { label slug }", "n: tag { label slug }", "o: tag { label slug }", "p: tag { label slug }", "q: tag { label slug }", "r: tag { label slug }"}, " ")+` } }`, nil).
				refused("COST_LIMIT", "more than 2000 bytes")
			// Rights are those of each field.
			g.as(holder(domain.Author), `mutation `+directive+` { a: upsertTag(input: {slug: "mine", label: "M", vocabulary: TOPIC}) { created } b: unpublish(input: {documents: ["report:none"]}) { state } }`, nil).
				refused("FORBIDDEN", "")
			g.as(admin, `query `+directive+` { __typename }`, nil).refused("GRAPHQL_VALIDATION_FAILED", directive[1:])
			g.as(admin, `mutation { a: upsertTag(input: {slug: "x", label: "M", vocabulary: TOPIC}) `+directive+` { created } }`, nil).refused("GRAPHQL_VALIDATION_FAILED", directive[1:])
		}
		after, _ := dumpDesk(t, g.stores)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("something stayed (-before +after):\n%s", diff)
		}
	})
}

// A transaction whose commit fails with a lock conflict is run again, and the response is
// that of the last run alone. After another failure it says neither that it was done nor
// that it was not.
func TestAtomicRunsAgain(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, faults := storetest.OpenFaulty(t, c)
		g := newAccessAPI(t, s, nil)
		admin := holder(domain.Admin)
		g.query(admin, `mutation { createTag(input: {slug: "prepared", label: "P", vocabulary: TOPIC}) { created } }`)
		const document = `mutation @atomic { a: createTag(input: {slug: "one", label: "O", vocabulary: TOPIC}) { created tag { slug } } b: upsertTag(input: {slug: "one", label: "P"}) { created } }`
		before, _ := dumpDesk(t, s)
		faults.Fail("desk", "COMMIT", 1, storetest.ConnectionRefused())
		lost := g.as(admin, document, nil)
		lost.refused("UNAVAILABLE", "")
		if lost.data() != "null" || lost.atomic() != "" || len(lost.Errors) != 1 {
			t.Errorf("a commit that failed: got %s", lost.body)
		}
		if after, _ := dumpDesk(t, s); !cmp.Equal(before, after) {
			t.Errorf("a commit that failed left something:\n%s", cmp.Diff(before, after))
		}
		faults.Fail("desk", "COMMIT", 2, storetest.RecoveryConflict())
		r := g.query(admin, document)
		if r.data() != `{"a":{"created":true,"tag":{"slug":"one"}},"b":{"created":false}}` || r.atomic() != "COMMITTED" || faults.Hits() < 2 {
			t.Errorf("a lock conflict: got %s", r.body)
		}
		// A use case that meets one fails, and with it the attempt.
		faults.Fail("desk", "INSERT INTO", 1, storetest.RecoveryConflict())
		r = g.query(admin, `mutation @atomic { a: createTag(input: {slug: "two", label: "O", vocabulary: TOPIC}) { created } }`)
		if r.atomic() != "COMMITTED" {
			t.Errorf("a lock conflict of a statement: got %s", r.body)
		}
	})
}

// In a dry run, viewers are refused and shown what they are otherwise.
func TestDryRunShowsNoMore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		codes := func(r *response) string {
			var out []string
			for _, e := range r.Errors {
				out = append(out, fmt.Sprint(e.Path, e.Extensions.Code, e.Message))
			}
			return strings.Join(out, "\n")
		}
		for i, v := range []*domain.Viewer{
			holder(domain.Author), holder(domain.Author, domain.WriteDrafts), holder(domain.Editor, domain.PublishDocuments),
			holder(domain.Editor, domain.WriteDrafts, domain.PublishDocuments), holder(domain.Admin, domain.ManageWebhooks),
			{Name: "clear", Role: domain.Editor, Clearance: domain.Clear, KeyID: 9},
		} {
			fields := strings.ReplaceAll(seed, "new-", fmt.Sprintf("n%d-", i)) + `
				own: updateReport(input: {id: "echo", message: "x"}) { report { slug title entities { nodes { slug marking } } } }`
			tried, done := a.as(v, `mutation @dryRun {`+fields+`}`, nil), a.as(v, `mutation {`+fields+`}`, nil)
			if diff := cmp.Diff(codes(done), codes(tried)); diff != "" {
				t.Errorf("%s: errors (-plain +dry run):\n%s", v.Name, diff)
			}
			shown := func(r *response) any { return r.at("own") }
			if diff := cmp.Diff(shown(done), shown(tried)); diff != "" {
				t.Errorf("%s: data (-plain +dry run):\n%s", v.Name, diff)
			}
		}
	})
}
