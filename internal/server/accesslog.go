package server

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/tracing"
)

// requestInfo is what inner middleware records about a request for the access log.
type requestInfo struct {
	viewer    *domain.Viewer
	operation transport.Operation
	route     string // the pattern of the route; empty: none was reached
}

type requestInfoKey struct{}

func recordViewer(ctx context.Context, v *domain.Viewer) {
	if visit, _ := ctx.Value(requestInfoKey{}).(*requestInfo); visit != nil {
		visit.viewer = v
	}
}

// RecordOperation records the operation of a request for the access log. It must be
// called on the goroutine that serves the request.
func RecordOperation(ctx context.Context, o transport.Operation) {
	if visit, _ := ctx.Value(requestInfoKey{}).(*requestInfo); visit != nil {
		visit.operation = o
	}
}

// Answered is a request that was answered.
type Answered struct {
	Route    string // the pattern of the route, such as "/v1/"; "none" where none was reached
	Method   string
	Status   int
	Duration time.Duration
	Bytes    int64 // of the body that was sent
}

// recordRoute is a mux that records which route each request took.
func recordRoute(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r)
		if visit, _ := r.Context().Value(requestInfoKey{}).(*requestInfo); visit != nil {
			visit.route = r.Pattern
		}
	})
}

// receive is the outermost middleware: it gives each request an id and the address of
// its client, and logs it in one line. Health probes are at debug level, errors of the
// server at error level.
//
// The line has the operation's name and the beginning of its document's hash, since logs
// of proxies can't tell requests by POST and QUERY from each other. It has no query string, header or body, which can hold keys, drafts
// and e-mail addresses, and no network address of the client: a proxy in front
// knows that, and the request id joins the two logs.
//
// The three are one middleware, because each new context copies the request, and a
// cache hit costs little else.
//
// observe, if not nil, is called with each request that was answered. tracer, if not nil, makes each one a span, but for
// those of probes.
func receive(log *slog.Logger, trusted []netip.Prefix, observe func(Answered), tracer *tracing.Tracer) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			info := &requestInfo{}
			ctx := domain.WithRequestID(r.Context(), assignRequestID(w, r))
			ctx = domain.WithClient(ctx, clientOf(r, trusted))
			ctx = context.WithValue(ctx, requestInfoKey{}, info)
			traced := tracer
			if isProbe(r) {
				traced = nil
			}
			ctx, span := traced.StartRequest(ctx, methodOf(r), r.Header.Get("Traceparent"), r.Header.Get("Tracestate"))
			recorder := &responseRecorder{ResponseWriter: w}
			// Deferred, because a handler may abort the connection by a panic.
			defer func() {
				info.log(ctx, log, r, recorder, start)
				if span != nil {
					info.describe(span, r, recorder, domain.RequestID(ctx))
				}
				if observe != nil {
					observe(Answered{cmp.Or(info.route, "none"), r.Method, recorder.status, time.Since(start), recorder.bytes})
				}
			}()
			next.ServeHTTP(recorder, r.WithContext(ctx))
			if !recorder.started() {
				recorder.status = http.StatusOK // what net/http sends for a handler that writes nothing
			}
		})
	}
}

// isProbe reports whether a request asks how the process is, as one comes every few seconds.
func isProbe(r *http.Request) bool { return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" }

// methodOf returns the method of a request for its span; "_OTHER", the word of the conventions, for one that a client has made up.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace, transport.MethodQuery:
		return r.Method
	}
	return "_OTHER"
}

// describe ends the span of a request with what the conventions for HTTP ask for; but for the path, which can name a document.
func (v *requestInfo) describe(span *tracing.Span, r *http.Request, recorder *responseRecorder, requestID string) {
	if v.route != "" {
		_, route, found := strings.Cut(v.route, " ") // of a pattern with a method
		if !found {
			route = v.route
		}
		span.SetName(methodOf(r) + " " + route)
		span.Set("http.route", route)
	}
	span.Set("http.request.method", methodOf(r))
	span.Set("http.response.status_code", int64(recorder.status))
	span.Set("http.response.body.size", recorder.bytes)
	span.Set("network.protocol.version", strings.TrimSuffix(strings.TrimPrefix(r.Proto, "HTTP/"), ".0"))
	span.Set("url.scheme", map[bool]string{true: "https", false: "http"}[r.TLS != nil])
	span.Set("redthread.request_id", requestID)
	if v.viewer != nil {
		span.Set("redthread.role", v.viewer.Role.String())
	}
	if recorder.status >= http.StatusInternalServerError {
		span.Fail(strconv.Itoa(recorder.status))
	}
	span.End()
}

// log writes the line about a visit. The record is made here and not by the
// logger, which would look up the source line.
func (v *requestInfo) log(ctx context.Context, log *slog.Logger, r *http.Request, recorder *responseRecorder, start time.Time) {
	level := slog.LevelInfo
	switch {
	case recorder.status >= http.StatusInternalServerError && recorder.status != http.StatusServiceUnavailable:
		level = slog.LevelError
	case isProbe(r):
		level = slog.LevelDebug
	}
	if !log.Enabled(ctx, level) {
		return
	}
	now := time.Now()
	attrs := append(make([]slog.Attr, 0, 11),
		slog.String("method", r.Method),
		slog.String("path", clip(r.URL.Path, 200)),
		slog.Int("status", recorder.status),
		slog.Int64("bytes", recorder.bytes),
		slog.Float64("duration_ms", float64(now.Sub(start).Microseconds())/1000),
		slog.String("request_id", domain.RequestID(ctx)),
	)
	if name := v.operation.Name; name != "" {
		attrs = append(attrs, slog.String("operation", name))
	}
	if hash := v.operation.Document; hash != "" {
		attrs = append(attrs, slog.String("document", hash))
	}
	if r.Context().Err() != nil {
		attrs = append(attrs, slog.Bool("client_gone", true))
	}
	if v := v.viewer; v != nil {
		attrs = append(attrs, slog.String("role", v.Role.String()))
		switch {
		case v.KeyID != 0:
			attrs = append(attrs, slog.String("key_id", v.KeyID.String()))
		case v.PersonID != 0:
			attrs = append(attrs, slog.String("person_id", v.PersonID.String()))
		}
	}
	line := slog.NewRecord(now, level, "request", 0)
	line.AddAttrs(attrs...)
	// The error is ignored, as slog does.
	_ = log.Handler().Handle(ctx, line)
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
