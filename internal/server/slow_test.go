package server_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/server"
)

// Connections that send nothing, or never end what they send, are closed when
// their timeout is over, and other connections are served meanwhile.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			w.WriteHeader(http.StatusRequestTimeout)
		}
	}, func(c *server.Config) { c.Timeout = 100 * time.Millisecond })
	const head = "POST /graphql HTTP/1.1\r\nHost: x\r\n"
	open := map[string]net.Conn{}
	for name, sent := range map[string]string{
		"nothing":       "",
		"half a line":   "POST /gra",
		"half a header": head + "Content-Type: application/json\r\nX-Slow: ",
		"half a body":   head + "Content-Length: 100\r\n\r\n{",
		"half a chunk":  head + "Transfer-Encoding: chunked\r\n\r\n64\r\n{",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, sent); err != nil {
			t.Fatal(err)
		}
		open[name] = conn
	}
	if got := s.post(t, "{}"); got.status != http.StatusOK {
		t.Errorf("a quick client: got %d %s", got.status, got.body)
	}
	for name, conn := range open {
		// Far more than it takes, and far less than the usual limits.
		if err := conn.SetReadDeadline(time.Now().Add(4 * time.Second)); err != nil {
			t.Fatal(err)
		}
		res, err := io.ReadAll(conn)
		if err != nil {
			t.Errorf("%s: the connection is still open: %v", name, err)
		}
		if strings.HasPrefix(name, "half a body") && !strings.HasPrefix(string(res), "HTTP/1.1 408") {
			t.Errorf("%s: got %q", name, res)
		}
	}
}
