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

// errClass is the meaning of an engine's error code.
type errClass int

const (
	unclassified   errClass = iota
	lockConflict            // another transaction holds the lock: retry
	connectionLost          // the connection was closed: retry on another one
	uniqueIndex             // a unique index refused the row
	foreignKey              // a foreign key refused the row
	unavailable             // the engine cannot run the statement now
	damaged                 // the data on disk is corrupt
)

func classify(err error) errClass {
	for _, of := range []func(error) errClass{sqliteErrClass, postgresErrClass, connectionErrClass} {
		if class := of(err); class != unclassified {
			return class
		}
	}
	return unclassified
}

// connectionErrClass classifies errors of the network, which have no code of the
// engine.
func connectionErrClass(err error) errClass {
	for _, gone := range []error{driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, gone) {
			return connectionLost
		}
	}
	if _, ok := errors.AsType[net.Error](err); ok { // refused, reset, timed out, unknown host
		return connectionLost
	}
	return unclassified
}

// ErrDamaged is wrapped by errors that report a corrupt database. A retry does
// not help: an operator has to act.
var ErrDamaged = errors.New("the database is damaged, or is not a database: check the disk, and restore from a backup")

var (
	errBusy        = &domain.Error{Kind: domain.KindUnavailable, Message: "the database is busy; try again"}
	errUnavailable = &domain.Error{Kind: domain.KindUnavailable, Message: "the database cannot answer now; try again later"}
)

// translate converts an engine's error to a domain error that wraps it. Only
// translate and unavailableOrSame read driver codes.
func translate(err error) error {
	if isTranslated(err) {
		return err
	}
	switch classify(err) {
	case uniqueIndex:
		return domain.Conflict("a document with the same slug, or the same key, was saved at this moment").WithCause(err)
	case foreignKey:
		return domain.Conflict("a document that this one refers to was deleted at this moment").WithCause(err)
	}
	return unavailableOrSame(err)
}

// unavailableOrSame converts to a domain error only the errors that mean that
// the database cannot answer. It is used in the driver, for statements of any
// kind, where the violation of an index or a key is not yet a conflict.
func unavailableOrSame(err error) error {
	if isTranslated(err) {
		return err
	}
	switch classify(err) {
	case lockConflict:
		return errBusy.WithCause(err)
	case connectionLost, unavailable:
		return errUnavailable.WithCause(err)
	case damaged:
		return errUnavailable.WithCause(fmt.Errorf("%w: %w", ErrDamaged, err))
	}
	return err
}

// isTranslated reports whether an error needs no translation: it is nil, a domain
// error, or the end of a context.
func isTranslated(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	_, ok := errors.AsType[*domain.Error](err)
	return ok
}

func retryable(err error) bool { return classify(err) == lockConflict }

// IsRetryableRead reports whether a failed read can be retried at once, in a new
// snapshot: the connection was closed, or a standby cancelled the statement
// because of a recovery conflict
// (https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-CONFLICT).
func IsRetryableRead(err error) bool {
	if domain.KindOf(err) != domain.KindUnavailable {
		return false
	}
	class := classify(err)
	return class == lockConflict || class == connectionLost
}

// Level returns the level at which to log an error of a read or a write: ERROR
// if a person has to act, WARN if the database is only unavailable.
func Level(err error) slog.Level {
	if domain.KindOf(err) == domain.KindUnavailable && !errors.Is(err, ErrDamaged) {
		return slog.LevelWarn
	}
	return slog.LevelError
}

// detailedError is an error whose text includes the causes that clients are not
// shown. It is for the operator at a terminal.
type detailedError struct{ error }

func (e detailedError) Error() string { return domain.Detail(e.error) }
func (e detailedError) Unwrap() error { return e.error }

// withDetail returns err as an operator should see it; nil for nil. For a cause
// that only an operator can remove, the text does not say "try again".
func withDetail(err error) error {
	if err == nil {
		return nil
	}
	if cause, ok := permanentCause(err); ok {
		return cause
	}
	return detailedError{err}
}
