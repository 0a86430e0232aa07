package editorial

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// withoutSeries are the editions that a version of the program wrote in which the series
// was a text.
const withoutSeries = "SELECT id FROM editions WHERE series_id IS NULL"

// makeSeries makes the series of editions in which it was a text: a document for each text
// in any of their revisions, with the id that old snapshots refer to (see
// [aggregate.SeriesNamed]). A series of an edition that is live is published. It is marked
// CLEAR, so each edition is seen by those who saw it before, and the series by those who
// see one of its editions.
func (d *Desk) makeSeries(ctx context.Context) error {
	missing, err := store.QueryIDs(ctx, d.stores.DeskRows(), withoutSeries+" LIMIT 1")
	if err != nil || len(missing) == 0 {
		return err
	}
	ctx = domain.AsSystem(ctx, "make series of editions")
	viewer, err := domain.ViewerFrom(ctx)
	if err != nil {
		return err
	}
	return d.edit(ctx, viewer, func(ctx context.Context, e *editTx) error {
		editions, err := store.QueryIDs(ctx, e.tx, withoutSeries+" ORDER BY id")
		if err != nil || len(editions) == 0 {
			return err // another process was faster
		}
		made, err := e.namedSeries(ctx, editions)
		if err != nil {
			return err
		}
		if err := e.writeNamedSeries(ctx, made); err != nil {
			return err
		}
		return e.publishNamedSeries(ctx, made)
	})
}

// namedSeries is a series that is made of the name in editions.
type namedSeries struct {
	name     string
	language string // of its newest edition
	newest   int    // the number of that
	present  []domain.ID
	live     bool // an edition of it is live
}

// namedSeries returns the series of all revisions of editions, by name.
func (e *editTx) namedSeries(ctx context.Context, editions []domain.ID) ([]*namedSeries, error) {
	byName := map[string]*namedSeries{}
	metas, err := aggregate.ReadMeta(ctx, e.tx, editions)
	if err != nil {
		return nil, err
	}
	for _, id := range editions {
		numbers, err := e.revisionsOf(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, number := range numbers {
			text, err := aggregate.ReadSnapshotText(ctx, e.tx, id, number)
			if err != nil {
				return nil, err
			}
			name, err := aggregate.SeriesNameIn(text)
			if err != nil || name == "" {
				return nil, cmp.Or(err, fmt.Errorf("revision %d of %s has no series", number, id))
			}
			snap, err := aggregate.DecodeSnapshot(text)
			if err != nil {
				return nil, err
			}
			s := byName[name]
			if s == nil {
				s = &namedSeries{name: name}
				byName[name] = s
			}
			if n := int(snap.Root.Int("number")); n >= s.newest {
				s.newest, s.language = n, snap.Root.Text("language")
			}
			if number == metas[id].Version {
				s.present = append(s.present, id)
			}
			s.live = s.live || number == metas[id].LiveVersion
		}
	}
	made := make([]*namedSeries, 0, len(byName))
	for _, s := range byName {
		made = append(made, s)
	}
	slices.SortFunc(made, func(a, b *namedSeries) int { return cmp.Compare(a.name, b.name) })
	return made, nil
}

// revisionsOf returns the numbers of the revisions of a document.
func (e *editTx) revisionsOf(ctx context.Context, id domain.ID) ([]int, error) {
	var numbers []int
	err := store.QueryRows(ctx, e.tx, "SELECT number FROM revisions WHERE document_id = ? ORDER BY number", []any{int64(id)},
		func(rows *sql.Rows) error {
			var number int
			err := rows.Scan(&number)
			numbers = append(numbers, number)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("find the revisions of %s: %w", id, err)
	}
	return numbers, nil
}

// writeNamedSeries writes the series, and the references of their editions.
func (e *editTx) writeNamedSeries(ctx context.Context, made []*namedSeries) error {
	s := aggregate.SpecOf(domain.Series)
	ids := make([]domain.ID, len(made))
	for i, m := range made {
		r := aggregate.NewRow()
		r.ID = aggregate.SeriesNamed(m.name)
		ids[i] = r.ID
		r.Set("title", m.name)
		r.Set("cadence", "IRREGULAR")
		r.Set("language", m.language)
		r.Set("marking", int64(domain.Clear))
		if Slugify(m.name) == "" {
			r.Set("slug", fmt.Sprintf("series-%d", i+1))
		}
		var p domain.Problems
		if err := assignSlug(ctx, e.tx, s, r.ID, r, &p); err != nil {
			return err
		}
		if err := p.Err("the series cannot be made"); err != nil {
			return err
		}
		if _, err := e.writeVersion(ctx, s, nil, nil, r, "made of the name in its editions"); err != nil {
			return err
		}
		for batch := range slices.Chunk(m.present, aggregate.MaxBatch) {
			if err := store.ExecSet(ctx, e.tx, fmt.Sprintf("UPDATE editions SET series_id = %d WHERE id", int64(r.ID)), batch); err != nil {
				return fmt.Errorf("write the series of editions: %w", err)
			}
		}
	}
	return e.record(ctx, audit.Entry{Action: audit.Create, Documents: ids, Detail: "version 1"})
}

// publishNamedSeries publishes the series of editions that are live, and records the
// references in the desk's index of live.
func (e *editTx) publishNamedSeries(ctx context.Context, made []*namedSeries) error {
	var entries []projection.Entry
	var ids []domain.ID
	for _, m := range made {
		if m.live {
			id := aggregate.SeriesNamed(m.name)
			ids = append(ids, id)
			entries = append(entries, projection.Entry{Action: projection.ActionPublish, Document: id, Revision: 1, PublishedAt: e.at})
		}
	}
	if len(entries) == 0 {
		return nil
	}
	var p domain.Problems
	path := func(domain.ID) string { return "series" }
	sequence, err := e.publishEntries(ctx, publication{entries: entries, message: "series of editions", path: path}, &p)
	if err != nil {
		return err
	}
	if err := p.Err("the series cannot be published"); err != nil {
		return err
	}
	if err := e.indexSeries(ctx); err != nil {
		return err
	}
	return e.record(ctx, audit.Entry{Action: audit.Publish, Documents: ids, Detail: fmt.Sprintf("release %d: series of editions", sequence)})
}

// indexSeries records in the desk's index of live to which series the live versions of
// editions refer.
func (e *editTx) indexSeries(ctx context.Context) error {
	live, err := store.QueryIDs(ctx, e.tx, "SELECT id FROM editions WHERE live_version IS NOT NULL ORDER BY id")
	if err != nil {
		return fmt.Errorf("find live editions: %w", err)
	}
	metas, err := aggregate.ReadMeta(ctx, e.tx, live)
	if err != nil {
		return err
	}
	numbers := map[domain.ID]int{}
	for id, meta := range metas {
		numbers[id] = meta.LiveVersion
	}
	snaps, err := aggregate.ReadRevisions(ctx, e.tx, numbers)
	if err != nil {
		return err
	}
	var pairs []pair
	for _, id := range live {
		if snap := snaps[id]; snap != nil {
			pairs = append(pairs, pair{id, snap.Root.Ref("series_id")})
		}
	}
	return insertPairs(ctx, e.tx, "live_references (document_id, target_id, mention)", ", FALSE", pairs)
}
