package transport

import (
	"context"
	"net/http"
)

type headerKey struct{}

// withHeader returns a context in which [Header] finds the header.
func withHeader(ctx context.Context) (context.Context, http.Header) {
	header := http.Header{}
	return context.WithValue(ctx, headerKey{}, header), header
}

// Header returns the header of the answer to the request that ctx belongs to,
// for what runs in the executor to set. It is sent with the answer: what is
// set after that has no effect. On a stream that is when the operation has
// begun, before its first event. Outside of a request, and on a WebSocket, it
// is a header of nothing. It is never nil, and not for use by several
// goroutines.
func Header(ctx context.Context) http.Header {
	if header, ok := ctx.Value(headerKey{}).(http.Header); ok {
		return header
	}
	return http.Header{}
}

// putHeader moves what the executor has set into the answer. Of Vary, what is
// there stays.
func putHeader(w http.ResponseWriter, header http.Header) {
	for name, values := range header {
		if name == "Vary" {
			values = append(w.Header()[name], values...)
		}
		w.Header()[name] = values
	}
}
