package editorial

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// releasePlan is the set of changes that a release will make. It holds no bodies, so
// that its size does not depend on them.
type releasePlan struct {
	references  string
	message     string
	publishedAt *time.Time

	named      []domain.ID        // by the parameters, to be published
	set        []domain.ID        // to be published, in order of discovery
	unpublish  []domain.ID        // to be unpublished
	supporting []projection.Entry // the supporting documents that go live with the set
	omitted    []domain.ID

	metas         map[domain.ID]*aggregate.Meta // of all of them, and of what they refer to
	targets       map[domain.ID][]domain.ID
	paths         map[domain.ID]string // where in the input a document comes from
	unpublishing  map[domain.ID]bool   // is in leaving
	isOmitted     map[domain.ID]bool
	kinds         map[domain.ID]string      // of the entities of the set
	seenOn        map[domain.ID][]domain.ID // what the narratives of the set have observations on
	auditSequence int64                     // last entry of the audit log when planning began
	next          int64                     // next entry of the publication log when planning began
}

// named is a document of an input, with its place there.
type named struct {
	path string
	id   domain.ID
}

// errStalePlan is returned when the data that a plan was made from has changed.
var errStalePlan = errors.New("editorial: the plan of a release is out of date")

// planRelease makes the plan of a release: it reads the parameters, resolves the
// documents that they name, adds the documents that have to be published with
// them, and checks the rules for each. The entities that texts name are checked
// again when the release is written; see [editTx.checkTexts].
//
// Errors: KindInvalid with every problem; errStalePlan where a document was saved or
// purged in the meantime.
func planRelease(ctx context.Context, db store.Rows, at time.Time, params ReleaseParams) (*releasePlan, error) {
	refused := "nothing was published"
	if len(params.Publish) == 0 {
		refused = "nothing was unpublished"
	}
	var p domain.Problems
	pl := newReleasePlan(params, at, &p)
	if err := pl.readSequences(ctx, db); err != nil {
		return nil, err
	}
	if err := pl.resolve(ctx, db, params, &p); err != nil {
		return nil, err
	}
	// What was not found does not keep the rest from being checked.
	for _, step := range []func(context.Context, store.Rows, *domain.Problems) error{
		pl.checkUnpublish, pl.expand, pl.checkPlatforms, pl.addSupporting, pl.checkTextsAhead,
	} {
		if err := step(ctx, db, &p); err != nil {
			return nil, err
		}
	}
	if params.allProblems && p.Len() > 0 {
		return pl, &domain.Error{Kind: domain.KindInvalid, Message: refused, Fields: p.List()}
	}
	return pl, p.Err(refused)
}

// newReleasePlan returns a plan that has only what the parameters give directly.
func newReleasePlan(params ReleaseParams, at time.Time, p *domain.Problems) *releasePlan {
	pl := &releasePlan{references: cmp.Or(params.References, Refuse), publishedAt: params.PublishedAt,
		metas: map[domain.ID]*aggregate.Meta{}, targets: map[domain.ID][]domain.ID{}, paths: map[domain.ID]string{},
		unpublishing: map[domain.ID]bool{}, isOmitted: map[domain.ID]bool{}, kinds: map[domain.ID]string{}, seenOn: map[domain.ID][]domain.ID{}}
	if !slices.Contains(domain.ReferencePolicies, pl.references) {
		p.Add("references", "want one of %v", domain.ReferencePolicies)
	}
	pl.message = optionalText(params.Message, "message", p)
	if pl.publishedAt != nil && pl.publishedAt.After(at) {
		p.Add("publishedAt", "is in the future: schedule the publication instead")
	}
	if len(params.Publish)+len(params.Unpublish) == 0 {
		p.Add("documents", "name at least one document")
	}
	return pl
}

// readSequences reads the positions of the audit log and the publication log.
// [releasePlan.confirm] compares them later to find out whether anything changed.
func (pl *releasePlan) readSequences(ctx context.Context, db store.Rows) error {
	var err error
	if pl.auditSequence, err = auditSequence(ctx, db); err != nil {
		return err
	}
	log, err := projection.ReadLog(ctx, db)
	pl.next = log.Last + 1
	return err
}

// resolve finds the documents that the parameters name.
func (pl *releasePlan) resolve(ctx context.Context, db store.Rows, params ReleaseParams, p *domain.Problems) error {
	publishPath, unpublishPath := "documents", "documents"
	if len(params.Publish) > 0 && len(params.Unpublish) > 0 {
		publishPath, unpublishPath = "publish", "unpublish"
	}
	publish, err := resolveDocuments(ctx, db, params.Publish, publishPath, p)
	if err != nil {
		return err
	}
	unpublish, err := resolveDocuments(ctx, db, params.Unpublish, unpublishPath, p)
	if err != nil {
		return err
	}
	for _, n := range unpublish {
		pl.unpublish = append(pl.unpublish, n.id)
		pl.unpublishing[n.id] = true
		pl.paths[n.id] = n.path
	}
	for _, n := range publish {
		if pl.unpublishing[n.id] {
			p.Add(n.path, "is to be published and unpublished at once")
		}
		pl.paths[n.id] = n.path
		pl.named = append(pl.named, n.id)
	}
	return nil
}

// checkUnpublish refuses to unpublish documents that are not live.
func (pl *releasePlan) checkUnpublish(ctx context.Context, db store.Rows, p *domain.Problems) error {
	if err := pl.readMetas(ctx, db, pl.unpublish); err != nil {
		return err
	}
	for _, id := range pl.unpublish {
		if !pl.metas[id].IsLive() {
			p.Add(pl.paths[id], "%s is not live", pl.metas[id].Name())
		}
	}
	return nil
}

// expand reads the documents to be published and, following references, the
// documents that have to be published with them.
func (pl *releasePlan) expand(ctx context.Context, db store.Rows, p *domain.Problems) error {
	for next := pl.named; len(next) > 0; {
		if err := pl.readMetas(ctx, db, next); err != nil {
			return err
		}
		for batch := range slices.Chunk(next, aggregate.MaxBatch) {
			if err := pl.readBatch(ctx, db, batch, p); err != nil {
				return err
			}
		}
		var targets []domain.ID
		for _, id := range next {
			targets = append(targets, pl.targets[id]...)
		}
		if err := pl.readMetas(ctx, db, targets); err != nil {
			return err
		}
		pl.set = append(pl.set, next...)
		next = pl.follow(next, p)
	}
	return nil
}

// changing returns the documents of the set that get another version or date in live.
func (pl *releasePlan) changing() []domain.ID {
	var ids []domain.ID
	for _, id := range pl.set {
		if pl.metas[id].IsPending() || pl.publishedAt != nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// inLogOrder returns documents in the order of the log: a document comes before
// those that refer to it.
func inLogOrder(ids []domain.ID) []domain.ID {
	return slices.SortedStableFunc(slices.Values(ids), func(a, b domain.ID) int {
		return cmp.Compare(aggregate.SpecOf(a.Type()).LogOrder, aggregate.SpecOf(b.Type()).LogOrder)
	})
}

// entries returns the release's entries for the log at a given time: supporting
// documents first, then the published documents, then the unpublished ones.
func (pl *releasePlan) entries(at time.Time) []projection.Entry {
	entries := slices.Clone(pl.supporting)
	for _, id := range inLogOrder(pl.changing()) {
		meta, published := pl.metas[id], at
		switch {
		case pl.publishedAt != nil:
			published = pl.publishedAt.UTC().Truncate(time.Microsecond)
		case meta.PublishedAt != nil:
			published = *meta.PublishedAt
		}
		entries = append(entries, projection.Entry{Action: projection.ActionPublish, Document: id, Revision: meta.Version, PublishedAt: published})
	}
	for _, id := range pl.unpublish {
		entries = append(entries, projection.Entry{Action: projection.ActionUnpublish, Document: id, PublishedAt: at})
	}
	return entries
}

// readBatch reads the references of some documents to be published, and checks the
// rules that each document must meet before it is published.
func (pl *releasePlan) readBatch(ctx context.Context, db store.Rows, ids []domain.ID, p *domain.Problems) error {
	numbers := map[domain.ID]int{}
	for _, id := range ids {
		numbers[id] = pl.metas[id].Version
	}
	snaps, err := aggregate.ReadRevisions(ctx, db, numbers)
	if err != nil {
		return err
	}
	for _, id := range ids {
		snap := snaps[id]
		if snap == nil {
			return errStalePlan // it was saved or purged in the meantime
		}
		pl.targets[id] = snap.Root.Targets(aggregate.TableOf(id.Type()))
		switch id.Type() {
		case domain.Entity:
			pl.kinds[id] = snap.Root.Text("kind")
		case domain.Narrative:
			pl.seenOn[id] = platformsOf(snap.Root)
		}
		for _, f := range incomplete(aggregate.SpecOf(id.Type()), snap.Root) {
			p.Add(pl.paths[id], "%s: %s: %s", pl.metas[id].Name(), f.Path, f.Message)
		}
	}
	return nil
}

// follow decides about each reference of the documents, and returns the targets
// that have to be published with them.
func (pl *releasePlan) follow(from []domain.ID, p *domain.Problems) []domain.ID {
	var more []domain.ID
	for _, id := range from {
		for _, target := range pl.targets[id] {
			meta := pl.metas[target]
			if meta == nil {
				continue
			}
			_, in := pl.paths[target]
			switch {
			case pl.unpublishing[target] || !target.Type().Supporting() && !in && !meta.IsLive() && pl.references == Omit:
				if !pl.isOmitted[target] {
					pl.isOmitted[target] = true
					pl.omitted = append(pl.omitted, target)
				}
			case meta.Deleted:
				p.Add(pl.paths[id], "%s refers to %s, which is in the trash: take it out of the trash, or the reference out of the document",
					pl.metas[id].Name(), meta.Name())
			case in || meta.IsLive() || target.Type().Supporting():
			case pl.references == Include:
				pl.paths[target] = pl.paths[id]
				more = append(more, target)
			default:
				p.Add(pl.paths[id], "%s refers to %s, which is not live: publish it too, or set references to INCLUDE or OMIT",
					pl.metas[id].Name(), meta.Name())
			}
		}
	}
	return more
}

// addSupporting adds an entry for each supporting document that is not live yet, among
// those that the changing documents refer to and what those refer to, and checks it.
func (pl *releasePlan) addSupporting(ctx context.Context, db store.Rows, p *domain.Problems) error {
	var targets []domain.ID
	for _, id := range pl.changing() {
		targets = append(targets, pl.targets[id]...)
	}
	entries, metas, err := supportingClosure(ctx, db, targets, nil)
	if err != nil {
		return err
	}
	pl.supporting = entries
	for id, meta := range metas {
		pl.metas[id] = meta
	}
	return checkSupporting(ctx, db, targets, entries, pl.path, p)
}

func (pl *releasePlan) readMetas(ctx context.Context, db store.Rows, ids []domain.ID) error {
	missing := slices.DeleteFunc(slices.Clone(ids), func(id domain.ID) bool { return pl.metas[id] != nil })
	if len(missing) == 0 {
		return nil
	}
	found, err := aggregate.ReadMeta(ctx, db, missing)
	for id, h := range found {
		pl.metas[id] = h
	}
	return err
}

// path returns the path in the input of the field because of which a document is
// part of the release.
func (pl *releasePlan) path(id domain.ID) string {
	if path, ok := pl.paths[id]; ok {
		return path
	}
	for _, from := range pl.set { // it goes live with a document that refers to it
		if slices.Contains(pl.targets[from], id) {
			return pl.paths[from]
		}
	}
	return "documents"
}

// confirm returns errStalePlan if the data that the plan was made from has changed.
func (pl *releasePlan) confirm(ctx context.Context, tx *store.Tx) error {
	// Every operation that changes documents writes an entry to the audit log.
	mark, err := auditSequence(ctx, tx)
	if err != nil || mark == pl.auditSequence {
		return err
	}
	ids := make([]domain.ID, 0, len(pl.metas))
	for id := range pl.metas {
		ids = append(ids, id)
	}
	now, err := aggregate.ReadMeta(ctx, tx, ids)
	if err != nil {
		return err
	}
	for id, was := range pl.metas {
		is := now[id]
		if is == nil || is.Version != was.Version || is.LiveVersion != was.LiveVersion || is.Deleted != was.Deleted {
			return errStalePlan
		}
	}
	return nil
}

func auditSequence(ctx context.Context, db store.Rows) (int64, error) {
	var mark sql.NullInt64
	err := store.QueryRows(ctx, db, "SELECT max(sequence) FROM audit_entries", nil, func(rows *sql.Rows) error { return rows.Scan(&mark) })
	if err != nil {
		return 0, fmt.Errorf("read how far the audit log is: %w", err)
	}
	return mark.Int64, nil
}

// maxRelease bounds the documents that one request names.
const maxRelease = 20_000

// resolveDocuments finds the documents of an input, in few statements. A document
// that is named twice is returned once.
func resolveDocuments(ctx context.Context, db store.Rows, names []string, path string, p *domain.Problems) ([]named, error) {
	if len(names) > maxRelease {
		p.Add(path, "has %d documents, more than %d", len(names), maxRelease)
		return nil, nil
	}
	wanted := map[domain.Type][]string{}
	for _, name := range names {
		if t, text, ok := aggregate.ParseName(name); ok {
			wanted[t] = append(wanted[t], text)
		}
	}
	found := map[domain.Type]map[string]domain.ID{}
	for t, texts := range wanted {
		ids, err := aggregate.Lookup(ctx, db, t, texts)
		if err != nil {
			return nil, err
		}
		found[t] = ids
	}
	var out []named
	seen := map[domain.ID]bool{}
	for i, name := range names {
		at := fmt.Sprintf("%s[%d]", path, i)
		t, text, ok := aggregate.ParseName(name)
		if !ok {
			aggregate.AddUnreadable(name, at, p)
			continue
		}
		id := found[t][text]
		switch {
		case id == 0:
			if err := aggregate.AddUnknown(ctx, db, t, text, at, "", p); err != nil {
				return nil, err
			}
		case seen[id]:
		case id.Type().Supporting():
			p.Add(at, "is %s %s: it goes live with the documents that refer to it", aggregate.Article(id.Type()), id.Type())
		default:
			seen[id] = true
			out = append(out, named{at, id})
		}
	}
	return out, nil
}

func idsOf(docs []named) []domain.ID {
	ids := make([]domain.ID, len(docs))
	for i, n := range docs {
		ids[i] = n.id
	}
	return ids
}
