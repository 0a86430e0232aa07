package editorial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
)

// The ways to treat a reference to a document that is neither live nor part of the
// release.
const (
	Refuse  = "REFUSE"  // list each one, publish nothing
	Include = "INCLUDE" // publish it, too
	Omit    = "OMIT"    // publish without it; it appears once it is live
)

// PublishParams names documents ("type:slug" or id) to publish as one release.
// PublishedAt is their date of publication; if unset, a document keeps the date that
// it has, or gets the present time if it has none. An empty References is Refuse.
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

// ReleaseParams names documents to publish and others to take out, as one release.
type ReleaseParams struct {
	Publish, Unpublish []string
	References         string
	Message            *string
	PublishedAt        *time.Time

	allProblems bool // an error lists them all, however many
}

// ReleaseResult is the result of a release.
type ReleaseResult struct {
	Sequence    int64       // the log's last entry of the release; 0 where nothing had to be done
	Published   []domain.ID // in the order of the log, supporting documents left out
	Unpublished []domain.ID
	Omitted     []domain.ID // documents that are referred to and not live
	Applied     bool        // false: live has not caught up yet, and will
	Warnings    []Warning
}

// Publish makes the present version of the documents live: all or none of
// them, and for readers all at the same time. Needs the right PUBLISH.
//
// Errors: KindInvalid lists every reason for a refusal: what is missing, what is
// not cited, references that are not live, and texts that name a document with a
// higher marking than their own.
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

// maxPlanAttempts is how often a release is planned before the lock is taken. If its
// documents change during each attempt, it is planned under the lock.
const maxPlanAttempts = 3

// Release publishes and unpublishes as one. See [Desk.Publish].
//
// The steps are: check the right, plan (which documents, and the rules for them),
// append the entries to the log, and wait for live.
func (d *Desk) Release(ctx context.Context, params ReleaseParams) (ReleaseResult, error) {
	viewer, err := d.authorize(ctx, domain.PublishDocuments)
	if err != nil {
		return ReleaseResult{}, err
	}
	result, err := d.planAndAppend(ctx, viewer, params)
	if err != nil {
		return ReleaseResult{}, err
	}
	result.Applied = d.awaitLive(ctx, result.Sequence)
	return result, nil
}

// planAndAppend plans a release before the desk's lock is taken; under the lock it
// confirms the plan and appends it to the log. So a release of thousands of documents
// blocks the editors only while its entries are written.
func (d *Desk) planAndAppend(ctx context.Context, viewer *domain.Viewer, params ReleaseParams) (result ReleaseResult, err error) {
	for range maxPlanAttempts {
		var pl *releasePlan
		pl, err = planRelease(ctx, d.stores.DeskRows(), d.clock(), params)
		if err == nil {
			err = d.edit(ctx, viewer, func(ctx context.Context, e *editTx) (err error) {
				if err = pl.confirm(ctx, e.tx); err == nil {
					result, err = e.appendPlan(ctx, pl)
				}
				return err
			})
		}
		if !errors.Is(err, errStalePlan) {
			return result, err
		}
	}
	err = d.edit(ctx, viewer, func(ctx context.Context, e *editTx) (err error) {
		result, err = e.planAndAppend(ctx, params)
		return err
	})
	return result, err
}

// planAndAppend plans a release and appends it to the log, both under the lock.
func (e *editTx) planAndAppend(ctx context.Context, params ReleaseParams) (ReleaseResult, error) {
	pl, err := planRelease(ctx, e.tx, e.at, params)
	if err != nil {
		return ReleaseResult{}, err
	}
	return e.appendPlan(ctx, pl)
}

// appendPlan appends a planned release to the log, and records on the documents which
// version is live now. The data that the plan was made from must not have changed.
func (e *editTx) appendPlan(ctx context.Context, pl *releasePlan) (ReleaseResult, error) {
	result := ReleaseResult{Omitted: pl.omitted, Published: inLogOrder(pl.changing()), Unpublished: pl.unpublish}
	entries := pl.entries(e.at)
	if len(entries) == 0 {
		return result, nil
	}
	var p domain.Problems
	var err error
	if result.Sequence, err = e.publishEntries(ctx, publication{entries: entries, message: pl.message, path: pl.path, next: pl.next}, &p); err != nil {
		return ReleaseResult{}, err
	}
	if err := p.Err("nothing was published"); err != nil {
		return ReleaseResult{}, err
	}
	if result.Warnings, err = e.draftRelationshipWarnings(ctx, entitiesAmong(result.Published)); err != nil {
		return ReleaseResult{}, err
	}
	return result, e.record(ctx, audit.Entry{Action: audit.Publish, Documents: slices.Concat(result.Published, result.Unpublished),
		Detail: fmt.Sprintf("release %d: %d published, %d unpublished", result.Sequence, len(result.Published), len(result.Unpublished))})
}

func entitiesAmong(ids []domain.ID) []domain.ID {
	return slices.DeleteFunc(slices.Clone(ids), func(id domain.ID) bool { return id.Type() != domain.Entity })
}
