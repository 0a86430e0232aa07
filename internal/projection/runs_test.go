package projection_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// While live is busy the desk is free: what is published is answered as pending
// within its own deadline, and what needs to know of live asks the desk.
func TestTheDeskDoesNotWaitForLive(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("acme")
		d.Tag("sea")
		d.Report("cranes", fields{"tags": list("sea"), "body": "By [[acme]]."})
		d.MustPublish("entity:acme", "report:cranes")
		d.Report("ports")
		d.Entity("zeta")
		d.MustPublish("entity:zeta")

		held, release := make(chan struct{}), make(chan struct{})
		var holding sync.WaitGroup
		holding.Go(func() {
			err := d.Stores.Live(context.WithoutCancel(t.Context()), func(context.Context, *store.Tx) error {
				close(held)
				<-release
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-held
		before := d.Version()
		moved := d.Advanced(before)
		within := func(what string, fn func(context.Context) error) {
			t.Helper()
			ctx, cancel := context.WithTimeout(d.Ctx, 10*time.Second) // live is held until the end
			defer cancel()
			err := fn(ctx)
			if ctx.Err() != nil {
				t.Errorf("%s: went beyond its deadline", what)
			}
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		within("publish", func(ctx context.Context) error {
			out, err := d.Publish(ctx, editorial.PublishParams{Documents: []string{"report:ports"}})
			if err == nil && out.Applied {
				err = errors.New("it is said to be applied")
			}
			return err
		})
		within("save", func(ctx context.Context) error {
			_, err := d.Save(ctx, editorial.SaveParams{Type: domain.Report, Mode: editorial.Update, Fields: fields{"id": "ports", "title": "Again"}})
			return err
		})
		within("merge", func(ctx context.Context) error {
			_, err := d.MergeEntities(ctx, editorial.MergeParams{From: []string{"zeta"}, Into: "acme"})
			return err
		})
		within("unpublish", func(ctx context.Context) error {
			_, err := d.Unpublish(ctx, editorial.UnpublishParams{Documents: []string{"report:cranes"}})
			return err
		})
		within("delete a tag that was live", func(ctx context.Context) error {
			if _, err := d.Save(ctx, editorial.SaveParams{Type: domain.Report, Mode: editorial.Update, Fields: fields{"id": "cranes", "tags": list()}}); err != nil {
				return err
			}
			_, err := d.Delete(ctx, editorial.DeleteParams{Type: domain.Tag, ID: "sea"})
			return err
		})
		if got := d.Version(); !got.Same(before) {
			t.Errorf("live has moved on to %+v while it was held", got)
		}
		close(release)
		holding.Wait()
		<-moved
		if err := d.Project(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.WantLive(domain.Clear, "entity:acme", "report:ports")
		d.WantRebuilt()
	})
}

// Faults of live hold up nothing but live, and live recovers without anything
// happening from outside.
func TestFaultsOfLive(t *testing.T) {
	for _, tt := range []struct {
		name   string
		faults int64
	}{{"Once", 1}, {"TenTimes", 10}, {"UntilItIsMended", 1 << 60}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			storetest.EachConfig(t, func(t *testing.T, c store.Config) {
				var faults, attempts atomic.Int64
				c.Fault = func(pool, query string) error {
					if pool == "live" && strings.HasPrefix(query, "UPDATE projection SET applied_sequence") {
						attempts.Add(1)
						if faults.Add(-1) >= 0 {
							return errors.New("live is away")
						}
					}
					return nil
				}
				s, err := store.Open(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				d := newDesk(t, s)
				defer d.Close()
				if err := d.Project(t.Context()); err != nil {
					t.Fatal(err)
				}
				d.SetPauses(func(time.Duration) time.Duration { return time.Millisecond })
				faults.Store(tt.faults)
				slug := fmt.Sprintf("news-%d", editorialtest.Serial.Add(1))
				d.Report(slug)
				moved := d.Advanced(d.Version())
				out, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"report:" + slug}})
				if err != nil || out.Applied {
					t.Fatalf("got %+v, %v; want a publication that is pending", out, err)
				}
				// Others go on.
				d.Report(slug + "-other")
				ctx, stop := context.WithCancel(t.Context())
				var running sync.WaitGroup
				running.Go(func() {
					if err := d.Run(ctx); err != nil {
						t.Error(err)
					}
				})
				for attempts.Load() < min(tt.faults, 10) {
					if _, err := d.Lag(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if tt.faults > 10 {
					faults.Store(0) // somebody has mended it
				}
				<-moved
				stop()
				running.Wait()
				if lag, err := d.Lag(t.Context()); err != nil || lag != 0 {
					t.Errorf("got %d, %v; want live to be up to the log", lag, err)
				}
			})
		})
	}
}

func TestPausesGrow(t *testing.T) {
	t.Parallel()
	var pause time.Duration
	for i, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute} {
		if pause = projection.NextPause(pause, true); pause != want {
			t.Errorf("after %d failures: got a pause of %v, want %v", i+1, pause, want)
		}
	}
	if got := projection.NextPause(pause, false); got != time.Second {
		t.Errorf("after a success: got a pause of %v, want one second", got)
	}
}
