// Package bench measures Redthread beside hand-written code that does the same
// on the same data: database/sql and net/http, with the statements that a
// person would write for just that request.
//
// Run it with
//
//	go test -bench . -benchtime 2s ./bench
//
// Each benchmark takes turns, one operation of ours and one of the baseline,
// so that a machine whose speed drifts treats both alike. It reports our
// ns/op, the baseline's as baseline-ns/op, and the quotient as x-baseline.
// Absolute times do not travel from one machine to another; the quotient does,
// more or less. Machines whose disks only pretend to sync flatter both sides
// of the write benchmarks.
package bench
