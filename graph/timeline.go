package graph

import (
	"context"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge"
)

func (r queryResolver) Timeline(
	ctx context.Context, entities, narratives, tags []string, from, to *domain.Date, kinds []string, first int, after *string, direction string,
) (*model.TimelineEntryConnection, error) {
	var problems domain.Problems
	p := knowledge.TimelineParams{Kinds: kinds, Descending: direction == read.Descending, Limit: first + 1,
		Whole: entities == nil && narratives == nil && tags == nil}
	checkRange(&problems, "first", first, 1, 100)
	for _, bound := range []struct {
		name  string
		given *domain.Date
		set   *domain.Date
	}{{"from", from, &p.From}, {"to", to, &p.To}} {
		if bound.given == nil {
			continue
		}
		if _, err := domain.ParseDate(string(*bound.given)); err != nil {
			problems.Add(bound.name, "%s", err)
		}
		*bound.set = *bound.given
	}
	if p.From.After(p.To) {
		problems.Add("to", "%s is before from (%s)", p.To, p.From)
	}
	var err error
	if p.Entities, err = idsNamed(ctx, r.Resolver, catalog.Entities, &problems, "entities", entities); err != nil {
		return nil, err
	}
	if p.Narratives, err = idsNamed(ctx, r.Resolver, catalog.Narratives, &problems, "narratives", narratives); err != nil {
		return nil, err
	}
	if p.Tags, err = idsNamed(ctx, r.Resolver, catalog.Tags, &problems, "tags", tags); err != nil {
		return nil, err
	}
	// The cursor is of this order; the arguments that choose entries may change.
	cursors := read.CursorCodec{List: "timeline " + direction, Kind: read.Text, Stage: domain.StageFrom(ctx)}
	if after != nil {
		p.After, err = timelineEntryAt(cursors, after)
		if err != nil {
			problems.Add("after", "%s", "this is no cursor of this timeline, in this order and stage; start again without it")
		}
	}
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	read.DependOnTables(ctx, r.reader, catalog.Entities.Table, catalog.Relationships.Table, catalog.Narratives.Table, catalog.Editions.Table, catalog.Reports.Table)
	found, err := r.knowledge.Timeline(ctx, p)
	if err != nil {
		return nil, err
	}
	out := &model.TimelineEntryConnection{Edges: []*model.TimelineEntryEdge{}, Nodes: []*model.TimelineEntry{}, Params: p,
		PageInfo: &read.PageInfo{HasNextPage: len(found) > first, HasPreviousPage: p.After != nil}}
	found = found[:min(first, len(found))]
	rows, err := r.timelineRows(ctx, found)
	if err != nil {
		return nil, err
	}
	for i := range found {
		node, err := rows.entry(ctx, &found[i])
		if err != nil {
			return nil, err
		}
		if node == nil {
			continue
		}
		id := found[i].Row
		if id == 0 {
			id = found[i].Document
		}
		cursor, err := cursors.Encode(string(found[i].Date)+" "+found[i].Kind, id)
		if err != nil {
			return nil, err
		}
		out.Nodes = append(out.Nodes, node)
		out.Edges = append(out.Edges, &model.TimelineEntryEdge{Cursor: cursor, Node: node})
	}
	if n := len(out.Edges); n > 0 {
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &out.Edges[0].Cursor, &out.Edges[n-1].Cursor
	}
	return out, nil
}

// maxNamed is how many entities, narratives or tags a timeline is about at most.
const maxNamed = 20

// idsNamed returns the ids of what a timeline is about, by ids or slugs, and adds a problem for each that the viewer does not see.
func idsNamed[T any](ctx context.Context, r *Resolver, t *read.Type[T], problems *domain.Problems, path string, refs []string) ([]domain.ID, error) {
	if len(refs) > maxNamed {
		problems.Add(path, "%d are too many; at most %d", len(refs), maxNamed)
		return nil, nil
	}
	found, err := named(ctx, r, t, problems, path, refs)
	var ids []domain.ID
	for _, row := range found {
		if row != nil {
			ids = append(ids, t.ID(row))
		}
	}
	return ids, err
}

// timelineEntryAt reads a cursor.
func timelineEntryAt(cursors read.CursorCodec, after *string) (*knowledge.TimelineEntry, error) {
	value, id, err := cursors.Decode(after)
	if err != nil {
		return nil, err
	}
	text, _ := value.(string)
	date, kind, _ := strings.Cut(text, " ")
	if _, err := domain.ParseDate(date); err != nil || !slices.Contains(knowledge.TimelineKinds, kind) {
		return nil, domain.Invalid("%q is no place in a timeline", text)
	}
	return &knowledge.TimelineEntry{Date: domain.Date(date), Kind: kind, Document: id}, nil
}

// timelineRows has the rows that entries are of.
type timelineRows struct {
	*Resolver
	reports       map[domain.ID]*db.Report
	narratives    map[domain.ID]*db.Narrative
	entities      map[domain.ID]*db.Entity
	relationships map[domain.ID]*db.Relationship
	editions      map[domain.ID]*db.Edition
	observations  map[domain.ID]*db.Observation
	listings      map[domain.ID]*db.Listing
	items         map[domain.ID]*db.EditionItem
}

func (r *Resolver) timelineRows(ctx context.Context, entries []knowledge.TimelineEntry) (*timelineRows, error) {
	documents, rows := map[domain.Type][]domain.ID{}, map[string][]domain.ID{}
	for _, e := range entries {
		documents[e.Document.Type()] = append(documents[e.Document.Type()], e.Document)
		rows[e.Kind] = append(rows[e.Kind], e.Row)
	}
	t := &timelineRows{Resolver: r}
	var err error
	if t.reports, err = rowsByID(ctx, r, catalog.Reports, documents[domain.Report]); err != nil {
		return nil, err
	}
	if t.narratives, err = rowsByID(ctx, r, catalog.Narratives, documents[domain.Narrative]); err != nil {
		return nil, err
	}
	if t.entities, err = rowsByID(ctx, r, catalog.Entities, documents[domain.Entity]); err != nil {
		return nil, err
	}
	if t.relationships, err = rowsByID(ctx, r, catalog.Relationships, documents[domain.Relationship]); err != nil {
		return nil, err
	}
	if t.editions, err = rowsByID(ctx, r, catalog.Editions, documents[domain.Edition]); err != nil {
		return nil, err
	}
	if t.observations, err = rowsByID(ctx, r, catalog.Observations, rows["OBSERVATION"]); err != nil {
		return nil, err
	}
	if t.listings, err = rowsByID(ctx, r, catalog.Listings, slices.Concat(rows["LISTED"], rows["DELISTED"])); err != nil {
		return nil, err
	}
	t.items, err = rowsByID(ctx, r, catalog.Items, rows["EDITION_ITEM"])
	return t, err
}

// entry returns an entry with its rows; nil if one is not there.
func (t *timelineRows) entry(ctx context.Context, e *knowledge.TimelineEntry) (*model.TimelineEntry, error) {
	out := &model.TimelineEntry{Kind: e.Kind, Date: e.Date}
	switch e.Kind {
	case "EVENT", "LEGAL_INSTRUMENT":
		row := t.entities[e.Document]
		if row == nil {
			return nil, nil
		}
		out.Document, out.Title = row, row.Name
		if row.EndDate != "" && row.EndDate != e.Date {
			out.Until = &row.EndDate
		}
	case "LISTED", "DELISTED":
		row, listing := t.entities[e.Document], t.listings[e.Row]
		if row == nil || listing == nil {
			return nil, nil
		}
		verb := " is listed by "
		if e.Kind == "DELISTED" {
			verb = " is no longer listed by "
		}
		out.Document, out.Listing, out.Title = row, listing, row.Name+verb+listing.Authority
	case "RELATIONSHIP_BEGAN", "RELATIONSHIP_ENDED":
		row := t.relationships[e.Document]
		if row == nil {
			return nil, nil
		}
		from, err := catalog.RelationshipFrom.One(ctx, row)
		if err != nil {
			return nil, err
		}
		to, err := catalog.RelationshipTo.One(ctx, row)
		if err != nil || from == nil || to == nil {
			return nil, err
		}
		out.Document, out.Title = row, from.Name+" "+domain.TieName(row.Kind)+" "+to.Name
		if e.Kind == "RELATIONSHIP_ENDED" {
			out.Title += " (ended)"
		}
	case "OBSERVATION":
		row, observation := t.narratives[e.Document], t.observations[e.Row]
		if row == nil || observation == nil {
			return nil, nil
		}
		out.Document, out.Observation, out.Title = row, observation, row.Title
		platform, err := catalog.ObservationPlatform.One(ctx, observation)
		if err != nil {
			return nil, err
		}
		if platform != nil {
			out.Title += ": seen on " + platform.Name
		}
	case "EDITION_ITEM":
		row, item := t.editions[e.Document], t.items[e.Row]
		if row == nil || item == nil {
			return nil, nil
		}
		out.Document, out.Item, out.Title = row, item, item.Headline
	case "REPORT_PUBLISHED":
		row := t.reports[e.Document]
		if row == nil {
			return nil, nil
		}
		out.Document, out.Title = row, row.Title
	}
	return out, nil
}

// timelineUnits has the lengths of dates that the values of the enum TimelineUnit stand for.
var timelineUnits = map[string]int{"YEAR": 4, "MONTH": 7, "DAY": 10}

func (r timelineResolver) Buckets(ctx context.Context, obj *model.TimelineEntryConnection, by string, last int) (*model.TimelineBuckets, error) {
	var problems domain.Problems
	checkRange(&problems, "last", last, 1, maxBuckets)
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	found, complete, err := r.knowledge.TimelineBuckets(ctx, obj.Params, timelineUnits[by])
	if err != nil {
		return nil, err
	}
	out := &model.TimelineBuckets{Buckets: []*model.TimelineBucket{}, Complete: complete}
	for _, f := range found {
		if f.Start == "" {
			out.Undated += f.Count
			continue
		}
		start := f.Start.FirstDay()
		n := len(out.Buckets)
		if n == 0 || out.Buckets[n-1].Start != start {
			out.Buckets = append(out.Buckets, &model.TimelineBucket{Start: start})
			n++
		}
		b := out.Buckets[n-1]
		b.Count += f.Count
		b.Kinds = append(b.Kinds, &model.TimelineKindCount{Kind: f.Kind, Count: f.Count})
	}
	if n := len(out.Buckets); n > last {
		out.Buckets, out.Complete = out.Buckets[n-last:], false
	}
	return out, nil
}
