package tracing

import (
	"context"
	"encoding/hex"
	"strings"
)

// Traceparent returns the span of ctx as a header of W3C Trace Context (https://www.w3.org/TR/trace-context/); empty where
// there is none.
func Traceparent(ctx context.Context) string {
	s := spanFrom(ctx)
	if s == nil {
		return ""
	}
	flags := "00"
	if s.self.sampled {
		flags = "01"
	}
	return "00-" + s.self.trace.String() + "-" + s.self.span.String() + "-" + flags
}

// parseTraceparent reads a header traceparent of version 00, and the part that is defined of later ones.
func parseTraceparent(text string) (reference, bool) {
	const length = 55
	switch {
	case len(text) < length, text[2] != '-', text[35] != '-', text[52] != '-', text != strings.ToLower(text):
		return reference{}, false
	case text[:2] == "ff", text[:2] == "00" && len(text) != length, len(text) > length && text[length] != '-':
		return reference{}, false
	}
	var r reference
	var version, flags [1]byte
	for _, part := range []struct {
		to   []byte
		text string
	}{{version[:], text[:2]}, {r.trace[:], text[3:35]}, {r.span[:], text[36:52]}, {flags[:], text[53:55]}} {
		if _, err := hex.Decode(part.to, []byte(part.text)); err != nil {
			return reference{}, false
		}
	}
	r.sampled = flags[0]&1 == 1
	return r, r.trace != TraceID{} && r.span != SpanID{}
}

// maxState is how long a tracestate may be; a longer one is dropped.
const maxState = 512

// validState returns a tracestate that can be passed on; empty for one that cannot.
func validState(text string) string {
	if len(text) > maxState {
		return ""
	}
	for _, r := range text {
		if r < ' ' || r > '~' {
			return ""
		}
	}
	return text
}
