package store

import (
	"context"
	"database/sql/driver"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redthread-api/redthread/internal/tracing"
)

// Statements are the numbers of statements of a store since the start.
type Statements struct {
	Count, Failed int64
	// Seconds is the time that they took, from when they were sent until their rows were read.
	Seconds float64
}

// statementCounts counts statements.
type statementCounts struct{ count, failed, nanoseconds atomic.Int64 }

// StatementStats returns the numbers of statements by store: desk and live.
func (s *Stores) StatementStats() map[string]Statements {
	stats := map[string]Statements{}
	for name, c := range s.counts {
		stats[name] = Statements{c.count.Load(), c.failed.Load(), time.Duration(c.nanoseconds.Load()).Seconds()}
	}
	return stats
}

// observed is a statement that runs.
type observed struct {
	counts *statementCounts
	span   *tracing.Span
	began  time.Time
}

// observe counts a statement, and begins its span if its trace is recorded.
func (c *connector) observe(ctx context.Context, query string) observed {
	o := observed{counts: c.counts}
	if c.counts == nil {
		return o
	}
	o.began = time.Now()
	if tracing.Recorded(ctx) {
		verb := verbOf(query)
		o.span = tracing.Begin(ctx, verb+" "+c.pool, tracing.Client,
			tracing.Attribute{Key: "db.system.name", Value: c.system()}, tracing.Attribute{Key: "db.namespace", Value: c.pool},
			tracing.Attribute{Key: "db.operation.name", Value: verb}, tracing.Attribute{Key: "db.query.text", Value: withoutLiterals(query)})
	}
	return o
}

// done ends the observation of a statement.
func (o observed) done(err error) {
	if o.counts == nil {
		return
	}
	o.counts.count.Add(1)
	o.counts.nanoseconds.Add(int64(time.Since(o.began)))
	if err != nil && err != driver.ErrBadConn {
		o.counts.failed.Add(1)
	}
	o.span.EndWith(err)
}

func (c *connector) system() string {
	if c.statements > 0 {
		return "sqlite"
	}
	return "postgresql"
}

// verbOf returns the first word of a statement.
func verbOf(query string) string {
	verb, _, _ := strings.Cut(strings.TrimLeft(query, " \t\n("), " ")
	return strings.ToUpper(verb)
}

// maxQueryText bounds the text of a statement in a span.
const maxQueryText = 2000

// literals matches texts in a statement. Values are arguments: what is in the text itself are constants of the program.
var literals = regexp.MustCompile(`'(?:[^']|'')*'`)

// withoutLiterals returns a statement with ? in place of its texts, as OpenTelemetry asks for.
func withoutLiterals(query string) string {
	query = literals.ReplaceAllString(query[:min(len(query), 4*maxQueryText)], "?")
	if i := strings.IndexByte(query, '\''); i >= 0 {
		query = query[:i] // a text that was cut off
	}
	return query[:min(len(query), maxQueryText)]
}
