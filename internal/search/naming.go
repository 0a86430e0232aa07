package search

import (
	"context"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// slugsNamed returns the slugs in the links of a Markdown text to entities, [[slug]] and [[slug|words]]. Like stripMarkup it is no parser:
// what it takes too much, in code, names nothing that is shown.
func slugsNamed(text string) []string {
	var slugs []string
	for {
		_, rest, ok := strings.Cut(text, "[[")
		if !ok {
			return slugs
		}
		inner, after, ok := strings.Cut(rest, "]]")
		if !ok {
			return slugs
		}
		if strings.Contains(inner, "[[") || strings.Contains(inner, "\n") {
			text = rest
			continue
		}
		slug, _, _ := strings.Cut(inner, "|")
		if slug = strings.TrimSpace(slug); domain.ValidSlug(slug) {
			slugs = append(slugs, slug)
		}
		text = after
	}
}

// Naming returns the documents, and the items of editions, that the viewer sees and of which a text names an entity by one of some slugs,
// in no order.
func (x *Index) Naming(ctx context.Context, slugs []string) ([]domain.ID, error) {
	e, err := x.begin(ctx)
	if err != nil || len(slugs) == 0 {
		return nil, err
	}
	spans := make([]span, len(slugs))
	for i, slug := range slugs {
		spans[i].term = spaceNamed + slug
	}
	found, err := e.find(spans...)
	if err != nil {
		return nil, err
	}
	ids := make([]domain.ID, len(found))
	for i, h := range found {
		ids[i] = e.id(h.number)
	}
	return ids, nil
}
