package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/server"
	"github.com/redthread-api/redthread/internal/server/explorer"
)

const goodKey = "rt_good"

// fakeAuthenticator knows one key, and a database that is away for another.
type fakeAuthenticator struct{}

func (fakeAuthenticator) Authenticate(_ context.Context, shown access.Credential) (*domain.Viewer, error) {
	switch shown.Token {
	case goodKey:
		return &domain.Viewer{Name: "Ada's desk", Role: domain.Editor, Clearance: domain.Red, KeyID: domain.NewID(domain.Key, time.Now())}, nil
	case "rt_away":
		return nil, &domain.Error{Kind: domain.KindUnavailable, Message: "the database is busy; try again"}
	case "rt_bug":
		return nil, errors.New("dial tcp 10.1.2.3:5432: shown.Token internals")
	}
	return nil, &domain.Error{Kind: domain.KindUnauthenticated, Message: "this key is not valid"}
}

// log is what the server has logged.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// lines are the log's records with a message. A line is written after its
// answer was, so ask when the server is closed.
func (l *log) lines(t testing.TB, message string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.Lines(l.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		if record["msg"] == message {
			found = append(found, record)
		}
	}
	return found
}

// running is a server on a port of its own.
type running struct {
	url   string
	log   *log
	close func()
}

// start serves the API handler. Its configuration is tests' unless adjust
// says otherwise.
func start(t *testing.T, api http.HandlerFunc, adjust func(*server.Config)) *running {
	t.Helper()
	out := &log{}
	c := server.Config{
		GraphQL: api, Authenticator: fakeAuthenticator{},
		Examples: []explorer.Example{{Name: "Newest", Query: "{ reports { totalCount } }"}},
		Log:      slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if adjust != nil {
		adjust(&c)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := server.New(c)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	r := &running{url: "http://" + l.Addr().String(), log: out}
	r.close = sync.OnceFunc(func() {
		// Close waits for the requests that are answered but not logged yet.
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(r.close)
	return r
}

type response struct {
	status int
	header http.Header
	body   string
}

// client does not undo compression behind the test's back.
func client(t *testing.T) *http.Client {
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func do(t *testing.T, request *http.Request) response {
	t.Helper()
	res, err := client(t).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{res.StatusCode, res.Header, string(body)}
}

func request(t *testing.T, method, url, body string, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func (r *running) get(t *testing.T, path string, header ...string) response {
	t.Helper()
	return do(t, request(t, http.MethodGet, r.url+path, "", header...))
}

func (r *running) post(t *testing.T, body string, header ...string) response {
	t.Helper()
	return do(t, request(t, http.MethodPost, r.url+"/graphql", body, append([]string{"Content-Type", "application/json"}, header...)...))
}

// wantError checks an answer of the server itself.
func wantError(t *testing.T, got response, status int, code string) {
	t.Helper()
	var body struct {
		Errors []struct {
			Message    string
			Extensions struct{ Code, RequestID string }
		}
	}
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		t.Fatalf("status %d, body %q: %v", got.status, got.body, err)
	}
	if got.status != status || len(body.Errors) != 1 || body.Errors[0].Extensions.Code != code || body.Errors[0].Message == "" {
		t.Errorf("got %d %s, want %d %s", got.status, got.body, status, code)
	} else if id := body.Errors[0].Extensions.RequestID; id == "" || id != got.header.Get("X-Request-Id") {
		t.Errorf("request id %q in the body, %q in the header", id, got.header.Get("X-Request-Id"))
	}
	if !strings.HasPrefix(got.header.Get("Content-Type"), "application/") {
		t.Errorf("content type %q", got.header.Get("Content-Type"))
	}
}

func hello(w http.ResponseWriter, r *http.Request) {
	viewer, err := domain.ViewerFrom(r.Context())
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"data":{"viewer":%q}}`, viewer.Role)
}
