package content

import (
	"context"

	"github.com/redthread-api/redthread/internal/domain"
)

// Resume is the place, in the history of changes as it is, at the time of a
// position in one that is no more (see [Desk.Changes]). A history that was made
// anew from the publication log has the times of the one before, so who goes on
// from there misses nothing, and may hear some of it twice. It is for those who
// cannot begin anew by themselves.
func (d *Desk) Resume(ctx context.Context, from Position) (Position, error) {
	if _, err := domain.Require(ctx, domain.ReadLive); err != nil {
		return Position{}, err
	}
	history, err := d.history(domain.WithStage(ctx, domain.Live), Position{})
	return Position{history: history, at: from.at, document: from.document}, err
}
