package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// proxy is a proxy with a configuration of examples/proxies in front of a server.
type proxy struct {
	t    *testing.T
	app  *app.App
	url  string
	data string // the folder of the stores
}

// program returns the path of a proxy's program; without it the test is skipped.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	t.Skipf("%s is not installed; its configuration in examples was not tested", name)
	return ""
}

// skipProxies skips a test that depends on seconds if the server is slow because of
// the race detector, which runs with -short.
func skipProxies(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("proxies are not tested with -short")
	}
}

// freePort returns a local address on which nothing listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // it only held the port
	return l.Addr().String()
}

// example returns a configuration of examples/proxies with other addresses and
// folders.
func example(t *testing.T, name string, replace ...string) string {
	t.Helper()
	return exampleOf(t, "proxies/"+name, replace...)
}

// exampleOf is example for a file below examples.
func exampleOf(t *testing.T, name string, replace ...string) string {
	t.Helper()
	text, err := os.ReadFile("../../examples/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(string(text), replace[i]) {
			t.Fatalf("%s has no %q", name, replace[i])
		}
	}
	path := filepath.Join(t.TempDir(), filepath.Base(name))
	if err := os.WriteFile(path, []byte(strings.NewReplacer(replace...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// runProxy runs a program until the test ends, and waits until it listens.
func runProxy(t *testing.T, address, path string, args ...string) {
	t.Helper()
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir()) // where Caddy writes its configuration
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	t.Cleanup(func() { cancel(); <-ended })
	eventually(t, func() bool {
		select {
		case <-ended:
			t.Fatalf("%s ended: %s", path, log.String())
		default:
		}
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

func nginx(t *testing.T, a *app.App) *proxy {
	path, address, dir := program(t, "nginx"), freePort(t), t.TempDir()
	site := example(t, "nginx.conf", "127.0.0.1:8080", strings.TrimPrefix(a.URL(), "http://"), "listen 80;", "listen "+address+";", "/var/cache/nginx/redthread", dir+"/cache")
	whole := fmt.Sprintf("worker_processes 2;\npid %[1]s/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\nclient_body_temp_path %[1]s/body;\nproxy_temp_path %[1]s/proxy;\n"+
		"fastcgi_temp_path %[1]s/f;\nuwsgi_temp_path %[1]s/u;\nscgi_temp_path %[1]s/s;\ninclude %[2]s;\n}\n", dir, site)
	if err := os.WriteFile(dir+"/nginx.conf", []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	directives := "daemon off;"
	if os.Getuid() == 0 {
		directives += " user root;" // who else has no way into the test's folders
	}
	runProxy(t, address, path, "-p", dir, "-c", dir+"/nginx.conf", "-g", directives, "-e", "stderr")
	return &proxy{t: t, app: a, url: "http://" + address}
}

func varnish(t *testing.T, a *app.App) *proxy {
	path, address := program(t, "varnishd"), freePort(t)
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("varnishd needs gcc for its configuration, which is not installed; nothing was tested")
	}
	host, port, _ := strings.Cut(strings.TrimPrefix(a.URL(), "http://"), ":")
	vcl := example(t, "default.vcl", `"127.0.0.1"`, `"`+host+`"`, `"8080"`, `"`+port+`"`)
	runProxy(t, address, path, "-F", "-j", "none", "-n", t.TempDir(), "-a", address, "-f", vcl, "-s", "malloc,16m",
		"-p", "http_gzip_support=off", "-p", "http_req_size=96k", "-p", "http_req_hdr_len=64k", "-p", "workspace_client=192k", "-p", "workspace_backend=192k")
	return &proxy{t: t, app: a, url: "http://" + address}
}

// caddy is without TLS in the test, because no authority would certify its name.
func caddy(t *testing.T, a *app.App) *proxy {
	path, address := program(t, "caddy"), freePort(t)
	site := example(t, "Caddyfile", "127.0.0.1:8080", strings.TrimPrefix(a.URL(), "http://"), "api.example.org", "http://"+address)
	text, err := os.ReadFile(site)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(site, append([]byte("{\n\tadmin off\n}\n"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	runProxy(t, address, path, "run", "--adapter", "caddyfile", "--config", site)
	return &proxy{t: t, app: a, url: "http://" + address}
}

// proxyResponse is a response through a proxy.
type proxyResponse struct {
	status int
	header http.Header
	body   string
}

// fetch sends a request; header has names and values in turn. The body is not
// decompressed.
func fetch(t *testing.T, method, address, body string, header ...string) proxyResponse {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	r.Header.Set("Accept-Encoding", "identity")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }() // it was read
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return proxyResponse{res.StatusCode, res.Header, string(got)}
}

func (p *proxy) get(path string, header ...string) proxyResponse {
	p.t.Helper()
	return fetch(p.t, http.MethodGet, p.url+path, "", header...)
}

func queryPath(document string) string { return "/graphql?query=" + url.QueryEscape(document) }

// startBehindProxy starts a server with demo content behind a proxy.
func startBehindProxy(t *testing.T, maxAge time.Duration, run func(*testing.T, *app.App) *proxy) *proxy {
	t.Helper()
	c := config(t, storetest.SQLiteConfig(t))
	c.Demo, c.Cache.MaxAge, c.Protection.TrustedProxies = true, maxAge, []string{"127.0.0.0/8"}
	p := run(t, start(t, c, parts(io.Discard)))
	p.data = c.Data
	return p
}

// The proxies of examples/proxies do what their README says.
func TestProxies(t *testing.T) {
	t.Parallel()
	skipProxies(t)
	for name, start := range map[string]func(*testing.T, *app.App) *proxy{"nginx": nginx, "Varnish": varnish} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startBehindProxy(t, 4*time.Second, start)
			for _, check := range []struct {
				name string
				run  func(*testing.T, *proxy)
			}{
				{"responses are cached", checkCached}, {"codings are cached apart", checkCodings}, {"304", checkNotModified}, {"QUERY", checkQueryMethod},
				{"what is published is seen", checkPublished}, {"keys", checkKeys}, {"events come at once", checkEvents},
				{"WebSockets", checkWebSockets}, {"bodies and long addresses", checkLarge}, {"clients are distinguished", checkClients},
			} {
				t.Run(check.name, func(t *testing.T) {
					q := *p
					q.t = t
					check.run(t, &q)
				})
			}
		})
	}
}

// Caddy has no cache: it is there for TLS. What a client says of its address is not passed on.
func TestProxyWithoutCache(t *testing.T) {
	t.Parallel()
	skipProxies(t)
	p := startBehindProxy(t, 0, caddy)
	checkNotModified(t, p)
	checkQueryMethod(t, p)
	checkKeys(t, p)
	checkEvents(t, p)
	checkWebSockets(t, p)
	checkLarge(t, p)
	secret := p.keyForNetwork("203.0.113.0/24")
	if got := p.get(queryPath("{ viewer { role } }"), "Authorization", "Bearer "+secret, "X-Forwarded-For", "203.0.113.1"); got.status != http.StatusUnauthorized {
		t.Errorf("a client that gives itself an address: got %d %s", got.status, got.body)
	}
	secret = p.keyForNetwork("127.0.0.0/8")
	if got := p.get(queryPath("{ viewer { role } }"), "Authorization", "Bearer "+secret); got.status != http.StatusOK {
		t.Errorf("the client's address does not arrive: got %d %s", got.status, got.body)
	}
}

const newest = `{ reports(first: 3) { nodes { title slug publishedAt summary } } }`

func checkCached(t *testing.T, p *proxy) {
	path := queryPath(newest + " # cached")
	direct := fetch(t, http.MethodGet, p.app.URL()+path, "")
	first, second := p.get(path), p.get(path)
	if first.header.Get("X-Cache") != "MISS" || second.header.Get("X-Cache") != "HIT" {
		t.Errorf("got %q, then %q; want MISS, then HIT", first.header.Get("X-Cache"), second.header.Get("X-Cache"))
	}
	if first.status != http.StatusOK || first.body != direct.body || second.body != direct.body {
		t.Errorf("got %s\nand %s\nwant %s", first.body, second.body, direct.body)
	}
	for _, name := range []string{"Etag", "Content-Type", "Vary", "Tlp"} {
		if got, want := second.header.Get(name), direct.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	// Browsers have to revalidate responses that the proxy caches.
	if got := second.header.Values("Cache-Control"); len(got) != 1 || got[0] != "public, no-cache" {
		t.Errorf("Cache-Control: got %q", got)
	}
	if got := fetch(t, http.MethodHead, p.url+path, ""); got.header.Get("X-Cache") != "HIT" || got.body != "" {
		t.Errorf("HEAD: got %q", got.header.Get("X-Cache"))
	}
	if post := fetch(t, http.MethodPost, p.url+"/graphql", `{"query":"{ reports { totalCount } }"}`); post.status != http.StatusOK || post.header.Get("X-Cache") == "HIT" || post.header.Get("Cache-Control") != "no-store" {
		t.Errorf("POST: got %d %v", post.status, post.header)
	}
}

func checkCodings(t *testing.T, p *proxy) {
	path := queryPath("{ __schema { types { name } } } # codings")
	seen := map[string]bool{}
	for _, coding := range []string{"identity", "gzip", "zstd", "identity", "gzip", "zstd"} {
		direct := fetch(t, http.MethodGet, p.app.URL()+path, "", "Accept-Encoding", coding)
		if got := direct.header.Get("Content-Encoding"); got != coding && coding != "identity" {
			t.Errorf("the server sends %q, not %s, so nothing was tested", got, coding)
		}
		got := p.get(path, "Accept-Encoding", coding)
		if got.body != direct.body || got.header.Get("Content-Encoding") != direct.header.Get("Content-Encoding") || got.header.Get("Etag") != direct.header.Get("Etag") {
			t.Errorf("%s: got %d bytes of %q, %s, want %d of %q, %s", coding, len(got.body), got.header.Get("Content-Encoding"), got.header.Get("Etag"),
				len(direct.body), direct.header.Get("Content-Encoding"), direct.header.Get("Etag"))
		}
		want := "MISS"
		if seen[coding] {
			want = "HIT"
		}
		if cache := got.header.Get("X-Cache"); cache != want {
			t.Errorf("%s: got %s, want %s", coding, cache, want)
		}
		seen[coding] = true
	}
}

func checkNotModified(t *testing.T, p *proxy) {
	path := queryPath(newest + " # conditional")
	tag := p.get(path).header.Get("Etag")
	for _, header := range [][]string{{}, {"Authorization", "Bearer " + p.app.DemoKey()}} {
		if len(header) > 0 {
			tag = p.get(path, header...).header.Get("Etag")
		}
		if got := p.get(path, append(header, "If-None-Match", tag)...); tag == "" || got.status != http.StatusNotModified || got.body != "" {
			t.Errorf("%d headers: %s: got %d, want 304", len(header), tag, got.status)
		}
		if got := p.get(path, append(header, "If-None-Match", `"another"`)...); got.status != http.StatusOK {
			t.Errorf("another tag: got %d, want 200", got.status)
		}
	}
}

// checkQueryMethod checks that QUERY passes with its body, conditional or not, and that
// no response to it is used for another.
func checkQueryMethod(t *testing.T, p *proxy) {
	seen := map[string]string{}
	for range 2 {
		for _, field := range []string{"reports", "tags", "entities"} {
			got := fetch(t, transport.MethodQuery, p.url+"/graphql", `{"query":"{ `+field+` { totalCount } }"}`)
			if got.status != http.StatusOK || !strings.Contains(got.body, `{"`+field+`":`) || got.header.Get("X-Cache") == "HIT" {
				t.Errorf("%s: got %d %v %s", field, got.status, got.header, got.body)
			}
			seen[field] = got.header.Get("Etag")
		}
	}
	for field, tag := range seen {
		body := `{"query":"{ ` + field + ` { totalCount } }"}`
		if got := fetch(t, transport.MethodQuery, p.url+"/graphql", body, "If-None-Match", tag); tag == "" || got.status != http.StatusNotModified || got.body != "" {
			t.Errorf("%s: %s: got %d %s, want 304", field, tag, got.status, got.body)
		}
		if got := fetch(t, transport.MethodQuery, p.url+"/graphql", strings.Replace(body, "{ totalCount }", "{ __typename }", 1), "If-None-Match", tag); got.status != http.StatusOK {
			t.Errorf("another query than %s: got %d, want 200", field, got.status)
		}
	}
	if got := fetch(t, transport.MethodQuery, p.url+"/graphql", `{"query":"{ reports { totalCount } }"}`, "Authorization", "Bearer "+p.app.DemoKey()); got.status != http.StatusOK || got.header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("with a key: got %d %v", got.status, got.header)
	}
}

// checkPublished checks that an old response is served for max-age at most, and
// that the server revalidates unchanged responses without sending them again.
func checkPublished(t *testing.T, p *proxy) {
	path := queryPath("{ reports { totalCount } } # published")
	before := p.get(path)
	publishReport(t, p.app, "seen", "CLEAR")
	published := time.Now()
	want := fetch(t, http.MethodGet, p.app.URL()+path, "").body
	if want == before.body {
		t.Fatal("nothing was published")
	}
	eventually(t, func() bool { return p.get(path).body == want })
	if took := time.Since(published); took > 10*time.Second {
		t.Errorf("what was published was seen after %s, with a max-age of 4 s", took)
	}
	// Four seconds later it is stale, but unchanged.
	eventually(t, func() bool {
		got := p.get(path)
		if got.body != want || got.status != http.StatusOK {
			t.Errorf("got %d %s", got.status, got.body)
		}
		return got.header.Get("X-Cache") == "REVALIDATED"
	})
	// A client with the newer response does not get the older one.
	path = queryPath("{ reports { totalCount } } # newer")
	old := p.get(path)
	publishReport(t, p.app, "newer", "CLEAR")
	tag := fetch(t, http.MethodGet, p.app.URL()+path, "").header.Get("Etag")
	eventually(t, func() bool { return p.get(path, "If-None-Match", tag).status == http.StatusNotModified })
	if got := p.get(path); got.body == old.body {
		t.Errorf("after a 304 for the newer answer: got the older %s", got.body)
	}
}

func checkKeys(t *testing.T, p *proxy) {
	publishReport(t, p.app, "secret", "RED")
	key := []string{"Authorization", "Bearer " + p.app.DemoKey()}
	for i, keyedFirst := range []bool{true, false} {
		path := queryPath(fmt.Sprintf(`{ report(slug: "secret") { title } } # %d`, i))
		for round := range 3 {
			if keyedFirst || round > 0 {
				if got := p.get(path, key...); !strings.Contains(got.body, "News") || got.header.Get("X-Cache") == "HIT" {
					t.Errorf("with a key: got %s %s", got.header.Get("X-Cache"), got.body)
				}
			}
			if got := p.get(path); strings.Contains(got.body, "News") || !strings.Contains(got.body, `"report":null`) {
				t.Errorf("without a key: got %s", got.body)
			}
		}
	}
	if got := p.get(queryPath("{ viewer { role } }"), key...); !strings.Contains(got.body, "ADMIN") && !strings.Contains(got.body, "EDITOR") {
		t.Errorf("the key does not arrive: got %s", got.body)
	}
	if got := p.get(queryPath("{ viewer { role } }"), "Authorization", "Bearer rt_bad"); got.status != http.StatusUnauthorized {
		t.Errorf("a bad key: got %d", got.status)
	}
}

// checkEvents checks that open streams get new publications.
func checkEvents(t *testing.T, p *proxy) {
	changes := listen(t, p.url+"/changes").waitReady()
	subscription := listen(t, p.url+queryPath("subscription { contentChanged { kind } }"))
	publishReport(t, p.app, "heard", "CLEAR")
	changes.wantChanges("PUBLISH REPORT")
	if e := subscription.next(); e.name != "next" || !strings.Contains(e.data, "PUBLISH") {
		t.Errorf("got %+v", e)
	}
}

func checkWebSockets(t *testing.T, p *proxy) {
	conn, _, err := websocket.Dial(t.Context(), p.url+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }() // the test is over
	for _, step := range [][2]string{
		{`{"type":"connection_init"}`, `"connection_ack"`},
		{`{"type":"subscribe","id":"1","payload":{"query":"{ reports { totalCount } }"}}`, `"totalCount"`},
	} {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(step[0])); err != nil {
			t.Fatal(err)
		}
		if _, got, err := conn.Read(patient(t)); err != nil || !strings.Contains(string(got), step[1]) {
			t.Errorf("got %s, %v; want %s", got, err, step[1])
		}
	}
}

// checkLarge sends the largest bodies and URLs that Redthread accepts.
func checkLarge(t *testing.T, p *proxy) {
	body := func(size int) string {
		return `{"query":"{ reports { totalCount } }","variables":{"x":"` + strings.Repeat("x", size) + `"}}`
	}
	key := []string{"Authorization", "Bearer " + p.app.DemoKey()}
	for _, size := range []int{100 << 10, 3900 << 10} {
		direct := fetch(t, http.MethodPost, p.app.URL()+"/graphql", body(size), key...)
		if got := fetch(t, http.MethodPost, p.url+"/graphql", body(size), key...); got.status != direct.status || len(got.body) != len(direct.body) {
			t.Errorf("%d bytes: got %d %.200s, want %d %.200s", size, got.status, got.body, direct.status, direct.body)
		}
	}
	long := queryPath("{ reports { totalCount } } # " + strings.Repeat("x", 30<<10))
	if got := p.get(long); got.status != http.StatusOK {
		t.Errorf("a long address: got %d %.200s", got.status, got.body)
	}
	// QUERY arrives with its body, and the response is from Redthread.
	if got := fetch(t, "QUERY", p.url+"/graphql", `{"query":"{ reports { totalCount } }"}`); got.header.Get("X-Request-Id") == "" || got.header.Get("X-Cache") == "HIT" {
		t.Errorf("QUERY: got %d %v %.200s", got.status, got.header, got.body)
	}
}

// keyForNetwork returns a key that may be used from a network only.
func (p *proxy) keyForNetwork(network string) string {
	p.t.Helper()
	code, out, errs := run(p.t, map[string]string{"REDTHREAD_DATA": p.data}, "key", "create", "--name", "network "+network, "--role", "PUBLIC", "--network", network)
	secret := regexp.MustCompile(`rt_\S+`).FindString(out)
	if code != 0 || secret == "" {
		p.t.Fatalf("key create: got %d, %s%s", code, out, errs)
	}
	return secret
}

// checkClients uses a key that is for one network only.
func checkClients(t *testing.T, p *proxy) {
	secret := p.keyForNetwork("203.0.113.0/24")
	for client, want := range map[string]int{"203.0.113.1": http.StatusOK, "203.0.114.1": http.StatusUnauthorized, "203.0.113.1, 203.0.114.1": http.StatusUnauthorized} {
		if got := p.get(queryPath("{ viewer { role } }"), "Authorization", "Bearer "+secret, "X-Forwarded-For", client); got.status != want {
			t.Errorf("from %s: got %d %s, want %d", client, got.status, got.body, want)
		}
	}
}

// Without a max-age each response is revalidated: no old response is served, and a
// client that has the response gets 304.
func TestProxiesWithoutMaxAge(t *testing.T) {
	t.Parallel()
	skipProxies(t)
	for name, start := range map[string]func(*testing.T, *app.App) *proxy{"nginx": nginx, "Varnish": varnish} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startBehindProxy(t, 0, start)
			path := queryPath("{ reports { totalCount } }")
			for i := range 3 {
				publishReport(t, p.app, fmt.Sprintf("news-%d", i), "CLEAR")
				want := fetch(t, http.MethodGet, p.app.URL()+path, "")
				if got := p.get(path); got.body != want.body || got.header.Get("Cache-Control") != "public, no-cache" {
					t.Errorf("got %s, %q, want %s", got.body, got.header.Get("Cache-Control"), want.body)
				}
				if got := p.get(path, "If-None-Match", want.header.Get("Etag")); got.status != http.StatusNotModified {
					t.Errorf("got %d, want 304", got.status)
				}
			}
		})
	}
}
