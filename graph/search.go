package graph

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"

	"entgo.io/ent/dialect/sql"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/search/analysis"
	"github.com/redthread-api/redthread/internal/search/query"
)

// searcher is what search, suggestions, matching and related documents need of the index.
type searcher interface {
	Search(ctx context.Context, p search.Params) (search.Result, error)
	Find(ctx context.Context, p search.Params) (*search.Found, error)
	Respell(ctx context.Context, p search.Params) (string, error)
	Suggest(ctx context.Context, p search.SuggestParams) ([]search.Hit, error)
	Match(ctx context.Context, p search.MatchParams) ([][]search.EntityMatch, error)
	Duplicates(ctx context.Context, p search.DuplicatesParams) (*search.Duplicates, error)
	Related(ctx context.Context, p search.RelatedParams) ([]search.Related, error)
	Naming(ctx context.Context, slugs []string) ([]domain.ID, error)
}

const searchNewest = "NEWEST"

// searchTypes are the types of what is found, by the values of the enum SearchType.
var searchTypes = map[string]domain.Type{
	"REPORT": domain.Report, "NARRATIVE": domain.Narrative, "ENTITY": domain.Entity, "TAG": domain.Tag,
	"EDITION": domain.Edition, "EDITION_ITEM": domain.Row, "SOURCE": domain.Source,
}

// typesOf returns the types of values of SearchType; nil, which stands for any, for null.
func typesOf(names []string) []domain.Type {
	if names == nil {
		return nil
	}
	types := make([]domain.Type, len(names))
	for i, name := range names {
		types[i] = searchTypes[name]
	}
	return types
}

func typeName(of domain.Type) string {
	for name, t := range searchTypes {
		if t == of {
			return name
		}
	}
	return ""
}

// dependOnSearch records that the response depends on all that can be found: the scores do.
func (r *Resolver) dependOnSearch(ctx context.Context) {
	read.DependOnTables(ctx, r.reader, catalog.Reports.Table, catalog.Narratives.Table, catalog.Entities.Table, catalog.Tags.Table,
		catalog.Editions.Table, catalog.Sources.Table)
}

// FindAll returns what a search finds for the field search of a filter.
func (r *Resolver) FindAll(ctx context.Context, t domain.Type, text string) (read.Found, error) {
	r.dependOnSearch(ctx)
	p := search.Params{Query: query.Parse(text), Types: []domain.Type{t}}
	if t == domain.Edition {
		p.Types = append(p.Types, domain.Row)
	}
	if err := r.setLinks(ctx, &p); err != nil {
		return nil, err
	}
	return r.index.Find(ctx, p)
}

// setLinks sets the tags and entities that the text of a query names.
func (r *Resolver) setLinks(ctx context.Context, p *search.Params) error {
	find := func(t *read.Table, name string, by ...string) ([]domain.ID, error) {
		conditions := []any{map[string]any{"slug": map[string]any{"eq": name}}}
		for _, field := range by {
			conditions = append(conditions, map[string]any{field: map[string]any{"eq": name}})
		}
		if t == catalog.Entities.Table {
			conditions = append(conditions, map[string]any{"names": map[string]any{"text": map[string]any{"eq": name}}})
		}
		return r.reader.IDs(ctx, t, map[string]any{"or": conditions})
	}
	for _, of := range []struct {
		f    query.Filters
		want bool
	}{{p.Query.Filters, true}, {p.Query.Excluded, false}} {
		var groups [][]domain.ID
		for _, name := range of.f.Tags {
			ids, err := find(catalog.Tags.Table, name, "label")
			if err != nil {
				return err
			}
			groups = append(groups, ids)
		}
		for _, name := range of.f.Entities {
			ids, err := find(catalog.Entities.Table, name, "name")
			if err != nil {
				return err
			}
			groups = append(groups, ids)
		}
		if of.want {
			p.Links = append(p.Links, groups...)
		} else {
			p.Without = append(p.Without, slices.Concat(groups...)...)
		}
	}
	return nil
}

// setFilter sets the conditions of a SearchFilter.
func (r *Resolver) setFilter(ctx context.Context, p *search.Params, f filter, problems *domain.Problems) error {
	if types := textsOf(f["types"]); types != nil {
		own := typesOf(types)
		if p.Types != nil {
			own = slices.DeleteFunc(own, func(t domain.Type) bool { return !slices.Contains(p.Types, t) })
		}
		p.Types = own
	}
	p.Kinds, p.Languages = textsOf(f["kinds"]), textsOf(f["languages"])
	for i, kind := range p.Kinds {
		p.Kinds[i] = strings.ToUpper(kind)
	}
	for name, at := range map[string]*domain.Date{"from": &p.From, "to": &p.To} {
		text, ok := f[name].(string)
		if !ok {
			continue
		}
		date, err := domain.ParseDate(text)
		if err != nil {
			problems.Add("filter."+name, "%s", err)
		}
		*at = date
	}
	for _, of := range []struct {
		name      string
		t         *read.Table
		condition func(text string) map[string]any
	}{
		{"tags", catalog.Tags.Table, bySlug},
		{"withinTags", catalog.Tags.Table, func(text string) map[string]any { return map[string]any{"within": text} }},
		{"entities", catalog.Entities.Table, bySlug},
	} {
		names := textsOf(f[of.name])
		if len(names) > maxSearchNames {
			problems.Add("filter."+of.name, "%d are too many; at most %d", len(names), maxSearchNames)
			continue
		}
		for _, name := range names {
			var ids []domain.ID // none for what nothing can be named
			if read.IsText(name) {
				var err error
				if ids, err = r.reader.IDs(ctx, of.t, of.condition(name)); err != nil {
					return err
				}
			}
			p.Links = append(p.Links, ids)
		}
	}
	return nil
}

// maxSearchNames is the most tags, or entities, in a SearchFilter.
const maxSearchNames = 20

func bySlug(text string) map[string]any {
	return map[string]any{"slug": map[string]any{"eq": text}}
}

func (r queryResolver) Search(
	ctx context.Context, text string, types []string, f filter, first *int, after *string, orderBy string,
) (*model.SearchResultConnection, error) {
	var problems domain.Problems
	p := search.Params{Query: query.Parse(text), Types: typesOf(types), First: read.DefaultPage, Facets: selects(ctx, "facets")}
	if first != nil {
		p.First = *first
	}
	checkFirst(&problems, p.First, read.MaxPage)
	if orderBy == searchNewest {
		p.Order = search.Newest
	}
	list := searchList(text, types, f, orderBy)
	if after != nil {
		at, ok := decodeSearchCursor(*after, list)
		if !ok {
			problems.Add("after", "this is no cursor of this search")
		}
		p.After = at
	}
	r.dependOnSearch(ctx)
	if err := r.setFilter(ctx, &p, f, &problems); err != nil {
		return nil, err
	}
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	if err := r.setLinks(ctx, &p); err != nil {
		return nil, err
	}
	c := &model.SearchResultConnection{Params: p, List: list, Stage: domain.StageFrom(ctx), Truncated: p.Query.Truncated}
	if groups := p.Query.Groups(); len(groups) > 0 {
		c.Matcher = analysis.NewMatcher(groups)
	}
	var once sync.Once
	var result search.Result
	var failed error
	c.Result = func(ctx context.Context) (search.Result, error) {
		once.Do(func() { result, failed = r.index.Search(domain.WithStage(ctx, c.Stage), p) })
		return result, failed
	}
	return c, nil
}

func checkFirst(problems *domain.Problems, first, most int) {
	if first < 0 || first > most {
		problems.Add("first", "%d; want 0 to %d", first, most)
	}
}

// selects reports whether the field that is being resolved may select a field of a name.
func selects(ctx context.Context, name string) bool {
	seen := map[string]bool{}
	var in func(set ast.SelectionSet) bool
	in = func(set ast.SelectionSet) bool {
		return slices.ContainsFunc(set, func(sel ast.Selection) bool {
			switch sel := sel.(type) {
			case *ast.Field:
				return sel.Name == name
			case *ast.InlineFragment:
				return in(sel.SelectionSet)
			case *ast.FragmentSpread:
				known := seen[sel.Name]
				seen[sel.Name] = true
				return !known && in(sel.Definition.SelectionSet)
			}
			return false
		})
	}
	fc := graphql.GetFieldContext(ctx)
	return fc != nil && in(fc.Field.Selections)
}

// searchList identifies the results of a search, whose cursors lead on in no others.
func searchList(parts ...any) string {
	text, err := json.Marshal(parts)
	if err != nil {
		panic(err) // they came from JSON
	}
	h := fnv.New64a()
	_, _ = h.Write(text) // a hash takes every write
	return fmt.Sprintf("search %x", h.Sum64())
}

// searchCursor is the place of a result.
type searchCursor struct {
	List string    `json:"l"`
	Key  int64     `json:"v"`
	ID   domain.ID `json:"i"`
}

func encodeSearchCursor(list string, at search.Cursor) string {
	text, err := json.Marshal(searchCursor{list, at.Key, at.ID})
	if err != nil {
		panic(err) // numbers and a text
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func decodeSearchCursor(cursor, list string) (search.Cursor, bool) {
	var at searchCursor
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || json.Unmarshal(text, &at) != nil || at.List != list || at.ID <= 0 {
		return search.Cursor{}, false
	}
	return search.Cursor{Key: at.Key, ID: at.ID}, true
}

// foundNodes reads what was found. What the viewer does not see is left out: the index has no such, but the store
// decides.
func (r *Resolver) foundNodes(ctx context.Context, hits []search.Hit) (map[domain.ID]model.SearchResult, error) {
	var documents, items []domain.ID
	for _, h := range hits {
		if h.Type == domain.Row {
			items = append(items, h.ID)
		} else {
			documents = append(documents, h.ID)
		}
	}
	found, err := r.byID(ctx, documents)
	if err != nil {
		return nil, err
	}
	nodes := make(map[domain.ID]model.SearchResult, len(hits))
	for id, d := range found {
		nodes[id] = d
	}
	if len(items) == 0 {
		return nodes, nil
	}
	rows, err := read.All(ctx, r.reader, catalog.Items, func(s *sql.Selector) { s.Where(r.reader.Has(s.C("id"), items)) })
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		edition, err := catalog.ItemEdition.One(ctx, row)
		if err != nil {
			return nil, err
		}
		if edition != nil {
			nodes[row.ID] = row
		}
	}
	return nodes, nil
}

func (r searchResolver) Nodes(ctx context.Context, obj *model.SearchResultConnection) ([]model.SearchResult, error) {
	ctx = domain.WithStage(ctx, obj.Stage)
	found, err := obj.Result(ctx)
	if err != nil {
		return nil, err
	}
	nodes, err := r.foundNodes(ctx, found.Hits)
	out := make([]model.SearchResult, 0, len(nodes))
	for _, h := range found.Hits {
		if node := nodes[h.ID]; node != nil {
			out = append(out, node)
		}
	}
	return out, err
}

func (r searchResolver) Edges(ctx context.Context, obj *model.SearchResultConnection) ([]*model.SearchResultEdge, error) {
	ctx = domain.WithStage(ctx, obj.Stage)
	found, err := obj.Result(ctx)
	if err != nil {
		return nil, err
	}
	nodes, err := r.foundNodes(ctx, found.Hits)
	out := make([]*model.SearchResultEdge, 0, len(nodes))
	for _, h := range found.Hits {
		if node := nodes[h.ID]; node != nil {
			out = append(out, &model.SearchResultEdge{Cursor: encodeSearchCursor(obj.List, h.Cursor), Node: node, Score: h.Score, Matcher: obj.Matcher})
		}
	}
	return out, err
}

func (searchResolver) PageInfo(ctx context.Context, obj *model.SearchResultConnection) (*read.PageInfo, error) {
	found, err := obj.Result(ctx)
	if err != nil {
		return nil, err
	}
	info := &read.PageInfo{HasNextPage: found.HasNext, HasPreviousPage: obj.Params.After.ID != 0}
	if n := len(found.Hits); n > 0 {
		start, end := encodeSearchCursor(obj.List, found.Hits[0].Cursor), encodeSearchCursor(obj.List, found.Hits[n-1].Cursor)
		info.StartCursor, info.EndCursor = &start, &end
	}
	return info, nil
}

func (searchResolver) TotalCount(ctx context.Context, obj *model.SearchResultConnection) (int, error) {
	found, err := obj.Result(ctx)
	return found.Total, err
}

// Approximate is false: the index counts exactly, and has no limit that depends on what it does not show.
func (searchResolver) Approximate(context.Context, *model.SearchResultConnection) (bool, error) {
	return false, nil
}

func (r searchResolver) DidYouMean(ctx context.Context, obj *model.SearchResultConnection) (*string, error) {
	found, err := obj.Result(ctx)
	if err != nil || found.Total > 0 {
		return nil, err
	}
	text, err := r.index.Respell(domain.WithStage(ctx, obj.Stage), obj.Params)
	if err != nil || text == "" {
		return nil, err
	}
	return &text, nil
}

func (searchResolver) Facets(ctx context.Context, obj *model.SearchResultConnection) (*model.SearchFacets, error) {
	found, err := obj.Result(ctx)
	if err != nil {
		return nil, err
	}
	return &model.SearchFacets{Stage: obj.Stage, Facets: cmp.Or(found.Facets, &search.Facets{})}, nil
}

func (r queryResolver) Suggest(ctx context.Context, prefix string, types []string, first int) ([]*model.Suggestion, error) {
	var problems domain.Problems
	checkFirst(&problems, first, maxShort)
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	r.dependOnSearch(ctx)
	prefix = query.Cut(prefix)
	hits, err := r.index.Suggest(ctx, search.SuggestParams{Prefix: prefix, Types: typesOf(types), First: first})
	if err != nil {
		return nil, err
	}
	nodes, err := r.foundNodes(read.AllColumns(ctx), hits)
	if err != nil {
		return nil, err
	}
	out := make([]*model.Suggestion, 0, len(hits))
	for _, h := range hits {
		if nodes[h.ID] == nil {
			continue
		}
		s := &model.Suggestion{Node: nodes[h.ID], Text: titleOf(nodes[h.ID])}
		if entity, ok := s.Node.(*db.Entity); ok && !search.Begins(s.Text, prefix) {
			names, err := catalog.EntityNames.List(ctx, entity)
			if err != nil {
				return nil, err
			}
			if i := slices.IndexFunc(names, func(n *db.EntityName) bool { return search.Begins(n.Text, prefix) }); i >= 0 {
				s.Text, s.NameKind = names[i].Text, &names[i].Kind
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// maxShort is the most suggestions, candidates of a name, and related documents.
const maxShort = read.MaxPage

// titleOf is the name or title of what was found.
func titleOf(node model.SearchResult) string {
	switch node := node.(type) {
	case *db.Report:
		return node.Title
	case *db.Narrative:
		return node.Title
	case *db.Entity:
		return node.Name
	case *db.Tag:
		return node.Label
	case *db.Source:
		return node.Title
	case *db.Edition:
		return node.Title
	case *db.EditionItem:
		return node.Headline
	}
	return ""
}
