package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The settings of BenchmarkUnderAttack.
const (
	attackReports  = 3_000
	attackEntities = 1_000

	calm           = 6 * time.Second
	attackDuration = 12 * time.Second
	perSecond      = 50 // legitimate requests, half of a partner's, half anonymous
	attackers      = 64 // connections that send one bomb after the other
	addresses      = 40 // where they come from
	stalled        = 40 // connections that ask for a large answer and don't read it
	dripping       = 40 // connections that never end their header
)

// clientFrom returns a client whose connections come from an address.
func clientFrom(address string) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Client{
		Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 100},
		Timeout:   time.Minute,
	}
}

// httpResult is a response as a client sees it.
type httpResult struct {
	status int // 0 where there was none
	size   int
	head   []byte // of the body
	left   int    // of the budget
}

// sendRequest sends a request and reads the response to its end.
func sendRequest(ctx context.Context, c *http.Client, url, key, body string) httpResult {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return httpResult{}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	r.Header.Set("Accept-Encoding", "gzip")
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := c.Do(r)
	if err != nil {
		return httpResult{}
	}
	defer res.Body.Close()
	head := make([]byte, 200)
	n, _ := io.ReadFull(res.Body, head)
	rest, err := io.Copy(io.Discard, res.Body)
	if err != nil {
		return httpResult{}
	}
	out := httpResult{status: res.StatusCode, size: n + int(rest), head: head[:n]}
	_, _ = fmt.Sscanf(res.Header.Get("RateLimit"), `"cost";r=%d;`, &out.left)
	return out
}

// BenchmarkExpensiveRequests sends each expensive request alone, and reports its cost
// on the server.
func BenchmarkExpensiveRequests(b *testing.B) {
	v := startServer(b, newSiteOf(b, attackReports, attackEntities).closeStores(b))
	for i, x := range expensiveRequests() {
		b.Run(x.name, func(b *testing.B) {
			c := clientFrom(fmt.Sprintf("127.0.2.%d", 1+i))
			full := sendRequest(b.Context(), c, v.url, "", `{"query":"{__typename}"}`).left
			v.memory(b)
			cpu, began := v.cpu(b), time.Now()
			got := sendRequest(b.Context(), c, v.url, "", x.body)
			took := time.Since(began)
			_, most := v.memory(b)
			b.ReportMetric(float64(took.Milliseconds()), "ms")
			b.ReportMetric(float64((v.cpu(b) - cpu).Milliseconds()), "cpu-ms")
			b.ReportMetric(float64(most>>20), "MB-most")
			b.ReportMetric(float64(got.size)/1e6, "answer-MB")
			b.ReportMetric(float64(full-got.left), "cost")
			b.ReportMetric(float64(got.status), "status")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// traffic has the latencies and the errors that legitimate clients see.
type traffic struct {
	mu     sync.Mutex
	took   []time.Duration
	failed int
}

// run sends typical queries at a fixed rate, independent of the responses, until
// ctx ends: half of them from a partner, half from readers without a key.
func (t *traffic) run(ctx context.Context, v *serverProcess) {
	partner, readers := clientFrom("127.0.1.1"), []*http.Client{clientFrom("127.0.1.2"), clientFrom("127.0.1.3"), clientFrom("127.0.1.4")}
	tick := time.NewTicker(time.Second / perSecond)
	defer tick.Stop()
	var running sync.WaitGroup
	defer running.Wait()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		due := time.Now()
		body := variables(listQuery, nil)
		if i%4 < 2 {
			body = variables(reportQuery, map[string]any{"slug": fmt.Sprintf("report-%d", rand.IntN(attackReports))})
		}
		client, key := readers[i%len(readers)], ""
		if i%2 == 0 {
			client, key = partner, v.partner
		}
		running.Go(func() {
			got := sendRequest(context.WithoutCancel(ctx), client, v.url, key, body)
			took := time.Since(due)
			t.mu.Lock()
			defer t.mu.Unlock()
			t.took = append(t.took, took)
			if got.status != http.StatusOK || bytes.Contains(got.head, []byte(`"errors"`)) {
				t.failed++
			}
		})
	}
}

func (t *traffic) percentile(p int) float64 {
	slices.Sort(t.took)
	return float64(t.took[(len(t.took)-1)*p/100].Microseconds()) / 1000
}

// measureTraffic runs legitimate traffic for some time, beside another function,
// and returns what its clients see.
func (v *serverProcess) measureTraffic(b *testing.B, length time.Duration, beside func(context.Context)) *traffic {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), length)
	defer cancel()
	t := &traffic{}
	var running sync.WaitGroup
	running.Go(func() { t.run(ctx, v) })
	beside(ctx)
	running.Wait()
	return t
}

// BenchmarkUnderAttack serves legitimate traffic, first alone and then while many
// attackers send the most expensive requests that their limits allow, from several
// addresses, and others occupy connections. It reports the latencies of the
// legitimate traffic.
func BenchmarkUnderAttack(b *testing.B) {
	v := startServer(b, newSiteOf(b, attackReports, attackEntities).closeStores(b))
	v.measureTraffic(b, 2*time.Second, func(context.Context) {}) // caches, prepared statements
	v.memory(b)
	before := v.measureTraffic(b, calm, func(context.Context) {})
	_, calmMost := v.memory(b)
	var answered, refused, failed atomic.Int64
	during := v.measureTraffic(b, attackDuration, func(ctx context.Context) {
		var running sync.WaitGroup
		all := expensiveRequests()
		for i := range attackers {
			client := clientFrom(fmt.Sprintf("127.0.3.%d", 1+i%addresses))
			running.Go(func() {
				for n := i; ctx.Err() == nil; n++ {
					// A comment makes each document a new one.
					body := strings.Replace(all[n%len(all)].body, `{"query":"`, fmt.Sprintf(`{"query":"#%d\n`, rand.Int()), 1)
					switch status := sendRequest(ctx, client, v.url, "", body).status; {
					case status == http.StatusOK:
						answered.Add(1)
					case status != 0:
						refused.Add(1)
					case ctx.Err() == nil:
						failed.Add(1)
					}
				}
			})
		}
		for i := range stalled {
			running.Go(func() { occupy(ctx, v, i, all[2].body, true) })
		}
		for i := range dripping {
			running.Go(func() { occupy(ctx, v, i, all[2].body, false) })
		}
		running.Wait()
	})
	_, attackPeak := v.memory(b)
	b.ReportMetric(before.percentile(50), "p50-before-ms")
	b.ReportMetric(before.percentile(99), "p99-before-ms")
	b.ReportMetric(during.percentile(50), "p50-during-ms")
	b.ReportMetric(during.percentile(99), "p99-during-ms")
	b.ReportMetric(float64(calmMost>>20), "MB-before")
	b.ReportMetric(float64(attackPeak>>20), "MB-during")
	b.ReportMetric(float64(len(during.took)), "served")
	b.ReportMetric(float64(before.failed+during.failed), "served-failed")
	b.ReportMetric(float64(answered.Load()), "attacks-answered")
	b.ReportMetric(float64(refused.Load()), "attacks-refused")
	b.ReportMetric(float64(failed.Load()), "attacks-cut")
	b.ReportMetric(0, "ns/op")
}

// occupy holds a connection: it sends a request and does not read, or does not
// finish its request. When it is disconnected, it reconnects.
func occupy(ctx context.Context, v *serverProcess, i int, body string, whole bool) {
	address := strings.TrimSuffix(strings.TrimPrefix(v.url, "http://"), "/graphql")
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 4, byte(1+i))}}
	for ctx.Err() == nil {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		if whole {
			_, err = fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			<-ctx.Done()
		} else if _, err = io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\n"); err == nil {
			_, err = conn.Read(make([]byte, 1)) // until it is cut
		}
		stop()
		_ = conn.Close()
		if err != nil && ctx.Err() != nil {
			return
		}
	}
}
