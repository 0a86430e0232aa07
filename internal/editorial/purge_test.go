package editorial_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/ent/db/auditentry"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/store"
)

func TestPurge(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		admin := domain.AsSystem(t.Context(), "test")
		d.Tag("sea")
		d.Report("kept")
		id := d.Report("cranes", fields{"tags": list("sea")})
		d.MustPublish("report:cranes", "report:kept")
		if _, err := d.Unpublish(d.Ctx, editorial.UnpublishParams{Documents: []string{"report:cranes"}}); err != nil {
			t.Fatal(err)
		}
		purge := func(ctx context.Context, documents ...string) error {
			_, err := d.Purge(ctx, editorial.PurgeParams{Documents: documents})
			return err
		}
		wantFields(t, purge(admin, "report:cranes", "report:nothing", "cranes"), "documents[0]", "documents[1]", "documents[2]")
		for _, doc := range []struct {
			of   domain.Type
			slug string
		}{{domain.Report, "cranes"}, {domain.Tag, "sea"}} {
			if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: doc.of, ID: doc.slug}); err != nil {
				t.Fatal(err)
			}
		}
		if err := purge(d.Ctx, "report:cranes"); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("by an editor: got %v", err)
		}
		if err := purge(admin, "tag:sea"); !errors.Is(err, domain.ErrConflict) || !strings.Contains(err.Error(), "report:cranes") {
			t.Errorf("a tag that the trash uses: got %v, want a conflict that names the report", err)
		}
		// In any order, what holds each other goes together.
		if err := purge(admin, "tag:sea", "report:cranes"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Undelete(d.Ctx, id.String()); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("brought back: %v", err)
		}
		if again := d.Report("cranes"); again == id {
			t.Error("an id was given twice")
		}
		// Live can be made anew of a log that tells of what is gone, at once
		// and release by release.
		if _, err := d.RebuildLive(admin, nil); err != nil {
			t.Fatal(err)
		}
		if err := d.Stores.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for _, table := range append(editorialtest.TableNames(), "projection") {
				if _, err := tx.Exec(ctx, "DELETE FROM "+table); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := d.Project(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.WantLive(domain.Red, "report:kept")
	})
}

// Each editorial act leaves one entry, which names who, what and which.
func TestEditorialActsAreAudited(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		a := d.Entity("a")
		d.Entity("b")
		d.Report("r")
		d.MustSave(domain.Report, editorial.Update, fields{"id": "r", "title": "new"})
		d.MustSave(domain.Report, editorial.Update, fields{"id": "r", "title": "new"}) // changes nothing
		if _, err := d.Restore(d.Ctx, editorial.RestoreParams{Document: "report:r", Revision: 1}); err != nil {
			t.Fatal(err)
		}
		d.MustPublish("report:r")
		if _, err := d.MergeEntities(d.Ctx, editorial.MergeParams{Into: "a", From: []string{"b"}}); err != nil {
			t.Fatal(err)
		}
		schedule, err := d.Schedule(d.Ctx, editorial.ScheduleParams{Action: "UNPUBLISH", Documents: []string{"report:r"}, At: noon.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.CancelSchedule(d.Ctx, schedule.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Save(d.Ctx, editorial.SaveParams{Type: domain.Report, Mode: editorial.Create}); err == nil {
			t.Fatal("an empty report was saved")
		}
		ctx := domain.WithStage(domain.AsSystem(t.Context(), "test"), domain.Desk)
		rows, err := d.Stores.Client(ctx).AuditEntry.Query().Order(auditentry.ByID()).All(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, row := range rows {
			if row.Actor == "" || row.Times != 1 {
				t.Errorf("got %+v", row)
			}
			got = append(got, fmt.Sprintf("%s %d", row.Action, len(row.Documents)))
		}
		want := []string{"CREATE 1", "CREATE 1", "CREATE 1", "UPDATE 1", "RESTORE 1", "PUBLISH 1", "MERGE 2", "SCHEDULE 1", "CANCEL_SCHEDULE 0"}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if rows[0].Documents[0] != a.String() || rows[6].Action != string(audit.Merge) || rows[6].Documents[0] != a.String() {
			t.Errorf("got %+v and %+v", rows[0], rows[6])
		}
	})
}
