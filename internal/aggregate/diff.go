package aggregate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sort"

	"github.com/redthread-api/redthread/internal/domain"
)

// FieldChangeKind is what happened to a field.
type FieldChangeKind string

// The kinds of difference between two states of a document.
const (
	FieldSet       FieldChangeKind = "CHANGED"   // another value; null for none
	FieldAdded     FieldChangeKind = "ADDED"     // an element was added to a list
	FieldRemoved   FieldChangeKind = "REMOVED"   // an element was removed from a list
	FieldReordered FieldChangeKind = "REORDERED" // the order of a list's elements changed
)

// FieldChangeKinds are the kinds, in the order of the schema.
var FieldChangeKinds = []FieldChangeKind{FieldSet, FieldAdded, FieldRemoved, FieldReordered}

// FieldChange is one difference between two states of a document. Path is that of
// the field in the API ("title", "listings[2].since"); Before and After are
// JSON values, nil where there is nothing. Where the order of a list changed,
// Path is that of the list ("tags"), and Before and After are the elements that
// are in both, in the order of each; added and removed elements have changes
// of their own.
type FieldChange struct {
	Path          string
	Kind          FieldChangeKind
	Before, After any
}

// Since describes, for the message of a conflict, what happened to the field between
// two versions.
func (c FieldChange) Since(from, to int) string {
	verb := "was changed"
	if c.Kind == FieldReordered {
		verb = "was put in another order"
	}
	return fmt.Sprintf("%s between version %d and version %d", verb, from, to)
}

// Diff returns the differences between two states of a document, sorted by path.
func Diff(s *Spec, before, after *Row) []FieldChange {
	var changes []FieldChange
	diffRow(TableOf(s.Type), s.Fields, s.Lists, "", before, after, &changes)
	sort.SliceStable(changes, func(i, j int) bool { return changes[i].Path < changes[j].Path })
	return changes
}

// diffRow compares two rows: their fields, then what they own.
func diffRow(t *Table, fields []FieldSpec, sets []ListSpec, prefix string, before, after *Row, changes *[]FieldChange) {
	for _, c := range t.Columns {
		a, b := before.Fields[c.Name], after.Fields[c.Name]
		if !reflect.DeepEqual(a, b) {
			*changes = append(*changes, FieldChange{prefix + apiName(c), FieldSet, plainValue(fields, c, a), plainValue(fields, c, b)})
		}
	}
	for _, o := range t.Owned {
		set := ListSpecOf(sets, o)
		diffOwned(o.Table, set, prefix+cmp.Or(set.Name, set.DiffName), before.Owned[o.Name], after.Owned[o.Name], changes)
	}
}

// ListSpecOf returns the spec of the list that is stored in an owned table. Every owned
// table has one (TestEveryTableHasAShape), so a missing one panics.
func ListSpecOf(sets []ListSpec, o OwnedTable) ListSpec {
	return sets[slices.IndexFunc(sets, func(s ListSpec) bool { return s.Table == o.Name })]
}

// diffOwned compares two lists of rows. Rows with equal content are matched at any
// position, and then rows with the same id. The remaining rows are compared in pairs, the first with the first; rows
// without a partner were added or removed. If the matched rows are in another order
// than before, the list gets a change as a whole.
func diffOwned(t *Table, set ListSpec, path string, before, after []*Row, changes *[]FieldChange) {
	places := map[string][]int{} // positions in before, by fingerprint
	for i, r := range before {
		key := r.Fingerprint()
		places[key] = append(places[key], i)
	}
	placeBefore := make([]int, len(after)) // the index in before of each row of after; -1 for none
	matched := make([]bool, len(before))
	var added, removed []int
	for i, r := range after {
		key := r.Fingerprint()
		if free := places[key]; len(free) > 0 {
			placeBefore[i], matched[free[0]], places[key] = free[0], true, free[1:]
		} else {
			placeBefore[i] = -1
			added = append(added, i)
		}
	}
	for i := range before {
		if !matched[i] {
			removed = append(removed, i)
		}
	}
	added = slices.DeleteFunc(added, func(i int) bool {
		at := slices.IndexFunc(removed, func(j int) bool { return before[j].ID != 0 && before[j].ID == after[i].ID })
		if at < 0 {
			return false
		}
		placeBefore[i] = removed[at]
		diffRow(t, set.Fields, set.Lists, fmt.Sprintf("%s[%d].", path, i), before[removed[at]], after[i], changes)
		removed = slices.Delete(removed, at, at+1)
		return true
	})
	for len(added) > 0 && len(removed) > 0 {
		placeBefore[added[0]] = removed[0]
		diffRow(t, set.Fields, set.Lists, fmt.Sprintf("%s[%d].", path, added[0]), before[removed[0]], after[added[0]], changes)
		added, removed = added[1:], removed[1:]
	}
	for _, i := range added {
		*changes = append(*changes, FieldChange{fmt.Sprintf("%s[%d]", path, i), FieldAdded, nil, plainRow(t, set, after[i])})
	}
	for _, i := range removed {
		*changes = append(*changes, FieldChange{fmt.Sprintf("%s[%d]", path, i), FieldRemoved, plainRow(t, set, before[i]), nil})
	}
	diffOrder(t, set, path, before, after, placeBefore, changes)
}

// diffOrder adds a change if the rows that are in both lists are in another order.
// placeBefore has the index in before of each row of after; -1 for none.
func diffOrder(t *Table, set ListSpec, path string, before, after []*Row, placeBefore []int, changes *[]FieldChange) {
	var now, then []int // indexes in after and in before of the rows in both
	for i, place := range placeBefore {
		if place >= 0 {
			now, then = append(now, i), append(then, place)
		}
	}
	if slices.IsSorted(then) {
		return
	}
	slices.Sort(then)
	shown := func(rows []*Row, places []int) []any {
		out := make([]any, len(places))
		for i, place := range places {
			out[i] = plainRow(t, set, rows[place])
		}
		return out
	}
	*changes = append(*changes, FieldChange{path, FieldReordered, shown(before, then), shown(after, now)})
}

// apiName returns the API name of a column's field: parent for parent_id.
func apiName(c Column) string {
	if c.Kind == IDColumn {
		return camel(c.Name[:len(c.Name)-len("_id")])
	}
	return camel(c.Name)
}

// plainRow returns a row as a JSON object. A row with nothing but a reference becomes
// the id of its target.
func plainRow(t *Table, set ListSpec, r *Row) any {
	if len(t.Columns) == 1 && t.Columns[0].Kind == IDColumn {
		return plainValue(nil, t.Columns[0], r.Fields[t.Columns[0].Name])
	}
	out := map[string]any{}
	for _, c := range t.Columns {
		if v, ok := r.Fields[c.Name]; ok {
			out[apiName(c)] = plainValue(set.Fields, c, v)
		}
	}
	for _, o := range t.Owned {
		inner := ListSpecOf(set.Lists, o)
		for _, row := range r.Owned[o.Name] {
			list, _ := out[inner.Name].([]any)
			out[inner.Name] = append(list, plainRow(o.Table, inner, row))
		}
	}
	return out
}

// plainValue returns a value in the form that the API uses.
func plainValue(fields []FieldSpec, c Column, v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case domain.ID:
		return v.String()
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list
	case int64:
		i := slices.IndexFunc(fields, func(f FieldSpec) bool { return f.ColumnName() == c.Name })
		if i >= 0 {
			return numberOf(fields[i].Kind, v)
		}
		return v
	}
	return v
}

func numberOf(kind FieldKind, n int64) any {
	switch kind {
	case KindMarking:
		return domain.Marking(n).String()
	case KindShare:
		return json.Number(domain.Share(n).String())
	}
	return n
}
