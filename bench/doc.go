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
//
// BenchmarkKeptAnswer has 32 clients ask for an answer that is kept, and for the
// same answer from a handler of net/http that has it ready, by turns. It reports
// the quotient of their requests a second as of_ready_bytes, and that of their
// requests a second of a processor as of_ready_bytes_by_cpu, which others on the
// machine disturb less. The clients share the process.
//
//	go test -run '^$' -bench 'KeptAnswer$' -benchtime 20x ./bench
//
// Two benchmarks publish while others listen or read, with the program as a
// process of its own. The first has 1,000 clients hear 200 publications, 20 a
// second, and tells how long after the request to publish each of them has heard of
// it, and what a client takes of the server's memory. The second tells what readers at a
// fixed rate see of 100 publications a second:
//
//	go test -run '^$' -bench 'Followers|ReadersWhilePublishing' -benchtime 1x ./bench
//
// Two benchmarks attack the program, as a process of its own, over a library of
// 4,000 documents; they have no baseline, and need Linux:
//
//	go test -run '^$' -bench Bombs -benchtime 1x ./bench
//	go test -run '^$' -bench UnderAttack -benchtime 1x ./bench
//
// The first tells what the dearest requests that the limits of an anonymous
// reader allow cost one by one, in CPU, memory and of the reader's budget. The
// second sends them from 64 connections of 40 addresses, beside clients that
// don't read and clients that don't finish, and tells what typical requests at
// a fixed rate see of it. The attackers share the machine with the server, so
// its figures are on the dark side.
package bench
