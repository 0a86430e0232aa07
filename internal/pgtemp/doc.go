// Package pgtemp starts throwaway PostgreSQL clusters for tests, benchmarks and
// the code generator. It uses only the standard library.
//
// A cluster has a temporary folder with a short path, in memory where there is room
// (/dev/shm, 4 GiB free), listens only on a Unix
// socket in that folder, and accepts every client without a password. It is fast
// and not durable: nothing is synced to disk, and autovacuum is off. So a
// benchmark has to run ANALYZE itself, and its write figures are not those of
// durable writes. A cluster ends with Close. If the process is killed first,
// Linux ends the server with it, and the next Start removes the folder.
//
// Only storetest, the code generator and the load bench import this package. They start one
// cluster and make databases in it:
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
// It is not a way to run Redthread: its settings are not safe for data that has to
// be kept.
package pgtemp
