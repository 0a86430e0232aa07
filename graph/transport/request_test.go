package transport_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph/transport"
)

// config is the configuration of tests that need only defaults.
func config() transport.Config { return transport.Config{} }

func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	server := serve(t, newFixture(), config())
	for name, row := range map[string]struct{ body, want string }{
		"Empty":             {"", "is empty"},
		"NotJSON":           {`{"query": hunter2}`, "is not JSON: see byte"},
		"Cut":               {`{"query":"{hello}"`, "is not JSON"},
		"Batch":             {`[{"query":"{hello}"}]`, "batches are not supported"},
		"NoObject":          {`"hunter2"`, "must be a JSON object"},
		"TrailingData":      {`{"query":"{hello}"} {"hunter2":1}`, "goes on after its end"},
		"DuplicateMember":   {`{"query":"{hello}","query":"{panics}"}`, "has the member query twice"},
		"OtherCase":         {`{"Query":"{hello}"}`, "query is missing; a parameter Query is ignored, since there are only query, documentId,"},
		"InvalidMemberName": {`{"<script>hunter2":"{hello}"}`, "query is missing; a parameter of the name that is given is ignored"},
		"CutUnknownMember":  {`{"query":"{hello}","id":{`, "is not JSON"},
		"NoQuery":           {`{"variables":{}}`, "query is missing"},
		"NullQuery":         {`{"query":null}`, "query is missing"},
		"EmptyQuery":        {`{"query":""}`, "query is missing"},
		"QueryList":         {`{"query":["hunter2"]}`, "query must be a string, and is a list"},
		"VariablesString":   {`{"query":"{hello}","variables":"{\"hunter2\":1}"}`, "variables must be an object, and is a string"},
		"ExtensionsNumber":  {`{"query":"{hello}","extensions":7}`, "extensions must be an object, and is a number"},
		"OperationBoolean":  {`{"query":"{hello}","operationName":true}`, "operationName must be a string, and is a boolean"},
		"DocumentObject":    {`{"documentId":{}}`, "documentId must be a string, and is an object"},
		"NotUTF8":           {"{\"query\":\"{hello(name:\\\"\xff\\\")}\"}", "is not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, accept := range []string{older, newer} {
				got := post(t, server.URL, row.body, "Accept", accept)
				if got.status != http.StatusBadRequest || got.code(t) != "BAD_USER_INPUT" || !strings.Contains(got.body, row.want) {
					t.Errorf("got %d %s, want 400 with %q", got.status, got.body, row.want)
				}
				if strings.Contains(got.body, "hunter2") || strings.Contains(got.body, `"data"`) {
					t.Errorf("got %s", got.body)
				}
				if !strings.Contains(got.body, `"requestId":"req-1"`) || !strings.HasPrefix(got.header.Get("Content-Type"), accept) {
					t.Errorf("got %v %s", got.header, got.body)
				}
			}
		})
	}
	t.Run("TooLarge", func(t *testing.T) {
		t.Parallel()
		got := post(t, server.URL, `{"query":"{hello}","variables":{"x":"`+strings.Repeat("x", 100_000)+`"}}`)
		if got.status != http.StatusRequestEntityTooLarge || got.code(t) != "BAD_USER_INPUT" {
			t.Errorf("got %d %s", got.status, got.body)
		}
	})
	t.Run("NULInTheQuery", func(t *testing.T) {
		t.Parallel()
		got := post(t, server.URL, `{"query":"{ hello \u0000 }"}`, "Accept", newer)
		if got.status != http.StatusBadRequest || got.code(t) != "GRAPHQL_PARSE_FAILED" {
			t.Errorf("got %d %s", got.status, got.body)
		}
	})
}

func TestURL(t *testing.T) {
	t.Parallel()
	f := newFixture()
	server := serve(t, f, config())
	for name, row := range map[string]struct{ query, want string }{
		"Unknown":      {"queri={hello}&key=hunter2", "query is missing; a parameter key is ignored"},
		"Twice":        {"query={hello}&query={panics}", "query is given more than once"},
		"Escapes":      {"query=%zz", "not encoded correctly"},
		"NotUTF8":      {"query=%ff", "query is not UTF-8"},
		"None":         {"", "query is missing"},
		"BadVariables": {"query={hello}&variables=hunter2", "variables must be an object"},
		"VariablesEnd": {"query={hello}&variables={}{}", "variables goes on after its end"},
		"CutVariables": {"query={hello}&variables={", "variables is not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := send(t, http.MethodGet, server.URL+"?"+row.query, "")
			if got.status != http.StatusBadRequest || !strings.Contains(got.body, row.want) || strings.Contains(got.body, "hunter2") {
				t.Errorf("got %d %s, want 400 with %q", got.status, got.body, row.want)
			}
		})
	}
	t.Run("EmptyIsMissing", func(t *testing.T) {
		t.Parallel()
		got := send(t, http.MethodGet, server.URL+"?query={hello}&operationName=&variables=&extensions=null", "")
		if got.status != http.StatusOK || got.body != `{"data":{"hello":"world"}}` {
			t.Errorf("got %d %s", got.status, got.body)
		}
	})
	t.Run("NullIsAName", func(t *testing.T) {
		t.Parallel()
		got := send(t, http.MethodGet, server.URL+"?operationName=null&query="+url.QueryEscape("query null { hello } query other { panics }"), "")
		if got.status != http.StatusOK || got.body != `{"data":{"hello":"world"}}` {
			t.Errorf("got %d %s", got.status, got.body)
		}
	})
	t.Run("Body", func(t *testing.T) {
		t.Parallel()
		got := send(t, http.MethodGet, server.URL+"?query={hello}", `{"query":"{panics}"}`)
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, "not in a body") {
			t.Errorf("got %d %s", got.status, got.body)
		}
	})
}

// TestUnknownParameters: a server ignores what it doesn't know, on every transport.
func TestUnknownParameters(t *testing.T) {
	t.Parallel()
	server := serve(t, newFixture(), config())
	for _, got := range []response{
		post(t, server.URL, `{"query":"{hello}","id":"a","doc_id":{"a":[1]},"id":null,"Query":"{panics}"}`),
		post(t, server.URL, `{"":0,"<script>":1,"query":"{hello}","operationName":null,"variables":null,"extensions":null}`),
		send(t, http.MethodGet, server.URL+"?query={hello}&utm_source=x&utm_source=y&bytes=%ff&Query={panics}", ""),
	} {
		if got.status != http.StatusOK || got.body != `{"data":{"hello":"world"}}` {
			t.Errorf("got %d %s", got.status, got.body)
		}
	}
}

func TestPersistedDocuments(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(t *testing.T, url string) response{
		"DocumentByPost": func(t *testing.T, url string) response { return post(t, url, `{"documentId":"sha256:aa"}`) },
		"DocumentByGet": func(t *testing.T, url string) response {
			return send(t, http.MethodGet, url+"?documentId=sha256:aa", "")
		},
		"PersistedQuery": func(t *testing.T, url string) response {
			return post(t, url, `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"aa"}}}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture()
			got := send(t, serve(t, f, config()).URL)
			if got.status != http.StatusOK || !strings.Contains(got.body, "world") {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			extensions := fmt.Sprint(f.params.Load().Extensions)
			if extensions != "map[documentId:sha256:aa]" && extensions != "map[persistedQuery:map[sha256Hash:aa version:1]]" {
				t.Errorf("the executor got %s", extensions)
			}
		})
	}
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	server := serve(t, newFixture(), config())
	for _, row := range []struct {
		header []string
		want   int
	}{
		{[]string{"Content-Type", "application/json"}, 200},
		{[]string{"Content-Type", "Application/JSON; Charset=UTF-8"}, 200},
		{[]string{"Content-Type", "application/json", "Content-Encoding", "identity"}, 200},
		{[]string{"Content-Type", "application/json; charset=utf-16"}, 415},
		{[]string{"Content-Type", "application/json", "Content-Type", "text/plain"}, 415},
		{[]string{"Content-Type", "application/json", "Content-Encoding", "gzip"}, 415},
		{[]string{"Content-Type", "application/graphql"}, 415},
		{[]string{"Content-Type", "text/plain"}, 415},
		{[]string{"Content-Type", "text/plain", "X-Requested-With", "XMLHttpRequest"}, 415},
		{[]string{"Content-Type", "application/x-www-form-urlencoded", "GraphQL-Require-Preflight", "1"}, 415},
		{[]string{"Content-Type", "multipart/form-data; boundary=x"}, 415},
		{[]string{"Content-Type", ";"}, 415},
		{nil, 415},
	} {
		got := send(t, http.MethodPost, server.URL, `{"query":"{hello}"}`, row.header...)
		if got.status != row.want {
			t.Errorf("%q: got %d %s, want %d", row.header, got.status, got.body, row.want)
		}
		if row.want == 415 && got.code(t) != "UNSUPPORTED_MEDIA_TYPE" {
			t.Errorf("%q: got %s", row.header, got.body)
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	server := serve(t, newFixture(), config())
	if got := send(t, http.MethodOptions, server.URL, ""); got.status != 204 || got.header.Get("Allow") != "GET, HEAD, POST, QUERY, OPTIONS" || got.body != "" {
		t.Errorf("OPTIONS: got %d %v", got.status, got.header)
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodTrace, "SEARCH"} {
		if got := send(t, method, server.URL, ""); got.status != 405 || got.code(t) != "METHOD_NOT_ALLOWED" || got.header.Get("Allow") == "" {
			t.Errorf("%s: got %d %s", method, got.status, got.body)
		}
	}
	got := send(t, http.MethodHead, server.URL+"?query={hello}", "")
	if got.status != 200 || got.body != "" || got.header.Get("Content-Length") != "26" {
		t.Errorf("HEAD: got %d %v", got.status, got.header)
	}
	for _, accept := range []string{older, newer, eventStream} {
		got := send(t, http.MethodGet, server.URL+"?query="+url.QueryEscape("mutation { hello }"), "", "Accept", accept)
		if got.status != 405 || got.header.Get("Allow") != "POST" || strings.Contains(got.body, "world") {
			t.Errorf("a mutation by GET: got %d %s", got.status, got.body)
		}
	}
	if got := post(t, server.URL, `{"query":"mutation { hello }"}`); !strings.Contains(got.body, "world") {
		t.Errorf("a mutation by POST: got %s", got.body)
	}
}

func TestAccept(t *testing.T) {
	t.Parallel()
	server := serve(t, newFixture(), config())
	for accept, want := range map[string]string{
		"":                                    older,
		"*/*":                                 older,
		"application/*":                       older,
		older:                                 older,
		newer:                                 newer,
		newer + ", " + older:                  newer,
		older + ", " + newer:                  newer,
		newer + ";q=0.5, */*":                 older,
		older + ";q=0.5, " + newer + ";q=0.4": older,
		older + ";q=0, */*":                   newer,
		older + ", text/plain, */*":           older,
		newer + "; charset=utf-8, " + older:   newer,
		newer + "; charset=utf-16, " + older:  older,
		"text/html, application/xhtml+xml, */*;q=0.8":   older,
		newer + ", " + older + ", " + eventStream:       newer,
		eventStream + ", " + older + ";q=0.9":           eventStream,
		eventStream:                                     eventStream,
		"text/*":                                        eventStream,
		`application/json;x="a,b", ` + newer + `;q=0.1`: older,
		"text/html":                                     "",
		"image/png, application/xml;q=0.9":              "",
		older + ";q=0":                                  "",
		older + ";q=2":                                  "",
		"nonsense;;;":                                   "",
	} {
		var header []string
		if accept != "" {
			header = []string{"Accept", accept}
		}
		got := post(t, server.URL, `{"query":"{hello}"}`, header...)
		if want == "" {
			if got.status != 406 || got.code(t) != "NOT_ACCEPTABLE" {
				t.Errorf("%q: got %d %s, want 406", accept, got.status, got.body)
			}
			continue
		}
		if got.status != 200 || got.header.Get("Content-Type") != want+"; charset=utf-8" || got.header.Get("Vary") != "Accept" {
			t.Errorf("%q: got %d %v, want %s", accept, got.status, got.header, want)
		}
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	server := serve(t, newFixture(), config())
	for _, row := range []struct {
		query        string
		newer, older int
		want         string
	}{
		{`{ hello }`, 200, 200, `{"data":{"hello":"world"}}`},
		{`{ partial }`, 294, 200, `{"errors":[{"message":"no value"}],"data":{"partial":null}}`},
		{`{ null }`, 294, 200, `{"errors":[{"message":"no value"}],"data":null}`},
		{`{ extensions }`, 200, 200, `{"data":{"extensions":"<b>"},"extensions":{"cost":1}}`},
		{`{ written }`, 200, 200, `{"data":{"written":"<b>"},"extensions":{"cost":1}}`},
		{`{ written(fails: true) }`, 294, 200, `{"errors":[{"message":"no value"}],"data":{"written":"<b>"},"extensions":{"cost":1}}`},
		{`{ panics }`, 500, 500, `{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}`},
		{`{ broken }`, 500, 500, `{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}`},
		{`{ fails(code: "UNAUTHENTICATED") }`, 401, 401, ""},
		{`{ fails(code: "FORBIDDEN") }`, 403, 403, ""},
		{`{ fails(code: "RATE_LIMITED") }`, 429, 429, ""},
		{`{ fails(code: "UNAVAILABLE") }`, 503, 503, ""},
		{`{ fails(code: "PERSISTED_QUERY_NOT_FOUND") }`, 400, 200, ""},
		{`{ fails(code: "COST_LIMIT") }`, 400, 200, ""},
		{`{ nothing }`, 400, 200, ""},
		{`query A { hello } query B { hello }`, 400, 200, ""},
	} {
		for accept, want := range map[string]int{newer: row.newer, older: row.older} {
			got := post(t, server.URL, fmt.Sprintf(`{"query":%q}`, row.query), "Accept", accept)
			if got.status != want || row.want != "" && got.body != row.want {
				t.Errorf("%s as %s: got %d %s, want %d %s", row.query, accept, got.status, got.body, want, row.want)
			}
			if row.want == "" && (strings.Contains(got.body, `"data"`) || got.code(t) == "") {
				t.Errorf("%s: got %s", row.query, got.body)
			}
		}
	}
}

// TestPartialStatus: HEAD has the status of GET, and only the media type that defines
// 294 has it, in answers and not in streams.
func TestPartialStatus(t *testing.T) {
	t.Parallel()
	const partial = "?query={partial}"
	for configured, want := range map[int]int{0: 294, 200: 200, 294: 294} {
		server := serve(t, newFixture(), transport.Config{PartialStatus: configured})
		for _, row := range []struct {
			method, accept string
			want           int
		}{
			{http.MethodGet, newer, want}, {http.MethodHead, newer, want}, {http.MethodGet, newer + ", " + older, want},
			{http.MethodGet, older, 200}, {http.MethodGet, "*/*", 200}, {http.MethodGet, eventStream, 200},
		} {
			if got := send(t, row.method, server.URL+partial, "", "Accept", row.accept); got.status != row.want {
				t.Errorf("with %d, %s as %s: got %d, want %d", configured, row.method, row.accept, got.status, row.want)
			}
		}
	}
	h := newFixture().handler(config())
	if got := h.Execute(t.Context(), transport.Request{Document: "{partial}"}); got.Status != 200 || len(got.Errors) != 1 {
		t.Errorf("a request of the program: got %d %v", got.Status, got.Errors)
	}
}

func TestHeader(t *testing.T) {
	t.Parallel()
	server := serve(t, newFixture(), config())
	got := post(t, server.URL, `{"query":"{ header }"}`)
	if got.header.Get("Retry-After") != "7" || got.header.Get("X-Parameters") != "seen" || fmt.Sprint(got.header["Vary"]) != "[Accept X-Key]" {
		t.Errorf("got %v", got.header)
	}
	if got := post(t, server.URL, `{"query":"{ nothing }"}`); got.header.Get("X-Parameters") != "seen" {
		t.Errorf("an invalid operation: got %v", got.header)
	}
	transport.Header(t.Context()).Set("Nowhere", "at all")
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	f := newFixture()
	server := serve(t, f, transport.Config{Timeout: 20 * time.Millisecond})
	for _, accept := range []string{older, newer} {
		got := post(t, server.URL, `{"query":"{ waits }"}`, "Accept", accept)
		if got.status != 503 || got.code(t) != "UNAVAILABLE" || !strings.Contains(got.body, "longer than 20ms") || !strings.Contains(got.body, "req-1") {
			t.Errorf("got %d %s", got.status, got.body)
		}
		<-f.ended
	}
	got := post(t, server.URL, `{"query":"{ waits }"}`, "Accept", eventStream)
	if got.status != 200 || !strings.Contains(got.body, "longer than 20ms") || !strings.HasSuffix(got.body, "event: complete\ndata:\n\n") {
		t.Errorf("as events: got %d %s", got.status, got.body)
	}
}
