package read

import (
	"context"
	"slices"
	"sync"

	"github.com/redthread-api/redthread/internal/dependency"
	"github.com/redthread-api/redthread/internal/domain"
)

// MaxDependencies is the greatest number of keys of one response. With more it depends
// on all documents of the types concerned.
const MaxDependencies = 2048

// Dependencies records what the response to an operation depends on. It is safe for
// concurrent use.
//
// Everything that reads live for a response records it, before or after the read, by one
// of the functions DependOn…; they do nothing where the context records nothing:
//
//   - rows of documents that were read through an edge of another document, and found:
//     [DependOnRows]. What was not found is not recorded: the document that refers to it
//     changes when it becomes visible, and its id is not for the viewer.
//   - documents that the request or a text names, found or not: [DependOnRows] by id,
//     [DependOnNames] by slug;
//   - the documents that refer to others (the reports of tags), their number and the pages
//     of their list: [DependOnReferring], and [DependOnFilter] for the filter;
//   - a list, a page or the number of all documents of a type: [DependOnList].
//
// Rows that a document owns are its own: they need no call.
type Dependencies struct {
	mu    sync.Mutex
	keys  []dependency.Key
	clock bool
}

type dependenciesKey struct{}

// WithDependencies returns a context that records what is read.
func WithDependencies(ctx context.Context) (context.Context, *Dependencies) {
	d := &Dependencies{}
	return context.WithValue(ctx, dependenciesKey{}, d), d
}

func dependenciesOf(ctx context.Context) *Dependencies {
	d, _ := ctx.Value(dependenciesKey{}).(*Dependencies)
	return d
}

// DependOnClock records that the response is another one at another time, with the same content: it may not be cached.
func DependOnClock(ctx context.Context) {
	if d := dependenciesOf(ctx); d != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.clock = true
	}
}

// Clock reports whether the response depends on the clock.
func (d *Dependencies) Clock() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.clock
}

// Keys returns what was recorded, in order and each once: at most [MaxDependencies]. A
// response that has read nothing depends on nothing.
func (d *Dependencies) Keys() []dependency.Key {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.compact()
	return slices.Clone(d.keys)
}

func (d *Dependencies) add(keys ...dependency.Key) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keys = append(d.keys, keys...); len(d.keys) >= 2*MaxDependencies {
		d.compact()
	}
}

// addEach adds n keys.
func (d *Dependencies) addEach(n int, key func(i int) dependency.Key) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range n {
		d.keys = append(d.keys, key(i))
	}
	if len(d.keys) >= 2*MaxDependencies {
		d.compact()
	}
}

func (d *Dependencies) compact() { d.keys = dependency.Distinct(d.keys, MaxDependencies) }

// DependOnEverything records that the response depends on something that cannot be
// described, such as the history of changes.
func DependOnEverything(ctx context.Context) {
	if d := dependenciesOf(ctx); d != nil {
		d.add(dependency.Everything)
	}
}

// DependOnRows records that the response depends on the documents of a table with ids. It
// does nothing for rows that documents own.
func DependOnRows[I ~int64](ctx context.Context, t *Table, ids []I) {
	d := dependenciesOf(ctx)
	if d == nil || !t.Document.IsDocument() {
		return
	}
	d.addEach(len(ids), func(i int) dependency.Key { return dependency.Document(domain.ID(ids[i])) })
}

// dependOnFound is [DependOnRows] for rows.
func dependOnFound[T any](ctx context.Context, t *Type[T], rows []*T) {
	d := dependenciesOf(ctx)
	if d == nil || !t.Document.IsDocument() {
		return
	}
	d.addEach(len(rows), func(i int) dependency.Key { return dependency.Document(t.ID(rows[i])) })
}

// DependOnNames records that the response depends on which documents of a table have, or
// had, the slugs, and on these documents.
func DependOnNames(ctx context.Context, t *Table, slugs ...string) {
	d := dependenciesOf(ctx)
	if d == nil {
		return
	}
	d.addEach(len(slugs), func(i int) dependency.Key { return dependency.Name(t.Document, slugs[i]) })
}

// DependOnReferring records that the response depends on the documents of a table that
// refer to those with ids.
func DependOnReferring[I ~int64](ctx context.Context, t *Table, ids []I) {
	d := dependenciesOf(ctx)
	if d == nil || !t.Document.IsDocument() {
		return
	}
	d.addEach(len(ids), func(i int) dependency.Key { return dependency.Referring(t.Document, domain.ID(ids[i])) })
}

// dependOnList records what the lists of a relation depend on, besides the rows to which
// it leads from documents that refer to them.
func (rel *Relation) dependOnList(ctx context.Context, r *Reader, owners []int64) {
	if !rel.path.forward() {
		DependOnReferring(ctx, rel.To, owners)
	}
	DependOnFilter(ctx, r, rel.To, rel.where)
}

// dependOnPages records what the pages and the counts of a relation depend on, besides the
// rows of its pages. A document that the owners refer to and that no page has matters where
// a filter or an order chooses by its content.
func (rel *Relation) dependOnPages(ctx context.Context, r *Reader, owners []int64, filter map[string]any, p *plan) {
	switch {
	case !rel.path.forward():
		DependOnReferring(ctx, rel.To, owners)
	case len(filter) > 0 || !p.order.byPosition:
		DependOnList(ctx, r, rel.To, nil)
	}
	DependOnFilter(ctx, r, rel.To, filter)
}

// dependOnRows is [DependOnRows] for rows that were read.
func dependOnRows(ctx context.Context, t *Table, rows *Rows) {
	d := dependenciesOf(ctx)
	if d == nil || !t.Document.IsDocument() {
		return
	}
	keys := make([]dependency.Key, rows.Len())
	for i := range keys {
		keys[i] = dependency.Document(domain.ID(rows.ID(i)))
	}
	d.add(keys...)
}

// DependOnList records that the response depends on the documents of a table that match a
// filter: on all of the type, or on those that refer to the documents that the filter names.
func DependOnList(ctx context.Context, r *Reader, t *Table, filter map[string]any) {
	d := dependenciesOf(ctx)
	if d == nil {
		return
	}
	if !r.dependOnFilter(d, t, filter, true) {
		d.add(dependency.List(t.Document))
	}
}

// DependOnFilter records that the response depends on the documents that relations of a
// filter lead to.
func DependOnFilter(ctx context.Context, r *Reader, t *Table, filter map[string]any) {
	if d := dependenciesOf(ctx); d != nil {
		r.dependOnFilter(d, t, filter, false)
	}
}

// dependOnFilter records what a filter of rows of a table depends on besides the rows. all
// says that a row must match the whole filter. It returns whether keys were recorded that
// all documents which match, or matched, refer to.
func (r *Reader) dependOnFilter(d *Dependencies, t *Table, filter map[string]any, all bool) (narrowed bool) {
	for name, raw := range filter {
		switch name {
		case "and":
			for _, raw := range list(raw) {
				inner, _ := raw.(map[string]any)
				narrowed = r.dependOnFilter(d, t, inner, all) || narrowed
			}
			continue
		case "or":
			for _, raw := range list(raw) {
				inner, _ := raw.(map[string]any)
				r.dependOnFilter(d, t, inner, false)
			}
			continue
		case "not":
			inner, _ := raw.(map[string]any)
			r.dependOnFilter(d, t, inner, false)
			continue
		case within:
			if t.Tree != "" && raw != nil {
				d.add(dependency.List(t.Document)) // any of them may be in the branch, or lead to one that is
			}
			continue
		}
		path, ok := t.Relations[name]
		inner, isObject := raw.(map[string]any)
		if !ok || !isObject {
			continue
		}
		target := r.tables[path.Target]
		r.dependOnFilter(d, target, inner, false)
		names, ok := namesIn(inner)
		switch {
		case !target.Document.IsDocument(): // the document of this row owns them
		case len(inner) == 0 && path.forward(): // it changes this row's document whether one is visible
		case !ok:
			d.add(dependency.List(target.Document))
		default:
			refers := all && t.Document.IsDocument() && path.forward()
			for _, name := range names {
				d.dependOnName(t, target, name, refers)
			}
			narrowed = narrowed || refers
		}
	}
	return narrowed
}

// dependOnName records that a filter of documents of t names a document of target, and, if
// refers, that the list has only such as refer to it.
func (d *Dependencies) dependOnName(t, target *Table, name string, refers bool) {
	id, err := domain.ParseID(name)
	if err == nil {
		d.add(dependency.Document(id))
	} else {
		d.add(dependency.Name(target.Document, name))
	}
	switch {
	case !refers:
	case err == nil:
		d.add(dependency.Referring(t.Document, id))
	default:
		d.add(dependency.ReferringToName(t.Document, target.Document, name))
	}
}

// forward reports whether the document at the beginning of the path has the reference.
func (p Path) forward() bool {
	return p.Column != "" || p.Link != nil && p.Link.Position != ""
}

// namesIn returns the ids and slugs of which a document must have one to match a filter;
// ok is false where the filter names none.
func namesIn(filter map[string]any) (names []string, ok bool) {
	if names, ok := namedBy(filter["slug"]); ok {
		return names, true
	}
	return namedBy(filter["id"])
}

// namedBy returns the texts of which a condition wants one.
func namedBy(condition any) (texts []string, ok bool) {
	operators, _ := condition.(map[string]any)
	for _, name := range []string{"eq", "in"} {
		if operators[name] == nil {
			continue
		}
		for _, value := range list(operators[name]) {
			text, ok := value.(string)
			if !ok {
				return nil, false
			}
			texts = append(texts, text)
		}
		return texts, true
	}
	return nil, false
}
