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

// nulls is empty: SQLite takes nulls as lowest.
func (sqlite) nulls(bool) string { return "" }
