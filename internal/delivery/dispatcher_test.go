package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// startRun runs webhooks with the job queue, and returns a function that stops
// them like a process that ends.
func (s *testDesk) startRun(t testing.TB) (stop func()) {
	t.Helper()
	jobs := s.stores.Jobs(slog.New(slog.DiscardHandler))
	w := delivery.New(delivery.Config{Stores: s.stores, Live: s.desk.Live(), Jobs: jobs, AllowPrivate: true})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		sent := make(chan error)
		go func() { sent <- jobs.Start(ctx) }()
		done <- errors.Join(w.Run(ctx), <-sent)
	}()
	stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		done <- nil
	}
	t.Cleanup(stop)
	return stop
}

// waitFor waits until a receiver has n requests, and returns them in short.
func (r *receiver) waitFor(t testing.TB, n int) []string {
	t.Helper()
	came := make(chan struct{}, 1000)
	r.respond(func(received) (int, map[string]string) { came <- struct{}{}; return 200, nil })
	var lines []string
	late := time.After(time.Minute)
	for {
		for _, got := range r.take() {
			lines = append(lines, got.summary())
		}
		if len(lines) >= n {
			slices.Sort(lines)
			return lines
		}
		select {
		case <-came:
		case <-late:
			t.Fatalf("got %v, want %d requests", lines, n)
		}
	}
}

// A process continues where the previous one stopped.
func TestRun(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
		s.report("cranes")
		s.publish("cranes")
		stop := s.startRun(t)
		if got := r.waitFor(t, 1); !slices.Equal(got, []string{"report.published cranes"}) {
			t.Errorf("got %v", got)
		}
		s.report("docks")
		s.publish("docks")
		if got := r.waitFor(t, 1); !slices.Equal(got, []string{"report.published docks"}) {
			t.Errorf("got %v", got)
		}
		stop()
		s.unpublish("cranes")
		s.report("quays")
		s.publish("quays")
		s.startRun(t)
		if got := r.waitFor(t, 2); !slices.Equal(got, []string{"report.published quays", "report.unpublished"}) {
			t.Errorf("got %v", got)
		}
		if a, err := s.Test(s.admin(), hook); err != nil || a.Status != 200 {
			t.Errorf("got %+v, %v", a, err)
		}
	})
}

// Two processes share the work, and no delivery is sent twice.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		sites := make([]*testDesk, 2)
		for i := range sites {
			s, err := store.Open(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			sites[i] = newTestDesk(t, s)
		}
		r := newReceiver(t)
		sites[0].hook(delivery.CreateParams{URL: r.URL})
		for _, s := range sites {
			s.startRun(t)
		}
		const documents, versions = 8, 3
		for v := range versions {
			for n := range documents {
				slug := fmt.Sprint("r", n)
				sites[0].report(slug, fields{"title": fmt.Sprint("Version ", v)})
				sites[0].publish(slug)
			}
		}
		counts := map[string]int{}
		for _, line := range r.waitFor(t, documents*versions) {
			counts[line]++
		}
		for n := range documents {
			if p, u := counts[fmt.Sprint("report.published r", n)], counts[fmt.Sprint("report.updated r", n)]; p != 1 || u != versions-1 {
				t.Errorf("r%d: published %d times, updated %d times", n, p, u)
			}
		}
		if len(counts) != 2*documents {
			t.Errorf("got %s", strings.Join(r.waitFor(t, 0), ", "))
		}
	})
}
