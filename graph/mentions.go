package graph

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/bounded"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge"
	"github.com/redthread-api/redthread/internal/markdown"
	"github.com/redthread-api/redthread/internal/search/analysis"
)

const (
	passageColumns = 240
	maxPassages    = read.MaxPage
	// A shorter name, such as "US", is found in too many places that are not of it, unless it is of ideographs.
	shortestName = 3
)

// mentionPages are pages of mentions, by the id of the entity.
type mentionPages = map[domain.ID]*model.Places[model.Mention]

func (r entityResolver) Mentions(ctx context.Context, obj *db.Entity, first *int, after *string) (*model.MentionConnection, error) {
	stage := read.StageOf(catalog.Entities, obj)
	var problems domain.Problems
	var place knowledge.MentionCursor
	codec := placeCodec("Entity.mentions", stage)
	p := knowledge.MentionsParams{First: forwardPage(first, &problems)}
	name := fmt.Sprintf("mentions %d", p.First)
	if id := decodePlace(codec, after, &place, &problems); id != 0 {
		if id != mentionStart {
			place.Item = int64(id)
		}
		p.After = &place
		name += fmt.Sprintf(" %+v", place)
	}
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	return &model.MentionConnection{
		Page: func(ctx context.Context) (*model.Places[model.Mention], error) {
			all, err := read.LoadBatch(ctx, catalog.Entities, obj, name, func(ctx context.Context, _ *read.Reader, rows []*db.Entity) (mentionPages, error) {
				p := p
				p.Entities = idsIn(catalog.Entities, rows)
				return r.mentions(read.AllColumns(ctx), p, rows, codec)
			})
			if err != nil {
				return nil, err
			}
			if all[obj.ID] == nil {
				return &model.Places[model.Mention]{Nodes: []*model.Mention{}, After: p.After != nil}, nil
			}
			return all[obj.ID], nil
		},
		Total: func(ctx context.Context) (int, error) {
			all, err := read.LoadBatch(ctx, catalog.Entities, obj, "count of mentions", func(ctx context.Context, _ *read.Reader, rows []*db.Entity) (map[domain.ID]int, error) {
				ids := idsIn(catalog.Entities, rows)
				r.dependOnMentions(ctx, ids)
				read.TrackCounted(ctx, mentioning...)
				named, err := r.naming(ctx, rows)
				if err != nil {
					return nil, err
				}
				return r.knowledge.MentionCounts(ctx, ids, named)
			})
			return all[obj.ID], err
		},
	}, nil
}

// mentionStart is the id in the cursor of a mention by a document, which has no item.
const mentionStart domain.ID = 1

// mentioning are the tables of what entities are spoken of in.
var mentioning = []*read.Table{catalog.Reports.Table, catalog.Narratives.Table, catalog.Editions.Table, catalog.Entities.Table, catalog.Tags.Table}

func (r *Resolver) dependOnMentions(ctx context.Context, entities []domain.ID) {
	read.DependOnReferring(ctx, catalog.Reports.Table, entities)
	// What only a text names is no reference: any document of these types can begin to name an entity.
	read.DependOnTables(ctx, r.reader, mentioning[1:]...)
}

// naming returns the documents and items of editions of which a text names entities, by these. A slug that an entity once had, and
// another one has now, is that of the other one.
func (r *Resolver) naming(ctx context.Context, entities []*db.Entity) (map[domain.ID][]domain.ID, error) {
	former, err := read.FormerSlugsOf(ctx, r.reader, idsIn(catalog.Entities, entities))
	if err != nil {
		return nil, err
	}
	var all []string
	for _, entity := range entities {
		all = append(all, former[entity.ID]...)
	}
	holders, err := read.BySlugs(ctx, r.reader, catalog.Entities, all)
	if err != nil {
		return nil, err
	}
	named := map[domain.ID][]domain.ID{}
	for _, entity := range entities {
		slugs := []string{entity.Slug}
		for _, slug := range former[entity.ID] {
			if holder := holders[slug]; holder != nil && holder.ID == entity.ID {
				slugs = append(slugs, slug)
			}
		}
		if named[entity.ID], err = r.index.Naming(ctx, slugs); err != nil {
			return nil, err
		}
	}
	return named, nil
}

// mentions reads a page of where each of some entities is spoken of.
func (r *Resolver) mentions(
	ctx context.Context, p knowledge.MentionsParams, entities []*db.Entity, codec read.CursorCodec,
) (mentionPages, error) {
	r.dependOnMentions(ctx, p.Entities)
	var err error
	if p.Named, err = r.naming(ctx, entities); err != nil {
		return nil, err
	}
	found, err := r.knowledge.Mentions(ctx, p)
	if err != nil {
		return nil, err
	}
	var documents, items []domain.ID
	for _, all := range found {
		for _, m := range all[:min(len(all), p.First)] {
			documents = append(documents, m.Document)
			if m.Item != 0 {
				items = append(items, m.Item)
			}
		}
	}
	rows, err := r.byID(ctx, sorted(documents))
	if err != nil {
		return nil, err
	}
	itemRows, err := rowsByID(ctx, r, catalog.Items, items)
	if err != nil {
		return nil, err
	}
	pages := mentionPages{}
	for _, entity := range entities {
		all := found[entity.ID]
		page := &model.Places[model.Mention]{Nodes: []*model.Mention{}, After: p.After != nil, More: len(all) > p.First}
		for _, m := range all[:min(len(all), p.First)] {
			mention := &model.Mention{Document: rows[m.Document], Item: itemRows[m.Item], Linked: m.Linked, Entity: entity}
			if mention.Document == nil {
				continue
			}
			headline, id := "", mentionStart
			if mention.Item != nil {
				headline, id = mention.Item.Headline, mention.Item.ID
			}
			if mention.DisplayName, err = r.nameWithin(ctx, mention.Document, headline); err != nil {
				return nil, err
			}
			cursor, err := encodePlace(codec, m.At, id)
			if err != nil {
				return nil, err
			}
			page.Nodes, page.Cursors = append(page.Nodes, mention), append(page.Cursors, cursor)
		}
		pages[entity.ID] = page
	}
	return pages, nil
}

// passageText is a text in which an entity may be spoken of.
type passageText struct {
	field, language string
	text            string
	// links renders a text that can have links, instead of text, and returns where those to the entity are.
	links func(context.Context) (string, []markdown.Span, error)
}

func (r mentionResolver) Passages(ctx context.Context, obj *model.Mention, first int) ([]*model.Passage, error) {
	var problems domain.Problems
	checkFirst(&problems, first, maxPassages)
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	out := []*model.Passage{}
	if first == 0 {
		return out, nil
	}
	texts, err := r.passageTexts(ctx, obj)
	if err != nil {
		return nil, err
	}
	for i := range texts {
		t := &texts[i]
		if t.links == nil {
			continue
		}
		text, links, err := t.links(ctx)
		if err != nil {
			return nil, err
		}
		t.text = text
		places := make([]analysis.Span, len(links))
		for i, l := range links {
			places[i] = analysis.Span(l)
		}
		out = append(out, passages(t, places, true, first-len(out))...)
	}
	if len(out) > 0 {
		return out, nil
	}
	matcher, err := namesMatcher(ctx, obj.Entity)
	if err != nil || matcher == nil {
		return out, err
	}
	for i := range texts {
		t := &texts[i]
		if len(out) == first {
			break
		}
		if t.text != "" {
			out = append(out, passages(t, matcher.Spans(t.text, t.language), false, first-len(out))...)
		}
	}
	return out, nil
}

// passages cuts the fragments of a text around places in it.
func passages(t *passageText, places []analysis.Span, link bool, limit int) []*model.Passage {
	var out []*model.Passage
	for _, s := range analysis.Around(t.text, t.language, places, passageColumns, limit) {
		snippet := snippetOf(t.field, s)
		out = append(out, &model.Passage{Field: t.field, Link: link, Text: snippet.Text, HTML: snippet.HTML, Spans: snippet.Spans})
	}
	return out
}

// namesMatcher returns a matcher for the names of an entity; nil without one that is long enough.
func namesMatcher(ctx context.Context, entity *db.Entity) (*analysis.Matcher, error) {
	names, err := catalog.EntityNames.List(ctx, entity)
	if err != nil {
		return nil, err
	}
	all := []string{entity.Name}
	for _, n := range names {
		all = append(all, n.Text)
	}
	var groups [][]analysis.Position
	for _, name := range all {
		const ideographs = 0x2E80
		long := utf8.RuneCountInString(name) >= shortestName
		for _, c := range name {
			long = long || c >= ideographs
		}
		if positions := analysis.Query(name, false); long && len(positions) > 0 {
			groups = append(groups, positions)
		}
	}
	if len(groups) == 0 {
		return nil, nil
	}
	return analysis.NewMatcher(groups), nil
}

// passageTexts returns the texts of what an entity is spoken of in, in the order of the passages.
func (r *Resolver) passageTexts(ctx context.Context, m *model.Mention) ([]passageText, error) {
	var texts []passageText
	language := ""
	add := func(field string, all ...string) {
		for _, text := range all {
			texts = append(texts, passageText{field: field, language: language, text: text})
		}
	}
	links := func(field string, read func(context.Context) (string, []markdown.Span, error)) {
		texts = append(texts, passageText{field: field, language: language, links: read})
	}
	switch d := m.Document.(type) {
	case *db.Report:
		language = d.Language
		add("title", d.Title)
		add("subtitle", deref(d.Subtitle))
		links("summary", linksIn(r, reportSummary, d, m.Entity.ID))
		add("question", deref(d.Question))
		add("keyFindings", d.KeyFindings...)
		links("body", linksIn(r, reportBody, d, m.Entity.ID))
	case *db.Narrative:
		add("title", d.Title)
		add("claim", d.Claim)
		links("description", linksIn(r, narrativeDescription, d, m.Entity.ID))
		links("assessment", linksIn(r, narrativeAssessment, d, m.Entity.ID))
		observations, err := catalog.NarrativeObservations.List(ctx, d)
		if err != nil {
			return nil, err
		}
		for _, o := range observations {
			language = deref(o.Language)
			add("observations", o.Description)
		}
	case *db.Edition:
		language = d.Language
		if m.Item == nil {
			links("introduction", linksIn(r, editionIntroduction, d, m.Entity.ID))
			return texts, nil
		}
		add("headline", m.Item.Headline)
		links("summary", linksIn(r, itemSummary, m.Item, m.Entity.ID))
		links("analysis", linksIn(r, itemAnalysis, m.Item, m.Entity.ID))
	case *db.Entity:
		links("description", linksIn(r, entityDescription, d, m.Entity.ID))
	case *db.Tag:
		links("description", linksIn(r, tagDescription, d, m.Entity.ID))
	}
	return texts, nil
}

// linksIn returns a function that renders a text of a row without markup, with the places of the links to an entity.
func linksIn[T any](r *Resolver, field textField[T], row *T, entity domain.ID) func(context.Context) (string, []markdown.Span, error) {
	return func(ctx context.Context) (string, []markdown.Span, error) {
		whole, err := read.WithFieldColumns(ctx, field.typ, row, field.name)
		if err != nil {
			return "", nil, err
		}
		src := field.of(whole)
		if src == nil {
			return "", nil, nil
		}
		known, err := field.names(ctx, r.texts, row)
		if err != nil {
			return "", nil, err
		}
		var slugs []string
		for slug, e := range known.entities {
			if e.ID == entity {
				slugs = append(slugs, slug)
			}
		}
		var text string
		var spans []markdown.Span
		if field.plain {
			text, spans = markdown.PlainTextLinks(*src, r.texts.names(known), slugs)
		} else {
			doc, err := r.texts.parse(ctx, *src)
			if err != nil {
				return "", nil, err
			}
			text, spans = doc.For(r.texts.names(known)).TextLinks(markdown.Whole, slugs)
		}
		return text, spans, bounded.CountText(ctx, len(text))
	}
}
