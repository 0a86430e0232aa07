package projection

import (
	"context"
	"slices"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// A rebuild of a live that has no documents drops most indexes of their tables, stages the documents, and makes the
// indexes from what is there: sorted, in place of a page anywhere in each index for each row. If the rebuild is interrupted,
// the next one makes them, which may be that of a server, or the next migration.

// dropIndexes drops the indexes that a rebuild makes last. refused says that readers are refused. Where they are not, those of
// documents by slug and by time of publication stay: by these, queries find without reading a table that viewers see no document
// yet; and so do all of reports.
//
// Making an index reads the whole table, and reports have long texts. What is before the text in a row is near
// its beginning, so indexes of that read an eighth of the pages. Those of what is behind the text stay.
func (p *projector) dropIndexes(ctx context.Context, refused bool) error {
	tables := map[string]bool{} // true: of a document
	var below func(t *aggregate.Table)
	below = func(t *aggregate.Table) {
		for _, o := range t.Owned {
			tables[o.Name] = false
			below(o.Table)
		}
	}
	for _, t := range domain.Types() {
		tables[aggregate.TableOf(t).Name] = true
		below(aggregate.TableOf(t))
	}
	reports := aggregate.TableOf(domain.Report)
	behind := map[string]bool{} // columns behind the text of a report
	for _, c := range reports.Columns[slices.IndexFunc(reports.Columns, func(c aggregate.Column) bool { return c.Name == "body" }):] {
		behind[c.Name] = true
	}
	for _, key := range reports.SortKeys {
		behind[key.Column] = true
	}
	return store.DropLiveIndexes(ctx, p.tx, func(i store.Index) bool {
		root, ours := tables[i.Table]
		switch {
		case !ours || len(i.Columns) == 0:
			return false
		case i.Table == reports.Name:
			return refused && !slices.ContainsFunc(i.Columns, func(c string) bool { return behind[c] })
		}
		return refused || !root || i.Columns[0] != "slug" && i.Columns[0] != "published_at"
	})
}

// beforeMarkings reports whether an index is made before the effective markings are computed: it may be of use for that, and
// does not have them.
func beforeMarkings(i store.Index) bool {
	return !slices.Contains(i.Columns, visibility.EffectiveMarking)
}

// createEach makes the missing indexes for which of returns true, each in a transaction of its own, after a number of others. It returns how many are made.
func (l *Live) createEach(ctx context.Context, of func(store.Index) bool, made int, progress RebuildProgress) (int, error) {
	missing, err := store.MissingLiveIndexes(ctx, l.stores.LiveRows())
	if err != nil {
		return made, err
	}
	all := made + len(missing)
	for _, i := range missing {
		if !of(i) {
			continue
		}
		if err := l.stores.Live(ctx, func(ctx context.Context, tx *store.Tx) error {
			return store.CreateIndexes(ctx, tx, []store.Index{i}, nil)
		}); err != nil {
			return made, err
		}
		made++
		progress(RebuildIndexing, made, all)
	}
	return made, nil
}

// createMissing makes the missing indexes for which of returns true, after a number of others.
func (p *projector) createMissing(ctx context.Context, of func(store.Index) bool, made int, progress RebuildProgress) error {
	missing, err := store.MissingLiveIndexes(ctx, p.tx)
	if err != nil {
		return err
	}
	all := made + len(missing)
	missing = slices.DeleteFunc(missing, func(i store.Index) bool { return !of(i) })
	return store.CreateIndexes(ctx, p.tx, missing, func() {
		made++
		progress(RebuildIndexing, made, all)
	})
}

func anyIndex(store.Index) bool { return true }

// hasDocuments reports whether live has any document.
func hasDocuments(ctx context.Context, db store.Rows) (bool, error) {
	for _, t := range domain.Types() {
		ids, err := store.QueryIDs(ctx, db, "SELECT id FROM "+aggregate.TableOf(t).Name+" LIMIT 1")
		if err != nil || len(ids) > 0 {
			return len(ids) > 0, err
		}
	}
	return false, nil
}
