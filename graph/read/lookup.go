package read

import (
	"context"
	"maps"
	"slices"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/visibility"
)

// ByIDs reads the documents of a type that have, or before a merge had, one of
// the ids, by these ids. Documents that the viewer may not see are left
// out.
func ByIDs[T any](ctx context.Context, r *Reader, t *Type[T], ids []domain.ID) (map[domain.ID]*T, error) {
	DependOnRows(ctx, t.Table, ids)
	groups := t.selected(ctx)
	found, err := byIDs(ctx, r, t, groups, ids)
	if err != nil {
		return nil, err
	}
	var missing []int64
	for _, id := range ids {
		if found[id] == nil {
			missing = append(missing, int64(id))
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	aliases, err := r.aliases(ctx, t.Table, func(s *sql.Selector) { s.Where(r.within(s.C("former_id"), missing)) })
	if err != nil || len(aliases) == 0 {
		return found, err
	}
	heirs := make([]domain.ID, len(aliases))
	for i, a := range aliases {
		heirs[i] = a.DocumentID
	}
	known, err := byIDs(ctx, r, t, groups, heirs)
	dependOnFound(ctx, t, slices.Collect(maps.Values(known)))
	for _, a := range aliases {
		if row := known[a.DocumentID]; row != nil {
			found[*a.FormerID] = row
		}
	}
	return found, err
}

// aliases reads those former names of documents of a table that are wanted,
// where the viewer may see the document. Which statements follow must not
// depend on documents that the viewer may not see.
func (r *Reader) aliases(ctx context.Context, t *Table, wanted func(*sql.Selector)) ([]*db.Alias, error) {
	fence, err := visibility.Fence(ctx)
	if err != nil {
		return nil, err
	}
	return r.stores.Client(ctx).Alias.Query().
		Where(sql.FieldEQ("type", int64(t.Document)), wanted, func(s *sql.Selector) {
			documents := sql.Dialect(s.Dialect()).Select("id").From(sql.Dialect(s.Dialect()).Table(t.Name)).WithContext(ctx)
			fence(documents)
			s.Where(sql.In(s.C("document_id"), documents))
		}).All(ctx)
}

func byIDs[T any](ctx context.Context, r *Reader, t *Type[T], groups columns, ids []domain.ID) (map[domain.ID]*T, error) {
	set := make([]int64, len(ids))
	for i, id := range ids {
		set[i] = int64(id)
	}
	rows, err := all(ctx, r, t, groups, func(s *sql.Selector) { s.Where(r.within(s.C("id"), set)) })
	found := make(map[domain.ID]*T, len(rows))
	for _, row := range rows {
		found[t.ID(row)] = row
	}
	return found, err
}

// By is what a document is found by: exactly one of the two.
type By struct{ ID, Slug *string }

// Find reads the document of a type by the id, by the slug, or by what by has, of which
// exactly one is given. A former id or slug is valid too. It returns nil where there
// is none that the viewer may see.
func Find[T any](ctx context.Context, r *Reader, t *Type[T], id, slug *string, by *By) (*T, error) {
	groups := t.selected(ctx)
	rows, err := findOne(ctx, r, t.Table, id, slug, by, func(q lookup) ([]*T, error) {
		return all(ctx, r, t, groups, q.shape(q.subject))
	}, func(rows []*T) bool { return len(rows) > 0 })
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

// lookup is a statement that looks for one row.
type lookup struct {
	text    textKind
	subject subject
	shape   func(subject) func(*sql.Selector)
}

func lookupID(id domain.ID) lookup {
	return lookup{textByIDs, subject{ids: []int64{int64(id)}}, func(about subject) func(*sql.Selector) {
		return func(s *sql.Selector) { s.Where(sql.EQ(s.C("id"), about.ids[0])) }
	}}
}

func lookupSlug(slug string) lookup {
	return lookup{textBySlug, subject{slug: slug}, func(about subject) func(*sql.Selector) {
		return func(s *sql.Selector) { s.Where(sql.EQ(s.C("slug"), about.slug)) }
	}}
}

func lookupFormerSlug(t *Table, slug string) lookup {
	return lookup{uncached, subject{slug: slug}, func(about subject) func(*sql.Selector) {
		return func(s *sql.Selector) {
			s.Where(sql.In(s.C("id"), formerSlugs(s, t.Document).Where(sql.EQ("slug", about.slug))))
		}
	}}
}

// findOne finds a document as [Find] does. R holds the rows that read returns; isFound
// reports whether there is one.
func findOne[R any](
	ctx context.Context, r *Reader, t *Table, id, slug *string, by *By, read func(lookup) (R, error), isFound func(R) bool,
) (rows R, err error) {
	want, err := t.target(id, slug, by)
	if err != nil {
		return rows, err
	}
	if want.id == 0 {
		if !domain.ValidSlug(want.slug) {
			return rows, nil // no document has it
		}
		DependOnNames(ctx, t, want.slug)
		rows, err = read(lookupSlug(want.slug))
		if err == nil && !isFound(rows) {
			rows, err = read(lookupFormerSlug(t, want.slug))
		}
		return rows, err
	}
	DependOnRows(ctx, t, []domain.ID{want.id})
	rows, err = read(lookupID(want.id))
	if err != nil || isFound(rows) {
		return rows, err
	}
	aliases, err := r.aliases(ctx, t, func(s *sql.Selector) { s.Where(sql.EQ(s.C("former_id"), int64(want.id))) })
	if err != nil || len(aliases) == 0 {
		return rows, err
	}
	DependOnRows(ctx, t, []domain.ID{aliases[0].DocumentID})
	return read(lookupID(aliases[0].DocumentID))
}

// target is what a document is looked up by: the id, or the slug where the id is 0.
type target struct {
	id   domain.ID
	slug string
}

// target reads the arguments of [Find].
func (t *Table) target(id, slug *string, by *By) (target, error) {
	path := "id"
	switch {
	case by != nil && (id != nil || slug != nil):
		return target{}, oneArgument("give only one of id, slug and by")
	case by != nil:
		id, slug, path = by.ID, by.Slug, "by.id"
	case id != nil && slug != nil:
		return target{}, oneArgument("give only one of id and slug")
	}
	switch {
	case id != nil:
		want, err := parseID(*id, t.Document, path)
		return target{id: want}, err
	case slug == nil:
		return target{}, oneArgument("give one of id, slug and by")
	}
	if id, err := domain.ParseID(*slug); err == nil && id.Type() == t.Document {
		return target{id: id}, nil // wherever a document is named, its id will do
	}
	return target{slug: *slug}, nil
}

func oneArgument(message string) error {
	var p domain.Problems
	p.Add("id", "%s", message)
	return p.Err("the arguments are not right")
}

// ParseID reads the argument id and refuses an id of another type.
func ParseID(s string, want domain.Type) (domain.ID, error) { return parseID(s, want, "id") }

func parseID(s string, want domain.Type, path string) (domain.ID, error) {
	var p domain.Problems
	id, err := domain.ParseID(s)
	switch {
	case err != nil && domain.ValidSlug(s):
		p.Add(path, "%q is a slug, not an id: give it as slug", s)
	case err != nil:
		p.Add(path, "%s", err)
	case id.Type() != want:
		p.Add(path, "%s is the id of a document of type %s: want one that begins with %q", s, id.Type(), want.Prefix()+"_")
	}
	return id, p.Err("the arguments are not right")
}

// formerSlugs selects the documents of a type that once had slugs.
func formerSlugs(s *sql.Selector, t domain.Type) *sql.Selector {
	aliases := sql.Dialect(s.Dialect()).Table("aliases")
	return sql.Dialect(s.Dialect()).Select("document_id").From(aliases).Where(sql.EQ("type", int64(t)))
}

// BySlugs reads the documents of a type that have, or once had, one of the
// slugs, by these slugs, with the columns that are always read.
func BySlugs[T any](ctx context.Context, r *Reader, t *Type[T], slugs []string) (map[string]*T, error) {
	found := make(map[string]*T, len(slugs))
	if len(slugs) == 0 {
		return found, nil
	}
	DependOnNames(ctx, t.Table, slugs...)
	rows, err := all(ctx, r, t, 0, func(s *sql.Selector) { s.Where(r.within(s.C("slug"), slugs)) })
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		found[t.value(row, "slug").(string)] = row
	}
	var missing []string
	for _, slug := range slugs {
		if found[slug] == nil {
			missing = append(missing, slug)
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	aliases, err := r.aliases(ctx, t.Table, func(s *sql.Selector) { s.Where(r.within(s.C("slug"), missing)) })
	if err != nil || len(aliases) == 0 {
		return found, err
	}
	ids := make([]domain.ID, len(aliases))
	for i, a := range aliases {
		ids[i] = a.DocumentID
	}
	known, err := byIDs(ctx, r, t, 0, ids)
	for _, a := range aliases {
		if row := known[a.DocumentID]; row != nil {
			found[*a.Slug] = row
		}
	}
	return found, err
}

// FormerSlugsOf returns the slugs that documents which the viewer sees once had.
func FormerSlugsOf(ctx context.Context, r *Reader, documents []domain.ID) (map[domain.ID][]string, error) {
	ids := make([]int64, len(documents))
	for i, id := range documents {
		ids[i] = int64(id)
	}
	aliases, err := r.stores.Client(ctx).Alias.Query().
		Where(func(s *sql.Selector) {
			s.Where(r.within(s.C("document_id"), ids)).Where(sql.NotNull(s.C("slug")))
		}).All(ctx)
	slugs := map[domain.ID][]string{}
	for _, a := range aliases {
		slugs[a.DocumentID] = append(slugs[a.DocumentID], *a.Slug)
	}
	return slugs, err
}

// FormerSlugs returns the slugs that a document once had, in order.
func FormerSlugs[T any](ctx context.Context, t *Type[T], row *T) ([]string, error) {
	slugs, err := LoadBatch(ctx, t, row, "former slugs", func(ctx context.Context, r *Reader, rows []*T) (map[domain.ID][]string, error) {
		ids := make([]domain.ID, len(rows))
		for i, row := range rows {
			ids[i] = t.ID(row)
		}
		return FormerSlugsOf(ctx, r, ids)
	})
	mine := append([]string{}, slugs[t.ID(row)]...)
	slices.Sort(mine)
	return mine, err
}
