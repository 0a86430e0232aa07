package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/server"
	"github.com/redthread-api/redthread/internal/server/respcache"
)

// connections is the number of concurrent clients.
const connections = 32

// answerQuery has a response of about 20 KB.
const answerQuery = `query Newest { reports(first: 25, orderBy: {field: PUBLISHED_AT, direction: DESC}) { nodes {
	slug title summary publishedAt tags { slug label } entities(first: 20) { nodes { slug name kind } } } } }`

// serve serves the API like the program, with all middleware, and discards the
// log. It returns its address.
func (s *site) serve(b *testing.B, cacheSize int64) (address string, cache *respcache.Cache) {
	b.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	config := graph.Config{Stores: s.stores, Desk: s.desk, Log: log, RequestID: domain.RequestID,
		Meter: limits.NewMeter(time.Now), Limits: noRateLimit}
	cache = respcache.New(respcache.Config{Size: cacheSize, Live: s.desk.Live(), Quotas: limits.NewQuotas(config.Limits, config.Meter), Log: log, Now: time.Now})
	work, stop := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() { _ = s.desk.Live().Run(work) })
	working.Go(func() { _ = cache.Run(work) })
	srv := server.New(server.Config{GraphQL: graph.Handler(config), ResponseCache: cache, Log: log,
		Authenticator: access.NewAuthenticator(access.NewKeys(s.stores, nil, log, time.Now), nil)})
	l := listen(b)
	working.Go(func() { _ = srv.Serve(l) })
	b.Cleanup(func() {
		_ = srv.Close(context.Background())
		stop()
		working.Wait()
	})
	return l.Addr().String(), cache
}

func listen(b *testing.B) net.Listener {
	b.Helper()
	l, err := new(net.ListenConfig).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	return l
}

// serveFixed serves a fixed response, header and body, from a server with the same
// timeouts: the lowest possible cost of the response with net/http.
func serveFixed(b *testing.B, status int, header http.Header, body []byte) string {
	b.Helper()
	l := listen(b)
	type field struct {
		name   string
		values []string
	}
	var fields []field
	for name, values := range header {
		if name != "Date" {
			fields = append(fields, field{name, values})
		}
	}
	srv := &http.Server{ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 45 * time.Second, IdleTimeout: 2 * time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := w.Header()
		for _, f := range fields {
			to[f.name] = f.values
		}
		w.WriteHeader(status)
		if status == http.StatusOK {
			_, _ = w.Write(body)
		}
	})}
	go func() { _ = srv.Serve(l) }()
	b.Cleanup(func() { _ = srv.Close() })
	return l.Addr().String()
}

// client sends one request repeatedly over a connection of its own, with minimal
// work.
type client struct {
	conn net.Conn
	in   *bufio.Reader
}

func dial(b *testing.B, address string) *client {
	b.Helper()
	conn, err := new(net.Dialer).DialContext(b.Context(), "tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return &client{conn, bufio.NewReaderSize(conn, 64<<10)}
}

// send sends the request and skips the response, which has a Content-Length or no
// body.
func (c *client) send(request []byte) (status int, err error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, err
	}
	length := 0
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if status == 0 {
			status = int(line[9]-'0')*100 + int(line[10]-'0')*10 + int(line[11]-'0')
			continue
		}
		if len(line) <= 2 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			for _, digit := range bytes.TrimSpace(value) {
				length = length*10 + int(digit-'0')
			}
		}
	}
	_, err = c.in.Discard(length)
	return status, err
}

// load is a set of clients that send the same request to a server.
type load struct {
	clients []func() (status int, err error)
	want    int
}

// newLoad returns minimal clients, or, if usual is set, clients of net/http, which
// use about as much CPU as the server.
func newLoad(b *testing.B, address string, request *http.Request, want int, usual bool) *load {
	b.Helper()
	fresh := func() *http.Request {
		again := request.Clone(b.Context())
		again.URL.Host, again.Host, again.RequestURI = address, address, ""
		if request.GetBody != nil {
			again.Body, _ = request.GetBody()
		}
		return again
	}
	var raw bytes.Buffer
	if err := fresh().Write(&raw); err != nil {
		b.Fatal(err)
	}
	l := &load{want: want}
	transport := &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}
	b.Cleanup(transport.CloseIdleConnections)
	for range connections {
		if c := dial(b, address); !usual {
			l.clients = append(l.clients, func() (int, error) { return c.send(raw.Bytes()) })
			continue
		}
		l.clients = append(l.clients, func() (int, error) {
			res, err := transport.RoundTrip(fresh())
			if err != nil {
				return 0, err
			}
			defer res.Body.Close()
			_, err = io.Copy(io.Discard, res.Body)
			return res.StatusCode, err
		})
	}
	return l
}

// throughput counts responses, with their time and CPU time.
type throughput struct {
	answers   float64
	took, cpu time.Duration
}

func (r *throughput) perSecond() float64 { return r.answers / r.took.Seconds() }

// perCPU returns the responses per CPU second.
func (r *throughput) perCPU() float64 { return r.answers / r.cpu.Seconds() }

// run sends requests for some time, and adds the counts.
func (r *throughput) run(b *testing.B, l *load, d time.Duration) {
	b.Helper()
	var n atomic.Int64
	var all sync.WaitGroup
	cpu, began := cpuTime(b), time.Now()
	for _, ask := range l.clients {
		all.Go(func() {
			for time.Since(began) < d {
				if status, err := ask(); err != nil || status != l.want {
					b.Errorf("status %d, %v", status, err)
					return
				}
				n.Add(1)
			}
		})
	}
	all.Wait()
	r.answers += float64(n.Load())
	r.took += time.Since(began)
	r.cpu += cpuTime(b) - cpu
}

// cpuTime returns the CPU time of this process, including the clients.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkCachedResponse compares cached responses with a net/http handler that
// writes the same fixed bytes, in turn: requests per second.
func BenchmarkCachedResponse(b *testing.B) {
	s := newSite(b)
	address, _ := s.serve(b, respcache.DefaultSize)
	byGet := "http://" + address + "/graphql?query=" + url.QueryEscape(answerQuery)
	byPost := fmt.Sprintf(`{"query":%q}`, answerQuery)
	for _, row := range []struct {
		name, method, coding string
		status               int
		usual                bool
	}{
		{"POST", http.MethodPost, "", 200, false},
		{"POST gzip", http.MethodPost, "gzip", 200, false},
		{"GET", http.MethodGet, "", 200, false},
		{"GET gzip", http.MethodGet, "gzip", 200, false},
		{"GET 304", http.MethodGet, "", 304, false},
		{"POST from net_http", http.MethodPost, "", 200, true},
		{"GET from net_http", http.MethodGet, "", 200, true},
	} {
		b.Run(row.name, func(b *testing.B) {
			request := httptest.NewRequestWithContext(b.Context(), http.MethodGet, byGet, http.NoBody)
			if row.method == http.MethodPost {
				request, _ = http.NewRequestWithContext(b.Context(), http.MethodPost, "http://"+address+"/graphql", strings.NewReader(byPost))
				request.Header.Set("Content-Type", "application/json")
			}
			request.Header.Set("Accept", "application/graphql-response+json, application/json;q=0.9")
			if row.coding != "" {
				request.Header.Set("Accept-Encoding", row.coding)
			}
			header, body := responseTo(b, request)
			if row.status == 304 {
				request.Header.Set("If-None-Match", header.Get("Etag"))
			}
			if row.status == 304 {
				header, body = header.Clone(), nil
				header.Del("Content-Type")
				header.Del("Content-Length")
				header.Del("Tlp")
			}
			ours := newLoad(b, address, request, row.status, row.usual)
			least := newLoad(b, serveFixed(b, row.status, header, body), request, row.status, row.usual)
			const turn = 100 * time.Millisecond
			var us, them, warm throughput
			warm.run(b, ours, turn)
			warm.run(b, least, turn)
			for b.Loop() {
				// Every second round in reverse order, because a machine gets slower under
				// load.
				them.run(b, least, turn)
				us.run(b, ours, turn)
				us.run(b, ours, turn)
				them.run(b, least, turn)
			}
			b.ReportMetric(us.perSecond(), "req/s")
			b.ReportMetric(us.perSecond()/them.perSecond(), "of_ready_bytes")
			b.ReportMetric(us.perCPU()/them.perCPU(), "of_ready_bytes_by_cpu")
			b.ReportMetric(float64(len(body)), "bytes")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// responseTo returns the response to a request over the network.
func responseTo(b *testing.B, request *http.Request) (http.Header, []byte) {
	b.Helper()
	request = request.Clone(b.Context())
	request.RequestURI = ""
	if request.GetBody != nil {
		request.Body, _ = request.GetBody()
	}
	res, err := (&http.Transport{DisableCompression: true}).RoundTrip(request)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("%d %.300s %v", res.StatusCode, body, err)
	}
	return res.Header, body
}

// BenchmarkUncachedResponse compares responses that are not in the cache, each to a
// slightly different query, with those of a server without a cache, in turn: CPU
// time.
func BenchmarkUncachedResponse(b *testing.B) {
	s := newSite(b)
	var clients [2]*client
	for i, size := range []int64{0, respcache.DefaultSize} {
		address, _ := s.serve(b, size)
		clients[i] = dial(b, address)
	}
	var used [2]time.Duration
	for n := 0; b.Loop(); n++ {
		for i := range 2 {
			which := (i + n) % 2
			cpu := cpuTime(b)
			clients[which].ask(b, n)
			used[which] += cpuTime(b) - cpu
		}
	}
	b.ReportMetric(float64(used[1].Microseconds())/float64(b.N), "cpu-us/op")
	b.ReportMetric(float64(used[0].Microseconds())/float64(b.N), "off-cpu-us/op")
	b.ReportMetric(float64(used[1])/float64(used[0]), "x-off")
}

// ask sends the nth of many different queries that have the same response.
func (c *client) ask(b *testing.B, n int) {
	b.Helper()
	body := fmt.Sprintf(`{"query":%q,"variables":{"n":"%d"}}`, answerQuery, n)
	if status, err := c.send(fmt.Appendf(nil, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(body), body)); err != nil || status != http.StatusOK {
		b.Fatal(status, err)
	}
}

// BenchmarkCacheMemory fills a cache and compares the size that it reports with the
// growth of the heap.
func BenchmarkCacheMemory(b *testing.B) {
	s := newSite(b)
	for b.Loop() {
		before := heap()
		address, cache := s.serve(b, respcache.DefaultSize)
		c := dial(b, address)
		for i := range 5000 {
			c.ask(b, i)
		}
		stats := cache.Stats()
		b.ReportMetric(float64(stats.Entries), "answers")
		b.ReportMetric(float64(stats.Bytes)/respcache.DefaultSize, "of_the_bound")
		b.ReportMetric(float64(heap()-before)/float64(stats.Bytes), "heap/held")
		runtime.KeepAlive(cache)
	}
	b.ReportMetric(0, "ns/op")
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
