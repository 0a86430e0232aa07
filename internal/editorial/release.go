package editorial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
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

// ReleaseResult is what became of a release.
type ReleaseResult struct {
	Sequence    int64       // the log's last entry of the release; 0 where nothing had to be done
	Published   []domain.ID // in the order of the log, supporting documents left out
	Unpublished []domain.ID
	Omitted     []domain.ID // documents that are referred to and not live
	Applied     bool        // false: live has yet to catch up, and will
	Warnings    []Warning
}

// Publish makes the present version of the documents live: all or none of
// them, seen by readers all at once. Needs the right PUBLISH.
//
// Errors: KindInvalid lists everything that stands in the way: what is
// missing, what is not cited, references that are not live, and texts that
// name something of a higher marking than their own.
func (d *Desk) Publish(ctx context.Context, params PublishParams) (ReleaseResult, error) {
	return d.Release(ctx, ReleaseParams{
		Publish: params.Documents, References: params.References,
		Message: params.Message, PublishedAt: params.PublishedAt,
	})
}

// Unpublish takes the documents out of live. Needs the right PUBLISH.
func (d *Desk) Unpublish(ctx context.Context, params UnpublishParams) (ReleaseResult, error) {
	return d.Release(ctx, ReleaseParams{Unpublish: params.Documents, Message: params.Message})
}

// maxPlanAttempts is how often a release is planned ahead of the lock. Where others
// change what it is about each time, it is planned under the lock.
const maxPlanAttempts = 3

// Release publishes and unpublishes as one. See [Desk.Publish].
//
// Most of the work is done ahead of the desk's lock, and confirmed under it: a
// release of thousands holds up the editors for as long as its lines take to
// write.
func (d *Desk) Release(ctx context.Context, params ReleaseParams) (ReleaseResult, error) {
	if _, err := domain.Require(ctx, domain.PublishDocuments); err != nil {
		return ReleaseResult{}, err
	}
	if err := d.Prepare(ctx); err != nil { // the plan asks the index of live
		return ReleaseResult{}, err
	}
	for range maxPlanAttempts {
		pl, err := planRelease(ctx, d.stores.DeskRows(), d.clock(), params)
		if errors.Is(err, errStalePlan) {
			continue
		}
		if err != nil {
			return ReleaseResult{}, err
		}
		released, err := d.release(ctx, func(ctx context.Context, e *editTx) (ReleaseResult, error) {
			if err := pl.confirm(ctx, e.tx); err != nil {
				return ReleaseResult{}, err
			}
			return e.release(ctx, pl)
		})
		if !errors.Is(err, errStalePlan) {
			return released, err
		}
	}
	return d.release(ctx, func(ctx context.Context, e *editTx) (ReleaseResult, error) { return e.releaseParams(ctx, params) })
}

func (d *Desk) release(ctx context.Context, fn func(context.Context, *editTx) (ReleaseResult, error)) (ReleaseResult, error) {
	var released ReleaseResult
	applied, err := d.withTx(ctx, domain.PublishDocuments, func(ctx context.Context, e *editTx) (err error) {
		released, err = fn(ctx, e)
		return err
	})
	if err != nil {
		return ReleaseResult{}, err
	}
	released.Applied = applied
	return released, nil
}

// releaseParams plans a release and carries it out, under the lock.
func (e *editTx) releaseParams(ctx context.Context, params ReleaseParams) (ReleaseResult, error) {
	pl, err := planRelease(ctx, e.tx, e.at, params)
	if err != nil {
		return ReleaseResult{}, err
	}
	return e.release(ctx, pl)
}

// release appends a release to the log and notes it on the documents. What the
// plan was made of must still hold.
func (e *editTx) release(ctx context.Context, pl *releasePlan) (ReleaseResult, error) {
	out := ReleaseResult{Omitted: pl.omitted}
	slices.SortStableFunc(pl.set, func(a, b domain.ID) int {
		return cmp.Compare(logOrder[a.Type()], logOrder[b.Type()])
	})
	entries := slices.Clone(pl.supporting)
	for _, id := range pl.set {
		head := pl.metas[id]
		if !head.IsPending() && pl.publishedAt == nil {
			continue // it is live as it is
		}
		published := e.at
		switch {
		case pl.publishedAt != nil:
			published = pl.publishedAt.UTC().Truncate(time.Microsecond)
		case head.PublishedAt != nil:
			published = *head.PublishedAt
		}
		entries = append(entries, projection.Entry{Action: projection.ActionPublish, Document: id, Revision: head.Version, PublishedAt: published})
		out.Published = append(out.Published, id)
	}
	for _, id := range pl.unpublish {
		entries = append(entries, projection.Entry{Action: projection.ActionUnpublish, Document: id, PublishedAt: e.at})
		out.Unpublished = append(out.Unpublished, id)
	}
	if len(entries) == 0 {
		return out, nil
	}
	var p domain.Problems
	var err error
	if out.Sequence, err = e.publishEntries(ctx, publication{entries: entries, message: pl.message, path: pl.path, next: pl.next}, &p); err != nil {
		return ReleaseResult{}, err
	}
	if err := p.Err("nothing was published"); err != nil {
		return ReleaseResult{}, err
	}
	var entities []domain.ID
	for _, id := range out.Published {
		if id.Type() == domain.Entity {
			entities = append(entities, id)
		}
	}
	if out.Warnings, err = e.draftRelationshipWarnings(ctx, entities); err != nil {
		return ReleaseResult{}, err
	}
	return out, e.record(ctx, audit.Entry{Action: audit.Publish, Documents: slices.Concat(out.Published, out.Unpublished),
		Detail: fmt.Sprintf("release %d: %d published, %d unpublished", out.Sequence, len(out.Published), len(out.Unpublished))})
}

// logOrder puts what is referred to before what refers to it.
var logOrder = map[domain.Type]int{
	domain.Entity: 1, domain.Narrative: 2, domain.Relationship: 3, domain.Report: 4, domain.Edition: 5,
}
