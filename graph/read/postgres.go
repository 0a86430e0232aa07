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

// nulls says where nulls go: PostgreSQL takes them as highest.
func (postgres) nulls(descending bool) string {
	if descending {
		return " NULLS LAST"
	}
	return " NULLS FIRST"
}
