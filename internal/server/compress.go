package server

import (
	"net/http"

	"github.com/klauspost/compress/gzhttp"

	"github.com/redthread-api/redthread/internal/server/respcache"
)

// compress compresses responses with gzip or zstd for clients that accept it. It leaves
// out responses that are encoded already, such as the explorer's files and cached
// ones, and media types that are not [respcache.Compressible]. Upgrades to WebSockets
// bypass the compressor, which delays the status. The level is the fastest: higher
// levels gain little.
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
				// As the compressor does, without its writer.
				w.Header().Add("Vary", "Accept-Encoding")
				next.ServeHTTP(w, r)
			default:
				compressed(w, r)
			}
		})
	}
}
