package respcache

import (
	"bytes"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// MinCompressed is the size, in bytes, from which on responses are compressed: smaller
// ones fit into one packet.
const MinCompressed = 1400

// Compressible reports whether responses of a media type are to be compressed: not
// media that are compressed already, nor event streams, whose events must not wait in
// a compressor.
func Compressible(contentType string) bool {
	return !strings.HasPrefix(contentType, "text/event-stream") && gzhttp.DefaultContentTypeFilter(contentType)
}

// coding is how a body is encoded.
type coding int

const (
	identity coding = iota
	gzipped
	zstandard
	codings // the number of codings
)

func (c coding) String() string { return [codings]string{"identity", "gzip", "zstd"}[c] }

// codingOf is the coding for an Accept-Encoding, by the same rules as those of the
// middleware that compresses other responses: the greater q-value, and zstd of two
// that are equal; a coding that is not named is not used.
func codingOf(accepted string) coding {
	switch accepted {
	case "":
		return identity
	case "gzip", "gzip, deflate", "gzip, deflate, br":
		return gzipped
	}
	zstdQ, gzipQ := quality(accepted, "zstd"), quality(accepted, "gzip")
	switch {
	case zstdQ <= 0 && gzipQ <= 0:
		return identity
	case zstdQ >= gzipQ:
		return zstandard
	}
	return gzipped
}

// quality is the q-value of a coding; 0 where it is not accepted.
func quality(accepted, name string) float64 {
	for element := range strings.SplitSeq(accepted, ",") {
		coding, parameters, _ := strings.Cut(element, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), name) {
			continue
		}
		for parameter := range strings.SplitSeq(parameters, ";") {
			key, value, ok := strings.Cut(parameter, "=")
			if !ok || !strings.EqualFold(strings.TrimSpace(key), "q") {
				continue
			}
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || !(q >= 0) {
				return 0
			}
			return min(q, 1)
		}
		return 1
	}
	return 0
}

// encode returns a body in the coding, at the quickest level, which is where
// most of the gain is.
func (c coding) encode(plain []byte) []byte {
	var out []byte
	switch c {
	case gzipped:
		out = gzipOf(plain)
	case zstandard:
		out = zstdEncoder().EncodeAll(plain, nil)
	default:
		return plain
	}
	return bytes.Clone(out)[:len(out):len(out)] // a cached body has no spare capacity
}

var gzipWriters = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}

func gzipOf(plain []byte) []byte {
	var out bytes.Buffer
	w := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(w)
	w.Reset(&out)
	_, _ = w.Write(plain) // a buffer takes every write
	_ = w.Close()
	return out.Bytes()
}

// zstdWindow is the least power of two that holds the largest response.
const zstdWindow = 512 << 10

// zstdEncoder is shared: EncodeAll is safe for concurrent use.
var zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(zstdWindow), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return e
})
