package graph_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
	"github.com/redthread-api/redthread/internal/visibility"
)

// markingIn is the marking that an answer says it has; ok is false where it
// says none.
func markingIn(t interface{ Fatalf(string, ...any) }, body string) (m domain.Marking, ok bool) {
	var parts struct {
		Extensions struct{ Marking *string }
	}
	if err := json.Unmarshal([]byte(body), &parts); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if parts.Extensions.Marking == nil {
		return 0, false
	}
	if m, ok = domain.ParseMarking(*parts.Extensions.Marking); !ok {
		t.Fatalf("no marking: %s", body)
	}
	return m, true
}

// marking is the marking of an answer, which its header has to agree with.
func (r reply) marking() string {
	r.t.Helper()
	m, ok := markingIn(r.t, r.body)
	if !ok {
		r.t.Fatalf("no marking in %s", r.body)
	}
	if got, want := r.header.Get("TLP"), "TLP:"+strings.ReplaceAll(m.String(), "_", "+"); got != want {
		r.t.Errorf("the header TLP is %q, and extensions.marking %s", got, m)
	}
	return m.String()
}

// cleared is a partner with a clearance.
func cleared(m domain.Marking) *domain.Viewer {
	return &domain.Viewer{Name: m.String(), Role: domain.Partner, Clearance: m, KeyID: 1}
}

// The marking of a response about the test content: alpha, hidden-fund and what it owns
// are AMBER, delta is GREEN, the tag secret-term is RED.
func TestMarkingOfAnswers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(editor, `mutation { updateReport(input: {id: "delta", slug: "delta-2"}) { changed } }`)
		a.query(editor, `mutation { publish(input: {documents: ["report:delta-2"]}) { state } }`)
		id := func(of, slug string) string {
			return a.query(everything, fmt.Sprintf(`{ %s(slug: %q) { id } }`, of, slug)).at(of + ".id").(string)
		}
		alpha, delta, bravo := id("report", "alpha"), id("report", "delta-2"), id("report", "bravo")
		// The wants are for clearances from CLEAR to RED.
		for _, row := range []struct{ name, document, want string }{
			{"Nothing", `{ __typename viewer { role } }`, "CLEAR CLEAR CLEAR CLEAR CLEAR"},
			{"ClearRow", `{ report(slug: "bravo") { title } }`, "CLEAR CLEAR CLEAR CLEAR CLEAR"},
			{"Row", `{ report(slug: "delta-2") { title } }`, "CLEAR GREEN GREEN GREEN GREEN"},
			{"FormerSlug", `{ report(slug: "delta") { title } }`, "CLEAR GREEN GREEN GREEN GREEN"},
			{"AmberRow", `{ report(slug: "alpha") { title } }`, "CLEAR CLEAR AMBER AMBER AMBER"},
			{"ByID", fmt.Sprintf(`{ report(id: %q) { title } }`, delta), "CLEAR GREEN GREEN GREEN GREEN"},
			{"Node", fmt.Sprintf(`{ node(id: %q) { id } }`, alpha), "CLEAR CLEAR AMBER AMBER AMBER"},
			{"Nodes", fmt.Sprintf(`{ nodes(ids: [%q, %q, %q]) { id } }`, bravo, delta, alpha), "CLEAR GREEN AMBER AMBER AMBER"},
			{"Rows", `{ reports { nodes { slug } } }`, "CLEAR GREEN AMBER AMBER AMBER"},
			{"SecondPage", `{ reports(last: 1) { nodes { slug } } }`, "CLEAR CLEAR CLEAR CLEAR CLEAR"},
			{"Cursors", `{ reports { edges { cursor } } }`, "CLEAR GREEN AMBER AMBER AMBER"},
			{"PageInfo", `{ reports { pageInfo { endCursor } } }`, "CLEAR GREEN AMBER AMBER AMBER"},
			{"Count", `{ reports { totalCount } }`, "CLEAR GREEN AMBER AMBER AMBER"},
			{"CountOfNone", `{ reports(filter: {slug: {eq: "nothing"}}) { totalCount } }`, "CLEAR CLEAR CLEAR CLEAR CLEAR"},
			{"CountOfSome", `{ reports(filter: {slug: {eq: "delta-2"}}) { totalCount } }`, "CLEAR GREEN GREEN GREEN GREEN"},
			{"NestedRow", `{ report(slug: "bravo") { contributions { entity { slug } } } }`, "CLEAR CLEAR AMBER AMBER AMBER"},
			{"NestedRowUnread", `{ report(slug: "bravo") { contributions { role } } }`, "CLEAR CLEAR AMBER AMBER AMBER"},
			{"NestedTag", `{ report(slug: "charlie") { tags { slug } } }`, "CLEAR CLEAR CLEAR CLEAR RED"},
			{"NestedCount", `{ report(slug: "charlie") { entities { totalCount } } }`, "CLEAR CLEAR AMBER AMBER AMBER"},
			{"Relationships", `{ entity(slug: "crane-works") { relationships { nodes { slug } } } }`, "CLEAR CLEAR AMBER AMBER AMBER"},
			{"RelationshipsCounted", `{ entity(slug: "crane-works") { relationships { totalCount } } }`, "CLEAR CLEAR AMBER AMBER AMBER"},
			{"Degree", `{ entity(slug: "crane-works") { degree } }`, "CLEAR CLEAR AMBER AMBER AMBER"},
			{"MentionsCounted", `{ entity(slug: "crane-works") { mentions(first: 0) { totalCount } } }`, "CLEAR GREEN AMBER AMBER RED"},
			{"ClaimsCounted", `{ source(slug: "harbour-gazette") { citedBy(first: 0) { totalCount counts { count } } } }`, "CLEAR GREEN AMBER AMBER AMBER"},
			{"TreeCounted", `{ narrative(slug: "ports-are-safe") { tree { nodes { targetCount } } } }`, "CLEAR CLEAR AMBER AMBER AMBER"},
			{"Filter", `{ reports(filter: {slug: {eq: "bravo"}, entities: {slug: {eq: "port-ltd"}}}) { nodes { slug } } }`, "CLEAR CLEAR AMBER AMBER AMBER"},
			{"FilterThatMatchesNothing", `{ reports(filter: {entities: {slug: {eq: "nothing"}}}) { totalCount } }`, "CLEAR CLEAR AMBER AMBER AMBER"},
			{"FilterNegated", `{ reports(filter: {slug: {eq: "bravo"}, not: {tags: {slug: {eq: "secret-term"}}}}) { nodes { slug } } }`, "CLEAR CLEAR CLEAR CLEAR RED"},
			{"FilterOfNested", `{ tag(slug: "cranes") { reports(filter: {slug: {eq: "bravo"}, tags: {slug: {eq: "cranes"}}}) { totalCount } } }`, "CLEAR CLEAR CLEAR CLEAR RED"},
			{"TextWithLinks", `{ report(slug: "bravo") { body(format: HTML) } }`, "CLEAR CLEAR CLEAR CLEAR CLEAR"},
			{"TextWithHiddenLinks", `{ report(slug: "alpha") { body(format: HTML) } }`, "CLEAR CLEAR AMBER AMBER AMBER"},
			{"LinkedDataWithHiddenEntities", `{ report(slug: "charlie") { jsonLd } }`, "CLEAR CLEAR AMBER AMBER RED"},
			{"LinkedDataOfNarratives", `{ narrative(slug: "ports-are-safe") { jsonLd } }`, "CLEAR CLEAR AMBER AMBER AMBER"},
			{"Twice", `{ report(slug: "delta-2") { slug } reports(filter: {slug: {eq: "alpha"}}) { totalCount } }`, "CLEAR GREEN AMBER AMBER AMBER"},
			{"WithErrors", `{ report(slug: "delta-2") { slug } a: reports(first: 1000) { totalCount } }`, ""},
		} {
			var got []string
			for m := domain.Clear; m <= domain.Red; m++ {
				r := a.send(cleared(m), http.MethodPost, vars{"query": row.document})
				if row.want != "" {
					r.ok()
				}
				got = append(got, r.marking())
			}
			if all := strings.Join(got, " "); row.want != "" && all != row.want {
				t.Errorf("%s: got %s, want %s", row.name, all, row.want)
			} else if row.want == "" && all != "CLEAR GREEN GREEN GREEN GREEN" {
				t.Errorf("%s: got %s", row.name, all)
			}
			if m := a.send(public, http.MethodPost, vars{"query": row.document}).marking(); m != "CLEAR" {
				t.Errorf("%s: the anonymous get an answer that is marked %s", row.name, m)
			}
		}
	})
}

// What comes from the desk is for the publisher's own people, whatever it will
// be marked in live, and whatever their clearance.
func TestMarkingOfTheDesk(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		low := holder(domain.Admin)
		low.Clearance = domain.Clear
		rows := []struct{ document, want string }{
			{`{ report(slug: "bravo") { title } }`, "CLEAR"},
			{`query @inContext(stage: DESK) { report(slug: "bravo") { title } }`, "AMBER_STRICT"},
			{`query @inContext(stage: DESK) { __typename }`, "AMBER_STRICT"},
			{`query @inContext(stage: DESK) { tag(slug: "secret-term") { label } }`, "RED"},
			{`query @inContext(stage: DESK) { tags { totalCount } }`, "RED"},
			{`{ trash { nodes { slug } } }`, "AMBER_STRICT"},
			{`mutation { updateTag(input: {id: "ports", label: "Ports!"}) { changed } }`, "AMBER_STRICT"},
			{`mutation { updateTag(input: {id: "secret-term", label: "Secret!"}) { tag { slug } } }`, "RED"},
			{`mutation { createTag(input: {slug: "gone", label: "G", vocabulary: TOPIC, marking: RED}) { tag { slug } } }`, "RED"},
			{`mutation { deleteTag(input: {id: "gone"}) { deletedId } }`, "AMBER_STRICT"},
			{`{ trash { nodes { slug } } }`, "RED"},
			{`mutation { undelete(input: {document: "tag:gone"}) { changed } }`, "AMBER_STRICT"},
			{`mutation { deleteTag(input: {id: "gone"}) { deletedId } purge(input: {documents: ["tag:gone"]}) { purged } }`, "AMBER_STRICT"},
		}
		noLists := map[string]string{
			"webhook":          fmt.Sprintf(`{ webhook(id: "%s") { id } }`, domain.NewID(domain.Webhook, time.Now())),
			"subscriber":       fmt.Sprintf(`{ subscriber(id: "%s") { id } }`, domain.NewID(domain.Subscriber, time.Now())),
			"sending":          fmt.Sprintf(`{ sending(id: "%s") { id } }`, domain.NewID(domain.Sending, time.Now())),
			"sendingObstacles": `{ sendingObstacles(edition: "weekly-7") { code } }`,
			"previewEdition":   `{ previewEdition(slug: "nothing", form: PAGE) { size } }`,
		}
		for field := range deskFields {
			document, ok := noLists[field]
			if !ok {
				document = "{ " + field + "(first: 0) { pageInfo { hasNextPage } } }"
			}
			rows = append(rows, struct{ document, want string }{document, "AMBER_STRICT"})
		}
		for _, v := range []*domain.Viewer{holder(domain.Admin), low} {
			for _, row := range rows {
				r := a.send(v, http.MethodPost, vars{"query": row.document})
				if r.ok(); r.marking() != row.want {
					t.Errorf("%s with the clearance %s: got %s, want %s", row.document, v.Clearance, r.marking(), row.want)
				}
			}
		}
	})
}

// TestMarkingsHold holds markings to two sentences, with the content and the
// questions of TestNoninterference: an answer is marked at least as high as
// each document whose id or slug is in it, and never higher than its viewer
// may see.
func TestMarkingsHold(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		publish(t, editorial.New(s, projection.New(s, slog.New(slog.DiscardHandler), time.Now).WithPatience(storetest.Patience), slog.New(slog.DiscardHandler), time.Now), rapid.Custom(randomContent).Example(7))
		handler, all := handlerOver(s), liveRows(t, s)
		// Several documents can have one slug, each of another type: any of
		// them may be meant.
		marked := map[string]domain.Marking{}
		for _, rows := range all {
			for _, r := range rows {
				m, ok := r["effective_marking"]
				if !ok {
					continue
				}
				marking := domain.Marking(number(m))
				marked[domain.ID(number(r["id"])).String()] = marking
				if slug, ok := r["slug"].(string); ok {
					if lowest, ok := marked[slug]; !ok || marking < lowest {
						marked[slug] = marking
					}
				}
			}
		}
		tombstones := map[string]bool{} // of what some viewers see no longer
		for _, r := range all["changes"] {
			for m := range domain.Red + 1 {
				if kind := number(r[visibility.ChangeColumn(m)]); kind == int64(projection.Unpublished) || kind == int64(projection.NoLongerVisible) {
					tombstones[domain.ID(number(r["document_id"])).String()] = true
				}
			}
		}
		viewers := []*domain.Viewer{public, author}
		for m := domain.Clear; m <= domain.Red; m++ {
			viewers = append(viewers, cleared(m))
		}
		questions := newGrammar(t, s, all, handler).questions()
		above, asked := 0, 0
		ask := func(fatalf func(string, ...any), v *domain.Viewer, q question) {
			if slices.ContainsFunc(q.EntryPoints, func(d string) bool { return isDeskField(strings.TrimPrefix(d, "Query.")) }) || strings.Contains(q.Document, "stage: DESK") {
				return
			}
			r := put(t.Context(), handler, v, q)
			m, ok := markingIn(t, r.body)
			if !ok {
				return // it was refused as a whole
			}
			asked++
			if m > v.Clearance {
				fatalf("an answer to %s (TLP:%v) is marked %v: %s\n%s", v.Role, v.Clearance, m, q, r.body)
			}
			if m > domain.Clear {
				above++
			}
			var parsed struct{ Data any }
			if err := json.Unmarshal([]byte(r.body), &parsed); err != nil {
				fatalf("%v in %s", err, r.body)
			}
			for _, text := range textsIn(parsed.Data, nil) {
				least := marked[text]
				if tombstones[text] && slices.Contains(q.EntryPoints, "Query.changes") {
					continue // its receivers saw the document before
				}
				if least > m {
					fatalf("an answer with %s, which is %v, is marked %v only, for a viewer of TLP:%v: %s\n%s", text, least, m, v.Clearance, q, r.body)
				}
			}
		}
		if s.Dialect() == dialect.Postgres {
			// The same code, at several times the cost.
			for i := range 150 {
				ask(t.Fatalf, viewers[i%len(viewers)], questions.Example(i))
			}
		} else {
			rapid.Check(t, func(rt *rapid.T) {
				for range questionsAtOnce {
					v := pick(dice{rt}, viewers)
					ask(rt.Fatalf, v, questions.Draw(rt, "question"))
				}
			})
		}
		t.Logf("%d answers, of which %d are above CLEAR", asked, above)
		if above*5 < asked {
			t.Errorf("only %d of %d answers are above CLEAR: too few to tell much", above, asked)
		}
	})
}

// textsIn are the texts of an answer.
func textsIn(v any, out []string) []string {
	switch v := v.(type) {
	case string:
		return append(out, v)
	case []any:
		for _, e := range v {
			out = textsIn(e, out)
		}
	case map[string]any:
		for _, e := range v {
			out = textsIn(e, out)
		}
	}
	return out
}
