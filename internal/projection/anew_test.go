package projection_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// anotherProcess returns a desk on stores of its own, as another process has.
func anotherProcess(t *testing.T, c store.Config) *desk {
	t.Helper()
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return newDesk(t, s)
}

// documents returns how many documents live has.
func (d *desk) documents() (n int) {
	d.T.Helper()
	for _, t := range domain.Types() {
		ids, err := store.QueryIDs(d.T.Context(), d.Stores.LiveRows(), "SELECT id FROM "+aggregate.TableOf(t).Name)
		if err != nil {
			d.T.Fatal(err)
		}
		n += len(ids)
	}
	return n
}

// lost publishes documents of all kinds, and loses live. It returns how many documents live had, its rows, and what readers saw.
func lost(d *desk) (n int, rows string, seen []string) {
	d.T.Helper()
	publishMany(d)
	publishMore(d)
	n, rows, seen = d.documents(), editorialtest.Dump(d.T, d.Stores.LiveRows()), sees(d)
	d.loseLive()
	return n, rows, seen
}

// wantLiveAsBefore fails the test unless live has the rows that it had, readers see and find what they did, and the history of changes
// is as [desk.wantHistory] has it.
func wantLiveAsBefore(d *desk, rows string, seen []string) {
	d.T.Helper()
	if diff := cmp.Diff(strings.Split(rows, "\n"), strings.Split(editorialtest.Dump(d.T, d.Stores.LiveRows()), "\n")); diff != "" {
		d.T.Errorf("live (-before +made anew):\n%s", diff)
	}
	if diff := cmp.Diff(seen, sees(d)); diff != "" {
		d.T.Errorf("readers (-before +made anew):\n%s", diff)
	}
	d.wantHistory()
	wantIndexes(d.T.(*testing.T), d.Stores, true)
	d.WantRebuilt()
}

// wantHistory fails the test unless the history of changes has each document once for those who see it, as published.
func (d *desk) wantHistory() {
	d.T.Helper()
	for _, clearance := range []domain.Marking{domain.Clear, domain.Green, domain.Amber, domain.Red} {
		ctx := domain.WithViewer(d.T.Context(), &domain.Viewer{Clearance: clearance, KeyID: 1})
		changes, err := d.Changes(ctx, projection.ChangesParams{First: 1000})
		if err != nil {
			d.T.Fatal(err)
		}
		published := map[domain.ID]int{}
		for _, change := range changes {
			if change.Kind == projection.Published {
				published[change.Document]++
			}
		}
		names := d.LiveNames(clearance)
		if len(published) != len(names) || len(changes) != len(names) {
			d.T.Errorf("for TLP:%v the history has %d changes, that %d documents were published; want both to be %d", clearance, len(changes), len(published), len(names))
		}
	}
}

// No reader sees a part of a live that is made anew, in this process or another, at whatever step, and it is
// what it was, with a history of its own.
func TestLiveIsMadeAnew(t *testing.T) {
	t.Parallel()
	eachStored(t, func(t *testing.T, c store.Config, d *desk) {
		n, rows, seen := lost(d)
		d.SetStaged(staged, 0)
		server := anotherProcess(t, c)
		if got := sees(server); !strings.Contains(got[0], "CLEAR []") {
			t.Fatalf("of an empty live: got %q", got)
		}
		steps := map[projection.RebuildStep]int{}
		out, err := d.Rebuild(t.Context(), func(step projection.RebuildStep, done, _ int) {
			steps[step]++
			if step == projection.RebuildStaging && done == 0 {
				return
			}
			if _, err := server.Window(t.Context(), domain.Red, "2026-01-01", "2026-12-31"); !errors.Is(err, store.ErrLiveIncomplete) {
				t.Errorf("%s, %d: an edition can be compiled: %v", step, done, err)
			}
			for name, reader := range map[string]*desk{"this process": d, "a server": server} {
				if got := sees(reader); !slices.Equal(got, refused) {
					t.Errorf("%s, %d: %s sees %q", step, done, name, got)
				}
			}
		})
		if err != nil || out.Documents != n || steps[projection.RebuildStaging] < 3 || steps[projection.RebuildMarking] < 3 {
			t.Errorf("got %+v, %v, with the steps %v", out, err, steps)
		}
		if diff := cmp.Diff(seen, sees(server)); diff != "" {
			t.Errorf("a server (-before +made anew):\n%s", diff)
		}
		wantLiveAsBefore(d, rows, seen)
	})
}

// Live is made anew up to the entry that was the last one at the beginning, by whichever process ends it, and what was published
// since follows: documents that are staged may be changed by it, or taken out.
func TestPublishingWhileLiveIsMadeAnew(t *testing.T) {
	t.Parallel()
	for _, ending := range []string{"Rebuild", "Server"} {
		t.Run(ending, func(t *testing.T) {
			t.Parallel()
			eachStored(t, func(t *testing.T, c store.Config, d *desk) {
				publishMany(d)
				d.loseLive()
				killedRebuild(t, c, projection.RebuildStaging, 2*staged)
				// A process that cannot write to live.
				s, faults := storetest.OpenFaulty(t, c)
				faults.Fail("live", "", 0, storetest.ConnectionRefused())
				editor := newDesk(t, s)
				editor.WithPatience(time.Millisecond)
				editor.MustSave(domain.Entity, editorial.Update, fields{"id": "acme-0", "name": "Acme Zero", "marking": "GREEN"})
				editor.Report("later")
				for _, document := range []string{"entity:acme-0", "report:later"} {
					if _, err := editor.Publish(editor.Ctx, editorial.PublishParams{Documents: []string{document}}); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := editor.Unpublish(editor.Ctx, editorial.UnpublishParams{Documents: []string{"entity:acme-5", "relationship:tie-4"}}); err != nil {
					t.Fatal(err)
				}
				d.look()
				if got := sees(d); !slices.Equal(got, refused) {
					t.Errorf("while live is incomplete: got %q", got)
				}
				if ending == "Server" {
					if err := d.Project(t.Context()); err != nil {
						t.Fatal(err)
					}
				} else {
					out, err := d.Rebuild(t.Context(), nil)
					log, logErr := projection.ReadLog(t.Context(), d.Stores.DeskRows())
					if err != nil || logErr != nil || out.Sequence != log.Last {
						t.Errorf("got %+v, %v, with %d entries in the log, %v", out, err, log.Last, logErr)
					}
				}
				public := strings.Join(d.LiveNames(domain.Clear), " ")
				if strings.Contains(public, "acme-0") || strings.Contains(public, "acme-5") || !strings.Contains(public, "report:later") {
					t.Errorf("got %s", public)
				}
				d.WantRebuilt()
			})
		})
	}
}

// Several processes that make live anew at once stage it together, and one of them completes it.
func TestLiveIsMadeAnewBySeveral(t *testing.T) {
	t.Parallel()
	eachStored(t, func(t *testing.T, c store.Config, d *desk) {
		n, rows, seen := lost(d)
		const processes = 3
		ended := make(chan error, processes)
		for i := range processes {
			p := anotherProcess(t, c)
			p.SetStaged(1, 0)
			go func() {
				out, err := p.Rebuild(t.Context(), nil)
				if err == nil && out.Documents != n {
					err = fmt.Errorf("process %d: got %+v, want %d documents", i, out, n)
				}
				ended <- err
			}()
		}
		for range processes {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		d.look()
		wantLiveAsBefore(d, rows, seen)
	})
}

// A rebuild that is overtaken by releases of another process, at whatever step, repairs what it has staged beside them.
func TestRebuildIsOvertaken(t *testing.T) {
	t.Parallel()
	for _, step := range []projection.RebuildStep{projection.RebuildStaging, projection.RebuildMarking} {
		t.Run(string(step), func(t *testing.T) {
			t.Parallel()
			eachStored(t, func(t *testing.T, _ store.Config, d *desk) {
				n, rows, _ := lost(d)
				d.SetStaged(staged, 0)
				once := false
				out, err := d.Rebuild(t.Context(), func(present projection.RebuildStep, done, _ int) {
					if present == step && (done > 0 || step == projection.RebuildMarking) && !once {
						once = true
						d.changeLive("UPDATE projection SET applied_sequence = 1", "UPDATE entities SET name = 'x', version = 9 WHERE slug = 'acme-1'")
					}
				})
				if err != nil || out.Documents != n || !once {
					t.Errorf("got %+v, %v", out, err)
				}
				if diff := cmp.Diff(strings.Split(rows, "\n"), strings.Split(editorialtest.Dump(t, d.Stores.LiveRows()), "\n")); diff != "" {
					t.Errorf("live (-before +rebuilt):\n%s", diff)
				}
				wantIndexes(t, d.Stores, true)
				d.WantRebuilt()
			})
		})
	}
}

// What a rebuild has staged of a log that the desk does not have any more is not relied on.
func TestLiveIsMadeAnewFromAnotherLog(t *testing.T) {
	t.Parallel()
	eachStored(t, func(t *testing.T, c store.Config, d *desk) {
		publishMany(d)
		d.loseLive()
		killedRebuild(t, c, projection.RebuildStaging, 2*staged)
		d.ChangeDesk("DELETE FROM publication_entries WHERE sequence = (SELECT max(sequence) FROM publication_entries)") // which unpublishes report-5
		if err := d.Project(t.Context()); err != nil {
			t.Fatal(err)
		}
		if public := strings.Join(d.LiveNames(domain.Clear), " "); !strings.Contains(public, "report:report-5") {
			t.Errorf("got %s", public)
		}
		d.wantHistory()
		wantIndexes(t, d.Stores, true)
		d.WantRebuilt()
	})
}

// A rebuild that is killed when all is staged does what is left, and nothing again.
func TestMarkingIsResumed(t *testing.T) {
	t.Parallel()
	for _, at := range []struct {
		step projection.RebuildStep
		done int
	}{{projection.RebuildIndexing, 1}, {projection.RebuildMarking, 0}, {projection.RebuildMarking, 2}} {
		t.Run(fmt.Sprint(at.step, at.done), func(t *testing.T) {
			t.Parallel()
			eachStored(t, func(t *testing.T, c store.Config, d *desk) {
				if at.step == projection.RebuildIndexing && d.Stores.Dialect() != dialect.SQLite {
					return // it drops no indexes there
				}
				_, rows, seen := lost(d)
				killedRebuild(t, c, at.step, at.done)
				d.look()
				if got := sees(d); !slices.Equal(got, refused) {
					t.Errorf("after the kill: got %q", got)
				}
				first := -1
				if _, err := d.Rebuild(t.Context(), func(step projection.RebuildStep, done, of int) {
					if step == projection.RebuildStaging && first < 0 {
						if first = done; of-done > 2 { // the last entries may need no document
							t.Errorf("staging begins at %d of %d", done, of)
						}
					}
				}); err != nil {
					t.Fatal(err)
				}
				wantLiveAsBefore(d, rows, seen)
			})
		})
	}
}
