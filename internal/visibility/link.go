package visibility

import (
	"cmp"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
)

// Link is a path by which documents of a type refer to others: a FROM clause that joins
// the document's table, with the alias d, to the table of the reference, and the column
// with the id of the other document.
type Link struct {
	From   string // "reports d JOIN report_tags x1 ON x1.report_id = d.id"
	Column string // "x1.tag_id"

	Marking string // the column of d with the marking that counts; empty: EffectiveMarking
}

// marking returns the column of d with the marking that counts.
func (l Link) marking() string { return "d." + cmp.Or(l.Marking, EffectiveMarking) }

// Linked returns the condition that a document of s refers to at least one of the
// targets by at least one of the links. Targets that do not pass the fence do not count.
// Without links or targets the condition is false.
func Linked(s *entsql.Selector, links []Link, targetTable string, targets []domain.ID, fence func(*entsql.Selector)) *entsql.Predicate {
	if len(links) == 0 || len(targets) == 0 {
		return entsql.False()
	}
	build := entsql.Dialect(s.Dialect())
	var ways []*entsql.Predicate
	for _, l := range links {
		visible := build.Select("id").From(build.Table(targetTable).As("linked"))
		visible.Where(HasID(visible, targets))
		fence(visible)
		ways = append(ways, entsql.P(func(b *entsql.Builder) {
			b.WriteString("EXISTS (SELECT 1 FROM " + l.From + " WHERE d.id = ").Ident(s.C("id"))
			b.WriteString(" AND " + l.Column + " IN (").Join(visible).WriteString("))")
		}))
	}
	return entsql.Or(ways...)
}

// HasID returns the condition that a row of s has one of the ids. Without ids it is
// false.
func HasID(s *entsql.Selector, ids []domain.ID) *entsql.Predicate {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = int64(id)
	}
	return entsql.In(s.C("id"), args...)
}
