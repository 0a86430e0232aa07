package store

import (
	"context"
	"errors"

	"github.com/redthread-api/redthread/internal/domain"
)

// fault is what an engine's error code means.
type fault int

const (
	noFault     fault = iota
	busy              // another transaction is in the way: try again
	duplicate         // a unique index refused the row
	dangling          // a foreign key refused the row
	unavailable       // the engine cannot do it now
)

func faultOf(err error) fault {
	if f := sqliteFault(err); f != noFault {
		return f
	}
	return postgresFault(err)
}

// translate turns an engine's error into a domain error that wraps it. This
// is the one place where driver codes are read.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if _, ok := errors.AsType[*domain.Error](err); ok {
		return err
	}
	switch faultOf(err) {
	case busy, unavailable:
		return (&domain.Error{Kind: domain.KindUnavailable, Message: "the database is busy; try again"}).WithCause(err)
	case duplicate:
		return domain.Conflict("a document with the same slug, or the same key, was saved at this moment").WithCause(err)
	case dangling:
		return domain.Conflict("a document that this one refers to was deleted at this moment").WithCause(err)
	}
	return err
}

func retryable(err error) bool { return faultOf(err) == busy }
