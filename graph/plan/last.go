package plan

import (
	"math"

	"github.com/redthread-api/redthread/graph/read"
)

// The snapshot of a query ends with its last statement, which saves a round trip on
// PostgreSQL. Each edge of a plan is read at most once in a run, so the last read is known
// when it begins: no other is left. Where it turns out that more has to be read, the executor
// runs the query, and the plan keeps its snapshots from then on.

// countReads counts what a run reads at most, when the plan is complete.
func (p *Plan) countReads() {
	for i := range p.roots {
		r := &p.roots[i]
		switch {
		case r.typename:
		case r.list != nil:
			p.reads += r.list.reads()
			p.reads += r.rows.countReads()
		default:
			p.reads += 1 + r.rows.countReads()
		}
	}
}

// countReads counts what is read at most of the edges of a source.
func (s *source) countReads() int {
	s.reads = 0
	for _, e := range s.edges {
		if e.kind == page {
			s.reads += e.list.reads()
		} else {
			s.reads++
		}
		s.reads += e.rows.countReads()
	}
	return s.reads
}

// reads returns how many reads a connection takes, without those of its rows.
func (l *connection) reads() int {
	rows, count := 0, 0
	for i := range l.outputs {
		switch kind := l.outputs[i].kind; {
		case kind >= nodes:
			rows = 1
		case kind == totalCount:
			count = 1
		}
	}
	return rows + count
}

// readsLeft returns the number of reads that a run begins with. It is too high to be used up
// where the snapshot must not end with the last of them.
func (x *execution) readsLeft() int {
	if !x.EndsSnapshots || x.plan.keepsSnapshot.Load() {
		return math.MaxInt
	}
	for _, t := range x.plan.texts {
		format, notes := x.format(t.args)
		if !x.Renderer.IsSource(nil, format, notes, t.plain) {
			return math.MaxInt // what the text names will be read
		}
	}
	return x.plan.reads
}

// isLast is called before each read, and reports whether it is the last one of the plan.
func (x *execution) isLast() bool {
	x.left--
	return x.left == 0
}

// found is called with the rows that were read of a source. Nothing is read of the edges of
// none.
func (x *execution) found(s *source, rows *read.Rows) {
	if rows.Len() == 0 {
		x.left -= s.reads
	}
}
