package app_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Requests that are malformed, too large or too expensive are refused with an error
// of the API, never with an internal error.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	b := newTestServer(t, storetest.SQLiteConfig(t), nil)
	big := gql(`{ viewer { name } } #bodysecret` + strings.Repeat("x", 300<<10))
	mutation := `mutation { createTag(input: {slug: "bodysecret", label: "x", vocabulary: TOPIC}) { tag { slug } } }`
	form := url.Values{"query": {mutation}}.Encode()
	multipart := "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n" + gql(mutation) +
		"\r\n--x\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{\"0\":[\"variables.bodysecret\"]}\r\n--x--\r\n"
	q := func(document string) string { return "/graphql?query=" + url.QueryEscape(document) }
	evil := func(contentType string) []string {
		return []string{"Origin", "https://evil.example", "Content-Type", contentType, "Sec-Fetch-Site", "cross-site"}
	}
	b.run([]attackRequest{
		{name: "a large body", body: big, status: 413, code: "BAD_USER_INPUT"},
		{name: "a large body in chunks", body: big, header: []string{"Transfer-Encoding", "chunked"}, status: 413, code: "BAD_USER_INPUT"},
		{name: "a large body of a partner", key: "partner", body: big, status: 413, code: "BAD_USER_INPUT"},
		{name: "a large body of staff", key: "editor", body: big, status: 200, contains: `"name":"editor"`},
		{name: "a larger body of staff", key: "editor", body: gql(strings.Repeat("bodysecret", 500_000)), status: 413, code: "BAD_USER_INPUT"},
		{name: "malformed JSON", body: `{"query":"bodysecret`, status: 400, code: "BAD_USER_INPUT"},
		{name: "no UTF-8", body: "{\"query\":\"{ viewer { name } } #bodysecret\xff\"}", status: 400, code: "BAD_USER_INPUT"},
		{name: "UTF-16", body: "\xff\xfe{\x00}\x00", status: 400, code: "BAD_USER_INPUT"},
		{name: "a batch", body: `[` + gql(`{ viewer { name } }`) + `]`, status: 400, code: "BAD_USER_INPUT", contains: "batches"},
		{name: "two queries", body: `{"query":"{ viewer { name } }","query":"{ bodysecret }"}`, status: 400, code: "BAD_USER_INPUT"},
		{name: "deep variables", body: `{"query":"{ viewer { name } }","variables":{"bodysecret":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}}`, status: 400, code: "BAD_USER_INPUT"},
		{name: "a compressed body", header: []string{"Content-Encoding", "gzip"}, body: gql(`{ viewer { name } }`), status: 415, code: "UNSUPPORTED_MEDIA_TYPE"},

		{name: "a form of another site", key: "editor", header: evil("application/x-www-form-urlencoded"), body: form, status: 415, code: "UNSUPPORTED_MEDIA_TYPE"},
		{name: "multipart of another site", key: "editor", header: evil("multipart/form-data; boundary=x"), body: multipart, status: 415, code: "UNSUPPORTED_MEDIA_TYPE"},
		{name: "multipart with a preflight header", key: "editor", header: append(evil("multipart/form-data; boundary=x"), "GraphQL-Require-Preflight", "1"), body: multipart, status: 415, code: "UNSUPPORTED_MEDIA_TYPE"},
		{name: "plain text of another site", key: "editor", header: evil("text/plain"), body: gql(mutation), status: 415, code: "UNSUPPORTED_MEDIA_TYPE"},
		{name: "two content types", key: "editor", header: []string{"Content-Type", "application/json", "Content-Type", "text/plain"}, body: gql(mutation), status: 415, code: "UNSUPPORTED_MEDIA_TYPE"},

		{name: "a mutation by GET", key: "editor", method: "GET", path: q(mutation), status: 405, code: "METHOD_NOT_ALLOWED"},
		{name: "a mutation by HEAD", key: "editor", method: "HEAD", path: q(mutation), status: 405},
		{name: "a mutation by GET, as events", key: "editor", method: "GET", path: q(mutation), header: []string{"Accept", "text/event-stream"}, status: 405, code: "METHOD_NOT_ALLOWED"},
		{name: "a mutation behind a query", key: "editor", method: "GET", path: q(`query A { viewer { name } } `+strings.Replace(mutation, "mutation", "mutation B", 1)) + "&operationName=B", status: 405, code: "METHOD_NOT_ALLOWED"},
		{name: "a method in a header", method: "GET", path: "/graphql", header: []string{"X-HTTP-Method-Override", "POST"}, status: 400, code: "BAD_USER_INPUT"},
		{name: "DELETE", method: "DELETE", status: 405, code: "METHOD_NOT_ALLOWED"},
		{name: "TRACE", method: "TRACE", status: 405, code: "METHOD_NOT_ALLOWED", lacks: "TRACE"},
		{name: "a method of nobody's", method: "BREW", status: 405, code: "METHOD_NOT_ALLOWED"},

		{name: "1,000 aliases", body: gql(`{ ` + numbered(1_000, "a%d: viewer { name } ") + `}`), status: 400, code: "COST_LIMIT"},
		{name: "1,000 aliases in fragments", body: gql(`{ ` + numbered(30, "...F%d ") + `} ` + numbered(30, "fragment F%d on Query { "+numbered(30, "b%d: viewer { name } ")+"} ")), status: 400, code: "COST_LIMIT"},
		{name: "10,000 names twice", body: gql(`{ viewer { ` + strings.Repeat("name ", 10_000) + `} }`), status: 400, code: "COST_LIMIT"},
		{name: "10,000 unknown fields", body: gql(`{ viewer { ` + numbered(10_000, "nam%d ") + `} }`), status: 400, code: "COST_LIMIT"},
		{name: "20,000 directives", body: gql(`{ viewer { name ` + strings.Repeat("@a ", 20_000) + `} }`), status: 400, code: "COST_LIMIT"},
		{name: "50 loops", body: gql(strings.Repeat("{ reports { nodes { entities { nodes ", 25) + "{ id }" + strings.Repeat(" } } } }", 25)), status: 400, code: "COST_LIMIT"},
		{name: "a wide answer", body: gql(`{ tags(first: 100) { nodes { reports(first: 100) { nodes { entities(first: 100) { nodes { slug } } } } } } }`), status: 400, code: "COST_LIMIT"},
		{name: "joins in joins", body: gql(`{ ` + numbered(30, `r%d: reports(filter: {entities: {reports: {entities: {reports: {slug: {ne: "x"}}}}}}) { totalCount } `) + `}`), status: 400, code: "COST_LIMIT"},
		{name: "a circle of fragments", body: gql(`{ ...A } fragment A on Query { viewer { name } ...B } fragment B on Query { ...A }`), status: 400, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "a deep description", body: gql(`{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }`), status: 400, code: "COST_LIMIT"},
		{name: "many values", body: `{"query":"query($f: ReportFilter) { reports(filter: $f) { totalCount } }","variables":{"f":{"or":[{}` + strings.Repeat(`,{}`, 60_000) + `]}}}`, status: 400, code: "COST_LIMIT"},
		{name: "many errors", body: gql(`{ ` + numbered(30, `r%d: reports(first: 1000) { totalCount } `) + `}`), status: 294, code: "BAD_USER_INPUT", contains: "and 10 more errors"},

		{name: "NUL in a query", body: gql("{ viewer { name } }\x00"), status: 400, code: "GRAPHQL_PARSE_FAILED"},
		{name: "NUL in a variable", body: `{"query":"query($s: String) { report(slug: $s) { id } }","variables":{"s":"a\u0000b"}}`, status: 200, contains: `{"report":null}`},
		{name: "half a character", body: `{"query":"query($s: String) { report(slug: $s) { id } }","variables":{"s":"\ud800"}}`, status: 200},
		{name: "marks of direction", body: gql("{ viewer { name\u202e } }"), status: 400, code: "GRAPHQL_PARSE_FAILED"},
		{name: "NUL in the URL", method: "GET", path: "/graphql?query=%7B%00%7D", status: 400, code: "GRAPHQL_PARSE_FAILED"},
		{name: "no UTF-8 in the URL", method: "GET", path: "/graphql?query=%ff", status: 400, code: "BAD_USER_INPUT"},
		{name: "no UTF-8 in the path", method: "GET", path: "/graphql%ff", status: 404, code: "NOT_FOUND"},
		{name: "a path that climbs", method: "GET", path: "/explorer/..%2f..%2f..%2fetc/passwd", status: 404, code: "NOT_FOUND", lacks: "root:"},
		{name: "a path that climbs in back-slashes", method: "GET", path: `/explorer/..%5c..%5cgo.mod`, status: 404, code: "NOT_FOUND"},
		{name: "a path with NUL", method: "GET", path: "/explorer/%00", status: 404, code: "NOT_FOUND"},
		{name: "another path", method: "GET", path: "/.git/config", status: 404, code: "NOT_FOUND"},
	})
	if got := b.send(attackRequest{key: "editor", body: gql(`query @inContext(stage: DESK) { tags { totalCount } }`)}); !strings.Contains(got.body, `"totalCount":0`) {
		t.Errorf("something was written: %s", got.body)
	}
	b.stopAndCheckLog()
}

// Malformed and oversized header lines, sent as raw bytes.
func TestHostileHeaders(t *testing.T) {
	t.Parallel()
	b := newTestServer(t, storetest.SQLiteConfig(t), nil)
	for name, x := range map[string]struct{ request, status string }{
		"many headers":              {"GET /healthz HTTP/1.1\r\nHost: x\r\n" + numbered(20_000, "X-%d: bodysecret\r\n") + "\r\n", "431"},
		"a long header":             {"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 200_000) + "\r\n\r\n", "431"},
		"a long URL":                {"GET /graphql?query=" + strings.Repeat("x", 200_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", "431"},
		"NUL in a header":           {"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", "400"},
		"NUL in the first line":     {"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
		"no host":                   {"GET /healthz HTTP/1.1\r\n\r\n", "400"},
		"two hosts":                 {"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
		"two lengths":               {"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", "400"},
		"a length and chunks":       {"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "400"},
		"chunks of no size":         {"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nbodysecret\r\n", "400"},
		"a request id with escapes": {"GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\x1b[31mbodysecret\r\nConnection: close\r\n\r\n", "400"},
		"a request id of markup":    {"GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: <b>bodysecret\r\nConnection: close\r\n\r\n", "404"},
		"a header in UTF-8":         {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: \u0661\u0662\u0667.0.0.1\r\nConnection: close\r\n\r\n", "200"},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(b.URL(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		// The server may respond before it has read everything, and then disconnect.
		go func() { _, _ = io.WriteString(conn, x.request) }()
		line, err := bufio.NewReader(conn).ReadString('\n')
		if !strings.Contains(line, " "+x.status+" ") {
			t.Errorf("%s: got %q, %v, want %s", name, line, err, x.status)
		}
		_ = conn.Close()
	}
	b.stopAndCheckLog()
}

// Introspection is refused in every form to viewers who may not use it. Fields and
// aliases that only have such a name are allowed.
func TestIntrospectionIsRestricted(t *testing.T) {
	t.Parallel()
	asking := map[string]string{
		"plainly":              `{ __schema { types { name } } }`,
		"a type":               `{ __type(name: "Report") { name } }`,
		"with an alias":        `{ name: __schema { types { name } } }`,
		"in a fragment":        `{ ...F } fragment F on Query { __schema { types { name } } }`,
		"in an inline one":     `{ ... on Query { ... { x: __type(name: "Query") { fields { name } } } } }`,
		"in another operation": `query A { viewer { name } } query B { __schema { types { name } } }`,
		"in fragments of both": `{ viewer { name } ...F } fragment F on Query { ...G } fragment G on Query { a: __schema { description } }`,
	}
	innocent := map[string]string{
		"in a string":   `{ report(slug: "__schema { types }") { id } }`,
		"in a comment":  "{ viewer { name } } # __schema { types { name } }",
		"in an alias":   `{ schema__: viewer { name } }`,
		"of each thing": `{ __typename viewer { __typename } }`,
		"of operations": `query __schema { viewer { name } }`,
	}
	for _, whom := range []string{graph.IntrospectionAll, graph.IntrospectionStaff, graph.IntrospectionOff} {
		b := newTestServer(t, storetest.SQLiteConfig(t), func(c *app.Config) { c.Protection.Introspection = whom })
		for _, key := range []string{"", "partner", "editor"} {
			allowed := whom == graph.IntrospectionAll || whom == graph.IntrospectionStaff && key == "editor"
			var all []attackRequest
			for how, document := range asking {
				body := gql(document)
				if strings.Contains(document, "query A") {
					body = strings.TrimSuffix(body, "}") + `,"operationName":"A"}`
				}
				x := attackRequest{name: whom + " for " + key + " " + how, key: key, body: body, status: 403, code: "FORBIDDEN", lacks: "ReportFilter"}
				if allowed {
					x.status, x.code, x.lacks = 200, "", ""
				}
				all = append(all, x)
			}
			for how, document := range innocent {
				all = append(all, attackRequest{name: whom + " for " + key + " " + how, key: key, body: gql(document), status: 200})
			}
			// Suggestions in errors do not reveal the schema.
			for _, document := range []string{`{ reportz { id } }`, `{ reports(frist: 1) { totalCount } }`, `{ viewer { nam } }`, `query($f: ReportFiltr) { viewer { name } }`,
				`{ reports(orderBy: {field: PUBLISHED}) { totalCount } }`, `{ reports(filter: {slog: {eq: "x"}}) { totalCount } }`} {
				x := attackRequest{name: whom + " for " + key + " a mistake", key: key, body: gql(document), status: 400, code: "GRAPHQL_VALIDATION_FAILED", lacks: "Did you mean"}
				if whom == graph.IntrospectionAll {
					x.lacks = ""
				}
				all = append(all, x)
			}
			b.run(all)
		}
		b.stopAndCheckLog()
	}
}

// Credentials that are malformed, expired, revoked, or used from elsewhere.
func TestHostileCredentials(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, stores store.Config) {
		b := newTestServer(t, stores, nil)
		b.revoke("revoked")
		who := gql(`{ viewer { name } }`)
		header := func(values ...string) (out []string) {
			for _, v := range values {
				out = append(out, "Authorization", v)
			}
			return out
		}
		good := "Bearer " + b.secret["editor"]
		proxied := func(hops ...string) (out []string) {
			for _, hop := range hops {
				out = append(out, "X-Forwarded-For", hop)
			}
			return out
		}
		refused := func(name string, h []string) attackRequest {
			return attackRequest{name: name, header: h, body: who, status: 401, code: "UNAUTHENTICATED", lacks: "editor"}
		}
		b.run([]attackRequest{
			{name: "a good key", key: "editor", body: who, status: 200, contains: `"editor"`},
			{name: "a good key of a partner for the desk", key: "partner", body: gql(`query @inContext(stage: DESK) { reports { totalCount } }`), status: 403, code: "FORBIDDEN"},
			{name: "no key for the desk", body: gql(`query @inContext(stage: DESK) { reports { totalCount } }`), status: 401, code: "UNAUTHENTICATED"},
			{name: "a revoked key", key: "revoked", body: who, status: 401, code: "UNAUTHENTICATED"},
			refused("two headers", header(good, "Bearer x")),
			refused("two good headers", header(good, good)),
			refused("two keys in one header", header(good+", "+good)),
			refused("Basic", header("Basic ZWRpdG9yOngK")),
			refused("no scheme", header(b.secret["editor"])),
			refused("nothing", header("Bearer")),
			refused("a cut key", header(good[:len(good)-1])),
			refused("a key that goes on", header(good+"a")),
			refused("a key in capitals", header("Bearer "+strings.ToUpper(b.secret["editor"]))),
			refused("SQL", header("Bearer rt_' OR '1'='1")),
			refused("a long key", header("Bearer rt_"+strings.Repeat("a", 30_000))),
			refused("a token of nobody's", header("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.")),
			{name: "a key in the URL", method: "GET", path: "/graphql?query=%7Bviewer%7Bname%7D%7D&access_token=" + b.secret["editor"], status: 200, contains: `"name":null`},
			{name: "a key as a user of the URL's", header: []string{"Cookie", "Authorization=" + b.secret["editor"], "X-API-Key", b.secret["editor"]}, body: who, status: 200, contains: `"name":null`},

			{name: "a key from another network", key: "network", body: who, status: 401, code: "UNAUTHENTICATED"},
			{name: "from its own, says the proxy", key: "network", header: proxied("203.0.113.7"), body: who, status: 200, contains: `"network"`},
			{name: "with a port", key: "network", header: proxied("203.0.113.7:4711"), body: who, status: 200, contains: `"network"`},
			{name: "as IPv6", key: "network", header: proxied("[::ffff:203.0.113.7]:4711"), body: who, status: 200, contains: `"network"`},
			{name: "from its own, says nobody", from: "127.0.0.9", key: "network", header: proxied("203.0.113.7"), body: who, status: 401, code: "UNAUTHENTICATED"},
			{name: "from its own, says the client to the proxy", key: "network", header: proxied("203.0.113.7, 198.51.100.1"), body: who, status: 401, code: "UNAUTHENTICATED"},
			{name: "the same in two headers", key: "network", header: proxied("203.0.113.7", "198.51.100.1"), body: who, status: 401, code: "UNAUTHENTICATED"},
			{name: "behind another trusted one", key: "network", header: proxied("198.51.100.1, 203.0.113.7, 127.0.0.1"), body: who, status: 200, contains: `"network"`},
			{name: "nonsense at the end", key: "network", header: proxied("203.0.113.7, nonsense"), body: who, status: 401, code: "UNAUTHENTICATED"},
			{name: "nothing at the end", key: "network", header: proxied("203.0.113.7,"), body: who, status: 401, code: "UNAUTHENTICATED"},
			{name: "with a zone", key: "network", header: proxied("203.0.113.7, fe80::1%eth0"), body: who, status: 401, code: "UNAUTHENTICATED"},
			{name: "by another header", key: "network", header: []string{"X-Real-Ip", "203.0.113.7", "Forwarded", "for=203.0.113.7"}, body: who, status: 401, code: "UNAUTHENTICATED"},

			{name: "a key of an origin without one", key: "origin", body: who, status: 401, code: "UNAUTHENTICATED"},
			{name: "a key of another origin", key: "origin", header: []string{"Origin", "https://evil.example"}, body: who, status: 401, code: "UNAUTHENTICATED"},
			{name: "a key of an origin like it", key: "origin", header: []string{"Origin", "https://site.example.evil.example"}, body: who, status: 401, code: "UNAUTHENTICATED"},
			{name: "a key of its origin", key: "origin", header: []string{"Origin", "https://site.example"}, body: who, status: 200, contains: `"origin"`},

			{name: "as events", key: "revoked", header: []string{"Accept", "text/event-stream"}, body: who, status: 401, code: "UNAUTHENTICATED"},
			{name: "before it expires", key: "expired", body: who, status: 200, contains: `"expired"`},
		})
		b.clock.Advance(2 * time.Hour)
		b.run([]attackRequest{{name: "after it has expired", key: "expired", body: who, status: 401, code: "UNAUTHENTICATED"}})
		b.stopAndCheckLog()
	})
}

// A key that is revoked while a WebSocket is open cannot start operations on it.
func TestRevokedKeyOnWebSocket(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, stores store.Config) {
		b := newTestServer(t, stores, nil)
		const subscribe = `{"id":"%s","type":"subscribe","payload":{"query":"{ viewer { name } }"}}`
		for name, way := range map[string]struct{ header, payload string }{
			"header":  {header: "Bearer "},
			"payload": {payload: "Bearer "},
		} {
			b.create(name, access.CreateParams{Role: domain.Editor})
			options := &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{}}
			start := `{"type":"connection_init"}`
			if way.header != "" {
				options.HTTPHeader.Set("Authorization", way.header+b.secret[name])
			} else {
				start = `{"type":"connection_init","payload":{"Authorization":"` + way.payload + b.secret[name] + `"}}`
			}
			conn, _, err := websocket.Dial(t.Context(), b.URL()+"/graphql", options)
			if err != nil {
				t.Fatal(err)
			}
			say := func(message string) (string, error) {
				if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
					return "", err
				}
				_, got, err := conn.Read(patient(t))
				return string(got), err
			}
			if got, err := say(start); got != `{"type":"connection_ack"}` {
				t.Fatalf("%s: got %s, %v", name, got, err)
			}
			if got, err := say(fmt.Sprintf(subscribe, "1")); !strings.Contains(got, `"name":"`+name+`"`) {
				t.Errorf("%s: got %s, %v", name, got, err)
			}
			if _, got, err := conn.Read(patient(t)); !strings.Contains(string(got), "complete") {
				t.Errorf("%s: got %s, %v", name, got, err)
			}
			b.revoke(name)
			got, err := say(fmt.Sprintf(subscribe, "2"))
			if closed, _ := errors.AsType[websocket.CloseError](err); closed.Code != 4403 {
				t.Errorf("%s: got %s, %v, want 4403", name, got, err)
			}
			_ = conn.CloseNow()
		}
		b.stopAndCheckLog()
	})
}

// A budget belongs to one subject, is shown in headers, and is refilled.
func TestBudgets(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, stores store.Config) {
		b := newTestServer(t, stores, func(c *app.Config) { c.Protection.RatePublic = 300 })
		who := gql(`{ viewer { name } }`)
		// A request costs 24 the first time, when it has to be parsed, and 22 after that.
		spend := func(x attackRequest) response {
			t.Helper()
			x.body = who
			for range 20 {
				got := b.send(x)
				if got.status == http.StatusTooManyRequests {
					return got
				}
				if got.status != http.StatusOK {
					t.Fatalf("got %d %s", got.status, got.body)
				}
			}
			t.Fatalf("the budget doesn't end")
			return response{}
		}
		check := func(what string, got response, policy string) {
			t.Helper()
			if got.code() != "RATE_LIMITED" || got.header.Get("Retry-After") == "" || strings.Contains(got.body, `"data"`) ||
				got.header.Get("RateLimit-Policy") != policy || !strings.HasPrefix(got.header.Get("RateLimit"), `"cost";r=`) {
				t.Errorf("%s: got %v %s", what, got.header, got.body)
			}
			b.wantNoLeaks(what, got.body)
		}
		check("an address", spend(attackRequest{from: "127.0.0.2"}), `"cost";q=300;w=60`)
		check("an address behind the proxy", spend(attackRequest{header: []string{"X-Forwarded-For", "198.51.100.9"}}), `"cost";q=300;w=60`)
		check("a key with a limit of its own", spend(attackRequest{key: "small"}), `"cost";q=200;w=60`)
		still := func(what string, x attackRequest, status int) {
			t.Helper()
			x.body = who
			if got := b.send(x); got.status != status {
				t.Errorf("%s: got %d %s", what, got.status, got.body)
			}
		}
		still("the same address", attackRequest{from: "127.0.0.2"}, 429)
		still("the same address, which lies", attackRequest{from: "127.0.0.2", header: []string{"X-Forwarded-For", "198.51.100.77"}}, 429)
		still("the same client, which lies to the proxy", attackRequest{header: []string{"X-Forwarded-For", "198.51.100.77, 198.51.100.9"}}, 429)
		still("the same key from elsewhere", attackRequest{key: "small", from: "127.0.0.4"}, 429)
		still("another address", attackRequest{from: "127.0.0.3"}, 200)
		still("another client of the proxy", attackRequest{header: []string{"X-Forwarded-For", "198.51.100.10"}}, 200)
		still("another key", attackRequest{key: "partner"}, 200)
		still("a key from the address", attackRequest{key: "partner", from: "127.0.0.2"}, 200)
		if got := b.send(attackRequest{from: "127.0.0.2", body: who, header: []string{"Accept", "text/event-stream"}}); !strings.Contains(got.body, "RATE_LIMITED") {
			t.Errorf("as events: got %d %s", got.status, got.body)
		}
		// The many addresses of a machine with IPv6 are one subject.
		for n := range 20 {
			if got := b.send(attackRequest{body: who, header: []string{"X-Forwarded-For", fmt.Sprintf("2001:db8:1:2::%x", n)}}); got.status == 429 {
				break
			} else if n == 19 {
				t.Errorf("a network of IPv6 isn't one payer")
			}
		}
		b.clock.Advance(61 * time.Second)
		still("an address after a minute", attackRequest{from: "127.0.0.2"}, 200)
		still("a key after a minute", attackRequest{key: "small"}, 200)
		b.stopAndCheckLog()
	})
}
