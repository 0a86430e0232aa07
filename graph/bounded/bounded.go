// Package bounded keeps an answer from growing without end. What an operation
// costs is counted in fields, and a field can be a text of a megabyte: a
// hundred thousand of these are a cheap operation by their number.
//
// The code generator puts [JSON] in the place of gqlgen's own writing of an
// answer into a buffer.
package bounded

import (
	"bytes"
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"github.com/redthread-api/redthread/internal/domain"
)

// Answer is how much may still go into the answer of an operation. Operations
// run on one goroutine, and so it is not for several.
type Answer struct {
	made, written int // bytes that are left
	exceeded      bool
}

type answerKey struct{}

// With returns a context whose operation may answer with so many bytes, and
// make as many bytes of text for that.
func With(ctx context.Context, bytes int) (context.Context, *Answer) {
	a := &Answer{made: bytes, written: bytes}
	return context.WithValue(ctx, answerKey{}, a), a
}

// Exceeded says whether the answer came to be too large. What there is of it
// is then not to be sent.
func (a *Answer) Exceeded() bool { return a.exceeded }

var errTooLarge = &domain.Error{Kind: domain.KindInvalid, Message: "the answer is too large"}

// Text notes that a text is being made for the answer, or read to make one. It
// returns an error where that is too much, or the operation is over, and the
// text should not be made. Without a bound in the context there is none.
func Text(ctx context.Context, bytes int) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("make a text: %w", err)
	}
	a, _ := ctx.Value(answerKey{}).(*Answer)
	if a == nil {
		return nil
	}
	if a.made -= bytes; a.made < 0 {
		a.exceeded = true
		return errTooLarge
	}
	return nil
}

// JSON returns what a marshaler writes; nil where that is too much, and the
// answer has then no data.
func JSON(ctx context.Context, data graphql.Marshaler) (body []byte) {
	a, _ := ctx.Value(answerKey{}).(*Answer)
	if a == nil {
		var buf bytes.Buffer
		data.MarshalGQL(&buf)
		return buf.Bytes()
	}
	if a.exceeded {
		return nil
	}
	w := &writer{answer: a}
	// Marshalers cannot be told to stop.
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
	buf    bytes.Buffer
	answer *Answer
}

func (w *writer) Write(p []byte) (int, error) {
	w.spend(len(p))
	return w.buf.Write(p)
}

// WriteString spares io.WriteString a copy.
func (w *writer) WriteString(s string) (int, error) {
	w.spend(len(s))
	return w.buf.WriteString(s)
}

func (w *writer) spend(n int) {
	if w.answer.written -= n; w.answer.written < 0 {
		w.answer.exceeded = true
		panic(errTooLarge)
	}
}
