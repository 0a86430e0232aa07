package editorial_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// oldEdition is an edition as a version of the program wrote it in which a series was a
// text.
type oldEdition struct {
	id        domain.ID
	slug      string
	marking   domain.Marking
	revisions []oldRevision
	live      int // the revision that is live; 0 for none
}

type oldRevision struct {
	series string
	number int
}

func (e oldEdition) snapshot(r oldRevision) []byte {
	return fmt.Appendf(nil, `{"schema":1,"type":"edition","id":"%s","createdAt":"2026-02-01T12:00:00.000000Z","root":{"fields":{"language":"de","marking":%d,`+
		`"number":%d,"series":"%s","slug":"%s","title":"T"},"owned":{"edition_items":[{"id":"%s","fields":{"headline":"H","summary":"S."}}]}}}`,
		e.id, e.marking, r.number, r.series, e.slug, domain.NewID(domain.Row, e.id.Time()))
}

var oldTime = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)

// writeOld writes editions and their publication to a desk that has nothing else.
func writeOld(ctx context.Context, t *testing.T, s *store.Stores, editions []oldEdition) {
	t.Helper()
	err := s.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		exec := func(query string, args ...any) {
			if err := store.Exec(ctx, tx, query, args...); err != nil {
				t.Fatal(err)
			}
		}
		table := aggregate.TableOf(domain.Edition)
		sequence := int64(0)
		for _, e := range editions {
			version := len(e.revisions)
			snap, err := aggregate.DecodeSnapshot(e.snapshot(e.revisions[version-1]))
			if err != nil {
				t.Fatal(err)
			}
			series := snap.Root.Fields["series_id"]
			snap.Root.Set("series_id", nil)
			if err := aggregate.InsertRoots(ctx, tx, table, []*aggregate.Row{snap.Root}, "Ann", oldTime); err != nil {
				return err
			}
			if err := aggregate.InsertOwned(ctx, tx, table, []*aggregate.Row{snap.Root}); err != nil {
				return err
			}
			if series == nil {
				t.Fatal("the snapshot has no series")
			}
			exec("UPDATE editions SET version = ? WHERE id = ?", int64(version), int64(e.id))
			for i, r := range e.revisions {
				text := e.snapshot(r)
				exec("INSERT INTO revisions (id, document_id, number, snapshot, hash, author, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
					int64(domain.NewID(domain.Revision, oldTime)), int64(e.id), int64(i+1), string(text), aggregate.Hash(text), "Ann", oldTime)
			}
			if e.live == 0 {
				continue
			}
			sequence++
			exec("INSERT INTO publication_entries (sequence, release, action, document_id, revision, at, published_at, actor) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
				sequence, sequence, projection.ActionPublish, int64(e.id), int64(e.live), oldTime, oldTime, "Ann")
			exec("UPDATE editions SET live_version = ?, published_at = ?, published_by = 'Ann' WHERE id = ?", int64(e.live), oldTime, int64(e.id))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func oldEditions() []oldEdition {
	id := func() domain.ID { return domain.NewID(domain.Edition, oldTime) }
	return []oldEdition{
		{id: id(), slug: "renamed", revisions: []oldRevision{{"The Old Review", 1}, {"Weekly", 7}}, live: 1},
		{id: id(), slug: "secret", marking: domain.Amber, revisions: []oldRevision{{"Weekly", 8}}, live: 1},
		{id: id(), slug: "draft", revisions: []oldRevision{{"周报", 1}}},
	}
}

// wantSeries checks that live and the desk have the series of oldEditions.
func wantSeries(t *testing.T, d *editorialtest.Desk, editions []oldEdition) {
	t.Helper()
	d.WantLive(domain.Clear, "edition:renamed", "series:the-old-review")
	d.WantLive(domain.Amber, "edition:renamed", "edition:secret", "series:the-old-review", "series:weekly")
	got := map[string]string{}
	for _, id := range storedIDs(t, d, domain.Series) {
		row := loadOne(t, d, id)
		got[row.Text("slug")] = row.Text("title") + " " + row.Text("cadence") + " " + row.Text("language")
	}
	want := map[string]string{"the-old-review": "The Old Review IRREGULAR de", "weekly": "Weekly IRREGULAR de", "series-3": "周报 IRREGULAR de"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	for i, name := range []string{"Weekly", "Weekly", "周报"} {
		if got, want := loadOne(t, d, editions[i].id).Ref("series_id"), aggregate.SeriesNamed(name); got != want {
			t.Errorf("%s: got the series %v, want %v", editions[i].slug, got, want)
		}
	}
	if diff, err := editorialtest.ReindexLive(t.Context(), d.Stores); err != nil || diff != "" {
		t.Errorf("the index of live is not that of a rebuild: %v %s", err, diff)
	}
}

func storedIDs(t *testing.T, d *editorialtest.Desk, of domain.Type) []domain.ID {
	t.Helper()
	ids, err := store.QueryIDs(t.Context(), d.Stores.DeskRows(), "SELECT id FROM "+aggregate.TableOf(of).Name+" ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func loadOne(t *testing.T, d *editorialtest.Desk, id domain.ID) *aggregate.Row {
	t.Helper()
	rows, err := aggregate.Load(t.Context(), d.Stores.DeskRows(), id.Type(), []domain.ID{id})
	if err != nil || rows[id] == nil {
		t.Fatalf("%v is not there: %v", id, err)
	}
	return rows[id]
}

// A desk that was written before there were series gets them, and a log from before
// then is projected and rebuilt.
func TestSeriesOfAnOldDesk(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		editions := oldEditions()
		writeOld(t.Context(), t, s, editions)
		d := editorialtest.New(t, s)
		if err := d.Project(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantSeries(t, d, editions)
		before, err := editorialtest.LiveDocuments(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.RebuildLive(editorialtest.As(t.Context(), domain.Admin), nil); err != nil {
			t.Fatal(err)
		}
		after, err := editorialtest.LiveDocuments(t.Context(), s)
		if diff := cmp.Diff(before, after); err != nil || diff != "" {
			t.Errorf("rebuilt, live is another one: %v\n%s", err, diff)
		}

		// An old revision comes back with its series.
		if _, err := d.Restore(d.Ctx, editorial.RestoreParams{Document: "edition:renamed", Revision: 1}); err != nil {
			t.Fatal(err)
		}
		if got, want := loadOne(t, d, editions[0].id).Ref("series_id"), aggregate.SeriesNamed("The Old Review"); got != want {
			t.Errorf("restored, the edition is of %v, want %v", got, want)
		}
		// A second start makes nothing.
		if err := editorialtest.New(t, s).Project(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := len(storedIDs(t, d, domain.Series)); got != 3 {
			t.Errorf("got %d series after a second start, want 3", got)
		}
	})
}

// Live that an earlier version of the program wrote gets the series of its editions
// without a rebuild, and nobody sees more or less than before.
func TestSeriesOfAnOldLive(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		editions := oldEditions()
		writeOld(t.Context(), t, s, editions)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		// The identity of the log and the index of live are those of the earlier version.
		must(s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for _, e := range editions[:2] {
				must(store.Exec(ctx, tx, "INSERT INTO live_documents (id, version, marking) VALUES (?, 1, ?)", int64(e.id), int64(e.marking)))
			}
			return store.Exec(ctx, tx, "INSERT INTO publication_log (id, identity, created_at) VALUES (1, 'old', ?)", oldTime)
		}))
		earlier := projection.New(s, slog.New(slog.DiscardHandler), time.Now)
		must(earlier.Project(t.Context()))
		earlier.Close()
		must(s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			must(store.Exec(ctx, tx, "DELETE FROM changes"))
			return store.Exec(ctx, tx, "UPDATE editions SET series_id = NULL, effective_marking = marking")
		}))
		d := editorialtest.New(t, s)
		d.WantLive(domain.Amber, "edition:renamed", "edition:secret") // as it was
		must(d.Project(t.Context()))
		wantSeries(t, d, editions)

		var kinds []string
		must(store.QueryRows(t.Context(), s.LiveRows(), "SELECT document_id, clear, amber FROM changes ORDER BY document_id", nil, func(rows *sql.Rows) error {
			var id domain.ID
			var clearKind, amber int
			err := rows.Scan(&id, &clearKind, &amber)
			kinds = append(kinds, fmt.Sprint(id.Type(), " ", clearKind, " ", amber))
			return err
		}))
		slices.Sort(kinds)
		want := []string{"edition 0 2", "edition 2 2", "series 0 1", "series 1 1"}
		if diff := cmp.Diff(want, kinds); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	})
}
