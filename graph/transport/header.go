package transport

import (
	"context"
	"net/http"
)

type partsKey struct{}

// parts are what the executor sets of an HTTP response beside its GraphQL response.
type parts struct {
	header http.Header
	// body is what [Data] was called with.
	body []byte
}

// withHeader returns a context in which [Header] finds the header.
func withHeader(ctx context.Context) (context.Context, http.Header) {
	a := &parts{header: http.Header{}}
	return context.WithValue(ctx, partsKey{}, a), a.header
}

func partsOf(ctx context.Context) *parts {
	a, _ := ctx.Value(partsKey{}).(*parts)
	return a
}

// Header returns the header of the HTTP response to the request of ctx, for code in
// the executor to set. Fields that are set after the header was sent have no effect;
// a stream sends it when the operation has begun, before its first event. Outside
// of a request, and on a WebSocket, it returns a header that is not sent. It is
// never nil, and not safe for concurrent use.
func Header(ctx context.Context) http.Header {
	if a := partsOf(ctx); a != nil {
		return a.header
	}
	return http.Header{}
}

// putHeader copies the fields that the executor has set to the response. Values of
// Vary that are there already stay.
func putHeader(w http.ResponseWriter, header http.Header) {
	for name, values := range header {
		if name == "Vary" {
			values = append(w.Header()[name], values...)
		}
		w.Header()[name] = values
	}
}
