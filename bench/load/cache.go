package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// cached is a way to get a cached response.
type cached struct{ name, method, coding string }

// notModified is the way that gets a 304.
const notModified = "GET, If-None-Match"

var cachedWays = []cached{
	{"POST", http.MethodPost, ""},
	{"GET", http.MethodGet, ""},
	{"GET, gzip", http.MethodGet, "gzip"},
	{"GET, zstd", http.MethodGet, "zstd"},
	{notModified, http.MethodGet, ""},
}

// measureCache compares responses from the response cache with the same bytes, served as
// they are by the baseline.
func (b *bench) measureCache(ctx context.Context) (err error) {
	p, err := b.startProgram(ctx, "32MiB")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	s := section{Title: "Responses from the response cache, beside the same bytes served by net/http:",
		Columns: []string{"workload", "request", "connections", "**CPU**", "CPU, µs", "requests/s", "p50, ms", "p99, ms", "bytes"}}
	for _, w := range b.workloads {
		if !slices.Contains([]string{"W1", "W2"}, w.name) {
			continue
		}
		for _, way := range cachedWays {
			ours, ready, status, err := b.cachedRequests(ctx, p, w, way)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", w.name, way.name, err)
			}
			for _, n := range b.connections {
				row, err := b.compareCached(ctx, p, ours, ready, status, n)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", w.name, way.name, err)
				}
				o, t := &row.Ours, &row.Baseline
				s.Rows = append(s.Rows, []string{w.name, way.name, fmt.Sprint(n), fmt.Sprintf("**%.2f**", row.cpuRatio(false)),
					fmt.Sprintf("%.1f / %.1f", micros(o.perRequest(false)), micros(t.perRequest(false))),
					fmt.Sprintf("%.0f / %.0f", o.perSecond(), t.perSecond()),
					fmt.Sprintf("%.2f / %.2f", millis(o.P50), millis(t.P50)), fmt.Sprintf("%.2f / %.2f", millis(o.P99), millis(t.P99)),
					fmt.Sprintf("%.0f", quotient(float64(o.Bytes), float64(o.Requests)))})
				b.logf("cached %s, %s: CPU %.2f of ready bytes", w.name, way.name, row.cpuRatio(false))
			}
		}
	}
	if len(s.Rows) > 0 {
		b.result.Sections = append(b.result.Sections, s)
	}
	return nil
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func (b *bench) compareCached(ctx context.Context, p *process, ours, ready [][]byte, status, n int) (row, error) {
	next := func(requests [][]byte) func(int, int) []byte {
		return func(connection, n int) []byte { return requests[(connection*7+n)%len(requests)] }
	}
	var r row
	us, err := connect(ctx, p, backends{}, n, next(ours))
	if err != nil {
		return r, err
	}
	defer us.close()
	them, err := connect(ctx, b.baseline, backends{}, n, next(ready))
	if err != nil {
		return r, err
	}
	defer them.close()
	us.status, them.status = status, status
	r.Ours, r.Baseline, err = compare(ctx, us, them, b.duration)
	return r, err
}

// cachedRequests returns the requests for the program and for the baseline. It sends the
// program's once, checks the responses, and gives them to the baseline.
func (b *bench) cachedRequests(ctx context.Context, p *process, w *workload, way cached) (ours, ready [][]byte, status int, err error) {
	status = http.StatusOK
	if way.name == notModified {
		status = http.StatusNotModified
	}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	for i, request := range w.requests {
		if request.hidden {
			continue
		}
		r, err := b.cachedRequest(ctx, p, w, way, request.variables)
		if err != nil {
			return nil, nil, 0, err
		}
		header, body, err := fetch(transport, r, http.StatusOK)
		if err == nil {
			var plain []byte
			if plain, err = decode(way.coding, header.Get("Content-Encoding"), body); err == nil {
				err = compareResponse(plain, request.want(0))
			}
		}
		if err == nil && status == http.StatusNotModified {
			r.Header.Set("If-None-Match", header.Get("Etag"))
			header, body, err = fetch(transport, r, status)
		}
		if err != nil {
			return nil, nil, 0, fmt.Errorf("request %d: %w", i, err)
		}
		var raw bytes.Buffer
		r.Body = bodyOf(r)
		if err := r.Write(&raw); err != nil {
			return nil, nil, 0, err
		}
		ours = append(ours, raw.Bytes())
		path := fmt.Sprintf("/ready/%s-%d-%s", w.name, i, url.PathEscape(way.name))
		if err := b.giveReady(ctx, transport, path, status, header, body); err != nil {
			return nil, nil, 0, err
		}
		again := r.Clone(ctx)
		again.URL, err = url.Parse(b.baseline.url + path)
		if err != nil {
			return nil, nil, 0, err
		}
		again.Host = again.URL.Host
		again.Body = bodyOf(r)
		var readyRaw bytes.Buffer
		if err := again.Write(&readyRaw); err != nil {
			return nil, nil, 0, err
		}
		ready = append(ready, readyRaw.Bytes())
	}
	return ours, ready, status, nil
}

func bodyOf(r *http.Request) io.ReadCloser {
	if r.GetBody == nil {
		return nil
	}
	body, _ := r.GetBody() // of a reader in memory
	return body
}

func (b *bench) cachedRequest(ctx context.Context, p *process, w *workload, way cached, variables map[string]any) (*http.Request, error) {
	document := strings.Join(strings.Fields(w.document), " ")
	var body io.Reader
	address := p.url + "/graphql"
	if way.method == http.MethodPost {
		raw, err := json.Marshal(object{"query": document, "variables": variables})
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	} else {
		raw, err := json.Marshal(variables)
		if err != nil {
			return nil, err
		}
		address += "?" + url.Values{"query": {document}, "variables": {string(raw)}}.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, way.method, address, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if way.coding != "" {
		r.Header.Set("Accept-Encoding", way.coding)
	}
	return r, nil
}

func fetch(transport *http.Transport, r *http.Request, status int) (http.Header, []byte, error) {
	r = r.Clone(r.Context())
	r.Body = bodyOf(r)
	res, err := transport.RoundTrip(r)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != status {
		err = fmt.Errorf("got status %d, want %d: %.300s", res.StatusCode, status, body)
	}
	return res.Header, body, err
}

func decode(want, coding string, body []byte) ([]byte, error) {
	if coding != want {
		return nil, fmt.Errorf("got the coding %q, want %q", coding, want)
	}
	switch coding {
	case "gzip":
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	case "zstd":
		d, err := zstd.NewReader(nil)
		if err != nil {
			return nil, err
		}
		defer d.Close()
		return d.DecodeAll(body, nil)
	}
	return body, nil
}

// giveReady gives the baseline a response to serve.
func (b *bench) giveReady(ctx context.Context, transport *http.Transport, path string, status int, header http.Header, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, b.baseline.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, values := range header {
		if name != "Date" {
			r.Header[readyPrefix+name] = values
		}
	}
	r.Header.Set(readyPrefix+"Status", fmt.Sprint(status))
	_, _, err = fetch(transport, r, http.StatusOK)
	return err
}
