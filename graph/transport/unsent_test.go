package transport_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

// stall sends a request on a new connection and reads only the status line of the
// response. disconnect closes the connection.
func stall(t *testing.T, address, body string) (disconnect func()) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		t.Fatal(err)
	}
	const want = "HTTP/1.1 200"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
		t.Fatalf("got %s, %v, want %s", got, err, want)
	}
	return func() { _ = conn.Close() }
}

// Large responses that are not read count towards MaxUnsent: beyond it further large
// ones are refused, small ones are not. When a client disconnects, its bytes are
// free again.
func TestUnsentResponses(t *testing.T) {
	t.Parallel()
	const large, small = `{"query":"{ large }"}`, `{"query":"{ hello }"}`
	server := serve(t, newFixture(), transport.Config{WriteTimeout: time.Minute, MaxUnsent: largeResponse + 1<<20})
	disconnect := stall(t, server.URL, large)
	got := post(t, server.URL, large)
	if got.status != http.StatusServiceUnavailable || got.code(t) != "UNAVAILABLE" || got.header.Get("Retry-After") == "" || strings.Contains(got.body, `"data"`) {
		t.Errorf("got %d %v %.300s", got.status, got.header, got.body)
	}
	if got := post(t, server.URL, small); got.status != http.StatusOK {
		t.Errorf("a small response meanwhile: got %d %s", got.status, got.body)
	}

	// The same on the other transports.
	s := subscribe(t, server.URL, "{ large }")
	s.want(comment)
	if event := s.next(); !strings.Contains(event, "UNAVAILABLE") {
		t.Errorf("an event: got %.200s", event)
	}
	socket := connected(t, server.URL)
	socket.send(`{"id":"a","type":"subscribe","payload":{"query":"{ large }"}}`)
	if _, message, err := socket.conn.Read(t.Context()); err != nil || !strings.Contains(string(message), "UNAVAILABLE") {
		t.Errorf("a message: got %.200s, %v", message, err)
	}

	disconnect()
	for end := time.Now().Add(20 * time.Second); post(t, server.URL, large).status != http.StatusOK; {
		if time.Now().After(end) {
			t.Fatal("the bytes are not free again")
		}
	}
}

// The connection of a client that doesn't read a large response is closed, though the
// server's own timeout is long.
func TestSlowReaderOfAResponse(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 1)
	server := httptest.NewUnstartedServer(newFixture().handler(transport.Config{WriteTimeout: 50 * time.Millisecond}))
	server.Config.WriteTimeout = time.Hour
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	defer stall(t, server.URL, `{"query":"{ large }"}`)()
	<-closed
}

// One client may open a fifth of the streams and of the WebSockets; closed ones no
// longer count. The addresses of one IPv6 network are one client.
func TestOneClientHasAFifth(t *testing.T) {
	t.Parallel()
	f := newFixture()
	h := f.handler(transport.Config{MaxStreams: 10, MaxConnections: 10})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(domain.WithClient(r.Context(), netip.MustParseAddr(r.Header.Get("X-Client")))))
	}))
	defer server.Close()
	stream := func(client string) *http.Response {
		return open(t, http.MethodGet, server.URL+"?query=subscription{silent}", "", "Accept", eventStream, "X-Client", client)
	}
	socket := func(client string) (*websocket.Conn, int) {
		conn, res, _ := websocket.Dial(t.Context(), server.URL, &websocket.DialOptions{
			Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"X-Client": {client}}})
		return conn, res.StatusCode
	}
	for _, clients := range [][3]string{{"192.0.2.1", "192.0.2.1", "192.0.2.2"}, {"2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"}} {
		one, other, another := clients[0], clients[1], clients[2]
		first := stream(one)
		defer stream(other).Body.Close()
		conn, _ := socket(one)
		if _, got := socket(other); got != http.StatusSwitchingProtocols {
			t.Errorf("%s: got %d", other, got)
		}
		refused := stream(one)
		refused.Body.Close()
		if _, got := socket(one); refused.StatusCode != http.StatusServiceUnavailable || got != http.StatusServiceUnavailable {
			t.Errorf("%s: got %d and %d, want 503", one, refused.StatusCode, got)
		}
		further := stream(another)
		defer further.Body.Close()
		if _, got := socket(another); further.StatusCode != http.StatusOK || got != http.StatusSwitchingProtocols {
			t.Errorf("%s: got %d and %d", another, further.StatusCode, got)
		}
		first.Body.Close()
		_ = conn.CloseNow()
		again := func(what string, taken func() bool) {
			for end := time.Now().Add(10 * time.Second); !taken(); {
				if time.Now().After(end) {
					t.Fatalf("%s: the %s still counts after it was closed", one, what)
				}
			}
		}
		again("stream", func() bool {
			res := stream(one)
			defer res.Body.Close()
			return res.StatusCode == http.StatusOK
		})
		again("socket", func() bool {
			_, got := socket(one)
			return got == http.StatusSwitchingProtocols
		})
	}
}
