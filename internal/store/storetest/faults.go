package storetest

import (
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/redthread-api/redthread/internal/store"
)

// OpenFaulty opens stores whose statements fail as the faults say, which is not at all at
// first. They are closed with the test.
func OpenFaulty(t testing.TB, c store.Config) (*store.Stores, *Faults) {
	t.Helper()
	faults := &Faults{}
	c.Fault = faults.Fault
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, faults
}

// Faults injects errors into the databases of a test: its method Fault is for the
// field Fault of store.Config. The zero value injects none. It is safe for
// concurrent use.
type Faults struct {
	mu   sync.Mutex
	rule func(store, query string) error
	hits int
}

// Set replaces the rule, which returns the error for a statement; nil injects no
// errors. The rule is called for one statement at a time.
func (f *Faults) Set(rule func(store, query string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rule, f.hits = rule, 0
}

// Fail makes the statements of a store fail whose text contains a word: the first
// ones, as many as times, or all if times is 0.
func (f *Faults) Fail(store, word string, times int, err error) {
	n := 0
	f.Set(func(in, query string) error {
		if in != store || !strings.Contains(query, word) {
			return nil
		}
		if n++; times > 0 && n > times {
			return nil
		}
		return err
	})
}

// Hits returns how many statements have failed since the rule was set.
func (f *Faults) Hits() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hits
}

// Fault implements the field Fault of store.Config.
func (f *Faults) Fault(store, query string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rule == nil {
		return nil
	}
	err := f.rule(store, query)
	if err != nil {
		f.hits++
	}
	return err
}

// SecretHost is a part of the text of the errors below. No client may see it.
const SecretHost = "database-7.internal"

// ConnectionRefused returns the error of a server that does not run.
func ConnectionRefused() error {
	return &net.OpError{Op: "dial " + SecretHost, Net: "tcp", Err: syscall.ECONNREFUSED}
}

// RecoveryConflict returns the error of a standby that cancels a statement.
func RecoveryConflict() error {
	return &pgconn.PgError{Severity: "FATAL", Code: "40001",
		Message: "terminating connection due to conflict with recovery at " + SecretHost}
}

// TooManyConnections returns the error of a server with too many connections.
func TooManyConnections() error {
	return &pgconn.PgError{Severity: "FATAL", Code: "53300", Message: "sorry, too many clients already at " + SecretHost}
}

// SyntaxError returns the error of a malformed statement.
func SyntaxError() error {
	return &pgconn.PgError{Severity: "ERROR", Code: "42601", Message: "syntax error at or near " + SecretHost}
}

// UnexpectedError returns an error that the store cannot classify.
func UnexpectedError() error { return errors.New("something at " + SecretHost) }
