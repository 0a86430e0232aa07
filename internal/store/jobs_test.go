package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// errand is a job of these tests.
type errand struct {
	Number int    `json:"number"`
	Name   string `json:"name,omitempty"`
}

func (errand) Kind() string { return "errand" }

// jobsOf runs the errands of a test.
func jobsOf(t testing.TB, s *store.Stores, run func(context.Context, int) error) *store.Jobs {
	t.Helper()
	jobs := s.Jobs(slog.New(slog.DiscardHandler))
	store.AddKind(jobs, store.Kind[errand]{Timeout: 10 * time.Second, Run: func(ctx context.Context, job *river.Job[errand]) error {
		return run(ctx, job.Args.Number)
	}})
	return jobs
}

func enqueue(t testing.TB, s *store.Stores, jobs *store.Jobs, queue string, numbers ...int) {
	t.Helper()
	if err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, n := range numbers {
			if err := jobs.Enqueue(ctx, tx, river.InsertManyParams{Args: errand{Number: n}, InsertOpts: &river.InsertOpts{Queue: queue}}); err != nil {
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
			return errors.Join(jobs.Enqueue(ctx, tx, river.InsertManyParams{Args: errand{Number: 3}, InsertOpts: &river.InsertOpts{Queue: "a"}}), refused)
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

// Start goes on trying while jobs cannot be begun with, at growing intervals, and
// runs them when they can.
func TestStartOfJobsIsTriedAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		for _, failures := range []int{1, 10} {
			ran := make(chan int, 10)
			jobs := jobsOf(t, s, func(_ context.Context, n int) error { ran <- n; return nil })
			enqueue(t, s, jobs, "a", failures)
			if err := jobs.Work(t.Context(), []string{"a"}, 1); err != nil {
				t.Fatal(err)
			}
			mend := storetest.Away(t, s.Desk, "river_queue")
			var pauses []time.Duration
			store.SetRest(jobs, func(_ context.Context, d time.Duration) {
				if pauses = append(pauses, d); len(pauses) == failures {
					mend()
				}
			})
			stop := working(t, jobs)
			if n := <-ran; n != failures {
				t.Errorf("got %d, want %d", n, failures)
			}
			stop()
			want := []time.Duration{1, 2, 4, 8, 16, 30, 30, 30, 30, 30}[:failures]
			for i := range want {
				want[i] *= time.Second
			}
			if !slices.Equal(pauses, want) {
				t.Errorf("got the pauses %v, want %v", pauses, want)
			}
		}
	})
}

// A start that fails for ever ends with its context.
func TestStartOfJobsEnds(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		jobs := jobsOf(t, s, func(context.Context, int) error { return nil })
		storetest.Away(t, s.Desk, "river_queue")
		ctx, cancel := context.WithCancel(t.Context())
		tries := 0
		store.SetRest(jobs, func(context.Context, time.Duration) {
			if tries++; tries == 20 {
				cancel()
			}
		})
		if err := jobs.Start(ctx); err != nil || tries != 20 {
			t.Errorf("got %v after %d tries", err, tries)
		}
	})
}

// A queue that could not be joined is joined later, and others are meanwhile.
func TestWorkIsTriedAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ran := make(chan int, 10)
		jobs := jobsOf(t, s, func(_ context.Context, n int) error { ran <- n; return nil })
		jobs.AddQueue(store.Queue{Name: "always", AtOnce: 1})
		working(t, jobs)
		enqueue(t, s, jobs, "always", 1)
		if n := <-ran; n != 1 {
			t.Fatalf("got %d, want 1", n)
		}
		mend := storetest.Away(t, s.Desk, "river_queue")
		for range 3 {
			if err := jobs.Work(t.Context(), []string{"a", "b"}, 1); err == nil {
				t.Fatal("the queues were joined without their table")
			}
		}
		enqueue(t, s, jobs, "always", 2)
		enqueue(t, s, jobs, "a", 3)
		if n := <-ran; n != 2 {
			t.Fatalf("got %d, want 2", n)
		}
		mend()
		if err := jobs.Work(t.Context(), []string{"a", "b"}, 1); err != nil {
			t.Fatal(err)
		}
		if n := <-ran; n != 3 {
			t.Errorf("got %d, want 3", n)
		}
	})
}

// Each kind has its bound of attempts and its back-off; what is put off uses up
// none.
func TestAttemptsOfAKind(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		jobs := s.Jobs(slog.New(slog.DiscardHandler))
		type step struct{ attempt, snoozes int }
		steps := make(chan step, 100)
		store.AddKind(jobs, store.Kind[errand]{
			MaxAttempts: 2, Backoff: func(int) time.Duration { return time.Millisecond },
			Run: func(_ context.Context, job *river.Job[errand]) error {
				n := store.Snoozes(job.JobRow)
				steps <- step{job.Attempt, n}
				if n < 3 {
					return river.JobSnooze(time.Millisecond)
				}
				return errors.New("refused")
			}})
		jobs.AddQueue(store.Queue{Name: "a", AtOnce: 1, Prompt: true})
		enqueue(t, s, jobs, "a", 1)
		stop := working(t, jobs)
		for _, want := range []step{{1, 0}, {1, 1}, {1, 2}, {1, 3}, {2, 3}} {
			if got := <-steps; got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
		stop() // by then it is noted what became of the job
		givenUp := 0
		if err := jobs.Kept(t.Context(), s.DeskRows(), "errand", "a", func(k store.KeptJob) error {
			if k.GivenUp {
				givenUp++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if givenUp != 1 {
			t.Errorf("%d jobs were given up, want 1", givenUp)
		}
	})
}

// A prompt queue begins a job of a later time in time, and not one that was
// cancelled.
func TestPromptQueue(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		type start struct {
			number int
			at     time.Time
		}
		ran := make(chan start, 10)
		jobs := jobsOf(t, s, func(_ context.Context, n int) error { ran <- start{n, time.Now()}; return nil })
		jobs.AddQueue(store.Queue{Name: "a", AtOnce: 1, Prompt: true})
		working(t, jobs)
		due := time.Now().Add(700 * time.Millisecond)
		if err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for n := range 2 {
				if err := jobs.Enqueue(ctx, tx, river.InsertManyParams{Args: errand{Number: n, Name: fmt.Sprint("nr", n)}, InsertOpts: &river.InsertOpts{Queue: "a", ScheduledAt: due.Add(time.Duration(n) * time.Millisecond)}}); err != nil {
					return err
				}
			}
			return jobs.Cancel(ctx, tx, "errand", "name", "nr0")
		}); err != nil {
			t.Fatal(err)
		}
		got := <-ran
		late := got.at.Sub(due)
		if got.number != 1 || late < 0 || late > 3*time.Second { // a second, on a machine at rest
			t.Errorf("the job %d began %s after its time", got.number, late)
		}
		t.Logf("%s late", late)
	})
}

// While due jobs cannot be looked for, that is logged less and less often; when
// they can, they begin, without anything else happening.
func TestPromptQueueWithoutItsTable(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		failed := make(chan string, 100)
		jobs := s.Jobs(slog.New(messages{slog.DiscardHandler, failed}))
		ran := make(chan int, 10)
		store.AddKind(jobs, store.Kind[errand]{Run: func(_ context.Context, job *river.Job[errand]) error { ran <- job.Args.Number; return nil }})
		jobs.AddQueue(store.Queue{Name: "a", AtOnce: 1, Prompt: true})
		enqueue(t, s, jobs, "a", 1)
		working(t, jobs)
		if n := <-ran; n != 1 {
			t.Fatalf("got %d, want 1", n)
		}
		if err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return jobs.Enqueue(ctx, tx, river.InsertManyParams{Args: errand{Number: 2}, InsertOpts: &river.InsertOpts{Queue: "a", ScheduledAt: time.Now().Add(time.Second)}})
		}); err != nil {
			t.Fatal(err)
		}
		mend := storetest.Away(t, s.Desk, "river_job")
		for n := 0; n < 2; {
			if strings.Contains(<-failed, "jobs that are due could not be looked for") {
				n++
			}
		}
		mend()
		if n := <-ran; n != 2 {
			t.Errorf("got %d, want 2", n)
		}
	})
}

// messages is a log that hands its messages to a test.
type messages struct {
	slog.Handler
	to chan<- string
}

func (messages) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }

func (m messages) Handle(_ context.Context, r slog.Record) error {
	select {
	case m.to <- r.Message:
	default: // the test has seen enough
	}
	return nil
}

// Periodic jobs are run when a process starts.
func TestUpkeep(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ran := make(chan int, 10)
		jobs := jobsOf(t, s, func(_ context.Context, n int) error { ran <- n; return nil })
		jobs.Every(time.Hour, errand{Number: 5})
		working(t, jobs)
		if n := <-ran; n != 5 {
			t.Errorf("got %d, want 5", n)
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
