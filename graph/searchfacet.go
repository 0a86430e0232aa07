package graph

import (
	"context"
	"strconv"
	"strings"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
)

func (searchFacetsResolver) Types(_ context.Context, obj *model.SearchFacets, first int) ([]*read.FacetValue, error) {
	return facetValues(obj.Facets.Types, first, "types", func(t domain.Type) string { return typeName(t) }, words)
}

func (searchFacetsResolver) Kinds(_ context.Context, obj *model.SearchFacets, first int) ([]*read.FacetValue, error) {
	return facetValues(obj.Facets.Kinds, first, "kinds", same, words)
}

func (searchFacetsResolver) Languages(_ context.Context, obj *model.SearchFacets, first int) ([]*read.FacetValue, error) {
	return facetValues(obj.Facets.Languages, first, "languages", same, same)
}

func (searchFacetsResolver) Years(_ context.Context, obj *model.SearchFacets, first int) ([]*read.FacetValue, error) {
	values, err := facetValues(obj.Facets.Years, first, "", strconv.Itoa, same)
	for _, v := range values {
		v.Filter = map[string]any{"from": v.Value, "to": v.Value}
	}
	return values, err
}

func same(text string) string { return text }

// words makes words of a value of an enum: "Case study".
func words(value string) string {
	if value == "" {
		return ""
	}
	text := strings.ToLower(strings.ReplaceAll(value, "_", " "))
	return strings.ToUpper(text[:1]) + text[1:]
}

// checkFacet checks the argument first of a facet.
func checkFacet(first int) error {
	var problems domain.Problems
	checkFirst(&problems, first, read.MaxFacet)
	return problems.Err("the arguments are not right")
}

// facetValues returns the first values of a facet of a search, with the filter of a name.
func facetValues[T any](
	counts []search.Count[T], first int, name string, value func(T) string, label func(string) string,
) ([]*read.FacetValue, error) {
	if err := checkFacet(first); err != nil {
		return nil, err
	}
	out := []*read.FacetValue{}
	for _, c := range counts[:min(first, len(counts))] {
		v := value(c.Value)
		out = append(out, &read.FacetValue{Value: v, Label: label(v), Count: c.Count, Filter: map[string]any{name: []any{v}}})
	}
	return out, nil
}

func (r searchFacetsResolver) Tags(ctx context.Context, obj *model.SearchFacets, first int) ([]*model.TagFacet, error) {
	counts, tags, err := facetDocuments(domain.WithStage(ctx, obj.Stage), r.reader, catalog.Tags, obj.Facets.Tags, first)
	out := make([]*model.TagFacet, 0, len(counts))
	for _, c := range counts {
		if tag := tags[c.Value]; tag != nil {
			out = append(out, &model.TagFacet{Tag: tag, Value: tag.Slug, Label: tag.Label, Count: c.Count, Filter: map[string]any{"tags": []any{tag.Slug}}})
		}
	}
	return out, err
}

func (r searchFacetsResolver) Entities(ctx context.Context, obj *model.SearchFacets, first int) ([]*model.EntityFacet, error) {
	counts, entities, err := facetDocuments(domain.WithStage(ctx, obj.Stage), r.reader, catalog.Entities, obj.Facets.Entities, first)
	out := make([]*model.EntityFacet, 0, len(counts))
	for _, c := range counts {
		if e := entities[c.Value]; e != nil {
			out = append(out, &model.EntityFacet{Entity: e, Value: e.Slug, Label: e.Name, Count: c.Count, Filter: map[string]any{"entities": []any{e.Slug}}})
		}
	}
	return out, err
}

// facetDocuments returns the first values of a facet of which the viewer sees the documents, and reads these.
func facetDocuments[T any](
	ctx context.Context, r *read.Reader, t *read.Type[T], counts []search.Count[domain.ID], first int,
) ([]search.Count[domain.ID], map[domain.ID]*T, error) {
	if err := checkFacet(first); err != nil {
		return nil, nil, err
	}
	ids := make([]domain.ID, len(counts))
	for i, c := range counts {
		ids[i] = c.Value
	}
	seen, err := r.Visible(ctx, t.Table, ids)
	if err != nil {
		return nil, nil, err
	}
	var shown []search.Count[domain.ID]
	var wanted []domain.ID
	for _, c := range counts {
		if len(shown) < first && seen[c.Value] {
			shown, wanted = append(shown, c), append(wanted, c.Value)
		}
	}
	documents, err := read.ByIDs(read.AllColumns(ctx), r, t, wanted)
	return shown, documents, err
}
