package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge"
	"github.com/redthread-api/redthread/internal/search"
)

var duplicateCursors = read.CursorCodec{List: "possibleDuplicates", Kind: read.Int, Stage: domain.Desk}

func (r queryResolver) PossibleDuplicates(ctx context.Context, types []string, first *int, after *string, minScore float64) (*model.PossibleDuplicateConnection, error) {
	ctx, err := atDesk(ctx)
	if err != nil {
		return nil, err
	}
	var problems domain.Problems
	limit, err := read.PageSize(first)
	addProblems(&problems, err)
	second, from, err := duplicateCursors.Decode(after)
	addProblems(&problems, err)
	if minScore < 0 || minScore > 1 {
		problems.Add("minScore", "%v; want 0 to 1", minScore)
	}
	p := search.DuplicatesParams{Least: minScore, First: limit, Entities: types == nil, Sources: types == nil}
	for i, name := range types {
		switch name {
		case "ENTITY":
			p.Entities = true
		case "SOURCE":
			p.Sources = true
		default:
			problems.Add(fmt.Sprintf("types[%d]", i), "only ENTITY and SOURCE are compared")
		}
	}
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	p.After.First = from
	if id, ok := second.(int64); ok {
		p.After.Second = domain.ID(id)
	}
	found, err := r.index.Duplicates(ctx, p)
	if err != nil {
		return nil, err
	}
	out := &model.PossibleDuplicateConnection{
		Edges: []*model.PossibleDuplicateEdge{}, Nodes: []*model.PossibleDuplicate{}, Complete: found.Complete,
		PageInfo: &read.PageInfo{HasPreviousPage: after != nil, HasNextPage: found.More},
	}
	page := &model.PageBatch{}
	for _, d := range found.Pairs {
		cursor, err := duplicateCursors.Encode(int64(d.Second), d.First)
		if err != nil {
			return nil, err
		}
		pair := &model.PossibleDuplicate{Score: d.Score, Reasons: d.For, Against: d.Against, NewerID: d.First, OlderID: d.Second, Page: page}
		page.IDs = append(page.IDs, d.First, d.Second)
		out.Nodes = append(out.Nodes, pair)
		out.Edges = append(out.Edges, &model.PossibleDuplicateEdge{Cursor: cursor, Node: pair})
	}
	if n := len(out.Edges); n > 0 {
		read.RaiseMarking(ctx, domain.Red) // reasons have texts of documents of any marking
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &out.Edges[0].Cursor, &out.Edges[n-1].Cursor
	}
	if found.More {
		end, err := duplicateCursors.Encode(int64(found.Next.Second), found.Next.First)
		if err != nil {
			return nil, err
		}
		out.PageInfo.EndCursor = &end
	}
	return out, nil
}

// addProblems adds the problems of an error about arguments to others.
func addProblems(problems *domain.Problems, err error) {
	var wrong *domain.Error
	if errors.As(err, &wrong) {
		for _, f := range wrong.Fields {
			problems.Add(f.Path, "%s", f.Message)
		}
	}
}

func (r duplicateResolver) Newer(ctx context.Context, obj *model.PossibleDuplicate) (model.Document, error) {
	return r.onDesk(ctx, obj.Page, obj.NewerID)
}

func (r duplicateResolver) Older(ctx context.Context, obj *model.PossibleDuplicate) (model.Document, error) {
	return r.onDesk(ctx, obj.Page, obj.OlderID)
}

var findingCursors = read.CursorCodec{List: "checkEvidence", Kind: read.Text, Stage: domain.Desk}

func (r queryResolver) CheckEvidence(ctx context.Context, kinds []string, first *int, after *string) (*model.EvidenceFindingConnection, error) {
	ctx, err := atDesk(ctx)
	if err != nil {
		return nil, err
	}
	var problems domain.Problems
	limit, err := read.PageSize(first)
	addProblems(&problems, err)
	from, err := placeOfFinding(after)
	addProblems(&problems, err)
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	var wanted []knowledge.FindingKind
	for _, kind := range knowledge.FindingKinds {
		if kinds == nil || slices.Contains(kinds, string(kind)) {
			wanted = append(wanted, kind)
		}
	}
	evidence, err := r.knowledge.CheckEvidence(ctx, wanted)
	if err != nil {
		return nil, err
	}
	out := &model.EvidenceFindingConnection{
		Edges: []*model.EvidenceFindingEdge{}, Nodes: []*model.EvidenceFinding{}, Counts: []*model.EvidenceCount{},
		PageInfo: &read.PageInfo{HasPreviousPage: after != nil}, Complete: evidence.Complete,
	}
	for _, kind := range wanted {
		out.Counts = append(out.Counts, &model.EvidenceCount{Kind: string(kind), Count: evidence.Counts[kind]})
	}
	found := evidence.Findings
	if from != nil {
		begin, _ := slices.BinarySearchFunc(found, from, func(f knowledge.Finding, at *knowledge.Finding) int {
			if f.Compare(at) <= 0 {
				return -1
			}
			return 1
		})
		found = found[begin:]
	}
	if len(found) > limit {
		found, out.PageInfo.HasNextPage = found[:limit], true
	}
	page := &model.PageBatch{}
	for i := range found {
		f := &found[i]
		cursor, err := findingCursors.Encode(strings.Join([]string{string(f.Kind), f.Path, f.Message}, "\n"), f.Document)
		if err != nil {
			return nil, err
		}
		finding := &model.EvidenceFinding{Kind: string(f.Kind), Severity: string(f.Severity), Path: f.Path, Message: f.Message, Advice: f.Advice, Found: f, Page: page}
		page.IDs = append(append(page.IDs, f.Document), f.Others...)
		out.Nodes = append(out.Nodes, finding)
		out.Edges = append(out.Edges, &model.EvidenceFindingEdge{Cursor: cursor, Node: finding})
	}
	if n := len(out.Edges); n > 0 {
		read.RaiseMarking(ctx, domain.Red) // messages name documents of any marking
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &out.Edges[0].Cursor, &out.Edges[n-1].Cursor
	}
	return out, nil
}

// placeOfFinding reads the cursor of a finding; nil for none.
func placeOfFinding(after *string) (*knowledge.Finding, error) {
	place, id, err := findingCursors.Decode(after)
	if err != nil || after == nil {
		return nil, err
	}
	text, _ := place.(string)
	parts := strings.SplitN(text, "\n", 3)
	if len(parts) != 3 {
		var problems domain.Problems
		problems.Add("after", "this is no cursor of the list")
		return nil, problems.Err("the arguments are not right")
	}
	return &knowledge.Finding{Kind: knowledge.FindingKind(parts[0]), Path: parts[1], Message: parts[2], Document: id}, nil
}

func (r findingResolver) Document(ctx context.Context, obj *model.EvidenceFinding) (model.Document, error) {
	return r.onDesk(ctx, obj.Page, obj.Found.Document)
}

func (r findingResolver) Others(ctx context.Context, obj *model.EvidenceFinding) ([]model.Document, error) {
	others := []model.Document{}
	for _, id := range obj.Found.Others {
		document, err := r.onDesk(ctx, obj.Page, id)
		if err != nil {
			return nil, err
		}
		if document != nil {
			others = append(others, document)
		}
	}
	return others, nil
}
