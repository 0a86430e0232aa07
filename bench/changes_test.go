package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The settings of BenchmarkFollowers.
const (
	followers      = 1_000 // from ten addresses
	published      = 200
	publishedEvery = 50 * time.Millisecond
)

// BenchmarkFollowers has many clients receive server-sent events of publications.
// It reports the time from the publish request to each client's event, and the
// server's memory per client. The clients share the machine with the server.
func BenchmarkFollowers(b *testing.B) {
	v := startServer(b, newSite(b).closeStores(b))
	editor := clientFrom("127.0.1.9")
	publish := func(i int, suffix string) {
		if !update(b.Context(), v, editor, i, suffix) {
			b.Fatal("a report was not published")
		}
	}
	publish(0, " warm")
	before, _ := v.memory(b)

	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	heard := make([][]time.Time, followers)
	var listening, ended sync.WaitGroup
	for i := range followers {
		listening.Add(1)
		ended.Go(func() {
			heard[i] = readEvents(ctx, clientFrom(fmt.Sprintf("127.0.5.%d", 1+i%10)), strings.TrimSuffix(v.url, "/graphql")+"/changes", published, listening.Done)
		})
	}
	listening.Wait()
	with, _ := v.memory(b)

	cpu := v.cpu(b)
	sent := make([]time.Time, published)
	tick := time.NewTicker(publishedEvery)
	defer tick.Stop()
	for i := range published {
		<-tick.C
		sent[i] = time.Now()
		publish(i, fmt.Sprintf(" %d", i))
	}
	last := time.AfterFunc(time.Minute, cancel)
	ended.Wait()
	last.Stop()
	cpu = v.cpu(b) - cpu
	_, most := v.memory(b)

	var took []time.Duration
	missed := 0
	for _, times := range heard {
		missed += published - len(times)
		for i, at := range times {
			took = append(took, at.Sub(sent[i]))
		}
	}
	slices.Sort(took)
	ms := func(p int) float64 { return float64(took[(len(took)-1)*p/100].Microseconds()) / 1000 }
	b.ReportMetric(ms(50), "p50-ms")
	b.ReportMetric(ms(99), "p99-ms")
	b.ReportMetric(float64(missed), "missed")
	b.ReportMetric(float64(with-before)/followers/1024, "KB/follower")
	b.ReportMetric(float64(most>>20), "MB-most")
	b.ReportMetric(float64(cpu.Milliseconds()), "cpu-ms")
	b.ReportMetric(0, "ns/op")
}

// update changes and publishes a report, and reports whether that succeeded.
func update(ctx context.Context, v *serverProcess, c *http.Client, i int, suffix string) bool {
	const document = `mutation($slug: ID!, $title: String!, $name: String!) {
		updateReport(input: {id: $slug, title: $title}) { changed } publish(input: {documents: [$name]}) { state } }`
	slug := fmt.Sprintf("report-%d", i%reports)
	got := sendRequest(ctx, c, v.url, v.editor, variables(document, map[string]any{"slug": slug, "title": "News" + suffix, "name": "report:" + slug}))
	return got.status == http.StatusOK && bytes.Contains(got.head, []byte("APPLIED"))
}

// readEvents returns the times of n events.
func readEvents(ctx context.Context, c *http.Client, url string, n int, ready func()) []time.Time {
	ready = sync.OnceFunc(ready)
	defer ready()
	c.Timeout = 0
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil
	}
	res, err := c.Do(r)
	if err != nil {
		return nil
	}
	defer res.Body.Close()
	var times []time.Time
	lines := bufio.NewScanner(res.Body)
	for len(times) < n && lines.Scan() {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "id: "):
			ready()
		case line == "event: change":
			times = append(times, time.Now())
		}
	}
	return times
}

// The settings of BenchmarkReadersWhilePublishing.
const (
	publishRate    = 100 // documents a second
	publishWorkers = 4
)

// BenchmarkReadersWhilePublishing serves readers at a fixed rate, first alone, and
// then while documents are changed and published at another rate. It reports the
// latencies of the readers.
func BenchmarkReadersWhilePublishing(b *testing.B) {
	v := startServer(b, newSiteOf(b, attackReports, attackEntities).closeStores(b))
	v.measureTraffic(b, 2*time.Second, func(context.Context) {}) // caches, prepared statements
	before := v.measureTraffic(b, calm, func(context.Context) {})
	var done, failed atomic.Int64
	during := v.measureTraffic(b, attackDuration, func(ctx context.Context) {
		due := make(chan int)
		var running sync.WaitGroup
		for w := range publishWorkers {
			client := clientFrom(fmt.Sprintf("127.0.6.%d", 1+w))
			running.Go(func() {
				for i := range due {
					if update(ctx, v, client, i, fmt.Sprintf(" at %d", i)) {
						done.Add(1)
					} else if ctx.Err() == nil {
						failed.Add(1)
					}
				}
			})
		}
		tick := time.NewTicker(time.Second / publishRate)
		defer tick.Stop()
		for i := 0; ctx.Err() == nil; i++ {
			<-tick.C
			select {
			case due <- i:
			case <-ctx.Done():
			}
		}
		close(due)
		running.Wait()
	})
	b.ReportMetric(before.percentile(50), "p50-before-ms")
	b.ReportMetric(before.percentile(99), "p99-before-ms")
	b.ReportMetric(during.percentile(50), "p50-during-ms")
	b.ReportMetric(during.percentile(99), "p99-during-ms")
	b.ReportMetric(float64(done.Load())/attackDuration.Seconds(), "published/s")
	b.ReportMetric(float64(failed.Load()), "not-published")
	b.ReportMetric(float64(len(before.took)+len(during.took)), "served")
	b.ReportMetric(float64(before.failed+during.failed), "served-failed")
	b.ReportMetric(0, "ns/op")
}
