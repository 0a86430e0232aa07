package transport_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph/transport"
)

// stall asks for something over a connection of its own and reads the first
// words of the answer and no more, until it leaves.
func stall(t *testing.T, address, body string) (leave func()) {
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

// A large answer that nobody reads takes room, of which there is only so much:
// others are then refused, small ones are not, and when its client has gone the
// room is free again.
func TestUnsentAnswers(t *testing.T) {
	t.Parallel()
	const large, small = `{"query":"{ large }"}`, `{"query":"{ hello }"}`
	server := serve(t, newFixture(), transport.Config{WriteTimeout: time.Minute, MaxUnsent: largeAnswer + 1<<20})
	leave := stall(t, server.URL, large)
	got := post(t, server.URL, large)
	if got.status != http.StatusServiceUnavailable || got.code(t) != "UNAVAILABLE" || got.header.Get("Retry-After") == "" || strings.Contains(got.body, `"data"`) {
		t.Errorf("got %d %v %.300s", got.status, got.header, got.body)
	}
	if got := post(t, server.URL, small); got.status != http.StatusOK {
		t.Errorf("a small answer meanwhile: got %d %s", got.status, got.body)
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

	leave()
	for end := time.Now().Add(20 * time.Second); post(t, server.URL, large).status != http.StatusOK; {
		if time.Now().After(end) {
			t.Fatal("the room is not free again")
		}
	}
}

// A client that doesn't read a large answer is cut off, though the server's own
// limit would leave it for long.
func TestSlowReaderOfAnAnswer(t *testing.T) {
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
