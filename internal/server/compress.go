package server

import (
	"net/http"

	"github.com/klauspost/compress/gzhttp"
)

// minCompressed is the size from which on compressing an answer saves a packet.
const minCompressed = 1400

// compress gzips or zstds answers for those who accept it. Answers that are
// encoded already, such as the explorer's files, are left alone. The level is
// the quickest: it is where most of the gain is.
func compress() middleware {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(minCompressed), gzhttp.CompressionLevel(1))
	if err != nil {
		panic(err) // the options are constants
	}
	return func(next http.Handler) http.Handler { return wrap(next) }
}
