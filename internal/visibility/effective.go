package visibility

import (
	"fmt"
	"strings"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/domain"
)

// The functions below return SQL statements that set the effective markings of a table
// in live where they differ. The caller adds which ids: they end in "AND" and the name of the id.

// setMarking returns the statement that sets the effective marking of a table to an expression of a row, whose name is the
// parameter. A row that has it already is not written: most have it, and the marking is in most indexes.
//
// For PostgreSQL the expression is in a subquery, which OFFSET 0 keeps apart. It would plan the expression in each of both
// places, and the one of tags takes it 10 ms.
func setMarking(engine, table string, expression func(row string) string) string {
	if engine == dialect.Postgres {
		return fmt.Sprintf("UPDATE %[1]s SET %[2]s = m.marking FROM %[1]s self, LATERAL (SELECT %[3]s AS marking OFFSET 0) m"+
			" WHERE self.id = %[1]s.id AND %[1]s.%[2]s <> m.marking AND %[1]s.id", table, EffectiveMarking, expression("self"))
	}
	return fmt.Sprintf("UPDATE %[1]s SET %[2]s = %[3]s WHERE %[2]s <> %[3]s AND id", table, EffectiveMarking, expression(table))
}

// OwnMarking returns the statement that sets the effective marking of a document to its
// own marking. It is for documents that exist independently of others.
func OwnMarking(table string) string {
	return fmt.Sprintf("UPDATE %[1]s SET %[2]s = marking WHERE %[2]s <> marking AND id", table, EffectiveMarking)
}

// End is a reference without which a document does not exist in live: the column with
// the other document's id, the other document's table, and the column of the marking of it
// that counts. For a supporting document that is its own one: its effective marking
// depends on the documents that refer to it.
type End struct{ Column, Table, Marking string }

// MarkingWithEnds returns the statement that sets the effective marking of a document
// with ends (a relationship, an edition): the highest of its own marking and theirs. The document is
// unseen while an end is not live.
func MarkingWithEnds(engine, table string, ends []End) string {
	return setMarking(engine, table, func(row string) string {
		markings, from, where := []string{row + ".marking"}, []string{}, []string{}
		for i, end := range ends {
			markings = append(markings, fmt.Sprintf("e%d.%s", i, end.Marking))
			from = append(from, fmt.Sprintf("%s e%d", end.Table, i))
			where = append(where, fmt.Sprintf(`e%d.id = %s."%s"`, i, row, end.Column))
		}
		return fmt.Sprintf("coalesce((SELECT %s(%s) FROM %s WHERE %s), %d)",
			greatest(engine), strings.Join(markings, ", "), strings.Join(from, ", "), strings.Join(where, " AND "), domain.Unseen)
	})
}

// SupportingMarking returns the statement that sets the effective marking of a
// supporting document: the higher of its own marking and the lowest effective marking
// of the documents that link to it. A document without links is unseen.
//
// For most documents some link comes from a document that is marked no higher than they
// are. One such link decides the result, so the minimum over all links is computed only
// where there is none.
func SupportingMarking(engine, table string, links []Link) string {
	return setMarking(engine, table, func(row string) string {
		var some, lowest []string
		for _, l := range links {
			where := fmt.Sprintf("FROM %s WHERE %s = %s.id", l.From, l.Column, row)
			low := fmt.Sprintf("%s AND %s <= %s.marking", where, l.marking(), row)
			if engine == dialect.Postgres {
				// Not EXISTS, which is planned twice: once for each row, and once for all.
				some = append(some, "(SELECT true "+low+" LIMIT 1)")
			} else {
				some = append(some, "EXISTS (SELECT 1 "+low+")")
			}
			lowest = append(lowest, "SELECT min("+l.marking()+") AS m "+where)
		}
		return fmt.Sprintf("CASE WHEN %[1]s THEN %[2]s.marking ELSE %[3]s(%[2]s.marking, coalesce((SELECT min(u.m) FROM (%[4]s) u), %[5]d)) END",
			strings.Join(some, " OR "), row, greatest(engine), strings.Join(lowest, " UNION ALL "), domain.Unseen)
	})
}

func greatest(engine string) string {
	if engine == dialect.Postgres {
		return "greatest"
	}
	return "max"
}
