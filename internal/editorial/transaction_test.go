package editorial_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// dump returns all of the desk but the entries of dry runs in the audit log, and the
// number of these.
func (d *desk) dump() (tables map[string][]string, dryRuns int) {
	d.T.Helper()
	tables = storetest.DumpDesk(d.T, d.Stores)
	var others []string
	for _, line := range tables["audit_entries"] {
		if strings.Contains(line, "DRY_RUN") {
			dryRuns++
			continue
		}
		others = append(others, line)
	}
	tables["audit_entries"] = others
	return tables, dryRuns
}

// A dry run sees what it writes and publishes, is refused what the desk would refuse,
// and leaves an entry in the audit log and nothing else.
func TestDryRun(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("first")
		before, _ := d.dump()
		var number int64
		params := editorial.TransactionParams{Name: "a rehearsal"}
		err := d.DryRun(d.Ctx, params, func(ctx context.Context) error {
			saved, err := d.Save(ctx, editorial.SaveParams{Type: domain.Entity, Mode: editorial.Create, Fields: fields{"slug": "new", "name": "New", "kind": "COMPANY"}})
			if err != nil {
				return err
			}
			_, err = d.Save(ctx, editorial.SaveParams{Type: domain.Entity, Mode: editorial.Create, Fields: fields{"slug": "new", "name": "Again", "kind": "COMPANY"}})
			if !errors.Is(err, domain.ErrInvalid) {
				t.Errorf("a slug that is taken: got %v, want ErrInvalid", err)
			}
			if stored, err := d.Find(ctx, domain.Entity, "new"); err != nil || stored == nil || stored.ID != saved.ID {
				t.Errorf("what was saved: got %v, %v", stored, err)
			}
			if names, err := d.Authors(ctx, saved.ID, 0); err != nil || len(names) != 1 {
				t.Errorf("authors: got %v, %v", names, err)
			}
			published, err := d.Release(ctx, editorial.ReleaseParams{Publish: []string{"entity:new", "entity:first"}})
			if number = published.Sequence; err != nil || len(published.Published) != 2 || published.Applied {
				t.Errorf("release: got %+v, %v", published, err)
			}
			if _, err := d.Schedule(ctx, editorial.ScheduleParams{Action: "UNPUBLISH", Documents: []string{"entity:new"}, At: time.Now().Add(time.Hour)}); err != nil {
				t.Errorf("schedule: %v", err)
			}
			standings, err := d.PublicationStatuses(ctx, []domain.ID{saved.ID})
			if err != nil || standings[saved.ID].IsPending() {
				t.Errorf("standing: got %+v, %v", standings, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		after, entries := d.dump()
		if diff := cmp.Diff(before, after); diff != "" || entries != 1 {
			t.Errorf("%d entries of dry runs, want 1; something stayed (-before +after):\n%s", entries, diff)
		}
		d.WantLive(domain.Red)
		if released := d.MustPublish("entity:first"); released.Sequence != number-1 {
			t.Errorf("the log goes on at %d; the dry run of two was at %d", released.Sequence, number)
		}
		failed := errors.New("failed")
		if err := d.DryRun(d.Ctx, params, func(context.Context) error { return failed }); !errors.Is(err, failed) {
			t.Errorf("got %v, want what went wrong", err)
		}
	})
}

// The use cases of a transaction are done all or none, live shows them at once at the
// end, and the desk is prepared before.
func TestTransact(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		failed := errors.New("failed")
		create := func(ctx context.Context, slug string) {
			if _, err := d.Save(ctx, editorial.SaveParams{Type: domain.Entity, Mode: editorial.Create, Fields: fields{"slug": slug, "name": slug, "kind": "COMPANY"}}); err != nil {
				t.Error(err)
			}
		}
		publish := func(ctx context.Context, slug string) {
			if released, err := d.Publish(ctx, editorial.PublishParams{Documents: []string{"entity:" + slug}}); err != nil || released.Applied {
				t.Errorf("publish %s: got %+v, %v", slug, released, err)
			}
		}
		_, err := d.Transact(d.Ctx, editorial.TransactionParams{}, func(ctx context.Context) error {
			create(ctx, "one")
			publish(ctx, "one")
			return failed
		})
		if !errors.Is(err, failed) {
			t.Errorf("got %v, want failed", err)
		}
		d.WantLive(domain.Red)
		result, err := d.Transact(d.Ctx, editorial.TransactionParams{}, func(ctx context.Context) error {
			create(ctx, "one")
			publish(ctx, "one")
			create(ctx, "two")
			publish(ctx, "two")
			d.WantLive(domain.Red)
			return nil
		})
		if err != nil || result.Sequence != 2 || !result.Applied {
			t.Errorf("got %+v, %v", result, err)
		}
		d.WantLive(domain.Red, "entity:one", "entity:two")
		if result, err := d.Transact(d.Ctx, editorial.TransactionParams{}, func(context.Context) error { return nil }); err != nil || result.Sequence != 0 {
			t.Errorf("nothing: got %+v, %v", result, err)
		}
	})
}

// A transaction is refused to viewers who may change nothing, and where it is beyond its
// bounds.
func TestTransactionBounds(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		never := func(context.Context) error { t.Error("it was run"); return nil }
		for viewer, want := range map[*domain.Viewer]error{
			domain.Anonymous():               domain.ErrUnauthenticated,
			{Role: domain.Partner, KeyID: 1}: domain.ErrForbidden,
			{Role: domain.Admin, KeyID: 1, Scopes: []domain.Right{domain.ReadDesk, domain.ReadAudit}}: domain.ErrForbidden,
		} {
			ctx := domain.WithViewer(t.Context(), viewer)
			if _, err := d.Transact(ctx, editorial.TransactionParams{}, never); !errors.Is(err, want) {
				t.Errorf("transact as %v: got %v, want %v", viewer.Role, err, want)
			}
			if err := d.DryRun(ctx, editorial.TransactionParams{}, never); !errors.Is(err, want) {
				t.Errorf("dry run as %v: got %v, want %v", viewer.Role, err, want)
			}
		}
		before, _ := d.dump()
		_, err := d.Transact(d.Ctx, editorial.TransactionParams{MaxDocuments: 1}, func(ctx context.Context) error {
			for _, slug := range []string{"one", "two"} {
				// The error is that of the transaction, too.
				_, _ = d.Save(ctx, editorial.SaveParams{Type: domain.Tag, Mode: editorial.Create, Fields: fields{"slug": slug, "label": slug, "vocabulary": "TOPIC"}})
			}
			return nil
		})
		if _, ok := errors.AsType[*store.DocumentLimitError](err); !ok {
			t.Errorf("too many documents: got %v", err)
		}
		_, err = d.Transact(d.Ctx, editorial.TransactionParams{Time: time.Nanosecond}, func(ctx context.Context) error {
			<-ctx.Done()
			return nil
		})
		if domain.KindOf(err) != domain.KindUnavailable {
			t.Errorf("too long: got %v, want one of KindUnavailable", err)
		}
		after, _ := d.dump()
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("something stayed (-before +after):\n%s", diff)
		}
	})
}

// The error of a transaction that takes too long says so, also where a statement was cut
// off.
func TestTransactionsHaveTheirTime(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("first")
		params := editorial.TransactionParams{Time: time.Nanosecond}
		save := func(ctx context.Context) error {
			_, err := d.Save(ctx, editorial.SaveParams{Type: domain.Entity, Mode: editorial.Create, Fields: fields{"slug": "new", "name": "New", "kind": "COMPANY"}})
			return err
		}
		_, err := d.Transact(d.Ctx, params, save)
		for name, err := range map[string]error{"Transact": err, "DryRun": d.DryRun(d.Ctx, params, save)} {
			if known, ok := errors.AsType[*domain.Error](err); !ok || known.Kind != domain.KindUnavailable || !strings.Contains(err.Error(), "the transaction took longer than 1ns") {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if found, err := d.Find(d.Ctx, domain.Entity, "new"); err == nil && found != nil {
			t.Error("the entity is there")
		}
	})
}
