package read

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/visibility"
)

// Bounds of a filter.
const (
	MaxFilterDepth      = 8
	MaxFilterConditions = 100
	MaxFilterValues     = 1000 // of one in or notIn
)

// condition is a compiled filter. It writes itself for the columns of a
// statement over the filter's table; nil holds for every row.
type condition func(s *sql.Selector) *sql.Predicate

// on returns the predicate for the statement, nil where there is none. It is in
// parentheses, so that nothing in it can bypass the fence beside it.
func (c condition) on(s *sql.Selector) *sql.Predicate {
	if c == nil {
		return nil
	}
	return sql.P(func(b *sql.Builder) { wrap(b, c(s)) })
}

func wrap(b *sql.Builder, p *sql.Predicate) {
	b.Wrap(func(b *sql.Builder) { b.Join(p) })
}

// compile turns a filter input into a condition, and adds all errors in it
// to problems. Each filter through a relation carries the fence of its
// target. The error is that of a context without the right to read.
//
// It also returns how the condition goes through relations, for the caller to change before
// a statement is written, and to track: see [trackFilter]. The caller may change seeks until
// then, too.
func (r *Reader) compile(
	ctx context.Context, t *Table, filter map[string]any, path string, seeks *seeking, problems *domain.Problems,
) (condition, []*access, error) {
	c := &compiler{ctx: ctx, reader: r, seeks: seeks, problems: problems}
	cond, err := c.compile(t, filter, path)
	return cond, c.accesses, err
}

func (c *compiler) compile(t *Table, filter map[string]any, path string) (condition, error) {
	if filter == nil {
		return nil, nil
	}
	if t.Document != 0 || len(t.Relations) > 0 {
		var err error
		if c.fence, err = visibility.Fence(c.ctx); err != nil {
			return nil, err
		}
	}
	cond := c.filter(t, filter, path, scope{depth: 1, top: true})
	if c.conditions > MaxFilterConditions {
		c.problems.Add(path, "%d conditions are too many; at most %d", c.conditions, MaxFilterConditions)
	}
	return cond, c.failed
}

type compiler struct {
	ctx        context.Context // for searches, which are run while a filter is compiled
	failed     error
	reader     *Reader
	seeks      *seeking
	fence      func(*sql.Selector) // for what relations lead to
	problems   *domain.Problems
	conditions int
	accesses   []*access // of all conditions through relations, each before those within it
	searched   *searched // what all rows are found by, if the filter has such a condition
}

// seeking is by which conditions on fields of the list's own rows with an index rows may be
// found. SQLite has no statistics, and takes any such condition for one that few rows match:
// it would sort all of them for a page in another order.
type seeking byte

const (
	byNone  seeking = iota
	byEqual         // where the field is equal to one value: the index has the rows in order
	byAny           // any: all rows are read, in no order
)

// scope is the position of a condition in a filter.
type scope struct {
	depth int
	// negated says that the condition stands under a not. There it must be
	// false, never unknown, for a row without a value: NOT unknown is not true.
	negated bool
	// tables counts the tables around, to give each an alias of its own.
	tables int
	// top says that a row of the table can only match if the condition holds for it.
	top bool
	// around is the relation whose filter the condition is in.
	around *access
}

func (c *compiler) filter(t *Table, filter map[string]any, path string, at scope) condition {
	if at.depth > MaxFilterDepth {
		c.problems.Add(path, "filters are nested too deeply; at most %d levels", MaxFilterDepth)
		return nil
	}
	var all []condition
	add := func(cond condition) {
		if cond != nil {
			all = append(all, cond)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(filter)) {
		around := path
		raw, path := filter[name], join(path, name)
		if raw == nil {
			continue // as if it were absent
		}
		if c.conditions++; c.conditions > MaxFilterConditions {
			return nil // compile says so
		}
		inner := at
		inner.depth++
		field, isField := t.Fields[name]
		relation, isRelation := t.Relations[name]
		switch {
		case name == "not":
			inner.negated, inner.top = true, false
			add(not(c.filter(t, c.object(raw, path), path, inner)))
		case name == "and" && isJoined(raw):
			for _, raw := range raw.(joinedFilters) {
				add(c.filter(t, c.object(raw, around), around, at))
			}
		case name == "and":
			add(c.junction(t, raw, path, inner, " AND "))
		case name == "or":
			inner.top = inner.top && len(list(raw)) == 1
			add(c.junction(t, raw, path, inner, " OR "))
		case name == within && t.Tree != "":
			inner.top = at.top
			add(c.tree(t, raw, path, inner))
		case name == searchField && t.Searched != nil:
			add(c.search(c.ctx, t, raw, path, at))
		case isField:
			for _, cond := range c.operators(t, field, c.object(raw, path), path, at) {
				add(cond)
			}
		case isRelation:
			inner.top = at.top
			add(c.relation(t, relation, c.object(raw, path), path, inner))
		default:
			c.problems.Add(path, "%s has no such condition", t.Type)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return joined(all, " AND ")
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// object returns an input object; a problem where it is something else.
func (c *compiler) object(raw any, path string) map[string]any {
	m, ok := raw.(map[string]any)
	if !ok {
		c.problems.Add(path, "want an object, not %s", describe(raw))
	}
	return m
}

func isJoined(raw any) bool {
	_, ok := raw.(joinedFilters)
	return ok
}

// list returns an input list. As in GraphQL, one value stands for a list of
// one.
func list(raw any) []any {
	switch l := raw.(type) {
	case []any:
		return l
	case joinedFilters:
		return l
	}
	return []any{raw}
}

func (c *compiler) junction(t *Table, raw any, path string, at scope, op string) condition {
	var all []condition
	for i, raw := range list(raw) {
		path := path + "[" + strconv.Itoa(i) + "]"
		// Counted also where it is empty: each is written into the statement.
		if c.conditions++; c.conditions > MaxFilterConditions {
			return nil // compile says so
		}
		cond := c.filter(t, c.object(raw, path), path, at)
		if cond == nil {
			cond = matchAll
		}
		all = append(all, cond)
	}
	if len(all) == 0 {
		return matchNone
	}
	return joined(all, op)
}

// matchAll holds for every row, nothing for none.
func matchAll(*sql.Selector) *sql.Predicate {
	return sql.P(func(b *sql.Builder) { b.WriteString("1 = 1") })
}

func matchNone(*sql.Selector) *sql.Predicate {
	return sql.P(func(b *sql.Builder) { b.WriteString("1 = 0") })
}

func not(cond condition) condition {
	if cond == nil {
		return matchNone
	}
	return func(s *sql.Selector) *sql.Predicate { return sql.Not(cond(s)) }
}

// joined puts each condition in parentheses of its own. Ent's And and Or leave
// them out where there is one condition, and then lose those around what is
// in it: Or(Or(a, b)) beside a fence became "fence AND a OR b".
func joined(all []condition, op string) condition {
	return func(s *sql.Selector) *sql.Predicate {
		return sql.P(func(b *sql.Builder) {
			for i, cond := range all {
				if i > 0 {
					b.WriteString(op)
				}
				wrap(b, cond(s))
			}
		})
	}
}

// relation is the condition that at least one visible row of the path's target
// matches. How it is written is chosen when the statement is: see [access].
func (c *compiler) relation(t *Table, p Path, filter map[string]any, path string, at scope) condition {
	target := c.reader.tables[p.Target]
	a := &access{owner: t, path: p, depth: at.tables, top: at.top}
	c.accesses = append(c.accesses, a)
	first := len(c.accesses)
	at.negated = false // inside a subquery unknown is as good as false
	a.around, at.around, at.top = at.around, a, true
	at.tables++
	a.named = target.names(filter)
	a.alias = alias(at.tables)
	a.filter = filter
	a.matches = c.filter(target, filter, path, at)
	a.inner = c.accesses[first:len(c.accesses):len(c.accesses)]
	a.reader, a.target, a.fence = c.reader, target, c.fence
	return a.on
}

// alias names the nth table around a condition.
func alias(n int) string { return "f" + strconv.Itoa(n) }

func describe(raw any) string {
	switch raw.(type) {
	case nil:
		return "null"
	case string:
		return "a text"
	case bool:
		return "a boolean"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("the number %v", raw)
}
