package editorial_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// scheduled schedules the publication of documents in so many hours.
func (d *desk) scheduled(hours int, action string, docs ...string) *db.Schedule {
	d.T.Helper()
	s, err := d.Schedule(d.Ctx, editorial.ScheduleParams{Action: action, Documents: docs, At: d.now().Add(time.Duration(hours) * time.Hour)})
	if err != nil {
		d.T.Fatal(err)
	}
	return s
}

// now is the desk's clock.
func (d *desk) now() time.Time { return d.Clock.Last() }

// scheduleNow reads a schedule anew.
func (d *desk) scheduleNow(id domain.ID) *db.Schedule {
	d.T.Helper()
	staff := domain.WithStage(d.Ctx, domain.Desk)
	s, err := d.Stores.Client(staff).Schedule.Get(staff, id)
	if err != nil {
		d.T.Fatal(err)
	}
	return s
}

// wantSchedule checks how far a schedule has come, and what its error says.
func (d *desk) wantSchedule(id domain.ID, status, message string) {
	d.T.Helper()
	s := d.scheduleNow(id)
	text := ""
	if s.Error != nil {
		text = *s.Error
	}
	if s.Status != status || !strings.Contains(text, message) || message == "" && text != "" {
		d.T.Errorf("the schedule is %s (%q), want %s (%q)", s.Status, text, status, message)
	}
}

func (d *desk) carryOutDue() {
	d.T.Helper()
	if _, err := d.CarryOutDue(d.T.Context()); err != nil {
		d.T.Fatal(err)
	}
}

// A schedule is for the documents that it names, not for those they were merged
// into, and not for what is in the trash.
func TestScheduleOfADocumentThatIsGone(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		acme, acorn := d.Entity("acme"), d.Entity("acorn")
		report := d.Report("cranes")
		d.MustPublish("entity:acme", "entity:acorn", "report:cranes")
		merged := d.scheduled(1, "UNPUBLISH", "entity:acorn")
		trashed := d.scheduled(1, "PUBLISH", "report:cranes")
		if _, err := d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{acorn.String()}, Into: acme.String()}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Unpublish(d.Ctx, editorial.UnpublishParams{Documents: []string{"report:cranes"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: domain.Report, ID: report.String()}); err != nil {
			t.Fatal(err)
		}
		d.Advance(2 * time.Hour)
		d.carryOutDue()
		d.WantLive(domain.Clear, "entity:acme")
		if s := d.scheduleNow(merged.ID); s.Status == "DONE" || s.Error == nil || !strings.Contains(*s.Error, "merged") {
			t.Errorf("got %s, %v", s.Status, s.Error)
		}
		d.wantSchedule(trashed.ID, "FAILED", "report:cranes is in the trash")
	})
}

func TestCancelSchedulesOf(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		acme := d.Entity("acme")
		d.Entity("zeta")
		first := d.scheduled(2, "PUBLISH", "entity:acme", "entity:zeta")
		other := d.scheduled(1, "PUBLISH", "entity:zeta")
		cancelled, err := d.CancelSchedulesOf(d.Ctx, []domain.ID{acme}, "entity:acme was merged into entity:zeta")
		if err != nil || len(cancelled) != 1 || cancelled[0].ID != first.ID || cancelled[0].Status != "CANCELLED" {
			t.Fatalf("got %v, %v", cancelled, err)
		}
		d.wantSchedule(first.ID, "CANCELLED", "entity:acme was merged into entity:zeta")
		d.wantSchedule(other.ID, "PENDING", "")
		staff := domain.WithStage(domain.AsSystem(t.Context(), "test"), domain.Desk)
		entries := d.Stores.Client(staff).AuditEntry.Query().AllX(staff)
		last := entries[len(entries)-1]
		if last.Action != "CANCEL_SCHEDULE" || *last.Subject != first.ID.String() || *last.Detail != "entity:acme was merged into entity:zeta" || len(last.Documents) != 2 {
			t.Errorf("got the audit entry %v", last)
		}
		if n := d.jobs("cancelled"); n != 1 {
			t.Errorf("%d jobs were cancelled, want 1", n)
		}
		d.Advance(3 * time.Hour)
		d.carryOutDue()
		d.WantLive(domain.Clear, "entity:zeta")
	})
}

// jobs counts the jobs of schedules in a state.
func (d *desk) jobs(state string) (n int) {
	d.T.Helper()
	rows, err := d.Stores.DeskRows().Query(d.T.Context(), "SELECT count(*) FROM river_job WHERE kind = 'schedule' AND state = '"+state+"'")
	if err != nil {
		d.T.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			d.T.Fatal(err)
		}
	}
	return n
}

// Before its time a schedule is put off until then, but for five minutes at most, because the clock may be wrong now.
func TestScheduleIsPutOff(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Report("cranes")
		s := d.scheduled(1, "PUBLISH", "report:cranes")
		wait, err := d.RunSchedule(t.Context(), s.ID, 1, 0)
		if err != nil || wait != 5*time.Minute {
			t.Errorf("got %v, %v", wait, err)
		}
		d.wantSchedule(s.ID, "PENDING", "")
		if n := d.jobs("scheduled") + d.jobs("available"); n != 1 {
			t.Errorf("there are %d jobs, want 1", n)
		}
		if _, err := d.CancelSchedule(d.Ctx, s.ID); err != nil {
			t.Fatal(err)
		}
		if n := d.jobs("cancelled"); n != 1 {
			t.Errorf("%d jobs were cancelled, want 1", n)
		}
	})
}

// What a rule refuses fails at once. What may pass is attempted again, with a
// back-off, for a day. Other schedules and the projection go on.
func TestScheduleFaults(t *testing.T) {
	for _, row := range []struct {
		name     string
		failures int
		status   string
		message  string
	}{
		{"FailsOnce", 1, "DONE", ""},
		{"FailsTenTimes", 10, "DONE", ""},
		{"FailsForEver", editorial.ScheduleAttempts, "FAILED", "an internal error"},
	} {
		t.Run(row.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				id := d.Report("bad")
				d.Report("good")
				bad, good := d.scheduled(1, "PUBLISH", "report:bad"), d.scheduled(1, "PUBLISH", "report:good")
				mend := storetest.BreakWrites(t, d.Stores, "INSERT", "publication_entries", fmt.Sprintf("NEW.document_id = %d", int64(id)))
				d.Advance(2 * time.Hour)
				for attempt := 1; attempt <= row.failures; attempt++ {
					_, err := d.RunSchedule(t.Context(), bad.ID, attempt, 0)
					if last := attempt == editorial.ScheduleAttempts; (err == nil) != last {
						t.Fatalf("attempt %d: got %v", attempt, err)
					}
					if attempt == 1 {
						if _, err := d.RunSchedule(t.Context(), good.ID, 1, 0); err != nil {
							t.Fatal(err)
						}
						d.WantLive(domain.Clear, "report:good")
					}
				}
				mend()
				if row.status == "DONE" {
					d.wantSchedule(bad.ID, "PENDING", "is tried again")
				}
				if _, err := d.RunSchedule(t.Context(), bad.ID, row.failures+1, 0); err != nil {
					t.Fatal(err)
				}
				d.wantSchedule(bad.ID, row.status, row.message)
				d.wantSchedule(good.ID, "DONE", "")
				if s := d.scheduleNow(bad.ID); s.Error != nil && strings.Contains(*s.Error, "broken") {
					t.Errorf("the error of the database is shown: %s", *s.Error)
				}
			})
		})
	}
}

// The attempts are those of about a day.
func TestScheduleBackoff(t *testing.T) {
	t.Parallel()
	var all time.Duration
	last := time.Duration(0)
	for n := 1; n < editorial.ScheduleAttempts; n++ {
		pause := editorial.ScheduleBackoff(n)
		if pause < last || pause < time.Second || pause > 5*time.Minute {
			t.Fatalf("the pause after attempt %d is %v, after %v", n, pause, last)
		}
		last = pause
		all += pause
	}
	if all < 24*time.Hour || all > 24*time.Hour+5*time.Minute {
		t.Errorf("the attempts take %v, want a day", all)
	}
}

// That a schedule has failed is noted later, where it cannot be noted now.
func TestScheduleFailureThatCannotBeNoted(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		id := d.Report("bad", fields{"body": ""})
		s := d.scheduled(1, "PUBLISH", id.String())
		mend := storetest.BreakWrites(t, d.Stores, "UPDATE", "schedules", "1 = 1")
		d.Advance(2 * time.Hour)
		for n := range 3 {
			wait, err := d.RunSchedule(t.Context(), s.ID, editorial.ScheduleAttempts, n)
			if err != nil || wait != editorial.ScheduleBackoff(n+1) {
				t.Errorf("got %v, %v", wait, err)
			}
		}
		mend()
		if wait, err := d.RunSchedule(t.Context(), s.ID, editorial.ScheduleAttempts, 3); err != nil || wait != 0 {
			t.Errorf("got %v, %v", wait, err)
		}
		d.wantSchedule(s.ID, "FAILED", "body")
	})
}

// Schedules of one document are carried out in order; one that cannot be carried
// out for a while does not keep a later one for long, and is then too late.
func TestSchedulesOfOneDocument(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Report("cranes")
		d.Report("docks")
		publish := d.scheduled(1, "PUBLISH", "report:cranes")
		unpublish := d.scheduled(2, "UNPUBLISH", "report:cranes")
		d.MustPublish("report:docks")
		d.Advance(3 * time.Hour)
		if wait, err := d.RunSchedule(t.Context(), unpublish.ID, 1, 0); err != nil || wait != time.Second {
			t.Errorf("got %v, %v, want it to wait for the earlier one", wait, err)
		}
		d.carryOutDue()
		d.wantSchedule(publish.ID, "DONE", "")
		d.wantSchedule(unpublish.ID, "DONE", "")
		d.WantLive(domain.Clear, "report:docks")

		late := d.scheduled(1, "PUBLISH", "report:docks")
		end := d.scheduled(2, "UNPUBLISH", "report:docks")
		d.Advance(3 * time.Hour)
		if wait, err := d.RunSchedule(t.Context(), end.ID, 1, 60); err != nil || wait != 0 {
			t.Errorf("got %v, %v, want it to have waited long enough", wait, err)
		}
		d.carryOutDue()
		d.wantSchedule(end.ID, "DONE", "")
		d.wantSchedule(late.ID, "FAILED", end.ID.String())
		d.WantLive(domain.Clear)
	})
}

// Each pending schedule has a job: one of an older database, one whose process was
// killed, and one whose job ran too often fails.
func TestScheduleSweep(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Report("cranes")
		ahead, due, killed := d.scheduled(5, "PUBLISH", "report:cranes"), d.scheduled(1, "PUBLISH", "report:cranes"), d.scheduled(1, "PUBLISH", "report:cranes")
		deadly := d.scheduled(1, "PUBLISH", "report:cranes")
		want := func(what string, ids ...domain.ID) {
			t.Helper()
			got, err := d.SchedulesWithoutJob(t.Context())
			slices.Sort(got)
			slices.Sort(ids)
			if err != nil || !slices.Equal(got, ids) {
				t.Errorf("%s: without a job are %v, want %v (%v)", what, got, ids, err)
			}
		}
		want("made")
		d.exec("DELETE FROM river_job WHERE id = (SELECT min(id) FROM river_job)")
		// What a process of an older version gives up has attempts left.
		d.exec("UPDATE river_job SET state = 'discarded', attempt = 1, finalized_at = CURRENT_TIMESTAMP WHERE id = (SELECT min(id) FROM river_job)")
		d.exec("UPDATE river_job SET state = 'running' WHERE id = (SELECT min(id) + 1 FROM river_job)")
		d.exec("UPDATE river_job SET state = 'discarded', attempt = max_attempts, finalized_at = CURRENT_TIMESTAMP WHERE id = (SELECT max(id) FROM river_job)")
		want("before its time, what runs has a job", ahead.ID, due.ID, deadly.ID)
		d.Advance(2 * time.Hour)
		want("lost", ahead.ID, due.ID, killed.ID, deadly.ID)

		mend := storetest.HideTable(t, d.Stores.Desk, "river_job")
		for range 10 {
			if err := d.SweepSchedules(t.Context()); err == nil {
				t.Fatal("there is no error")
			}
		}
		mend()
		if err := d.SweepSchedules(t.Context()); err != nil {
			t.Fatal(err)
		}
		want("swept")
		d.wantSchedule(deadly.ID, "FAILED", "begun")
		if n := d.jobs("available") + d.jobs("scheduled"); n != 3 {
			t.Errorf("there are %d jobs, want 3", n)
		}
		if err := d.SweepSchedules(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := d.jobs("available") + d.jobs("scheduled"); n != 3 {
			t.Errorf("there are %d jobs after a second look, want 3", n)
		}
	})
}

// exec runs a statement on the desk.
func (d *desk) exec(statement string) {
	d.T.Helper()
	if err := d.Stores.Desk(d.T.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, statement)
		return err
	}); err != nil {
		d.T.Fatal(err)
	}
}

// Warnings say why a schedule could not be carried out now, and change nothing.
func TestScheduleWarnings(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("acme")
		d.Report("cranes", fields{"entities": list("acme"), "body": ""})
		s := d.scheduled(1, "PUBLISH", "report:cranes")
		warnings := func(s *db.Schedule) string {
			t.Helper()
			got, err := d.ScheduleWarnings(d.Ctx, s)
			if err != nil {
				t.Fatal(err)
			}
			return strings.Join(got, "\n")
		}
		if got := warnings(s); !strings.Contains(got, "entity:acme, which is not live") || !strings.Contains(got, "body") {
			t.Errorf("got %q", got)
		}
		d.WantLive(domain.Clear)
		d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "body": "B."})
		d.MustPublish("entity:acme")
		if got := warnings(s); got != "" {
			t.Errorf("got %q", got)
		}
		d.WantLive(domain.Clear, "entity:acme")
		d.wantSchedule(s.ID, "PENDING", "")
		if got := warnings(d.scheduled(1, "UNPUBLISH", "report:cranes")); !strings.Contains(got, "not live") {
			t.Errorf("got %q", got)
		}
		report := d.Report("docks")
		gone := d.scheduled(1, "PUBLISH", "report:docks")
		d.Report("empty", fields{"body": ""})
		both := d.scheduled(1, "PUBLISH", "report:docks", "report:empty")
		if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: domain.Report, ID: report.String()}); err != nil {
			t.Fatal(err)
		}
		if got := warnings(gone); !strings.Contains(got, "trash") {
			t.Errorf("got %q", got)
		}
		if got := warnings(both); !strings.Contains(got, "trash") || !strings.Contains(got, "body") {
			t.Errorf("of two documents: got %q", got)
		}
		if s, err := d.CancelSchedule(d.Ctx, gone.ID); err != nil || warnings(s) != "" {
			t.Errorf("got %v, %v", warnings(s), err)
		}
		if _, err := d.ScheduleWarnings(domain.WithViewer(t.Context(), domain.Anonymous()), s); err == nil {
			t.Error("anybody may read the warnings")
		}
	})
}
