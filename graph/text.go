package graph

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/redthread-api/redthread/ent"
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
	name string
	typ  *read.Type[T]
	of   func(*T) *string
}

// The Markdown fields.
var (
	reportBody              = prose[ent.Report]{"body", catalog.Reports, func(r *ent.Report) *string { return &r.Body }}
	narrativeDescription    = prose[ent.Narrative]{"description", catalog.Narratives, func(n *ent.Narrative) *string { return n.Description }}
	narrativeAssessment     = prose[ent.Narrative]{"assessment", catalog.Narratives, func(n *ent.Narrative) *string { return n.Assessment }}
	entityDescription       = prose[ent.Entity]{"description", catalog.Entities, func(e *ent.Entity) *string { return e.Description }}
	relationshipDescription = prose[ent.Relationship]{"description", catalog.Relationships, func(r *ent.Relationship) *string { return r.Description }}
	tagDescription          = prose[ent.Tag]{"description", catalog.Tags, func(t *ent.Tag) *string { return t.Description }}
	editionIntroduction     = prose[ent.Edition]{"introduction", catalog.Editions, func(e *ent.Edition) *string { return e.Introduction }}
	itemSummary             = prose[ent.EditionItem]{"summary", catalog.Items, func(i *ent.EditionItem) *string { return &i.Summary }}
	itemAnalysis            = prose[ent.EditionItem]{"analysis", catalog.Items, func(i *ent.EditionItem) *string { return i.Analysis }}
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

// render returns the text of a row in a format; nil where it has none.
func (p prose[T]) render(ctx context.Context, t *texts, row *T, format string) (*string, error) {
	whole, err := read.With(ctx, p.typ, row, p.name)
	if err != nil {
		return nil, err
	}
	src := p.of(whole)
	if src == nil || format == formatMarkdown {
		return src, nil
	}
	doc, err := t.parse(ctx, *src)
	if err != nil {
		return nil, err
	}
	if format == formatText {
		text := doc.Text()
		return &text, nil
	}
	// A text becomes longer as HTML, but seldom by much.
	if err := bounded.Text(ctx, len(*src)); err != nil {
		return nil, err
	}
	named, err := p.entities(ctx, t, row)
	if err != nil {
		return nil, err
	}
	html := doc.HTML(func(slug string) (href, name string, ok bool) {
		e := named[slug]
		if e == nil {
			return "", "", false
		}
		return strings.ReplaceAll(t.entityURL, "{slug}", url.PathEscape(e.Slug)), e.Name, true
	})
	return &html, nil
}

// entities returns the entities that the texts of a row's whole batch name and
// the viewer may see, by the slugs in the texts. It reads them at once.
func (p prose[T]) entities(ctx context.Context, t *texts, row *T) (map[string]*ent.Entity, error) {
	whole := map[*T]*T{}
	for _, row := range read.Rows(p.typ, row) {
		w, err := read.With(ctx, p.typ, row, p.name)
		if err != nil {
			return nil, err
		}
		whole[row] = w
	}
	return read.Together(ctx, p.typ, row, "entities in "+p.name, func(ctx context.Context, r *read.Reader, rows []*T) (map[string]*ent.Entity, error) {
		var slugs []string
		for _, row := range rows {
			src := p.of(whole[row])
			if src == nil {
				continue
			}
			doc, err := t.parse(ctx, *src)
			if err != nil {
				return nil, err
			}
			for _, m := range doc.Mentions() {
				slugs = append(slugs, m.Slug)
			}
		}
		slices.Sort(slugs)
		return read.BySlugs(ctx, r, catalog.Entities, slices.Compact(slugs))
	})
}
