package transport_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/graph/transport"
)

// queryMethod sends a request by QUERY (RFC 10008).
func queryMethod(t testing.TB, url, body string, header ...string) response {
	t.Helper()
	return send(t, transport.MethodQuery, url, body, append(header, jsonBody...)...)
}

func TestQueryMethod(t *testing.T) {
	t.Parallel()
	f := newFixture()
	server := serve(t, f, config())
	const hello = `{"query":"{hello}"}`
	for name, row := range map[string]struct {
		body   string
		header []string
		status int
		want   string
	}{
		"Query":               {hello, jsonBody, 200, `{"data":{"hello":"world"}}`},
		"Variables":           {`{"query":"query A($n:String){hello(name:$n)} query B{panics}","operationName":"A","variables":{"n":"x"}}`, jsonBody, 200, "world"},
		"Charset":             {hello, []string{"Content-Type", "application/json; charset=UTF-8"}, 200, "world"},
		"Newer":               {hello, append([]string{"Accept", newer}, jsonBody...), 200, "world"},
		"Partial":             {`{"query":"{partial}"}`, append([]string{"Accept", newer}, jsonBody...), 294, "no value"},
		"AsEvents":            {hello, append([]string{"Accept", eventStream}, jsonBody...), 200, "event: next\ndata: {\"data\":{\"hello\":\"world\"}}"},
		"NoBody":              {"", jsonBody, 400, "the request is empty"},
		"NoContentType":       {hello, nil, 400, "has a body, and the header"},
		"NoBodyNoContentType": {"", nil, 400, "has a body, and the header"},
		"Form":                {"query={hello}", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		"Document":            {"{hello}", []string{"Content-Type", "application/graphql"}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		"EmptyContentType":    {hello, []string{"Content-Type", ""}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		"Compressed":          {hello, append([]string{"Content-Encoding", "gzip"}, jsonBody...), 415, "compressed"},
		"NotAcceptable":       {hello, append([]string{"Accept", "text/html"}, jsonBody...), 406, "NOT_ACCEPTABLE"},
		"NotValid":            {`{"query":"{nothing}"}`, append([]string{"Accept", newer}, jsonBody...), 400, "GRAPHQL_VALIDATION_FAILED"},
		"TooLarge":            {`{"query":"{hello}","variables":{"x":"` + strings.Repeat("x", 100_000) + `"}}`, jsonBody, 413, "larger than"},
		"Mutation":            {`{"query":"mutation{hello}"}`, jsonBody, 405, "a mutation is sent by POST"},
		"Subscription":        {`{"query":"subscription{ticks}"}`, append([]string{"Accept", eventStream}, jsonBody...), 405, "a subscription is sent by POST or GET"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := send(t, transport.MethodQuery, server.URL, row.body, row.header...)
			if got.status != row.status || !strings.Contains(got.body, row.want) {
				t.Errorf("got %d %s, want %d with %q", got.status, got.body, row.status, row.want)
			}
			if got.header.Get("Accept-Query") != `"application/json"` || got.header.Get("Accept-Post") != "" {
				t.Errorf("got Accept-Query %s, Accept-Post %s", got.header.Get("Accept-Query"), got.header.Get("Accept-Post"))
			}
			if allow := got.header.Get("Allow"); (allow != "") != (got.status == 405) || strings.Contains(allow, "QUERY") {
				t.Errorf("got Allow: %s", allow)
			}
		})
	}
	t.Run("TheURLIsNotRead", func(t *testing.T) {
		t.Parallel()
		if got := queryMethod(t, server.URL+"?query={panics}&variables=x", hello); got.status != 200 || !strings.Contains(got.body, "world") {
			t.Errorf("got %d %s", got.status, got.body)
		}
		// So do clients that put the document into the URL, whatever the method.
		if got := send(t, transport.MethodQuery, server.URL+"?query={hello}", ""); got.status != 400 {
			t.Errorf("without a body: got %d %s", got.status, got.body)
		}
	})
	t.Run("Chunked", func(t *testing.T) {
		t.Parallel()
		r, err := http.NewRequestWithContext(t.Context(), transport.MethodQuery, server.URL, io.MultiReader(strings.NewReader(hello)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", older)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 200 || !strings.Contains(string(body), "world") {
			t.Errorf("got %d %s, %v", res.StatusCode, body, err)
		}
	})
	t.Run("MethodsAreCaseSensitive", func(t *testing.T) {
		t.Parallel()
		if got := send(t, "query", server.URL, hello, jsonBody...); got.status != 405 || !strings.Contains(got.header.Get("Allow"), "QUERY") {
			t.Errorf("got %d %v", got.status, got.header)
		}
	})
	t.Run("AcceptQuery", func(t *testing.T) {
		t.Parallel()
		for method, want := range map[string]string{"GET": `"application/json"`, "HEAD": `"application/json"`, "OPTIONS": `"application/json"`, "DELETE": `"application/json"`, "POST": ""} {
			if got := send(t, method, server.URL, ""); got.header.Get("Accept-Query") != want {
				t.Errorf("%s: got %s, want %s", method, got.header.Get("Accept-Query"), want)
			}
		}
	})
}
