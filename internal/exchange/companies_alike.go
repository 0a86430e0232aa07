package exchange

import (
	"context"
	"fmt"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// pair is two entities with a name in common.
type pair struct {
	written, other domain.ID
	names          []string
}

// pair keeps which other entities have a name that was written to one, as the
// desk's warnings tell it.
func (im *companyImport) pair(saved editorial.SaveResult, input fields, old *found) {
	for _, w := range saved.Warnings {
		name := writtenName(input, w.Path)
		if w.Code != editorial.SameName || name == "" || old != nil && hasName(old.Fields, name) {
			continue
		}
		for _, other := range w.Documents {
			im.addPair(saved.ID, other, name)
		}
	}
}

func (im *companyImport) addPair(written, other domain.ID, name string) {
	key := [2]domain.ID{min(written, other), max(written, other)}
	p := im.paired[key]
	if p == nil {
		p = &pair{written: written, other: other}
		im.paired[key], im.pairs = p, append(im.pairs, p)
	}
	if !slices.Contains(p.names, name) {
		p.names = append(p.names, name)
	}
}

// writtenName is the name at the path of an entity's input; empty where the input
// has none there.
func writtenName(input fields, path string) string {
	if path == "name" {
		return textOf(input, "name")
	}
	names, _ := input["names"].([]any)
	var at int
	if _, err := fmt.Sscanf(path, "names[%d]", &at); err != nil || at < 0 || at >= len(names) {
		return ""
	}
	return textOf(names[at], "text")
}

// hasName reports whether an entity has a name, however it is spelled.
func hasName(entity fields, name string) bool {
	key := nameKey(name)
	names, _ := entity["names"].([]any)
	return nameKey(textOf(entity, "name")) == key ||
		slices.ContainsFunc(names, func(n any) bool { return nameKey(textOf(n, "text")) == key })
}

// tellAlike puts the entities with a name in common into the result, by name.
func (im *companyImport) tellAlike(ctx context.Context) error {
	if len(im.pairs) == 0 {
		return nil
	}
	var ids []domain.ID
	for _, p := range im.pairs {
		ids = append(ids, p.written, p.other)
	}
	slices.Sort(ids)
	standings, err := im.desk.PublicationStatuses(ctx, slices.Compact(ids))
	if err != nil {
		return err
	}
	for _, p := range im.pairs {
		written, there := standings[p.written]
		other, also := standings[p.other]
		if there && also {
			im.out.Alike = append(im.out.Alike, Alike{written.Name(), other.Name(), p.names})
		}
	}
	return nil
}
