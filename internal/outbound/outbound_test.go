package outbound_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/redthread-api/redthread/internal/outbound"
)

func TestReach(t *testing.T) {
	t.Parallel()
	for want, addresses := range map[string][]string{
		"public": {
			"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.167.1.1", "223.255.255.255", "11.0.0.1",
			"2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
		},
		"private": {
			"127.0.0.1", "127.255.0.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255",
			"::1", "fc00::1", "fd12:3456::1", "::ffff:127.0.0.1", "::ffff:10.1.2.3", "64:ff9b::127.0.0.1", "64:ff9b::c0a8:101",
		},
		"blocked": {
			"0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1",
			"198.51.100.7", "203.0.113.9", "198.18.0.1", "198.19.255.255", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
			"::", "::127.0.0.1", "::8.8.8.8", "::ffff:0:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "64:ff9b:1::1",
			"fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "fd00:ec2::254", "2001::1", "2001:0:7f00:1::", "2001:2::1", "2001:10::1", "2001:20::1",
			"2001:db8::1", "2002:7f00:1::1", "2002:a00:1::", "3fff::1", "100::1", "5f00::1", "4000::1",
		},
	} {
		for _, address := range addresses {
			if got := outbound.Scope(netip.MustParseAddr(address)); got != want {
				t.Errorf("%s: got %s, want %s", address, got, want)
			}
		}
	}
	if got := outbound.Scope(netip.Addr{}); got != "blocked" {
		t.Errorf("no address: got %s", got)
	}
}

// serve starts a server at an address of this machine, and returns its URL.
func serve(t *testing.T, address string, handler http.HandlerFunc) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Skipf("this machine has no %s: %v", address, err)
	}
	s := httptest.NewUnstartedServer(handler)
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return "http://" + l.Addr().String()
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

func get(t *testing.T, client *http.Client, url string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(client, r)
}

func do(client *http.Client, r *http.Request) (string, error) {
	response, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// allowOnly returns options that allow one address.
func allowOnly(address string) outbound.Options {
	return outbound.Options{AllowNetworks: []netip.Prefix{netip.PrefixFrom(netip.MustParseAddr(address), 32)}}
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	url := serve(t, "127.0.0.1", hello)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	strict, open := outbound.NewClient(outbound.Options{}), outbound.NewClient(outbound.Options{AllowPrivate: true})
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		for _, scheme := range []string{"http", "https"} {
			_, err := get(t, strict, scheme+"://"+host+":"+port)
			if !errors.Is(err, outbound.ErrPrivateAddress) {
				t.Errorf("%s to %s: got %v", scheme, host, err)
			}
			if host == "localhost" && (!strings.Contains(err.Error(), host) || strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "::1")) {
				t.Errorf("want the name and not the address: %v", err)
			}
		}
		if body, err := get(t, open, "http://"+host+":"+port); err != nil || body != "hello" {
			t.Errorf("http to %s, allowed: got %q, %v", host, body, err)
		}
	}
	for _, never := range []string{"http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]/", "http://0.0.0.0:" + port, "http://[fe80::1%25lo]/"} {
		if _, err := get(t, open, never); !errors.Is(err, outbound.ErrPrivateAddress) {
			t.Errorf("%s: got %v", never, err)
		}
	}
}

func TestOnlyHTTPS(t *testing.T) {
	t.Parallel()
	for _, o := range []outbound.Options{{}, {AllowPrivate: true}} {
		for _, url := range []string{"http://1.1.1.1/", "ftp://1.1.1.1/", "file:///etc/passwd", "gopher://1.1.1.1/"} {
			if _, err := get(t, outbound.NewClient(o), url); !errors.Is(err, outbound.ErrInsecure) {
				t.Errorf("%s: got %v", url, err)
			}
		}
	}
}

func TestRedirectAddressesAreChecked(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	inside := serve(t, "127.0.0.2", func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	outside := serve(t, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inside+"/admin", http.StatusFound)
	})
	_, err := get(t, outbound.NewClient(allowOnly("127.0.0.1")), outside)
	if !errors.Is(err, outbound.ErrPrivateAddress) || reached.Load() {
		t.Errorf("got %v, reached %v", err, reached.Load())
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	seen := make(chan http.Header, 1)
	other := serve(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/end", http.StatusFound)
			return
		}
		seen <- r.Header
	})
	first := serve(t, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, err := fmt.Sscanf(r.URL.Path, "/hops/%d", &n)
		switch {
		case err == nil && n > 0:
			http.Redirect(w, r, fmt.Sprintf("/hops/%d", n-1), http.StatusFound)
		case err == nil:
			hello(w, r)
		case r.URL.Path == "/password":
			http.Redirect(w, r, strings.Replace(other, "//", "//user:secret@", 1), http.StatusFound)
		case r.URL.Path == "/post":
			http.Redirect(w, r, other, http.StatusTemporaryRedirect)
		default:
			http.Redirect(w, r, other+r.URL.Path, http.StatusFound)
		}
	})
	client := outbound.NewClient(outbound.Options{AllowPrivate: true})
	if body, err := get(t, client, first+"/hops/3"); err != nil || body != "hello" {
		t.Errorf("three redirects: got %q, %v", body, err)
	}
	for _, path := range []string{"/hops/4", "/password"} {
		if _, err := get(t, client, first+path); !errors.Is(err, outbound.ErrRedirect) {
			t.Errorf("%s: got %v", path, err)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, first+"/post", strings.NewReader("private"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := do(client, r); !errors.Is(err, outbound.ErrRedirect) {
		t.Errorf("a body: got %v", err)
	}

	// Two redirects within the other origin: the second one stays in it.
	for _, path := range []string{"/end", "/again"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, first+path+"?secret=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Authorization", "Cookie", "X-Signature", "Accept"} {
			r.Header.Set(name, "a")
		}
		if _, err := do(client, r); err != nil {
			t.Fatal(err)
		}
		got := <-seen
		for _, name := range []string{"Authorization", "Cookie", "X-Signature", "Referer"} {
			if got.Get(name) != "" {
				t.Errorf("%s: another origin is sent %s", path, name)
			}
		}
		if got.Get("Accept") != "a" {
			t.Errorf("%s: another origin learned what is accepted", path)
		}
	}
}

func TestRedirectDoesNotLeaveHTTPS(t *testing.T) {
	t.Parallel()
	plain := serve(t, "127.0.0.1", hello)
	secure := httptest.NewTLSServer(http.RedirectHandler(plain, http.StatusFound))
	t.Cleanup(secure.Close)
	client := outbound.NewClient(outbound.Options{AllowPrivate: true})
	outbound.Trust(client, secure.Certificate())
	if _, err := get(t, client, secure.URL); !errors.Is(err, outbound.ErrRedirect) {
		t.Errorf("got %v", err)
	}
	if _, err := get(t, outbound.NewClient(outbound.Options{AllowPrivate: true}), secure.URL); err == nil || errors.Is(err, outbound.ErrRedirect) {
		t.Errorf("a certificate of nobody known: got %v", err)
	}
}

// fakeResolver returns a resolver that returns the next of its addresses for each
// query for an IPv4 address, and the last one from then on.
func fakeResolver(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		wait.Wait()
	})
	wait.Go(func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.Authoritative, m.Additionals = true, true, nil
			if q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class},
					Body:   &dnsmessage.AResource{A: netip.MustParseAddr(addresses[0]).As4()},
				}}
				if len(addresses) > 1 {
					addresses = addresses[1:]
				}
			}
			if packed, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(packed, from)
			}
		}
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// A name that resolved to a public address can resolve to a private one later.
func TestRebinding(t *testing.T) {
	t.Parallel()
	url := serve(t, "127.0.0.1", hello)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	o := allowOnly("127.0.0.1")
	o.Resolver = fakeResolver(t, "127.0.0.1", "127.0.0.2")
	client := outbound.NewClient(o)
	target := "http://rebound.example:" + port
	if body, err := get(t, client, target); err != nil || body != "hello" {
		t.Fatalf("the first time: got %q, %v", body, err)
	}
	client.CloseIdleConnections()
	_, err := get(t, client, target)
	if !errors.Is(err, outbound.ErrPrivateAddress) || !strings.Contains(err.Error(), "rebound.example") || strings.Contains(err.Error(), "127.0.0.2") {
		t.Errorf("the second time: got %v, want a refusal that names the host only", err)
	}
}

func TestResponsesAreBounded(t *testing.T) {
	t.Parallel()
	url := serve(t, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/fits":
			_, _ = io.WriteString(w, strings.Repeat("a", 1000))
		case "/said":
			w.Header().Set("Content-Length", "1001")
			_, _ = io.WriteString(w, strings.Repeat("a", 1001))
		case "/streamed":
			for range 100 {
				_, _ = io.WriteString(w, strings.Repeat("a", 11))
				_ = http.NewResponseController(w).Flush()
			}
		case "/headers":
			w.Header().Set("X-Long", strings.Repeat("a", 100<<10))
		}
	})
	client := outbound.NewClient(outbound.Options{AllowPrivate: true, MaxBody: 1000})
	if body, err := get(t, client, url+"/fits"); err != nil || len(body) != 1000 {
		t.Errorf("as much as is allowed: got %d bytes, %v", len(body), err)
	}
	for _, path := range []string{"/said", "/streamed"} {
		if body, err := get(t, client, url+path); !errors.Is(err, outbound.ErrTooLarge) || len(body) > 1000 {
			t.Errorf("%s: got %d bytes, %v", path, len(body), err)
		}
	}
	if _, err := get(t, client, url+"/headers"); err == nil {
		t.Error("headers without end are read")
	}
}

func TestSlowServers(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/silent", "/stalls"} {
		t.Run(path[1:], func(t *testing.T) {
			t.Parallel()
			url := serve(t, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/stalls" {
					_, _ = io.WriteString(w, "a")
					_ = http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			})
			client := outbound.NewClient(outbound.Options{AllowPrivate: true, Timeout: 50 * time.Millisecond})
			if _, err := get(t, client, url+path); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
	}
}
