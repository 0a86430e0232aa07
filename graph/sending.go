package graph

import (
	"context"
	"errors"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter"
)

func (r queryResolver) Sendings(ctx context.Context, first *int, after *string, last *int, before *string) (*model.SendingConnection, error) {
	ctx, err := withRight(ctx, domain.SendEditions)
	if err != nil {
		return nil, err
	}
	list, err := read.List(ctx, r.reader, catalog.Sendings, args(first, after, last, before, nil, newestFirst("CREATED_AT")))
	return orNil(model.SendingConnection{Connection: list, Progress: r.sendings.Progress}, err)
}

func (r queryResolver) Sending(ctx context.Context, id, edition *string) (*model.Sending, error) {
	ctx, err := withRight(ctx, domain.SendEditions)
	if err != nil {
		return nil, err
	}
	if (id == nil) == (edition == nil) {
		return nil, domain.Invalid("give either id or edition")
	}
	var found domain.ID
	if id != nil {
		found, err = domain.ParseID(*id)
	} else {
		found, err = r.sendings.OfEdition(ctx, *edition)
	}
	if err != nil {
		return nil, err
	}
	row, err := r.sendingOf(ctx, found)
	if errors.Is(err, domain.ErrNotFound) {
		return nil, nil
	}
	return row, err
}

func (r queryResolver) SendingObstacles(ctx context.Context, edition string) ([]*newsletter.Obstacle, error) {
	ctx, err := withRight(ctx, domain.SendEditions)
	if err != nil {
		return nil, err
	}
	_, found, err := r.sendings.Check(ctx, edition)
	if err != nil {
		return nil, err
	}
	obstacles := make([]*newsletter.Obstacle, len(found))
	for i := range found {
		obstacles[i] = &found[i]
	}
	return obstacles, nil
}

// sendingOf reads a sending from the desk.
func (r *Resolver) sendingOf(ctx context.Context, id domain.ID) (*model.Sending, error) {
	row, err := one(ctx, r, catalog.Sendings, id)
	if err != nil {
		return nil, err
	}
	all, err := model.NewSendings(ctx, []*db.Sending{row}, r.sendings.Progress)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

func (r sendingResolver) Edition(ctx context.Context, obj *model.Sending) (*db.Edition, error) {
	found, err := read.ByIDs(domain.WithStage(ctx, domain.Desk), r.reader, catalog.Editions, []domain.ID{obj.EditionID})
	return found[obj.EditionID], err
}

func (r mutationResolver) SendEdition(ctx context.Context, in newsletter.SendParams) (*model.SendingPayload, error) {
	return r.changedSending(ctx, func() (*newsletter.Sending, error) { return r.sendings.Send(ctx, in) })
}

func (r mutationResolver) SendTestEdition(ctx context.Context, in model.SendTestEditionInput) (*model.SendTestEditionPayload, error) {
	if err := refuseInTransaction(ctx, domain.SendEditions, false, "mails that were sent cannot be taken back"); err != nil {
		return nil, err
	}
	results, err := r.sendings.SendTest(ctx, in.Edition, in.To)
	return orNil(model.SendTestEditionPayload{Results: results}, err)
}

func (r mutationResolver) PauseSending(ctx context.Context, in model.SendingInput) (*model.SendingPayload, error) {
	return r.withSending(ctx, in.ID, r.sendings.Pause)
}

func (r mutationResolver) StopSending(ctx context.Context, in model.SendingInput) (*model.SendingPayload, error) {
	return r.withSending(ctx, in.ID, r.sendings.Stop)
}

func (r mutationResolver) ResumeSending(ctx context.Context, in model.ResumeSendingInput) (*model.SendingPayload, error) {
	return r.withSending(ctx, in.ID, func(ctx context.Context, id domain.ID) (*newsletter.Sending, error) {
		params := newsletter.ResumeParams{ID: id}
		if in.Remaining != nil {
			params.Remaining = *in.Remaining
		}
		return r.sendings.Resume(ctx, params)
	})
}

// withSending changes a sending by its id.
func (r mutationResolver) withSending(ctx context.Context, text string, change func(context.Context, domain.ID) (*newsletter.Sending, error)) (*model.SendingPayload, error) {
	if _, err := domain.Require(ctx, domain.SendEditions); err != nil {
		return nil, err // before an error describes the input
	}
	id, err := domain.ParseID(text)
	if err != nil {
		return nil, err
	}
	return r.changedSending(ctx, func() (*newsletter.Sending, error) { return change(ctx, id) })
}

func (r mutationResolver) changedSending(ctx context.Context, change func() (*newsletter.Sending, error)) (*model.SendingPayload, error) {
	changed, err := change()
	if err != nil {
		return nil, err
	}
	sending, err := r.sendingOf(ctx, changed.ID)
	return orNil(model.SendingPayload{Sending: sending}, err)
}

// progressPause is how often a subscription looks at the progress of a sending.
const progressPause = time.Second

func (r subscriptionResolver) SendingProgress(ctx context.Context, text string) (<-chan *model.Sending, error) {
	ctx, err := withRight(ctx, domain.SendEditions)
	if err != nil {
		return nil, err
	}
	id, err := domain.ParseID(text)
	if err != nil {
		return nil, err
	}
	first, err := r.sendingOf(ctx, id)
	if err != nil {
		return nil, err
	}
	out := make(chan *model.Sending)
	go func() {
		defer close(out)
		if err := r.followSending(ctx, first, out); err != nil && ctx.Err() == nil {
			transport.Fail(ctx, err)
		}
	}()
	return out, nil
}

// followSending sends a sending to out whenever its progress has changed, until it has ended, ctx ends, or the
// credential of the viewer is no longer valid.
func (r subscriptionResolver) followSending(ctx context.Context, sending *model.Sending, out chan<- *model.Sending) error {
	var rechecker access.Rechecker
	ticker := time.NewTicker(progressPause)
	defer ticker.Stop()
	for sent := (*model.Sending)(nil); ; {
		if sent == nil || sending.Progress != sent.Progress || sending.State != sent.State || sending.Rate() != sent.Rate() {
			select {
			case out <- sending:
			case <-ctx.Done():
				return ctx.Err()
			}
			sent = sending
		}
		if sending.State == newsletter.SendingDone || sending.State == newsletter.SendingStopped {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := rechecker.Check(ctx); err != nil {
			return err
		}
		var err error
		if sending, err = r.sendingOf(ctx, sending.ID); err != nil {
			return err
		}
	}
}
