package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// testServer is a server with keys of all kinds, to which tests connect over the
// network. Connections from 127.0.0.1 are from a trusted proxy; those from other
// addresses are not.
type testServer struct {
	*app.App
	t      *testing.T
	log    *record
	clock  *storetest.Clock
	keys   *access.Keys
	ctx    context.Context // for creating keys
	secret map[string]string
	id     map[string]domain.ID
	dir    string
}

func newTestServer(t *testing.T, stores store.Config, adjust func(*app.Config)) *testServer {
	t.Helper()
	b := &testServer{t: t, log: &record{}, clock: storetest.NewRunningClock(), ctx: domain.AsSystem(t.Context(), "test"), secret: map[string]string{}, id: map[string]domain.ID{}}
	c, p := config(t, stores), parts(b.log)
	c.Protection = app.ProtectionConfig{TrustedProxies: []string{"127.0.0.1"}, Introspection: graph.IntrospectionAll}
	if adjust != nil {
		adjust(&c)
	}
	p.Now = b.clock.Now
	b.dir = c.Data
	b.App = start(t, c, p)

	opened, err := store.Open(t.Context(), store.Config{Dir: c.Data, DeskDSN: c.DeskDSN, LiveDSN: c.LiveDSN})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	b.keys = access.NewKeys(opened, audit.NewBuffer(opened, p.Log, p.Now), p.Log, p.Now)
	soon := p.Now().Add(time.Hour)
	for name, params := range map[string]access.CreateParams{
		"editor":  {Role: domain.Editor},
		"partner": {Role: domain.Partner},
		"expired": {Role: domain.Editor, ExpiresAt: &soon},
		"revoked": {Role: domain.Editor},
		"small":   {Role: domain.Partner, Restrictions: access.Restrictions{RateLimit: 200}},
		"network": {Role: domain.Editor, Restrictions: access.Restrictions{Networks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}},
		"origin":  {Role: domain.Editor, Restrictions: access.Restrictions{Origins: []string{"https://site.example"}}},
	} {
		b.create(name, params)
	}
	return b
}

func (b *testServer) create(name string, params access.CreateParams) {
	b.t.Helper()
	params.Name = name
	key, secret, err := b.keys.Create(b.ctx, params)
	if err != nil {
		b.t.Fatal(err)
	}
	b.secret[name], b.id[name] = secret, key.ID
}

func (b *testServer) revoke(name string) {
	b.t.Helper()
	if _, err := b.keys.Revoke(b.ctx, b.id[name].String()); err != nil {
		b.t.Fatal(err)
	}
}

// attackRequest is a request with its expected response.
type attackRequest struct {
	name   string
	from   string // the address of the connection; 127.0.0.1 where it is empty
	method string // POST where it is empty
	path   string // /graphql where it is empty
	key    string // the name of one
	header []string
	body   string // a document, unless it begins with a brace that is JSON's

	status   int
	code     string
	contains string
	lacks    string
}

type response struct {
	status int
	header http.Header
	body   string
}

func (a response) code() string {
	var out struct {
		Errors []struct{ Extensions struct{ Code string } }
	}
	if json.Unmarshal([]byte(a.body), &out) != nil || len(out.Errors) == 0 {
		return ""
	}
	return out.Errors[0].Extensions.Code
}

// gql returns the body of a request with a document.
func gql(document string) string {
	raw, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		panic(err) // it is a string
	}
	return string(raw)
}

// send sends a request from an address. It asks for a media type whose status
// shows errors.
func (b *testServer) send(x attackRequest) response {
	b.t.Helper()
	method, path := x.method, x.path
	if method == "" {
		method = http.MethodPost
	}
	if path == "" {
		path = "/graphql"
	}
	var body io.Reader
	if x.body != "" {
		body = strings.NewReader(x.body)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.URL()+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Close = true
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	if x.key != "" {
		r.Header.Set("Authorization", "Bearer "+b.secret[x.key])
	}
	for i := 0; i < len(x.header); i += 2 {
		if i == 0 || x.header[i] != x.header[i-2] {
			r.Header.Del(x.header[i])
		}
		r.Header.Add(x.header[i], x.header[i+1])
	}
	if len(x.body) > 100<<10 {
		// A client that is still sending may find the connection closed before it has
		// read the response.
		r.Header.Set("Expect", "100-continue")
	}
	if r.Header.Get("Transfer-Encoding") == "chunked" {
		r.Header.Del("Transfer-Encoding")
		r.ContentLength, r.Body = -1, io.NopCloser(body)
	}
	res, err := clientFrom(x.from).Do(r)
	if err != nil {
		b.t.Fatalf("%s: %v", x.name, err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatalf("%s: %v", x.name, err)
	}
	return response{res.StatusCode, res.Header, string(out)}
}

// clientFrom returns a client whose connections come from an address.
func clientFrom(address string) *http.Client {
	if address == "" {
		return http.DefaultClient
	}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
}

// leaks matches texts that no response and no line of the log may contain: those
// of an engine or of the program, and parts of the requests.
var leaks = regexp.MustCompile(`goroutine \d|\.go:\d|SQLSTATE|SELECT |sqlite|\bpgx\b|runtime error|/tmp/|bodysecret`)

func (b *testServer) wantNoLeaks(what, text string) {
	b.t.Helper()
	if found := leaks.FindString(text); found != "" {
		b.t.Errorf("%s has %q: %.500s", what, found, text)
	}
	for name, secret := range b.secret {
		if strings.Contains(text, secret) || strings.Contains(text, secret[3:30]) {
			b.t.Errorf("%s has the key %s", what, name)
		}
	}
	if strings.Contains(text, b.dir) {
		b.t.Errorf("%s has the folder of the stores", what)
	}
}

func (b *testServer) run(attacks []attackRequest) {
	b.t.Helper()
	for _, x := range attacks {
		got := b.send(x)
		if got.status != x.status || got.code() != x.code {
			b.t.Errorf("%s: got %d %s, want %d %s: %.300s", x.name, got.status, got.code(), x.status, x.code, got.body)
		}
		if !strings.Contains(got.body, x.contains) {
			b.t.Errorf("%s: %.300s lacks %q", x.name, got.body, x.contains)
		}
		if x.lacks != "" && strings.Contains(got.body, x.lacks) {
			b.t.Errorf("%s: %.300s has %q", x.name, got.body, x.lacks)
		}
		if got.status >= 400 && strings.Contains(got.body, `"data"`) {
			b.t.Errorf("%s: %d has data: %.300s", x.name, got.status, got.body)
		}
		b.wantNoLeaks(x.name, got.body)
	}
}

// stopAndCheckLog closes the server and checks that its log has no errors and no
// parts of requests.
func (b *testServer) stopAndCheckLog() {
	b.t.Helper()
	stop(b.t, b.App)
	for line := range strings.Lines(b.log.String()) {
		b.wantNoLeaks("the log", line)
		if strings.Contains(line, `"level":"ERROR"`) {
			b.t.Errorf("logged %s", line)
		}
	}
}

// numbered repeats a text n times, with the number in place of %d.
func numbered(n int, format string) string {
	var s strings.Builder
	for i := range n {
		s.WriteString(strings.ReplaceAll(format, "%d", fmt.Sprint(i)))
	}
	return s.String()
}
