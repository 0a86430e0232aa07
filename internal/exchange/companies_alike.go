package exchange

import (
	"context"
	"fmt"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// pair is a pair of entities with a name in common.
type pair struct {
	written, other domain.ID
	names          []string
}

// recordPairs records the other entities that have a name that was written to one.
// They are in the warnings of the desk.
func (im *companyImport) recordPairs(saved editorial.SaveResult, input fields, old *storedDocument) {
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
	p := im.pairByIDs[key]
	if p == nil {
		p = &pair{written: written, other: other}
		im.pairByIDs[key], im.pairs = p, append(im.pairs, p)
	}
	if !slices.Contains(p.names, name) {
		p.names = append(p.names, name)
	}
}

// writtenName returns the name at a path of the input of an entity; empty if there is
// none.
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

// hasName reports whether an entity has a name, in any spelling.
func hasName(entity fields, name string) bool {
	key := nameKey(name)
	names, _ := entity["names"].([]any)
	return nameKey(textOf(entity, "name")) == key ||
		slices.ContainsFunc(names, func(n any) bool { return nameKey(textOf(n, "text")) == key })
}

// addSameNames adds the pairs of entities with a name in common to the result.
func (im *companyImport) addSameNames(ctx context.Context) error {
	if len(im.pairs) == 0 {
		return nil
	}
	var ids []domain.ID
	for _, p := range im.pairs {
		ids = append(ids, p.written, p.other)
	}
	slices.Sort(ids)
	statuses, err := im.desk.PublicationStatuses(ctx, slices.Compact(ids))
	if err != nil {
		return err
	}
	for _, p := range im.pairs {
		written, there := statuses[p.written]
		other, also := statuses[p.other]
		if there && also {
			im.out.SameNames = append(im.out.SameNames, SameName{written.Name(), other.Name(), p.names})
		}
	}
	return nil
}
