package graph

import (
	"context"
	"unicode/utf8"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/markdown"
	"github.com/redthread-api/redthread/internal/search/analysis"
)

// The values of the enum SearchField.
const (
	fieldTitle   = "TITLE"
	fieldNames   = "NAMES"
	fieldSummary = "SUMMARY"
	fieldBody    = "BODY"
)

const (
	snippetColumns = 180
	titleColumns   = 1000 // titles are shown whole
	maxSnippets    = 10
)

// searchText is a text in which words of a query may stand. Long ones are read when they are needed.
type searchText struct {
	field, language, text string
	load                  func(context.Context) (*string, error) // instead of text
}

func (r edgeResolver) Field(ctx context.Context, obj *model.SearchResultEdge) (*string, error) {
	if obj.Matcher == nil {
		return nil, nil
	}
	var field *string
	err := r.eachMatch(ctx, obj, func(t searchText, _ string) bool {
		field = &t.field
		return false
	})
	return field, err
}

func (r edgeResolver) Snippets(ctx context.Context, obj *model.SearchResultEdge, first int) ([]*model.Snippet, error) {
	var problems domain.Problems
	checkFirst(&problems, first, maxSnippets)
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	out := []*model.Snippet{}
	if obj.Matcher == nil || first == 0 {
		return out, nil
	}
	err := r.eachMatch(ctx, obj, func(t searchText, text string) bool {
		columns := snippetColumns
		if t.field == fieldTitle || t.field == fieldNames {
			columns = titleColumns
		}
		for _, s := range obj.Matcher.Snippets(text, t.language, columns, 1) {
			out = append(out, snippetOf(t.field, s))
		}
		return len(out) < first
	})
	return out, err
}

func snippetOf(field string, s analysis.Snippet) *model.Snippet {
	out := &model.Snippet{Field: field, Text: s.Text, HTML: analysis.HTML(s), Spans: []*model.Span{}}
	for _, span := range s.Spans {
		start := utf8.RuneCountInString(s.Text[:span.Start])
		out.Spans = append(out.Spans, &model.Span{Start: start, End: start + utf8.RuneCountInString(s.Text[span.Start:span.End])})
	}
	return out
}

// eachMatch calls f for each text of a result in which words of the query stand, until it returns false.
func (r edgeResolver) eachMatch(ctx context.Context, obj *model.SearchResultEdge, f func(t searchText, text string) bool) error {
	texts, err := r.searchTexts(ctx, obj.Node)
	if err != nil {
		return err
	}
	for _, t := range texts {
		text := t.text
		if t.load != nil {
			loaded, err := t.load(ctx)
			if err != nil {
				return err
			}
			if loaded != nil {
				text = *loaded
			}
		}
		if text != "" && len(obj.Matcher.Spans(text, t.language)) > 0 && !f(t, text) {
			return nil
		}
	}
	return nil
}

// searchTexts returns the texts of a result, as the index has them.
func (r *Resolver) searchTexts(ctx context.Context, node model.SearchResult) ([]searchText, error) {
	var texts []searchText
	language := ""
	add := func(field string, all ...string) {
		for _, text := range all {
			texts = append(texts, searchText{field: field, language: language, text: text})
		}
	}
	optional := func(field string, text *string) {
		if text != nil {
			add(field, *text)
		}
	}
	load := func(field string, f func(context.Context) (*string, error)) {
		texts = append(texts, searchText{field: field, language: language, load: f})
	}
	switch row := node.(type) {
	case *db.Report:
		whole, err := read.WithFieldColumns(ctx, catalog.Reports, row, "summary")
		if err != nil {
			return nil, err
		}
		language = whole.Language
		add(fieldTitle, whole.Title)
		optional(fieldSummary, whole.Subtitle)
		load(fieldSummary, func(ctx context.Context) (*string, error) {
			return reportSummary.renderPlain(ctx, r.texts, row, formatText)
		})
		optional(fieldSummary, whole.Question)
		add(fieldSummary, whole.KeyFindings...)
		load(fieldBody, plainText(r, reportBody, row))
	case *db.Narrative:
		add(fieldTitle, row.Title)
		add(fieldSummary, row.Claim)
		load(fieldBody, plainText(r, narrativeDescription, row))
		load(fieldBody, plainText(r, narrativeAssessment, row))
		observations, err := catalog.NarrativeObservations.List(ctx, row)
		if err != nil {
			return nil, err
		}
		for _, o := range observations {
			add(fieldBody, o.Description)
		}
	case *db.Entity:
		if row.Language != nil {
			language = *row.Language
		}
		add(fieldTitle, row.Name)
		names, err := catalog.EntityNames.List(ctx, row)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			add(fieldNames, n.Text)
		}
		identifiers, err := catalog.EntityIdentifiers.List(ctx, row)
		if err != nil {
			return nil, err
		}
		for _, i := range identifiers {
			add(fieldNames, i.Value)
		}
		load(fieldSummary, plainText(r, entityDescription, row))
	case *db.Tag:
		add(fieldTitle, row.Label)
		load(fieldSummary, plainText(r, tagDescription, row))
	case *db.Source:
		if row.Language != nil {
			language = *row.Language
		}
		add(fieldTitle, row.Title)
		optional(fieldNames, row.Publisher)
		optional(fieldBody, row.URL)
	case *db.Edition:
		language = row.Language
		add(fieldTitle, row.Title)
		load(fieldSummary, plainText(r, editionIntroduction, row))
	case *db.EditionItem:
		edition, err := catalog.ItemEdition.One(ctx, row)
		if err != nil {
			return nil, err
		}
		if edition != nil {
			language = edition.Language
		}
		add(fieldTitle, row.Headline)
		load(fieldSummary, plainText(r, itemSummary, row))
		load(fieldBody, plainText(r, itemAnalysis, row))
	}
	return texts, nil
}

// plainText returns a function that renders a text of a row without Markdown.
func plainText[T any](r *Resolver, field textField[T], row *T) func(context.Context) (*string, error) {
	return func(ctx context.Context) (*string, error) {
		return field.render(ctx, r.texts, row, formatText, markdown.Whole)
	}
}
