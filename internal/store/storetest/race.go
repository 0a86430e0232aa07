//go:build race

package storetest

// The race detector makes SQLite, which is Go code here, 25 to 60 times
// slower. In a short run under it the tests on PostgreSQL, whose server is
// outside the process, look for races in the same code of ours.
const raceDetector = true
