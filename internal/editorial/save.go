package editorial

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/store"
)

// Mode says whether a save creates a document, updates one, or does either.
type Mode int

const (
	Create Mode = iota // nothing with that slug
	Update             // the document that the field "id" names
	Upsert             // either: the document with that slug, or nothing
)

// SaveParams is the input of createX, updateX or upsertX.
//
// Fields has the document's fields by their API names, as they come out of a
// JSON decoder. Besides those, "message" is the revision's, and in an Update
// "id" is the id or slug of the document. In an Update and an Upsert "version",
// if given, is the version that the editor started from; in an Upsert 0 says
// that the document did not exist. An absent field is unchanged and null clears;
// an owned list is replaced as a whole.
type SaveParams struct {
	Type   domain.Type
	Mode   Mode
	Fields map[string]any
}

// Save writes a document and its revision, in one transaction. AUTHOR may
// save drafts; what is live at once (a supporting document that live knows)
// needs EDITOR.
//
// Errors: KindInvalid with every field that is wrong, KindNotFound for an
// Update of a document that does not exist, KindConflict for a version that is
// not the present one. On any error nothing was written. An input that equals
// what is stored writes nothing and is no error.
func (d *Desk) Save(ctx context.Context, params SaveParams) (SaveResult, error) {
	viewer, err := d.authorize(ctx, domain.WriteDrafts)
	if err != nil {
		return SaveResult{}, err
	}
	input := decodeAhead(params) // other writers do not wait for it
	var saved SaveResult
	_, err = d.withViewer(ctx, viewer, func(ctx context.Context, e *editTx) (err error) {
		if saved, err = e.save(ctx, params, input); err != nil {
			return err
		}
		return e.recordSave(ctx, saved)
	})
	if err != nil {
		return SaveResult{}, err
	}
	return saved, nil
}

func (e *editTx) newID(t domain.Type) domain.ID { return domain.NewID(t, e.at) }

func (e *editTx) save(ctx context.Context, params SaveParams, input *decodedInput) (SaveResult, error) {
	s := aggregate.SpecOf(params.Type)
	var p domain.Problems
	names := aggregate.NewNameCache()
	names.Rows = e.tx
	if err := loadNames(ctx, names, []SaveParams{params}); err != nil {
		return SaveResult{}, err
	}
	e.names, e.parsed = names, input.parsed // until the document is written
	defer func() { e.names, e.parsed = nil, nil }()
	meta, err := e.locate(ctx, params, &p)
	if err != nil {
		return SaveResult{}, err
	}
	message := optionalLine(params.Fields["message"], "message", &p)
	given := input.take(&p)
	if err := aggregate.ResolveRefs(ctx, e.rows(), given.Refs, &p); err != nil {
		return SaveResult{}, err
	}
	var old *aggregate.Row
	next := aggregate.NewRow()
	next.Set("marking", int64(domain.Clear))
	if meta != nil {
		loaded, err := aggregate.Load(ctx, e.tx, s.Type, []domain.ID{meta.ID})
		if err != nil {
			return SaveResult{}, err
		}
		old = loaded[meta.ID]
		next = old.Clone()
		// The slug of an upsert is how the document was found: it may be a
		// former one, and does not rename.
		if params.Mode == Upsert {
			delete(given.Present, "slug")
		}
	} else {
		next.ID = e.newID(s.Type)
		// For a new document, null is the same as absent.
		maps.DeleteFunc(given.Present, func(column string, _ bool) bool { return given.Root.Fields[column] == nil })
	}
	given.ApplyTo(next)
	if err := e.check(ctx, s, old, next, given, &p); err != nil {
		return SaveResult{}, err
	}
	if err := p.Err(fmt.Sprintf("the %s cannot be saved", s.Type)); err != nil {
		return SaveResult{}, err
	}
	return e.write(ctx, s, meta, old, next, false, message)
}

// locate finds the document that a save writes to; nil if the document is new.
func (e *editTx) locate(ctx context.Context, params SaveParams, p *domain.Problems) (*aggregate.Meta, error) {
	name, _ := params.Fields["slug"].(string)
	switch params.Mode {
	case Create:
		return nil, nil
	case Update:
		name, _ = params.Fields["id"].(string)
	}
	if name == "" {
		if params.Mode == Update {
			p.Add("id", "is required: the id or the slug of the %s", params.Type)
		} else if params.Fields["version"] != nil {
			p.Add("slug", "is required beside version")
		}
		return nil, p.Err("the input is not complete")
	}
	if id, err := domain.ParseID(name); err == nil && id.Type() != params.Type && params.Mode == Update {
		p.Add("id", "is the id of %s %s; want %s %s", aggregate.Article(id.Type()), id.Type(), aggregate.Article(params.Type), params.Type)
		return nil, p.Err(fmt.Sprintf("the %s cannot be saved", params.Type))
	}
	version, given := givenVersion(params.Fields, p)
	found, err := aggregate.Lookup(ctx, e.rows(), params.Type, []string{name})
	if err != nil {
		return nil, err
	}
	id, ok := found[name]
	if !ok {
		if params.Mode == Upsert {
			if given && version > 0 {
				return nil, domain.Conflict("there is no %s:%s to be at version %d: leave version out to create it", params.Type, aggregate.Clip(name), version)
			}
			return nil, nil
		}
		message, err := aggregate.UnknownMessage(ctx, e.tx, params.Type, name)
		if err != nil {
			return nil, err
		}
		return nil, domain.NotFound("%s", message)
	}
	meta, err := e.header(ctx, id)
	if err != nil || !given {
		return meta, err
	}
	err = e.checkVersion(ctx, meta, version)
	if conflict, ok := errors.AsType[*domain.Error](err); ok && params.Mode == Upsert && version == 0 {
		conflict.Message = fmt.Sprintf("%s is there already, at version %d: read it and redo the change", meta.Name(), meta.Version)
	}
	return meta, err
}

// givenVersion returns the version that the editor started from, if the input has one.
func givenVersion(input map[string]any, p *domain.Problems) (version int, given bool) {
	v := input["version"]
	if v == nil {
		return 0, false
	}
	n, whole := aggregate.WholeNumber(v)
	if !whole || n < 0 || n > math.MaxInt32 {
		p.Add("version", "want a whole number")
		return 0, false
	}
	return int(n), true
}

func (e *editTx) header(ctx context.Context, id domain.ID) (*aggregate.Meta, error) {
	found, err := aggregate.ReadMeta(ctx, e.tx, []domain.ID{id})
	if err != nil {
		return nil, err
	}
	meta := found[id]
	if meta == nil {
		return nil, domain.NotFound("there is no %s with the id %s", id.Type(), id)
	}
	return meta, nil
}

// checkVersion refuses a version that is not the present one. The error lists
// what has changed since.
func (e *editTx) checkVersion(ctx context.Context, meta *aggregate.Meta, version int) error {
	if version == meta.Version {
		return nil
	}
	conflict := domain.Conflict("%s is at version %d, not %d: read it again and redo the change", meta.Name(), meta.Version, version)
	changes, err := diffRevisions(ctx, e.tx, meta.ID, version, meta.Version)
	if err != nil {
		return conflict // an unknown version: there is nothing to compare
	}
	for _, c := range changes {
		if len(conflict.Fields) < domain.MaxProblems {
			conflict.Fields = append(conflict.Fields, domain.FieldError{
				Path: c.Path, Message: c.Since(version, meta.Version)})
		}
	}
	return conflict
}

// check runs the checks that need the whole document and the database.
func (e *editTx) check(ctx context.Context, s *aggregate.Spec, old, next *aggregate.Row, given *aggregate.Patch, p *domain.Problems) error {
	if s.Type == domain.Entity && old != nil && old.Text("kind") == platformKind && next.Text("kind") != platformKind {
		narratives, err := e.seenOn(ctx, old.ID)
		if err != nil {
			return err
		}
		if narratives != "" {
			p.Add("kind", "stays %s while observations are on it: %s", platformKind, narratives)
		}
	}
	for _, f := range s.Fields {
		if _, has := next.Fields[f.ColumnName()]; !has && !hasProblem(p, f.Name) {
			if f.Required {
				p.Add(f.Name, "is required")
			}
			if old != nil && (f.Kind == aggregate.KindMarking || f.Kind == aggregate.KindSlug) {
				p.Add(f.Name, "cannot be cleared")
			}
		}
	}
	for _, set := range s.Lists {
		if set.Identified && given.PresentLists[set.Table] {
			checkRowIDs(s, set, old, next, p)
		}
		if set.Target != 0 && given.PresentLists[set.Table] {
			refuseTwice(set, next.Owned[set.Table], set.Name, p)
		}
		for i, row := range next.Owned[set.Table] {
			for _, inner := range set.Lists {
				if inner.Target != 0 {
					refuseTwice(inner, row.Owned[inner.Table], fmt.Sprintf("%s[%d].%s", set.Name, i, inner.Name), p)
				}
			}
		}
	}
	if s.Rules != nil {
		s.Rules(next, p)
	}
	e.refuseFuture(s, old, next, p)
	if err := readProse(ctx, e.rows(), e.parsed, s, old, next, p); err != nil {
		return err
	}
	if err := assignSlug(ctx, e.rows(), s, next.ID, next, p); err != nil {
		return err
	}
	if s.Type == domain.Edition {
		if err := e.checkNumber(ctx, next, p); err != nil {
			return err
		}
	}
	return e.checkTree(ctx, s.Type, next, p)
}

// refuseFuture adds a problem for each date of what has happened that is yet to come, unless it was there before. A day ahead of that
// in UTC has come somewhere.
func (e *editTx) refuseFuture(s *aggregate.Spec, old, next *aggregate.Row, p *domain.Problems) {
	last := domain.Date(e.at.AddDate(0, 0, 1).Format(time.DateOnly))
	check := func(fields []aggregate.FieldSpec, old, row *aggregate.Row, prefix string) {
		for _, f := range fields {
			if !f.Past {
				continue
			}
			date := row.Date(f.ColumnName())
			if date.After(last) && (old == nil || old.Date(f.ColumnName()) != date) {
				p.Add(prefix+f.Name, "%s is in the future: want a date that has come, until %s", date, last)
			}
		}
	}
	check(s.Fields, old, next, "")
	for _, set := range s.Lists {
		if !slices.ContainsFunc(set.Fields, func(f aggregate.FieldSpec) bool { return f.Past }) {
			continue
		}
		before := map[domain.ID]*aggregate.Row{}
		if old != nil {
			for _, row := range old.Owned[set.Table] {
				before[row.ID] = row
			}
		}
		for i, row := range next.Owned[set.Table] {
			check(set.Fields, before[row.ID], row, fmt.Sprintf("%s[%d].", set.Name, i))
		}
	}
}

func hasProblem(p *domain.Problems, path string) bool {
	return slices.ContainsFunc(p.List(), func(f domain.FieldError) bool { return f.Path == path })
}

// checkRowIDs refuses an id of an input that no row of the list has, or that is given twice.
func checkRowIDs(s *aggregate.Spec, set aggregate.ListSpec, old, next *aggregate.Row, p *domain.Problems) {
	known, seen := map[domain.ID]bool{0: true}, map[domain.ID]bool{}
	if old != nil {
		for _, row := range old.Owned[set.Table] {
			known[row.ID] = true
		}
	}
	for i, row := range next.Owned[set.Table] {
		at := fmt.Sprintf("%s[%d].id", set.Name, i)
		switch {
		case !known[row.ID]:
			p.Add(at, "the %s has nothing with this id in its %s: leave id out for a new one", s.Type, set.Name)
		case seen[row.ID]:
			p.Add(at, "is given twice")
		}
		seen[row.ID] = row.ID != 0
	}
}

func refuseTwice(set aggregate.ListSpec, rows []*aggregate.Row, path string, p *domain.Problems) {
	seen := map[domain.ID]bool{}
	for i, row := range rows {
		id := row.Ref(set.Target.String() + "_id")
		if id != 0 && seen[id] {
			p.Add(fmt.Sprintf("%s[%d]", path, i), "is given twice")
		}
		seen[id] = true
	}
}

// checkNumber refuses a second edition with the same number in a series.
func (e *editTx) checkNumber(ctx context.Context, r *aggregate.Row, p *domain.Problems) error {
	var other domain.ID
	err := store.QueryRows(ctx, e.tx, "SELECT id FROM editions WHERE series_id = ? AND number = ? AND id <> ?",
		[]any{int64(r.Ref("series_id")), r.Int("number"), int64(r.ID)},
		func(rows *sql.Rows) error { return rows.Scan(&other) })
	if err != nil || other == 0 {
		return err
	}
	name, err := aggregate.NameOf(ctx, e.tx, other)
	if err != nil {
		return err
	}
	series, err := aggregate.NameOf(ctx, e.tx, r.Ref("series_id"))
	if err == nil {
		p.Add("number", "%s is number %d of %s already", name, r.Int("number"), series)
	}
	return err
}

// checkTree refuses a parent that is the document itself or below it.
func (e *editTx) checkTree(ctx context.Context, t domain.Type, r *aggregate.Row, p *domain.Problems) error {
	parent := r.Ref("parent_id")
	for depth := 0; parent != 0; depth++ {
		if parent == r.ID {
			p.Add("parent", "makes a circle: the parent is this %s, or below it", t)
			return nil
		}
		if depth == aggregate.MaxTreeDepth {
			p.Add("parent", "makes the tree deeper than %d", aggregate.MaxTreeDepth)
			return nil
		}
		var next sql.NullInt64
		err := store.QueryRows(ctx, e.tx, "SELECT parent_id FROM "+aggregate.TableOf(t).Name+" WHERE id = ?", []any{int64(parent)},
			func(rows *sql.Rows) error { return rows.Scan(&next) })
		if err != nil {
			return err
		}
		parent = domain.ID(next.Int64)
	}
	return nil
}

// write stores the aggregate and its revision, unless nothing changed. A
// supporting document that live knows is published with it. restored says that next is
// what the document was before, with the ids of its rows.
func (e *editTx) write(ctx context.Context, s *aggregate.Spec, meta *aggregate.Meta, old, next *aggregate.Row, restored bool, message string) (SaveResult, error) {
	next.ReuseRowIDs(old, restored, func() domain.ID { return e.newID(domain.Row) })
	warnings, err := e.warnings(ctx, s.Type, next)
	if err != nil {
		return SaveResult{}, err
	}
	if old != nil && string(aggregate.EncodeRow(old)) == string(aggregate.EncodeRow(next)) {
		return SaveResult{ID: meta.ID, Version: meta.Version, Warnings: warnings}, nil
	}
	saved, err := e.writeVersion(ctx, s, meta, old, next, message)
	saved.Warnings = warnings
	if err != nil || !s.Type.Supporting() || meta == nil || !meta.IsLive() {
		return saved, err
	}
	if !e.viewer.May(domain.PublishDocuments) {
		return SaveResult{}, &domain.Error{Kind: domain.KindForbidden, Message: fmt.Sprintf(
			"this %s is live, so a change of it is seen at once: that needs the right PUBLISH", s.Type)}
	}
	return saved, e.republishSupporting(ctx, meta, next, saved.Version)
}

// writeVersion stores the aggregate as the version after the present one.
func (e *editTx) writeVersion(ctx context.Context, s *aggregate.Spec, meta *aggregate.Meta, old, next *aggregate.Row, message string) (SaveResult, error) {
	saved := SaveResult{ID: next.ID, Version: 1, Created: meta == nil, Changed: true}
	created := e.at
	if meta != nil {
		saved.Version, created = meta.Version+1, meta.CreatedAt
	}
	t := aggregate.TableOf(s.Type)
	if err := aggregate.WriteRoot(ctx, e.tx, t, next, meta == nil, e.viewer.Name, saved.Version, e.at); err != nil {
		return SaveResult{}, err
	}
	if err := aggregate.WriteOwned(ctx, e.tx, t, old, next); err != nil {
		return SaveResult{}, err
	}
	if err := e.writeNames(ctx, s.Type, old, next); err != nil {
		return SaveResult{}, err
	}
	if old != nil && old.Text("slug") != next.Text("slug") {
		if err := e.addSlugAlias(ctx, s.Type, next.ID, old.Text("slug"), next.Text("slug")); err != nil {
			return SaveResult{}, err
		}
	}
	// After the slugs: a text may name its own document.
	if err := writeMentions(ctx, e.tx, s.Type, next, meta == nil); err != nil {
		return SaveResult{}, err
	}
	if err := e.index(ctx, s.Type, meta == nil, next); err != nil {
		return SaveResult{}, err
	}
	return saved, e.revise(ctx, s.Type, next, saved.Version, created, message)
}

// index writes a document to the desk's search index. created says that it is new.
func (e *editTx) index(ctx context.Context, t domain.Type, created bool, row *aggregate.Row) error {
	w := search.NewWriter(e.tx)
	if err := w.Put(ctx, search.Document{Root: row, Type: t, New: created, Published: e.at}); err != nil {
		return err
	}
	return w.Flush(ctx)
}

// unindex takes documents out of the desk's search index.
func (e *editTx) unindex(ctx context.Context, ids ...domain.ID) error {
	w := search.NewWriter(e.tx)
	if err := w.Remove(ctx, ids...); err != nil {
		return err
	}
	return w.Flush(ctx)
}

// addSlugAlias makes the old slug an alias, so that it keeps resolving.
func (e *editTx) addSlugAlias(ctx context.Context, t domain.Type, id domain.ID, old, now string) error {
	engine := e.tx.Dialect()
	// An alias row with the id of a document that was merged into this one keeps
	// that id.
	for _, statement := range []string{
		"UPDATE aliases SET slug = NULL WHERE document_id = ? AND slug = ? AND former_id IS NOT NULL",
		"DELETE FROM aliases WHERE document_id = ? AND slug = ?",
	} {
		if err := store.Exec(ctx, e.tx, statement, int64(id), now); err != nil {
			return fmt.Errorf("take a former slug back: %w", err)
		}
	}
	if _, err := e.tx.Exec(ctx, store.Bind(engine, "INSERT INTO aliases (id, document_id, type, slug) VALUES (?, ?, ?, ?)"),
		int64(e.newID(domain.Row)), int64(id), int64(t), old); err != nil {
		return fmt.Errorf("keep the former slug: %w", err)
	}
	return nil
}

// optionalLine reads an optional text that is in the input but not a field of the
// document.
func optionalLine(v any, path string, p *domain.Problems) string {
	if v == nil {
		return ""
	}
	text, ok := v.(string)
	if !ok {
		p.Add(path, "want a string")
		return ""
	}
	return optionalText(&text, path, p)
}

func optionalText(v *string, path string, p *domain.Problems) string {
	if v == nil {
		return ""
	}
	text, problem := aggregate.CleanText(*v, true)
	if problem == "" && len(text) > aggregate.LongText {
		problem = fmt.Sprintf("is longer than %d", aggregate.LongText)
	}
	if problem != "" {
		p.Add(path, "%s", problem)
		return ""
	}
	return text
}
