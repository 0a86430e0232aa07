package editorial

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
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

// MergeResult is the result of a merge, or of its preview.
type MergeResult struct {
	SaveResult
	// Repointed are the documents that now refer to the one entity in place of the
	// others; their other content is unchanged, on the desk and in live.
	Repointed []domain.ID
	// Removed are the relationships that would have tied the entity to itself.
	// They are in the trash, together with the entities that were merged.
	Removed []domain.ID
	// Unpublished are the documents among Repointed, Removed and the merged
	// entities that were live and no longer are.
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
func (d *Desk) MergeEntities(ctx context.Context, params MergeParams) (MergeResult, error) {
	var merged MergeResult
	_, err := d.withTx(ctx, domain.PublishDocuments, func(ctx context.Context, e *editTx) (err error) {
		m := &entityMerge{rewriting: newRewriting(e), from: map[domain.ID]*aggregate.Meta{}, paths: map[domain.ID]string{}}
		if merged, err = m.run(ctx, params); err != nil {
			return err
		}
		if params.Preview {
			merged.SaveResult = SaveResult{ID: m.into.ID, Version: m.into.Version}
			return errPreview
		}
		return e.record(ctx, audit.Entry{Action: audit.Merge, Documents: append([]domain.ID{merged.ID}, m.order...),
			Detail: "the first is what the others were merged into"})
	})
	if err != nil && !errors.Is(err, errPreview) {
		return MergeResult{}, err
	}
	return merged, nil
}

// errPreview ends the transaction of a preview.
var errPreview = errors.New("editorial: this is a preview")

type entityMerge struct {
	*rewriting
	into  *aggregate.Meta
	from  map[domain.ID]*aggregate.Meta
	order []domain.ID // the keys of from, in the order of the input
	out   MergeResult

	// What stands against the merge: problems with the input, and conflicts with the
	// state of documents. paths has the places of order in the input.
	problems  domain.Problems
	conflicts []domain.FieldError
	paths     map[domain.ID]string
}

func (m *entityMerge) conflict(path, format string, args ...any) {
	m.conflicts = append(m.conflicts, domain.FieldError{Path: path, Message: fmt.Sprintf(format, args...)})
}

// refusal returns an error with all that stands against the merge, or nil. It is of
// KindConflict if there are only conflicts.
func (m *entityMerge) refusal() error {
	const refused = "nothing was merged"
	switch {
	case m.problems.Len() == 0 && len(m.conflicts) == 1:
		return domain.Conflict("%s", m.conflicts[0].Message)
	case m.problems.Len() == 0 && len(m.conflicts) > 1:
		conflict := domain.Conflict(refused)
		conflict.Fields = m.conflicts[:min(len(m.conflicts), domain.MaxProblems)]
		return conflict
	}
	for _, f := range m.conflicts {
		m.problems.Add(f.Path, "%s", f.Message)
	}
	return m.problems.Err(refused)
}

func (m *entityMerge) run(ctx context.Context, params MergeParams) (MergeResult, error) {
	if err := m.resolve(ctx, params); err != nil {
		return MergeResult{}, err
	}
	if m.into == nil {
		return MergeResult{}, m.refusal()
	}
	complete := m.problems.Len() == 0 && len(m.conflicts) == 0
	loaded, err := aggregate.Load(ctx, m.tx, domain.Entity, append([]domain.ID{m.into.ID}, m.order...))
	if err != nil {
		return MergeResult{}, err
	}
	live, err := m.liveRoots(ctx)
	if err != nil {
		return MergeResult{}, err
	}
	m.checkKinds(loaded, live, params.AllowKindChange)
	if err := m.checkPlatforms(ctx, loaded, live); err != nil {
		return MergeResult{}, err
	}
	if !complete {
		return MergeResult{}, m.refusal()
	}
	// Kinds and markings do not keep the rest from being checked.
	referring, err := m.referring(ctx)
	if err != nil {
		return MergeResult{}, err
	}
	for _, id := range m.order {
		if err := m.trashMerged(ctx, id); err != nil {
			return MergeResult{}, err
		}
	}
	m.out.Cancelled, err = m.cancelSchedulesOf(ctx, m.order, "a document that it names was merged into "+m.into.Name())
	if err != nil {
		return MergeResult{}, err
	}
	// What is live of the others goes live with the one; their drafts go to its draft.
	mergeInto := func(from map[domain.ID]*aggregate.Row) func(*aggregate.Row) {
		return func(r *aggregate.Row) {
			for _, id := range m.order {
				if other := from[id]; other != nil {
					addMissingRows(r, other)
				}
			}
		}
	}
	// The live version of the one entity changes with each live entity that is merged into it.
	if err := m.updateDeskAndLive(ctx, m.into, mergeInto(loaded), mergeInto(live), forced{desk: true, live: m.someLive()}); err != nil {
		return MergeResult{}, err
	}
	metas, err := aggregate.ReadMeta(ctx, m.tx, referring)
	if err != nil {
		return MergeResult{}, err
	}
	for _, id := range referring {
		if err := m.replaceReferences(ctx, metas[id]); err != nil {
			return MergeResult{}, err
		}
	}
	cancelled, err := m.cancelSchedulesOf(ctx, m.out.Removed, "a document that it names would tie "+m.into.Name()+" to itself since a merge")
	if err != nil {
		return MergeResult{}, err
	}
	m.out.Cancelled = append(m.out.Cancelled, cancelled...)
	for _, table := range []string{"mentions", "live_references"} {
		if err := store.ExecSet(ctx, m.tx, "UPDATE "+table+" SET target_id = ? WHERE target_id", m.order, int64(m.into.ID)); err != nil {
			return MergeResult{}, fmt.Errorf("hand over %s: %w", table, err)
		}
	}
	if err := m.release(ctx); err != nil {
		return MergeResult{}, err
	}
	now, err := m.header(ctx, m.into.ID)
	if err != nil {
		return MergeResult{}, err
	}
	m.out.SaveResult = SaveResult{ID: now.ID, Version: now.Version, Changed: true}
	m.out.Unpublished = m.unpublished
	return m.out, nil
}

func (m *entityMerge) resolve(ctx context.Context, params MergeParams) error {
	p := &m.problems
	refs := []aggregate.PendingRef{{Path: "into", Target: domain.Entity, Text: params.Into, Row: aggregate.NewRow(), Column: "id"}}
	for i, name := range params.From {
		refs = append(refs, aggregate.PendingRef{Path: fmt.Sprintf("from[%d]", i), Target: domain.Entity, Text: name, Row: aggregate.NewRow(), Column: "id"})
	}
	if len(params.From) == 0 {
		p.Add("from", "name at least one entity")
	}
	m.message = optionalText(params.Message, "message", p)
	if err := aggregate.ResolveRefs(ctx, m.tx, refs, p); err != nil {
		return err
	}
	into := refs[0].Row.Ref("id")
	for _, ref := range refs[1:] {
		id := ref.Row.Ref("id")
		switch {
		case id == 0:
		case id == into:
			p.Add(ref.Path, "is the entity that it is to be merged into, or was merged into it before")
		case slices.Contains(m.order, id):
			p.Add(ref.Path, "is given twice")
		default:
			m.order = append(m.order, id)
			m.paths[id] = ref.Path
		}
	}
	if into == 0 {
		return nil
	}
	metas, err := aggregate.ReadMeta(ctx, m.tx, append([]domain.ID{into}, m.order...))
	if err != nil {
		return err
	}
	m.into = metas[into]
	for _, id := range m.order {
		m.from[id] = metas[id]
		if metas[id].IsLive() && !m.into.IsLive() {
			m.conflict(m.paths[id], "%s is live and %s is not: publish that first", metas[id].Name(), m.into.Name())
		}
	}
	if m.message == "" {
		m.message = "merged into " + m.into.Name()
	}
	return nil
}

// liveRoots reads the live versions of the entities that are live.
func (m *entityMerge) liveRoots(ctx context.Context) (map[domain.ID]*aggregate.Row, error) {
	numbers := map[domain.ID]int{}
	for _, meta := range append([]*aggregate.Meta{m.into}, slices.Collect(maps.Values(m.from))...) {
		if meta.IsLive() {
			numbers[meta.ID] = meta.LiveVersion
		}
	}
	snaps, err := aggregate.ReadRevisions(ctx, m.tx, numbers)
	if err != nil {
		return nil, err
	}
	roots := map[domain.ID]*aggregate.Row{}
	for id, snap := range snaps {
		roots[id] = snap.Root
	}
	return roots, nil
}

// checkKinds refuses to merge entities of several kinds, and to merge an entity into
// one with a lower marking, on the desk or in live.
func (m *entityMerge) checkKinds(loaded, live map[domain.ID]*aggregate.Row, kindsMayDiffer bool) {
	p := &m.problems
	kind := loaded[m.into.ID].Text("kind")
	for _, id := range m.order {
		path := m.paths[id]
		if other := loaded[id].Text("kind"); other != kind && !kindsMayDiffer {
			p.Add(path, "%s is a %s and %s is a %s: set allowKindChange if they are one all the same",
				m.from[id].Name(), other, m.into.Name(), kind)
		}
		for where, roots := range map[string]map[domain.ID]*aggregate.Row{"on the desk": loaded, "in live": live} {
			from, into := roots[id], roots[m.into.ID]
			if from == nil || into == nil || from.Int("marking") <= into.Int("marking") {
				continue
			}
			p.Add(path, "%s is TLP:%s %s and %s is TLP:%s there: mark the one that stays as high, and publish that if it is live, or mark the other one lower",
				m.from[id].Name(), domain.Marking(from.Int("marking")), where, m.into.Name(), domain.Marking(into.Int("marking")))
		}
	}
}

// referring lists the documents that refer to the merged entities on the desk or in
// live.
func (m *entityMerge) referring(ctx context.Context) ([]domain.ID, error) {
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

// trashMerged puts a merged entity in the trash, and makes its slug, id and former slugs
// aliases of the entity that it was merged into.
func (m *entityMerge) trashMerged(ctx context.Context, id domain.ID) error {
	meta := m.from[id]
	if err := store.Exec(ctx, m.tx, "UPDATE aliases SET document_id = ? WHERE document_id = ?", int64(m.into.ID), int64(id)); err != nil {
		return fmt.Errorf("hand over former names: %w", err)
	}
	if err := store.Exec(ctx, m.tx, "INSERT INTO aliases (id, document_id, type, slug, former_id) VALUES (?, ?, ?, ?, ?)",
		int64(m.newID(domain.Row)), int64(m.into.ID), int64(domain.Entity), meta.Slug, int64(id)); err != nil {
		return fmt.Errorf("hand over the slug: %w", err)
	}
	return m.unpublishAndTrash(ctx, meta)
}

// unpublishAndTrash adds the unpublishing of a live document to the release, and puts
// the document in the trash.
func (m *entityMerge) unpublishAndTrash(ctx context.Context, meta *aggregate.Meta) error {
	m.unpublish(meta)
	return m.trash(ctx, meta.ID)
}

// addMissingRows adds to r the names, identifiers, listings and tags that only other has.
func addMissingRows(r, other *aggregate.Row) {
	name := aggregate.NewRow()
	name.Set("text", other.Text("name"))
	name.Set("language", other.Text("language"))
	name.Set("kind", "ALIAS")
	names := append([]*aggregate.Row{name}, other.Owned["entity_names"]...)
	known := map[string]bool{r.Text("name"): true}
	for _, row := range r.Owned["entity_names"] {
		known[row.Text("text")] = true
	}
	for _, row := range names {
		if !known[row.Text("text")] {
			known[row.Text("text")] = true
			r.Owned["entity_names"] = append(r.Owned["entity_names"], row.Clone())
		}
	}
	for _, set := range []string{"entity_identifiers", "listings", "entity_tags"} {
		have := map[string]bool{}
		for _, row := range r.Owned[set] {
			have[row.Fingerprint()] = true
		}
		for _, row := range other.Owned[set] {
			if !have[row.Fingerprint()] {
				r.Owned[set] = append(r.Owned[set], row.Clone())
			}
		}
	}
}

// replaceReferences replaces references to the merged entities by references to the one
// that stays.
func (m *entityMerge) replaceReferences(ctx context.Context, meta *aggregate.Meta) error {
	t := aggregate.TableOf(meta.ID.Type())
	replace := func(r *aggregate.Row) {
		r.EachReference(t, func(ref aggregate.Reference, row *aggregate.Row, id domain.ID) {
			if m.from[id] != nil {
				row.Set(ref.Column, m.into.ID)
			}
		})
		r.DropRepeats(t)
	}
	if meta.ID.Type() == domain.Relationship {
		draft, live, err := m.tiesToItself(ctx, meta, replace)
		if err != nil {
			return err
		}
		switch {
		case draft && live, draft && !meta.IsLive():
			m.out.Removed = append(m.out.Removed, meta.ID)
			return m.unpublishAndTrash(ctx, meta)
		case draft:
			m.conflict("into", "the draft of %s would tie %s to itself, and what is live of it would not: publish the draft, or bring back what is live, before the merge",
				meta.Name(), m.into.Name())
			return nil
		case live:
			m.unpublish(meta)
			meta.LiveVersion = 0
		}
	}
	m.out.Repointed = append(m.out.Repointed, meta.ID)
	return m.updateDeskAndLive(ctx, meta, replace, replace, forced{})
}

// tiesToItself reports whether a relationship would, after the merge, tie the
// entity to itself: on the desk, and in live.
func (m *entityMerge) tiesToItself(ctx context.Context, meta *aggregate.Meta, replace func(*aggregate.Row)) (draft, live bool, err error) {
	loaded, err := aggregate.Load(ctx, m.tx, domain.Relationship, []domain.ID{meta.ID})
	if err != nil {
		return false, false, err
	}
	self := func(r *aggregate.Row) bool {
		replace(r)
		return r.Ref("from_id") == r.Ref("to_id")
	}
	draft = self(loaded[meta.ID])
	switch {
	case !meta.IsLive():
		return draft, false, nil
	case !meta.IsPending():
		return draft, draft, nil
	}
	snap, err := aggregate.ReadRevision(ctx, m.tx, meta.ID, meta.LiveVersion)
	if err != nil {
		return draft, false, err
	}
	return draft, self(snap.Root), nil
}

func (m *entityMerge) someLive() bool {
	for _, meta := range m.from {
		if meta.IsLive() {
			return true
		}
	}
	return false
}

func (m *entityMerge) release(ctx context.Context) error {
	var p domain.Problems
	path := func(domain.ID) string { return "into" }
	if len(m.entries) == 0 {
		return m.checkTextBreaches(ctx, path, &p)
	}
	// The entity may have got tags and sources that were not live.
	var targets []domain.ID
	for _, en := range m.entries {
		if en.Action != projection.ActionPublish {
			continue
		}
		snap, err := aggregate.ReadRevision(ctx, m.tx, en.Document, en.Revision)
		if err != nil {
			return err
		}
		targets = append(targets, snap.Root.Targets(aggregate.TableOf(snap.Type))...)
		// Not [incomplete]: the pictures of its texts are live already.
		if complete := aggregate.SpecOf(snap.Type).Complete; complete != nil {
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
	return m.checkTextBreaches(ctx, path, &p)
}

// checkTextBreaches returns the problems in p, and the text breaches of texts that named
// a merged entity: they now name the entity that stays, which may have a higher marking.
// It also covers live texts that the merge does not publish again.
func (m *entityMerge) checkTextBreaches(ctx context.Context, path func(domain.ID) string, p *domain.Problems) error {
	if p.Len() == 0 {
		if err := m.checkTexts(ctx, []domain.ID{m.into.ID}, path, p); err != nil {
			return err
		}
	}
	for _, f := range p.List() {
		m.problems.Add(f.Path, "%s", f.Message)
	}
	return m.refusal()
}
