// Package pgtemp starts throwaway PostgreSQL clusters for tests, the code
// generator and benchmarks, with nothing but the standard library.
//
// A cluster lives in a short temporary folder, listens on a Unix socket in
// that folder only, trusts whoever can reach it, and is tuned to be quick and
// forgetful: nothing is synced to disk, and autovacuum is off, so a benchmark
// has to ANALYZE for itself and must not quote its write figures as durable
// ones. It ends with Close; should the process be killed first, Linux ends the
// server with it, and the next Start removes the folder that was left behind.
//
// Tests start one cluster for a package and make a database each in it:
//
//	var (
//		postgres    string
//		postgresErr error
//	)
//
//	func TestMain(m *testing.M) {
//		var stop func()
//		postgres, stop, postgresErr = pgtemp.ForTests()
//		code := m.Run()
//		stop()
//		os.Exit(code)
//	}
//
//	func TestSomething(t *testing.T) {
//		pgtemp.SkipOrFail(t, postgresErr)
//		...
//	}
//
// It refuses to be a way to run Redthread: no setting of it is for data that
// somebody wants to keep.
package pgtemp
