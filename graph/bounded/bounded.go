// Package bounded limits the size of a response in bytes. The cost of an operation is
// counted in fields, and a field can be a text of a megabyte: a hundred thousand of
// these are cheap by their number.
//
// The code generator replaces gqlgen's own encoding of a response into a buffer by
// [JSON].
package bounded

import (
	"bytes"
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"github.com/redthread-api/redthread/internal/domain"
)

// ResponseSize is how many bytes the response of an operation may still have. It is not
// safe for concurrent use: an operation runs on one goroutine.
type ResponseSize struct {
	limit         int
	text, written int // bytes that are left
	exceeded      bool
}

type responseSizeKey struct{}

// WithLimit returns a context whose operation may write a response of so many bytes, and
// make as many bytes of text for it.
func WithLimit(ctx context.Context, bytes int) (context.Context, *ResponseSize) {
	a := &ResponseSize{limit: bytes, text: bytes, written: bytes}
	return context.WithValue(ctx, responseSizeKey{}, a), a
}

// Exceeded reports whether the response is too large. The part that was made must then
// not be sent.
func (a *ResponseSize) Exceeded() bool { return a.exceeded }

// Restart forgets what was counted under ctx, and returns it: its operation is run again.
func Restart(ctx context.Context) context.Context {
	if a, _ := ctx.Value(responseSizeKey{}).(*ResponseSize); a != nil {
		*a = ResponseSize{limit: a.limit, text: a.limit, written: a.limit}
	}
	return ctx
}

// Exceeded reports whether the response of the operation of ctx is too large.
func Exceeded(ctx context.Context) bool {
	a, _ := ctx.Value(responseSizeKey{}).(*ResponseSize)
	return a != nil && a.exceeded
}

// Left returns how many bytes the response of the operation of ctx may still have;
// negative where there is no limit.
func Left(ctx context.Context) int {
	a, _ := ctx.Value(responseSizeKey{}).(*ResponseSize)
	if a == nil {
		return -1
	}
	return a.written
}

// Exceed records that the response of the operation of ctx has more bytes than are left,
// and returns the error.
func Exceed(ctx context.Context) error {
	if a, _ := ctx.Value(responseSizeKey{}).(*ResponseSize); a != nil {
		a.exceeded = true
	}
	return errTooLarge
}

var errTooLarge = &domain.Error{Kind: domain.KindInvalid, Message: "the response is too large"}

// CountText counts a text that is about to be made for the response, or read to make one. It
// returns an error where the response would be too large or the operation has ended; the
// text must then not be made. Without a limit in the context nothing is counted.
func CountText(ctx context.Context, bytes int) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("make a text: %w", err)
	}
	a, _ := ctx.Value(responseSizeKey{}).(*ResponseSize)
	if a == nil {
		return nil
	}
	if a.text -= bytes; a.text < 0 {
		a.exceeded = true
		return errTooLarge
	}
	return nil
}

// JSON returns what a marshaler writes; nil where that is too large, and the response
// then has no data.
func JSON(ctx context.Context, data graphql.Marshaler) (body []byte) {
	a, _ := ctx.Value(responseSizeKey{}).(*ResponseSize)
	if a == nil {
		var buf bytes.Buffer
		data.MarshalGQL(&buf)
		return buf.Bytes()
	}
	if a.exceeded {
		return nil
	}
	w := &writer{size: a}
	// Marshalers return no errors, so the writer panics to stop them.
	defer func() {
		if v := recover(); v != nil {
			if v != any(errTooLarge) {
				panic(v)
			}
			body = nil
		}
	}()
	data.MarshalGQL(w)
	return w.buf.Bytes()
}

type writer struct {
	buf  bytes.Buffer
	size *ResponseSize
}

func (w *writer) Write(p []byte) (int, error) {
	w.count(len(p))
	return w.buf.Write(p)
}

// WriteString spares io.WriteString a copy.
func (w *writer) WriteString(s string) (int, error) {
	w.count(len(s))
	return w.buf.WriteString(s)
}

func (w *writer) count(n int) {
	if w.size.written -= n; w.size.written < 0 {
		w.size.exceeded = true
		panic(errTooLarge)
	}
}
