package editorial

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// RowVerb is what [Desk.SaveRow] does to a row.
type RowVerb int

const (
	AddRow    RowVerb = iota // to the end of the list, or before or after another row
	UpdateRow                // the fields that are given
	RemoveRow
	MoveRow // before or after another row
)

// RowParams is the input of addX, updateX, removeX or moveX, for one row of a list that a
// document owns: an item of an edition, say.
//
// Fields has the fields of the row by their API names. Besides those, "id" is the id of the
// row, unless it is added, and then the field that is called like the document's type is
// the id or slug of the document. "before" and "after" are ids of other rows of the list.
// "version", if given, is the version of the document that the editor started from, and
// "message" is the revision's. An absent field is unchanged and null clears.
type RowParams struct {
	Type   domain.Type // of the document
	List   string      // "items"
	Verb   RowVerb
	Fields map[string]any
}

// RowResult is the result of [Desk.SaveRow].
type RowResult struct {
	SaveResult           // of the document
	Row        domain.ID // 0 where it was removed
}

// rowNames are what the rows of lists are called in messages.
var rowNames = map[string]string{"items": "item", "observations": "observation", "listings": "listing"}

// SaveRow changes one row of a list of a document, and saves the document as [Desk.Save]
// does: as a new version, with a revision, after all checks. Problems with the row have the
// paths of its fields in the input ("headline", "citations[0].source"), others those in the
// document ("items[2].summary").
//
// Errors: those of [Desk.Save]; KindNotFound for a row that does not exist.
func (d *Desk) SaveRow(ctx context.Context, params RowParams) (RowResult, error) {
	var out RowResult
	_, err := d.withTx(ctx, domain.WriteDrafts, func(ctx context.Context, e *editTx) (err error) {
		if out, err = e.saveRow(ctx, params); err != nil {
			return err
		}
		return e.recordSave(ctx, out.SaveResult)
	})
	if err != nil {
		return RowResult{}, err
	}
	return out, nil
}

func (e *editTx) saveRow(ctx context.Context, params RowParams) (RowResult, error) {
	s := aggregate.SpecOf(params.Type)
	set := s.Lists[slices.IndexFunc(s.Lists, func(l aggregate.ListSpec) bool { return l.Name == params.List })]
	var p domain.Problems
	meta, row, err := e.rowOwner(ctx, s, set, params, &p)
	if err != nil {
		return RowResult{}, err
	}
	if version, given := givenVersion(params.Fields, &p); given {
		if err := e.checkVersion(ctx, meta, version); err != nil {
			return RowResult{}, err
		}
	}
	message := optionalLine(params.Fields["message"], "message", &p)
	loaded, err := aggregate.Load(ctx, e.tx, s.Type, []domain.ID{meta.ID})
	if err != nil {
		return RowResult{}, err
	}
	old := loaded[meta.ID]
	next := old.Clone()
	changed, at, err := e.editList(ctx, set, params, next, row, &p)
	if err != nil {
		return RowResult{}, err
	}
	given := &aggregate.Patch{Root: next, Present: map[string]bool{}, PresentLists: map[string]bool{set.Table: true}}
	var whole domain.Problems
	if err := e.check(ctx, s, old, next, given, &whole); err != nil {
		return RowResult{}, err
	}
	prefix := fmt.Sprintf("%s[%d].", set.Name, at)
	for _, f := range whole.List() {
		path := strings.TrimPrefix(f.Path, prefix)
		if !hasProblem(&p, path) {
			p.Add(path, "%s", f.Message)
		}
	}
	if err := p.Err(fmt.Sprintf("the %s cannot be saved", rowNames[set.Name])); err != nil {
		return RowResult{}, err
	}
	saved, err := e.write(ctx, s, meta, old, next, false, message)
	out := RowResult{SaveResult: saved}
	if changed != nil {
		out.Row = changed.ID
	}
	return out, err
}

// rowOwner finds the document of a row, and the id of the row; 0 for one that is added.
func (e *editTx) rowOwner(ctx context.Context, s *aggregate.Spec, set aggregate.ListSpec, params RowParams, p *domain.Problems) (*aggregate.Meta, domain.ID, error) {
	refused := fmt.Sprintf("the %s cannot be saved", rowNames[set.Name])
	if params.Verb == AddRow {
		name, _ := params.Fields[s.Type.String()].(string)
		found, err := aggregate.Lookup(ctx, e.tx, s.Type, []string{name})
		if err != nil {
			return nil, 0, err
		}
		if found[name] == 0 {
			message, err := aggregate.UnknownMessage(ctx, e.tx, s.Type, name)
			if err != nil {
				return nil, 0, err
			}
			return nil, 0, domain.NotFound("%s", message)
		}
		meta, err := e.header(ctx, found[name])
		return meta, 0, err
	}
	row := rowID(params.Fields, "id", set, p)
	if row == 0 {
		return nil, 0, p.Err(refused)
	}
	table := aggregate.TableOf(s.Type)
	owner := table.Owned[slices.IndexFunc(table.Owned, func(o aggregate.OwnedTable) bool { return o.Name == set.Table })].Owner
	ids, err := store.QueryIDs(ctx, e.tx, "SELECT d.id FROM "+set.Table+" r JOIN "+table.Name+" d ON d.id = r."+owner+" WHERE r.id = ? AND d.deleted_at IS NULL", int64(row))
	if err != nil {
		return nil, 0, fmt.Errorf("find the document of a row: %w", err)
	}
	if len(ids) == 0 {
		return nil, 0, domain.NotFound("there is no %s with the id %s", rowNames[set.Name], row)
	}
	meta, err := e.header(ctx, ids[0])
	return meta, row, err
}

// rowID reads the id of a row of a list; 0 where there is none, or a problem.
func rowID(input map[string]any, name string, set aggregate.ListSpec, p *domain.Problems) domain.ID {
	text, _ := input[name].(string)
	id, err := domain.ParseID(text)
	if err != nil || id.Type() != domain.Row {
		p.Add(name, "%q is not an id of this kind: want that of one of the %s, such as \"row_0c6z9k3v7q2m8\"", aggregate.Clip(text), set.Name)
		return 0
	}
	return id
}

// editList changes a list of next. It returns the row that was added, changed or moved, and
// its place.
func (e *editTx) editList(ctx context.Context, set aggregate.ListSpec, params RowParams, next *aggregate.Row, id domain.ID, p *domain.Problems) (*aggregate.Row, int, error) {
	rows := slices.Clone(next.Owned[set.Table]) // next has its own until the place is known
	at := slices.IndexFunc(rows, func(r *aggregate.Row) bool { return r.ID == id })
	var row *aggregate.Row
	switch params.Verb {
	case RemoveRow:
		next.Owned[set.Table] = slices.Delete(rows, at, at+1)
		return nil, -1, nil
	case MoveRow:
		row = rows[at]
		rows = slices.Delete(rows, at, at+1)
		at = place(rows, set, params.Fields, p)
		if at < 0 && p.Len() == 0 {
			p.Add("before", "give either before or after")
		}
	case AddRow, UpdateRow:
		beside := []string{"id", "version", "message", "before", "after"}
		if params.Verb == AddRow {
			beside = append(beside, params.Type.String())
		}
		given := aggregate.DecodeRow(set, params.Fields, beside, p)
		if err := aggregate.ResolveRefs(ctx, e.tx, given.Refs, p); err != nil {
			return nil, 0, err
		}
		if params.Verb == UpdateRow {
			row = rows[at]
			given.ApplyTo(row)
			missing(set, row, p)
			return row, at, nil
		}
		row = given.Root
		missing(set, row, p)
		if len(rows) >= set.Max {
			p.Add(params.Type.String(), "has %d %s already, which is the most", len(rows), set.Name)
		}
		if at = place(rows, set, params.Fields, p); at < 0 {
			at = len(rows)
		}
	}
	if at >= 0 {
		next.Owned[set.Table] = slices.Insert(rows, at, row)
	}
	return row, at, nil
}

// missing adds the problems of required fields of a row that have no other problem.
func missing(set aggregate.ListSpec, row *aggregate.Row, p *domain.Problems) {
	var lacks domain.Problems
	set.Missing(row, &lacks)
	for _, f := range lacks.List() {
		if !hasProblem(p, f.Path) {
			p.Add(f.Path, "%s", f.Message)
		}
	}
}

// place returns where in the list "before" or "after" is; -1 where neither is given, or
// there is a problem.
func place(rows []*aggregate.Row, set aggregate.ListSpec, input map[string]any, p *domain.Problems) int {
	name, offset := "before", 0
	switch {
	case input["before"] != nil && input["after"] != nil:
		p.Add("after", "give either before or after, not both")
		return -1
	case input["after"] != nil:
		name, offset = "after", 1
	case input["before"] == nil:
		return -1
	}
	other := rowID(input, name, set, p)
	if other == 0 {
		return -1
	}
	i := slices.IndexFunc(rows, func(r *aggregate.Row) bool { return r.ID == other })
	if i < 0 {
		p.Add(name, "there is no other %s with this id in the list", rowNames[set.Name])
		return -1
	}
	return i + offset
}
