package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/ddl"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var t0 = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

// tag writes a tag with an effective marking, as the projector would.
func tag(t *testing.T, tx *store.Tx, slug string, effective domain.Marking) domain.ID {
	t.Helper()
	id := domain.NewID(domain.Tag, t0)
	if err := insertTag(t.Context(), tx, id, slug, effective); err != nil {
		t.Fatal(err)
	}
	return id
}

func insertTag(ctx context.Context, tx *store.Tx, id domain.ID, slug string, effective domain.Marking) error {
	insert, args := sql.Dialect(tx.Dialect()).Insert("tags").
		Columns("id", "slug", "label", "vocabulary", "marking", "version", "effective_marking", "created_at", "updated_at").
		Values(id, slug, slug, "TOPIC", domain.Clear, 1, effective, t0, t0).Query()
	_, err := tx.Exec(ctx, insert, args...)
	return err
}

func slugs(t *testing.T, ctx context.Context, s *store.Stores) []string {
	t.Helper()
	var out []string
	rows, err := s.Client(ctx).Tag.Query().Order(db.Asc("slug")).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		out = append(out, r.Slug)
	}
	return out
}

func TestFence(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		write := func(ctx context.Context, tx *store.Tx) error {
			tag(t, tx, "clear", domain.Clear)
			tag(t, tx, "green", domain.Green)
			tag(t, tx, "red", domain.Red)
			tag(t, tx, "unknown", domain.Unseen)
			return nil
		}
		if err := s.Live(t.Context(), write); err != nil {
			t.Fatal(err)
		}
		if err := s.Desk(t.Context(), write); err != nil {
			t.Fatal(err)
		}
		see := func(role domain.Role, clearance domain.Marking) string {
			ctx := domain.WithViewer(t.Context(), &domain.Viewer{Role: role, Clearance: clearance, KeyID: 1})
			return strings.Join(slugs(t, ctx, s), " ")
		}
		if got, want := see(domain.Public, domain.Clear), "clear"; got != want {
			t.Errorf("public sees %q, want %q", got, want)
		}
		if got, want := see(domain.Partner, domain.Amber), "clear green"; got != want {
			t.Errorf("a partner with AMBER sees %q, want %q", got, want)
		}
		if got, want := see(domain.Admin, domain.Red), "clear green red"; got != want {
			t.Errorf("an admin sees %q, want %q", got, want)
		}
		if _, err := s.Client(t.Context()).Tag.Query().Count(t.Context()); !errors.Is(err, domain.ErrNoViewer) {
			t.Errorf("count without a viewer: got %v, want ErrNoViewer", err)
		}
		desk := domain.WithStage(domain.WithViewer(t.Context(), domain.Anonymous()), domain.Desk)
		if _, err := s.Client(desk).Tag.Query().Count(desk); !errors.Is(err, domain.ErrUnauthenticated) {
			t.Errorf("anonymous on the desk: got %v, want ErrUnauthenticated", err)
		}
		partner := domain.WithStage(domain.WithViewer(t.Context(), &domain.Viewer{Role: domain.Partner, KeyID: 1}), domain.Desk)
		if _, err := s.Client(partner).Revision.Query().Count(partner); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("a partner on the revisions: got %v, want ErrForbidden", err)
		}
		staff := domain.WithStage(domain.AsSystem(t.Context(), "test"), domain.Desk)
		if got, want := strings.Join(slugs(t, staff, s), " "), "clear green red unknown"; got != want {
			t.Errorf("staff see %q on the desk, want %q", got, want)
		}
	})
}

func TestClientCannotWrite(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		for _, stage := range []domain.Stage{domain.Live, domain.Desk} {
			ctx := domain.WithStage(domain.AsSystem(t.Context(), "test"), stage)
			err := s.Client(ctx).KeyNetwork.Create().SetID(1).SetKeyID(1).SetNetwork("x").SetFirstSeenAt(t0).Exec(ctx)
			if err == nil || !strings.Contains(err.Error(), "cannot write") {
				t.Errorf("%v: got %v, want the reading client to refuse", stage, err)
			}
		}
	})
}

// The client refuses writes itself; this test checks that the connections below
// it do so too.
func TestLiveConnectionsCannotWriteNorSeeTheDesk(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		db := store.LiveReadDB(s)
		if _, err := db.ExecContext(t.Context(), "DELETE FROM tags"); err == nil {
			t.Error("a live connection deleted rows")
		}
		if _, err := db.ExecContext(t.Context(), "SELECT 1 FROM revisions"); err == nil {
			t.Error("a live connection found a table of the desk")
		}
		if s.Dialect() != dialect.Postgres {
			return
		}
		if _, err := db.ExecContext(t.Context(), "SELECT 1 FROM desk.revisions"); err == nil {
			t.Error("a live connection read the desk schema")
		}
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.ExecContext(t.Context(), "SET default_transaction_read_only = off"); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ExecContext(t.Context(), "DELETE FROM tags"); err == nil {
			t.Error("a live connection that unset read-only deleted rows")
		}
		_, _ = conn.ExecContext(t.Context(), "SET default_transaction_read_only = on")
	})
}

// The process that creates the role has connections from before it existed.
func TestFirstStartUsesTheLiveRole(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), storetest.BarePostgresConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := store.LiveReadDB(s).ExecContext(t.Context(), "SELECT 1 FROM desk.revisions"); err == nil {
		t.Error("a live connection read the desk schema")
	}
}

func TestTransactionRollsBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		stop := errors.New("stop")
		committed := false
		err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			tag(t, tx, "half", domain.Clear)
			tx.AfterCommit(func() { committed = true })
			return stop
		})
		if !errors.Is(err, stop) || committed {
			t.Errorf("got err %v, committed %v; want %v, false", err, committed, stop)
		}
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		if got := slugs(t, ctx, s); len(got) != 0 {
			t.Errorf("rows of a rolled back transaction: %v", got)
		}
	})
}

func TestDuplicateIsConflict(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for range 2 {
				if err := insertTag(ctx, tx, domain.NewID(domain.Tag, t0), "same", domain.Clear); err != nil {
					return err
				}
			}
			return nil
		})
		if !errors.Is(err, domain.ErrConflict) {
			t.Errorf("got %v, want ErrConflict", err)
		}
		if e, ok := errors.AsType[*domain.Error](err); !ok || strings.Contains(e.Message, "UNIQUE") || strings.Contains(e.Message, "constraint") {
			t.Errorf("the message shows the engine's text: %q", e.Message)
		}
	})
}

func TestSnapshotSeesOneState(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ctx, end := s.Snapshot(domain.WithViewer(t.Context(), domain.Anonymous()))
		defer end()
		if got := slugs(t, ctx, s); len(got) != 0 {
			t.Fatalf("new store has %v", got)
		}
		if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			tag(t, tx, "late", domain.Clear)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if got := slugs(t, ctx, s); len(got) != 0 {
			t.Errorf("the snapshot sees what was written after it began: %v", got)
		}
		end()
		fresh := domain.WithViewer(t.Context(), domain.Anonymous())
		if got := slugs(t, fresh, s); len(got) != 1 {
			t.Errorf("after the snapshot: got %v, want the new tag", got)
		}
	})
}

func TestTimesAreExactAndOrdered(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		// Another zone, and fractions of different lengths.
		zone := time.FixedZone("east", 9*3600)
		times := []time.Time{t0, t0.Add(time.Microsecond), t0.Add(500 * time.Millisecond), t0.Add(time.Second)}
		if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for i, at := range times {
				id := tag(t, tx, string(rune('a'+i)), domain.Clear)
				update, args := sql.Dialect(tx.Dialect()).Update("tags").Set("published_at", at.In(zone)).Where(sql.EQ("id", id)).Query()
				if _, err := tx.Exec(ctx, update, args...); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		rows := s.Client(ctx).Tag.Query().Order(db.Asc("published_at")).AllX(ctx)
		for i, r := range rows {
			if !r.PublishedAt.Equal(times[i]) {
				t.Errorf("row %d: got %v, want %v", i, r.PublishedAt, times[i])
			}
		}
	})
}

func TestMigrateIsIdempotentAndRefusesANewerDatabase(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		done, err := s.Migrate(t.Context())
		if err != nil || len(done) != 0 {
			t.Fatalf("second migration applied %v, err %v", done, err)
		}
		insert := "INSERT INTO schema_migrations (version, checksum, applied_at) VALUES ('99990101000000', 'x', '2024-01-01 00:00:00+00:00')"
		if err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, insert)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Migrate(t.Context()); !errors.Is(err, domain.ErrConflict) || !strings.Contains(err.Error(), "newer than this binary") {
			t.Errorf("got %v, want a refusal that says that the database is newer", err)
		}
	})
}

// The migrations must produce the tables of the ent schema: this test finds a
// schema change without its migration.
func TestMigrationsMatchTheSchema(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		for side, tables := range map[string]func() ([]*schema.Table, error){"desk": ddl.DeskTables, "live": ddl.LiveTables} {
			want, err := tables()
			if err != nil {
				t.Fatal(err)
			}
			plan, err := store.SchemaDrift(t.Context(), s, side, want)
			if err != nil {
				t.Fatal(err)
			}
			if len(plan) != 0 {
				t.Errorf("%s: the migrations lack %v; run go tool codegen", side, plan)
			}
		}
	})
}

func TestMigratingConcurrently(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() {
			s, err := store.Open(context.Background(), store.Config{Dir: dir})
			if err == nil {
				_, err = s.Migrate(context.Background())
				err = errors.Join(err, s.Close())
			}
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), store.Config{Dir: file}); err == nil {
		t.Error("opened a folder that is a file")
	}
	_, err := store.Open(t.Context(), store.Config{DeskDSN: "postgres://user:s3cret@[::bad/db"})
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v, want an error without the password", err)
	}
}

func TestStatementsAreCounted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ctx, n := store.CountStatements(domain.WithViewer(t.Context(), domain.Anonymous()))
		slugs(t, ctx, s)
		slugs(t, ctx, s)
		if *n != 2 {
			t.Errorf("counted %d statements, want 2", *n)
		}
	})
}

// As many snapshots as may be open at once run a new statement at the same time,
// and none waits for another to prepare it.
func TestSnapshotsDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		n := store.LiveSnapshots(s)
		failed := make(chan error, n)
		var begun sync.WaitGroup
		begun.Add(n)
		for i := range n {
			go func() {
				ctx, cancel := context.WithTimeout(domain.WithViewer(t.Context(), domain.Anonymous()), 20*time.Second)
				defer cancel()
				ctx, end := s.Snapshot(ctx)
				defer end()
				_, err := s.Client(ctx).Tag.Query().Count(ctx)
				begun.Done()
				begun.Wait()
				if err == nil {
					_, err = s.Client(ctx).Tag.Query().Limit(i + 1).All(ctx)
				}
				if err == nil {
					_, err = s.Client(ctx).Tag.Query().Where(func(s *sql.Selector) {
						s.Where(sql.P(func(b *sql.Builder) { b.WriteString(fmt.Sprintf("%d = %[1]d", i)) }))
					}).All(ctx)
				}
				failed <- err
			}()
		}
		for range n {
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
	})
}

// The wait for a snapshot ends with the context.
func TestSnapshotsWaitWithinTheirContext(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		viewer := domain.WithViewer(t.Context(), domain.Anonymous())
		for range store.LiveSnapshots(s) {
			ctx, end := s.Snapshot(viewer)
			defer end()
			if _, err := s.Client(ctx).Tag.Query().Count(ctx); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(viewer, 10*time.Millisecond)
		defer cancel()
		ctx, end := s.Snapshot(ctx)
		defer end()
		if _, err := s.Client(ctx).Tag.Query().Count(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want DeadlineExceeded", err)
		}
	})
}
