package content

import (
	"context"
	"fmt"
	"slices"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// MergeParams names entities, by id or slug, that turned out to be one.
type MergeParams struct {
	From    []string
	Into    string
	Message *string
}

// MergeEntities makes one entity of several. The one they are merged into
// gets their names, identifiers, listings and tags; whatever referred to them
// refers to it, on the desk and in live; their ids and slugs lead to it from
// now on; and they go to the trash for good. All of it, live included, is one
// release. A relationship that would tie the entity to itself goes to the
// trash. Needs the right PUBLISH.
//
// Errors: KindConflict when an entity is live and the one it is merged into
// is not, or when a live text may not name that one.
func (d *Desk) MergeEntities(ctx context.Context, params MergeParams) (Saved, error) {
	var saved Saved
	_, err := d.act(ctx, domain.PublishDocuments, func(ctx context.Context, e *edit) (err error) {
		m := &merge{edit: e, from: map[domain.ID]*header{}}
		if saved, err = m.run(ctx, params); err != nil {
			return err
		}
		return e.record(ctx, audit.Entry{Action: audit.Merge, Documents: append([]domain.ID{saved.ID}, m.order...),
			Detail: "the first is what the others were merged into"})
	})
	if err != nil {
		return Saved{}, err
	}
	return saved, nil
}

type merge struct {
	*edit
	into    *header
	from    map[domain.ID]*header
	order   []domain.ID // of from, as given
	message string
	entries []entry
}

func (m *merge) run(ctx context.Context, params MergeParams) (Saved, error) {
	if err := m.resolve(ctx, params); err != nil {
		return Saved{}, err
	}
	// What is live must be known exactly: nothing can be appended meanwhile.
	if err := m.desk.Project(ctx); err != nil {
		return Saved{}, err
	}
	if err := m.checkTexts(ctx); err != nil {
		return Saved{}, err
	}
	loaded, err := load(ctx, m.tx, domain.Entity, append([]domain.ID{m.into.ID}, m.order...))
	if err != nil {
		return Saved{}, err
	}
	referring, err := m.referring(ctx)
	if err != nil {
		return Saved{}, err
	}
	for _, id := range m.order {
		if err := m.retire(ctx, id); err != nil {
			return Saved{}, err
		}
	}
	absorb := func(r *Row) {
		for _, id := range m.order {
			absorbEntity(r, loaded[id])
		}
	}
	if err := m.amend(ctx, m.into, absorb); err != nil {
		return Saved{}, err
	}
	heads, err := headers(ctx, m.tx, referring)
	if err != nil {
		return Saved{}, err
	}
	for _, id := range referring {
		if err := m.repoint(ctx, heads[id]); err != nil {
			return Saved{}, err
		}
	}
	if err := m.release(ctx); err != nil {
		return Saved{}, err
	}
	now, err := m.header(ctx, m.into.ID)
	if err != nil {
		return Saved{}, err
	}
	return Saved{ID: now.ID, Version: now.Version, Changed: true}, nil
}

func (m *merge) resolve(ctx context.Context, params MergeParams) error {
	var p domain.Problems
	refs := []pendingRef{{"into", domain.Entity, params.Into, newRow(), "id"}}
	for i, name := range params.From {
		refs = append(refs, pendingRef{fmt.Sprintf("from[%d]", i), domain.Entity, name, newRow(), "id"})
	}
	if len(params.From) == 0 {
		p.Add("from", "name at least one entity")
	}
	m.message = optionalText(params.Message, "message", &p)
	if err := resolveRefs(ctx, m.tx, refs, &p); err != nil {
		return err
	}
	into := refs[0].row.id("id")
	for _, ref := range refs[1:] {
		id := ref.row.id("id")
		switch {
		case id == 0:
		case id == into:
			p.Add(ref.path, "is the entity that it is to be merged into")
		case slices.Contains(m.order, id):
			p.Add(ref.path, "is given twice")
		default:
			m.order = append(m.order, id)
		}
	}
	if err := p.Err("nothing was merged"); err != nil {
		return err
	}
	heads, err := headers(ctx, m.tx, append([]domain.ID{into}, m.order...))
	if err != nil {
		return err
	}
	m.into = heads[into]
	for _, id := range m.order {
		m.from[id] = heads[id]
		if heads[id].live() && !m.into.live() {
			return domain.Conflict("%s is live and %s is not: publish that first", m.name(heads[id]), m.name(m.into))
		}
	}
	if m.message == "" {
		m.message = "merged into " + m.name(m.into)
	}
	return nil
}

// checkTexts refuses a merge after which a live text would name an entity of
// a higher marking than its own.
func (m *merge) checkTexts(ctx context.Context) error {
	var p domain.Problems
	for _, id := range m.order {
		head := m.from[id]
		if !head.live() {
			continue
		}
		live, err := readRevision(ctx, m.tx, id, head.LiveVersion)
		if err != nil {
			return err
		}
		if live.Marking() >= m.into.Marking {
			continue
		}
		naming, err := m.liveTextsNaming(ctx, live, m.into.Marking)
		if err != nil {
			return err
		}
		for _, doc := range naming {
			slug, err := slugOf(ctx, m.tx, doc)
			if err != nil {
				return err
			}
			p.Add("into", "is TLP:%s, and the live text of %s:%s, of a lower marking, names %s",
				m.into.Marking, doc.Type(), slug, m.name(head))
		}
	}
	return p.Err("nothing was merged")
}

// referring lists what refers to the merged entities on the desk or in live.
func (m *merge) referring(ctx context.Context) ([]domain.ID, error) {
	var all []domain.ID
	for _, id := range m.order {
		for _, db := range []store.Rows{m.tx, m.desk.stores.LiveRows()} {
			ids, err := referring(ctx, db, id, 0)
			if err != nil {
				return nil, err
			}
			all = append(all, ids...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// retire puts a merged entity in the trash and lets its names lead to the
// other one.
func (m *merge) retire(ctx context.Context, id domain.ID) error {
	head, engine := m.from[id], m.tx.Dialect()
	if _, err := m.tx.Exec(ctx, store.Bind(engine, "UPDATE aliases SET document_id = ? WHERE document_id = ?"),
		int64(m.into.ID), int64(id)); err != nil {
		return fmt.Errorf("hand over former names: %w", err)
	}
	insert := store.Bind(engine, "INSERT INTO aliases (id, document_id, type, slug, former_id) VALUES (?, ?, ?, ?, ?)")
	if _, err := m.tx.Exec(ctx, insert, int64(m.newID(domain.Row)), int64(m.into.ID), int64(domain.Entity), head.Slug, int64(id)); err != nil {
		return fmt.Errorf("hand over the slug: %w", err)
	}
	if head.live() {
		m.entries = append(m.entries, entry{Action: actionUnpublish, Document: id, PublishedAt: m.at})
	}
	return m.trash(ctx, id)
}

// absorbEntity adds to one entity what another has and it has not.
func absorbEntity(r, other *Row) {
	name := newRow()
	name.set("text", other.text("name"))
	name.set("language", other.text("language"))
	name.set("kind", "ALIAS")
	names := append([]*Row{name}, other.Owned["entity_names"]...)
	known := map[string]bool{r.text("name"): true}
	for _, row := range r.Owned["entity_names"] {
		known[row.text("text")] = true
	}
	for _, row := range names {
		if !known[row.text("text")] {
			known[row.text("text")] = true
			r.Owned["entity_names"] = append(r.Owned["entity_names"], row.clone())
		}
	}
	for _, set := range []string{"entity_identifiers", "listings", "entity_tags"} {
		have := map[string]bool{}
		for _, row := range r.Owned[set] {
			have[row.fingerprint()] = true
		}
		for _, row := range other.Owned[set] {
			if !have[row.fingerprint()] {
				r.Owned[set] = append(r.Owned[set], row.clone())
			}
		}
	}
}

// repoint makes a document refer to the one entity in place of the others.
func (m *merge) repoint(ctx context.Context, head *header) error {
	t := tableOf(head.ID.Type())
	turn := func(r *Row) {
		r.references(t, func(ref reference, row *Row, id domain.ID) {
			if m.from[id] != nil {
				row.set(ref.column, m.into.ID)
			}
		})
		r.walk(t, func(t *table, row *Row) {
			for _, o := range t.owned {
				if len(o.columns) == 1 && len(o.refs) == 1 {
					row.Owned[o.name] = withoutRepeats(row.Owned[o.name], o.refs[0].column)
				}
			}
		})
	}
	if head.ID.Type() == domain.Relationship {
		loaded, err := load(ctx, m.tx, domain.Relationship, []domain.ID{head.ID})
		if err != nil {
			return err
		}
		r := loaded[head.ID]
		turn(r)
		if r.id("from_id") == r.id("to_id") {
			if head.live() {
				m.entries = append(m.entries, entry{Action: actionUnpublish, Document: head.ID, PublishedAt: m.at})
			}
			return m.trash(ctx, head.ID)
		}
	}
	return m.amend(ctx, head, turn)
}

func withoutRepeats(rows []*Row, column string) []*Row {
	seen := map[domain.ID]bool{}
	return slices.DeleteFunc(rows, func(r *Row) bool {
		id := r.id(column)
		was := seen[id]
		seen[id] = true
		return was
	})
}

// amend changes a document on the desk and, where it is live, in live, and
// nothing else of it: a draft that is not published stays unpublished. What
// is live then is a revision of its own, before that of the draft.
func (m *merge) amend(ctx context.Context, head *header, change func(*Row)) error {
	s := shapes[head.ID.Type()]
	loaded, err := load(ctx, m.tx, s.doc, []domain.ID{head.ID})
	if err != nil {
		return err
	}
	newID := func() domain.ID { return m.newID(domain.Row) }
	old := loaded[head.ID]
	draft := head.live() && head.pending()
	if draft {
		live, err := readRevision(ctx, m.tx, head.ID, head.LiveVersion)
		if err != nil {
			return err
		}
		was := live.Root.clone()
		change(live.Root)
		live.Root.adoptIDs(was, newID)
		head.Version++
		if err := m.revise(ctx, s.doc, live.Root, head.Version, head.CreatedAt, m.message); err != nil {
			return err
		}
		m.publishLater(head, head.Version)
	}
	next := old.clone()
	change(next)
	next.adoptIDs(old, newID)
	saved, err := m.writeVersion(ctx, s, head, old, next, m.message)
	if err == nil && head.live() && !draft {
		m.publishLater(head, saved.Version)
	}
	return err
}

func (m *merge) publishLater(head *header, revision int) {
	published := m.at
	if head.PublishedAt != nil {
		published = *head.PublishedAt
	}
	m.entries = append(m.entries, entry{Action: actionPublish, Document: head.ID, Revision: revision, PublishedAt: published})
}

func (m *merge) release(ctx context.Context) error {
	if len(m.entries) == 0 {
		return nil
	}
	// The entity may have got tags and sources that were not live.
	var targets []domain.ID
	for _, en := range m.entries {
		if en.Action != actionPublish {
			continue
		}
		snap, err := readRevision(ctx, m.tx, en.Document, en.Revision)
		if err != nil {
			return err
		}
		targets = append(targets, snap.Root.targets(tableOf(snap.Type))...)
	}
	supporting, err := m.supportingClosure(ctx, targets, map[domain.ID]bool{})
	if err != nil {
		return err
	}
	m.entries = append(supporting, m.entries...)
	if _, err := m.appendRelease(ctx, m.entries, m.message); err != nil {
		return err
	}
	for _, en := range m.entries {
		if en.Action == actionPublish {
			err = m.markPublished(ctx, en.Document, en.Revision, en.PublishedAt)
		} else {
			err = m.markUnpublished(ctx, en.Document)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
