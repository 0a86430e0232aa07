package plan

import (
	"errors"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// ErrNotPlanned is the error of a plan that cannot be run with the variables of a request.
// The executor says what is wrong, if something is.
var ErrNotPlanned = errors.New("plan: not for these variables")

// Error is the error of a field.
type Error struct {
	Err   error
	Field *ast.Field // in which it occurred
	steps []ast.PathElement
}

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *Error) Unwrap() error { return e.Err }

// Path returns where in the response the field is.
func (e *Error) Path() ast.Path {
	path := slices.Clone(e.steps)
	slices.Reverse(path)
	return path
}

// at adds the field in which an error occurred to its path.
func at(f *ast.Field, err error) error {
	e, ok := err.(*Error)
	if !ok {
		if err == ErrNotPlanned {
			return err
		}
		e = &Error{Err: err, Field: f}
	}
	e.steps = append(e.steps, ast.PathName(f.Alias))
	return e
}

// atIndex adds the element of a list in which an error occurred to its path.
func atIndex(i int, err error) error {
	if e, ok := err.(*Error); ok {
		e.steps = append(e.steps, ast.PathIndex(i))
	}
	return err
}
