package aggregate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	_ "embed"

	"github.com/klauspost/compress/zstd"
)

// The forms of a compressed snapshot. Its first byte is the form.
const (
	// formWhole is a Zstandard frame with dictionary 1.
	formWhole = 1
	// formDelta is what differs from an earlier revision of the document, the base: its
	// number, how many bytes are the same at the start and at the end, each as a
	// uvarint, and a Zstandard frame with dictionary 1 of what is between.
	formDelta = 2
)

// dictionary1 is snapshots of each type of document: what most have in common, such as
// the names of columns, need not be stored again in each. Stored revisions are read with
// it, so it never changes.
//
//go:embed dictionary1.txt
var dictionary1 []byte

// maxSnapshot bounds a snapshot that is decompressed.
const maxSnapshot = 256 << 20

// codec returns the encoder and the decoder of Zstandard frames. Both are safe for
// concurrent use.
var codec = sync.OnceValues(func() (*zstd.Encoder, *zstd.Decoder) {
	// The hash of a revision is its checksum.
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderCRC(false), zstd.WithEncoderDictRaw(1, dictionary1))
	if err != nil {
		panic(fmt.Sprintf("aggregate: %v", err)) // the options are constants
	}
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxSnapshot), zstd.WithDecoderDictRaw(1, dictionary1))
	if err != nil {
		panic(fmt.Sprintf("aggregate: %v", err))
	}
	return w, r
})

// base is a revision of a document from which a later one is compressed as a delta.
type base struct {
	number int
	text   []byte
}

// compress returns the compressed form of a snapshot: as a delta from a base, if there is
// one and half of the snapshot is the same, and else by itself. It returns nil where
// that is not shorter.
func compress(text []byte, from *base) []byte {
	w, _ := codec()
	out := make([]byte, 0, len(text)/2+64)
	if from != nil {
		start := commonStart(from.text, text)
		end := commonEnd(from.text[start:], text[start:])
		if 2*(start+end) >= len(text) {
			out = append(out, formDelta)
			for _, n := range []int{from.number, start, end} {
				out = binary.AppendUvarint(out, uint64(n))
			}
			return shorter(w.EncodeAll(text[start:len(text)-end], out), text)
		}
	}
	return shorter(w.EncodeAll(text, append(out, formWhole)), text)
}

func shorter(compressed, text []byte) []byte {
	if len(compressed) >= len(text) {
		return nil
	}
	return slices.Clip(compressed)
}

func commonStart(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

func commonEnd(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[len(a)-1-i] != b[len(b)-1-i] {
			return i
		}
	}
	return n
}

// baseOf returns the number of the revision from which a compressed snapshot is a delta;
// 0 if it is none.
func baseOf(compressed []byte) int {
	if len(compressed) == 0 || compressed[0] != formDelta {
		return 0
	}
	number, _ := binary.Uvarint(compressed[1:])
	return int(number)
}

var errCompressed = errors.New("the compressed snapshot is damaged")

// decompress returns the snapshot of a compressed form. baseText is the snapshot of the
// revision [baseOf].
func decompress(compressed, baseText []byte) ([]byte, error) {
	if len(compressed) == 0 {
		return nil, errCompressed
	}
	_, r := codec()
	form, rest := compressed[0], compressed[1:]
	switch form {
	case formWhole:
		return r.DecodeAll(rest, nil)
	case formDelta:
		var n [3]uint64 // the base's number, what is the same at the start, and at the end
		for i := range n {
			v, size := binary.Uvarint(rest)
			if size <= 0 {
				return nil, errCompressed
			}
			n[i], rest = v, rest[size:]
		}
		start, end := n[1], n[2]
		if total := uint64(len(baseText)); start > total || end > total-start {
			return nil, errCompressed
		}
		between, err := r.DecodeAll(rest, nil)
		if err != nil {
			return nil, err
		}
		return bytes.Join([][]byte{baseText[:start], between, baseText[uint64(len(baseText))-end:]}, nil), nil
	}
	return nil, fmt.Errorf("the compressed snapshot has the form %d, which this version of the program does not know", form)
}
