package transport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

// socket is a client's end of a WebSocket.
type socket struct {
	t    testing.TB
	conn *websocket.Conn
}

func dial(t testing.TB, address string, header ...string) *socket {
	t.Helper()
	options := &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{}}
	for i := 0; i < len(header); i += 2 {
		options.HTTPHeader.Add(header[i], header[i+1])
	}
	conn, _, err := websocket.Dial(t.Context(), address, options)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(4 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &socket{t, conn}
}

// connected returns a socket whose connection_init was acknowledged.
func connected(t testing.TB, address string, header ...string) *socket {
	t.Helper()
	s := dial(t, address, header...)
	s.send(`{"type":"connection_init"}`)
	s.want(`{"type":"connection_ack"}`)
	return s
}

func (s *socket) send(messages ...string) {
	s.t.Helper()
	for _, m := range messages {
		if err := s.conn.Write(context.WithoutCancel(s.t.Context()), websocket.MessageText, []byte(m)); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *socket) want(messages ...string) {
	s.t.Helper()
	for _, want := range messages {
		_, got, err := s.conn.Read(s.t.Context())
		if err != nil {
			s.t.Fatalf("%v, want %s", err, want)
		}
		if string(got) != want {
			s.t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// closes expects the connection to be closed, after any messages.
func (s *socket) closes(code websocket.StatusCode, reason string) {
	s.t.Helper()
	for {
		_, _, err := s.conn.Read(s.t.Context())
		if err == nil {
			continue
		}
		closed, _ := errors.AsType[websocket.CloseError](err)
		if closed.Code != code || closed.Reason != reason {
			s.t.Errorf("got %v, want %d %s", err, code, reason)
		}
		return
	}
}

func TestSocket(t *testing.T) {
	t.Parallel()
	f := newFixture()
	server := serve(t, f, transport.Config{MaxOperations: 2})
	t.Run("QueriesAndMutations", func(t *testing.T) {
		t.Parallel()
		s := connected(t, server.URL)
		s.send(`{"id":"a","type":"subscribe","payload":{"query":"{ hello }"}}`)
		s.want(`{"id":"a","type":"next","payload":{"data":{"hello":"world"}}}`, `{"id":"a","type":"complete"}`)
		// An id is free again after its operation.
		s.send(`{"id":"a","type":"subscribe","payload":{"query":"mutation M { hello }","operationName":"M","variables":{},"extensions":{}}}`)
		s.want(`{"id":"a","type":"next","payload":{"data":{"hello":"world"}}}`, `{"id":"a","type":"complete"}`)
		// Members that the server doesn't know are ignored, also those that are there twice.
		s.send(`{"id":"a","v":1,"v":2,"type":"subscribe","payload":{"query":"{ hello }","id":1,"id":2,"operationName":null}}`)
		s.want(`{"id":"a","type":"next","payload":{"data":{"hello":"world"}}}`, `{"id":"a","type":"complete"}`)
		s.send(`{"id":"b","type":"subscribe","payload":{"query":"{ partial }"}}`)
		s.want(`{"id":"b","type":"next","payload":{"errors":[{"message":"no value"}],"data":{"partial":null}}}`, `{"id":"b","type":"complete"}`)
	})
	t.Run("Errors", func(t *testing.T) {
		t.Parallel()
		s := connected(t, server.URL)
		for query, want := range map[string]string{
			`{ fails(code: \"X\") }`:  `[{"message":"fails","extensions":{"code":"X"}}]`,
			`{ panics }`:              `[{"message":"internal error","extensions":{"code":"INTERNAL"}}]`,
			`subscription { panics }`: `[{"message":"internal error","extensions":{"code":"INTERNAL"}}]`,
			`subscription { fails }`:  `[{"message":"cannot subscribe"}]`,
			`{ broken }`:              `[{"message":"internal error","extensions":{"code":"INTERNAL"}}]`,
			`{ `:                      `[{"message":"Expected Name, found \u003cEOF\u003e","locations":[{"line":1,"column":3}],"extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]`,
		} {
			s.send(`{"id":"a","type":"subscribe","payload":{"query":"` + query + `"}}`)
			s.want(`{"id":"a","type":"error","payload":` + want + `}`)
		}
	})
	t.Run("Subscription", func(t *testing.T) {
		t.Parallel()
		s := connected(t, server.URL)
		s.send(`{"id":"a","type":"subscribe","payload":{"query":"subscription { ticks }"}}`)
		f.ticks <- 1
		s.want(`{"id":"a","type":"next","payload":{"data":{"ticks":1}}}`)
		s.send(`{"id":"a","type":"complete"}`)
		<-f.ended
		s.send(`{"type":"ping","payload":{"n":1}}`)
		s.want(`{"type":"pong","payload":{"n":1}}`) // and nothing about a
		s.send(`{"id":"a","type":"subscribe","payload":{"query":"subscription { ticks }"}}`)
		close(f.ticks)
		s.want(`{"id":"a","type":"complete"}`)
	})
	t.Run("TooManyOperations", func(t *testing.T) {
		t.Parallel()
		own := newFixture()
		s := connected(t, serve(t, own, transport.Config{MaxOperations: 2}).URL)
		for _, id := range []string{"a", "b", "c"} {
			s.send(`{"id":"` + id + `","type":"subscribe","payload":{"query":"subscription { silent }"}}`)
		}
		s.want(`{"id":"c","type":"error","payload":[{"message":"at most 2 operations run on one WebSocket at once","extensions":{"code":"UNAVAILABLE","requestId":"req-1"}}]}`)
	})
	t.Run("Timeout", func(t *testing.T) {
		t.Parallel()
		s := connected(t, serve(t, newFixture(), transport.Config{Timeout: 10 * time.Millisecond}).URL)
		s.send(`{"id":"a","type":"subscribe","payload":{"query":"{ waits }"}}`)
		s.want(`{"id":"a","type":"error","payload":[{"message":"the operation took longer than 10ms; ask for less at once","extensions":{"code":"UNAVAILABLE","requestId":"req-1"}}]}`)
	})
	t.Run("ClientLeaves", func(t *testing.T) {
		t.Parallel()
		own := newFixture()
		s := connected(t, serve(t, own, config()).URL)
		s.send(`{"id":"a","type":"subscribe","payload":{"query":"subscription { silent }"}}`)
		<-own.waiting
		if err := s.conn.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
		<-own.ended
	})
}

func TestSocketPings(t *testing.T) {
	t.Parallel()
	f := newFixture()
	server := serve(t, f, transport.Config{KeepAlive: 300 * time.Millisecond})
	s := connected(t, server.URL)
	for range 2 {
		s.want(`{"type":"ping"}`)
		s.send(`{"type":"pong"}`)
	}
	s.send(`{"id":"a","type":"subscribe","payload":{"query":"subscription { silent }"}}`)
	<-f.ended // because there was no pong
}

func TestSocketCloses(t *testing.T) {
	t.Parallel()
	const ready = `{"type":"connection_init"}`
	long := strings.Repeat("ö", 100)
	server := serve(t, newFixture(), transport.Config{MaxMessage: 10_000})
	for name, row := range map[string]struct {
		messages []string
		code     websocket.StatusCode
		reason   string
	}{
		"NotJSON":          {[]string{"hunter2"}, 4400, "the message is not JSON: see byte 0"},
		"NoObject":         {[]string{"[]"}, 4400, "the message is a list: batches are not supported"},
		"NoType":           {[]string{"{}"}, 4400, "the message has no type"},
		"TypeNumber":       {[]string{`{"type":1}`}, 4400, "type must be a string, and is a number"},
		"UnknownType":      {[]string{ready, `{"type":"start"}`}, 4400, "the message is of a type that clients don't send"},
		"ServersType":      {[]string{ready, `{"type":"next","id":"a"}`}, 4400, "the message is of a type that clients don't send"},
		"PayloadOfInit":    {[]string{`{"type":"connection_init","payload":"x"}`}, 4400, "the payload of connection_init must be an object, and is a string"},
		"PayloadOfPing":    {[]string{`{"type":"ping","payload":[]}`}, 4400, "the payload of ping must be an object, and is a list"},
		"AuthorizationBad": {[]string{`{"type":"connection_init","payload":{"authorization":1}}`}, 4400, "Authorization must be a string, and is a number"},
		"AuthorizationTwo": {[]string{`{"type":"connection_init","payload":{"authorization":"a","Authorization":"b"}}`}, 4400, "there is more than one Authorization"},
		"NoID":             {[]string{ready, `{"type":"subscribe","payload":{"query":"{hello}"}}`}, 4400, "subscribe needs an id"},
		"NoPayload":        {[]string{ready, `{"type":"subscribe","id":"a","payload":null}`}, 4400, "subscribe needs a payload"},
		"NoQuery":          {[]string{ready, `{"type":"subscribe","id":"a","payload":{}}`}, 4400, "query is missing"},
		"TwoQueries":       {[]string{ready, `{"type":"subscribe","id":"a","payload":{"query":"{hello}","query":"{panics}"}}`}, 4400, "the request has the member query twice"},
		"NotUTF8":          {[]string{"\"\xff\""}, 4400, "the message is not UTF-8"},
		"BeforeInit":       {[]string{`{"type":"subscribe","id":"a","payload":{"query":"{hello}"}}`}, 4401, "Unauthorized"},
		"NoAuthenticator":  {[]string{`{"type":"connection_init","payload":{"Authorization":"Bearer x"}}`}, 4403, "Forbidden"},
		"TwoInits":         {[]string{ready, ready}, 4429, "Too many initialisation requests"},
		"IDTaken": {[]string{ready, `{"type":"subscribe","id":"a","payload":{"query":"subscription{silent}"}}`,
			`{"type":"subscribe","id":"a","payload":{"query":"{hello}"}}`}, 4409, "Subscriber for a already exists"},
		"LongIDTaken": {[]string{ready, `{"type":"subscribe","id":"` + long + `","payload":{"query":"subscription{silent}"}}`,
			`{"type":"subscribe","id":"` + long + `","payload":{"query":"{hello}"}}`}, 4409, "Subscriber for " + strings.Repeat("ö", 54)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := dial(t, server.URL)
			s.send(row.messages...)
			s.closes(row.code, row.reason)
		})
	}
	t.Run("Binary", func(t *testing.T) {
		t.Parallel()
		s := dial(t, server.URL)
		if err := s.conn.Write(t.Context(), websocket.MessageBinary, []byte(ready)); err != nil {
			t.Fatal(err)
		}
		s.closes(4400, "the message is not text")
	})
	t.Run("InitTimeout", func(t *testing.T) {
		t.Parallel()
		s := dial(t, serve(t, newFixture(), transport.Config{InitTimeout: time.Millisecond}).URL)
		s.closes(4408, "Connection initialisation timeout")
	})
	t.Run("TooLarge", func(t *testing.T) {
		t.Parallel()
		s := connected(t, server.URL)
		s.send(`{"type":"ping","payload":{"x":"` + strings.Repeat("x", 10_000) + `"}}`)
		_, _, err := s.conn.Read(t.Context())
		if websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
			t.Errorf("got %v", err)
		}
	})
	t.Run("OtherSubprotocol", func(t *testing.T) {
		t.Parallel()
		conn, _, err := websocket.Dial(t.Context(), server.URL, &websocket.DialOptions{Subprotocols: []string{"graphql-ws"}})
		if err != nil {
			t.Fatal(err)
		}
		(&socket{t, conn}).closes(4406, "Subprotocol not acceptable")
	})
	t.Run("Shutdown", func(t *testing.T) {
		t.Parallel()
		f := newFixture()
		own := httptest.NewServer(f.handler(config()))
		s := connected(t, own.URL)
		s.send(`{"id":"a","type":"subscribe","payload":{"query":"subscription { silent }"}}`)
		<-f.waiting
		go func() { _ = own.Config.Shutdown(context.WithoutCancel(t.Context())) }()
		s.closes(websocket.StatusGoingAway, "The server is shutting down")
		<-f.ended
	})
	t.Run("ContextCancelled", func(t *testing.T) {
		t.Parallel()
		base, cancel := context.WithCancel(t.Context())
		h := newFixture().handler(config())
		own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r.WithContext(base)) }))
		t.Cleanup(own.Close)
		s := connected(t, own.URL)
		cancel()
		s.closes(websocket.StatusGoingAway, "The server is shutting down")
	})
}

func TestSocketAuthentication(t *testing.T) {
	t.Parallel()
	var revoked atomic.Bool
	keys := func(r *http.Request, authorization string) (context.Context, error) {
		switch {
		case authorization == "Bearer panic":
			panic("a secret of the program")
		case authorization == "Bearer away":
			return nil, &domain.Error{Kind: domain.KindUnavailable, Message: "busy"}
		case authorization == "Bearer bug":
			return nil, errors.New("a secret of the database")
		case authorization != "Bearer ada" || revoked.Load():
			return nil, &domain.Error{Kind: domain.KindUnauthenticated, Message: "no"}
		}
		return domain.WithViewer(r.Context(), &domain.Viewer{Name: "Ada"}), nil
	}
	server := serve(t, newFixture(), transport.Config{Authenticate: keys})
	const subscribe = `{"id":"a","type":"subscribe","payload":{"query":"{ viewer }"}}`
	next := func(name string) string {
		return `{"id":"a","type":"next","payload":{"data":{"viewer":"` + name + `"}}}`
	}
	for credential, code := range map[string]websocket.StatusCode{
		"Bearer eve": 4403, "Bearer away": websocket.StatusTryAgainLater, "Bearer bug": 4500, "Bearer panic": 4500,
	} {
		reason := map[websocket.StatusCode]string{4403: "Forbidden", 4500: "Internal server error"}[code]
		if reason == "" {
			reason = "Try again later"
		}
		s := dial(t, server.URL)
		s.send(`{"type":"connection_init","payload":{"Authorization":"` + credential + `"}}`)
		s.closes(code, reason)
	}
	anonymous := connected(t, server.URL)
	anonymous.send(subscribe)
	anonymous.want(next("nobody"))

	byInit := dial(t, server.URL)
	byInit.send(`{"type":"connection_init","payload":{"client":"x","authoriZATION":"Bearer ada"}}`)
	byInit.want(`{"type":"connection_ack"}`)
	byHeader := connected(t, server.URL, "Authorization", "Bearer ada")
	for _, s := range []*socket{byInit, byHeader} {
		s.send(subscribe)
		s.want(next("Ada"), `{"id":"a","type":"complete"}`)
	}
	revoked.Store(true)
	for _, s := range []*socket{byInit, byHeader} {
		s.send(subscribe)
		s.closes(4403, "Forbidden")
	}
}

func TestSocketRefusals(t *testing.T) {
	t.Parallel()
	origin := func(r *http.Request) bool { return r.Header.Get("Origin") == "https://site.example" }
	listed := serve(t, newFixture(), transport.Config{CheckOrigin: origin, MaxConnections: 1})
	upgrade := func(url, origin string) int {
		conn, res, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{
			Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"Origin": {origin}}})
		if err == nil {
			t.Cleanup(func() { _ = conn.CloseNow() })
		}
		return res.StatusCode
	}
	if got := upgrade(listed.URL, "https://evil.example"); got != http.StatusForbidden {
		t.Errorf("another origin: got %d", got)
	}
	if got := upgrade(listed.URL, "https://site.example"); got != http.StatusSwitchingProtocols {
		t.Errorf("a listed origin: got %d", got)
	}
	if got := upgrade(listed.URL, "https://site.example"); got != http.StatusServiceUnavailable {
		t.Errorf("one connection too many: got %d", got)
	}
	own := serve(t, newFixture(), config())
	if got := upgrade(own.URL, "https://site.example"); got != http.StatusForbidden {
		t.Errorf("without a list, another origin: got %d", got)
	}
	if got := upgrade(own.URL, own.URL); got != http.StatusSwitchingProtocols {
		t.Errorf("without a list, the server's own: got %d", got)
	}
}

func TestSlowReaderOfASocket(t *testing.T) {
	t.Parallel()
	f := newFixture()
	s := connected(t, serve(t, f, transport.Config{WriteTimeout: 50 * time.Millisecond}).URL)
	s.send(`{"id":"a","type":"subscribe","payload":{"query":"subscription { big }"}}`)
	<-f.ended
}

// It isn't parallel, because it counts the goroutines of the package.
func TestNothingIsLeft(t *testing.T) {
	f := newFixture()
	server := serve(t, f, config())
	const n = 20
	for i := range n {
		s := connected(t, server.URL)
		for j := range 3 {
			s.send(fmt.Sprintf(`{"id":"%d","type":"subscribe","payload":{"query":"subscription { silent }"}}`, j))
		}
		e := subscribe(t, server.URL, "subscription { silent }")
		for range 4 {
			<-f.waiting
		}
		if i%2 == 0 {
			_ = s.conn.CloseNow()
		} else {
			_ = s.conn.Close(websocket.StatusNormalClosure, "")
		}
		e.res.Body.Close()
	}
	for range 4 * n {
		<-f.ended
	}
	deadline := time.Now().Add(time.Minute)
	for {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		left := bytes.Count(stacks, []byte("graph/transport.(*Handler).ServeHTTP")) +
			bytes.Count(stacks, []byte("graph/transport.(*session)"))
		if left == 0 && f.active.Load() == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left:\n%s", left, stacks)
		}
		runtime.Gosched()
	}
}
