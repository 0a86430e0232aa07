package graph_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/queries"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// builder is a key that a build registers its documents with.
var builder = holder(domain.Editor, domain.RegisterQueries)

func sha(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

const register = `mutation Register($d: [RegisterDocumentInput!]!) { registerDocuments(input: {documents: $d}) { created documents { documentId name text registeredBy registeredAt } } }`

func (g *accessAPI) register(documents ...vars) *response {
	g.t.Helper()
	return g.as(builder, register, vars{"d": documents})
}

func (g *accessAPI) unregister(ids ...string) *response {
	g.t.Helper()
	return g.as(builder, `mutation U($ids: [String!]!) { unregisterDocuments(input: {documentIds: $ids}) { documentIds } }`, vars{"ids": ids}).ok()
}

func TestRegisterDocuments(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		const count, kinds = `query Count { reports { totalCount } }`, `query Kinds($n: Int) { entities(first: $n) { nodes { ...K } } } fragment K on Entity { kind }`
		r := g.register(vars{"text": count}, vars{"text": kinds, "id": "kinds/v1", "name": "The kinds"}).ok()
		if r.at("registerDocuments.created") != 2.0 || r.list("registerDocuments.documents", "documentId") != sha(count)+" kinds/v1" ||
			r.at("registerDocuments.documents.0.name") != "Count" || r.at("registerDocuments.documents.1.name") != "The kinds" ||
			r.at("registerDocuments.documents.0.registeredBy") != "editor" || r.at("registerDocuments.documents.0.registeredAt") != "2024-06-01T00:00:00Z" {
			t.Errorf("got %s", r.body)
		}
		// Again is no error, and leaves no trace; under another id it is another.
		g.clock.Advance(time.Hour)
		r = g.register(vars{"text": count, "id": "sha256:" + strings.ToUpper(sha(count))}, vars{"text": kinds, "id": "kinds/v1"}, vars{"text": kinds}).ok()
		if r.at("registerDocuments.created") != 1.0 || r.list("registerDocuments.documents", "documentId") != sha(count)+" kinds/v1 "+sha(kinds) ||
			r.at("registerDocuments.documents.0.registeredAt") != "2024-06-01T00:00:00Z" {
			t.Errorf("got %s", r.body)
		}
		g.register(vars{"text": kinds}).ok()
		list := g.query(builder, `{ registeredDocuments(first: 2) { totalCount nodes { documentId text name } pageInfo { endCursor hasNextPage } } }`)
		rest := g.query(builder, fmt.Sprintf(`{ registeredDocuments(after: %q) { nodes { documentId } } }`, list.at("registeredDocuments.pageInfo.endCursor")))
		if list.at("registeredDocuments.totalCount") != 3.0 || list.at("registeredDocuments.nodes.0.documentId") != sha(kinds) || len(rest.at("registeredDocuments.nodes").([]any)) != 1 {
			t.Errorf("got %s and %s", list.body, rest.body)
		}

		// All ids that stand for something else are reported, and nothing is stored.
		r = g.register(vars{"text": count, "id": "kinds/v1"}, vars{"text": `query New { tags { totalCount } }`})
		if r.code() != "CONFLICT" || r.paths() != "documents[0].id" {
			t.Errorf("got %s", r.body)
		}
		if got := g.query(builder, `{ registeredDocuments { totalCount } }`).at("registeredDocuments.totalCount"); got != 3.0 {
			t.Errorf("%v are registered", got)
		}

		if got := fmt.Sprint(g.unregister("kinds/v1", "\x00", "SHA256:x", "sha256:"+sha(count), "nothing").at("unregisterDocuments.documentIds")); got != "[kinds/v1 "+sha(count)+"]" {
			t.Errorf("got %s", got)
		}
		g.unregister("kinds/v1")
		var acts []string
		for _, line := range g.entries(0) {
			acts = append(acts, line.Action+" "+*line.Detail)
		}
		if got := strings.Join(acts, ", "); got != "REGISTER_DOCUMENTS 2 registered, REGISTER_DOCUMENTS 1 registered, REGISTER_DOCUMENTS 2 ended" {
			t.Errorf("on the audit log: %s", got)
		}
	})
}

func TestRegisterRefusesAllAtOnce(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		const fine = `query Fine { reports { totalCount } }`
		for _, row := range []struct {
			name      string
			documents []vars
			code      string
			wants     []string // paths and messages
		}{
			{"None", []vars{}, "BAD_USER_INPUT", []string{"documents: want from 1 to 1000"}},
			{"TooMany", make([]vars, 1001), "BAD_USER_INPUT", []string{"documents: want from 1 to 1000"}},
			{"Everything", []vars{
				{"text": fine, "id": strings.Repeat("0", 64)},
				{"text": fine + fine},
				{"text": "query A { reports { totalCount } } query B { reports { totalCount } }"},
				{"text": "query {\n  nothing\n  reports { none }\n}"},
				{"text": "query {\n  reports {"},
				{"text": fine, "id": "an id"},
				{"text": fine, "id": ""},
				{"text": fine, "id": sha(fine)},
				{"text": "fragment F on Report { slug }"},
				{"text": fine, "id": "a", "name": "two\nlines"},
				{"text": fine, "id": "b", "name": strings.Repeat("n", 201)},
				{"text": fine, "id": strings.Repeat("i", 201)},
				{"text": fine + strings.Repeat(" ", 100<<10), "id": "c"},
				{"text": "query Deep { ...F } fragment F on Query { ...F }"},
				{"text": "query V($a: Int, $b: Int) { reports(first: $a) { totalCount } }"},
				{"text": "{" + strings.Repeat("a ", 15_001) + "}"},
			}, "BAD_USER_INPUT", []string{
				"documents[0].id: looks like a SHA-256, and is not that of the text, which is " + sha(fine),
				"documents[1].text: ", "documents[2].text: has 2 operations", "documents[3].text: line 2: ", "documents[3].text: line 3: ",
				"documents[4].text: line 2: ", "documents[5].id: want letters", "documents[7].id: is given twice", "documents[8].text: has 0 operations",
				"documents[9].name: is one line", "documents[10].name: ", "documents[11].id: ", "documents[12].text: is longer than 102400 bytes",
				"documents[13].text: the fragment \"F\" contains itself", "documents[14].text: line 1: Variable \"$b\" is never used", "documents[15].text: the document has more than",
			}},
		} {
			for i, d := range row.documents {
				if d == nil {
					row.documents[i] = vars{"text": fmt.Sprintf("query Q%d { reports { totalCount } }", i)}
				}
			}
			r := g.register(row.documents...)
			if r.code() != row.code {
				t.Errorf("%s: got %.500s", row.name, r.body)
				continue
			}
			var all strings.Builder
			for _, f := range r.Errors[0].Extensions.Fields {
				fmt.Fprintf(&all, "%s: %s\n", f.Path, f.Message)
			}
			for _, want := range row.wants {
				if !strings.Contains(all.String(), want) {
					t.Errorf("%s: no %q in\n%s", row.name, want, all.String())
				}
			}
			for _, good := range []string{"documents[6]"} {
				if strings.Contains(all.String(), good) {
					t.Errorf("%s: %s is refused:\n%s", row.name, good, all.String())
				}
			}
		}
		for _, ids := range [][]string{{}, make([]string, 1001)} {
			r := g.as(builder, `mutation U($ids: [String!]!) { unregisterDocuments(input: {documentIds: $ids}) { documentIds } }`, vars{"ids": ids})
			if r.code() != "BAD_USER_INPUT" || r.paths() != "documentIds" {
				t.Errorf("got %s", r.body)
			}
		}
		if n := len(g.entries(0)); n != 0 {
			t.Errorf("%d acts are on the audit log", n)
		}
	})
}

// A document that is registered can be named in every way that a document can
// be sent, with the rights of the viewer.
func TestDocumentID(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		const count = `query Count($n: Int) { reports(first: $n) { totalCount } }`
		const desk = `query Desk @inContext(stage: DESK) { reports { totalCount } }`
		const tag = `mutation Tag { createTag(input: {slug: "x", label: "X", vocabulary: TOPIC}) { created } }`
		g.register(vars{"text": count}, vars{"text": desk, "id": "desk"}, vars{"text": tag, "id": "write"}).ok()
		for _, row := range []struct {
			name, method string
			v            *domain.Viewer
			parameters   vars
			status       int
			want         string // in the answer
		}{
			{"Post", http.MethodPost, public, vars{"documentId": sha(count)}, 200, `"totalCount":0`},
			{"PostVariables", http.MethodPost, public, vars{"documentId": sha(count), "variables": vars{"n": 101}}, 200, `"path":"first"`},
			{"PostPrefix", http.MethodPost, public, vars{"documentId": "sha256:" + sha(count)}, 200, `"totalCount":0`},
			{"PostCapitals", http.MethodPost, public, vars{"documentId": strings.ToUpper(sha(count))}, 200, `"totalCount":0`},
			{"PostName", http.MethodPost, public, vars{"documentId": sha(count), "operationName": "Count"}, 200, `"totalCount":0`},
			{"PostOtherName", http.MethodPost, public, vars{"documentId": sha(count), "operationName": "Other"}, 200, `no operation \"Other\"`},
			{"Get", http.MethodGet, public, vars{"documentId": "sha256:" + sha(count), "variables": vars{"n": 1}}, 200, `"totalCount":0`},
			{"Unknown", http.MethodPost, public, vars{"documentId": sha("x")}, 200, `PERSISTED_QUERY_NOT_FOUND`},
			{"UnknownGet", http.MethodGet, public, vars{"documentId": "nothing"}, 200, `PERSISTED_QUERY_NOT_FOUND`},
			{"NoID", http.MethodPost, public, vars{"documentId": strings.Repeat("x y", 1000)}, 200, `PERSISTED_QUERY_NOT_FOUND`},
			{"WithQuery", http.MethodPost, public, vars{"documentId": sha(count), "query": count}, 200, `give query or documentId, not both`},
			{"InExtensions", http.MethodPost, public, vars{"query": "", "extensions": vars{"documentId": 7, "persistedQuery": vars{}}}, 200, `documentId: want a text`},
			{"NoRights", http.MethodPost, public, vars{"documentId": "desk"}, 401, `UNAUTHENTICATED`},
			{"Rights", http.MethodPost, author, vars{"documentId": "desk"}, 200, `"totalCount":0`},
			{"Mutation", http.MethodPost, editor, vars{"documentId": "write"}, 200, `"created":true`},
			{"MutationByGet", http.MethodGet, editor, vars{"documentId": "write"}, 405, `METHOD_NOT_ALLOWED`},
			{"HashOfRegistered", http.MethodPost, public, vars{"extensions": apq(count)}, 200, `"totalCount":0`},
		} {
			r := g.send(row.v, row.method, row.parameters)
			if r.status != row.status || !strings.Contains(r.body, row.want) {
				t.Errorf("%s: got %d %s, want %d with %q", row.name, r.status, r.body, row.status, row.want)
			}
		}
	})
}

// apq are the extensions of an automatic persisted query.
func apq(text string) vars {
	return vars{"persistedQuery": vars{"version": 1, "sha256Hash": sha(text)}}
}

// Apollo's clients send the hash first, then the hash with the document, and
// the hash alone from then on.
func TestAutomaticPersistedQueries(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		const count = `query Count { reports { totalCount } }`
		const notFound = `{"errors":[{"message":"PersistedQueryNotFound","extensions":{"code":"PERSISTED_QUERY_NOT_FOUND"}}]`
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			ask := vars{"operationName": "Count", "extensions": apq(count)}
			if method == http.MethodGet {
				ask["variables"] = vars{}
			}
			if method == http.MethodPost {
				if r := g.send(public, method, ask); !strings.HasPrefix(r.body, notFound) {
					t.Fatalf("%s: got %s", method, r.body)
				}
				ask["query"] = count
				g.send(public, method, ask).ok()
				delete(ask, "query")
			}
			if r := g.send(public, method, ask).ok(); r.at("reports.totalCount") != 0.0 {
				t.Errorf("%s: got %s", method, r.body)
			}
		}
		// What one has sent is not there for another.
		if r := g.send(partner, http.MethodPost, vars{"extensions": apq(count)}); !strings.HasPrefix(r.body, notFound) {
			t.Errorf("another key: got %s", r.body)
		}
		if r := g.send(holder(domain.Public), http.MethodPost, vars{"extensions": apq(count)}); !strings.HasPrefix(r.body, notFound) {
			t.Errorf("another key: got %s", r.body)
		}

		const tag = `mutation Tag { createTag(input: {slug: "x", label: "X", vocabulary: TOPIC}) { created } }`
		for _, row := range []struct {
			name, method string
			parameters   vars
			want         string
		}{
			{"OtherHash", http.MethodPost, vars{"query": `{ tags { totalCount } }`, "extensions": apq(count)}, "is not the SHA-256 of the query"},
			{"Version", http.MethodPost, vars{"query": count, "extensions": vars{"persistedQuery": vars{"version": 2, "sha256Hash": sha(count)}}}, "want {\\\"version\\\": 1"},
			{"NoVersion", http.MethodPost, vars{"query": count, "extensions": vars{"persistedQuery": vars{"sha256Hash": sha(count)}}}, "want {\\\"version\\\": 1"},
			{"NoHash", http.MethodPost, vars{"query": count, "extensions": vars{"persistedQuery": vars{"version": 1}}}, "BAD_USER_INPUT"},
			{"ShortHash", http.MethodPost, vars{"extensions": vars{"persistedQuery": vars{"version": 1, "sha256Hash": "abc"}}}, "BAD_USER_INPUT"},
			{"NoObject", http.MethodPost, vars{"query": count, "extensions": vars{"persistedQuery": "x"}}, "BAD_USER_INPUT"},
			{"Mutation", http.MethodPost, vars{"query": tag, "extensions": apq(tag)}, `"created":true`},
			{"MutationByGet", http.MethodGet, vars{"extensions": apq(tag)}, "METHOD_NOT_ALLOWED"},
			{"BadDocument", http.MethodPost, vars{"query": "{ nothing }", "extensions": apq("{ nothing }")}, "GRAPHQL_VALIDATION_FAILED"},
			{"BadDocumentAgain", http.MethodPost, vars{"extensions": apq("{ nothing }")}, "GRAPHQL_VALIDATION_FAILED"},
		} {
			if r := g.send(editor, row.method, row.parameters); !strings.Contains(r.body, row.want) {
				t.Errorf("%s: got %s, want %q", row.name, r.body, row.want)
			}
		}
	})
}

// A server that runs registered documents runs no others, for any viewer.
func TestRegisteredOnly(t *testing.T) {
	t.Parallel()
	only := func(c *graph.Config) { c.RegisteredOnly = true }
	eachAccessAPI(t, only, func(t *testing.T, g *accessAPI) {
		const count, other = `query Count { reports { totalCount } }`, `query Other { tags { totalCount } }`
		const described = `query Described { __schema { queryType { name } } }`
		if _, _, err := g.registry.Register(domain.AsSystem(t.Context(), "test"), []queries.Document{{Text: count}, {Text: described, ID: "described"}, {Text: register, ID: "register"}}); err != nil {
			t.Fatal(err)
		}
		viewers := []*domain.Viewer{public}
		for role := domain.Public; role <= domain.Admin; role++ {
			viewers = append(viewers, holder(role))
		}
		for _, v := range viewers {
			for _, row := range []struct {
				name       string
				parameters vars
				want       string
			}{
				{"ID", vars{"documentId": sha(count)}, `"totalCount":0`},
				{"Text", vars{"query": count}, `"totalCount":0`},
				{"Hash", vars{"extensions": apq(count)}, `"totalCount":0`},
				{"HashAndText", vars{"query": count, "extensions": apq(count)}, `"totalCount":0`},
				{"Described", vars{"documentId": "described"}, `"queryType"`},
				{"OtherText", vars{"query": other}, "REGISTERED_DOCUMENTS_ONLY"},
				{"OtherSpaces", vars{"query": count + " "}, "REGISTERED_DOCUMENTS_ONLY"},
				{"OtherHashAndText", vars{"query": other, "extensions": apq(other)}, "REGISTERED_DOCUMENTS_ONLY"},
				{"OtherHash", vars{"extensions": apq(other)}, "PersistedQueryNotFound"},
				{"OtherTextUnderItsHash", vars{"query": other, "extensions": apq(count)}, "BAD_USER_INPUT"},
				{"OtherTextAndID", vars{"query": other, "documentId": sha(count)}, "BAD_USER_INPUT"},
				{"Introspection", vars{"query": `{ __schema { queryType { name } } }`}, "REGISTERED_DOCUMENTS_ONLY"},
				{"IntrospectionByItsText", vars{"query": described}, "REGISTERED_DOCUMENTS_ONLY"},
				{"TypeName", vars{"query": `{ __typename }`}, "REGISTERED_DOCUMENTS_ONLY"},
				{"Nonsense", vars{"query": `}`}, "REGISTERED_DOCUMENTS_ONLY"},
				{"Mutation", vars{"query": `mutation { unregisterDocuments(input: {documentIds: ["described"]}) { documentIds } }`}, "REGISTERED_DOCUMENTS_ONLY"},
			} {
				for _, method := range []string{http.MethodPost, http.MethodGet} {
					if r := g.send(v, method, row.parameters); !strings.Contains(r.body, row.want) {
						t.Errorf("%s by %s as %s: got %s, want %q", row.name, method, v.Role, r.body, row.want)
					}
				}
			}
		}
		g.send(builder, http.MethodPost, vars{"documentId": "register", "variables": vars{"d": []vars{{"text": other}}}}).ok()
		if r := g.send(public, http.MethodPost, vars{"query": other}).ok(); r.at("tags.totalCount") != 0.0 {
			t.Errorf("got %s", r.body)
		}
	})
}

// Many made-up ids neither fill the memory nor come for free: each request is
// charged before anything is looked up.
func TestUnknownIDsAreCharged(t *testing.T) {
	t.Parallel()
	g := newAccessAPI(t, storetest.SQLite(t), func(c *graph.Config) {
		c.Limits = func(role domain.Role) limits.Limit {
			limit := limits.Standard(role)
			limit.PerMinute = 100
			return limit
		}
	})
	for i := range 8 {
		r := g.send(public, http.MethodPost, vars{"documentId": fmt.Sprint("made-up-", i)})
		want, statements := "PERSISTED_QUERY_NOT_FOUND", int64(1)
		if i >= 5 {
			want, statements = "RATE_LIMITED", 0
		}
		if r.code() != want || r.statements != statements {
			t.Errorf("request %d: got %s after %d statements, want %s after %d", i, r.body, r.statements, want, statements)
		}
	}
}

// Streams and WebSockets take an id in the place of a document, too.
func TestDocumentIDOnStreams(t *testing.T) {
	t.Parallel()
	g := newAccessAPI(t, storetest.SQLite(t), nil)
	const count = `query Count { reports { totalCount } }`
	g.register(vars{"text": count, "id": "count"}).ok()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.handler.ServeHTTP(w, r.WithContext(domain.WithViewer(r.Context(), public)))
	}))
	defer server.Close()

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/graphql", strings.NewReader(`{"documentId":"count"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	res, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	events := make([]byte, 4096)
	n, _ := res.Body.Read(events)
	for !strings.Contains(string(events[:n]), "complete") {
		more, err := res.Body.Read(events[n:])
		if n += more; err != nil {
			break
		}
	}
	if got := string(events[:n]); !strings.Contains(got, `data: {"data":{"reports":{"totalCount":0}}`) {
		t.Errorf("got %s", got)
	}

	conn, _, err := websocket.Dial(t.Context(), server.URL+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	for _, trip := range [][2]string{
		{`{"type":"connection_init"}`, `{"type":"connection_ack"}`},
		{`{"id":"1","type":"subscribe","payload":{"documentId":"count"}}`, `{"id":"1","type":"next","payload":{"data":{"reports":{"totalCount":0}}`},
		{``, `{"id":"1","type":"complete"}`},
		{`{"id":"2","type":"subscribe","payload":{"documentId":"nothing"}}`, `{"id":"2","type":"error","payload":[{"message":"there is no registered document with this id"`},
	} {
		if trip[0] != "" {
			if err := conn.Write(t.Context(), websocket.MessageText, []byte(trip[0])); err != nil {
				t.Fatal(err)
			}
		}
		if _, got, err := conn.Read(context.WithoutCancel(t.Context())); err != nil || !strings.HasPrefix(string(got), trip[1]) {
			t.Errorf("got %s, %v, want %s", got, err, trip[1])
		}
	}
}
