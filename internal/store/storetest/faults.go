package storetest

import (
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// Faults make the databases of a test fail: its Fault is for store.Config. The
// zero value lets everything through. It is safe for concurrent use.
type Faults struct {
	mu   sync.Mutex
	rule func(store, query string) error
	hits int
}

// Set puts a rule in the place of the one before; nil lets everything through.
// The rule is called for one statement at a time.
func (f *Faults) Set(rule func(store, query string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rule, f.hits = rule, 0
}

// Fail makes all statements of a store fail whose text contains a word, the
// first times of them, or all where times is 0.
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

// Hits is how many statements have failed since the rule was set.
func (f *Faults) Hits() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hits
}

// Fault is for store.Config.
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

// SecretHost is a word in the text of the errors below that no client may see.
const SecretHost = "database-7.internal"

// Refused is the error of a server that is not there.
func Refused() error {
	return &net.OpError{Op: "dial " + SecretHost, Net: "tcp", Err: syscall.ECONNREFUSED}
}

// Conflict is the error of a standby that cancels a statement.
func Conflict() error {
	return &pgconn.PgError{Severity: "FATAL", Code: "40001",
		Message: "terminating connection due to conflict with recovery at " + SecretHost}
}

// Full is the error of a server that has no room for another connection.
func Full() error {
	return &pgconn.PgError{Severity: "FATAL", Code: "53300", Message: "sorry, too many clients already at " + SecretHost}
}

// Wrong is the error of a statement that is not right.
func Wrong() error {
	return &pgconn.PgError{Severity: "ERROR", Code: "42601", Message: "syntax error at or near " + SecretHost}
}

// Strange is an error that nobody has foreseen.
func Strange() error { return errors.New("something at " + SecretHost) }
