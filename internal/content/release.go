package content

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
)

// What to do about a reference to a document that is neither live nor part of
// the release.
const (
	Refuse  = "REFUSE"  // list each one, publish nothing
	Include = "INCLUDE" // publish it, too
	Omit    = "OMIT"    // publish without it; it appears once it is live
)

// PublishParams names documents ("type:slug" or id) to publish as one release.
// PublishedAt is the date that they bear; unset, it is kept where a document
// has one, and is now otherwise. References is Refuse where it is empty.
type PublishParams struct {
	Documents   []string
	References  string
	Message     *string
	PublishedAt *time.Time
}

// UnpublishParams names documents to take out of live.
type UnpublishParams struct {
	Documents []string
	Message   *string
}

// ReleaseParams publishes some documents and takes out others, as one.
type ReleaseParams struct {
	Publish, Unpublish []string
	References         string
	Message            *string
	PublishedAt        *time.Time
}

// Released is what became of a release.
type Released struct {
	Sequence    int64       // the log's last entry of the release; 0 where nothing had to be done
	Published   []domain.ID // in the order of the log, supporting documents left out
	Unpublished []domain.ID
	Omitted     []domain.ID // documents that are referred to and not live
	Applied     bool        // false: live has yet to catch up, and will
	Warnings    []Warning
}

// release is a release in the making.
type release struct {
	publish, unpublish []named
	references         string
	message            string
	publishedAt        *time.Time
}

// named is a document of an input, with its place there.
type named struct {
	path string
	text string
	id   domain.ID
}

// Publish makes the present version of the documents live: all or none of
// them, seen by readers all at once. Needs the right PUBLISH.
//
// Errors: KindInvalid lists everything that stands in the way: what is
// missing, what is not cited, references that are not live, and texts that
// name something of a higher marking than their own.
func (d *Desk) Publish(ctx context.Context, params PublishParams) (Released, error) {
	return d.Release(ctx, ReleaseParams{
		Publish: params.Documents, References: params.References,
		Message: params.Message, PublishedAt: params.PublishedAt,
	})
}

// Unpublish takes the documents out of live. Needs the right PUBLISH.
func (d *Desk) Unpublish(ctx context.Context, params UnpublishParams) (Released, error) {
	return d.Release(ctx, ReleaseParams{Unpublish: params.Documents, Message: params.Message})
}

// Release publishes and unpublishes as one. See [Desk.Publish].
func (d *Desk) Release(ctx context.Context, params ReleaseParams) (Released, error) {
	var released Released
	applied, err := d.act(ctx, domain.PublishDocuments, func(ctx context.Context, e *edit) (err error) {
		released, err = e.releaseParams(ctx, params)
		return err
	})
	if err != nil {
		return Released{}, err
	}
	released.Applied = applied
	return released, nil
}

func (e *edit) releaseParams(ctx context.Context, params ReleaseParams) (Released, error) {
	var p domain.Problems
	r := release{references: params.References, publishedAt: params.PublishedAt}
	if r.references == "" {
		r.references = Refuse
	}
	if !slices.Contains(domain.ReferencePolicies, r.references) {
		p.Add("references", "want one of %v", domain.ReferencePolicies)
	}
	r.message = optionalText(params.Message, "message", &p)
	if r.publishedAt != nil && r.publishedAt.After(e.at) {
		p.Add("publishedAt", "is in the future: schedule the publication instead")
	}
	if len(params.Publish)+len(params.Unpublish) == 0 {
		p.Add("documents", "name at least one document")
	}
	publishPath, unpublishPath := "documents", "documents"
	if len(params.Publish) > 0 && len(params.Unpublish) > 0 {
		publishPath, unpublishPath = "publish", "unpublish"
	}
	var err error
	if r.publish, err = e.resolveDocuments(ctx, params.Publish, publishPath, &p); err != nil {
		return Released{}, err
	}
	if r.unpublish, err = e.resolveDocuments(ctx, params.Unpublish, unpublishPath, &p); err != nil {
		return Released{}, err
	}
	if err := p.Err("nothing was published"); err != nil {
		return Released{}, err
	}
	return e.release(ctx, r)
}

// maxRelease bounds the documents that one request names.
const maxRelease = 20_000

// resolveDocuments finds the documents of an input, in few statements. One
// that is named twice is taken once.
func (e *edit) resolveDocuments(ctx context.Context, names []string, path string, p *domain.Problems) ([]named, error) {
	if len(names) > maxRelease {
		p.Add(path, "has %d documents, more than %d", len(names), maxRelease)
		return nil, nil
	}
	wanted := map[domain.Type][]string{}
	for _, name := range names {
		if t, text, ok := splitName(name); ok {
			wanted[t] = append(wanted[t], text)
		}
	}
	found := map[domain.Type]map[string]domain.ID{}
	for t, texts := range wanted {
		ids, err := lookup(ctx, e.tx, t, texts)
		if err != nil {
			return nil, err
		}
		found[t] = ids
	}
	var out []named
	seen := map[domain.ID]bool{}
	for i, name := range names {
		at := fmt.Sprintf("%s[%d]", path, i)
		t, text, ok := splitName(name)
		id := found[t][text]
		if !ok || id == 0 {
			var err error
			if id, err = resolveDocument(ctx, e.tx, name, at, p); err != nil {
				return nil, err
			}
		}
		if id == 0 || seen[id] {
			continue
		}
		seen[id] = true
		if id.Type().Supporting() {
			p.Add(at, "is %s %s: it goes live with the documents that refer to it", article(id.Type()), id.Type())
			continue
		}
		out = append(out, named{at, name, id})
	}
	return out, nil
}

// release checks a release whole and appends it to the log.
func (e *edit) release(ctx context.Context, r release) (Released, error) {
	var p domain.Problems
	leaving := map[domain.ID]bool{}
	for _, n := range r.unpublish {
		leaving[n.id] = true
	}
	plan := &plan{edit: e, release: r, leaving: leaving,
		heads: map[domain.ID]*header{}, snaps: map[domain.ID]*Snapshot{}, paths: map[domain.ID]string{}}
	if err := plan.gather(ctx, &p); err != nil {
		return Released{}, err
	}
	if err := plan.checkComplete(ctx, &p); err != nil {
		return Released{}, err
	}
	if err := p.Err("nothing was published"); err != nil {
		return Released{}, err
	}
	return plan.append(ctx)
}

// plan is the set of documents that a release comes to.
type plan struct {
	edit    *edit
	release release
	leaving map[domain.ID]bool

	set     []domain.ID // to be published, in order of discovery
	heads   map[domain.ID]*header
	snaps   map[domain.ID]*Snapshot
	paths   map[domain.ID]string // where in the input a document comes from
	omitted []domain.ID
}

// gather reads the documents and, from reference to reference, those that
// have to come along.
func (pl *plan) gather(ctx context.Context, p *domain.Problems) error {
	e := pl.edit
	if err := pl.readHeads(ctx, idsOf(pl.release.unpublish)); err != nil {
		return err
	}
	for _, n := range pl.release.unpublish {
		if !pl.heads[n.id].live() {
			p.Add(n.path, "%s is not live", e.name(pl.heads[n.id]))
		}
	}
	for _, n := range pl.release.publish {
		pl.paths[n.id] = n.path
		if pl.leaving[n.id] {
			p.Add(n.path, "is to be published and unpublished at once")
		}
	}
	next := idsOf(pl.release.publish)
	for len(next) > 0 {
		if err := pl.readHeads(ctx, next); err != nil {
			return err
		}
		numbers := map[domain.ID]int{}
		for _, id := range next {
			numbers[id] = pl.heads[id].Version
		}
		snaps, err := readRevisions(ctx, e.tx, numbers)
		if err != nil {
			return err
		}
		pl.set = append(pl.set, next...)
		var targets []domain.ID
		for _, id := range next {
			pl.snaps[id] = snaps[id]
			targets = append(targets, snaps[id].Root.targets(tableOf(id.Type()))...)
		}
		if err := pl.readHeads(ctx, targets); err != nil {
			return err
		}
		next = pl.follow(next, p)
	}
	return nil
}

// follow decides about each reference of the documents, and returns those
// that have to come along.
func (pl *plan) follow(from []domain.ID, p *domain.Problems) []domain.ID {
	var more []domain.ID
	for _, id := range from {
		for _, target := range pl.snaps[id].Root.targets(tableOf(id.Type())) {
			head := pl.heads[target]
			if head == nil || target.Type().Supporting() {
				continue
			}
			_, in := pl.paths[target]
			if in || head.live() && !pl.leaving[target] {
				continue
			}
			switch {
			case pl.leaving[target] || pl.release.references == Omit:
				if !slices.Contains(pl.omitted, target) {
					pl.omitted = append(pl.omitted, target)
				}
			case head.Deleted:
				p.Add(pl.paths[id], "%s refers to %s, which is in the trash", pl.edit.name(pl.heads[id]), pl.edit.name(head))
			case pl.release.references == Include:
				pl.paths[target] = pl.paths[id]
				more = append(more, target)
			default:
				p.Add(pl.paths[id], "%s refers to %s, which is not live: publish it too, or set references to INCLUDE or OMIT",
					pl.edit.name(pl.heads[id]), pl.edit.name(head))
			}
		}
	}
	return more
}

func (pl *plan) readHeads(ctx context.Context, ids []domain.ID) error {
	missing := slices.DeleteFunc(slices.Clone(ids), func(id domain.ID) bool { return pl.heads[id] != nil })
	if len(missing) == 0 {
		return nil
	}
	found, err := headers(ctx, pl.edit.tx, missing)
	for id, h := range found {
		pl.heads[id] = h
	}
	return err
}

// checkComplete asks of each document what must hold before it is published.
func (pl *plan) checkComplete(ctx context.Context, p *domain.Problems) error {
	for _, id := range pl.set {
		s := shapes[id.Type()]
		if s.complete == nil {
			continue
		}
		var own domain.Problems
		s.complete(pl.snaps[id].Root, &own)
		for _, f := range own.List() {
			p.Add(pl.paths[id], "%s: %s: %s", pl.edit.name(pl.heads[id]), f.Path, f.Message)
		}
	}
	return pl.checkMarkings(ctx, p)
}

// logOrder puts what is referred to before what refers to it.
var logOrder = map[domain.Type]int{
	domain.Entity: 1, domain.Narrative: 2, domain.Relationship: 3, domain.Report: 4, domain.Edition: 5,
}

// append writes the release to the log and notes it on the documents.
func (pl *plan) append(ctx context.Context) (Released, error) {
	e := pl.edit
	out := Released{Omitted: pl.omitted}
	slices.SortStableFunc(pl.set, func(a, b domain.ID) int {
		return cmp.Compare(logOrder[a.Type()], logOrder[b.Type()])
	})
	var entries []entry
	var targets []domain.ID
	for _, id := range pl.set {
		head := pl.heads[id]
		if !head.pending() && pl.release.publishedAt == nil {
			continue // it is live as it is
		}
		published := e.at
		switch {
		case pl.release.publishedAt != nil:
			published = pl.release.publishedAt.UTC().Truncate(time.Microsecond)
		case head.PublishedAt != nil:
			published = *head.PublishedAt
		}
		entries = append(entries, entry{Action: actionPublish, Document: id, Revision: head.Version, PublishedAt: published})
		targets = append(targets, pl.snaps[id].Root.targets(tableOf(id.Type()))...)
		out.Published = append(out.Published, id)
	}
	supporting, err := e.supportingClosure(ctx, targets, map[domain.ID]bool{})
	if err != nil {
		return Released{}, err
	}
	entries = append(supporting, entries...)
	for _, n := range pl.release.unpublish {
		entries = append(entries, entry{Action: actionUnpublish, Document: n.id, PublishedAt: e.at})
		out.Unpublished = append(out.Unpublished, n.id)
	}
	if len(entries) == 0 {
		return out, nil
	}
	if out.Sequence, err = e.appendRelease(ctx, entries, pl.release.message); err != nil {
		return Released{}, err
	}
	for _, en := range entries {
		if en.Action == actionPublish {
			err = e.markPublished(ctx, en.Document, en.Revision, en.PublishedAt)
		} else {
			err = e.markUnpublished(ctx, en.Document)
		}
		if err != nil {
			return Released{}, err
		}
	}
	return out, e.record(ctx, audit.Entry{Action: audit.Publish, Documents: slices.Concat(out.Published, out.Unpublished),
		Detail: fmt.Sprintf("release %d: %d published, %d unpublished", out.Sequence, len(out.Published), len(out.Unpublished))})
}

// name is how messages to staff call a document: "report:harbour-cranes".
func (e *edit) name(h *header) string { return h.ID.Type().String() + ":" + h.Slug }

func idsOf(docs []named) []domain.ID {
	ids := make([]domain.ID, len(docs))
	for i, n := range docs {
		ids[i] = n.id
	}
	return ids
}
