package graph

import (
	"context"
	"fmt"
	"strings"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/search/names"
)

const (
	maxMatchNames = 200
	maxMatchBytes = 500 // of a name
)

func (r queryResolver) MatchEntities(ctx context.Context, given []filter, kinds []string, minScore float64, first int) ([]*model.NameMatches, error) {
	var problems domain.Problems
	checkFirst(&problems, first, maxShort)
	if len(given) > maxMatchNames {
		problems.Add("names", "%d are too many; at most %d", len(given), maxMatchNames)
	}
	if minScore < 0 || minScore > 1 {
		problems.Add("minScore", "%v; want 0 to 1", minScore)
	}
	p := search.MatchParams{Least: minScore, First: first, Kinds: kinds}
	for i, in := range given[:min(len(given), maxMatchNames)] {
		// A blank name has no candidates, which is no error: lists have blank rows.
		p.Names = append(p.Names, matchName(in, fmt.Sprintf("names[%d]", i), &problems))
	}
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	read.DependOnTables(ctx, r.reader, catalog.Entities.Table)
	matches, err := r.index.Match(ctx, p)
	if err != nil {
		return nil, err
	}
	var ids []domain.ID
	seen := map[domain.ID]bool{}
	for _, list := range matches {
		for _, m := range list {
			if !seen[m.ID] {
				seen[m.ID] = true
				ids = append(ids, m.ID)
			}
		}
	}
	entities, err := read.ByIDs(read.AllColumns(ctx), r.reader, catalog.Entities, ids)
	if err != nil {
		return nil, err
	}
	out := make([]*model.NameMatches, len(p.Names))
	for i, n := range p.Names {
		out[i] = &model.NameMatches{Name: n.Name, Candidates: []*model.MatchCandidate{}}
		for _, m := range matches[i] {
			entity := entities[m.ID]
			if entity == nil {
				continue
			}
			c := &model.MatchCandidate{
				Entity: entity, Name: m.Name.Text, Score: m.Score, Reason: string(m.Reason), SameCountry: m.SameCountry, SameIdentifier: m.SameIdentifier,
			}
			if m.Name.Kind != "" {
				c.NameKind = &m.Name.Kind
			}
			out[i].Candidates = append(out[i].Candidates, c)
		}
	}
	return out, nil
}

func matchName(in filter, path string, problems *domain.Problems) search.MatchName {
	var n search.MatchName
	n.Name, _ = in["name"].(string)
	if len(n.Name) > maxMatchBytes {
		problems.Add(path+".name", "%d bytes are too many; at most %d", len(n.Name), maxMatchBytes)
	}
	if country, ok := in["country"].(string); ok {
		if n.Country = strings.ToUpper(country); len(country) != 2 {
			problems.Add(path+".country", "%q is no ISO 3166-1 code of two letters", country)
		}
	}
	identifiers, _ := in["identifiers"].([]any)
	if len(identifiers) > maxShort {
		problems.Add(path+".identifiers", "%d are too many; at most %d", len(identifiers), maxShort)
	}
	for _, raw := range identifiers {
		i, _ := raw.(map[string]any)
		scheme, _ := i["scheme"].(string)
		value, _ := i["value"].(string)
		n.Identifiers = append(n.Identifiers, names.Identifier{Scheme: scheme, Value: value})
	}
	return n
}

func (r reportResolver) Related(ctx context.Context, obj *db.Report, types []string, first int) ([]*model.Related, error) {
	whole, err := read.WithFieldColumns(ctx, catalog.Reports, obj, "summary")
	if err != nil {
		return nil, err
	}
	text := whole.Title
	if whole.Summary != nil {
		text += "\n" + *whole.Summary
	}
	ctx = domain.WithStage(ctx, read.StageOf(catalog.Reports, obj))
	return r.related(ctx, search.RelatedParams{ID: obj.ID, Text: text, Language: obj.Language, Types: typesOf(types), First: first})
}

func (r entityResolver) Related(ctx context.Context, obj *db.Entity, types []string, first int) ([]*model.Related, error) {
	whole, err := read.WithFieldColumns(ctx, catalog.Entities, obj, "description")
	if err != nil {
		return nil, err
	}
	text := whole.Name
	if whole.Description != nil {
		text += "\n" + *whole.Description
	}
	ctx = domain.WithStage(ctx, read.StageOf(catalog.Entities, obj))
	return r.Resolver.related(ctx, search.RelatedParams{ID: obj.ID, Text: text, Types: typesOf(types), First: first})
}

var sharedKinds = map[domain.Type]string{domain.Tag: "TAG", domain.Source: "CITATION"}

func (r *Resolver) related(ctx context.Context, p search.RelatedParams) ([]*model.Related, error) {
	var problems domain.Problems
	checkFirst(&problems, p.First, maxShort)
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	r.dependOnSearch(ctx)
	found, err := r.index.Related(ctx, p)
	if err != nil {
		return nil, err
	}
	var hits []search.Hit
	var shared []domain.ID
	for _, f := range found {
		hits = append(hits, f.Hit)
		shared = append(shared, f.Shared...)
	}
	all := read.AllColumns(ctx)
	nodes, err := r.foundNodes(all, hits)
	if err != nil {
		return nil, err
	}
	documents, err := r.byID(all, shared)
	if err != nil {
		return nil, err
	}
	out := []*model.Related{}
	for _, f := range found {
		node := nodes[f.ID]
		if node == nil {
			continue
		}
		one := &model.Related{Node: node, Score: f.Score, Reasons: []*model.RelatedReason{}}
		for _, id := range f.Shared {
			if d := documents[id]; d != nil {
				kind := sharedKinds[id.Type()]
				if kind == "" {
					kind = "ENTITY"
				}
				one.Reasons = append(one.Reasons, &model.RelatedReason{Kind: kind, Document: d})
			}
		}
		for _, word := range f.Words {
			one.Reasons = append(one.Reasons, &model.RelatedReason{Kind: "WORDS", Word: &word})
		}
		out = append(out, one)
	}
	return out, nil
}
