package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// turn is how long one side is measured before the other one is.
const turn = 250 * time.Millisecond

// measure is what was measured of one side: sums over its turns.
type measure struct {
	Requests   int           // that were answered
	Refused    int           // with 503 or a closed connection: more waited than could be answered in time
	CPU        time.Duration // of the server
	DatabaseMS float64       // of PostgreSQL's processes, in milliseconds of CPU
	Took       time.Duration
	Bytes      int64 // of the bodies of the responses
	Statements float64
	P50, P99   time.Duration
	PeakMemory int64

	latencies []time.Duration
	database  time.Duration
}

// perRequest returns the CPU time of a request, with that of the database if all is set.
func (m *measure) perRequest(all bool) time.Duration {
	if m.Requests == 0 {
		return 0
	}
	used := m.CPU
	if all {
		used += m.database
	}
	return used / time.Duration(m.Requests)
}

func (m *measure) perSecond() float64 { return float64(m.Requests) / m.Took.Seconds() }

// finish computes the percentiles.
func (m *measure) finish() {
	slices.Sort(m.latencies)
	if n := len(m.latencies); n > 0 {
		m.P50, m.P99 = m.latencies[n/2], m.latencies[n*99/100]
	}
	m.latencies, m.DatabaseMS = nil, float64(m.database)/float64(time.Millisecond)
}

// clients are connections to one side, which send the requests of a workload in turn.
type clients struct {
	side     *process
	backends backends
	all      []*client
	next     func(connection, n int) []byte
	status   int // the expected status
	sent     []int
}

func connect(ctx context.Context, side *process, backends backends, n int, next func(connection, n int) []byte) (*clients, error) {
	c := &clients{side: side, backends: backends, next: next, status: 200, sent: make([]int, n)}
	for range n {
		one, err := dial(ctx, side.address)
		if err != nil {
			c.close()
			return nil, err
		}
		c.all = append(c.all, one)
	}
	return c, nil
}

func (c *clients) close() {
	for _, one := range c.all {
		one.close()
	}
}

// redial replaces a connection that the server closed.
func (c *clients) redial(ctx context.Context, i int) (err error) {
	c.all[i].close()
	c.all[i], err = dial(ctx, c.side.address)
	return err
}

// run sends requests for a time and adds to what was measured.
func (c *clients) run(ctx context.Context, d time.Duration, m *measure) error {
	database := c.backends.cpu()
	before, err := c.side.command("usage")
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	var failed error // the first error: others follow from it
	began := time.Now()
	for i, one := range c.all {
		all.Go(func() {
			var bytes int64
			var latencies []time.Duration
			var refused int
			var err error
			for time.Since(began) < d && err == nil && ctx.Err() == nil {
				request := c.next(i, c.sent[i])
				c.sent[i]++
				sent := time.Now()
				r, sendErr := one.send(request, nil)
				switch {
				case sendErr != nil:
					refused++
					err = c.redial(ctx, i)
					one = c.all[i]
				case r.status == http.StatusServiceUnavailable:
					refused++
				case r.status != c.status:
					err = fmt.Errorf("got status %d, want %d", r.status, c.status)
				default:
					latencies = append(latencies, time.Since(sent))
					bytes += int64(r.length)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			m.latencies = append(m.latencies, latencies...)
			m.Requests += len(latencies)
			m.Refused += refused
			m.Bytes += bytes
			if failed == nil {
				failed = err
			}
		})
	}
	all.Wait()
	m.Took += time.Since(began)
	after, err := c.side.command("usage")
	m.CPU += after.CPU - before.CPU
	m.database += c.backends.cpu() - database
	return errors.Join(ctx.Err(), failed, err)
}

// compare measures two sides in turn, for a time each.
func compare(ctx context.Context, ours, theirs *clients, d time.Duration) (a, b measure, err error) {
	sides := []*clients{ours, theirs}
	measures := []*measure{&a, &b}
	var warm measure
	for n, side := range sides {
		if err := side.run(ctx, turn, &warm); err != nil {
			return a, b, fmt.Errorf("%s: %w", [...]string{"program", "baseline"}[n], err)
		}
		side.side.memory() // the peak from here on
	}
	// Every second round in reverse order: a machine gets slower under load.
	for i := range max(int(d/turn), 1) {
		for k := range sides {
			n := (i + k) % 2
			if err := sides[n].run(ctx, turn, measures[n]); err != nil {
				return a, b, fmt.Errorf("%s: %w", [...]string{"program", "baseline"}[n], err)
			}
		}
	}
	for n, side := range sides {
		_, measures[n].PeakMemory = side.side.memory()
		measures[n].finish()
	}
	return a, b, nil
}

// requestsOf returns a function that returns the requests of a workload for a side: each
// connection begins at another one.
func requestsOf(w *workload, encode func(variables any) []byte) func(connection, n int) []byte {
	if w.make != nil {
		var mu sync.Mutex
		return func(int, int) []byte {
			mu.Lock()
			defer mu.Unlock()
			return encode(w.make())
		}
	}
	var encoded [][]byte
	for _, r := range w.requests {
		if !r.hidden {
			encoded = append(encoded, encode(r.variables))
		}
	}
	return func(connection, n int) []byte { return encoded[(connection*7+n)%len(encoded)] }
}

// measureWorkloads measures all workloads with all numbers of connections.
func (b *bench) measureWorkloads(ctx context.Context) error {
	for _, w := range b.workloads {
		key := ""
		if w.make != nil {
			key = b.author
		}
		for _, n := range b.connections {
			ours, err := connect(ctx, b.program, b.backends, n, requestsOf(w, func(v any) []byte { return w.toProgram(b.program, key, v) }))
			if err != nil {
				return err
			}
			theirs, err := connect(ctx, b.baseline, b.backends, n, requestsOf(w, func(v any) []byte { return w.toBaseline(b.baseline, "", v) }))
			if err != nil {
				ours.close()
				return err
			}
			row := row{Workload: w.name, Title: w.title, Connections: n}
			err = b.profiled(w.name, func() (err error) {
				row.Ours, row.Baseline, err = compare(ctx, ours, theirs, b.duration)
				return err
			})
			ours.close()
			theirs.close()
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			row.Ours.Statements, row.Baseline.Statements = b.result.Statements[w.name][0], b.result.Statements[w.name][1]
			b.result.Rows = append(b.result.Rows, row)
			b.logf("%s with %d connections: CPU %.2f of the baseline's (%s and %s a request)", w.name, n, row.cpuRatio(false),
				row.Ours.perRequest(false).Round(time.Microsecond), row.Baseline.perRequest(false).Round(time.Microsecond))
		}
	}
	return nil
}

// profiled runs fn, with a CPU profile of the program if there is a folder for it.
func (b *bench) profiled(name string, fn func() error) error {
	if b.profiles == "" {
		return fn()
	}
	if err := os.MkdirAll(b.profiles, 0o755); err != nil {
		return err
	}
	file, err := filepath.Abs(filepath.Join(b.profiles, b.engine+"-"+name+".pprof"))
	if err != nil {
		return err
	}
	if _, err := b.program.command("profile " + file); err != nil {
		return err
	}
	err = fn()
	_, stopErr := b.program.command("stop")
	return errors.Join(err, stopErr)
}

// countStatements counts the SQL statements of a request of each workload, on both sides,
// with servers that are not measured.
func (b *bench) countStatements(ctx context.Context) (err error) {
	if b.program, err = startProcess(ctx, theProgramMeas, b.folder, b.dsn); err != nil {
		return err
	}
	if b.baseline, err = startProcess(ctx, theBaseline, b.folder, b.dsn); err != nil {
		return errors.Join(err, b.program.stop())
	}
	defer func() { err = errors.Join(err, b.stopBoth()) }()
	if err := b.findCursors(ctx); err != nil {
		return err
	}
	b.result.Statements = map[string][2]float64{}
	for _, w := range b.workloads {
		key, n := "", min(len(w.requests), 20)
		if w.make != nil {
			key, n = b.author, 3
		}
		ours := requestsOf(w, func(v any) []byte { return w.toProgram(b.program, key, v) })
		theirs := requestsOf(w, func(v any) []byte { return w.toBaseline(b.baseline, "", v) })
		var counted [2]float64
		for i, side := range []struct {
			p    *process
			next func(int, int) []byte
		}{{b.program, ours}, {b.baseline, theirs}} {
			var before reply
			// The first request is not counted: it may open connections, and check keys.
			for k := range n + 1 {
				if k == 1 {
					if before, err = side.p.command("usage"); err != nil {
						return err
					}
				}
				if _, err := ask(ctx, side.p, side.next(0, k)); err != nil {
					return fmt.Errorf("%s: %w", w.name, err)
				}
			}
			after, err := side.p.command("usage")
			if err != nil {
				return err
			}
			counted[i] = float64(after.Statements-before.Statements) / float64(n)
		}
		b.result.Statements[w.name] = counted
	}
	return nil
}

// backends are the processes of a PostgreSQL server on this machine.
type backends struct{ postmaster int }

// findBackends finds the server of a DSN. There are none where it is on another machine.
func findBackends(ctx context.Context, dsn string) (backends, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return backends{}, err
	}
	defer func() { _ = conn.Close(ctx) }() // nothing was written
	var pid int
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		return backends{}, err
	}
	parent, _ := processStat(pid)
	return backends{parent}, nil
}

// cpu returns the CPU time of all processes of the server. Linux counts it in hundredths
// of a second.
func (b backends) cpu() time.Duration {
	if b.postmaster == 0 {
		return 0
	}
	var sum time.Duration
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is valid
	for _, file := range stats {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		if parent, used := processStat(pid); parent == b.postmaster {
			sum += used
		}
	}
	return sum
}

// processStat returns the parent of a process and its CPU time; zeros if unknown.
func processStat(pid int) (parent int, used time.Duration) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0
	}
	text := string(raw)
	f := strings.Fields(text[strings.LastIndexByte(text, ')')+1:]) // after the name, the third field
	if len(f) < 13 {
		return 0, 0
	}
	parent, _ = strconv.Atoi(f[1])
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return parent, time.Duration(user+system) * 10 * time.Millisecond
}
