package content

import (
	"context"
	"encoding/json"

	"github.com/redthread-api/redthread/internal/domain"
)

// Fields reads a document of the desk as the input that would write it: what
// [Desk.Save] takes, references as ids. The name is an id or a slug; nil where
// there is no such document. Needs the right READ_DESK.
func (d *Desk) Fields(ctx context.Context, t domain.Type, name string) (map[string]any, error) {
	if _, err := domain.Require(ctx, domain.ReadDesk); err != nil {
		return nil, err
	}
	db := d.stores.DeskRows()
	found, err := lookup(ctx, db, t, []string{name})
	if err != nil || found[name] == 0 {
		return nil, err
	}
	rows, err := load(ctx, db, t, []domain.ID{found[name]})
	if err != nil {
		return nil, err
	}
	s := shapes[t]
	return inputOf(s.fields, s.sets, rows[found[name]]), nil
}

// inputOf is the inverse of decodeRow.
func inputOf(fields []fieldShape, sets []setShape, r *Row) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		v, ok := r.Fields[f.columnName()]
		if !ok {
			continue
		}
		switch v := v.(type) {
		case domain.ID:
			out[f.name] = v.String()
		case []string:
			elements := make([]any, len(v))
			for i, s := range v {
				elements[i] = s
			}
			out[f.name] = elements
		case int64:
			out[f.name] = numberOf(f.kind, v)
		default:
			out[f.name] = v
		}
	}
	for _, s := range sets {
		if s.name == "" {
			continue
		}
		elements := make([]any, 0, len(r.Owned[s.table]))
		for _, row := range r.Owned[s.table] {
			if s.target != 0 {
				elements = append(elements, row.id(s.target.String()+"_id").String())
			} else {
				elements = append(elements, inputOf(s.fields, s.sets, row))
			}
		}
		out[s.name] = elements
	}
	return out
}

func numberOf(kind fieldKind, n int64) any {
	switch kind {
	case marking:
		return domain.Marking(n).String()
	case percentage:
		return json.Number(domain.Share(n).String())
	}
	return n
}
