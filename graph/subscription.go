package graph

import (
	"context"
	"fmt"
	"slices"

	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
)

// maxChanges bounds the changes that are read for a subscription at once.
const maxChanges = 100

func (r subscriptionResolver) ContentChanged(ctx context.Context, types, ids, tags []string, after *string) (<-chan *model.Change, error) {
	s := &changeStream{live: r.desk.Live(), types: typesOrAll(types), all: ids == nil, tags: tags}
	var p domain.Problems
	for i, text := range ids {
		id, err := domain.ParseID(text)
		if err != nil {
			p.Add(fmt.Sprintf("ids[%d]", i), "%s", err)
		}
		s.ids = append(s.ids, id)
	}
	known, err := r.desk.Live().TagsNamed(ctx, tags)
	if err != nil {
		return nil, err
	}
	for i, name := range tags {
		if known[name] == 0 {
			p.Add(fmt.Sprintf("tags[%d]", i), "there is no tag %q", name)
		}
	}
	if err := p.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	if after != nil {
		s.after, err = position(after)
	} else {
		s.after, err = r.desk.Live().LastChange(ctx)
	}
	if err != nil {
		return nil, err
	}
	out := make(chan *model.Change)
	go func() {
		defer close(out)
		if err := s.run(ctx, out); err != nil && ctx.Err() == nil {
			transport.Fail(ctx, err)
		}
	}()
	return out, nil
}

// changeStream sends changes to a subscription.
type changeStream struct {
	live  *projection.Live
	after projection.Position
	types []domain.Type
	all   bool // whatever the id
	ids   []domain.ID
	tags  []string // nil: with whatever tags
}

// run sends changes to out until ctx ends, or the credential of the viewer is no
// longer valid.
func (s *changeStream) run(ctx context.Context, out chan<- *model.Change) error {
	var rechecker access.Rechecker
	for {
		page, err := s.live.Follow(ctx, projection.ChangesParams{After: s.after, Types: s.types, First: maxChanges})
		if err != nil {
			return err
		}
		if err := rechecker.Check(ctx); err != nil {
			return err
		}
		s.after = page.After
		changes, err := s.matching(ctx, page.Changes)
		if err != nil {
			return err
		}
		for _, c := range changes {
			select {
			case out <- model.NewChanges([]projection.Change{c})[0]:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// matching returns the changes that the arguments of the subscription select.
func (s *changeStream) matching(ctx context.Context, changes []projection.Change) ([]projection.Change, error) {
	if s.all && s.tags == nil {
		return changes, nil
	}
	var documents []domain.ID
	for _, c := range changes {
		documents = append(documents, c.Document)
	}
	var tagged map[domain.ID]bool
	if s.tags != nil {
		var err error
		if tagged, err = s.live.Tagged(ctx, documents, s.tags); err != nil {
			return nil, err
		}
	}
	ids := s.ids
	if !s.all {
		// They are read each time: a document may be merged into another at any
		// time.
		successors, err := s.live.Successors(ctx, s.ids)
		if err != nil {
			return nil, err
		}
		ids = slices.Concat(s.ids, successors)
	}
	return slices.DeleteFunc(slices.Clone(changes), func(c projection.Change) bool {
		return !s.all && !slices.Contains(ids, c.Document) ||
			s.tags != nil && !c.Kind.Tombstone() && !tagged[c.Document]
	}), nil
}
