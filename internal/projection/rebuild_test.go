package projection_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/search/query"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// rebuildChild names the environment variable with the stores in which a child process
// rebuilds live until it is killed.
const rebuildChild = "REDTHREAD_TEST_REBUILD_CHILD"

// staged is how many documents a rebuild of these tests stages at once.
const staged = 4

// publishMany publishes documents of several types and markings, and unpublishes some. It
// returns the number of those that are live.
func publishMany(d *desk) int {
	d.MustSave(domain.Tag, 0, fields{"slug": "sea", "label": "Sea", "vocabulary": "TOPIC"})
	d.MustSave(domain.Source, 0, fields{"slug": "register", "title": "Register"})
	for i, marking := range []string{"CLEAR", "GREEN", "AMBER", "RED", "CLEAR", "CLEAR"} {
		d.MustSave(domain.Entity, 0, fields{"slug": fmt.Sprintf("acme-%d", i), "name": fmt.Sprintf("Acme %d", i), "kind": "COMPANY", "marking": marking, "tags": list("sea")})
		d.MustPublish(fmt.Sprintf("entity:acme-%d", i))
	}
	for i := range 5 {
		slug := fmt.Sprintf("tie-%d", i)
		d.MustSave(domain.Relationship, 0, fields{"slug": slug, "from": fmt.Sprintf("acme-%d", i), "to": fmt.Sprintf("acme-%d", i+1), "kind": "OWNS", "confidence": "CONFIRMED", "citations": list(fields{"source": "register"})})
		d.MustPublish("relationship:" + slug)
	}
	for i := range 6 {
		d.Report(fmt.Sprintf("report-%d", i), fields{"tags": list("sea"), "entities": list("acme-0", "acme-3")})
		d.MustPublish(fmt.Sprintf("report:report-%d", i))
	}
	if _, err := d.Unpublish(d.Ctx, editorial.UnpublishParams{Documents: []string{"report:report-5"}}); err != nil {
		d.T.Fatal(err)
	}
	return 2 + 6 + 5 + 5
}

// publishMore publishes what publishMany does not, after it: trees, chains and documents of other types, and documents again that others
// refer to, whose last entries are then behind those of the others.
func publishMore(d *desk) {
	d.Tag("north-sea", fields{"parent": "sea"})
	d.Tag("dogger", fields{"parent": "north-sea"})
	d.Tag("unused")
	d.Source("memo", fields{"marking": "AMBER"})
	d.MustSave(domain.Narrative, editorial.Create, fields{"slug": "cranes", "title": "Cranes", "claim": "C.", "status": "EMERGING", "tags": list("dogger")})
	d.MustPublish("narrative:cranes")
	d.Series("weekly")
	d.Edition("weekly-1", "weekly", 1)
	d.MustPublish("edition:weekly-1")
	d.Relationship("acme-0", "acme-5", fields{"slug": "secret", "marking": "RED", "citations": list(fields{"source": "memo"})})
	d.MustPublish("relationship:secret")
	d.Report("hidden", fields{"marking": "RED", "tags": list("north-sea")})
	d.MustPublish("report:hidden")
	for _, slug := range []string{"acme-1", "acme-2"} {
		d.MustSave(domain.Entity, editorial.Update, fields{"id": slug, "description": "Again."})
		d.MustPublish("entity:" + slug)
	}
	d.MustSave(domain.Report, editorial.Update, fields{"id": "report-2", "slug": "renamed"})
	d.MustPublish("report:renamed")
}

// refused is what readers of a live see that is made anew.
var refused = []string{"refused"}

// sees returns what viewers of all clearances see of live, and find there.
func sees(d *desk) (all []string) {
	d.T.Helper()
	index := search.New(d.Stores)
	for _, c := range []domain.Marking{domain.Clear, domain.Green, domain.Amber, domain.Red} {
		ctx := domain.WithViewer(d.T.Context(), &domain.Viewer{Clearance: c, KeyID: 1})
		if _, err := d.Stores.LiveSequence(ctx); errors.Is(err, store.ErrLiveIncomplete) {
			return refused
		}
		all = append(all, fmt.Sprint(c, d.LiveNames(c)))
		for _, word := range []string{"acme", "report", "register", "sea"} {
			found, err := index.Search(ctx, search.Params{Query: query.Parse(word), First: 100})
			if err != nil {
				d.T.Fatal(err)
			}
			var ids []string
			for _, hit := range found.Hits {
				ids = append(ids, hit.ID.String())
			}
			slices.Sort(ids)
			all = append(all, fmt.Sprint(c, " ", word, ids))
		}
	}
	return all
}

// eachStored runs fn with a desk on each engine, and with the configuration of its stores, for other processes.
func eachStored(t *testing.T, fn func(t *testing.T, c store.Config, d *desk)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		fn(t, c, newDesk(t, s))
	})
}

// A rebuild that is killed goes on where it was. Until it ends, readers see what they saw
// before: the old live. Those of one that was lost are refused.
func TestRebuildIsResumed(t *testing.T) {
	if stores := os.Getenv(rebuildChild); stores != "" {
		rebuildUntilKilled(t, stores)
		return
	}
	t.Parallel()
	for _, tt := range []struct {
		name  string
		spoil func(d *desk)
	}{
		{"AsItWas", func(*desk) {}},
		{"Lost", (*desk).loseLive},
		{"Damaged", func(d *desk) {
			d.changeLive("DELETE FROM report_entities", "UPDATE entities SET name = 'x', version = 9 WHERE slug = 'acme-1'", "DELETE FROM relationships WHERE slug = 'tie-0'",
				"DROP INDEX reporttag_tag_id_report_id", "DROP INDEX entity_kind_published_at_id_effective_marking")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			eachStored(t, func(t *testing.T, c store.Config, d *desk) {
				s := d.Stores
				d.SetStaged(staged, 0)
				n := publishMany(d)
				want := editorialtest.Dump(t, s.LiveRows())
				seen := sees(d)
				tt.spoil(d)
				before := sees(d)
				if tt.name == "Lost" {
					before = refused
					d.look()
				}
				for kill := 1; kill <= 2; kill++ {
					killedRebuild(t, c, projection.RebuildStaging, 2*staged*kill)
					if diff := cmp.Diff(before, sees(d)); diff != "" {
						t.Errorf("readers see another live while it is rebuilt (-before +now):\n%s", diff)
					}
					wantIndexes(t, s, !(tt.name == "Lost" && s.Dialect() == dialect.SQLite))
				}
				var first, last, all int
				begun := false
				out, err := d.Rebuild(t.Context(), func(step projection.RebuildStep, done, of int) {
					if step != projection.RebuildStaging {
						return
					}
					if !begun {
						first, begun = done, true
					}
					last, all = done, of
				})
				if err != nil || out.Documents != n {
					t.Fatalf("got %+v, %v; want %d documents", out, err, n)
				}
				if first != 4*staged || last != all || all != int(out.Sequence) {
					t.Errorf("the last run began at entry %d and ended at %d of %d, want %d and %d", first, last, all, 4*staged, out.Sequence)
				}
				if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(editorialtest.Dump(t, s.LiveRows()), "\n")); diff != "" {
					t.Errorf("live (-before +rebuilt):\n%s", diff)
				}
				if diff := cmp.Diff(seen, sees(d)); diff != "" {
					t.Errorf("readers (-before +rebuilt):\n%s", diff)
				}
				wantIndexes(t, s, true)
				d.WantRebuilt()
			})
		})
	}
}

// look reads the state of live, as a server does each second.
func (d *desk) look() {
	d.T.Helper()
	if _, err := d.Lag(d.T.Context()); err != nil {
		d.T.Fatal(err)
	}
}

// wantIndexes fails the test unless all indexes are there, or some are missing.
func wantIndexes(t *testing.T, s *store.Stores, all bool) {
	t.Helper()
	if wrong, err := s.CheckIndexes(t.Context()); err != nil || (len(wrong) == 0) != all {
		t.Errorf("%d indexes are missing, such as %q, %v; want all to be there: %t", len(wrong), wrong[:min(len(wrong), 3)], err, all)
	}
}

// Where a rebuild of a lost live is killed and not run again, a server projects the log and has all indexes.
func TestProjectingAfterRebuild(t *testing.T) {
	t.Parallel()
	eachStored(t, func(t *testing.T, c store.Config, d *desk) {
		s := d.Stores
		publishMany(d)
		want := editorialtest.Dump(t, s.LiveRows())
		d.loseLive()
		killedRebuild(t, c, projection.RebuildStaging, 2*staged)
		wantIndexes(t, s, s.Dialect() == dialect.Postgres)
		if rebuilding, err := d.Live.Rebuilding(t.Context()); !rebuilding || err != nil {
			t.Errorf("rebuilding: %t, %v", rebuilding, err)
		}
		if err := d.Project(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantIndexes(t, s, true)
		if rebuilding, err := d.Live.Rebuilding(t.Context()); rebuilding || err != nil {
			t.Errorf("rebuilding once live has all: %t, %v", rebuilding, err)
		}
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(editorialtest.Dump(t, s.LiveRows()), "\n")); diff != "" {
			t.Errorf("live (-before +projected):\n%s", diff)
		}
		d.WantRebuilt()
	})
}

// A transaction of a rebuild that is tried again stages what it had staged.
func TestRebuildStagesAgain(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, faults := storetest.OpenFaulty(t, c)
		d := newDesk(t, s)
		n := publishMany(d)
		d.loseLive()
		d.SetStaged(staged, time.Minute)
		faults.Fail("live", "UPDATE projection SET rebuild_sequence", 2, storetest.RecoveryConflict())
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var seen []int
		if _, err := d.Rebuild(ctx, func(_ projection.RebuildStep, done, of int) {
			if seen = append(seen, done); done == of {
				stop() // ahead of the last transaction
			}
		}); !errors.Is(err, context.Canceled) || faults.Hits() != 2 || len(seen) != 2 {
			t.Fatalf("got %v after %d faults, with the progress %d", err, faults.Hits(), seen)
		}
		there := 0
		for _, typ := range domain.Types() {
			if err := store.QueryRows(t.Context(), s.LiveRows(), "SELECT id FROM "+aggregate.TableOf(typ).Name, nil, func(rows *sql.Rows) error {
				there++
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if there != n {
			t.Errorf("got %d documents, want %d", there, n)
		}
	})
}

// A rebuild that found live without documents leaves the indexes to readers where another process has projected the log meanwhile.
func TestRebuildBesideAServer(t *testing.T) {
	t.Parallel()
	eachStored(t, func(t *testing.T, c store.Config, d *desk) {
		s := d.Stores
		n := publishMany(d)
		want := sees(d)
		d.loseLive()
		d.SetStaged(staged, 0)
		other, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		server := newDesk(t, other)
		projected := false
		out, err := d.Rebuild(t.Context(), func(step projection.RebuildStep, done, _ int) {
			switch {
			case step != projection.RebuildStaging:
			case !projected:
				projected = true
				if err := server.Project(t.Context()); err != nil {
					t.Error(err)
				}
			case done == staged:
				wantIndexes(t, s, true)
			}
			if diff := cmp.Diff(want, sees(d)); diff != "" {
				t.Errorf("%s, %d: readers see another live (-want +got):\n%s", step, done, diff)
			}
		})
		if err != nil || out.Documents != n || !projected {
			t.Errorf("got %+v, %v", out, err)
		}
		wantIndexes(t, s, true)
		d.WantRebuilt()
	})
}

// Where live has the documents, each part of the log has a transaction of its own, however long one may be.
func TestRebuildOfWholeLiveHoldsItBriefly(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		publishMany(d)
		d.SetStaged(staged, time.Minute)
		var seen, want []int
		out, err := d.Rebuild(t.Context(), func(step projection.RebuildStep, done, _ int) {
			if step == projection.RebuildStaging {
				seen = append(seen, done)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < int(out.Sequence); at += staged {
			want = append(want, at)
		}
		if want = append(want, int(out.Sequence)); !slices.Equal(seen, want) {
			t.Errorf("got the progress %d, want %d", seen, want)
		}
	})
}

// changeLive runs SQL statements on live.
func (d *desk) changeLive(statements ...string) {
	d.T.Helper()
	if err := d.Stores.Live(d.T.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		d.T.Fatal(err)
	}
}

// killedRebuild rebuilds live in a process that is killed once so many things of a step are done.
func killedRebuild(t *testing.T, c store.Config, step projection.RebuildStep, done int) {
	t.Helper()
	stores, err := json.Marshal([]any{c.Dir, c.DeskDSN, c.LiveDSN, step, done})
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRebuildIsResumed$")
	child.Env = append(os.Environ(), rebuildChild+"="+string(stores))
	out, err := child.CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || !exit.Sys().(syscall.WaitStatus).Signaled() {
		t.Fatalf("got %v, want a process that was killed: %s", err, out)
	}
}

// rebuildUntilKilled is the child process of killedRebuild, with what its environment has.
func rebuildUntilKilled(t *testing.T, stores string) {
	t.Helper()
	var c store.Config
	var step projection.RebuildStep
	var least int
	if err := json.Unmarshal([]byte(stores), &[]any{&c.Dir, &c.DeskDSN, &c.LiveDSN, &step, &least}); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, s)
	d.SetStaged(staged, 0)
	_, err = d.Rebuild(t.Context(), func(present projection.RebuildStep, done, _ int) {
		if present == step && done >= least {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	})
	t.Fatalf("the rebuild ended: %v", err)
}

// Rows of a damaged live that are with another owner than on the desk are given back.
func TestRebuildOfRowsInTheWay(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.SetStaged(1, 0)
		publishMany(d)
		want := editorialtest.Dump(t, d.Stores.LiveRows())
		// The row is with another owner than on the desk, and its own place is empty.
		d.changeLive("UPDATE report_entities SET report_id = (SELECT id FROM reports WHERE slug = 'report-4') WHERE report_id = (SELECT id FROM reports WHERE slug = 'report-0') AND position = 0",
			"UPDATE report_tags SET report_id = 1")
		if _, err := d.RebuildLive(domain.AsSystem(t.Context(), "test"), nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(editorialtest.Dump(t, d.Stores.LiveRows()), "\n")); diff != "" {
			t.Errorf("live (-before +rebuilt):\n%s", diff)
		}
	})
}

// A rebuild writes no row below a document that live has as it was published.
func TestRebuildWritesOnlyWhatDiffers(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		publishMany(d)
		d.changeLive("UPDATE report_entities SET position = 7 WHERE report_id = (SELECT id FROM reports WHERE slug = 'report-0') AND position = 1",
			"CREATE TABLE written (what text)")
		for name, table := range aggregate.Tables() {
			if table.Type == 0 {
				d.changeLive(d.onWrite(name)...)
			}
		}
		if _, err := d.RebuildLive(domain.AsSystem(t.Context(), "test"), nil); err != nil {
			t.Fatal(err)
		}
		var written []string
		if err := store.QueryRows(t.Context(), d.Stores.LiveRows(), "SELECT what FROM written", nil, func(rows *sql.Rows) error {
			written = append(written, "")
			return rows.Scan(&written[len(written)-1])
		}); err != nil {
			t.Fatal(err)
		}
		if want := []string{"UPDATE report_entities"}; !slices.Equal(written, want) {
			t.Errorf("got the writes %q, want %q", written, want)
		}
	})
}

// onWrite returns statements that make a table record writes to it in the table written.
func (d *desk) onWrite(table string) (statements []string) {
	for _, event := range []string{"UPDATE", "DELETE", "INSERT"} {
		name, note := "written_"+strings.ToLower(event)+"_"+table, fmt.Sprintf("INSERT INTO written VALUES ('%s %s')", event, table)
		trigger := fmt.Sprintf("CREATE TRIGGER %s AFTER %s ON %s FOR EACH ROW ", name, event, table)
		if d.Stores.LiveRows().Dialect() == dialect.Postgres {
			statements = append(statements, fmt.Sprintf("CREATE FUNCTION %s() RETURNS trigger AS $$ BEGIN %s; RETURN NULL; END $$ LANGUAGE plpgsql", name, note), trigger+"EXECUTE FUNCTION "+name+"()")
		} else {
			statements = append(statements, trigger+"BEGIN "+note+"; END")
		}
	}
	return statements
}
