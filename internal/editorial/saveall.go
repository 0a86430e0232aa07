package editorial

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
)

// MaxSaveAll bounds the documents of one [Desk.SaveAll], for which other writers wait.
const MaxSaveAll = 500

// SaveOutcome is what became of one document of [Desk.SaveAll].
type SaveOutcome struct {
	SaveResult
	Err error // why the document was not saved; nil if it was
}

// SaveAll saves documents as [Desk.Save] does with the mode Upsert, one after another and
// in one transaction. Each needs a slug. A document may refer to those before it. One that
// is refused has an error in its outcome, and does not stop the others. New documents that
// follow each other are written with few statements, get one entry in the audit log, and
// no warnings. An error of SaveAll itself says that nothing was saved.
func (d *Desk) SaveAll(ctx context.Context, docs []SaveParams) ([]SaveOutcome, error) {
	if len(docs) > MaxSaveAll {
		return nil, domain.Invalid("%d documents are more than %d", len(docs), MaxSaveAll)
	}
	viewer, err := d.authorize(ctx, domain.WriteDrafts)
	if err != nil {
		return nil, err
	}
	inputs, err := d.decodeNewAhead(ctx, docs)
	if err != nil {
		return nil, err
	}
	var outcomes []SaveOutcome
	_, err = d.Transact(ctx, TransactionParams{Name: "save documents"}, func(ctx context.Context) error {
		outcomes = make([]SaveOutcome, len(docs))
		names := aggregate.NewNameCache()
		names.Rows = d.stores.DeskRows() // within the transaction
		if err := loadNames(ctx, names, docs); err != nil {
			return err
		}
		for i := 0; i < len(docs); {
			if isNew(names, docs[i]) {
				n, err := d.saveNew(ctx, viewer, names, docs[i:], inputs[i:], outcomes[i:])
				if err != nil {
					return err
				}
				i += n
				continue
			}
			one := docs[i]
			one.Mode = Upsert
			saved, err := d.saveOne(ctx, one)
			if err != nil && !isRefusal(err) {
				return err
			}
			outcomes[i] = SaveOutcome{saved, err}
			if saved.Created {
				slug, _ := one.Fields["slug"].(string)
				names.Add(saved.ID, slug)
			}
			i++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return outcomes, nil
}

// saveOne is [Desk.Save] for a document that needs a slug.
func (d *Desk) saveOne(ctx context.Context, params SaveParams) (SaveResult, error) {
	if slug, _ := params.Fields["slug"].(string); slug == "" {
		var p domain.Problems
		p.Add("slug", "is required")
		return SaveResult{}, p.Err(fmt.Sprintf("the %s cannot be saved", params.Type))
	}
	return d.Save(ctx, params)
}

// isRefusal reports whether an error is about the document, and not one of the program
// or of the database.
func isRefusal(err error) bool {
	e, ok := errors.AsType[*domain.Error](err)
	if !ok {
		return false
	}
	switch e.Kind {
	case domain.KindInvalid, domain.KindNotFound, domain.KindConflict, domain.KindForbidden:
		return true
	}
	return false
}

// saveNew saves the documents up to the first that is on the desk already, or may be. It
// returns their number. names has looked up their names.
func (d *Desk) saveNew(ctx context.Context, viewer *domain.Viewer, names *aggregate.NameCache, docs []SaveParams, inputs []*decodedInput, outcomes []SaveOutcome) (int, error) {
	var done int
	err := d.edit(ctx, viewer, func(ctx context.Context, e *editTx) error {
		e.names = names
		b := &saveBatch{editTx: e, rows: map[domain.Type][]*aggregate.Row{}}
		for done = 0; done < len(docs) && isNew(names, docs[done]); done++ {
			saved, err := b.save(ctx, docs[done], inputs[done])
			if err != nil && !isRefusal(err) {
				return err
			}
			outcomes[done] = SaveOutcome{saved, err}
		}
		return b.flush(ctx)
	})
	return done, err
}

// saveBatch is new documents that were checked and are written together. Reads of the
// transaction do not see them before flush, except by name.
type saveBatch struct {
	*editTx
	rows      map[domain.Type][]*aggregate.Row // in order
	revisions []aggregate.NewRevision
}

// loadNames looks up the slugs of documents that are to be saved, and the documents that
// they refer to, in few statements.
func loadNames(ctx context.Context, cache *aggregate.NameCache, docs []SaveParams) error {
	names := map[domain.Type][]string{}
	for _, doc := range docs {
		if slug, _ := doc.Fields["slug"].(string); slug != "" && doc.Mode == Upsert {
			names[doc.Type] = append(names[doc.Type], slug)
		}
		if id, _ := doc.Fields["id"].(string); doc.Mode == Update && id != "" {
			names[doc.Type] = append(names[doc.Type], id)
		}
		s := aggregate.SpecOf(doc.Type)
		eachName(s.Fields, s.Lists, doc.Fields, func(t domain.Type, name string) { names[t] = append(names[t], name) })
	}
	return cache.Load(ctx, names, slugsOf(docs))
}

func slugsOf(docs []SaveParams) map[domain.Type][]string {
	slugs := map[domain.Type][]string{}
	for _, doc := range docs {
		if slug, _ := doc.Fields["slug"].(string); slug != "" {
			slugs[doc.Type] = append(slugs[doc.Type], slug)
		}
	}
	return slugs
}

// eachName calls f for the names of other documents in an input. It may miss some, which
// are then looked up one by one.
func eachName(fields []aggregate.FieldSpec, lists []aggregate.ListSpec, given map[string]any, f func(domain.Type, string)) {
	for _, field := range fields {
		if name, ok := given[field.Name].(string); ok && field.Kind == aggregate.KindLink {
			f(field.Target, name)
		}
	}
	for _, list := range lists {
		elements, _ := given[list.Name].([]any)
		if len(elements) > list.Max {
			continue // it is refused
		}
		for _, element := range elements {
			switch v := element.(type) {
			case string:
				if list.Target != 0 {
					f(list.Target, v)
				}
			case map[string]any:
				eachName(list.Fields, list.Lists, v, f)
			}
		}
	}
}

// isNew reports whether no document has or had the slug of an input, and no version is
// expected.
func isNew(names *aggregate.NameCache, params SaveParams) bool {
	slug, _ := params.Fields["slug"].(string)
	version, given := params.Fields["version"]
	return names.Free(params.Type, slug) && (!given || version == nil)
}

// save checks a new document, and adds it to the batch. input is nil if it was not decoded ahead.
func (b *saveBatch) save(ctx context.Context, params SaveParams, input *decodedInput) (SaveResult, error) {
	s := aggregate.SpecOf(params.Type)
	var p domain.Problems
	message := optionalLine(params.Fields["message"], "message", &p)
	if input == nil {
		input = decodeUpsert(params)
	}
	given := input.take(&p)
	b.parsed = input.parsed
	defer func() { b.parsed = nil }()
	if err := aggregate.ResolveRefs(ctx, b.names, given.Refs, &p); err != nil {
		return SaveResult{}, err
	}
	next := aggregate.NewRow()
	next.Set("marking", int64(domain.Clear))
	next.ID = b.newID(s.Type)
	maps.DeleteFunc(given.Present, func(column string, _ bool) bool { return given.Root.Fields[column] == nil })
	given.ApplyTo(next)
	if b.readsOthers(s, next) {
		if err := b.flush(ctx); err != nil {
			return SaveResult{}, err
		}
	}
	if err := b.check(ctx, s, nil, next, given, &p); err != nil {
		return SaveResult{}, err
	}
	if err := p.Err(fmt.Sprintf("the %s cannot be saved", s.Type)); err != nil {
		return SaveResult{}, err
	}
	next.ReuseRowIDs(nil, false, func() domain.ID { return b.newID(domain.Row) })
	b.rows[s.Type] = append(b.rows[s.Type], next)
	b.revisions = append(b.revisions, aggregate.NewRevision{
		RowID: b.newID(domain.Revision), Snapshot: &aggregate.Snapshot{Type: s.Type, ID: next.ID, CreatedAt: b.at, Root: next},
		Number: 1, Author: b.viewer.Name, Message: message, At: b.at,
	})
	b.names.Add(next.ID, next.Text("slug"))
	return SaveResult{ID: next.ID, Version: 1, Created: true, Changed: true}, nil
}

// readsOthers reports whether the check of a document reads documents of the batch other
// than by name.
func (b *saveBatch) readsOthers(s *aggregate.Spec, r *aggregate.Row) bool {
	switch {
	case r.Ref("parent_id") != 0, s.Type == domain.Edition: // the tree, the number of the edition
		return len(b.rows[s.Type]) > 0
	case s.Type == domain.Report: // footnotes find sources by their address
		return len(b.rows[domain.Source]) > 0
	}
	return false
}

// flush writes the documents of the batch, and an entry in the audit log.
func (b *saveBatch) flush(ctx context.Context) error {
	if len(b.revisions) == 0 {
		return nil
	}
	if err := b.tx.CountDocuments(len(b.revisions)); err != nil {
		return err
	}
	analysed := b.analyse()
	var keys []nameKey
	for _, t := range aggregate.LogOrder() { // a type comes before those that refer to it
		table := aggregate.TableOf(t)
		if err := aggregate.InsertRoots(ctx, b.tx, table, b.rows[t], b.viewer.Name, b.at); err != nil {
			return err
		}
		if err := aggregate.InsertOwned(ctx, b.tx, table, b.rows[t]); err != nil {
			return err
		}
		for _, row := range b.rows[t] {
			for _, name := range namesOf(t, row) {
				keys = append(keys, nameKey{row.ID, name.key})
			}
		}
	}
	if err := b.insertNames(ctx, keys); err != nil {
		return err
	}
	// After all documents: texts name them.
	var mentions []pair
	ids := make([]domain.ID, len(b.revisions))
	for i, r := range b.revisions {
		named, err := namedIn(ctx, b.tx, r.Snapshot.Type, r.Snapshot.Root)
		if err != nil {
			return err
		}
		mentions = append(mentions, pairsOf(r.Snapshot.ID, named)...)
		ids[i] = r.Snapshot.ID
	}
	if err := insertPairs(ctx, b.tx, "mentions (document_id, target_id)", "", mentions); err != nil {
		return err
	}
	if err := aggregate.InsertRevisions(ctx, b.tx, b.revisions); err != nil {
		return err
	}
	if err := b.indexAll(ctx, <-analysed); err != nil {
		return err
	}
	clear(b.rows)
	b.revisions = nil
	return b.record(ctx, audit.Entry{Action: audit.Create, Documents: ids, Detail: "version 1"})
}

// documents returns the documents of the batch for the search index.
func (b *saveBatch) documents() []search.Document {
	var all []search.Document
	for t, rows := range b.rows {
		for _, r := range rows {
			all = append(all, search.Document{Root: r, Type: t, New: true, Published: b.at})
		}
	}
	return all
}

// analyse finds the terms of the batch while it is written. The channel gets them once.
func (b *saveBatch) analyse() <-chan search.Analysed {
	analysed := make(chan search.Analysed, 1)
	documents := b.documents()
	go func() { analysed <- search.Analyse(documents...) }()
	return analysed
}

// indexAll writes the batch to the desk's search index.
func (b *saveBatch) indexAll(ctx context.Context, analysed search.Analysed) error {
	w := search.NewWriter(b.tx)
	w.UseAnalysed(analysed)
	if err := w.Put(ctx, b.documents()...); err != nil {
		return err
	}
	return w.Flush(ctx)
}
