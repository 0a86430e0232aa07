package tracing

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// exporter sends spans in batches. What ends while its queue is full is dropped and counted, so that a collector that is
// away costs a bounded memory and no time.
type exporter struct {
	settings Settings
	resource []keyValue
	version  string
	log      *slog.Logger
	client   *http.Client

	queue   chan *Span
	dropped atomic.Int64
	lost    atomic.Int64 // spans that could not be sent
	sent    atomic.Int64
	failing bool // the last export failed
}

func newExporter(s Settings, version string, log *slog.Logger) *exporter {
	e := &exporter{settings: s, version: version, log: log, queue: make(chan *Span, s.QueueSize),
		client: &http.Client{Timeout: s.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	e.resource = append(attributes(s.Resource), text("service.version", version), text("telemetry.sdk.language", "go"), text("telemetry.sdk.name", "redthread"))
	return e
}

func (e *exporter) add(s *Span) {
	select {
	case e.queue <- s:
	default:
		e.dropped.Add(1)
	}
}

// Stats are the numbers of spans since the start.
type Stats struct{ Sent, Dropped, Lost int64 }

// Stats returns how many spans were sent, were dropped because the queue was full, and could not be sent.
func (t *Tracer) Stats() Stats {
	if t == nil {
		return Stats{}
	}
	return Stats{t.exporter.sent.Load(), t.exporter.dropped.Load(), t.exporter.lost.Load()}
}

func (e *exporter) run(ctx context.Context) {
	tick := time.NewTicker(e.settings.Delay)
	defer tick.Stop()
	var batch []*Span
	for {
		select {
		case s := <-e.queue:
			if batch = append(batch, s); len(batch) < e.settings.BatchSize {
				continue
			}
		case <-tick.C:
		case <-ctx.Done():
			e.flush(context.WithoutCancel(ctx), batch)
			return
		}
		e.send(ctx, batch)
		batch = nil
	}
}

// flush sends what is left when the process ends.
func (e *exporter) flush(ctx context.Context, batch []*Span) {
	ctx, cancel := context.WithTimeout(ctx, min(e.settings.Timeout, 5*time.Second))
	defer cancel()
	for {
		select {
		case s := <-e.queue:
			batch = append(batch, s)
			continue
		default:
		}
		e.send(ctx, batch)
		return
	}
}

// attempts is how often an export is tried.
const attempts = 3

// send sends a batch; one that cannot be sent is given up, and the log says so once.
func (e *exporter) send(ctx context.Context, batch []*Span) {
	if len(batch) == 0 {
		return
	}
	body, err := e.encode(batch)
	for n := range attempts {
		var again time.Duration
		if err == nil {
			again, err = e.post(ctx, body)
		}
		if err == nil || again == 0 || n == attempts-1 {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(again << n):
			err = nil
			continue
		}
		break
	}
	if err != nil {
		e.lost.Add(int64(len(batch)))
		if !e.failing {
			e.log.WarnContext(ctx, "traces cannot be sent", "to", e.settings.String(), "error", err)
		}
	} else {
		e.sent.Add(int64(len(batch)))
		if e.failing {
			e.log.InfoContext(ctx, "traces are sent again", "lost", e.lost.Load(), "dropped", e.dropped.Load())
		}
	}
	e.failing = err != nil
}

// post sends a body. Where it is worth trying again, again is the pause until then.
func (e *exporter) post(ctx context.Context, body []byte) (again time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.settings.Endpoint, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Redthread/"+e.version)
	if e.settings.Gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	for name, value := range e.settings.Headers {
		r.Header.Set(name, value)
	}
	res, err := e.client.Do(r)
	if err != nil {
		return time.Second, err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection is used again
	switch res.StatusCode {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent:
		return 0, nil
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = time.Second
		if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && seconds > 0 && seconds <= 30 {
			again = time.Duration(seconds) * time.Second
		}
	}
	return again, fmt.Errorf("the collector answered %d", res.StatusCode)
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// encode writes a batch as the request ExportTraceServiceRequest of OTLP in JSON.
func (e *exporter) encode(batch []*Span) ([]byte, error) {
	spans := make([]spanJSON, len(batch))
	for i, s := range batch {
		spans[i] = s.json()
	}
	request := requestJSON{ResourceSpans: []resourceSpans{{
		Resource:   resource{e.resource},
		ScopeSpans: []scopeSpans{{Scope: scope{Name: "redthread", Version: e.version}, Spans: spans}},
	}}}
	buffer := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buffer)
	buffer.Reset()
	if !e.settings.Gzip {
		err := json.NewEncoder(buffer).Encode(request)
		return bytes.Clone(buffer.Bytes()), err
	}
	zipped := gzip.NewWriter(buffer)
	err := errors.Join(json.NewEncoder(zipped).Encode(request), zipped.Close())
	return bytes.Clone(buffer.Bytes()), err
}

type (
	requestJSON struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource   resource     `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	resource struct {
		Attributes []keyValue `json:"attributes"`
	}
	scopeSpans struct {
		Scope scope      `json:"scope"`
		Spans []spanJSON `json:"spans"`
	}
	scope struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	spanJSON struct {
		TraceID    string     `json:"traceId"`
		SpanID     string     `json:"spanId"`
		ParentID   string     `json:"parentSpanId,omitempty"`
		TraceState string     `json:"traceState,omitempty"`
		Flags      uint32     `json:"flags"`
		Name       string     `json:"name"`
		Kind       Kind       `json:"kind"`
		Start      string     `json:"startTimeUnixNano"`
		End        string     `json:"endTimeUnixNano"`
		Attributes []keyValue `json:"attributes,omitempty"`
		Links      []linkJSON `json:"links,omitempty"`
		Status     *status    `json:"status,omitempty"`
	}
	linkJSON struct {
		TraceID string `json:"traceId"`
		SpanID  string `json:"spanId"`
	}
	status struct {
		Code int `json:"code"` // 2: error
	}
	keyValue struct {
		Key   string   `json:"key"`
		Value anyValue `json:"value"`
	}
	anyValue struct {
		String *string `json:"stringValue,omitempty"`
		Int    *string `json:"intValue,omitempty"` // 64 bits are written as a text
		Bool   *bool   `json:"boolValue,omitempty"`
	}
)

func (s *Span) json() spanJSON {
	j := spanJSON{
		TraceID: s.self.trace.String(), SpanID: s.self.span.String(), TraceState: s.self.state, Flags: 1, Name: s.name, Kind: s.kind,
		Start: strconv.FormatInt(s.start.UnixNano(), 10), End: strconv.FormatInt(s.start.Add(s.end.Sub(s.start)).UnixNano(), 10),
		Attributes: attributes(s.attributes),
	}
	if s.parent != (SpanID{}) {
		j.ParentID = s.parent.String()
	}
	if s.link.trace != (TraceID{}) {
		j.Links = []linkJSON{{s.link.trace.String(), s.link.span.String()}}
	}
	if s.failed {
		j.Status = &status{2}
	}
	return j
}

func text(key, value string) keyValue { return keyValue{key, anyValue{String: &value}} }

func attributes(all []Attribute) []keyValue {
	var list []keyValue
	for _, a := range all {
		switch v := a.Value.(type) {
		case string:
			list = append(list, text(a.Key, v))
		case bool:
			list = append(list, keyValue{a.Key, anyValue{Bool: &v}})
		case int64:
			digits := strconv.FormatInt(v, 10)
			list = append(list, keyValue{a.Key, anyValue{Int: &digits}})
		case int:
			digits := strconv.Itoa(v)
			list = append(list, keyValue{a.Key, anyValue{Int: &digits}})
		default:
			list = append(list, text(a.Key, fmt.Sprintf("%T", v)))
		}
	}
	return list
}
