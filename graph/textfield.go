package graph

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/bounded"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/markdown"
)

// The values of the enum TextFormat.
const (
	formatMarkdown = "MARKDOWN"
	formatHTML     = "HTML"
	formatText     = "TEXT"
)

// textRenderer renders Markdown in the formats of the schema. It caches parsed
// texts.
type textRenderer struct {
	entityURL string

	mu     sync.Mutex
	parsed *simplelru.LRU[string, *markdown.Document]
	bytes  int // of the texts in parsed
}

// The bounds of the cache of parsed texts. A parsed text takes some ten times the
// memory of the text. Long texts are cached too: parsing one again for each
// format of an operation would take longer than anything else.
const (
	maxParsedTexts = 1000
	maxParsedBytes = 16 << 20
)

func newTextRenderer(entityURL string) *textRenderer {
	if entityURL == "" {
		entityURL = "/entities/{slug}"
	}
	t := &textRenderer{entityURL: entityURL}
	parsed, err := simplelru.NewLRU(maxParsedTexts, func(src string, _ *markdown.Document) { t.bytes -= len(src) })
	if err != nil {
		panic(err) // only for a size below one
	}
	t.parsed = parsed
	return t
}

// parse returns a parsed text, from the cache where it is there.
func (t *textRenderer) parse(ctx context.Context, src string) (*markdown.Document, error) {
	t.mu.Lock()
	doc, ok := t.parsed.Get(src)
	t.mu.Unlock()
	if ok {
		return doc, nil
	}
	if err := bounded.CountText(ctx, len(src)); err != nil {
		return nil, err
	}
	doc = markdown.Parse(src)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.parsed.Contains(src) {
		t.parsed.Add(src, doc)
		for t.bytes += len(src); t.bytes > maxParsedBytes; {
			t.parsed.RemoveOldest()
		}
	}
	return doc, nil
}

// textField describes a text field of a type.
type textField[T any] struct {
	name  string
	typ   *read.Type[T]
	of    func(*T) *string
	plain bool // the text is not Markdown, but can name entities
}

// The Markdown fields.
var (
	reportBody              = textField[db.Report]{name: "body", typ: catalog.Reports, of: func(r *db.Report) *string { return &r.Body }}
	reportSummary           = textField[db.Report]{name: "summary", typ: catalog.Reports, of: func(r *db.Report) *string { return r.Summary }, plain: true}
	narrativeDescription    = textField[db.Narrative]{name: "description", typ: catalog.Narratives, of: func(n *db.Narrative) *string { return n.Description }}
	narrativeAssessment     = textField[db.Narrative]{name: "assessment", typ: catalog.Narratives, of: func(n *db.Narrative) *string { return n.Assessment }}
	entityDescription       = textField[db.Entity]{name: "description", typ: catalog.Entities, of: func(e *db.Entity) *string { return e.Description }}
	relationshipDescription = textField[db.Relationship]{name: "description", typ: catalog.Relationships, of: func(r *db.Relationship) *string { return r.Description }}
	tagDescription          = textField[db.Tag]{name: "description", typ: catalog.Tags, of: func(t *db.Tag) *string { return t.Description }}
	seriesDescription       = textField[db.Series]{name: "description", typ: catalog.Series, of: func(s *db.Series) *string { return s.Description }}
	editionIntroduction     = textField[db.Edition]{name: "introduction", typ: catalog.Editions, of: func(e *db.Edition) *string { return e.Introduction }}
	itemSummary             = textField[db.EditionItem]{name: "summary", typ: catalog.Items, of: func(i *db.EditionItem) *string { return &i.Summary }}
	itemAnalysis            = textField[db.EditionItem]{name: "analysis", typ: catalog.Items, of: func(i *db.EditionItem) *string { return i.Analysis }}
)

// document returns the parsed text of a row; nil where it has none.
func (p textField[T]) document(ctx context.Context, t *textRenderer, row *T) (*markdown.Document, error) {
	whole, err := read.WithFieldColumns(ctx, p.typ, row, p.name)
	if err != nil {
		return nil, err
	}
	src := p.of(whole)
	if src == nil {
		return nil, nil
	}
	return t.parse(ctx, *src)
}

// rendering returns the text of a row as the viewer sees it; nil where it has none.
func (p textField[T]) rendering(ctx context.Context, t *textRenderer, row *T) (*markdown.Rendering, error) {
	doc, err := p.document(ctx, t, row)
	if err != nil || doc == nil {
		return nil, err
	}
	known, err := p.names(ctx, t, row)
	if err != nil {
		return nil, err
	}
	return doc.For(t.names(known)), nil
}

// render returns a part of the text of a row in a format; nil where it has none.
func (p textField[T]) render(ctx context.Context, t *textRenderer, row *T, format string, part markdown.Part) (*string, error) {
	if format == formatMarkdown {
		return p.source(ctx, t, row, part)
	}
	rendering, err := p.rendering(ctx, t, row)
	if err != nil || rendering == nil {
		return nil, err
	}
	if format == formatText {
		return withinSize(ctx, rendering.Text(part))
	}
	return withinSize(ctx, rendering.HTML(part))
}

// renderPlain returns the plain text of a row in a format; nil where it has none.
func (p textField[T]) renderPlain(ctx context.Context, t *textRenderer, row *T, format string) (*string, error) {
	whole, err := read.WithFieldColumns(ctx, p.typ, row, p.name)
	if err != nil {
		return nil, err
	}
	src := p.of(whole)
	if src == nil || isPlainSource(*src, format) {
		return src, nil
	}
	known, err := p.names(ctx, t, row)
	if err != nil {
		return nil, err
	}
	if format == formatText {
		return withinSize(ctx, markdown.PlainText(*src, t.names(known)))
	}
	return withinSize(ctx, markdown.PlainHTML(*src, t.names(known)))
}

// source returns a part of the Markdown of a row.
func (p textField[T]) source(ctx context.Context, t *textRenderer, row *T, part markdown.Part) (*string, error) {
	if part == markdown.Whole {
		whole, err := read.WithFieldColumns(ctx, p.typ, row, p.name)
		if err != nil {
			return nil, err
		}
		return p.of(whole), nil
	}
	doc, err := p.document(ctx, t, row)
	if err != nil || doc == nil {
		return nil, err
	}
	return withinSize(ctx, doc.WithoutNotes())
}

// withinSize returns a text that was rendered for the response, or an error where
// the response would be too large.
func withinSize(ctx context.Context, text string) (*string, error) {
	if err := bounded.CountText(ctx, len(text)); err != nil {
		return nil, err
	}
	return &text, nil
}

// namedRows has the rows that texts name and the viewer may see, by slug.
type namedRows struct {
	entities map[string]*db.Entity
	sources  map[string]*db.Source
}

// names returns the rows by the names in a text, for package markdown.
func (t *textRenderer) names(k namedRows) markdown.Names {
	return markdown.Names{
		Entity: func(slug string) (href, name string, ok bool) {
			e := k.entities[slug]
			if e == nil {
				return "", "", false
			}
			return strings.ReplaceAll(t.entityURL, "{slug}", url.PathEscape(e.Slug)), e.Name, true
		},
		Source: func(slug string) (href, title string, ok bool) {
			s := k.sources[slug]
			if s == nil {
				return "", "", false
			}
			return deref(s.URL), s.Title, true
		},
	}
}

// names reads the rows that the texts of a row's whole batch name: one statement
// for the entities, and one for the sources that footnotes cite.
func (p textField[T]) names(ctx context.Context, t *textRenderer, row *T) (namedRows, error) {
	name := "names in " + p.name
	if k, ok, err := read.Loaded[T, namedRows](p.typ, row, name); ok || err != nil {
		return k, err
	}
	whole := map[*T]*T{}
	for _, row := range read.BatchRows(p.typ, row) {
		w, err := read.WithFieldColumns(ctx, p.typ, row, p.name)
		if err != nil {
			return namedRows{}, err
		}
		whole[row] = w
	}
	return read.LoadBatch(ctx, p.typ, row, name, func(ctx context.Context, r *read.Reader, rows []*T) (namedRows, error) {
		texts := make([]string, 0, len(rows))
		for _, row := range rows {
			if src := p.of(whole[row]); src != nil {
				texts = append(texts, *src)
			}
		}
		return t.namedIn(ctx, r, texts, p.plain)
	})
}

// namedIn reads the rows that texts name. Plain texts are not Markdown.
func (t *textRenderer) namedIn(ctx context.Context, r *read.Reader, texts []string, plain bool) (namedRows, error) {
	var entities, sources []string
	for _, src := range texts {
		var mentions []markdown.Mention
		if plain {
			mentions = markdown.PlainMentions(src)
		} else {
			doc, err := t.parse(ctx, src)
			if err != nil {
				return namedRows{}, err
			}
			mentions = doc.Mentions()
			sources = append(sources, doc.Sources()...)
		}
		for _, m := range mentions {
			entities = append(entities, m.Slug)
		}
	}
	var k namedRows
	var err error
	if k.entities, err = read.BySlugs(ctx, r, catalog.Entities, distinct(entities)); err != nil {
		return namedRows{}, err
	}
	k.sources, err = read.BySlugs(ctx, r, catalog.Sources, distinct(sources))
	return k, err
}

func distinct(slugs []string) []string {
	slices.Sort(slugs)
	return slices.Compact(slugs)
}

// note returns a footnote of a report in a format. The number of a footnote that
// was read is one in the text that was read with it.
func (t *textRenderer) note(ctx context.Context, f *db.Footnote, format string) (string, error) {
	report := read.OwnerOf(catalog.Reports, catalog.Footnotes, f, f.ReportID)
	if report == nil {
		return f.Text, nil
	}
	rendering, err := reportBody.rendering(ctx, t, report)
	if err != nil || rendering == nil {
		return "", err
	}
	var text string
	switch format {
	case formatMarkdown:
		text = rendering.NoteMarkdown(f.Number)
	case formatHTML:
		text = rendering.NoteHTML(f.Number)
	default:
		text = rendering.NoteText(f.Number)
	}
	return text, bounded.CountText(ctx, len(text))
}
