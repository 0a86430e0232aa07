package read

import (
	"encoding/json"
	"strconv"

	"entgo.io/ent/dialect/sql"
)

type sqlite struct{}

// within compares with the values of a JSON array. The columns' collation is BINARY, as
// SQLite's default is.
func (e sqlite) within(b *sql.Builder, column string, values any) {
	b.WriteString(column).WriteString(" IN (SELECT value FROM json_each(").Arg(e.values(values)).WriteString("))")
}

// values is a JSON array.
func (sqlite) values(values any) any {
	ids, ok := values.([]int64)
	if !ok {
		set, _ := json.Marshal(values) // texts only
		return string(set)
	}
	set := make([]byte, 0, 20*len(ids)+2)
	set = append(set, '[')
	for i, id := range ids {
		if i > 0 {
			set = append(set, ',')
		}
		set = strconv.AppendInt(set, id, 10)
	}
	return string(append(set, ']'))
}

// drive is the ordinary IN: SQLite finds rows by its subquery, which it reads once, unless
// statistics say otherwise.
func (sqlite) drive(column string, ids *sql.Selector) *sql.Predicate { return sql.In(column, ids) }

// set hides the column from the planner by a sign: rows are not found by it.
func (sqlite) set(column string, ids *sql.Selector) *sql.Predicate {
	return sql.P(func(b *sql.Builder) { b.WriteString("+").Join(sql.In(column, ids)) })
}

// unindexed hides the column by a sign.
func (sqlite) unindexed(column string) string { return "+" + column }

// year is the beginning: moments are texts in UTC.
func (sqlite) year(column string, _ bool) string { return "substr(" + column + ", 1, 4)" }

// nulls is empty: SQLite takes nulls as lowest.
func (sqlite) nulls(bool) string { return "" }
