package read

import (
	"encoding/json"

	"entgo.io/ent/dialect/sql"
)

type sqlite struct{}

// within passes the values as a JSON array. The columns' collation is BINARY,
// as SQLite's default is.
func (sqlite) within(b *sql.Builder, column string, values any) {
	set, err := json.Marshal(values)
	if err != nil {
		b.AddError(err)
		return
	}
	b.WriteString(column).WriteString(" IN (SELECT value FROM json_each(").Arg(string(set)).WriteString("))")
}

// drive is the ordinary IN: SQLite finds rows by its subquery, which it reads once, unless
// statistics say otherwise.
func (sqlite) drive(column string, ids *sql.Selector) *sql.Predicate { return sql.In(column, ids) }

// set hides the column from the planner by a sign: rows are not found by it.
func (sqlite) set(column string, ids *sql.Selector) *sql.Predicate {
	return sql.P(func(b *sql.Builder) { b.WriteString("+").Join(sql.In(column, ids)) })
}

// nulls is empty: SQLite takes nulls as lowest.
func (sqlite) nulls(bool) string { return "" }
