package aggregate

import (
	"context"
	"database/sql"
	"fmt"

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

// Load looks up names of documents of a type.
func (c *NameCache) Load(ctx context.Context, t domain.Type, names []string) error {
	var missing []string
	known := c.ofType(t)
	for _, name := range names {
		name = canonical.Of(name)
		if _, ok := known[name]; !ok {
			known[name] = 0
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	found, err := lookup(ctx, c.Rows, t, missing)
	for name, id := range found {
		known[name] = id
	}
	return err
}

func (c *NameCache) ofType(t domain.Type) map[string]domain.ID {
	known := c.known[t]
	if known == nil {
		known = map[string]domain.ID{}
		c.known[t] = known
	}
	return known
}

// LoadFree notes which of the slugs are free: no document of the type has or had one.
func (c *NameCache) LoadFree(ctx context.Context, t domain.Type, slugs []string) error {
	free := c.free[t]
	if free == nil {
		free = map[string]bool{}
		c.free[t] = free
	}
	var missing []string
	for _, slug := range slugs {
		slug = canonical.Of(slug)
		if _, ok := free[slug]; !ok {
			free[slug] = true
			missing = append(missing, slug)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	in, set := store.InSet(c.Dialect()), store.TextSet(c.Dialect(), missing)
	query := "SELECT slug FROM " + TableOf(t).Name + " WHERE slug" + in +
		" UNION ALL SELECT slug FROM aliases WHERE type = " + fmt.Sprint(int(t)) + " AND slug" + in
	err := store.QueryRows(ctx, c.Rows, query, []any{set, set}, func(rows *sql.Rows) error {
		var slug string
		err := rows.Scan(&slug)
		free[slug] = false
		return err
	})
	if err != nil {
		return fmt.Errorf("find slugs of %s: %w", t, err)
	}
	return nil
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
	if err := c.Load(ctx, t, names); err != nil {
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
