package transport_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph/transport"
)

// eventReader reads an event stream.
type eventReader struct {
	t     testing.TB
	res   *http.Response
	lines *bufio.Reader
}

func subscribe(t testing.TB, address, query string) *eventReader {
	t.Helper()
	res := open(t, http.MethodGet, address+"?query="+url.QueryEscape(query), "", "Accept", eventStream)
	t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
		t.Fatalf("got %d %v", res.StatusCode, res.Header)
	}
	return &eventReader{t, res, bufio.NewReader(res.Body)}
}

// next reads an event or a comment; it is empty at the end.
func (f *eventReader) next() string {
	f.t.Helper()
	var event strings.Builder
	for {
		line, err := f.lines.ReadString('\n')
		if err != nil || line == "\n" {
			return event.String()
		}
		event.WriteString(line)
	}
}

func (f *eventReader) want(events ...string) {
	f.t.Helper()
	for _, want := range events {
		if got := f.next(); got != want {
			f.t.Fatalf("got %q, want %q", got, want)
		}
	}
}

const (
	comment   = ":\n"
	completed = "event: complete\ndata:\n"
)

func TestEvents(t *testing.T) {
	t.Parallel()
	f := newFixture()
	server := serve(t, f, config())
	t.Run("Subscription", func(t *testing.T) {
		t.Parallel()
		s := subscribe(t, server.URL, "subscription { ticks }")
		s.want(comment)
		f.ticks <- 1
		s.want("event: next\ndata: {\"data\":{\"ticks\":1}}\n")
		f.ticks <- 2
		s.want("event: next\ndata: {\"data\":{\"ticks\":2}}\n")
		close(f.ticks)
		s.want(completed, "")
	})
	for name, row := range map[string]struct{ query, want string }{
		"Query":          {`{ hello }`, `{"data":{"hello":"world"}}`},
		"Mutation":       {`mutation { hello }`, `{"data":{"hello":"world"}}`},
		"Panic":          {`{ panics }`, `{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}`},
		"PanicInAStream": {`subscription { panics }`, `{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}`},
		"NoSubscription": {`subscription { fails }`, `{"errors":[{"message":"cannot subscribe"}]}`},
		"Invalid":        {`{ nothing }`, `Cannot query field`},
		"BrokenScalar":   {`{ broken }`, `{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := post(t, server.URL, `{"query":"`+row.query+`"}`, "Accept", eventStream)
			begin, end := ":\n\nevent: next\ndata: {", "}\n\nevent: complete\ndata:\n\n"
			if got.status != 200 || !strings.HasPrefix(got.body, begin) || !strings.HasSuffix(got.body, end) || !strings.Contains(got.body, row.want) {
				t.Errorf("got %d %q", got.status, got.body)
			}
		})
	}
	t.Run("MalformedIsNoStream", func(t *testing.T) {
		t.Parallel()
		if got := post(t, server.URL, `{"qeury":"{hello}"}`, "Accept", eventStream); got.status != 400 || got.code(t) != "BAD_USER_INPUT" {
			t.Errorf("got %d %s", got.status, got.body)
		}
	})
	t.Run("SubscriptionWithoutAStream", func(t *testing.T) {
		t.Parallel()
		for _, accept := range []string{"*/*", older, newer} {
			got := post(t, server.URL, `{"query":"subscription { silent }"}`, "Accept", accept)
			if got.status != 406 || got.code(t) != "NOT_ACCEPTABLE" || !strings.Contains(got.body, "Accept: text/event-stream") {
				t.Errorf("%s: got %d %s", accept, got.status, got.body)
			}
		}
	})
	t.Run("Head", func(t *testing.T) {
		t.Parallel()
		got := send(t, http.MethodHead, server.URL+"?query=subscription+%7B+silent+%7D", "", "Accept", eventStream)
		if got.status != 200 || !strings.HasPrefix(got.header.Get("Content-Type"), eventStream) {
			t.Errorf("got %d %v", got.status, got.header)
		}
	})
}

// A client that has the header of a stream, or the response to a later operation on the same WebSocket,
// gets all that happens from then on.
func TestSubscriptionsHaveBegun(t *testing.T) {
	t.Parallel()
	t.Run("Events", func(t *testing.T) {
		t.Parallel()
		f := newFixture()
		subscribe(t, serve(t, f, config()).URL, "subscription { late }")
		if !f.lateBegun.Load() {
			t.Error("the header came before the subscription had begun")
		}
	})
	t.Run("EventsOfOneThatIsStuck", func(t *testing.T) {
		t.Parallel()
		subscribe(t, serve(t, newFixture(), transport.Config{KeepAlive: time.Millisecond}).URL, "subscription { stuck }").want(comment, comment)
	})
	t.Run("WebSocket", func(t *testing.T) {
		t.Parallel()
		f := newFixture()
		s := connected(t, serve(t, f, config()).URL)
		s.send(`{"id":"a","type":"subscribe","payload":{"query":"subscription { late }"}}`,
			`{"id":"b","type":"subscribe","payload":{"query":"{ nothing }"}}`,
			`{"id":"c","type":"subscribe","payload":{"query":"{ hello }"}}`)
		if _, got, err := s.conn.Read(t.Context()); err != nil || !strings.HasPrefix(string(got), `{"id":"b","type":"error"`) {
			t.Errorf("got %s, %v; want the error of b", got, err)
		}
		if !f.lateBegun.Load() {
			t.Error("a later operation has an error before the subscription had begun")
		}
		s.want(`{"id":"c","type":"next","payload":{"data":{"hello":"world"}}}`)
	})
	t.Run("WebSocketOfOneThatIsStuck", func(t *testing.T) {
		t.Parallel()
		const stuck, hello = `{"id":"a","type":"subscribe","payload":{"query":"subscription { stuck }"}}`, `"type":"subscribe","payload":{"query":"{ hello }"}}`
		s := connected(t, serve(t, newFixture(), config()).URL)
		// One that is completed while it waits does not lose the turn of those after it.
		for range 5 {
			s.send(stuck, `{"id":"b",`+hello, `{"id":"b","type":"complete"}`, `{"id":"c",`+hello, `{"id":"a","type":"complete"}`)
			s.want(`{"id":"c","type":"next","payload":{"data":{"hello":"world"}}}`, `{"id":"c","type":"complete"}`)
		}
		s.send(stuck, `{"id":"c",`+hello)
		if err := s.conn.CloseNow(); err != nil { // the server's end waits for its operations
			t.Error(err)
		}
		own := connected(t, serve(t, newFixture(), transport.Config{Timeout: 20 * time.Millisecond}).URL)
		own.send(`{"id":"c",`+hello, stuck)
		own.want(`{"id":"c","type":"next","payload":{"data":{"hello":"world"}}}`, `{"id":"c","type":"complete"}`)
		if _, got, err := own.conn.Read(t.Context()); err != nil || !strings.HasPrefix(string(got), `{"id":"a","type":`) {
			t.Errorf("got %s, %v; want the end of the subscription", got, err)
		}
	})
}

func TestSilentStreams(t *testing.T) {
	t.Parallel()
	f := newFixture()
	server := serve(t, f, transport.Config{KeepAlive: time.Millisecond, MaxStreams: 1})
	s := subscribe(t, server.URL, "subscription { silent }")
	s.want(comment, comment, comment, comment)

	got := post(t, server.URL, `{"query":"subscription { silent }"}`, "Accept", eventStream)
	if got.status != 503 || got.code(t) != "UNAVAILABLE" || got.header.Get("Retry-After") == "" {
		t.Errorf("one stream too many: got %d %s", got.status, got.body)
	}
	s.res.Body.Close()
	<-f.ended
}

// The timeouts of an http.Server are for whole responses, and don't end streams.
func TestStreamsOutliveTheServersLimits(t *testing.T) {
	t.Parallel()
	f := newFixture()
	h := httptest.NewUnstartedServer(f.handler(transport.Config{KeepAlive: time.Millisecond, Timeout: 5 * time.Millisecond}))
	h.Config.ReadTimeout = 200 * time.Millisecond
	h.Config.WriteTimeout = 200 * time.Millisecond
	h.Start()
	t.Cleanup(h.Close)
	s := subscribe(t, h.URL, "subscription { ticks }")
	for range 300 { // at least 300 ms
		s.want(comment)
	}
	f.ticks <- 7
	for got := s.next(); got != "event: next\ndata: {\"data\":{\"ticks\":7}}\n"; got = s.next() {
		if got != comment {
			t.Fatalf("got %q", got)
		}
	}
}

// The connection of a client that doesn't read is closed.
func TestSlowReaderOfEvents(t *testing.T) {
	t.Parallel()
	f := newFixture()
	server := serve(t, f, transport.Config{WriteTimeout: 50 * time.Millisecond})
	conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET /?query=subscription{big} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	<-f.ended
}

func TestShutdownEndsStreams(t *testing.T) {
	t.Parallel()
	f := newFixture()
	server := httptest.NewServer(f.handler(config()))
	s := subscribe(t, server.URL, "subscription { silent }")
	s.want(comment)
	<-f.waiting
	if err := server.Config.Shutdown(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	s.want("") // and no completion: the client should reconnect
}
