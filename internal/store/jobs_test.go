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

// testJob is the arguments of a job of these tests.
type testJob struct {
	Number int    `json:"number"`
	Name   string `json:"name,omitempty"`
}

func (testJob) Kind() string { return "errand" }

// newJobs returns a job queue that runs test jobs.
func newJobs(t testing.TB, s *store.Stores, run func(context.Context, int) error) *store.Jobs {
	t.Helper()
	jobs := s.Jobs(slog.New(slog.DiscardHandler))
	store.AddKind(jobs, store.Kind[testJob]{Timeout: 10 * time.Second, Run: func(ctx context.Context, job *river.Job[testJob]) error {
		return run(ctx, job.Args.Number)
	}})
	return jobs
}

func enqueue(t testing.TB, s *store.Stores, jobs *store.Jobs, queue string, numbers ...int) {
	t.Helper()
	if err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, n := range numbers {
			if err := jobs.Enqueue(ctx, tx, river.InsertManyParams{Args: testJob{Number: n}, InsertOpts: &river.InsertOpts{Queue: queue}}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// startJobs starts a job queue and returns a function that stops it.
func startJobs(t testing.TB, jobs *store.Jobs) (stop func()) {
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
		jobs := newJobs(t, s, func(_ context.Context, n int) error { ran <- n; return nil })
		enqueue(t, s, jobs, "a", 1, 2)
		refused := errors.New("refused")
		err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(jobs.Enqueue(ctx, tx, river.InsertManyParams{Args: testJob{Number: 3}, InsertOpts: &river.InsertOpts{Queue: "a"}}), refused)
		})
		if !errors.Is(err, refused) {
			t.Fatalf("got %v", err)
		}
		enqueue(t, s, jobs, "b", 4)
		startJobs(t, jobs)
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
		// A job that was rolled back, or is in another queue, does not run.
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
		// The job does not end by itself, so it is cancelled.
		first := newJobs(t, s, func(ctx context.Context, _ int) error {
			close(began)
			<-ctx.Done()
			return ctx.Err()
		})
		enqueue(t, s, first, "a", 7)
		if err := first.Work(t.Context(), []string{"a"}, 1); err != nil {
			t.Fatal(err)
		}
		stop := startJobs(t, first)
		<-began
		stop()

		ran := make(chan int)
		second := newJobs(t, s, func(_ context.Context, n int) error { ran <- n; return nil })
		if err := second.Work(t.Context(), []string{"a"}, 1); err != nil {
			t.Fatal(err)
		}
		startJobs(t, second)
		if n := <-ran; n != 7 {
			t.Errorf("got %d, want 7", n)
		}
	})
}

// Start retries with growing pauses until it can run jobs.
func TestStartOfJobsIsRetried(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		for _, failures := range []int{1, 10} {
			ran := make(chan int, 10)
			jobs := newJobs(t, s, func(_ context.Context, n int) error { ran <- n; return nil })
			enqueue(t, s, jobs, "a", failures)
			if err := jobs.Work(t.Context(), []string{"a"}, 1); err != nil {
				t.Fatal(err)
			}
			restore := storetest.HideTable(t, s.Desk, "river_queue")
			var pauses []time.Duration
			store.SetWait(jobs, func(_ context.Context, d time.Duration) {
				if pauses = append(pauses, d); len(pauses) == failures {
					restore()
				}
			})
			stop := startJobs(t, jobs)
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

// A Start that never succeeds ends with its context.
func TestStartOfJobsEnds(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		jobs := newJobs(t, s, func(context.Context, int) error { return nil })
		storetest.HideTable(t, s.Desk, "river_queue")
		ctx, cancel := context.WithCancel(t.Context())
		tries := 0
		store.SetWait(jobs, func(context.Context, time.Duration) {
			if tries++; tries == 20 {
				cancel()
			}
		})
		if err := jobs.Start(ctx); err != nil || tries != 20 {
			t.Errorf("got %v after %d tries", err, tries)
		}
	})
}

// A queue that could not be added is added later, and does not stop the others.
func TestWorkIsRetried(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ran := make(chan int, 10)
		jobs := newJobs(t, s, func(_ context.Context, n int) error { ran <- n; return nil })
		jobs.AddQueue(store.Queue{Name: "always", AtOnce: 1})
		startJobs(t, jobs)
		enqueue(t, s, jobs, "always", 1)
		if n := <-ran; n != 1 {
			t.Fatalf("got %d, want 1", n)
		}
		restore := storetest.HideTable(t, s.Desk, "river_queue")
		for range 3 {
			if err := jobs.Work(t.Context(), []string{"a", "b"}, 1); err == nil {
				t.Fatal("the queues were added without their table")
			}
		}
		enqueue(t, s, jobs, "always", 2)
		enqueue(t, s, jobs, "a", 3)
		if n := <-ran; n != 2 {
			t.Fatalf("got %d, want 2", n)
		}
		restore()
		if err := jobs.Work(t.Context(), []string{"a", "b"}, 1); err != nil {
			t.Fatal(err)
		}
		if n := <-ran; n != 3 {
			t.Errorf("got %d, want 3", n)
		}
	})
}

// Each kind has its own MaxAttempts and Backoff; a snoozed job uses up no attempt.
func TestAttemptsOfAKind(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		jobs := s.Jobs(slog.New(slog.DiscardHandler))
		type step struct{ attempt, snoozes int }
		steps := make(chan step, 100)
		store.AddKind(jobs, store.Kind[testJob]{
			MaxAttempts: 2, Backoff: func(int) time.Duration { return time.Millisecond },
			Run: func(_ context.Context, job *river.Job[testJob]) error {
				n := store.Snoozes(job.JobRow)
				steps <- step{job.Attempt, n}
				if n < 3 {
					return river.JobSnooze(time.Millisecond)
				}
				return errors.New("refused")
			}})
		jobs.AddQueue(store.Queue{Name: "a", AtOnce: 1, Prompt: true})
		enqueue(t, s, jobs, "a", 1)
		stop := startJobs(t, jobs)
		for _, want := range []step{{1, 0}, {1, 1}, {1, 2}, {1, 3}, {2, 3}} {
			if got := <-steps; got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
		stop() // waits until the result of the job is stored
		givenUp := 0
		if err := jobs.Unfinished(t.Context(), s.DeskRows(), "errand", "a", func(k store.UnfinishedJob) error {
			if k.Discarded {
				givenUp++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if givenUp != 1 {
			t.Errorf("%d jobs were discarded, want 1", givenUp)
		}
	})
}

// A prompt queue runs a scheduled job in time, and does not run a cancelled one.
func TestPromptQueue(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		type start struct {
			number int
			at     time.Time
		}
		ran := make(chan start, 10)
		jobs := newJobs(t, s, func(_ context.Context, n int) error { ran <- start{n, time.Now()}; return nil })
		jobs.AddQueue(store.Queue{Name: "a", AtOnce: 1, Prompt: true})
		startJobs(t, jobs)
		due := time.Now().Add(700 * time.Millisecond)
		if err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for n := range 2 {
				if err := jobs.Enqueue(ctx, tx, river.InsertManyParams{Args: testJob{Number: n, Name: fmt.Sprint("nr", n)}, InsertOpts: &river.InsertOpts{Queue: "a", ScheduledAt: due.Add(time.Duration(n) * time.Millisecond)}}); err != nil {
					return err
				}
			}
			return jobs.Cancel(ctx, tx, "errand", "name", "nr0")
		}); err != nil {
			t.Fatal(err)
		}
		got := <-ran
		late := got.at.Sub(due)
		if got.number != 1 || late < 0 || late > 3*time.Second { // one second on an idle machine
			t.Errorf("the job %d began %s after its time", got.number, late)
		}
		t.Logf("%s late", late)
	})
}

// While due jobs cannot be read, that is logged at growing intervals; afterwards
// they run without another trigger.
func TestPromptQueueWithoutItsTable(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		failed := make(chan string, 100)
		jobs := s.Jobs(slog.New(errorMessages{slog.DiscardHandler, failed}))
		ran := make(chan int, 10)
		store.AddKind(jobs, store.Kind[testJob]{Run: func(_ context.Context, job *river.Job[testJob]) error { ran <- job.Args.Number; return nil }})
		jobs.AddQueue(store.Queue{Name: "a", AtOnce: 1, Prompt: true})
		enqueue(t, s, jobs, "a", 1)
		startJobs(t, jobs)
		if n := <-ran; n != 1 {
			t.Fatalf("got %d, want 1", n)
		}
		if err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return jobs.Enqueue(ctx, tx, river.InsertManyParams{Args: testJob{Number: 2}, InsertOpts: &river.InsertOpts{Queue: "a", ScheduledAt: time.Now().Add(time.Second)}})
		}); err != nil {
			t.Fatal(err)
		}
		restore := storetest.HideTable(t, s.Desk, "river_job")
		for n := 0; n < 2; {
			if strings.Contains(<-failed, "due jobs could not be read") {
				n++
			}
		}
		restore()
		if n := <-ran; n != 2 {
			t.Errorf("got %d, want 2", n)
		}
	})
}

// errorMessages is a log handler that sends the messages of errors to a test.
type errorMessages struct {
	slog.Handler
	to chan<- string
}

func (errorMessages) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelError
}

func (m errorMessages) Handle(_ context.Context, r slog.Record) error {
	select {
	case m.to <- r.Message:
	default: // the test does not read them any more
	}
	return nil
}

// Periodic jobs run when a process starts.
func TestPeriodicJobs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ran := make(chan int, 10)
		jobs := newJobs(t, s, func(_ context.Context, n int) error { ran <- n; return nil })
		jobs.Every(time.Hour, testJob{Number: 5})
		startJobs(t, jobs)
		if n := <-ran; n != 5 {
			t.Errorf("got %d, want 5", n)
		}
	})
}

// Migrations of river's tables are listed with the others.
func TestJobMigrations(t *testing.T) {
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
