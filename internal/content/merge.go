package content

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// MergeParams names entities, by id or slug, that turned out to be one.
// AllowKindChange lets them be of several kinds: the one that stays keeps its own.
// A Preview says what the merge would do, and does nothing.
type MergeParams struct {
	From            []string
	Into            string
	AllowKindChange bool
	Preview         bool
	Message         *string
}

// Merged is what became of a merge, or would.
type Merged struct {
	Saved
	// Repointed are the documents that refer to the one entity in place of the
	// others; they keep what else they say, on the desk and in live.
	Repointed []domain.ID
	// Removed are the relationships that would have tied the entity to itself.
	// They are in the trash, together with the entities that were merged.
	Removed []domain.ID
	// Unpublished are those of all these that were live, and are not any more.
	Unpublished []domain.ID
	// Cancelled are the schedules that named one of the entities.
	Cancelled []*db.Schedule
}

// MergeEntities makes one entity of several. The one they are merged into
// gets their names, identifiers, listings and tags; whatever referred to them
// refers to it, on the desk and in live; their ids and slugs lead to it from
// now on; and they go to the trash for good. All of it, live included, is one
// release. A relationship that would tie the entity to itself goes to the
// trash, and schedules that name one of them are cancelled. Needs the right
// PUBLISH.
//
// Errors: KindInvalid where the kinds differ and that is not allowed, and where
// a live text may not name the one entity; KindConflict when an entity is live
// and the one it is merged into is not, or when a draft would tie the entity to
// itself while what is live of it would not.
func (d *Desk) MergeEntities(ctx context.Context, params MergeParams) (Merged, error) {
	var merged Merged
	_, err := d.act(ctx, domain.PublishDocuments, func(ctx context.Context, e *edit) (err error) {
		m := &merge{edit: e, from: map[domain.ID]*header{}, earlier: map[domain.ID]*Snapshot{}}
		if merged, err = m.run(ctx, params); err != nil {
			return err
		}
		if params.Preview {
			merged.Saved = Saved{ID: m.into.ID, Version: m.into.Version}
			return errPreview
		}
		return e.record(ctx, audit.Entry{Action: audit.Merge, Documents: append([]domain.ID{merged.ID}, m.order...),
			Detail: "the first is what the others were merged into"})
	})
	if err != nil && !errors.Is(err, errPreview) {
		return Merged{}, err
	}
	return merged, nil
}

// errPreview ends the transaction of a preview.
var errPreview = errors.New("content: this is a preview")

type merge struct {
	*edit
	into    *header
	from    map[domain.ID]*header
	order   []domain.ID // of from, as given
	message string
	entries []entry
	earlier map[domain.ID]*Snapshot // what goes live of documents that have a draft
	out     Merged
}

func (m *merge) run(ctx context.Context, params MergeParams) (Merged, error) {
	if err := m.resolve(ctx, params); err != nil {
		return Merged{}, err
	}
	loaded, err := load(ctx, m.tx, domain.Entity, append([]domain.ID{m.into.ID}, m.order...))
	if err != nil {
		return Merged{}, err
	}
	live, err := m.liveRoots(ctx)
	if err != nil {
		return Merged{}, err
	}
	if err := m.checkKinds(loaded, live, params.AllowKindChange); err != nil {
		return Merged{}, err
	}
	referring, err := m.referring(ctx)
	if err != nil {
		return Merged{}, err
	}
	for _, id := range m.order {
		if err := m.retire(ctx, id); err != nil {
			return Merged{}, err
		}
	}
	m.out.Cancelled, err = m.cancelSchedulesOf(ctx, m.order, "a document that it names was merged into "+m.into.name())
	if err != nil {
		return Merged{}, err
	}
	// What is live of the others goes live with the one; their drafts go to its draft.
	absorb := func(from map[domain.ID]*Row) func(*Row) {
		return func(r *Row) {
			for _, id := range m.order {
				if other := from[id]; other != nil {
					absorbEntity(r, other)
				}
			}
		}
	}
	if err := m.amend(ctx, m.into, absorb(loaded), absorb(live)); err != nil {
		return Merged{}, err
	}
	heads, err := headers(ctx, m.tx, referring)
	if err != nil {
		return Merged{}, err
	}
	for _, id := range referring {
		if err := m.repoint(ctx, heads[id]); err != nil {
			return Merged{}, err
		}
	}
	gone, err := m.cancelSchedulesOf(ctx, m.out.Removed, "a document that it names would tie "+m.into.name()+" to itself since a merge")
	if err != nil {
		return Merged{}, err
	}
	m.out.Cancelled = append(m.out.Cancelled, gone...)
	for _, table := range []string{"mentions", "live_references"} {
		if err := store.ExecSet(ctx, m.tx, "UPDATE "+table+" SET target_id = ? WHERE target_id", m.order, int64(m.into.ID)); err != nil {
			return Merged{}, fmt.Errorf("hand over %s: %w", table, err)
		}
	}
	if err := m.release(ctx); err != nil {
		return Merged{}, err
	}
	now, err := m.header(ctx, m.into.ID)
	if err != nil {
		return Merged{}, err
	}
	m.out.Saved = Saved{ID: now.ID, Version: now.Version, Changed: true}
	return m.out, nil
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
			p.Add(ref.path, "is the entity that it is to be merged into, or was merged into it before")
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
			return domain.Conflict("%s is live and %s is not: publish that first", heads[id].name(), m.into.name())
		}
	}
	if m.message == "" {
		m.message = "merged into " + m.into.name()
	}
	return nil
}

// liveRoots reads what is live of the entities, those aside that are not.
func (m *merge) liveRoots(ctx context.Context) (map[domain.ID]*Row, error) {
	numbers := map[domain.ID]int{}
	for _, head := range append([]*header{m.into}, slices.Collect(maps.Values(m.from))...) {
		if head.live() {
			numbers[head.ID] = head.LiveVersion
		}
	}
	snaps, err := readRevisions(ctx, m.tx, numbers)
	if err != nil {
		return nil, err
	}
	roots := map[domain.ID]*Row{}
	for id, snap := range snaps {
		roots[id] = snap.Root
	}
	return roots, nil
}

// checkKinds refuses to make one of entities of several kinds, and to give to one
// what is marked higher than it is, on the desk or in live.
func (m *merge) checkKinds(loaded, live map[domain.ID]*Row, kindsMayDiffer bool) error {
	var p domain.Problems
	kind := loaded[m.into.ID].text("kind")
	for i, id := range m.order {
		path := fmt.Sprintf("from[%d]", i)
		if other := loaded[id].text("kind"); other != kind && !kindsMayDiffer {
			p.Add(path, "%s is a %s and %s is a %s: set allowKindChange if they are one all the same",
				m.from[id].name(), other, m.into.name(), kind)
		}
		for where, roots := range map[string]map[domain.ID]*Row{"on the desk": loaded, "in live": live} {
			from, into := roots[id], roots[m.into.ID]
			if from == nil || into == nil || from.int("marking") <= into.int("marking") {
				continue
			}
			p.Add(path, "%s is TLP:%s %s and %s is TLP:%s there: mark the one that stays as high, and publish that if it is live, or mark the other one lower",
				m.from[id].name(), domain.Marking(from.int("marking")), where, m.into.name(), domain.Marking(into.int("marking")))
		}
	}
	return p.Err("nothing was merged")
}

// referring lists what refers to the merged entities on the desk or in live.
func (m *merge) referring(ctx context.Context) ([]domain.ID, error) {
	all, err := referringInLive(ctx, m.tx, m.order, 0)
	if err != nil {
		return nil, err
	}
	for _, id := range m.order {
		ids, err := referring(ctx, m.tx, id, 0)
		if err != nil {
			return nil, err
		}
		all = append(all, ids...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// retire puts a merged entity in the trash and lets its names lead to the
// other one.
func (m *merge) retire(ctx context.Context, id domain.ID) error {
	head := m.from[id]
	if err := store.Exec(ctx, m.tx, "UPDATE aliases SET document_id = ? WHERE document_id = ?", int64(m.into.ID), int64(id)); err != nil {
		return fmt.Errorf("hand over former names: %w", err)
	}
	if err := store.Exec(ctx, m.tx, "INSERT INTO aliases (id, document_id, type, slug, former_id) VALUES (?, ?, ?, ?, ?)",
		int64(m.newID(domain.Row)), int64(m.into.ID), int64(domain.Entity), head.Slug, int64(id)); err != nil {
		return fmt.Errorf("hand over the slug: %w", err)
	}
	return m.drop(ctx, head)
}

// drop takes a document out of live and puts it in the trash.
func (m *merge) drop(ctx context.Context, head *header) error {
	m.unpublish(head)
	return m.trash(ctx, head.ID)
}

func (m *merge) unpublish(head *header) {
	if head.live() {
		m.entries = append(m.entries, entry{Action: actionUnpublish, Document: head.ID, PublishedAt: m.at})
		m.out.Unpublished = append(m.out.Unpublished, head.ID)
	}
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
		r.dropRepeats(t)
	}
	if head.ID.Type() == domain.Relationship {
		draft, live, err := m.tiesToItself(ctx, head, turn)
		if err != nil {
			return err
		}
		switch {
		case draft && live, draft && !head.live():
			m.out.Removed = append(m.out.Removed, head.ID)
			return m.drop(ctx, head)
		case draft:
			return domain.Conflict("the draft of %s would tie %s to itself, and what is live of it would not: publish the draft, or bring back what is live, before the merge",
				head.name(), m.into.name())
		case live:
			m.unpublish(head)
			head.LiveVersion = 0
		}
	}
	m.out.Repointed = append(m.out.Repointed, head.ID)
	return m.amend(ctx, head, turn, turn)
}

// tiesToItself reports whether a relationship would, after the merge, tie the
// entity to itself: on the desk, and in live.
func (m *merge) tiesToItself(ctx context.Context, head *header, turn func(*Row)) (draft, live bool, err error) {
	loaded, err := load(ctx, m.tx, domain.Relationship, []domain.ID{head.ID})
	if err != nil {
		return false, false, err
	}
	self := func(r *Row) bool {
		turn(r)
		return r.id("from_id") == r.id("to_id")
	}
	draft = self(loaded[head.ID])
	switch {
	case !head.live():
		return draft, false, nil
	case !head.pending():
		return draft, draft, nil
	}
	snap, err := readRevision(ctx, m.tx, head.ID, head.LiveVersion)
	if err != nil {
		return draft, false, err
	}
	return draft, self(snap.Root), nil
}

// amend changes a document on the desk and, where it is live, in live, and
// nothing else of it: a draft that is not published stays unpublished. Where what
// is live then differs from the draft, it is a revision of its own before that.
func (m *merge) amend(ctx context.Context, head *header, changeDesk, changeLive func(*Row)) error {
	s := shapes[head.ID.Type()]
	loaded, err := load(ctx, m.tx, s.doc, []domain.ID{head.ID})
	if err != nil {
		return err
	}
	newID := func() domain.ID { return m.newID(domain.Row) }
	old := loaded[head.ID]
	next := old.clone()
	changeDesk(next)
	var live *Snapshot
	if head.live() {
		if live, err = readRevision(ctx, m.tx, head.ID, head.LiveVersion); err != nil {
			return err
		}
		was := live.Root.clone()
		changeLive(live.Root)
		live.Root.adoptIDs(was, newID)
		// Live of the one entity changes with each live one that it answers for.
		if live.Root.fingerprint() == was.fingerprint() && (head != m.into || !m.someLive()) {
			live = nil
		}
	}
	if live == nil && head != m.into && next.fingerprint() == old.fingerprint() {
		return nil
	}
	if live != nil && (head.pending() || live.Root.fingerprint() != next.fingerprint()) {
		head.Version++
		if err := m.revise(ctx, s.doc, live.Root, head.Version, head.CreatedAt, m.message); err != nil {
			return err
		}
		m.publishLater(head, head.Version)
		m.earlier[head.ID] = live
		live = nil
	}
	next.adoptIDs(old, newID)
	saved, err := m.writeVersion(ctx, s, head, old, next, m.message)
	if err == nil && live != nil {
		m.publishLater(head, saved.Version)
	}
	return err
}

func (m *merge) someLive() bool {
	for _, head := range m.from {
		if head.live() {
			return true
		}
	}
	return false
}

func (m *merge) publishLater(head *header, revision int) {
	published := m.at
	if head.PublishedAt != nil {
		published = *head.PublishedAt
	}
	m.entries = append(m.entries, entry{Action: actionPublish, Document: head.ID, Revision: revision, PublishedAt: published})
}

func (m *merge) release(ctx context.Context) error {
	var p domain.Problems
	path := func(domain.ID) string { return "into" }
	if len(m.entries) == 0 {
		return m.checkNamings(ctx, path, &p)
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
		// Not [incomplete]: the pictures of its texts are live already.
		if complete := shapes[snap.Type].complete; complete != nil {
			var own domain.Problems
			complete(snap.Root, &own)
			for _, f := range own.List() {
				p.Add("into", "%s:%s: %s: %s", snap.Type, snap.Slug(), f.Path, f.Message)
			}
		}
	}
	supporting, _, err := supportingClosure(ctx, m.tx, targets, nil)
	if err != nil {
		return err
	}
	if err := checkSupporting(ctx, m.tx, nil, supporting, path, &p); err != nil {
		return err
	}
	if _, err := m.publishEntries(ctx, publication{entries: append(supporting, m.entries...), earlier: m.earlier, message: m.message,
		path: path}, &p); err != nil {
		return err
	}
	return m.checkNamings(ctx, path, &p)
}

// checkNamings refuses where a text that named one of the others names from now
// on what has a higher marking, also where what is live of that stays as it is.
func (m *merge) checkNamings(ctx context.Context, path func(domain.ID) string, p *domain.Problems) error {
	if p.Len() == 0 {
		if err := m.checkTexts(ctx, []domain.ID{m.into.ID}, path, p); err != nil {
			return err
		}
	}
	return p.Err("nothing was merged")
}
