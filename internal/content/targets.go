package content

import (
	"context"
	"fmt"

	"github.com/redthread-api/redthread/internal/domain"
)

// checkTargets follows references to documents that were merged since, and
// reports those that are gone.
func (e *edit) checkTargets(ctx context.Context, s *shape, r *Row, p *domain.Problems) error {
	t := tableOf(s.doc)
	names := map[domain.Type][]string{}
	for _, id := range r.targets(t) {
		names[id.Type()] = append(names[id.Type()], id.String())
	}
	now := map[domain.ID]domain.ID{}
	for docType, ids := range names {
		found, err := lookup(ctx, e.tx, docType, ids)
		if err != nil {
			return err
		}
		for name, id := range found {
			was, err := domain.ParseID(name)
			if err != nil {
				return err
			}
			now[was] = id
		}
	}
	var gone []domain.ID
	for _, id := range r.targets(t) {
		if now[id] == 0 {
			gone = append(gone, id)
		}
	}
	trashed, err := headers(ctx, e.tx, gone)
	if err != nil {
		return err
	}
	s.eachReference(r, func(path, column string, row *Row, id domain.ID) {
		switch {
		case now[id] != 0:
			row.set(column, now[id])
		case trashed[id] != nil:
			p.Add(path, "refers to %s, which is in the trash: take that out of the trash first", nameOf(trashed[id]))
		default:
			p.Add(path, "refers to %s, which is gone", id)
		}
	})
	return nil
}

// eachReference calls f for every reference of an aggregate to a document, with
// the path of the field in the API that it stands in.
func (s *shape) eachReference(r *Row, f func(path, column string, row *Row, target domain.ID)) {
	eachReference(tableOf(s.doc), s.sets, "", r, f)
}

// derivedPath is the field that derived rows come from.
const derivedPath = "body"

func eachReference(t *table, sets []setShape, at string, r *Row, f func(path, column string, row *Row, target domain.ID)) {
	for _, ref := range t.refs {
		id := r.id(ref.column)
		if id == 0 {
			continue
		}
		path := at
		switch {
		case at == derivedPath:
		case at == "":
			path = apiName(column{name: ref.column, kind: idColumn})
		case len(t.columns) > 1:
			path += "." + apiName(column{name: ref.column, kind: idColumn})
		}
		f(path, ref.column, r, id)
	}
	for _, o := range t.owned {
		set := shapeOf(sets, o)
		for i, row := range r.Owned[o.name] {
			if set.name == "" {
				eachReference(o.table, set.sets, derivedPath, row, f)
				continue
			}
			path := fmt.Sprintf("%s[%d]", set.name, i)
			if at != "" {
				path = at + "." + path
			}
			eachReference(o.table, set.sets, path, row, f)
		}
	}
}
