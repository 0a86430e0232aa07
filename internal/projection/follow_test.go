package projection_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
)

// Followers who come at any time, and take as little or as much at once as
// they like, hear the same as those who read the feed afterwards.
func TestFollowersHearAll(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		if err := d.Project(t.Context()); err != nil {
			t.Fatal(err)
		}
		public := domain.WithViewer(t.Context(), domain.Anonymous())
		begin, err := d.LastChange(public)
		if err != nil {
			t.Fatal(err)
		}
		const reports = 20
		var following sync.WaitGroup
		heard := make([][]projection.Change, 6)
		for i := range heard {
			following.Go(func() {
				after := begin
				for len(heard[i]) < reports {
					batch, err := d.Follow(public, projection.ChangesParams{After: after, First: i + 1, Types: []domain.Type{domain.Report}})
					if err != nil {
						t.Error(err)
						return
					}
					heard[i], after = append(heard[i], batch.Changes...), batch.After
				}
			})
		}
		for n := range reports {
			slug := fmt.Sprintf("news-%d", n)
			d.Report(slug)
			d.Report("secret-"+slug, fields{"marking": "RED"})
			d.MustPublish("report:"+slug, "report:secret-"+slug)
		}
		following.Wait()
		want, err := d.Changes(public, projection.ChangesParams{After: begin, First: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for i := range heard {
			if fmt.Sprint(heard[i]) != fmt.Sprint(want) {
				t.Errorf("follower %d heard\n%v, want\n%v", i, heard[i], want)
			}
		}
	})
}

func TestFollowEndsWithItsContext(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		if err := d.Project(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(domain.WithViewer(t.Context(), domain.Anonymous()))
		last, err := d.LastChange(ctx)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := d.Follow(ctx, projection.ChangesParams{After: last, First: 1}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want that it was cancelled", err)
		}
	})
}
