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

// The formats of a text.
const (
	formatMarkdown = "MARKDOWN"
	formatHTML     = "HTML"
	formatText     = "TEXT"
)

// texts turns Markdown into the formats that are asked for.
type texts struct {
	entityURL string

	mu     sync.Mutex
	parsed *simplelru.LRU[string, *markdown.Document]
	bytes  int // of the texts that are kept parsed
}

// The bounds of what is kept parsed. A parsed text takes some ten times the
// room of the text. Long ones are kept, too: to parse one anew each time that
// an operation has it in another format takes longer than anything else.
const (
	cachedTexts = 1000
	cachedBytes = 16 << 20
)

func newTexts(entityURL string) *texts {
	if entityURL == "" {
		entityURL = "/entities/{slug}"
	}
	t := &texts{entityURL: entityURL}
	parsed, err := simplelru.NewLRU(cachedTexts, func(src string, _ *markdown.Document) { t.bytes -= len(src) })
	if err != nil {
		panic(err) // only for a size below one
	}
	t.parsed = parsed
	return t
}

// parse reads a text, or finds it read.
func (t *texts) parse(ctx context.Context, src string) (*markdown.Document, error) {
	t.mu.Lock()
	doc, ok := t.parsed.Get(src)
	t.mu.Unlock()
	if ok {
		return doc, nil
	}
	if err := bounded.Text(ctx, len(src)); err != nil {
		return nil, err
	}
	doc = markdown.Parse(src)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.parsed.Contains(src) {
		t.parsed.Add(src, doc)
		for t.bytes += len(src); t.bytes > cachedBytes; {
			t.parsed.RemoveOldest()
		}
	}
	return doc, nil
}

// prose is a Markdown field of a type.
type prose[T any] struct {
	name  string
	typ   *read.Type[T]
	of    func(*T) *string
	plain bool // it is no Markdown, but may name entities
}

// The Markdown fields.
var (
	reportBody              = prose[db.Report]{name: "body", typ: catalog.Reports, of: func(r *db.Report) *string { return &r.Body }}
	reportSummary           = prose[db.Report]{name: "summary", typ: catalog.Reports, of: func(r *db.Report) *string { return r.Summary }, plain: true}
	narrativeDescription    = prose[db.Narrative]{name: "description", typ: catalog.Narratives, of: func(n *db.Narrative) *string { return n.Description }}
	narrativeAssessment     = prose[db.Narrative]{name: "assessment", typ: catalog.Narratives, of: func(n *db.Narrative) *string { return n.Assessment }}
	entityDescription       = prose[db.Entity]{name: "description", typ: catalog.Entities, of: func(e *db.Entity) *string { return e.Description }}
	relationshipDescription = prose[db.Relationship]{name: "description", typ: catalog.Relationships, of: func(r *db.Relationship) *string { return r.Description }}
	tagDescription          = prose[db.Tag]{name: "description", typ: catalog.Tags, of: func(t *db.Tag) *string { return t.Description }}
	editionIntroduction     = prose[db.Edition]{name: "introduction", typ: catalog.Editions, of: func(e *db.Edition) *string { return e.Introduction }}
	itemSummary             = prose[db.EditionItem]{name: "summary", typ: catalog.Items, of: func(i *db.EditionItem) *string { return &i.Summary }}
	itemAnalysis            = prose[db.EditionItem]{name: "analysis", typ: catalog.Items, of: func(i *db.EditionItem) *string { return i.Analysis }}
)

// document returns the parsed text of a row; nil where it has none.
func (p prose[T]) document(ctx context.Context, t *texts, row *T) (*markdown.Document, error) {
	whole, err := read.With(ctx, p.typ, row, p.name)
	if err != nil {
		return nil, err
	}
	src := p.of(whole)
	if src == nil {
		return nil, nil
	}
	return t.parse(ctx, *src)
}

// reading returns the text of a row as the viewer sees it; nil where it has none.
func (p prose[T]) reading(ctx context.Context, t *texts, row *T) (*markdown.Reading, error) {
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
func (p prose[T]) render(ctx context.Context, t *texts, row *T, format string, part markdown.Part) (*string, error) {
	if format == formatMarkdown {
		return p.written(ctx, t, row, part)
	}
	reading, err := p.reading(ctx, t, row)
	if err != nil || reading == nil {
		return nil, err
	}
	if format == formatText {
		return made(ctx, reading.Text(part))
	}
	return made(ctx, reading.HTML(part))
}

// filled returns the plain text of a row in a format; nil where it has none.
func (p prose[T]) filled(ctx context.Context, t *texts, row *T, format string) (*string, error) {
	whole, err := read.With(ctx, p.typ, row, p.name)
	if err != nil {
		return nil, err
	}
	src := p.of(whole)
	if src == nil || format == formatMarkdown || format == formatText && !strings.Contains(*src, "[[") {
		return src, nil
	}
	known, err := p.names(ctx, t, row)
	if err != nil {
		return nil, err
	}
	if format == formatText {
		return made(ctx, markdown.PlainText(*src, t.names(known)))
	}
	return made(ctx, markdown.PlainHTML(*src, t.names(known)))
}

// written returns a part of the text of a row as it was written.
func (p prose[T]) written(ctx context.Context, t *texts, row *T, part markdown.Part) (*string, error) {
	if part == markdown.Whole {
		whole, err := read.With(ctx, p.typ, row, p.name)
		if err != nil {
			return nil, err
		}
		return p.of(whole), nil
	}
	doc, err := p.document(ctx, t, row)
	if err != nil || doc == nil {
		return nil, err
	}
	return made(ctx, doc.WithoutNotes())
}

// made passes a text on that was made for the answer, if there is room for it.
func made(ctx context.Context, text string) (*string, error) {
	if err := bounded.Text(ctx, len(text)); err != nil {
		return nil, err
	}
	return &text, nil
}

// known is what texts name and the viewer may see, by the slugs in the texts.
type known struct {
	entities map[string]*db.Entity
	sources  map[string]*db.Source
}

// names are what is known, for a text.
func (t *texts) names(k known) markdown.Names {
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

// names reads what the texts of a row's whole batch name, at once: a statement
// for the entities, and one for the sources that notes cite.
func (p prose[T]) names(ctx context.Context, t *texts, row *T) (known, error) {
	name := "names in " + p.name
	if k, ok, err := read.Loaded[T, known](p.typ, row, name); ok || err != nil {
		return k, err
	}
	whole := map[*T]*T{}
	for _, row := range read.Rows(p.typ, row) {
		w, err := read.With(ctx, p.typ, row, p.name)
		if err != nil {
			return known{}, err
		}
		whole[row] = w
	}
	return read.Together(ctx, p.typ, row, name, func(ctx context.Context, r *read.Reader, rows []*T) (known, error) {
		var entities, sources []string
		for _, row := range rows {
			src := p.of(whole[row])
			if src == nil {
				continue
			}
			mentions := markdown.PlainMentions
			if !p.plain {
				doc, err := t.parse(ctx, *src)
				if err != nil {
					return known{}, err
				}
				mentions = func(string) []markdown.Mention { return doc.Mentions() }
				sources = append(sources, doc.Sources()...)
			}
			for _, m := range mentions(*src) {
				entities = append(entities, m.Slug)
			}
		}
		var k known
		var err error
		if k.entities, err = read.BySlugs(ctx, r, catalog.Entities, distinct(entities)); err != nil {
			return known{}, err
		}
		k.sources, err = read.BySlugs(ctx, r, catalog.Sources, distinct(sources))
		return k, err
	})
}

func distinct(slugs []string) []string {
	slices.Sort(slugs)
	return slices.Compact(slugs)
}

// note returns a note of a report in a format. A row that was read has the
// number of a note in the text that was read with it.
func (t *texts) note(ctx context.Context, f *db.Footnote, format string) (string, error) {
	report := read.OwnerOf(catalog.Reports, catalog.Footnotes, f, f.ReportID)
	if report == nil {
		return f.Text, nil
	}
	reading, err := reportBody.reading(ctx, t, report)
	if err != nil || reading == nil {
		return "", err
	}
	var text string
	switch format {
	case formatMarkdown:
		text = reading.NoteMarkdown(f.Number)
	case formatHTML:
		text = reading.NoteHTML(f.Number)
	default:
		text = reading.NoteText(f.Number)
	}
	return text, bounded.Text(ctx, len(text))
}
