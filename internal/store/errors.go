package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/redthread-api/redthread/internal/domain"
)

// fault is what an engine's error code means.
type fault int

const (
	noFault     fault = iota
	busy              // another transaction is in the way: try again
	lost              // the connection ended: another one may do
	duplicate         // a unique index refused the row
	dangling          // a foreign key refused the row
	unavailable       // the engine cannot do it now
	damaged           // the data cannot be read as what it should be
)

func faultOf(err error) fault {
	for _, of := range []func(error) fault{sqliteFault, postgresFault, connectionFault} {
		if f := of(err); f != noFault {
			return f
		}
	}
	return noFault
}

// connectionFault reads the errors of connections, which no engine has given a
// code.
func connectionFault(err error) fault {
	for _, gone := range []error{driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, gone) {
			return lost
		}
	}
	if _, ok := errors.AsType[net.Error](err); ok { // refused, reset, timed out, of a host that is not known
		return lost
	}
	return noFault
}

// ErrDamaged is in the chain of errors that say that the data of a database
// cannot be read as what it should be. Trying again does not help: an operator
// has to look at it.
var ErrDamaged = errors.New("the database is damaged, or is no database: check its disk, and restore it from a backup")

var (
	errBusy        = &domain.Error{Kind: domain.KindUnavailable, Message: "the database is busy; try again"}
	errUnavailable = &domain.Error{Kind: domain.KindUnavailable, Message: "the database cannot answer now; try again later"}
)

// translate turns an engine's error into a domain error that wraps it. This
// is the one place where driver codes are read.
func translate(err error) error {
	if known(err) {
		return err
	}
	switch faultOf(err) {
	case duplicate:
		return domain.Conflict("a document with the same slug, or the same key, was saved at this moment").WithCause(err)
	case dangling:
		return domain.Conflict("a document that this one refers to was deleted at this moment").WithCause(err)
	}
	return unavailableOrSame(err)
}

// unavailableOrSame is translate for what the driver says of any statement: it
// turns into a domain error only what says that the database cannot answer,
// whatever was asked.
func unavailableOrSame(err error) error {
	if known(err) {
		return err
	}
	switch faultOf(err) {
	case busy:
		return errBusy.WithCause(err)
	case lost, unavailable:
		return errUnavailable.WithCause(err)
	case damaged:
		return errUnavailable.WithCause(fmt.Errorf("%w: %w", ErrDamaged, err))
	}
	return err
}

// known reports whether an error needs no translation.
func known(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	_, ok := errors.AsType[*domain.Error](err)
	return ok
}

func retryable(err error) bool { return faultOf(err) == busy }

// ReadAgain reports whether what could not be read may be read right away, in
// a snapshot of its own: the connection has ended, or a standby has cancelled
// the statement because it was in the way of what the primary has done
// (https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-CONFLICT).
func ReadAgain(err error) bool {
	if domain.KindOf(err) != domain.KindUnavailable {
		return false
	}
	f := faultOf(err)
	return f == busy || f == lost
}

// Level is the level at which an error of a read or a write belongs in the
// log: ERROR where a person must do something.
func Level(err error) slog.Level {
	if domain.KindOf(err) == domain.KindUnavailable && !errors.Is(err, ErrDamaged) {
		return slog.LevelWarn
	}
	return slog.LevelError
}

// explained is an error whose text has the causes that clients are not shown:
// it is for the person at the terminal.
type explained struct{ error }

func (e explained) Error() string { return domain.Detail(e.error) }
func (e explained) Unwrap() error { return e.error }

// explain returns err for an operator; nil for nil. Of what an operator has to put
// right it says nothing of trying again.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if cause, ok := lasting(err); ok {
		return cause
	}
	return explained{err}
}
