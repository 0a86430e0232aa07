package exchange

import (
	"context"
	"slices"

	"github.com/redthread-api/redthread/internal/editorial"
)

// maxReleased is the greatest number of documents in one release. More are published
// in several releases.
const maxReleased = 10_000

// publish publishes what imports created and changed, and records what it did not
// publish. Entities come before the relationships between them.
func (im *companyImport) publish(ctx context.Context) error {
	statuses, err := im.desk.PublicationStatuses(ctx, im.order)
	if err != nil {
		return err
	}
	var names []string
	for _, id := range im.order {
		w := im.outcomes[id]
		now, there := statuses[id]
		switch {
		case !there:
			continue // an editor has put it in the trash
		case !w.changed && !w.status.IsPending():
			continue // what is new of it is an editor's
		case w.reason == "" && now.Version != w.status.Version:
			w.reason = "somebody saved it after this run did"
		}
		switch {
		case !now.IsPending() || id.Type().Supporting(): // it goes live with what cites it
		case w.reason != "":
			im.out.Unpublished = append(im.out.Unpublished, Unpublished{now.Name(), w.reason})
		default:
			names = append(names, id.String())
		}
	}
	message := im.params.Programme + ", imported"
	for batch := range slices.Chunk(names, maxReleased) {
		// An end of a relationship that is not in the release is not published
		// with it: the relationship is visible once the end is live.
		released, err := im.desk.Release(ctx, editorial.ReleaseParams{
			Publish: batch, References: editorial.Omit, Message: &message,
		})
		if err != nil {
			return err
		}
		im.out.Published += len(released.Published)
		if released.Sequence != 0 {
			im.out.Sequence = released.Sequence
		}
	}
	return nil
}
