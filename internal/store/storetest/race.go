//go:build race

package storetest

// The race detector makes modernc.org/sqlite, which is Go code, 25 to 60 times
// slower. In a short run with it, only the tests on PostgreSQL run, whose server is
// another process; they cover the same Go code.
const raceDetector = true
