package pgtemp

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"
)

const (
	// EnvServer names the variable with the URL of an existing server for
	// tests, whose user may CREATE DATABASE.
	EnvServer = "REDTHREAD_TEST_POSTGRES"

	// EnvRequire names the variable that, if it is 1, makes tests fail without a
	// server. Otherwise they are skipped.
	EnvRequire = "REDTHREAD_REQUIRE_POSTGRES"

	// EnvLocale names the variable that, if it is "icu", sets a locale that orders
	// texts like a dictionary, for the cluster that tests start. It has no effect on
	// a server that EnvServer names.
	EnvLocale = "REDTHREAD_TEST_LOCALE"
)

// testLocale is the ICU locale of EnvLocale.
const testLocale = "en-US"

// startLimit bounds the start of a cluster. It takes one second, but much longer
// on a machine that compiles with all its cores.
const startLimit = 2 * time.Minute

// ForTests returns the URL of a PostgreSQL server whose user may create
// databases: the server that REDTHREAD_TEST_POSTGRES names, else a new cluster. It
// is meant for TestMain. The caller must call stop after the tests; it is never
// nil. Tests pass err to SkipOrFail.
func ForTests() (dsn string, stop func(), err error) {
	if dsn := os.Getenv(EnvServer); dsn != "" {
		if _, err := WithDatabase(dsn, "postgres"); err != nil {
			return "", func() {}, fmt.Errorf("%s: %w", EnvServer, err)
		}
		return dsn, func() {}, nil
	}
	var opts []Option
	switch locale := os.Getenv(EnvLocale); locale {
	case "":
	case "icu":
		opts = append(opts, WithICU(testLocale))
	default:
		return "", func() {}, fmt.Errorf("%s is %q: want icu", EnvLocale, locale)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	cluster, err := Start(ctx, opts...)
	if err != nil {
		return "", func() {}, err
	}
	stop = func() {
		// The tests have ended, so the error can only be printed.
		if err := cluster.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtemp:", err)
		}
	}
	return cluster.DSN("postgres"), stop, nil
}

// SkipOrFail does nothing if err is nil. It skips the test if there is no server
// and REDTHREAD_REQUIRE_POSTGRES is not 1, and fails it on any other error.
func SkipOrFail(tb testing.TB, err error) {
	tb.Helper()
	if err == nil {
		return
	}
	if errors.Is(err, ErrNoServer) && os.Getenv(EnvRequire) != "1" {
		tb.Skipf("no PostgreSQL here, so this was not tested. To run it, install a PostgreSQL server "+
			"(on Debian the package \"postgresql\"), or set %s to the postgres:// URL of one "+
			"where the user may create databases. %s=1 makes this a failure. (%v)", EnvServer, EnvRequire, err)
	}
	tb.Fatalf("PostgreSQL for tests: %v", err)
}

// WithDatabase returns the URL of another database on the server of a
// postgres:// URL.
func WithDatabase(dsn, database string) (string, error) {
	parsed, err := url.Parse(dsn)
	if err != nil || (parsed.Scheme != "postgres" && parsed.Scheme != "postgresql") {
		// The parser's own error would print the URL, password and all.
		return "", errors.New("not a postgres:// URL")
	}
	parsed.Path = "/" + database
	parsed.RawPath = ""
	return parsed.String(), nil
}

// Program returns the path of a program that comes with the server, such as
// pg_dump. Without it the test is skipped or fails as with [SkipOrFail].
func Program(tb testing.TB, name string) string {
	tb.Helper()
	bin, err := findServer(places)
	if err != nil {
		bin = "" // the server is on another machine: its programs can only be in PATH
	}
	path, err := beside(bin, name)
	SkipOrFail(tb, err)
	return path
}
