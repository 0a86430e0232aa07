package exchange

import (
	"context"
	"slices"

	"github.com/redthread-api/redthread/internal/editorial"
)

// maxReleased is how many documents are published as one release. A list that
// makes more of them is published in several.
const maxReleased = 10_000

// publish publishes what imports created and changed, and notes what it left.
// Entities come before the relationships that tie them.
func (im *companyImport) publish(ctx context.Context) error {
	standings, err := im.desk.PublicationStatuses(ctx, im.order)
	if err != nil {
		return err
	}
	var names []string
	for _, id := range im.order {
		w := im.written[id]
		now, there := standings[id]
		switch {
		case !there:
			continue // an editor has put it in the trash
		case !w.changed && !w.standing.IsPending():
			continue // what is new of it is an editor's
		case w.reason == "" && now.Version != w.standing.Version:
			w.reason = "somebody saved it after this run did"
		}
		switch {
		case !now.IsPending() || id.Type().Supporting(): // it goes live with what cites it
		case w.reason != "":
			im.out.Left = append(im.out.Left, Left{now.Name(), w.reason})
		default:
			names = append(names, id.String())
		}
	}
	message := im.params.Programme + ", imported"
	for batch := range slices.Chunk(names, maxReleased) {
		// An end of a relationship that was left is not published along: the
		// relationship is seen once the end is live.
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
