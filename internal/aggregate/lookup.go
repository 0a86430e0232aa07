package aggregate

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/redthread-api/redthread/internal/canonical"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// ResolveRefs turns the ids and slugs of an input into ids, in a statement or
// two per type. A name that cannot be resolved is a problem at its path.
func ResolveRefs(ctx context.Context, db store.Rows, refs []PendingRef, p *domain.Problems) error {
	wanted := map[domain.Type][]string{}
	for _, r := range refs {
		wanted[r.Target] = append(wanted[r.Target], r.Text)
	}
	found := map[domain.Type]map[string]domain.ID{}
	for t, texts := range wanted {
		ids, err := Lookup(ctx, db, t, texts)
		if err != nil {
			return err
		}
		found[t] = ids
	}
	for _, r := range refs {
		if id, ok := found[r.Target][r.Text]; ok {
			r.Row.Set(r.Column, id)
			continue
		}
		if err := AddUnknown(ctx, db, r.Target, r.Text, r.Path, "", p); err != nil {
			return err
		}
	}
	return checkKinds(ctx, db, refs, p)
}

// CheckKinds adds a problem for each reference of a document to an entity of another kind than it is to have.
func CheckKinds(ctx context.Context, db store.Rows, s *Spec, root *Row, p *domain.Problems) error {
	var refs []PendingRef
	for _, set := range s.Lists {
		for _, f := range set.Fields {
			if f.TargetKind == "" {
				continue
			}
			for i, row := range root.Owned[set.Table] {
				if id := row.Ref(f.ColumnName()); id != 0 {
					refs = append(refs, PendingRef{fmt.Sprintf("%s[%d].%s", set.Name, i, f.Name), f.Target, id.String(), row, f.ColumnName(), f.TargetKind})
				}
			}
		}
	}
	return checkKinds(ctx, db, refs, p)
}

// checkKinds adds a problem for each reference to an entity of another kind than it is to have.
func checkKinds(ctx context.Context, db store.Rows, refs []PendingRef, p *domain.Problems) error {
	var ids []domain.ID
	for _, r := range refs {
		if id := r.Row.Ref(r.Column); r.Kind != "" && id != 0 {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	kinds := map[domain.ID]string{}
	query := "SELECT id, kind FROM entities WHERE id" + store.InSet(db.Dialect())
	err := store.QueryRows(ctx, db, query, []any{store.IDSet(db.Dialect(), slices.Compact(ids))}, func(rows *sql.Rows) error {
		var id domain.ID
		var kind string
		err := rows.Scan(&id, &kind)
		kinds[id] = kind
		return err
	})
	if err != nil {
		return fmt.Errorf("read the kinds of entities: %w", err)
	}
	for _, r := range refs {
		if kind := kinds[r.Row.Ref(r.Column)]; r.Kind != "" && kind != "" && kind != r.Kind {
			p.Add(r.Path, "%q is an entity of kind %s: want one of kind %s", Clip(r.Text), kind, r.Kind)
		}
	}
	return nil
}

// AddUnknown adds the problem that there is no such document, with a suggestion of
// similar names. before is put in front of the message. A suggestion takes a
// statement, so there are only as many as a response shows.
func AddUnknown(ctx context.Context, db store.Rows, t domain.Type, name, path, before string, p *domain.Problems) error {
	message := "is not there"
	if p.Len() < domain.MaxProblems {
		var err error
		if message, err = UnknownMessage(ctx, db, t, name); err != nil {
			return err
		}
	}
	p.Add(path, "%s%s", before, message)
	return nil
}

// AddUnreadable adds the problem that a text is not the name of a document.
func AddUnreadable(name, path string, p *domain.Problems) {
	if prefix, _, typed := strings.Cut(name, ":"); typed {
		p.Add(path, "%q is no type of document: want one of %s, as in \"report:harbour-cranes\"", Clip(prefix), typeList())
		return
	}
	p.Add(path, "%q names no document: want an id, or a type and a slug as in \"report:harbour-cranes\"", Clip(name))
}

// Lookup finds documents of one type on the desk by id or slug, the present one
// or a former one. Names that no document has are not in the result, and neither are
// documents in the trash. It checks no right: its callers do.
func Lookup(ctx context.Context, db store.Rows, t domain.Type, names []string) (map[string]domain.ID, error) {
	if cache, ok := db.(*NameCache); ok {
		return cache.lookup(ctx, t, names)
	}
	return lookup(ctx, db, t, names)
}

func lookup(ctx context.Context, db store.Rows, t domain.Type, names []string) (map[string]domain.ID, error) {
	byID, bySlug := map[domain.ID]domain.ID{}, map[string]domain.ID{}
	var slugs []string
	var ids []domain.ID
	for _, name := range names {
		if id, slug := ParseIDOrSlug(t, name); id != 0 {
			ids = append(ids, id)
		} else if slug != "" {
			slugs = append(slugs, slug)
		}
	}
	engine := db.Dialect()
	if len(slugs) > 0 {
		in, set := store.InSet(engine), store.TextSet(engine, slugs)
		if len(slugs) == 1 {
			in, set = " = ?", slugs[0] // half the time
		}
		query := "SELECT slug, id FROM " + TableOf(t).Name + " WHERE deleted_at IS NULL AND slug" + in +
			" UNION ALL SELECT a.slug, a.document_id FROM aliases a JOIN " + TableOf(t).Name +
			" d ON d.id = a.document_id WHERE d.deleted_at IS NULL AND a.type = " + fmt.Sprint(int(t)) + " AND a.slug" + in
		err := store.QueryRows(ctx, db, query, []any{set, set}, func(rows *sql.Rows) error {
			var slug string
			var id domain.ID
			if err := rows.Scan(&slug, &id); err != nil {
				return err
			}
			if _, ok := bySlug[slug]; !ok { // the present slug comes first
				bySlug[slug] = id
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("find %s by slug: %w", t, err)
		}
	}
	if len(ids) > 0 {
		query := "SELECT id, id FROM " + TableOf(t).Name + " WHERE deleted_at IS NULL AND id" + store.InSet(engine) +
			" UNION ALL SELECT a.former_id, a.document_id FROM aliases a JOIN " + TableOf(t).Name +
			" d ON d.id = a.document_id WHERE d.deleted_at IS NULL AND a.former_id" + store.InSet(engine)
		set := store.IDSet(engine, ids)
		err := store.QueryRows(ctx, db, query, []any{set, set}, func(rows *sql.Rows) error {
			var from, to domain.ID
			if err := rows.Scan(&from, &to); err != nil {
				return err
			}
			byID[from] = to
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("find %s by id: %w", t, err)
		}
	}
	found := map[string]domain.ID{}
	for _, name := range names {
		id, slug := ParseIDOrSlug(t, name)
		if is := cmp.Or(byID[id], bySlug[slug]); is != 0 {
			found[name] = is
		}
	}
	return found, nil
}

// ParseIDOrSlug parses the id or slug of a document of a type. Both are zero if no
// document can have the name.
func ParseIDOrSlug(t domain.Type, name string) (id domain.ID, slug string) {
	name = canonical.Of(name)
	if id, err := domain.ParseID(name); err == nil && id.Type() == t {
		return id, ""
	}
	if domain.ValidSlug(name) {
		return 0, name
	}
	return 0, ""
}

// UnknownMessage returns the message that there is no such document, with a suggestion
// of similar names. Only staff can read it.
func UnknownMessage(ctx context.Context, db store.Rows, t domain.Type, name string) (string, error) {
	if name = canonical.Of(name); domain.LooksLikeID(name) {
		id, err := domain.ParseID(name)
		switch {
		case err != nil:
			return err.Error(), nil
		case id.Type() != t:
			return fmt.Sprintf("%s is the id of %s %s; want %s %s", name, Article(id.Type()), id.Type(), Article(t), t), nil
		}
		return fmt.Sprintf("there is no %s with the id %s", t, name), nil
	}
	message := fmt.Sprintf("there is no %s with the slug %q", t, Clip(name))
	if !domain.ValidSlug(name) {
		return message, nil
	}
	// Candidates share a beginning; among them, the nearest few.
	var near []string
	markings := map[string]domain.Marking{}
	head := name[:min(3, len(name))]
	query := "SELECT slug, marking FROM " + TableOf(t).Name + " WHERE deleted_at IS NULL AND slug >= ? AND slug < ? ORDER BY slug LIMIT 500"
	err := store.QueryRows(ctx, db, query, []any{head, head + "~"}, func(rows *sql.Rows) error {
		var slug string
		var marking domain.Marking
		if err := rows.Scan(&slug, &marking); err != nil {
			return err
		}
		markings[slug] = marking
		if levenshtein.ComputeDistance(slug, name) <= max(2, len(name)/4) || strings.HasPrefix(slug, name) {
			near = append(near, slug)
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("suggest a slug: %w", err)
	}
	if len(near) > 0 {
		slices.SortStableFunc(near, func(a, b string) int {
			return levenshtein.ComputeDistance(a, name) - levenshtein.ComputeDistance(b, name)
		})
		message += fmt.Sprintf("; did you mean %q?", near[0])
		sawMarking(ctx, markings[near[0]])
	}
	return message, nil
}

// ResolveDocument finds one document by "type:slug" or id, for the verbs that
// take documents of any type.
func ResolveDocument(ctx context.Context, db store.Rows, name, path string, p *domain.Problems) (domain.ID, error) {
	t, text, ok := ParseName(name)
	if !ok {
		AddUnreadable(name, path, p)
		return 0, nil
	}
	found, err := Lookup(ctx, db, t, []string{text})
	if err != nil {
		return 0, err
	}
	id, ok := found[text]
	if !ok {
		return 0, AddUnknown(ctx, db, t, text, path, "", p)
	}
	return id, nil
}

// ParseName reads "type:slug", or an id, and returns the type and the slug or
// id. A "type:id" is an id of that type.
func ParseName(name string) (t domain.Type, text string, ok bool) {
	name = canonical.Of(name)
	if prefix, rest, typed := strings.Cut(name, ":"); typed {
		t, ok = domain.ParseType(prefix)
		return t, canonical.Of(rest), ok
	}
	id, err := domain.ParseID(name)
	return id.Type(), name, err == nil && id.Type().IsDocument()
}

func typeList() string {
	var names []string
	for _, t := range domain.Types() {
		names = append(names, t.String())
	}
	return strings.Join(names, ", ")
}
