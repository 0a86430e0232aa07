package server

import (
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// minCompressed is the size from which on compressing an answer saves a packet.
const minCompressed = 1400

// compress gzips or zstds answers for those who accept it. Answers that are
// encoded already, such as the explorer's files, are left alone, and so are
// event streams, of which each event has to arrive by itself. A connection that
// becomes a WebSocket is not for the compressor, which keeps back the status.
// The level is the quickest: it is where most of the gain is.
func compress() middleware {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(minCompressed), gzhttp.CompressionLevel(1),
		gzhttp.ContentTypeFilter(func(contentType string) bool {
			return !strings.HasPrefix(contentType, "text/event-stream") && gzhttp.DefaultContentTypeFilter(contentType)
		}))
	if err != nil {
		panic(err) // the options are constants
	}
	return func(next http.Handler) http.Handler {
		compressed := wrap(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Upgrade") != "" {
				next.ServeHTTP(w, r)
				return
			}
			compressed(w, r)
		})
	}
}
