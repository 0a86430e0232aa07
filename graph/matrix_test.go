package graph_test

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestVisibilityMatrix queries every entry point of the schema for every viewer:
// each field, filter and order. They are read from the schema, so that a new one
// is tested without a line here; testdata/entrypoints.txt lists them, so that a
// new one shows in the diff. A root field of no kind below fails the test until
// it has a row in deskFields or otherFields.
//
// The stores have, of each type, a document of each marking, a draft, one that
// was unpublished and one in the trash, and everything refers to everything.
// The slug and the texts of each document name its state, so that a leak shows.
func TestVisibilityMatrix(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		// Everything at once is more than one operation may ask for otherwise.
		desk := editorial.New(s, projection.New(s, slog.New(slog.DiscardHandler), time.Now).WithPatience(storetest.Patience), slog.New(slog.DiscardHandler), time.Now)
		a.handler = graph.Handler(graph.Config{Stores: s, Desk: desk, Log: slog.New(slog.DiscardHandler), Limits: noLimits})
		if s.Dialect() == dialect.SQLite { // what is cached is the same on both
			a.handler = throughCache(t, a.handler, confirmed{desk})
		}
		m := &matrix{api: a, schema: generated.NewExecutableSchema(generated.Config{}).Schema(), entryPoints: map[string]bool{}}
		m.createDocuments()
		for _, v := range []*domain.Viewer{
			public,
			{Name: "clear", Role: domain.Partner, Clearance: domain.Clear, KeyID: 1},
			partner,
			{Name: "amber", Role: domain.Partner, Clearance: domain.Amber, KeyID: 1, Grants: []domain.Right{domain.OwnWebhooks}},
			everything,
			author, editor, // in live, staff are viewers like any other
		} {
			m.lists(v)
			m.orders(v)
			m.filters(v)
			m.facets(v)
			m.search(v)
			m.graph(v)
			m.time(v)
			m.ownership(v)
			m.evidence(v)
			m.oneByOne(v)
			m.changes(v)
			m.desk(v)
		}
		m.warnings()
		m.golden()
	})
}

// everything is the viewer who must find, at each entry point, what others must
// not.
var everything = &domain.Viewer{Name: "red", Role: domain.Partner, Clearance: domain.Red, KeyID: 1}

// The states of documents. Those of the first four are published, and seen
// from the marking on that they are called after.
var (
	seenFrom = []string{"clear", "green", "amber", "red"}
	unseen   = []string{"draft", "gone", "trashed"}
	states   = slices.Concat(seenFrom, unseen)
)

func sees(v *domain.Viewer, state string) bool {
	i := slices.Index(seenFrom, state)
	return i >= 0 && i <= int(v.Clearance)
}

// documents are the types with their root fields for one and for many, in an
// order in which each can refer to those before it.
var documents = []struct{ of, one, many string }{
	{"Source", "source", "sources"}, {"Asset", "asset", "assets"}, {"Tag", "tag", "tags"}, {"Series", "series", "allSeries"}, {"Entity", "entity", "entities"},
	{"Relationship", "relationship", "relationships"}, {"Narrative", "narrative", "narratives"},
	{"Report", "report", "reports"}, {"Edition", "edition", "editions"},
}

// The root fields that are not of a type of document.
var (
	deskFields = map[string]domain.Right{
		"pendingChanges": domain.ReadDesk, "possibleDuplicates": domain.ReadDesk, "checkEvidence": domain.ReadDesk, "schedules": domain.ReadDesk, "publicationLog": domain.ReadDesk, "trash": domain.ReadDesk,
		"apiKeys": domain.ManageAccess, "people": domain.ManageAccess, "auditLog": domain.ReadAudit, "registeredDocuments": domain.RegisterQueries,
		"webhooks": domain.ManageWebhooks, "webhook": domain.ManageWebhooks, "webhookDeliveries": domain.ManageWebhooks,
		"previewEdition": domain.ReadDesk,
		"subscribers":    domain.ManageSubscribers, "subscriber": domain.ManageSubscribers, "suppressions": domain.ManageSubscribers,
		"sendings": domain.SendEditions, "sending": domain.SendEditions, "sendingObstacles": domain.SendEditions,
	}
	otherFields = []string{"node", "nodes", "viewer", "changes"} // walked by oneByOne and changes
)

// noLimits are the limits of tests that ask for everything at once.
func noLimits(domain.Role) limits.Limit {
	const none = 1 << 40
	return limits.Limit{Tokens: none, Depth: none, Roots: none, Aliases: none, Directives: none, Fragments: none, Cost: none, PerMinute: none}
}

func isDeskField(name string) bool {
	_, ok := deskFields[name]
	return ok
}

type matrix struct {
	*api
	schema      *ast.Schema
	entryPoints map[string]bool
	ids         map[string]string // by slug
}

var stateInText = regexp.MustCompile(`-(clear|green|amber|red|draft|gone|trashed)\b`)

// wantNoLeak checks that an answer names nothing that the viewer may not see.
func (m *matrix) wantNoLeak(v *domain.Viewer, entryPoint string, r *response) {
	m.t.Helper()
	for _, found := range stateInText.FindAllStringSubmatch(r.body, -1) {
		if !sees(v, found[1]) {
			m.t.Errorf("%s (TLP:%v) at %s sees %q: %s", v.Role, v.Clearance, entryPoint, found[0], r.body)
			return
		}
	}
	for slug, id := range m.ids {
		if state := slug[strings.LastIndex(slug, "-")+1:]; !sees(v, state) && strings.Contains(r.body, id) {
			m.t.Errorf("%s (TLP:%v) at %s sees the id of %s", v.Role, v.Clearance, entryPoint, slug)
		}
	}
	m.counts(v, entryPoint, r.Data)
}

// counts checks that each totalCount is the number of nodes beside it.
func (m *matrix) counts(v *domain.Viewer, entryPoint string, data any) {
	m.t.Helper()
	switch x := data.(type) {
	case []any:
		for _, e := range x {
			m.counts(v, entryPoint, e)
		}
	case map[string]any:
		nodes, isList := x["nodes"].([]any)
		if total, ok := x["totalCount"].(float64); ok && isList && int(total) != len(nodes) {
			m.t.Errorf("%s (TLP:%v) at %s: totalCount is %v of %d nodes", v.Role, v.Clearance, entryPoint, total, len(nodes))
		}
		for _, e := range x {
			m.counts(v, entryPoint, e)
		}
	}
}

// lists asks, in the list of each type, for each field of its nodes.
func (m *matrix) lists(v *domain.Viewer) {
	m.t.Helper()
	for _, doc := range documents {
		for _, f := range m.schema.Types[doc.of].Fields {
			for _, selection := range m.selections(f, 0) {
				entryPoint := doc.of + "." + f.Name
				m.entryPoints[entryPoint] = true
				r := m.query(v, fmt.Sprintf(`{ %s(first: 100) { totalCount edges { cursor node { slug } } nodes { slug %s } } }`, doc.many, selection))
				m.wantNoLeak(v, entryPoint, r)
				if v == everything && !deskOnly[f.Name] && !slices.Contains(pageless, entryPoint) && !m.leads(r.at(doc.many+".nodes").([]any), f.Name) {
					m.t.Errorf("%s leads nowhere even for a viewer of everything: %s", entryPoint, r.body)
				}
			}
		}
	}
}

// leads reports whether a field has something in it in one of the nodes.
func (m *matrix) leads(nodes []any, field string) bool {
	return slices.ContainsFunc(nodes, func(node any) bool {
		switch v := node.(map[string]any)[field].(type) {
		case nil:
			return false
		case []any:
			return len(v) > 0
		case map[string]any:
			return v["totalCount"] != 0.0
		}
		return true
	})
}

// deskOnly are the fields that are null in live.
var deskOnly = map[string]bool{"revisions": true, "liveDiff": true, "formerSlugs": true, "createdBy": true, "updatedBy": true, "liveVersion": true,
	"nextNumber": true, "nextPeriod": true}

// pageless are null: a relationship has no page, and a series has one only where it is
// configured.
var pageless = []string{"Relationship.url", "Series.url"}

// selections are ways to select a field: one for each value of an argument
// that is an enum of formats, with the whole of what it owns.
func (m *matrix) selections(f *ast.FieldDefinition, depth int) []string {
	args := []string{""}
	for _, a := range f.Arguments {
		switch {
		case a.Name == "first":
			args = []string{"(first: 100)"}
		case a.Type.Name() == "TextFormat":
			args = []string{"(format: MARKDOWN)", "(format: HTML)", "(format: TEXT)"}
		case a.Name == "notes":
			for _, format := range args {
				args = append(args, strings.Replace(format, ")", ", notes: false)", 1))
			}
		case a.Type.NonNull && a.DefaultValue == nil:
			return nil // it needs a row of its own; see golden
		}
	}
	inner := m.inside(m.schema.Types[f.Type.Name()], depth)
	var out []string
	for _, arg := range args {
		out = append(out, f.Name+arg+inner)
	}
	return out
}

// inside selects all of a type: of a document, its slug.
func (m *matrix) inside(t *ast.Definition, depth int) string {
	switch {
	case t.Kind == ast.Scalar || t.Kind == ast.Enum:
		return ""
	case slices.Contains(t.Interfaces, "Document") || t.Name == "Document":
		return " { slug }"
	case strings.HasSuffix(t.Name, "Connection"):
		nodes := t.Fields.ForName("nodes")
		inner := m.inside(m.schema.Types[nodes.Type.Name()], depth+1)
		return " { totalCount nodes" + inner + " edges { cursor node" + inner + " } }"
	case depth > 3:
		return " { __typename }"
	}
	var all []string
	for _, f := range t.Fields {
		for i, selection := range m.selections(f, depth+1) {
			if i > 0 {
				selection = fmt.Sprintf("%s%d: %s", f.Name, i, selection)
			}
			all = append(all, selection)
		}
	}
	return " { " + strings.Join(all, " ") + " }"
}

// orders asks for each order, both ways, whole and page by page.
func (m *matrix) orders(v *domain.Viewer) {
	m.t.Helper()
	for _, doc := range documents {
		for _, value := range m.schema.Types[doc.of+"OrderField"].EnumValues {
			entryPoint := doc.of + " by " + value.Name
			m.entryPoints[entryPoint] = true
			for _, direction := range []string{"ASC", "DESC"} {
				by := fmt.Sprintf("orderBy: {field: %s, direction: %s}", value.Name, direction)
				r := m.query(v, fmt.Sprintf(`{ %s(first: 100, %s) { totalCount nodes { slug } } }`, doc.many, by))
				m.wantNoLeak(v, entryPoint, r)
				var pages []string
				after := "null"
				for range 20 {
					page := m.query(v, fmt.Sprintf(`{ %s(first: 2, after: %s, %s) { nodes { slug } pageInfo { hasNextPage endCursor } } }`, doc.many, after, by))
					if slugs := page.list(doc.many+".nodes", "slug"); slugs != "" {
						pages = append(pages, slugs)
					}
					if page.at(doc.many+".pageInfo.hasNextPage") != true {
						break
					}
					after = fmt.Sprintf("%q", page.at(doc.many+".pageInfo.endCursor"))
				}
				if got, want := strings.Join(pages, " "), r.list(doc.many+".nodes", "slug"); got != want {
					m.t.Errorf("%s: page by page %q, at once %q", entryPoint, got, want)
				}
			}
		}
	}
}

// filters asks, through each relation of each filter, for what the viewer may
// not see: nothing may match, and everything must match its negation.
func (m *matrix) filters(v *domain.Viewer) {
	m.t.Helper()
	for _, doc := range documents {
		all := m.query(v, fmt.Sprintf(`{ %s(first: 100) { totalCount } }`, doc.many)).at(doc.many + ".totalCount")
		m.relations(m.schema.Types[doc.of+"Filter"], nil, func(path []string, target string) {
			entryPoint := doc.of + " filtered by " + strings.Join(path, ".")
			m.entryPoints[entryPoint] = true
			ask := func(was string, want []string, negate bool) any {
				var slugs []string
				for _, s := range want {
					slugs = append(slugs, fmt.Sprintf("%q", was+target+"-"+s))
				}
				filter := fmt.Sprintf("{slug: {in: [%s]}}", strings.Join(slugs, " "))
				for _, step := range slices.Backward(path) {
					filter = fmt.Sprintf("{%s: %s}", step, filter)
				}
				if negate {
					filter = "{not: " + filter + "}"
				}
				r := m.query(v, fmt.Sprintf(`{ %s(first: 100, filter: %s) { totalCount nodes { slug } } }`, doc.many, filter))
				m.wantNoLeak(v, entryPoint, r)
				return r.at(doc.many + ".totalCount")
			}
			var hidden []string
			for _, s := range states {
				if !sees(v, s) {
					hidden = append(hidden, s)
				}
			}
			for _, was := range []string{"", "was-"} { // by present slugs, and by former ones
				if got := ask(was, hidden, false); got != 0.0 {
					m.t.Errorf("%s (TLP:%v) at %s: %v match what is hidden", v.Role, v.Clearance, entryPoint, got)
				}
				if got := ask(was, hidden, true); got != all {
					m.t.Errorf("%s (TLP:%v) at %s: %v of %v match the negation of what is hidden", v.Role, v.Clearance, entryPoint, got, all)
				}
			}
			if target == "tag" || target == "narrative" {
				m.branches(v, doc.many, entryPoint, path, target, all)
			}
			if got, was := ask("", seenFrom, false), ask("was-", seenFrom, false); v == everything && got == 0.0 || got != was {
				m.t.Errorf("%s (TLP:%v) at %s: %v match what is visible, and %v by former slugs", v.Role, v.Clearance, entryPoint, got, was)
			}
		})
	}
}

// branches asks, through a way of a filter to tags or narratives, for the branch of each that the viewer
// may not see: nothing may match, and everything must match its negation. Those of the states
// are each below the one before it.
func (m *matrix) branches(v *domain.Viewer, many, entryPoint string, path []string, target string, all any) {
	m.t.Helper()
	entryPoint += ".within"
	m.entryPoints[entryPoint] = true
	for _, state := range states {
		for _, was := range []string{"", "was-"} {
			filter := fmt.Sprintf("{within: %q}", was+target+"-"+state)
			for _, step := range slices.Backward(path) {
				filter = fmt.Sprintf("{%s: %s}", step, filter)
			}
			r := m.query(v, fmt.Sprintf(`{ in: %[1]s(first: 100, filter: %[2]s) { totalCount nodes { slug } } out: %[1]s(first: 100, filter: {not: %[2]s}) { totalCount nodes { slug } } }`, many, filter))
			m.wantNoLeak(v, entryPoint, r)
			in, out := r.at("in.totalCount").(float64), r.at("out.totalCount").(float64)
			if in+out != all || !sees(v, state) && in != 0 || v == everything && state == "clear" && in == 0 {
				m.t.Errorf("%s (TLP:%v) at %s: %v are in the branch of %s, and %v of %v are not", v.Role, v.Clearance, entryPoint, in, was+state, out, all)
			}
		}
	}
}

// relations calls f for each way through a filter that leads to a document.
func (m *matrix) relations(t *ast.Definition, path []string, f func(path []string, target string)) {
	for _, field := range t.Fields {
		target := m.schema.Types[field.Type.Name()]
		if target.Kind != ast.InputObject || target.Fields.ForName("and") == nil || slices.Contains([]string{"and", "or", "not"}, field.Name) {
			continue
		}
		step := append(slices.Clone(path), field.Name)
		of := strings.TrimSuffix(target.Name, "Filter")
		if i := slices.IndexFunc(documents, func(d struct{ of, one, many string }) bool { return d.of == of }); i >= 0 {
			f(step, documents[i].one)
		} else if len(step) < 4 {
			m.relations(target, step, f) // an owned row: on to what it refers to
		}
	}
}

// oneByOne asks for each document by slug, former slug and id.
func (m *matrix) oneByOne(v *domain.Viewer) {
	m.t.Helper()
	for _, doc := range documents {
		m.entryPoints["Query."+doc.one], m.entryPoints["Query."+doc.many] = true, true
		for _, state := range states {
			slug := doc.one + "-" + state
			r := m.as(v, fmt.Sprintf(`query($id: ID!) { a: %[1]s(slug: "%[2]s") { slug } b: %[1]s(slug: "was-%[2]s") { slug } c: %[1]s(id: $id) { slug }
				d: node(id: $id) { id } e: nodes(ids: [$id]) { id } }`, doc.one, slug), vars{"id": m.ids[slug]}).ok()
			for _, entryPoint := range []string{"a", "b", "c", "d", "e.0"} {
				want := sees(v, state) && (doc.of != "Relationship" || m.tieSeen(v, state))
				if got := r.at(entryPoint) != nil; got != want {
					m.t.Errorf("%s (TLP:%v): %s of %s: seen %v, want %v", v.Role, v.Clearance, entryPoint, slug, got, want)
				}
			}
		}
	}
}

// changes reads the change feed to its end. Of what was published and taken
// back everybody hears; of nothing else that they don't see.
func (m *matrix) changes(v *domain.Viewer) {
	m.t.Helper()
	stateOf := map[string]string{}
	for slug, id := range m.ids {
		stateOf[id] = slug[strings.LastIndex(slug, "-")+1:]
	}
	m.entryPoints["Change.document"] = true
	var after any
	heard := map[string]bool{}
	for pages := 0; ; pages++ {
		r := m.as(v, `query($after: String) { changes(first: 20, after: $after) {
			nodes { kind documentId type document { id slug } } edges { cursor node { documentId } } pageInfo { hasNextPage endCursor } } }`, vars{"after": after}).ok()
		nodes := r.at("changes.nodes").([]any)
		for _, n := range nodes {
			n := n.(map[string]any)
			id := n["documentId"].(string)
			state, document := stateOf[id], n["document"]
			if state != "gone" && !sees(v, state) {
				m.t.Errorf("%s (TLP:%v) hears of %v, which is %s", v.Role, v.Clearance, n, state)
			}
			if tombstone := n["kind"] == "UNPUBLISH" || n["kind"] == "NO_LONGER_VISIBLE"; tombstone && document != nil {
				m.t.Errorf("%s (TLP:%v) is given a document along with its tombstone: %v", v.Role, v.Clearance, n)
			}
			heard[id] = document != nil
		}
		if after = r.at("changes.pageInfo.endCursor"); r.at("changes.pageInfo.hasNextPage") != true {
			break
		}
		if pages > 100 {
			m.t.Fatal("the feed does not end")
		}
	}
	for id, state := range stateOf {
		found := m.as(v, `query($id: ID!) { node(id: $id) { id } }`, vars{"id": id}).ok().at("node") != nil
		if heard[id] != found {
			m.t.Errorf("%s (TLP:%v): the last that was heard of %s (%s) is that it is there: %v; it is: %v", v.Role, v.Clearance, id, state, heard[id], found)
		}
	}
}

// tieSeen reports whether both ends of the relationship of a state are seen.
func (m *matrix) tieSeen(v *domain.Viewer, state string) bool {
	i := slices.Index(seenFrom, state)
	return sees(v, seenFrom[i]) && sees(v, seenFrom[(i+1)%4])
}

// desk asks for what only staff may ask for.
func (m *matrix) desk(v *domain.Viewer) {
	m.t.Helper()
	code := "FORBIDDEN"
	if !v.Authenticated() {
		code = "UNAUTHENTICATED"
	}
	for entryPoint, right := range deskFields {
		m.entryPoints["Query."+entryPoint] = true
		for _, stage := range []string{"", "query @inContext(stage: DESK) "} {
			ask := entryPoint + "(first: 1) { pageInfo { hasNextPage } }"
			switch entryPoint {
			case "previewEdition":
				ask = `previewEdition(slug: "edition-red", form: PAGE) { content warnings { message } }`
			case "webhook":
				ask = fmt.Sprintf("webhook(id: %q) { id }", domain.NewID(domain.Webhook, time.Now()))
			case "subscriber":
				ask = fmt.Sprintf("subscriber(id: %q) { email }", domain.NewID(domain.Subscriber, time.Now()))
			case "sending":
				ask = fmt.Sprintf("sending(id: %q) { id edition { slug } }", domain.NewID(domain.Sending, time.Now()))
			case "sendingObstacles":
				ask = `sendingObstacles(edition: "edition-draft") { code message }`
			}
			r := m.as(v, fmt.Sprintf(`%s{ %s }`, stage, ask), nil)
			may := v.May(right) || right == domain.ManageWebhooks && v.May(domain.OwnWebhooks) // of which this viewer has none
			switch {
			case stage != "" && !v.May(domain.ReadDesk):
				r.refused(code, "AUTHOR")
			case may:
				r.ok()
			default:
				r.refused(code, right.Role().String())
			}
			if !v.May(right) {
				m.wantNoLeak(v, entryPoint, r)
			}
		}
	}
	if v.Role.Staff() {
		return
	}
	for _, doc := range documents {
		r := m.as(v, fmt.Sprintf(`query @inContext(stage: DESK) { %s(first: 1) { totalCount nodes { slug } } }`, doc.many), nil)
		r.refused(code, "AUTHOR")
		m.wantNoLeak(v, "the desk's "+doc.many, r)
		r = m.as(v, fmt.Sprintf(`mutation { update%s(input: {id: "%s-draft", message: "x"}) { changed } }`, doc.of, doc.one), nil)
		r.refused(code, "AUTHOR")
	}
}

// warnings saves and publishes what has the names of other documents. Staff who
// may read the desk are warned of all that are there; a credential that may only
// write gets no warning about them, and others get no answer at all.
func (m *matrix) warnings() {
	m.t.Helper()
	writer := &domain.Viewer{Name: "writer", Role: domain.Editor, Clearance: domain.Red, KeyID: 4,
		Scopes: []domain.Right{domain.WriteDrafts, domain.PublishDocuments}}
	for _, d := range m.schema.Types {
		for _, f := range d.Fields {
			if f.Type.Name() == "Warning" {
				m.entryPoints[d.Name+"."+f.Name] = true
			}
		}
	}
	const ask = `warnings { code path message documents { slug } }`
	for n, v := range []*domain.Viewer{public, partner, everything, writer, author, editor} {
		for _, state := range states {
			name := fmt.Sprintf("same-%d-%s", n, state)
			r := m.as(v, fmt.Sprintf(`mutation {
				createEntity(input: {slug: %q name: "N-%[2]s" kind: COMPANY identifiers: [{scheme: "LEI" value: "v-%[2]s"}]}) { %[3]s }
				createSource(input: {slug: %[1]q title: "x" url: "https://example.org/u-%[2]s"}) { %[3]s }
				publish(input: {documents: ["entity:entity-%[2]s"], references: OMIT}) { %[3]s }
			}`, name, state, ask), nil)
			switch {
			case v == writer:
				for _, field := range []string{"createEntity", "createSource"} {
					if got, ok := r.at(field + ".warnings").([]any); !ok || len(got) != 0 {
						m.t.Errorf("%s of %s warns a credential that may not read: %s", field, state, r.body)
					}
				}
				m.wantNoLeak(public, "warnings", &response{t: m.t, body: r.data()})
			case !v.Role.Staff():
				m.wantNoLeak(v, "warnings", &response{t: m.t, body: r.data()})
				if r.Data != nil && (r.at("createEntity") != nil || r.at("createSource") != nil || r.at("publish") != nil) {
					m.t.Errorf("%s (TLP:%v) wrote: %s", v.Role, v.Clearance, r.body)
				}
			default:
				for field, one := range map[string]string{"createEntity": "entity-", "createSource": "source-"} {
					if got := strings.Contains(fmt.Sprint(r.at(field+".warnings")), one+state); got != (state != "trashed") {
						m.t.Errorf("%s: %s of %s: the warning names it: %v: %s", v.Role, field, state, got, r.body)
					}
				}
			}
		}
	}
}

// golden compares the entry points that were walked through with those of the schema
// and with the list.
func (m *matrix) golden() {
	m.t.Helper()
	for _, f := range m.schema.Query.Fields {
		if !strings.HasPrefix(f.Name, "__") && !slices.Contains(otherFields, f.Name) && !m.entryPoints["Query."+f.Name] {
			m.t.Errorf("the matrix has no row for Query.%s", f.Name)
		}
	}
	for _, doc := range documents {
		for _, f := range m.schema.Types[doc.of].Fields {
			if !m.entryPoints[doc.of+"."+f.Name] {
				m.t.Errorf("the matrix has no row for %s.%s", doc.of, f.Name)
			}
		}
	}
	var entryPoints []string
	for entryPoint := range m.entryPoints {
		entryPoints = append(entryPoints, entryPoint)
	}
	slices.Sort(entryPoints)
	got := strings.Join(entryPoints, "\n") + "\n"
	const file = "testdata/entrypoints.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			m.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		m.t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		m.t.Errorf("%s (-want +got; look at what is new, then rewrite it with -update):\n%s", file, d)
	}
}
