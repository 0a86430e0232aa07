package graph

import (
	"context"
	"strings"

	"github.com/redthread-api/redthread/graph/bounded"
	"github.com/redthread-api/redthread/graph/plan"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/markdown"
)

// plannedTexts renders texts for plans, as the resolvers of text fields do.
type plannedTexts struct{ *textRenderer }

var _ plan.Renderer = plannedTexts{}

// IsSource implements plan.Renderer.
func (plannedTexts) IsSource(text []byte, format string, notes, plain bool) bool {
	if plain {
		return isPlainSource(text, format)
	}
	return format == formatMarkdown && notes
}

// isPlainSource reports whether a plain text is the same in a format as it is stored.
func isPlainSource[T string | []byte](text T, format string) bool {
	return format == formatMarkdown || format == formatText && !strings.Contains(string(text), "[[")
}

// Names implements plan.Renderer.
func (t plannedTexts) Names(ctx context.Context, r *read.Reader, texts []string, plain bool) (any, error) {
	return t.namedIn(ctx, r, texts, plain)
}

// Render implements plan.Renderer.
func (t plannedTexts) Render(ctx context.Context, text, format string, notes, plain bool, names func() (any, error)) (string, error) {
	out, err := t.rendered(ctx, text, format, notes, plain, func() (markdown.Names, error) {
		known, err := names()
		rows, _ := known.(namedRows)
		return t.names(rows), err
	})
	if err != nil {
		return "", err
	}
	return out, bounded.CountText(ctx, len(out))
}

func (t plannedTexts) rendered(ctx context.Context, text, format string, notes, plain bool, names func() (markdown.Names, error)) (string, error) {
	if plain {
		known, err := names()
		if err != nil {
			return "", err
		}
		if format == formatText {
			return markdown.PlainText(text, known), nil
		}
		return markdown.PlainHTML(text, known), nil
	}
	doc, err := t.parse(ctx, text)
	if err != nil {
		return "", err
	}
	if format == formatMarkdown { // as it is stored with notes
		return doc.WithoutNotes(), nil
	}
	known, err := names()
	if err != nil {
		return "", err
	}
	part := markdown.Whole
	if !notes {
		part = markdown.Body
	}
	if format == formatText {
		return doc.For(known).Text(part), nil
	}
	return doc.For(known).HTML(part), nil
}
