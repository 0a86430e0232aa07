package aggregate

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/canonical"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// NameCache is a [store.Rows] that stores what [Lookup] finds, so that many documents can
// be checked with few statements. It is for one transaction on the desk, which may create
// documents, if it calls Add for each, and may not rename or delete any.
type NameCache struct {
	store.Rows
	known map[domain.Type]map[string]domain.ID // 0: no document has the name
	free  map[domain.Type]map[string]bool      // slugs that no document has or had, in the trash or not
}

func NewNameCache() *NameCache {
	return &NameCache{known: map[domain.Type]map[string]domain.ID{}, free: map[domain.Type]map[string]bool{}}
}

// Load looks up the names of documents, and which of the slugs in free are free: no
// document of the type has or had one. It takes one statement for all slugs, and one for
// each type of which there are ids.
func (c *NameCache) Load(ctx context.Context, names, free map[domain.Type][]string) error {
	var q nameQuery
	for t := range names {
		known := c.ofType(t)
		var slugs, ids []string
		for _, name := range names[t] {
			name = canonical.Of(name)
			if _, ok := known[name]; ok {
				continue
			}
			known[name] = 0
			if id, slug := ParseIDOrSlug(t, name); id != 0 {
				ids = append(ids, name)
			} else if slug != "" {
				slugs = append(slugs, slug)
			}
		}
		if len(ids) > 0 {
			found, err := lookup(ctx, c.Rows, t, ids)
			if err != nil {
				return err
			}
			maps.Copy(known, found)
		}
		q.add(t, ofDocument, slugs)
	}
	for t, slugs := range free {
		if c.free[t] == nil {
			c.free[t] = map[string]bool{}
		}
		var missing []string
		for _, slug := range slugs {
			slug = canonical.Of(slug)
			if _, ok := c.free[t][slug]; !ok && domain.ValidSlug(slug) {
				c.free[t][slug] = true
				missing = append(missing, slug)
			}
		}
		q.add(t, taken, missing)
	}
	return q.run(ctx, c.Rows, func(t domain.Type, how int, slug string, id domain.ID) {
		switch {
		case how == taken:
			c.free[t][slug] = false
		case how == ofDocument || c.known[t][slug] == 0: // the present slug comes first
			c.known[t][slug] = id
		}
	})
}

// What a row of a nameQuery says of a slug.
const (
	ofDocument = iota // it is the present slug of a document that is not in the trash
	ofFormer          // it is a former slug of one
	taken             // a document has it or had it, in the trash or not
)

// nameQuery looks up slugs of several types in one statement.
type nameQuery struct {
	sets []slugSet
}

type slugSet struct {
	t     domain.Type
	how   int // ofDocument, which stands for ofFormer too, or taken
	slugs []string
}

func (q *nameQuery) add(t domain.Type, how int, slugs []string) {
	if len(slugs) > 0 {
		q.sets = append(q.sets, slugSet{t, how, slugs})
	}
}

// run calls found for each slug that is found. A slug can be found in several ways.
func (q *nameQuery) run(ctx context.Context, db store.Rows, found func(t domain.Type, how int, slug string, id domain.ID)) error {
	if len(q.sets) == 0 {
		return nil
	}
	// In one order, so that there are few texts of the statement.
	slices.SortFunc(q.sets, func(a, b slugSet) int { return cmp.Or(cmp.Compare(a.t, b.t), cmp.Compare(a.how, b.how)) })
	engine := db.Dialect()
	var parts []string
	var args []any
	for _, s := range q.sets {
		in, set := store.InSet(engine), store.TextSet(engine, s.slugs)
		if len(s.slugs) == 1 {
			in, set = " = ?", s.slugs[0] // half the time
		}
		args = append(args, set, set)
		table := TableOf(s.t).Name
		form := "SELECT %[1]d, %[2]d, slug, id FROM %[4]s WHERE deleted_at IS NULL AND slug%[5]s" +
			" UNION ALL SELECT %[1]d, %[3]d, a.slug, a.document_id FROM aliases a JOIN %[4]s d ON d.id = a.document_id" +
			" WHERE d.deleted_at IS NULL AND a.type = %[1]d AND a.slug%[5]s"
		former := ofFormer
		if s.how == taken {
			form = "SELECT %[1]d, %[2]d, slug, id FROM %[4]s WHERE slug%[5]s" +
				" UNION ALL SELECT %[1]d, %[3]d, slug, document_id FROM aliases WHERE type = %[1]d AND slug%[5]s"
			former = taken
		}
		parts = append(parts, fmt.Sprintf(form, int(s.t), s.how, former, table, in))
	}
	err := store.QueryRows(ctx, db, strings.Join(parts, " UNION ALL "), args, func(rows *sql.Rows) error {
		var t domain.Type
		var how int
		var slug string
		var id domain.ID
		if err := rows.Scan(&t, &how, &slug, &id); err != nil {
			return err
		}
		found(t, how, slug, id)
		return nil
	})
	if err != nil {
		return fmt.Errorf("find documents by slug: %w", err)
	}
	return nil
}

func (c *NameCache) ofType(t domain.Type) map[string]domain.ID {
	known := c.known[t]
	if known == nil {
		known = map[string]domain.ID{}
		c.known[t] = known
	}
	return known
}

// Free reports whether a slug is known to be free.
func (c *NameCache) Free(t domain.Type, slug string) bool { return c.free[t][canonical.Of(slug)] }

// Add notes that a new document has a slug.
func (c *NameCache) Add(id domain.ID, slug string) {
	t, slug := id.Type(), canonical.Of(slug)
	c.ofType(t)[slug] = id
	if c.free[t] != nil {
		c.free[t][slug] = false
	}
}

// lookup is [Lookup].
func (c *NameCache) lookup(ctx context.Context, t domain.Type, names []string) (map[string]domain.ID, error) {
	if err := c.Load(ctx, map[domain.Type][]string{t: names}, nil); err != nil {
		return nil, err
	}
	found := make(map[string]domain.ID, len(names))
	for _, name := range names {
		if id := c.known[t][canonical.Of(name)]; id != 0 {
			found[name] = id
		}
	}
	return found, nil
}
