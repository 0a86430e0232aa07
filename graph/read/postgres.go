package read

import (
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
)

const postgresName = dialect.Postgres

type postgres struct{}

func (postgres) within(b *sql.Builder, column string, values any) {
	b.WriteString(column).WriteString(" = ANY(").Arg(values).WriteString(")")
}

// values is an array.
func (postgres) values(values any) any { return values }

// drive passes the ids as an array, which is made first.
func (postgres) drive(column string, ids *sql.Selector) *sql.Predicate {
	return sql.P(func(b *sql.Builder) { b.WriteString(column).WriteString(" = ANY(ARRAY(").Join(ids).WriteString("))") })
}

// set keeps the planner from making a join of the subquery: it makes a hash table of it.
func (postgres) set(column string, ids *sql.Selector) *sql.Predicate {
	return sql.P(func(b *sql.Builder) {
		b.WriteString("(").Join(sql.In(column, ids)).WriteString(") IS TRUE")
	})
}

// unindexed is the column: PostgreSQL has statistics.
func (postgres) unindexed(column string) string { return column }

// year is the beginning of a date.
func (postgres) year(column string, moments bool) string {
	if moments {
		return "to_char(" + column + " AT TIME ZONE 'UTC', 'YYYY')"
	}
	return "substr(" + column + ", 1, 4)"
}

// nulls says where nulls go: PostgreSQL takes them as highest.
func (postgres) nulls(descending bool) string {
	if descending {
		return " NULLS LAST"
	}
	return " NULLS FIRST"
}
