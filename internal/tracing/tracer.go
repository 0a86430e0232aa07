package tracing

import (
	"context"
	"encoding/binary"
	"log/slog"
	"math"
)

// Tracer begins traces. A nil *Tracer begins none.
type Tracer struct {
	sampler  sampler
	exporter *exporter
}

// New returns a tracer, which sends what it has once [Tracer.Run] runs; nil if traces are off. version is that of the
// program.
func New(s Settings, version string, log *slog.Logger) *Tracer {
	if !s.Enabled() {
		return nil
	}
	active.Store(true)
	return &Tracer{sampler: s.sampler, exporter: newExporter(s, version, log)}
}

// Run sends spans until ctx is done, and then those that are left. It returns nil.
func (t *Tracer) Run(ctx context.Context) error {
	if t != nil {
		t.exporter.run(ctx)
	}
	return nil
}

// StartRequest begins the span of a request, whose headers traceparent and tracestate are given (W3C Trace Context). What is
// not valid there is ignored, as the standard says.
func (t *Tracer) StartRequest(ctx context.Context, name, traceparent, tracestate string) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	parent, ok := parseTraceparent(traceparent)
	if ok {
		parent.state = validState(tracestate)
	}
	return t.begin(ctx, name, Server, parent, ok)
}

// StartJob begins a trace of work that runs later or in the background. cause, which may be empty, is what [Traceparent]
// returned where the job was enqueued: the trace has a link to it.
func (t *Tracer) StartJob(ctx context.Context, name, cause string) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	ctx, s := t.begin(ctx, name, Consumer, reference{}, false)
	if link, ok := parseTraceparent(cause); ok {
		s.link = link
		// What a recorded request causes is recorded.
		s.self.sampled = s.self.sampled || link.sampled && t.sampler.parentBased
	}
	return ctx, s
}

func (t *Tracer) begin(ctx context.Context, name string, kind Kind, parent reference, remote bool) (context.Context, *Span) {
	s := (&Span{tracer: t, self: parent}).child(name, kind)
	if !remote {
		s.self.trace = newTraceID()
	}
	s.self.sampled = t.sampler.sample(s.self.trace, parent, remote)
	return context.WithValue(ctx, spanKey{}, s), s
}

// sampler decides which traces are recorded.
type sampler struct {
	ratio       float64 // of traces, from 0 to 1
	parentBased bool    // what a client has decided counts
}

// sample decides by the id of the trace, so that all processes decide alike: the sampler TraceIDRatioBased.
func (s sampler) sample(id TraceID, parent reference, remote bool) bool {
	if remote && s.parentBased {
		return parent.sampled
	}
	switch {
	case s.ratio >= 1:
		return true
	case s.ratio <= 0:
		return false
	}
	return binary.BigEndian.Uint64(id[8:])>>1 < uint64(s.ratio*math.MaxInt64)
}
