// Command load measures the program beside hand-written handlers for the same
// queries, on the same data, in the same run: the load bench.
//
//	go run ./bench/load
//	go run ./bench/load --engine both --scale 10 --workloads W1,W2 --connections 32,256
//
// It generates a data set (package dataset), starts the program and the baseline as
// processes of their own, compares the responses of both with those that the
// generator computes, and then sends requests to one and the other in short turns. It
// prints the quotients as the table of docs/performance.md, which says how to read
// them.
package main
