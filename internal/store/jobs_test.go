package store_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// errand is a job of these tests.
type errand struct {
	Number int `json:"number"`
}

func (errand) Kind() string { return "errand" }

// errands hands the numbers of jobs to a test.
type errands struct {
	river.WorkerDefaults[errand]
	run func(ctx context.Context, number int) error
}

func (e *errands) Work(ctx context.Context, job *river.Job[errand]) error {
	return e.run(ctx, job.Args.Number)
}

func jobsOf(t testing.TB, s *store.Stores, run func(context.Context, int) error) *store.Jobs {
	t.Helper()
	workers := river.NewWorkers()
	river.AddWorker(workers, &errands{run: run})
	jobs, err := s.Jobs(store.JobsConfig{Workers: workers, Timeout: 10 * time.Second, RescueAfter: 20 * time.Second, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(jobs.Close)
	return jobs
}

func enqueue(t testing.TB, s *store.Stores, jobs *store.Jobs, queue string, numbers ...int) {
	t.Helper()
	if err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, n := range numbers {
			if err := jobs.Enqueue(ctx, tx, river.InsertManyParams{Args: errand{n}, InsertOpts: &river.InsertOpts{Queue: queue}}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// working starts the jobs and returns a function that ends them.
func working(t testing.TB, jobs *store.Jobs) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- jobs.Start(ctx) }()
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

func TestJobs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ran := make(chan int, 100)
		jobs := jobsOf(t, s, func(_ context.Context, n int) error { ran <- n; return nil })
		enqueue(t, s, jobs, "a", 1, 2)
		refused := errors.New("refused")
		err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(jobs.Enqueue(ctx, tx, river.InsertManyParams{Args: errand{3}, InsertOpts: &river.InsertOpts{Queue: "a"}}), refused)
		})
		if !errors.Is(err, refused) {
			t.Fatalf("got %v", err)
		}
		enqueue(t, s, jobs, "b", 4)
		working(t, jobs)
		if err := jobs.Work(t.Context(), []string{"a"}, 4); err != nil {
			t.Fatal(err)
		}
		got := map[int]bool{<-ran: true, <-ran: true}
		if !got[1] || !got[2] {
			t.Errorf("got %v, want the jobs 1 and 2", got)
		}
		if err := jobs.Work(t.Context(), []string{"b"}, 4); err != nil {
			t.Fatal(err)
		}
		// What was rolled back and what was not in a queue of ours did not run.
		if n := <-ran; n != 4 {
			t.Errorf("got %d, want 4", n)
		}
	})
}

// A job whose process stops is run again by the next one.
func TestJobsSurviveAStop(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		began := make(chan struct{})
		// It does not end by itself, so it is cancelled.
		first := jobsOf(t, s, func(ctx context.Context, _ int) error {
			close(began)
			<-ctx.Done()
			return ctx.Err()
		})
		enqueue(t, s, first, "a", 7)
		if err := first.Work(t.Context(), []string{"a"}, 1); err != nil {
			t.Fatal(err)
		}
		stop := working(t, first)
		<-began
		stop()

		ran := make(chan int)
		second := jobsOf(t, s, func(_ context.Context, n int) error { ran <- n; return nil })
		if err := second.Work(t.Context(), []string{"a"}, 1); err != nil {
			t.Fatal(err)
		}
		working(t, second)
		if n := <-ran; n != 7 {
			t.Errorf("got %d, want 7", n)
		}
	})
}

// Migrations of the jobs' tables are listed with the others.
func TestMigrationsOfTheJobs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		all, err := s.Migrations(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, m := range all {
			if m.Applied.IsZero() {
				t.Errorf("%s is pending", m.Version)
			}
			if len(m.Version) > 6 && m.Version[:6] == "river_" {
				n++
			}
		}
		if n == 0 {
			t.Errorf("got no steps of river's among %d", len(all))
		}
	})
}
