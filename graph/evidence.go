package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge"
)

// placeCodec is the codec of the cursors of a list with several keys, which are one text in the cursor.
func placeCodec(list string, stage domain.Stage) read.CursorCodec {
	return read.CursorCodec{List: list, Kind: read.Text, Stage: stage}
}

// encodePlace makes the cursor of a place.
func encodePlace(codec read.CursorCodec, place any, id domain.ID) (string, error) {
	keys, err := json.Marshal(place)
	if err != nil {
		return "", err
	}
	return codec.Encode(string(keys), id)
}

// decodePlace reads the argument after into a place, and returns the id; 0 without one. What is wrong is added to problems.
func decodePlace(codec read.CursorCodec, after *string, place any, problems *domain.Problems) domain.ID {
	value, id, err := codec.Decode(after)
	keys, _ := value.(string)
	var refused *domain.Error
	switch {
	case errors.As(err, &refused) && len(refused.Fields) > 0:
		for _, f := range refused.Fields {
			problems.Add(f.Path, "%s", f.Message)
		}
	case err != nil:
		problems.Add("after", "%s", err)
	case after != nil && json.Unmarshal([]byte(keys), place) != nil:
		problems.Add("after", "this is no cursor; pass one on as you got it")
	}
	return id
}

// forwardPage reads the arguments of a list that is only read forward.
func forwardPage(first *int, problems *domain.Problems) int {
	n := read.DefaultPage
	if first != nil {
		n = *first
	}
	checkFirst(problems, n, read.MaxPage)
	return n
}

// idsIn returns the ids of documents.
func idsIn[T any](t *read.Type[T], rows []*T) []domain.ID {
	ids := make([]domain.ID, len(rows))
	for i, row := range rows {
		ids[i] = t.ID(row)
	}
	return ids
}

// claimPages are pages of claims, by the id of the source.
type claimPages = map[domain.ID]*model.Places[model.Claim]

func (r sourceResolver) CitedBy(ctx context.Context, obj *db.Source, kinds []string, first *int, after *string) (*model.ClaimConnection, error) {
	stage := read.StageOf(catalog.Sources, obj)
	var problems domain.Problems
	var place knowledge.ClaimCursor
	kinds = inClaimOrder(kinds)
	codec := placeCodec("Source.citedBy "+strings.Join(kinds, " "), stage)
	p := knowledge.ClaimsParams{Kinds: kinds, First: forwardPage(first, &problems)}
	if id := decodePlace(codec, after, &place, &problems); id != 0 {
		place.Citation = int64(id)
		p.After = &place
	}
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	about := fmt.Sprintf("%v %s", kinds == nil, strings.Join(kinds, " "))
	pages := func(ctx context.Context) (*model.Places[model.Claim], error) {
		name := fmt.Sprintf("cited by %s %d %v", about, p.First, place)
		all, err := read.LoadBatch(ctx, catalog.Sources, obj, name, func(ctx context.Context, _ *read.Reader, rows []*db.Source) (claimPages, error) {
			p := p
			p.Sources = idsIn(catalog.Sources, rows)
			return r.claims(read.AllColumns(ctx), p, codec)
		})
		if err != nil {
			return nil, err
		}
		if all[obj.ID] == nil {
			return &model.Places[model.Claim]{Nodes: []*model.Claim{}, After: p.After != nil}, nil
		}
		return all[obj.ID], nil
	}
	counts := func(ctx context.Context) ([]*model.ClaimCount, error) {
		name := "citations " + about
		all, err := read.LoadBatch(ctx, catalog.Sources, obj, name, func(ctx context.Context, _ *read.Reader, rows []*db.Source) (map[domain.ID]map[string]int, error) {
			ids := idsIn(catalog.Sources, rows)
			dependOnClaims(ctx, ids)
			read.TrackCounted(ctx, citing...)
			return r.knowledge.ClaimCounts(ctx, ids, kinds)
		})
		out := []*model.ClaimCount{}
		for _, kind := range knowledge.ClaimKinds {
			if n := all[obj.ID][kind]; n > 0 {
				out = append(out, &model.ClaimCount{Kind: kind, Count: n})
			}
		}
		return out, err
	}
	return &model.ClaimConnection{Page: pages, Count: counts}, nil
}

// inClaimOrder returns kinds of claims, each once, in the order of [knowledge.ClaimKinds]; nil for nil.
func inClaimOrder(kinds []string) []string {
	if kinds == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(knowledge.ClaimKinds), func(kind string) bool { return !slices.Contains(kinds, kind) })
}

// citing are the tables of what can rest on a source.
var citing = []*read.Table{catalog.Relationships.Table, catalog.Entities.Table, catalog.Narratives.Table, catalog.Editions.Table, catalog.Reports.Table}

// dependOnClaims records that the response depends on all documents that cite sources.
func dependOnClaims(ctx context.Context, sources []domain.ID) {
	for _, t := range citing {
		read.DependOnReferring(ctx, t, sources)
	}
}

// claims reads a page of the claims of each of some sources.
func (r *Resolver) claims(ctx context.Context, p knowledge.ClaimsParams, codec read.CursorCodec) (claimPages, error) {
	dependOnClaims(ctx, p.Sources)
	found, err := r.knowledge.Claims(ctx, p)
	if err != nil {
		return nil, err
	}
	rows := &claimRows{Resolver: r, ids: map[string][]domain.ID{}}
	var documents []domain.ID
	for _, all := range found {
		for _, c := range all[:min(len(all), p.First)] {
			rows.ids[c.Kind] = append(rows.ids[c.Kind], c.Row)
			documents = append(documents, c.Document)
		}
	}
	slices.Sort(documents)
	if rows.documents, err = r.byID(ctx, slices.Compact(documents)); err != nil {
		return nil, err
	}
	if err := rows.read(ctx); err != nil {
		return nil, err
	}
	pages := claimPages{}
	for source, all := range found {
		page := &model.Places[model.Claim]{Nodes: []*model.Claim{}, After: p.After != nil, More: len(all) > p.First}
		for _, c := range all[:min(len(all), p.First)] {
			claim, err := rows.claim(ctx, &c)
			if err != nil {
				return nil, err
			}
			if claim == nil {
				continue
			}
			cursor, err := encodePlace(codec, c.At, c.Citation)
			if err != nil {
				return nil, err
			}
			page.Nodes, page.Cursors = append(page.Nodes, claim), append(page.Cursors, cursor)
		}
		pages[source] = page
	}
	return pages, nil
}

// claimRows are the rows that claims are about.
type claimRows struct {
	*Resolver
	ids          map[string][]domain.ID // by kind of claim
	documents    map[domain.ID]model.Document
	listings     map[domain.ID]*db.Listing
	observations map[domain.ID]*db.Observation
	items        map[domain.ID]*db.EditionItem
	footnotes    map[domain.ID]*db.Footnote
}

func (c *claimRows) read(ctx context.Context) (err error) {
	if c.listings, err = rowsByID(ctx, c.Resolver, catalog.Listings, c.ids["LISTING"]); err != nil {
		return err
	}
	if c.observations, err = rowsByID(ctx, c.Resolver, catalog.Observations, c.ids["OBSERVATION"]); err != nil {
		return err
	}
	if c.items, err = rowsByID(ctx, c.Resolver, catalog.Items, c.ids["EDITION_ITEM"]); err != nil {
		return err
	}
	c.footnotes = map[domain.ID]*db.Footnote{}
	if len(c.ids["FOOTNOTE"]) == 0 {
		return nil
	}
	// Their text is rendered from that of the report, so they are read through it.
	for _, d := range c.documents {
		report, ok := d.(*db.Report)
		if !ok {
			continue
		}
		notes, err := catalog.ReportFootnotes.List(ctx, report)
		if err != nil {
			return err
		}
		for _, note := range notes {
			c.footnotes[note.ID] = note
		}
	}
	return nil
}

// claim returns a claim; nil if its rows are not there.
func (c *claimRows) claim(ctx context.Context, of *knowledge.Claim) (*model.Claim, error) {
	out := &model.Claim{Kind: of.Kind, Document: c.documents[of.Document]}
	if out.Document == nil {
		return nil, nil
	}
	if of.Locates {
		out.Locator = &of.Locator
	}
	if of.HasQuote {
		out.Quote = &of.Quote
	}
	own := ""
	found := true
	switch of.Kind {
	case "RELATIONSHIP":
		out.Relationship, found = out.Document.(*db.Relationship)
	case "LISTING":
		if out.Listing, found = c.listings[of.Row]; found {
			own = domain.ListingName(out.Listing.Authority, deref(out.Listing.Programme))
		}
	case "OBSERVATION":
		if out.Observation, found = c.observations[of.Row]; found {
			platform, err := catalog.ObservationPlatform.One(ctx, out.Observation)
			if err != nil {
				return nil, err
			}
			name := ""
			if platform != nil {
				name = platform.Name
			}
			own = domain.ObservationName(out.Observation.ObservedOn, name)
		}
	case "EDITION_ITEM":
		if out.Item, found = c.items[of.Row]; found {
			own = out.Item.Headline
		}
	case "FOOTNOTE":
		if out.Footnote, found = c.footnotes[of.Row]; found {
			own = domain.FootnoteName(out.Footnote.Number)
		}
	}
	if !found {
		return nil, nil
	}
	var err error
	out.DisplayName, err = c.nameWithin(ctx, out.Document, own)
	return out, err
}

// nameWithin is the name of a document, with that of a part of it.
func (r *Resolver) nameWithin(ctx context.Context, d model.Document, part string) (string, error) {
	name, err := r.nameOf(ctx, d)
	if err != nil || part == "" {
		return name, err
	}
	return name + ": " + part, nil
}

// nameOf is the field displayName of a document.
func (r *Resolver) nameOf(ctx context.Context, d model.Document) (string, error) {
	switch d := d.(type) {
	case *db.Report:
		return reportResolver{}.DisplayName(ctx, d)
	case *db.Narrative:
		return narrativeResolver{}.DisplayName(ctx, d)
	case *db.Entity:
		return entityResolver{}.DisplayName(ctx, d)
	case *db.Relationship:
		return relationshipResolver{}.DisplayName(ctx, d)
	case *db.Edition:
		return editionResolver{}.DisplayName(ctx, d)
	case *db.Tag:
		return tagResolver{}.DisplayName(ctx, d)
	case *db.Source:
		return sourceResolver{}.DisplayName(ctx, d)
	case *db.Series:
		return seriesResolver{}.DisplayName(ctx, d)
	case *db.Asset:
		return assetResolver{}.DisplayName(ctx, d)
	}
	return "", nil
}
