package editorial_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/ent/db/schedule"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// errorLog is a log that hands the messages of errors to a test.
type errorLog struct {
	slog.Handler
	to chan<- string
}

func (errorLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }

func (l errorLog) Handle(_ context.Context, r slog.Record) error {
	select {
	case l.to <- r.Message:
	default: // the test has seen enough
	}
	return nil
}

// running opens a desk with a clock of its own process, and runs its jobs. The
// messages of errors go to the test.
func running(t *testing.T, s *store.Stores, errs chan<- string) (d *desk, stop func()) {
	t.Helper()
	d = newDesk(t, s)
	log := slog.New(errorLog{slog.DiscardHandler, errs})
	jobs := s.Jobs(log)
	d.Live = projection.New(s, log, time.Now)
	d.Desk.Desk = editorial.New(s, d.Live, log, time.Now)
	d.UseJobs(jobs)
	if err := d.Project(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- jobs.Start(ctx) }()
	go func() { ended <- d.Run(ctx) }()
	stop = func() {
		cancel()
		if err := errors.Join(<-ended, <-ended); err != nil {
			t.Error(err)
		}
		ended <- nil
		ended <- nil
	}
	t.Cleanup(stop)
	return d, stop
}

// awaitLive waits until live shows these.
func (d *desk) awaitLive(want ...string) {
	d.T.Helper()
	late := time.After(time.Minute)
	for {
		version := d.Version()
		if got := d.LiveNames(domain.Clear); slices.Equal(got, want) {
			return
		}
		select {
		case <-d.Advanced(version):
		case <-late:
			d.T.Fatalf("live shows %v, want %v", d.LiveNames(domain.Clear), want)
		}
	}
}

// Schedules are carried out by jobs, in time and once, though two processes run
// them. One that fails is attempted with its back-off, and does not delay others.
func TestScheduleJobs(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		open := func() *store.Stores {
			s, err := store.Open(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return s
		}
		failed := make(chan string, 100)
		here, stopHere := running(t, open(), failed)
		_, stopThere := running(t, open(), failed)
		bad := here.Report("bad")
		here.Report("good")
		mend := storetest.BreakWrites(t, here.Stores, "INSERT", "publication_entries", fmt.Sprintf("NEW.document_id = %d", int64(bad)))
		due := time.Now().Add(300 * time.Millisecond)
		for _, slug := range []string{"bad", "good"} {
			if _, err := here.Schedule(here.Ctx, editorial.ScheduleParams{Action: "PUBLISH", Documents: []string{"report:" + slug}, At: due}); err != nil {
				t.Fatal(err)
			}
		}
		here.awaitLive("report:good")
		t.Logf("live shows it %s after its time", time.Since(due))
		for !strings.Contains(<-failed, "could not be carried out") {
		}
		mend()
		here.awaitLive("report:bad", "report:good")
		took := time.Since(due)
		stopHere()
		stopThere()
		staff := domain.WithStage(here.Ctx, domain.Desk)
		if n := here.Stores.Client(staff).PublicationEntry.Query().CountX(staff); n != 2 {
			t.Errorf("the log has %d entries, want 2", n)
		}
		for _, s := range here.Stores.Client(staff).Schedule.Query().Order(schedule.ByID()).AllX(staff) {
			here.wantSchedule(s.ID, "DONE", "")
		}
		var attempts int
		rows, err := here.Stores.DeskRows().Query(t.Context(), "SELECT max(attempt) FROM river_job WHERE kind = 'schedule'")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(&attempts); err != nil {
				t.Fatal(err)
			}
		}
		if most := 2 + int(took/time.Second); attempts < 2 || attempts > most {
			t.Errorf("%d attempts within %s, want from 2 to %d", attempts, took, most)
		}
	})
}

// Schedules of an older database, which have no jobs, get them when a process
// starts.
func TestSchedulesOfAnOlderDatabase(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Report("cranes")
		d.scheduled(1, "PUBLISH", "report:cranes")
		d.exec("DELETE FROM river_job")
		d.exec("UPDATE schedules SET at = '2020-01-01 00:00:00+00:00'")
		now, _ := running(t, d.Stores, nil)
		now.awaitLive("report:cranes")
	})
}
