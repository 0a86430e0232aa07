package content

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Mode is what a save expects to find.
type Mode int

const (
	Create Mode = iota // nothing with that slug
	Update             // the document that the field "id" names
	Upsert             // either: the document with that slug, or nothing
)

// SaveParams is an input of createX, updateX or upsertX.
//
// Fields has the document's fields by their API names, as they come out of a
// JSON decoder. Besides those, "message" is the revision's, and in an Update
// "id" is the id or slug of the document. In an Update and an Upsert "version",
// if given, is the version that the editor started from; in an Upsert 0 says
// that there was none. An absent field is unchanged and null clears; an owned
// list is replaced whole.
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
// Update of nothing, KindConflict for a version that is not the present one.
// On any error nothing was written. An input that says what is there already
// writes nothing and is no error.
func (d *Desk) Save(ctx context.Context, params SaveParams) (Saved, error) {
	var saved Saved
	_, err := d.act(ctx, domain.WriteDrafts, func(ctx context.Context, e *edit) (err error) {
		if saved, err = e.save(ctx, params); err != nil {
			return err
		}
		return e.recordSave(ctx, saved)
	})
	if err != nil {
		return Saved{}, err
	}
	return saved, nil
}

func (e *edit) newID(t domain.Type) domain.ID { return domain.NewID(t, e.at) }

func (e *edit) save(ctx context.Context, params SaveParams) (Saved, error) {
	s := shapes[params.Type]
	beside := []string{"message"}
	switch params.Mode {
	case Update:
		beside = append(beside, "id", "version")
	case Upsert:
		beside = append(beside, "version")
	}
	var p domain.Problems
	head, err := e.locate(ctx, params, &p)
	if err != nil {
		return Saved{}, err
	}
	message := optionalLine(params.Fields["message"], "message", &p)
	given := decodeInput(s, params.Fields, beside, &p)
	if err := resolveRefs(ctx, e.tx, given.refs, &p); err != nil {
		return Saved{}, err
	}
	var old *Row
	next := newRow()
	next.set("marking", int64(domain.Clear))
	if head != nil {
		loaded, err := load(ctx, e.tx, s.doc, []domain.ID{head.ID})
		if err != nil {
			return Saved{}, err
		}
		old = loaded[head.ID]
		next = old.clone()
		// The slug of an upsert is how the document was found: it may be a
		// former one, and does not rename.
		if params.Mode == Upsert {
			delete(given.gave, "slug")
		}
	} else {
		next.ID = e.newID(s.doc)
		// For a new document, null is as good as absent.
		maps.DeleteFunc(given.gave, func(column string, _ bool) bool { return given.root.Fields[column] == nil })
	}
	given.applyTo(next)
	if err := e.check(ctx, s, old, next, given, &p); err != nil {
		return Saved{}, err
	}
	if err := p.Err(fmt.Sprintf("the %s cannot be saved", s.doc)); err != nil {
		return Saved{}, err
	}
	return e.write(ctx, s, head, old, next, message)
}

// locate finds the document that a save is about: nil where it is new.
func (e *edit) locate(ctx context.Context, params SaveParams, p *domain.Problems) (*header, error) {
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
		p.Add("id", "is the id of %s %s; want %s %s", article(id.Type()), id.Type(), article(params.Type), params.Type)
		return nil, p.Err(fmt.Sprintf("the %s cannot be saved", params.Type))
	}
	version, given := 0, false
	if v, ok := params.Fields["version"]; ok && v != nil {
		n, whole := wholeNumber(v)
		if !whole || n < 0 || n > math.MaxInt32 {
			p.Add("version", "want a whole number")
		} else {
			version, given = int(n), true
		}
	}
	found, err := lookup(ctx, e.tx, params.Type, []string{name})
	if err != nil {
		return nil, err
	}
	id, ok := found[name]
	if !ok {
		if params.Mode == Upsert {
			if given && version > 0 {
				return nil, domain.Conflict("there is no %s:%s to be at version %d: leave version out to create it", params.Type, clip(name), version)
			}
			return nil, nil
		}
		message, err := unknownRef(ctx, e.tx, params.Type, name)
		if err != nil {
			return nil, err
		}
		return nil, domain.NotFound("%s", message)
	}
	head, err := e.header(ctx, id)
	if err != nil || !given {
		return head, err
	}
	err = e.checkVersion(ctx, head, version)
	if conflict, ok := errors.AsType[*domain.Error](err); ok && params.Mode == Upsert && version == 0 {
		conflict.Message = fmt.Sprintf("%s is there already, at version %d: read it and redo the change", head.name(), head.Version)
	}
	return head, err
}

func (e *edit) header(ctx context.Context, id domain.ID) (*header, error) {
	found, err := headers(ctx, e.tx, []domain.ID{id})
	if err != nil {
		return nil, err
	}
	head := found[id]
	if head == nil {
		return nil, domain.NotFound("there is no %s with the id %s", id.Type(), id)
	}
	return head, nil
}

// checkVersion refuses a version that is not the present one, and says what
// has changed since.
func (e *edit) checkVersion(ctx context.Context, head *header, version int) error {
	if version == head.Version {
		return nil
	}
	conflict := domain.Conflict("%s is at version %d, not %d: read it again and redo the change", head.name(), head.Version, version)
	changes, err := diffRevisions(ctx, e.tx, head.ID, version, head.Version)
	if err != nil {
		return conflict // an unknown version: there is nothing to compare
	}
	for _, c := range changes {
		if len(conflict.Fields) < domain.MaxProblems {
			conflict.Fields = append(conflict.Fields, domain.FieldError{
				Path: c.Path, Message: c.since(version, head.Version)})
		}
	}
	return conflict
}

// applyTo puts what was given into the row.
func (given *patch) applyTo(r *Row) {
	for column := range given.gave {
		r.set(column, given.root.Fields[column])
	}
	for table := range given.sets {
		r.Owned[table] = given.root.Owned[table]
	}
}

// check does what needs the whole document and the database.
func (e *edit) check(ctx context.Context, s *shape, old, next *Row, given *patch, p *domain.Problems) error {
	for _, f := range s.fields {
		if _, has := next.Fields[f.columnName()]; !has && !hasProblem(p, f.name) {
			if f.required {
				p.Add(f.name, "is required")
			}
			if old != nil && (f.kind == marking || f.kind == slug) {
				p.Add(f.name, "cannot be cleared")
			}
		}
	}
	for _, set := range s.sets {
		if set.target != 0 && given.sets[set.table] {
			refuseTwice(set, next.Owned[set.table], set.name, p)
		}
		for i, row := range next.Owned[set.table] {
			for _, inner := range set.sets {
				if inner.target != 0 {
					refuseTwice(inner, row.Owned[inner.table], fmt.Sprintf("%s[%d].%s", set.name, i, inner.name), p)
				}
			}
		}
	}
	if s.rules != nil {
		s.rules(next, p)
	}
	if err := readProse(ctx, e.tx, s, old, next, p); err != nil {
		return err
	}
	if err := settleSlug(ctx, e.tx, s, next.ID, next, p); err != nil {
		return err
	}
	if s.doc == domain.Edition {
		if err := e.checkNumber(ctx, next, p); err != nil {
			return err
		}
	}
	return e.checkTree(ctx, s.doc, next, p)
}

func hasProblem(p *domain.Problems, path string) bool {
	return slices.ContainsFunc(p.List(), func(f domain.FieldError) bool { return f.Path == path })
}

func refuseTwice(set setShape, rows []*Row, path string, p *domain.Problems) {
	seen := map[domain.ID]bool{}
	for i, row := range rows {
		id := row.id(set.target.String() + "_id")
		if id != 0 && seen[id] {
			p.Add(fmt.Sprintf("%s[%d]", path, i), "is given twice")
		}
		seen[id] = true
	}
}

// checkNumber refuses a second edition of one number in a series.
func (e *edit) checkNumber(ctx context.Context, r *Row, p *domain.Problems) error {
	var other domain.ID
	err := store.QueryRows(ctx, e.tx, "SELECT id FROM editions WHERE series = ? AND number = ? AND id <> ?",
		[]any{r.text("series"), r.int("number"), int64(r.ID)},
		func(rows *sql.Rows) error { return rows.Scan(&other) })
	if err != nil || other == 0 {
		return err
	}
	name, err := nameOf(ctx, e.tx, other)
	if err == nil {
		p.Add("number", "%s is number %d of %s already", name, r.int("number"), r.text("series"))
	}
	return err
}

// checkTree refuses a parent that is the document itself or below it.
func (e *edit) checkTree(ctx context.Context, t domain.Type, r *Row, p *domain.Problems) error {
	parent := r.id("parent_id")
	for depth := 0; parent != 0; depth++ {
		if parent == r.ID {
			p.Add("parent", "makes a circle: the parent is this %s, or below it", t)
			return nil
		}
		if depth == maxTreeDepth {
			p.Add("parent", "makes the tree deeper than %d", maxTreeDepth)
			return nil
		}
		var next sql.NullInt64
		err := store.QueryRows(ctx, e.tx, "SELECT parent_id FROM "+tableOf(t).name+" WHERE id = ?", []any{int64(parent)},
			func(rows *sql.Rows) error { return rows.Scan(&next) })
		if err != nil {
			return err
		}
		parent = domain.ID(next.Int64)
	}
	return nil
}

// write stores the aggregate and its revision, unless nothing changed. A
// supporting document that live knows is published with it.
func (e *edit) write(ctx context.Context, s *shape, head *header, old, next *Row, message string) (Saved, error) {
	next.adoptIDs(old, func() domain.ID { return e.newID(domain.Row) })
	warnings, err := e.warnings(ctx, s.doc, next)
	if err != nil {
		return Saved{}, err
	}
	if old != nil && string(encode(old)) == string(encode(next)) {
		return Saved{ID: head.ID, Version: head.Version, Warnings: warnings}, nil
	}
	saved, err := e.writeVersion(ctx, s, head, old, next, message)
	saved.Warnings = warnings
	if err != nil || !s.doc.Supporting() || head == nil || !head.live() {
		return saved, err
	}
	if !e.viewer.May(domain.PublishDocuments) {
		return Saved{}, &domain.Error{Kind: domain.KindForbidden, Message: fmt.Sprintf(
			"this %s is live, so a change of it is seen at once: that needs the right PUBLISH", s.doc)}
	}
	return saved, e.republishSupporting(ctx, head, next, saved.Version)
}

// writeVersion stores the aggregate as the version after the present one.
func (e *edit) writeVersion(ctx context.Context, s *shape, head *header, old, next *Row, message string) (Saved, error) {
	saved := Saved{ID: next.ID, Version: 1, Created: head == nil, Changed: true}
	created := e.at
	if head != nil {
		saved.Version, created = head.Version+1, head.CreatedAt
	}
	t := tableOf(s.doc)
	if err := writeRoot(ctx, e.tx, t, next, head == nil, e.viewer.Name, saved.Version, e.at); err != nil {
		return Saved{}, err
	}
	if err := writeOwned(ctx, e.tx, t, old, next); err != nil {
		return Saved{}, err
	}
	if err := e.writeNames(ctx, s.doc, old, next); err != nil {
		return Saved{}, err
	}
	if old != nil && old.text("slug") != next.text("slug") {
		if err := e.keepSlug(ctx, s.doc, next.ID, old.text("slug"), next.text("slug")); err != nil {
			return Saved{}, err
		}
	}
	// After the slugs: a text may name its own document.
	if err := writeMentions(ctx, e.tx, s.doc, next, head == nil); err != nil {
		return Saved{}, err
	}
	return saved, e.revise(ctx, s.doc, next, saved.Version, created, message)
}

// keepSlug makes the old slug an alias, so that it keeps resolving.
func (e *edit) keepSlug(ctx context.Context, t domain.Type, id domain.ID, old, now string) error {
	engine := e.tx.Dialect()
	// A row with the id of a document that was merged into this one goes on to
	// say so.
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

// optionalLine reads an optional text beside the document's fields.
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
	text, problem := cleanText(*v, true)
	if problem == "" && len(text) > longText {
		problem = fmt.Sprintf("is longer than %d", longText)
	}
	if problem != "" {
		p.Add(path, "%s", problem)
		return ""
	}
	return text
}
