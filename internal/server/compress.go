package server

import (
	"net/http"

	"github.com/klauspost/compress/gzhttp"

	"github.com/redthread-api/redthread/internal/server/respcache"
)

// compress gzips or zstds answers for those who accept it. Answers that are
// encoded already, such as the explorer's files and what is kept, are left
// alone, and so are those that [respcache.Compressible] leaves out. A connection that
// becomes a WebSocket is not for the compressor, which keeps back the status.
// The level is the quickest: it is where most of the gain is.
func compress() middleware {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(respcache.MinCompressed), gzhttp.CompressionLevel(1),
		gzhttp.ContentTypeFilter(respcache.Compressible))
	if err != nil {
		panic(err) // the options are constants
	}
	return func(next http.Handler) http.Handler {
		compressed := wrap(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Header.Get("Upgrade") != "":
				next.ServeHTTP(w, r)
			case len(r.Header["Accept-Encoding"]) == 0:
				// As the compressor does it, but for its own writer.
				w.Header().Add("Vary", "Accept-Encoding")
				next.ServeHTTP(w, r)
			default:
				compressed(w, r)
			}
		})
	}
}
