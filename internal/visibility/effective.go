package visibility

import (
	"fmt"
	"strings"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/domain"
)

// The functions below return SQL statements that set the effective markings of a table
// in live where they differ. The caller adds which ids: they end in "AND id".

// setMarking returns the statement that sets the effective marking of a table to an expression. A row that has it already is
// not written: most have it, and the marking is in most indexes.
func setMarking(table, expression string) string {
	return fmt.Sprintf("UPDATE %[1]s SET %[2]s = %[3]s WHERE %[2]s <> %[3]s AND id", table, EffectiveMarking, expression)
}

// OwnMarking returns the statement that sets the effective marking of a document to its
// own marking. It is for documents that exist independently of others.
func OwnMarking(table string) string {
	return setMarking(table, "marking")
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
	markings, from, where := []string{table + ".marking"}, []string{}, []string{}
	for i, end := range ends {
		markings = append(markings, fmt.Sprintf("e%d.%s", i, end.Marking))
		from = append(from, fmt.Sprintf("%s e%d", end.Table, i))
		where = append(where, fmt.Sprintf(`e%d.id = %s."%s"`, i, table, end.Column))
	}
	return setMarking(table, fmt.Sprintf("coalesce((SELECT %s(%s) FROM %s WHERE %s), %d)",
		greatest(engine), strings.Join(markings, ", "), strings.Join(from, ", "), strings.Join(where, " AND "), domain.Unseen))
}

// SupportingMarking returns the statement that sets the effective marking of a
// supporting document: the higher of its own marking and the lowest effective marking
// of the documents that link to it. A document without links is unseen.
//
// For most documents some link comes from a document that is marked no higher than they
// are. One such link decides the result, so the minimum over all links is computed only
// where there is none.
func SupportingMarking(engine, table string, links []Link) string {
	var exists, lowest []string
	for _, l := range links {
		where := fmt.Sprintf("FROM %s WHERE %s = %s.id", l.From, l.Column, table)
		exists = append(exists, fmt.Sprintf("EXISTS (SELECT 1 %s AND d.%s <= %s.marking)", where, EffectiveMarking, table))
		lowest = append(lowest, "SELECT min(d."+EffectiveMarking+") AS m "+where)
	}
	return setMarking(table, fmt.Sprintf("CASE WHEN %s THEN marking ELSE %s(marking, coalesce((SELECT min(u.m) FROM (%s) u), %d)) END",
		strings.Join(exists, " OR "), greatest(engine), strings.Join(lowest, " UNION ALL "), domain.Unseen))
}

func greatest(engine string) string {
	if engine == dialect.Postgres {
		return "greatest"
	}
	return "max"
}
