package graph

import (
	"context"
	"fmt"
	"slices"

	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
)

// maxTold is how many changes are read for a subscription at once.
const maxTold = 100

func (r subscriptionResolver) ContentChanged(ctx context.Context, types, ids, tags []string, after *string) (<-chan *model.Change, error) {
	f := &follower{desk: r.desk, types: typesOrAll(types), all: ids == nil, tags: tags}
	var p domain.Problems
	for i, text := range ids {
		id, err := domain.ParseID(text)
		if err != nil {
			p.Add(fmt.Sprintf("ids[%d]", i), "%s", err)
		}
		f.ids = append(f.ids, id)
	}
	known, err := r.desk.TagsNamed(ctx, tags)
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
		f.after, err = position(after)
	} else {
		f.after, err = r.desk.LastChange(ctx)
	}
	if err != nil {
		return nil, err
	}
	told := make(chan *model.Change)
	go func() {
		defer close(told)
		if err := f.tell(ctx, told); err != nil && ctx.Err() == nil {
			transport.Fail(ctx, err)
		}
	}()
	return told, nil
}

// follower tells a subscription what it asked to hear.
type follower struct {
	desk  *content.Desk
	after content.Position
	types []domain.Type
	all   bool // of whatever id
	ids   []domain.ID
	tags  []string // nil: with whatever tags
}

// tell goes on until ctx ends, or the viewer may no longer hear.
func (f *follower) tell(ctx context.Context, told chan<- *model.Change) error {
	var rechecker access.Rechecker
	for {
		news, err := f.desk.Follow(ctx, content.ChangesParams{After: f.after, Types: f.types, First: maxTold})
		if err != nil {
			return err
		}
		if err := rechecker.Check(ctx); err != nil {
			return err
		}
		f.after = news.After
		changes, err := f.wanted(ctx, news.Changes)
		if err != nil {
			return err
		}
		for _, c := range changes {
			select {
			case told <- model.NewChanges([]content.Change{c})[0]:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// wanted are the changes that were asked for.
func (f *follower) wanted(ctx context.Context, changes []content.Change) ([]content.Change, error) {
	if f.all && f.tags == nil {
		return changes, nil
	}
	var documents []domain.ID
	for _, c := range changes {
		documents = append(documents, c.Document)
	}
	var tagged map[domain.ID]bool
	if f.tags != nil {
		var err error
		if tagged, err = f.desk.Tagged(ctx, documents, f.tags); err != nil {
			return nil, err
		}
	}
	ids := f.ids
	if !f.all {
		// Asked for each time: a document may be merged into another while it is
		// followed.
		now, err := f.desk.Successors(ctx, f.ids)
		if err != nil {
			return nil, err
		}
		ids = slices.Concat(f.ids, now)
	}
	return slices.DeleteFunc(slices.Clone(changes), func(c content.Change) bool {
		return !f.all && !slices.Contains(ids, c.Document) ||
			f.tags != nil && !c.Kind.Tombstone() && !tagged[c.Document]
	}), nil
}
