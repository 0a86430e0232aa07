package content

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

func newRow() *Row { return &Row{Fields: map[string]any{}, Owned: map[string][]*Row{}} }

// set puts a value in a column; nil, "" and an empty list clear it.
func (r *Row) set(column string, value any) {
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

func (r *Row) text(column string) string {
	s, _ := r.Fields[column].(string)
	return s
}

func (r *Row) int(column string) int64 {
	n, _ := r.Fields[column].(int64)
	return n
}

func (r *Row) id(column string) domain.ID {
	id, _ := r.Fields[column].(domain.ID)
	return id
}

func (r *Row) date(column string) domain.Date { return domain.Date(r.text(column)) }

// clone copies the row and all below it.
func (r *Row) clone() *Row {
	c := &Row{ID: r.ID, Fields: maps.Clone(r.Fields), Owned: make(map[string][]*Row, len(r.Owned))}
	for name, rows := range r.Owned {
		copied := make([]*Row, len(rows))
		for i, row := range rows {
			copied[i] = row.clone()
		}
		c.Owned[name] = copied
	}
	return c
}

// walk calls f for the row and each below it, with its table.
func (r *Row) walk(t *table, f func(t *table, r *Row)) {
	f(t, r)
	for _, o := range t.owned {
		for _, row := range r.Owned[o.name] {
			row.walk(o.table, f)
		}
	}
}

// fingerprint is the content of the row without any ids of rows: two rows
// with the same fingerprint say the same.
func (r *Row) fingerprint() string {
	c := r.clone()
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
	return string(encode(c))
}

// adoptIDs gives each row below r that says the same as a row below old that
// row's id, and every other one a new id. So ids stay while content stays.
func (r *Row) adoptIDs(old *Row, newID func() domain.ID) {
	for name, rows := range r.Owned {
		free := map[string][]*Row{}
		if old != nil {
			for _, row := range old.Owned[name] {
				key := row.fingerprint()
				free[key] = append(free[key], row)
			}
		}
		for i, row := range rows {
			key := row.fingerprint()
			if same := free[key]; len(same) > 0 {
				rows[i] = same[0].clone()
				free[key] = same[1:]
				continue
			}
			row.ID = newID()
			row.adoptIDs(nil, newID)
		}
	}
}

// rowJSON is the form of a row in a snapshot.
type rowJSON struct {
	ID     *domain.ID                   `json:"id,omitempty"`
	Fields map[string]any               `json:"fields"`
	Owned  map[string][]json.RawMessage `json:"owned,omitempty"`
}

// encode is the canonical JSON of a row: keys in order, no nulls, no empty
// lists, ids with their prefix. It is the same on both engines.
func encode(r *Row) json.RawMessage {
	out := rowJSON{Fields: r.Fields}
	if r.ID != 0 {
		out.ID = &r.ID
	}
	for name, rows := range r.Owned {
		if len(rows) == 0 {
			continue
		}
		if out.Owned == nil {
			out.Owned = map[string][]json.RawMessage{}
		}
		encoded := make([]json.RawMessage, len(rows))
		for i, row := range rows {
			encoded[i] = encode(row)
		}
		out.Owned[name] = encoded
	}
	return canonicalJSON(out)
}

func canonicalJSON(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("content: encode: %v", err)) // only strings, numbers and lists of them
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// decode reads a row of table t from what its canonical JSON decodes to, with
// numbers as json.Number.
func decode(t *table, v any) (*Row, error) {
	in, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("decode %s: got %T, want an object", t.name, v)
	}
	r := newRow()
	if text, ok := in["id"].(string); ok {
		id, err := domain.ParseID(text)
		if err != nil {
			return nil, fmt.Errorf("decode %s: %w", t.name, err)
		}
		r.ID = id
	}
	fields, _ := in["fields"].(map[string]any)
	for name, value := range fields {
		kind, ok := t.kind(name)
		if !ok {
			return nil, fmt.Errorf("decode %s: no column %q", t.name, name)
		}
		v, err := decodeValue(kind, value)
		if err != nil {
			return nil, fmt.Errorf("decode %s.%s: %w", t.name, name, err)
		}
		r.set(name, v)
	}
	sets, _ := in["owned"].(map[string]any)
	for name, value := range sets {
		o, ok := t.ownedTable(name)
		if !ok {
			return nil, fmt.Errorf("decode %s: owns no %q", t.name, name)
		}
		rows, _ := value.([]any)
		for _, v := range rows {
			row, err := decode(o.table, v)
			if err != nil {
				return nil, err
			}
			r.Owned[name] = append(r.Owned[name], row)
		}
	}
	return r, nil
}

func decodeValue(kind columnKind, v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		if kind == intColumn {
			return v.Int64()
		}
	case string:
		switch kind {
		case textColumn:
			return v, nil
		case idColumn:
			return domain.ParseID(v)
		}
	case []any:
		if kind == listColumn {
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

// references calls f for every reference of the aggregate to a document.
func (r *Row) references(t *table, f func(ref reference, row *Row, target domain.ID)) {
	r.walk(t, func(t *table, row *Row) {
		for _, ref := range t.refs {
			if id := row.id(ref.column); id != 0 {
				f(ref, row, id)
			}
		}
	})
}

// targets are the distinct documents that the aggregate refers to, in order.
func (r *Row) targets(t *table) []domain.ID {
	var ids []domain.ID
	r.references(t, func(_ reference, _ *Row, id domain.ID) { ids = append(ids, id) })
	slices.Sort(ids)
	return slices.Compact(ids)
}

// dropRepeats takes out of each list of links what is in it already.
func (r *Row) dropRepeats(t *table) {
	r.walk(t, func(t *table, row *Row) {
		for _, o := range t.owned {
			if len(o.columns) == 1 && len(o.refs) == 1 {
				row.Owned[o.name] = withoutRepeats(row.Owned[o.name], o.refs[0].column)
			}
		}
	})
}

func withoutRepeats(rows []*Row, column string) []*Row {
	seen := map[domain.ID]bool{}
	return slices.DeleteFunc(rows, func(r *Row) bool {
		id := r.id(column)
		was := seen[id]
		seen[id] = true
		return was
	})
}
