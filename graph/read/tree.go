package read

import "entgo.io/ent/dialect/sql"

// within is the name of the condition that a row is another one or below it in a tree.
const within = "within"

// tree is the condition that a row is the one that is named, or below it: see [Table.Tree].
//
// The way down the tree leads over rows that the viewer may see, as by the field children. So a row
// below one that is hidden is in no branch above that: the viewer must not learn that something hidden
// leads from one to the other.
func (c *compiler) tree(t *Table, raw any, path string, at scope) condition {
	named := c.compare(t, t.Fields["slug"], "eq", raw, path, at)
	if named == nil {
		return nil // a problem was noted
	}
	a := &access{owner: t, path: Path{Target: t.Name, Column: t.key()}, depth: at.tables, top: at.top, around: at.around}
	c.accesses = append(c.accesses, a)
	a.alias = alias(at.tables + 1)
	a.filter = map[string]any{within: raw}
	a.named = true
	a.matches = c.branch(t, named)
	a.reader, a.target, a.fence = c.reader, t, c.fence
	return a.on
}

// branch is the condition that a row is one for which named holds, or below such a row.
func (c *compiler) branch(t *Table, named condition) condition {
	return func(s *sql.Selector) *sql.Predicate {
		build := sql.Dialect(s.Dialect())
		visible := func(alias string) *sql.Selector {
			rows := build.Select().From(build.Table(t.Name).As(alias)).WithContext(s.Context())
			c.fence(rows)
			return rows.Select(rows.C(t.key()))
		}
		top := visible("top")
		top.Where(named.on(top))
		next, branch := visible("next"), build.Table("branch")
		next.Join(branch).On(next.C(t.Tree), branch.C("id"))
		return sql.P(func(b *sql.Builder) {
			b.WriteString(s.C(t.key()) + " IN (WITH RECURSIVE branch (id) AS (").Join(top).
				WriteString(" UNION ").Join(next).WriteString(") SELECT id FROM branch)")
		})
	}
}
