package tracing

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// TraceID is the id of a trace; the zero value is none.
type TraceID [16]byte

// SpanID is the id of a span; the zero value is none.
type SpanID [8]byte

func (id TraceID) String() string { return hex.EncodeToString(id[:]) }
func (id SpanID) String() string  { return hex.EncodeToString(id[:]) }

func newTraceID() (id TraceID) {
	binary.BigEndian.PutUint64(id[:8], rand.Uint64())
	binary.BigEndian.PutUint64(id[8:], rand.Uint64()|1) // not zero
	return id
}

func newSpanID() (id SpanID) {
	binary.BigEndian.PutUint64(id[:], rand.Uint64()|1)
	return id
}

// Kind is what a span is about, by the numbers of OTLP.
type Kind int

// The kinds of spans.
const (
	Internal Kind = iota + 1
	Server
	Client
	Producer
	Consumer
)

// Attribute is an attribute of a span: a string, an int64 or a bool.
type Attribute struct {
	Key   string
	Value any
}

// reference names a span, as traceparent does.
type reference struct {
	trace   TraceID
	span    SpanID
	sampled bool
	state   string // tracestate
}

// maxAttributes bounds the attributes of a span.
const maxAttributes = 32

// Span is something that was done and took time. A nil *Span does nothing. A span is used by one goroutine at a time.
type Span struct {
	tracer     *Tracer
	self       reference
	parent     SpanID
	link       reference // what caused a trace of its own; zero: none
	name       string
	kind       Kind
	start, end time.Time
	attributes []Attribute
	failed     bool
	ended      bool
}

type spanKey struct{}

// active says that there was a tracer in this process. Without one nothing is looked up.
var active atomic.Bool

func spanFrom(ctx context.Context) *Span {
	if !active.Load() {
		return nil
	}
	s, _ := ctx.Value(spanKey{}).(*Span)
	return s
}

// Start begins a span below that of ctx. Where ctx has none, or its trace is not recorded, it returns ctx and nil.
func Start(ctx context.Context, name string, kind Kind, attributes ...Attribute) (context.Context, *Span) {
	parent := spanFrom(ctx)
	if parent == nil || !parent.self.sampled {
		return ctx, nil
	}
	s := parent.child(name, kind)
	s.attributes = append(s.attributes, attributes...)
	return context.WithValue(ctx, spanKey{}, s), s
}

// Begin is Start for a span that has none below it.
func Begin(ctx context.Context, name string, kind Kind, attributes ...Attribute) *Span {
	parent := spanFrom(ctx)
	if parent == nil || !parent.self.sampled {
		return nil
	}
	s := parent.child(name, kind)
	s.attributes = append(s.attributes, attributes...)
	return s
}

// Recorded reports whether a span that is begun in ctx would be recorded.
func Recorded(ctx context.Context) bool {
	s := spanFrom(ctx)
	return s != nil && s.self.sampled
}

func (s *Span) child(name string, kind Kind) *Span {
	self := s.self
	self.span = newSpanID()
	return &Span{tracer: s.tracer, self: self, parent: s.self.span, name: name, kind: kind, start: time.Now()}
}

// SetName replaces the name.
func (s *Span) SetName(name string) {
	if s != nil {
		s.name = name
	}
}

// Set adds an attribute.
func (s *Span) Set(key string, value any) {
	if s != nil && s.self.sampled && len(s.attributes) < maxAttributes {
		s.attributes = append(s.attributes, Attribute{key, value})
	}
}

// Fail marks the span as failed. errorType is of a small set, such as a code or a status; no text is recorded.
func (s *Span) Fail(errorType string) {
	if s != nil {
		s.failed = true
		s.Set("error.type", errorType)
	}
}

// End ends the span, once. A failed span is marked by [Span.Fail] before.
func (s *Span) End() {
	if s == nil || s.ended {
		return
	}
	s.end, s.ended = time.Now(), true
	if s.self.sampled {
		s.tracer.exporter.add(s)
	}
}

// EndWith ends the span; it has failed if err is an error.
func (s *Span) EndWith(err error) {
	if s != nil && err != nil {
		s.Fail(errorType(err))
	}
	s.End()
}

// errorType is the type of an error, and "_OTHER", the word of the conventions, for one that has none.
func errorType(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	}
	return "_OTHER"
}
