package store

import (
	"encoding/json"
	"strconv"
	"strings"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/domain"
)

// Bind rewrites the ? placeholders of a statement for the engine. The statement
// must not have a ? in a literal.
func Bind(engine, query string) string {
	if engine != dialect.Postgres {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 16)
	n := 0
	for i := range len(query) {
		if query[i] != '?' {
			b.WriteByte(query[i])
			continue
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// InSet returns the condition "is one of a set of ids". It takes the whole set as
// one parameter, so that the text of a statement does not depend on the size of
// the set: ` "tag_id" ` + InSet(engine).
func InSet(engine string) string {
	if engine == dialect.Postgres {
		return " = ANY(?)"
	}
	return " IN (SELECT value FROM json_each(?))"
}

// NotInSet returns the comparison of the column in front of it with a set of ids, which is
// one parameter. PostgreSQL hashes a subquery, and before version 15 not an array.
func NotInSet(engine string) string {
	if engine == dialect.Postgres {
		return " NOT IN (SELECT unnest(?::bigint[]))"
	}
	return " NOT IN (SELECT value FROM json_each(?))"
}

// IDSet returns ids as the parameter for [InSet] and [NotInSet].
func IDSet(engine string, ids []domain.ID) any {
	numbers := make([]int64, len(ids))
	for i, id := range ids {
		numbers[i] = int64(id)
	}
	if engine == dialect.Postgres {
		return numbers
	}
	text, _ := json.Marshal(numbers) // numbers always marshal
	return string(text)
}

// TextSet returns texts as the parameter for [InSet] on a text column.
func TextSet(engine string, texts []string) any {
	if engine == dialect.Postgres {
		return texts
	}
	text, _ := json.Marshal(texts) // strings always marshal
	return string(text)
}
