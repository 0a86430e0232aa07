package domain

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind is what an [Error] means to a client. Each endpoint maps it to codes of
// its own (a GraphQL extensions.code, an HTTP status), in one table.
type Kind int

// The kinds of error.
const (
	KindInternal        Kind = iota // a fault of the program; its message is never shown
	KindInvalid                     // the input is wrong: Fields says where
	KindUnauthenticated             // no credential, or an unknown one
	KindForbidden                   // the credential does not have the right
	KindNotFound                    // there is none, or none that the viewer may see
	KindConflict                    // the state has changed, or does not permit it
	KindUnavailable                 // try again later
	KindGone                        // the position that the input continues from is gone: start again
)

// Error is an error that can be shown. Message and Fields are for the client;
// the cause is for the log.
type Error struct {
	Kind    Kind
	Message string
	Fields  []FieldError
	cause   error
}

// FieldError says what is wrong with one field of an input.
type FieldError struct {
	// Path leads to the field from the input's root: "tags[1]", "listings[0].since".
	Path string `json:"path"`
	// Message says what is wrong and what would be right.
	Message string `json:"message"`
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for i, f := range e.Fields {
		if i == 0 {
			b.WriteString(": ")
		} else {
			b.WriteString("; ")
		}
		b.WriteString(f.Path + ": " + f.Message)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is(err, &Error{Kind: k}) true for every error of the kind.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Message == "" && t.Fields == nil
}

// WithCause returns a copy of e that wraps the cause.
func (e *Error) WithCause(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// Detail returns the text of an error for a log or an operator. It includes the
// causes, which clients are not shown.
func Detail(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	for {
		e, ok := errors.AsType[*Error](err)
		if !ok || e.cause == nil {
			return text
		}
		err = e.cause
		if cause := err.Error(); !strings.Contains(text, cause) {
			text += ": " + cause
		}
	}
}

// Targets of errors.Is, one for each kind that callers branch on.
var (
	ErrInvalid         = &Error{Kind: KindInvalid}
	ErrUnauthenticated = &Error{Kind: KindUnauthenticated}
	ErrForbidden       = &Error{Kind: KindForbidden}
	ErrNotFound        = &Error{Kind: KindNotFound}
	ErrConflict        = &Error{Kind: KindConflict}
)

// Invalid returns an error of KindInvalid.
func Invalid(format string, args ...any) *Error {
	return &Error{Kind: KindInvalid, Message: fmt.Sprintf(format, args...)}
}

// NotFound returns an error of KindNotFound.
func NotFound(format string, args ...any) *Error {
	return &Error{Kind: KindNotFound, Message: fmt.Sprintf(format, args...)}
}

// Conflict returns an error of KindConflict.
func Conflict(format string, args ...any) *Error {
	return &Error{Kind: KindConflict, Message: fmt.Sprintf(format, args...)}
}

// KindOf returns the kind of the first [Error] in err's chain; KindInternal
// where there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}

// RateLimitError is the error of an action that the viewer has done too often lately.
type RateLimitError struct {
	Message    string // for the client
	RetryAfter time.Duration
}

func (e *RateLimitError) Error() string { return e.Message }

// Problems collects all errors in the fields of an input, so that one error can
// list them. The zero value is ready to use.
type Problems struct{ fields []FieldError }

// MaxProblems is the greatest number of problems that one error lists.
const MaxProblems = 100

// Add adds a problem with the field at path.
func (p *Problems) Add(path, format string, args ...any) {
	p.fields = append(p.fields, FieldError{Path: path, Message: fmt.Sprintf(format, args...)})
}

// Len returns the number of problems added.
func (p *Problems) Len() int { return len(p.fields) }

// Err returns nil, or an error of KindInvalid that lists every problem.
func (p *Problems) Err(message string) error {
	if len(p.fields) == 0 {
		return nil
	}
	fields := p.fields
	if len(fields) > MaxProblems {
		more := len(fields) - MaxProblems
		fields = append(fields[:MaxProblems:MaxProblems], FieldError{Message: fmt.Sprintf("and %d more problems", more)})
	}
	return &Error{Kind: KindInvalid, Message: message, Fields: fields}
}

// Summary returns a message with the first of the fields that are wrong, and how many more
// there are, for clients that show a message only.
func Summary(message string, fields []FieldError) string {
	if len(fields) == 0 {
		return message
	}
	if first := fields[0]; first.Path != "" {
		message += ": " + first.Path + ": " + first.Message
	} else {
		message += ": " + first.Message
	}
	if more := len(fields) - 1; more > 0 {
		message += fmt.Sprintf(" (and %d more)", more)
	}
	return message
}

// List returns the problems added so far.
func (p *Problems) List() []FieldError { return p.fields }
