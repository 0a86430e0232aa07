// Package bench measures Redthread against a baseline: hand-written code that does
// the same on the same data with database/sql and net/http, and with statements
// for just that request.
//
// Run it with
//
//	go test -bench . -benchtime 2s ./bench
//
// Each benchmark alternates between one operation of Redthread and one of the
// baseline, so that changes in the speed of the machine affect both. It reports
// the time of Redthread as ns/op, that of the baseline as baseline-ns/op, and the
// quotient as x-baseline. Absolute times differ between machines; the quotient is
// roughly the same. On machines whose disks do not really sync, both sides of the
// write benchmarks are too fast.
//
// BenchmarkCachedResponse has 32 clients request a cached response, and the same
// response from a net/http handler that writes fixed bytes, in turn. It reports
// the quotient of the requests per second as of_ready_bytes, and the quotient of
// the requests per CPU second as of_ready_bytes_by_cpu, which other load on the
// machine affects less. The clients run in the same process.
//
//	go test -run '^$' -bench 'CachedResponse$' -benchtime 20x ./bench
//
// Two benchmarks publish while clients listen or read, with the program as a
// process of its own. In the first, 1,000 clients receive 200 publications, 20 per
// second; it reports the time from the publish request to each client's event, and
// the server's memory per client. The second reports the latency of reads at a
// fixed rate during 100 publications per second:
//
//	go test -run '^$' -bench 'Followers|ReadersWhilePublishing' -benchtime 1x ./bench
//
// Two benchmarks attack the program, as a process of its own with 4,000 documents;
// they have no baseline, and need Linux:
//
//	go test -run '^$' -bench ExpensiveRequests -benchtime 1x ./bench
//	go test -run '^$' -bench UnderAttack -benchtime 1x ./bench
//
// The first reports the CPU time, the memory and the charged cost of each of the
// most expensive requests that the limits of an anonymous reader allow. The second
// sends them on 64 connections from 40 addresses, with clients that do not read
// and clients that do not finish their requests, and reports the latency of
// typical requests at a fixed rate. The attackers share the machine with the
// server, so the figures are worse than in production.
//
// Command load, in a folder below, measures the program as a whole: see
// docs/performance.md.
package bench
