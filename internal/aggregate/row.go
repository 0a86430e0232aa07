package aggregate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
)

// Row is one row of an aggregate with the rows that it owns. Fields has a
// value for each column that is not null, by column name: a string, an int64,
// a domain.ID or a []string. The owner's id and the position are not among
// them: they follow from where the row stands.
type Row struct {
	ID     domain.ID
	Fields map[string]any
	Owned  map[string][]*Row // by table, in order
}

func NewRow() *Row { return &Row{Fields: map[string]any{}, Owned: map[string][]*Row{}} }

// Set puts a value in a column; nil, "" and an empty list clear it.
func (r *Row) Set(column string, value any) {
	switch v := value.(type) {
	case nil:
		delete(r.Fields, column)
		return
	case string:
		if v == "" {
			delete(r.Fields, column)
			return
		}
	case []string:
		if len(v) == 0 {
			delete(r.Fields, column)
			return
		}
	}
	r.Fields[column] = value
}

func (r *Row) Text(column string) string {
	s, _ := r.Fields[column].(string)
	return s
}

func (r *Row) Int(column string) int64 {
	n, _ := r.Fields[column].(int64)
	return n
}

func (r *Row) Ref(column string) domain.ID {
	id, _ := r.Fields[column].(domain.ID)
	return id
}

func (r *Row) Date(column string) domain.Date { return domain.Date(r.Text(column)) }

// Clone returns a copy of the row and all rows below it.
func (r *Row) Clone() *Row {
	c := &Row{ID: r.ID, Fields: maps.Clone(r.Fields), Owned: make(map[string][]*Row, len(r.Owned))}
	for name, rows := range r.Owned {
		copied := make([]*Row, len(rows))
		for i, row := range rows {
			copied[i] = row.Clone()
		}
		c.Owned[name] = copied
	}
	return c
}

// Walk calls f for the row and each below it, with its table.
func (r *Row) Walk(t *Table, f func(t *Table, r *Row)) {
	f(t, r)
	for _, o := range t.Owned {
		for _, row := range r.Owned[o.Name] {
			row.Walk(o.Table, f)
		}
	}
}

// Fingerprint is the content of the row without any ids of rows: two rows
// with the same fingerprint have the same content.
func (r *Row) Fingerprint() string {
	c := r.Clone()
	var strip func(*Row)
	strip = func(r *Row) {
		r.ID = 0
		for _, rows := range r.Owned {
			for _, row := range rows {
				strip(row)
			}
		}
	}
	strip(c)
	return string(EncodeRow(c))
}

// ReuseRowIDs gives each row below r its id. A row with the id of a row in the same list
// of old keeps it: it is that row, with other content perhaps. A row with the content of one
// of the others gets its id. All other rows get a new one; with restored they keep the id
// that they have, if any, which must be one that r had before. So ids stay while rows or their
// content stay.
func (r *Row) ReuseRowIDs(old *Row, restored bool, newID func() domain.ID) {
	for name, rows := range r.Owned {
		var before []*Row
		if old != nil {
			before = old.Owned[name]
		}
		byID := make(map[domain.ID]*Row, len(before))
		for _, row := range before {
			byID[row.ID] = row
		}
		is := make([]*Row, len(rows)) // the row of before that each is
		for i, row := range rows {
			is[i] = byID[row.ID]
			delete(byID, row.ID)
		}
		free := map[string][]*Row{}
		for _, row := range before {
			if byID[row.ID] != nil {
				key := row.Fingerprint()
				free[key] = append(free[key], row)
			}
		}
		for i, row := range rows {
			if is[i] == nil && len(free) > 0 {
				key := row.Fingerprint()
				if same := free[key]; len(same) > 0 {
					is[i], free[key] = same[0], same[1:]
				}
			}
			switch {
			case is[i] != nil:
				row.ID = is[i].ID
			case !restored || row.ID == 0:
				row.ID = newID()
			}
			row.ReuseRowIDs(is[i], restored, newID)
		}
	}
}

// EncodeRow is the canonical JSON of a row: keys in order, no nulls, no empty
// lists, ids with their prefix. It is the same on both engines.
func EncodeRow(r *Row) json.RawMessage { return appendRow(nil, r, r.ID) }

func canonicalJSON(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("aggregate: encode: %v", err)) // only strings, numbers and lists of them
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// decodeRowJSON reads a row of table t from what its canonical JSON decodes to, with
// numbers as json.Number.
func decodeRowJSON(t *Table, v any) (*Row, error) {
	in, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("decode %s: got %T, want an object", t.Name, v)
	}
	r := NewRow()
	if text, ok := in["id"].(string); ok {
		id, err := domain.ParseID(text)
		if err != nil {
			return nil, fmt.Errorf("decode %s: %w", t.Name, err)
		}
		r.ID = id
	}
	fields, _ := in["fields"].(map[string]any)
	for name, value := range fields {
		kind, ok := t.kind(name)
		if !ok {
			return nil, fmt.Errorf("decode %s: no column %q", t.Name, name)
		}
		v, err := decodeValue(kind, value)
		if err != nil {
			return nil, fmt.Errorf("decode %s.%s: %w", t.Name, name, err)
		}
		r.Set(name, v)
	}
	sets, _ := in["owned"].(map[string]any)
	for name, value := range sets {
		o, ok := t.ownedTable(name)
		if !ok {
			return nil, fmt.Errorf("decode %s: owns no %q", t.Name, name)
		}
		rows, _ := value.([]any)
		for _, v := range rows {
			row, err := decodeRowJSON(o.Table, v)
			if err != nil {
				return nil, err
			}
			r.Owned[name] = append(r.Owned[name], row)
		}
	}
	return r, nil
}

func decodeValue(kind ColumnKind, v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		if kind == IntColumn {
			return v.Int64()
		}
	case string:
		switch kind {
		case TextColumn:
			return v, nil
		case IDColumn:
			return domain.ParseID(v)
		}
	case []any:
		if kind == ListColumn {
			return stringList(v)
		}
	}
	return nil, fmt.Errorf("got %T", v)
}

func stringList(v []any) ([]string, error) {
	list := make([]string, len(v))
	for i, e := range v {
		s, ok := e.(string)
		if !ok {
			return nil, fmt.Errorf("got a list with %T", e)
		}
		list[i] = s
	}
	return list, nil
}

// EachReference calls f for every reference of the aggregate to a document.
func (r *Row) EachReference(t *Table, f func(ref Reference, row *Row, target domain.ID)) {
	r.Walk(t, func(t *Table, row *Row) {
		for _, ref := range t.References {
			if id := row.Ref(ref.Column); id != 0 {
				f(ref, row, id)
			}
		}
	})
}

// Targets returns the distinct documents that the aggregate refers to, in order.
func (r *Row) Targets(t *Table) []domain.ID {
	var ids []domain.ID
	r.EachReference(t, func(_ Reference, _ *Row, id domain.ID) { ids = append(ids, id) })
	slices.Sort(ids)
	return slices.Compact(ids)
}

// DropRepeats removes the duplicates from each list of links.
func (r *Row) DropRepeats(t *Table) {
	r.Walk(t, func(t *Table, row *Row) {
		for _, o := range t.Owned {
			if len(o.Columns) == 1 && len(o.References) == 1 {
				row.Owned[o.Name] = withoutRepeats(row.Owned[o.Name], o.References[0].Column)
			}
		}
	})
}

func withoutRepeats(rows []*Row, column string) []*Row {
	seen := map[domain.ID]bool{}
	return slices.DeleteFunc(rows, func(r *Row) bool {
		id := r.Ref(column)
		was := seen[id]
		seen[id] = true
		return was
	})
}
