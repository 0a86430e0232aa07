package dataset

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/collation"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// author is the author of all documents.
const author = "load bench"

// logIdentity begins the identity of the publication log of a data set. What follows
// is the name of the set, so that a database says what is in it.
const logIdentity = "load bench, "

// batchSize is how many documents are written in one transaction.
const batchSize = 500

// types are all types of the set, each after those that it refers to.
var types = []domain.Type{domain.Tag, domain.Source, domain.Narrative, domain.Entity, domain.Relationship, domain.Report}

// In returns the name of the data set that is in stores: "" if they are empty.
// Stores with any other content are an error.
func In(ctx context.Context, stores *store.Stores) (string, error) {
	log, err := projection.ReadLog(ctx, stores.DeskRows())
	if err != nil {
		return "", err
	}
	if log.Identity == "" && log.Last == 0 {
		return "", nil
	}
	name, ok := strings.CutPrefix(log.Identity, logIdentity)
	if !ok {
		return "", errors.New("the stores have content that is not of the load bench")
	}
	return name, nil
}

// Generate writes a data set to empty stores, whose schema is up to date. The
// identity of the log is written last, so stores that it did not finish have none.
// progress is called with the number of documents that are written.
func Generate(ctx context.Context, stores *store.Stores, s *Set, progress func(done, of int)) error {
	g := &generator{set: s, stores: stores, ctx: ctx, at: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), progress: progress}
	for _, t := range types {
		g.total += s.count(t)
	}
	steps := []func() error{g.checkEmpty, g.dropIndexes, g.writeAll, g.makeIndexes, g.markSupporting, g.writeChanges, g.indexTexts, g.finish, g.analyze}
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("generate the data set: %w", err)
		}
	}
	return nil
}

// generator is one run of Generate.
type generator struct {
	set    *Set
	stores *store.Stores
	ctx    context.Context
	at     time.Time // of the releases

	ids         rowIDs
	desk, live  []index // that were dropped
	sequence    int64   // of the last log entry
	last        projection.Entry
	done, total int
	progress    func(done, of int)
}

func (g *generator) checkEmpty() error {
	for _, t := range types {
		ids, err := store.QueryIDs(g.ctx, g.stores.DeskRows(), "SELECT id FROM "+aggregate.TableOf(t).Name+" LIMIT 1")
		if err != nil {
			return err
		}
		if len(ids) > 0 {
			return errors.New("the stores are not empty: an earlier run was interrupted, or they are not of the load bench; delete them")
		}
	}
	return nil
}

// inBoth runs write transactions on both stores at the same time.
func (g *generator) inBoth(desk, live func(context.Context, *store.Tx) error) error {
	failed := make(chan error, 1)
	go func() { failed <- g.stores.Live(g.ctx, live) }()
	err := g.stores.Desk(g.ctx, desk)
	return errors.Join(err, <-failed)
}

// batch is some documents of one type, of which those that are published form a
// release.
type batch struct {
	t         domain.Type
	documents []written
	first     int64 // the sequence of the log entry of the first
	at        time.Time
	ids       []domain.ID // of revisions and names, which the desk has
}

// writeAll writes all documents. A batch is made while the one before it is written.
func (g *generator) writeAll() error {
	ctx, stop := context.WithCancel(g.ctx)
	defer stop()
	for b := range g.batches(ctx) {
		err := g.inBoth(
			func(ctx context.Context, tx *store.Tx) error { return g.writeDesk(ctx, tx, b) },
			func(ctx context.Context, tx *store.Tx) error { return g.writeLive(ctx, tx, b) })
		if err != nil {
			return err
		}
		g.done += len(b.documents)
		g.progress(g.done, g.total)
	}
	return g.ctx.Err()
}

func (g *generator) batches(ctx context.Context) <-chan *batch {
	made := make(chan *batch, 1)
	go func() {
		defer close(made)
		for _, t := range types {
			b := &batch{t: t}
			send := func() bool {
				b.first, b.at = g.sequence+1, g.at
				g.sequence += int64(len(published(b.documents)))
				g.at = g.at.Add(time.Second)
				select {
				case made <- b:
					b = &batch{t: t}
					return true
				case <-ctx.Done():
					return false
				}
			}
			g.set.each(t, &g.ids, func(d written) bool {
				b.documents = append(b.documents, d)
				for range 1 + len(names(t, d.row)) {
					b.ids = append(b.ids, g.ids.next(domain.Row))
				}
				return len(b.documents) < batchSize || send()
			})
			if len(b.documents) > 0 && !send() {
				return
			}
		}
	}()
	return made
}

func published(all []written) []written {
	return slices.DeleteFunc(slices.Clone(all), func(d written) bool { return !d.Published })
}

func names(t domain.Type, row *aggregate.Row) []aggregate.ScopedName {
	if of := aggregate.SpecOf(t).Names; of != nil {
		return of(row)
	}
	return nil
}

// writeDesk writes documents to the desk, with their revisions, the entries of the
// log, and the desk's indexes.
func (g *generator) writeDesk(ctx context.Context, tx *store.Tx, b *batch) error {
	root := aggregate.TableOf(b.t)
	roots := newInsert(root.Name, "id", "version", "effective_marking", "created_at", "created_by", "updated_at", "updated_by",
		"published_at", "published_by", "live_version")
	for _, c := range root.Columns {
		roots.columns = append(roots.columns, c.Name)
	}
	for _, key := range root.SortKeys {
		roots.columns = append(roots.columns, key.Column)
	}
	revisions := make([]aggregate.NewRevision, 0, len(b.documents))
	keys := newInsert("name_keys", "id", "document_id", "type", "name")
	log := newInsert("publication_entries", "sequence", "release", "action", "document_id", "revision", "at", "published_at", "actor")
	live := newInsert("live_documents", "id", "version", "marking")
	references := newInsert("live_references", "document_id", "target_id", "mention")

	release := b.first + int64(len(published(b.documents))) - 1
	if g.set.SmallDesk {
		return g.writeEnd(ctx, tx, b, release)
	}
	sequence, ids := b.first, b.ids
	rows := make([]*aggregate.Row, len(b.documents))
	for i, d := range b.documents {
		rows[i] = d.row
		at := d.PublishedAt
		values := []any{int64(d.ID), 1, int64(domain.Unseen), at, author, at, author, nil, nil, nil}
		if d.Published {
			values = append(values[:7], at, author, 1)
		}
		for _, c := range root.Columns {
			values = append(values, sqlValue(c, d.row.Fields[c.Name]))
		}
		for _, key := range root.SortKeys {
			values = append(values, collation.Key(d.row.Text(key.Text)))
		}
		roots.add(values...)
		revisions = append(revisions, aggregate.NewRevision{
			RowID: ids[0], Number: 1, Author: author, At: at,
			Snapshot: &aggregate.Snapshot{Type: b.t, ID: d.ID, CreatedAt: at, Root: d.row},
		})
		ids = ids[1:]
		for _, name := range names(b.t, d.row) {
			// The names are ASCII, in which this is what folding does.
			keys.add(int64(ids[0]), int64(d.ID), int64(b.t), name.Scope+" "+strings.ToLower(name.Text))
			ids = ids[1:]
		}
		if !d.Published {
			continue
		}
		log.add(sequence, release, projection.ActionPublish, int64(d.ID), 1, b.at, at, author)
		g.last = projection.Entry{Sequence: sequence, Release: release, Action: projection.ActionPublish, Document: d.ID, Revision: 1, At: b.at, PublishedAt: at}
		sequence++
		live.add(int64(d.ID), 1, int64(d.Marking))
		for _, target := range d.row.Targets(root) {
			references.add(int64(d.ID), int64(target), false)
		}
	}
	if err := roots.run(ctx, tx); err != nil {
		return err
	}
	if err := aggregate.InsertOwned(ctx, tx, root, rows); err != nil {
		return err
	}
	if err := aggregate.InsertRevisions(ctx, tx, revisions); err != nil {
		return err
	}
	for _, in := range []*insert{keys, log, live, references} {
		if err := in.run(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// writeEnd writes the last entry of the log so far, in place of all others.
func (g *generator) writeEnd(ctx context.Context, tx *store.Tx, b *batch, release int64) error {
	all := published(b.documents)
	if len(all) == 0 {
		return nil
	}
	d := all[len(all)-1]
	g.last = projection.Entry{Sequence: release, Release: release, Action: projection.ActionPublish, Document: d.ID, Revision: 1, At: b.at, PublishedAt: d.PublishedAt}
	if err := store.Exec(ctx, tx, "DELETE FROM publication_entries"); err != nil {
		return err
	}
	return store.Exec(ctx, tx, "INSERT INTO publication_entries (sequence, release, action, document_id, revision, at, published_at, actor) VALUES (?, ?, ?, ?, 1, ?, ?, ?)",
		release, release, projection.ActionPublish, int64(d.ID), b.at, d.PublishedAt, author)
}

// sqlValue converts the value of a column to a parameter.
func sqlValue(c aggregate.Column, v any) any {
	switch v := v.(type) {
	case nil:
		switch {
		case c.Nullable:
			return nil
		case c.Kind == aggregate.IntColumn:
			return int64(0)
		}
		return ""
	case domain.ID:
		return int64(v)
	}
	return v
}

// writeLive writes the published documents of a batch to live.
func (g *generator) writeLive(ctx context.Context, tx *store.Tx, b *batch) error {
	documents := published(b.documents)
	if len(documents) == 0 {
		return nil
	}
	root := aggregate.TableOf(b.t)
	roots := make([]aggregate.PublishedRoot, len(documents))
	for i, d := range documents {
		updated := b.at
		if b.t.Supporting() {
			updated = d.PublishedAt
		}
		roots[i] = aggregate.PublishedRoot{Row: d.row, Version: 1, CreatedAt: d.PublishedAt, UpdatedAt: updated, PublishedAt: d.PublishedAt}
	}
	if err := aggregate.WritePublished(ctx, tx, root, roots, nil); err != nil {
		return err
	}
	mark := visibility.OwnMarking(root.Name)
	switch {
	case b.t.Supporting():
		return nil // see markSupporting
	case len(aggregate.SpecOf(b.t).Ends) > 0:
		var ends []visibility.End
		for _, column := range aggregate.SpecOf(b.t).Ends {
			ends = append(ends, visibility.End{Column: column, Table: aggregate.TableOf(domain.Entity).Name, Marking: visibility.EffectiveMarking})
		}
		mark = visibility.MarkingWithEnds(tx.Dialect(), root.Name, ends)
	}
	return store.Exec(ctx, tx, mark+" BETWEEN ? AND ?", int64(documents[0].ID), int64(documents[len(documents)-1].ID))
}

// markSupporting sets the effective markings of supporting documents, which depend on
// all others.
func (g *generator) markSupporting() error {
	for _, t := range types {
		if !t.Supporting() {
			continue
		}
		var links []visibility.Link
		for _, r := range aggregate.Referrers(t) {
			links = append(links, visibility.Link{From: r.From, Column: r.Column})
		}
		err := g.stores.Live(g.ctx, func(ctx context.Context, tx *store.Tx) error {
			return store.Exec(ctx, tx, visibility.SupportingMarking(tx.Dialect(), aggregate.TableOf(t).Name, links)+" IS NOT NULL")
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// writeChanges writes the history of changes: all documents became visible at once.
func (g *generator) writeChanges() error {
	var columns, kinds []string
	for c := range visibility.Clearances {
		columns = append(columns, aggregate.Quote(visibility.ChangeColumn(domain.Marking(c))))
		kinds = append(kinds, fmt.Sprintf("CASE WHEN effective_marking <= %d THEN %d ELSE 0 END", c, projection.Published))
	}
	for _, t := range types {
		query := fmt.Sprintf("INSERT INTO changes (id, at, document_id, type, %s) SELECT row_number() OVER (ORDER BY id) + (SELECT count(*) FROM changes), ?, id, %d, %s FROM %s WHERE effective_marking <= %d",
			strings.Join(columns, ", "), int(t), strings.Join(kinds, ", "), aggregate.TableOf(t).Name, domain.Red)
		err := g.stores.Live(g.ctx, func(ctx context.Context, tx *store.Tx) error {
			return store.Exec(ctx, tx, query, g.at.UnixMicro())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// indexTexts builds the search indexes.
func (g *generator) indexTexts() error {
	maintenance := search.NewMaintenance(g.stores, time.Now)
	if err := maintenance.Prepare(g.ctx); err != nil {
		return err
	}
	if err := maintenance.Reindex(g.ctx, func(int, int) {}); err != nil {
		return err
	}
	return maintenance.MergeAll(g.ctx)
}

// finish writes how far live has come, and then the identity of the log.
func (g *generator) finish() error {
	identity := logIdentity + g.set.Name()
	err := g.stores.Live(g.ctx, func(ctx context.Context, tx *store.Tx) error {
		return store.Exec(ctx, tx, "INSERT INTO projection (id, applied_sequence, applied_at, history, log, entry_hash) VALUES (1, ?, ?, ?, ?, ?)",
			g.last.Sequence, g.at, int64(g.set.Seed&0xffff|1), identity, g.last.Hash())
	})
	if err != nil {
		return err
	}
	return g.stores.Desk(g.ctx, func(ctx context.Context, tx *store.Tx) error {
		return store.Exec(ctx, tx, "INSERT INTO publication_log (id, identity, created_at) VALUES (1, ?, ?)", identity, g.at)
	})
}

// analyze makes the statistics of PostgreSQL's planner, as its autovacuum would.
// SQLite has none, as in production.
func (g *generator) analyze() error {
	if g.stores.Dialect() != dialect.Postgres {
		return nil
	}
	run := func(ctx context.Context, tx *store.Tx) error { return store.Exec(ctx, tx, "ANALYZE") }
	return g.inBoth(run, run)
}

// index is an index that is made after the rows are written.
type index struct{ name, definition string }

// dropIndexes drops the indexes of both stores but those of primary keys. Filling
// them row by row takes several times as long as making them at the end.
func (g *generator) dropIndexes() error {
	drop := func(dropped *[]index) func(context.Context, *store.Tx) error {
		return func(ctx context.Context, tx *store.Tx) error {
			*dropped = nil
			query := "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name NOT LIKE 'river%'"
			if tx.Dialect() == dialect.Postgres {
				query = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename NOT LIKE 'river%'" +
					" AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = indexname AND c.connamespace = current_schema()::regnamespace)"
			}
			err := store.QueryRows(ctx, tx, query, nil, func(rows *sql.Rows) error {
				var i index
				err := rows.Scan(&i.name, &i.definition)
				*dropped = append(*dropped, i)
				return err
			})
			for _, i := range *dropped {
				if err == nil {
					err = store.Exec(ctx, tx, "DROP INDEX "+aggregate.Quote(i.name))
				}
			}
			return err
		}
	}
	return g.inBoth(drop(&g.desk), drop(&g.live))
}

// makeIndexes makes the indexes again, each in a transaction of its own: one for all would
// write as much to the log of the engine as they have.
func (g *generator) makeIndexes() error {
	again := func(write func(context.Context, func(context.Context, *store.Tx) error) error, dropped []index) error {
		for _, i := range dropped {
			err := write(g.ctx, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Exec(ctx, i.definition)
				return err
			})
			if err != nil {
				return fmt.Errorf("make index %s: %w", i.name, err)
			}
		}
		return nil
	}
	failed := make(chan error, 1)
	go func() { failed <- again(g.stores.Live, g.live) }()
	err := again(g.stores.Desk, g.desk)
	return errors.Join(err, <-failed)
}

// insert collects rows for a table.
type insert struct {
	table   string
	columns []string
	values  []any
}

func newInsert(table string, columns ...string) *insert {
	return &insert{table: table, columns: columns}
}

func (in *insert) add(values ...any) { in.values = append(in.values, values...) }

// run inserts the rows, many in one statement.
func (in *insert) run(ctx context.Context, tx *store.Tx) error {
	quoted := make([]string, len(in.columns))
	for i, c := range in.columns {
		quoted[i] = aggregate.Quote(c)
	}
	head := "INSERT INTO " + in.table + " (" + strings.Join(quoted, ", ") + ") VALUES "
	one := "(" + strings.Repeat("?, ", len(in.columns)-1) + "?)"
	for values := in.values; len(values) > 0; {
		n := aggregate.BatchSize(len(values)/len(in.columns), len(in.columns))
		if err := store.Exec(ctx, tx, head+strings.Repeat(one+", ", n-1)+one, values[:n*len(in.columns)]...); err != nil {
			return fmt.Errorf("insert into %s: %w", in.table, err)
		}
		values = values[n*len(in.columns):]
	}
	return nil
}
