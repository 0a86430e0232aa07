package projection_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Live follows one log. Where the desk has another, or less of it, nothing is
// applied, it is said how to go on, and a rebuild puts it right.
func TestLiveOfAnotherLog(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(d *desk)
		says  string
	}{
		{"ErrLiveIsAhead", func(d *desk) {
			d.ChangeDesk("DELETE FROM publication_entries WHERE sequence > 1")
		}, "the desk has 1 entries"},
		{"ErrAnotherEntry", func(d *desk) {
			d.ChangeDesk("UPDATE publication_entries SET published_at = at, at = '2020-01-01 00:00:00+00:00' WHERE sequence = 2")
		}, "entry 2 of the publication log is not the one"},
		{"ErrAnotherIdentity", func(d *desk) {
			d.ChangeDesk("UPDATE publication_log SET identity = 'of another desk'")
		}, "another publication log"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				d.Report("first")
				d.Report("second")
				d.MustPublish("report:first")
				d.MustPublish("report:second")
				tt.spoil(d)
				_, err := d.Lag(t.Context())
				for _, err := range []error{err, d.Project(t.Context())} {
					if domain.KindOf(err) != domain.KindConflict || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "rebuild-live") {
						t.Errorf("got %v, want a conflict that says %q and names rebuild-live", err, tt.says)
					}
				}
				// The desk goes on; what it publishes waits.
				d.Report("third")
				out, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"report:third"}})
				if err != nil || out.Applied {
					t.Errorf("got %+v, %v; want a publication that is pending", out, err)
				}
				d.WantLive(domain.Clear, "report:first", "report:second")
				if _, err := d.RebuildLive(domain.AsSystem(t.Context(), "test"), nil); err != nil {
					t.Fatal(err)
				}
				if lag, err := d.Lag(t.Context()); err != nil || lag != 0 {
					t.Errorf("after the rebuild: got %d, %v", lag, err)
				}
				d.Report("fourth")
				d.MustPublish("report:fourth")
				d.WantRebuilt()
			})
		})
	}
}

// A desk that was put back from a backup, and has published since, has other
// entries with the numbers that live has applied.
func TestADeskThatWasPutBack(t *testing.T) {
	t.Parallel()
	c := storetest.SQLiteConfig(t)
	open := func() *desk {
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		d := newDesk(t, s)
		if err := d.Project(t.Context()); err != nil {
			t.Log(err)
		}
		return d
	}
	closeAll := func(d *desk) {
		d.Close()
		if err := d.Stores.Close(); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(c.Dir, "desk.db")
	d := open()
	d.Report("first")
	d.MustPublish("report:first")
	closeAll(d)
	backup, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d = open()
	d.Report("lost")
	d.MustPublish("report:lost")
	public := domain.WithViewer(t.Context(), domain.Anonymous())
	cursor, err := d.LastChange(public)
	if err != nil {
		t.Fatal(err)
	}
	closeAll(d)
	if err := os.WriteFile(file, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	d = open()
	defer closeAll(d)
	if _, err := d.Lag(t.Context()); domain.KindOf(err) != domain.KindConflict {
		t.Errorf("live is ahead: got %v, want a conflict", err)
	}
	d.Advance(1e9)
	d.Report("other")
	if out, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"report:other"}}); err != nil || out.Applied {
		t.Errorf("got %+v, %v; want a publication that is pending", out, err)
	}
	if _, err := d.Lag(t.Context()); domain.KindOf(err) != domain.KindConflict {
		t.Errorf("live has another entry: got %v, want a conflict", err)
	}
	d.WantLive(domain.Clear, "report:first", "report:lost")
	if _, err := d.RebuildLive(domain.AsSystem(t.Context(), "test"), nil); err != nil {
		t.Fatal(err)
	}
	d.WantLive(domain.Clear, "report:first", "report:other")
	// Who follows the changes hears what became of it all.
	changes, err := d.Changes(public, projection.ChangesParams{After: cursor, First: 10})
	if err != nil {
		t.Fatal(err)
	}
	var received []string
	for _, c := range changes {
		received = append(received, c.Kind.String())
	}
	if got := strings.Join(sorted(received), " "); got != "PUBLISH UNPUBLISH" {
		t.Errorf("a follower hears %q, want PUBLISH UNPUBLISH", got)
	}
}

// A cursor behind what a store that was put back has is of a feed that went on
// differently.
func TestACursorOfWhatWasLost(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		public := domain.WithViewer(t.Context(), domain.Anonymous())
		d.Report("first")
		d.MustPublish("report:first")
		before, err := d.LastChange(public)
		if err != nil {
			t.Fatal(err)
		}
		lost := d.Report("lost")
		d.MustPublish("report:lost")
		cursor, err := d.LastChange(public)
		if err != nil {
			t.Fatal(err)
		}
		// Both stores are put back, and go on.
		d.forgetChangesOf(lost)
		d.Advance(1e9)
		d.Report("next")
		d.MustPublish("report:next")
		if _, err := d.Changes(public, projection.ChangesParams{After: cursor, First: 10}); domain.KindOf(err) != domain.KindGone {
			t.Errorf("got %v, want an error of KindGone", err)
		}
		if _, err := d.Poll(public, projection.ChangesParams{After: cursor, First: 10}); domain.KindOf(err) != domain.KindGone {
			t.Errorf("news: got %v, want an error of KindGone", err)
		}
		if _, err := d.Changes(public, projection.ChangesParams{After: before, First: 10}); err != nil {
			t.Errorf("a cursor of what is still there: %v", err)
		}
		resumed, err := d.Resume(public, cursor)
		if err != nil {
			t.Fatal(err)
		}
		changes, err := d.Changes(public, projection.ChangesParams{After: resumed, First: 10})
		if err != nil || len(changes) != 1 {
			t.Errorf("after going on at the same time: got %v, %v; want the one change", changes, err)
		}
	})
}

// forgetChangesOf takes the changes of a document out of live's history.
func (d *desk) forgetChangesOf(id domain.ID) {
	d.T.Helper()
	err := d.Stores.Live(d.T.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, store.Bind(tx.Dialect(), "DELETE FROM changes WHERE document_id = ?"), int64(id))
		return err
	})
	if err != nil {
		d.T.Fatal(err)
	}
}

// What an older program let through is said when this one first looks at it.
func TestTextsOfAnOlderProgramAreReported(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		entity := d.Entity("acme")
		report := d.Report("cranes", fields{"body": "By [[acme]]."})
		d.MustPublish("entity:acme", "report:cranes")
		d.ChangeDesk("UPDATE entities SET marking = 4", "DELETE FROM publication_log")
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, nil))
		live := projection.New(d.Stores, logger, time.Now)
		defer live.Close()
		later := editorial.New(d.Stores, live, logger, time.Now)
		if err := later.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"level=ERROR", "document=" + report.String(), "names=" + entity.String(), "of_marking=RED"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log has no %s: %s", want, log.String())
			}
		}
	})
}

// A cursor that a replica has not yet got is one all the same.
func TestACursorAheadOfAReplica(t *testing.T) {
	t.Parallel()
	config, other := storetest.PostgresConfig(t), storetest.PostgresConfig(t)
	open := func(c store.Config) *desk {
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		d := newDesk(t, s)
		t.Cleanup(d.Close)
		return d
	}
	primary, replica := open(config), open(other)
	for _, d := range []*desk{primary, replica} {
		if err := d.Project(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var history int64
	rows, err := primary.Stores.LiveRows().Query(t.Context(), "SELECT history FROM projection")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		if err := rows.Scan(&history); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	if err := replica.Stores.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE projection SET history = $1", history)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	primary.Report("news")
	primary.MustPublish("report:news")
	public := domain.WithViewer(t.Context(), domain.Anonymous())
	cursor, err := primary.LastChange(public)
	if err != nil {
		t.Fatal(err)
	}
	config.LiveDSN = other.DeskDSN
	behind := open(config)
	if changes, err := behind.Changes(public, projection.ChangesParams{After: cursor, First: 10}); err != nil || len(changes) > 0 {
		t.Errorf("got %v, %v; want nothing yet", changes, err)
	}
}

// The first publication of a program that finds no index of live makes one first.
func TestTheFirstPublicationAsksTheIndex(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("acme")
		d.Report("cranes", fields{"body": "By [[acme]]."})
		d.MustPublish("entity:acme", "report:cranes")
		d.MustSave(domain.Entity, editorial.Update, fields{"id": "acme", "marking": "RED"})
		d.ChangeDesk("DELETE FROM publication_log", "DELETE FROM live_documents", "DELETE FROM live_references", "DELETE FROM mentions")
		later := newDesk(t, d.Stores)
		defer later.Close()
		_, err := later.Publish(later.Ctx, editorial.PublishParams{Documents: []string{"entity:acme"}})
		wantFields(t, err, "documents[0]")
	})
}
